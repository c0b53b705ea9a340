"""Passwords: how they are kept (Argon2id), and which do (OWASP ASVS 4.0.3, section 2.1)."""

import threading
import unicodedata
from functools import cache
from itertools import pairwise
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST, LONGEST = 12, 128
_OURS = ("vistobueno", "visto bueno")
_GUESSED_SHARE = 4  # letters besides what an attacker would try first
_AT_ONCE = threading.BoundedSemaphore(2)  # each takes 19 MiB: a crowd at the door never fills the memory


class Passwords:
    """Hashes and checks passwords. The parameters are OWASP's first choice for Argon2id: 19 MiB, two passes."""

    def __init__(self, *, time_cost: int = 2, memory_cost: int = 19_456, parallelism: int = 1) -> None:
        self._hasher = PasswordHasher(time_cost=time_cost, memory_cost=memory_cost, parallelism=parallelism)
        self._nobody = self._hasher.hash("nobody has this password")

    def hash(self, password: str) -> str:
        """What is kept of a password."""
        with _AT_ONCE:
            return self._hasher.hash(_bytes(password))

    def match(self, kept: str | None, password: str) -> bool:
        """Whether it is the password; where there is none to compare with, the same work is done for nothing."""
        with _AT_ONCE:
            try:
                return self._hasher.verify(kept or self._nobody, _bytes(password)) and bool(kept)
            except (VerificationError, InvalidHashError):
                return False

    def outgrown(self, kept: str) -> bool:
        """Whether a hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(kept)


def broken_rules(password: str, *about: str) -> tuple[str, ...]:
    """Keys of the texts of the rules that a new password breaks; ``about`` is what belongs to the person.

    No rule asks for signs or capitals: length, and not being what everyone tries first, are what helps.
    """
    plain = _plain(password)
    if len(plain) < SHORTEST:
        return ("access_password_short",)
    if len(plain) > LONGEST:
        return ("access_password_long",)
    folded = plain.casefold()
    if folded in common_passwords() or len(set(folded)) < _GUESSED_SHARE or _is_a_run(folded):
        return ("access_password_common",)
    personal = {part for text in about for part in _parts(text) if part in folded}
    ours = {name for name in _OURS if name in folded}
    return ("access_password_personal",) if personal or ours else ()


@cache
def common_passwords() -> frozenset[str]:
    """Passwords of at least the shortest length that attackers try first, in small letters."""
    lines = (Path(__file__).parent / "common_passwords.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def _plain(password: str) -> str:
    """One form for what looks alike: an ñ is one letter on every keyboard."""
    return unicodedata.normalize("NFKC", password)


def _bytes(password: str) -> bytes:
    return _plain(password).encode("utf-8", "surrogatepass")


def _parts(text: str) -> set[str]:
    """The text, and its words, where they are long enough to be a hint."""
    folded = _plain(text).casefold()
    whole = {folded, folded.partition("@")[0]}
    words = {word for part in whole for word in "".join(c if c.isalnum() else " " for c in part).split()}
    return {part for part in whole | words if len(part) >= 4}


def _is_a_run(text: str) -> bool:
    """Whether it only counts up or down, or repeats a short piece: 123456789012, abcabcabcabc."""
    steps = {ord(after) - ord(before) for before, after in pairwise(text)}
    repeats = any(text == (text[:size] * len(text))[: len(text)] for size in range(1, 5))
    return repeats or steps <= {1, -9} or steps <= {-1, 9}
