"""Who asks, for which station, and whether they may: the same three lines before every answer to a machine."""

from starlette.requests import HTTPConnection

from ...accounts.identity import Identity
from ...accounts.throttle import network
from ...core.inspection import DEFAULT_LINE, Inspection, Source
from ...services import Station, running_station
from ..problems import refuse


def identity_of(connection: HTTPConnection) -> Identity:
    """Who asks, as the guard found out."""
    identity = connection.scope.get("state", {}).get("identity")
    if not isinstance(identity, Identity):
        raise refuse(401, "not_signed_in", "status_401")
    return identity


def allowed(connection: HTTPConnection, permission: str) -> Identity:
    """Who asks, if they may."""
    identity = identity_of(connection)
    if not identity.may(permission):
        raise refuse(403, "not_allowed", "status_403")
    return identity


def may_answer(identity: Identity, station: Station, inspection: Inspection) -> bool:
    """Whether they may answer on this one: on any who reviews, else on what was asked of themselves, if settings allow."""
    if identity.may("review"):
        return True
    here, by = identity.actor, inspection.actor
    asked = inspection.verdict.answer == "review" and (by.kind, by.id) == (here.kind, here.id)
    return asked and station.settings.inspectors_review == "own" and identity.may("answer")


def owner_of(connection: HTTPConnection) -> tuple[str, int | str | None]:
    """Who holds what a request takes: the person or the key; else the address, as one attacker has it."""
    identity = connection.scope.get("state", {}).get("identity")
    if isinstance(identity, Identity):
        return identity.actor.kind, identity.actor.id
    return "address", network(connection.client.host if connection.client else "")


def open_station() -> Station:
    """The station, or a refusal that says to come again."""
    try:
        return running_station()
    except RuntimeError:
        raise refuse(503, "unavailable", "status_503", {"Retry-After": "2"}) from None


def line_of(identity: Identity, asked: str | None) -> str:
    """The line of a photograph: the one that is said, else the key's, else the default."""
    return asked or identity.line or DEFAULT_LINE


def source_of(identity: Identity) -> Source:
    """A person sends from a page; a key from anywhere else."""
    return "page" if identity.actor.kind == "person" else "api"
