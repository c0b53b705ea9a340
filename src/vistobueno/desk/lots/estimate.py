"""How much of the whole lot is unfit: the estimate with its interval, or the counts and why there is none."""

from markupsafe import Markup

from ...core.shares import Share
from ...i18n import say
from ...services.lots import LotStatus
from .. import formats
from ..hypertext import h, join
from ..visit import Visit


def estimate(status: LotStatus, visit: Visit) -> Markup:
    """The part of the page."""
    language = visit.language
    found = visit.station.lots.estimate(status.lot.number)
    said, lines = list[Markup](), ", ".join(found.lines)
    if found.why is not None:
        said.append(h("<p><b>{0}</b></p>", say(language, f"ui_lot_no_estimate_{found.why}", lines=lines)))
    elif found.share is not None and found.low is not None and found.high is not None:
        ends = {name: formats.percent(getattr(found, name), language) for name in ("share", "low", "high")}
        said.append(h("<p><b>{0}</b></p>", say(language, "ui_lot_estimated", **ends)))
    if found.counted.n:
        said.append(h("<p>{0}</p>", say(language, "ui_lot_counted", **_share(found.counted, language))))
    if found.why is None and found.escapes is not None and found.overkill is not None:
        rates = {
            "escapes": formats.percent(found.escapes.share, language),
            "overkill": formats.percent(found.overkill.share, language),
            "fruit": formats.number(found.escapes.n + found.overkill.n, language),
        }
        said.append(h("<p>{0}</p>", say(language, "ui_lot_corrected", line=lines, **rates)))
    if found.why is None and found.design_effect is not None:
        effect = formats.number(found.design_effect, language, 1)
        said.append(h('<p class="muted">{0}</p>', say(language, "ui_lot_design_effect", effect=effect)))
    return h("<section><h2>{0}</h2>{1}</section>", say(language, "ui_lot_whole"), join(said))


def _share(share: Share, language: str) -> dict[str, str]:
    return {name: formats.percent(getattr(share, name), language) for name in ("share", "low", "high")}
