"""What a calibration says of itself, for the pages that show one: promises, before and after, what changes elsewhere."""

from collections.abc import Iterator, Mapping
from typing import Any

from markupsafe import Markup

from ..core.commissioning import MOST_LOST
from ..i18n import say
from . import formats
from .hypertext import h, join

_FEW = 10  # fruit of a source below which nothing is said of it


def calibration_html(told: Mapping[str, Any], digest: str, language: str) -> Markup:
    """What a line's calibration promises and did, as far as it can be read: a foreign one may say anything."""
    promises = [_promise(side, told.get(side), language) for side in ("escapes", "overkill")]
    before, after = (each if isinstance(each, Mapping) else {} for each in (told.get("before"), told.get("after")))
    rows = join(
        h('<tr><th scope="row">{0}</th>{1}{2}</tr>', say(language, f"commission_{name}"),
          *(share_cell(_counted(each.get(name)), language)[0] for each in (before, after)))
        for name in ("forced", "escapes", "overkill", "review")
    )  # fmt: skip
    made = {name: told.get(name, "?") for name in ("created", "photographs", "name")}
    return h(
        "<p>{made}</p>{promises}<p class='muted'>{approximately}</p>"
        '<div class="scroll"><table><thead><tr><th scope="col">{line}</th><th scope="col" class="n">{before}</th>'
        '<th scope="col" class="n">{after}</th></tr></thead><tbody>{rows}</tbody></table></div>'
        '<p class="muted">{crossed}</p>{elsewhere}',
        made=say(language, "model_commissioned", digest=digest[:12], **made),
        promises=join(h("<p>{0}</p>", each) for each in promises),
        approximately=say(language, "commission_approximately"),
        line=say(language, "commission_line"),
        before=say(language, "commission_before"),
        after=say(language, "commission_after"),
        rows=rows,
        crossed=say(language, "commission_below"),
        elsewhere=join(h("<p>{0}</p>", each) for each in _elsewhere(told.get("known"), language)),
    )


def _promise(side: str, found: object, language: str) -> str:
    rate, n = _share(found, "rate"), found.get("n") if isinstance(found, Mapping) else None
    if rate is None or not isinstance(n, int) or not n:
        return say(language, f"commission_no_{side}")
    return say(
        language,
        f"commission_promise_{side}",
        rate=formats.percent(rate, language),
        n=formats.number(n, language),
    )


def _counted(share: object) -> object:
    """A share; None where nothing was counted."""
    return None if isinstance(share, Mapping) and share.get("n") == 0 else share


def _elsewhere(known: object, language: str) -> Iterator[str]:
    """Of which sources that the model knew it judges less well with the line's photographs."""
    sources = known if isinstance(known, Mapping) else {}
    worse = 0
    for name, pair in sources.items():
        if not name or not isinstance(pair, list) or len(pair) != 2:
            continue
        (before, after), n = (_share(each, "share") for each in pair), pair[0].get("n", 0)
        if before is not None and after is not None and n >= _FEW and before - after > MOST_LOST:
            worse += 1
            shares = {"before": formats.percent(before, language), "after": formats.percent(after, language)}
            yield say(language, "commission_worse", source=name, n=formats.number(n, language), **shares)
    if sources and not worse:
        yield say(language, "commission_known_kept", most=formats.percent(MOST_LOST, language))


def share_cell(found: object, language: str) -> tuple[Markup, bool]:
    """A cell, and whether all of it could be read; a share that is null was not measured."""
    if found is None or (isinstance(found, Mapping) and found.get("share", 0) is None):
        return Markup('<td class="n">·</td>'), True
    share, low, high = (_share(found, name) for name in ("share", "low", "high"))
    if share is None:
        return Markup('<td class="n">?</td>'), False
    if low is None or high is None:
        return h('<td class="n"><b>{0}</b></td>', formats.percent(share, language)), False
    ends = (formats.number(each * 100, language, 1) for each in (low, high))
    cell = h('<td class="n"><b>{0}</b><br><small>{1} – {2}</small></td>', formats.percent(share, language), *ends)
    return cell, True


def _share(found: object, name: str) -> float | None:
    value = found.get(name) if isinstance(found, Mapping) else None
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:  # NaN is not
        return float(value)
    return None
