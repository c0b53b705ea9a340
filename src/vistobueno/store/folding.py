"""Text as it is searched: without capitals and accents, the same on every database, whose own rules differ."""

from unicodedata import combining, normalize


def folded(text: str) -> str:
    """``Ñandú`` and ``NANDU`` are both ``nandu``; ``ﬁ`` is ``fi`` and ``１`` is ``1``."""
    plain = normalize("NFKD", normalize("NFKD", text).casefold())
    return "".join(each for each in plain if not combining(each))
