"""Inicio: what today looks like, what is waiting, and the way to inspect."""

from collections import Counter
from datetime import date, datetime, timedelta

from markupsafe import Markup

from ..core.intervals import wilson
from ..i18n import counted, say
from . import formats
from .hypertext import h, hypertext, join
from .pieces import answer, empty, inspection_row, product, question_row, shots
from .visit import Visit, go

_ANSWERS = ("fit", "unfit", "review")
_DAYS = 14  # in the chart
_WAITING = 6  # shown of those that wait


def show(visit: Visit) -> None:
    """The page."""
    language = visit.language
    today = datetime.now(visit.zone).date()  # the person's, which in Lima lasts five hours longer than UTC's
    counts = visit.station.inspections.own_day_counts(today - timedelta(days=_DAYS - 1), today, visit.zone)
    by_product: dict[str | None, Counter[str]] = {}
    by_day: dict[date, Counter[str]] = {}
    for each in counts:
        by_day.setdefault(each.day, Counter())[each.answer] += each.count
        if each.day == today:
            by_product.setdefault(each.product, Counter())[each.answer] += each.count
    now = sum(by_product.values(), Counter[str]())
    deed = hypertext(
        h(
            '<div class="head"><div><h1>{hello}</h1><p class="lead">{day}</p></div></div>'
            '<p><a class="button primary big" href="/inspect">{inspect}</a></p>'
            '<div class="grid">{today}{waiting}</div>{days}',
            hello=say(language, "ui_home_hello", name=visit.identity.actor.name),
            day=formats.day(today, language),
            inspect=say(language, "ui_home_inspect"),
            today=_today(now, by_product, all(each.measured for each in visit.station.lines.in_use()), language),
            waiting=_waiting(visit),
            days=_days(by_day, today, language),
        ),
        "home",
    )
    if deed.name == "waiting":
        go("history", waiting="1")


def _today(now: "Counter[str]", by_product: dict[str | None, "Counter[str]"], fitted: bool, language: str) -> Markup:
    total = sum(now.values())
    if not total:
        return h(
            "<section><h2>{0}</h2>{1}</section>", say(language, "ui_home_today"), empty(say(language, "ui_home_none"))
        )
    tiles = join(
        h(
            '<div class="tile {0}"><b>{1}</b>{2}</div>',
            name,
            formats.number(now[name], language),
            answer(name, language),
        )
        for name in _ANSWERS
    )
    judged = now["fit"] + now["unfit"]
    low, high = wilson(now["unfit"], judged)
    sentence = (
        say(
            language,
            "ui_home_share",
            share=formats.percent(now["unfit"] / judged, language),
            low=formats.percent(low, language),
            high=formats.percent(high, language),
            decided=counted(language, "decided", judged, formats.number(judged, language)),
        )
        if judged
        else say(language, "ui_home_no_share")
    )
    names = sorted(by_product, key=lambda each: (each is None, each or ""))
    rows = join(_product_row(name, by_product[name], language) for name in names)
    return h(
        '<section><h2>{title}</h2><div class="tiles">{tiles}</div><p style="margin-top:14px">{sentence}</p>'
        '<p class="muted">{unmeasured}</p>'
        '<table><caption class="only-heard">{by}</caption><tbody>{rows}</tbody></table></section>',
        title=say(language, "ui_home_today"),
        tiles=tiles,
        sentence=sentence,
        unmeasured=say(language, "camera_commissioned" if fitted else "ui_home_unmeasured"),
        by=say(language, "ui_home_by_product"),
        rows=rows,
    )


def _product_row(name: str | None, count: "Counter[str]", language: str) -> Markup:
    total = sum(count.values())
    said = ", ".join(f"{formats.number(count[each], language)} {say(language, each)}" for each in _ANSWERS)
    bars = join(
        h('<span class="{0}" style="width:{1:.2f}%"></span>', each, 100 * count[each] / total)
        for each in _ANSWERS
        if count[each]
    )
    return h(
        '<tr><th scope="row">{0}</th><td style="width:55%"><div class="share" role="img" aria-label="{1}">{2}</div></td>'
        '<td class="n">{3}</td></tr>',
        product(name, language),
        said,
        bars,
        formats.number(total, language),
    )


def _waiting(visit: Visit) -> Markup:
    language = visit.language
    reviews, actor = visit.station.reviews, visit.identity.actor
    count, blind = reviews.count(actor), reviews.count(actor, blind=True)
    if not count:
        return h(
            "<section><h2>{0}</h2>{1}</section>",
            say(language, "ui_home_waiting"),
            empty(say(language, "ui_home_clear")),
        )
    waiting = reviews.waiting(limit=_WAITING, actor=actor).items
    rows = shots((question_row if each.audit_people else inspection_row)(each, visit) for each in waiting)
    return h(
        "<section><h2>{title} · {count}</h2>{audit}{rows}"
        '<p><a class="button small" href="/history?waiting=1" data-act="waiting">{all}</a></p></section>',
        title=say(language, "ui_home_waiting"),
        count=formats.number(count, language),
        audit=h("<p>{0}</p>", counted(language, "blind", blind, formats.number(blind, language))) if blind else "",
        rows=rows,
        all=say(language, "ui_home_all_waiting"),
    )


def _days(by_day: dict[date, "Counter[str]"], today: date, language: str) -> Markup:
    """Stacked columns of the last days, with the table of the same numbers for who cannot see them."""
    days = [today - timedelta(days=back) for back in range(_DAYS - 1, -1, -1)]
    if len(by_day) < 2:
        return Markup()
    most = max(sum(count.values()) for count in by_day.values())
    width, height, gap = 700, 150, 8
    step = width / _DAYS
    drawn, rows = [], []
    for place, each in enumerate(days):
        count, base = by_day.get(each, Counter()), float(height)
        for name in ("fit", "review", "unfit"):
            tall = height * count[name] / most * 0.94
            base -= tall
            if tall:
                shape = (place * step + gap / 2, base, step - gap, max(0.5, tall - 1))
                drawn.append(
                    h(
                        '<rect class="{4}" x="{0:.1f}" y="{1:.1f}" width="{2:.1f}" height="{3:.1f}" rx="2"/>',
                        *shape,
                        name,
                    )
                )
        if place % 2 == _DAYS % 2 + 1 or place == _DAYS - 1:
            drawn.append(
                h('<text x="{0:.1f}" y="{1}" text-anchor="middle">{2}</text>', (place + 0.5) * step, height + 18,
                  formats.short_day(each, language))
            )  # fmt: skip
        cells = join(h('<td class="n">{0}</td>', formats.number(count[name], language)) for name in _ANSWERS)
        rows.append(h('<tr><th scope="row">{0}</th>{1}</tr>', formats.day(each, language), cells))
    heads = join(h('<th class="n" scope="col">{0}</th>', say(language, name)) for name in _ANSWERS)
    return h(
        '<section><h2>{title}</h2><svg class="chart" viewBox="0 0 {w} {t}" role="img" aria-label="{title}">{drawn}</svg>'
        '<p class="row">{legend}</p><details><summary>{numbers}</summary><table><thead><tr><th scope="col">{day}</th>{heads}'
        "</tr></thead><tbody>{rows}</tbody></table></details></section>",
        title=say(language, "ui_home_days", days=_DAYS),
        w=width,
        t=height + 24,
        drawn=join(drawn),
        legend=join((answer(name, language) for name in _ANSWERS), " "),
        numbers=say(language, "ui_home_numbers"),
        day=say(language, "ui_day"),
        heads=heads,
        rows=join(rows),
    )
