"""Who is asking, and what they may do: roles of people and scopes of keys, both leading to permissions."""

from dataclasses import dataclass
from typing import Literal

from ..core.inspection import Actor

Role = Literal["inspector", "supervisor", "admin"]
Permission = Literal[
    "inspect", "read", "infer", "answer", "review", "try", "lines", "models", "people", "keys", "audit", "webhooks"
]

ROLES: tuple[Role, ...] = ("inspector", "supervisor", "admin")
SCOPES: tuple[Permission, ...] = ("inspect", "read", "review", "infer")
"""What a key may be given: a machine never administers."""

_INSPECTOR: frozenset[Permission] = frozenset({"inspect", "read", "infer", "answer"})
"""``answer``: to name defects, and to answer on one's own inspections that went to review, where the settings let inspectors;
``review``: on all."""
PERMISSIONS: dict[str, frozenset[Permission]] = {
    "inspector": _INSPECTOR,
    "supervisor": _INSPECTOR | {"review", "try", "lines"},
    "admin": _INSPECTOR | {"review", "try", "lines", "models", "people", "keys", "audit", "webhooks"},
}


@dataclass(frozen=True)
class Identity:
    """One request's asker.

    Attributes:
        actor: who is written down.
        role: a person's; None for a key.
        scopes: permissions: all that the role gives, or those that the key was given.
        session: public name of the session (the hash of its token); None for a key.
        csrf: what a form of this session must carry; None for a key.
        line: where a key's photographs belong when they do not say; None: to the default line.
    """

    actor: Actor
    role: str | None
    scopes: frozenset[str]
    language: str
    session: str | None = None
    csrf: str | None = None
    email: str | None = None
    line: str | None = None

    def may(self, permission: str) -> bool:
        """Whether this permission was given; one that does not exist never was. Who reviews also answers."""
        return permission in self.scopes or (permission == "answer" and "review" in self.scopes)


def permissions_of(role: str) -> frozenset[str]:
    """What a role may do; an unknown role may do nothing."""
    return frozenset(PERMISSIONS.get(role, frozenset()))
