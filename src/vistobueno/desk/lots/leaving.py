"""Ways out of the pages of lots."""

from ..hypertext import Deed
from ..visit import go


def leave(deed: Deed) -> None:
    """Go where a link leads."""
    if deed.name in ("all", "waiting"):
        go("history", **({"waiting": "1"} if deed.name == "waiting" else {}))
    if deed.name in ("disagreements", "lots", "standards"):
        go(deed.name)
    if deed.name == "lot":
        go("lots", lot=deed.value)
    if deed.name == "inspections":
        go("history", lot=deed.value)
