"""The charts of the page of control, each with what is said of it in words, its numbers, and files to take along."""

from collections.abc import Sequence
from datetime import date
from urllib.parse import urlencode

from markupsafe import Markup

from ..core.control.asked import Asked
from ..core.control.p_chart import FEWEST_GROUPS, Point
from ..core.shares import Share
from ..i18n import counted, decimals, say, word
from ..services.control import ControlView, LineTrend
from . import formats
from .charts import Dots, Line, Told, bars, compared, over_time
from .hypertext import h, join
from .pieces import empty, product
from .visit import Visit

_TOLD = 8  # points whose rules are told in words
_COMPARED, _BARS = 30, 12  # drawn at the most; the tables have all
_RATES = ("review", "escapes", "overkill", "kappa")
_SAID = ("fit", "unfit", "other", "retake")


def shares(view: ControlView, asked: Asked, visit: Visit) -> Markup:
    """The p chart: over time, or one group beside another."""
    language, chart = visit.language, view.chart
    title = say(language, "control_p_title", by=say(language, f"control_of_{asked.by}"))
    points = chart.points
    if not points or (not asked.ordered and len(points) < 2):
        reason = "control_nothing" if not points else "control_one_group"
        return _section("shares", title, empty(say(language, reason)), "", "", asked, visit)
    names = [_name(each.name, asked, visit) for each in points]
    fruit = sum(each.n for each in points)
    lead = say(
        language,
        "control_p_lead",
        share=formats.percent(chart.center, language),
        fruit=counted(language, "fruit", fruit, formats.number(fruit, language)),
    )
    told = _percents(language)
    marked = frozenset(place for place, each in enumerate(points) if each.rules)
    faint = frozenset(place for place, each in enumerate(points) if not each.judged)
    dots = Dots([each.share for each in points], "own", marked, faint)
    if asked.ordered:
        limits = [
            Line(
                [getattr(each, side) if each.judged else None for each in points],
                "limit",
                say(language, f"control_mark_{side}"),
                stepped=True,
            )
            for side in ("high", "low")
        ]
        center = Line([chart.center] * len(points), "center", say(language, "control_mark_center"))
        drawn = over_time(
            "chart-shares", title, names, [*limits, center, Line(dots.values, "own"), dots], told
        )  # fmt: skip
    else:
        few = points[:_COMPARED]
        drawn = compared(
            "chart-shares",
            title,
            names[:_COMPARED],
            dots,
            [(each.low, each.high) if each.judged else None for each in few],
            chart.center,
            told,
        )
    before, table = h("<p>{0}</p>", lead) + _news(view, asked, names, visit), _share_table(view, asked, names, visit)
    return _section("shares", title, before, drawn, table, asked, visit)


def _news(view: ControlView, asked: Asked, names: Sequence[str], visit: Visit) -> Markup:
    """What breaks a rule, in words; what cannot be said yet."""
    language, chart = visit.language, view.chart
    said: list[Markup] = []
    if not chart.judged:
        return h('<p class="notice warn" role="status">{0}</p>', say(language, "control_too_few"))
    if asked.ordered and chart.judged < FEWEST_GROUPS:
        text = counted(language, "judged", chart.judged, formats.number(chart.judged, language))
        said.append(
            h('<p class="muted">{0}</p>', say(language, "control_provisional", judged=text, wanted=FEWEST_GROUPS))
        )
    if chart.restless and asked.limits == "binomial":
        spread = decimals(chart.spread or 0, 1, language)
        said.append(h('<p class="notice warn" role="status">{0}</p>', say(language, "control_restless", spread=spread)))
    broken = [(name, each) for name, each in zip(names, chart.points, strict=True) if each.rules]
    if not broken:
        said.append(h('<p class="notice" role="status">{0}</p>', say(language, "control_in_control")))
        return join(said)
    rows = join(h("<li><b>{0}</b>: {1}</li>", name, _rules(each, visit)) for name, each in broken[::-1][:_TOLD])
    rest = len(broken) - _TOLD
    more = counted(language, "more_points", rest, formats.number(rest, language)) if rest > 0 else ""
    said.append(
        h('<div class="notice bad" role="status"><p>{0}</p><ul class="told">{1}</ul><p>{2}</p></div>',
          counted(language, "broken", len(broken), formats.number(len(broken), language)), rows, more)
    )  # fmt: skip
    return join(said)


def _rules(point: Point, visit: Visit) -> str:
    language = visit.language
    facts = say(
        language,
        "control_point",
        share=formats.percent(point.share, language),
        n=formats.number(point.n, language),
        low=formats.percent(point.low, language),
        high=formats.percent(point.high, language),
    )
    return f"{facts}; {'; '.join(say(language, f'control_rule_{each}') for each in point.rules)}"


def _share_table(view: ControlView, asked: Asked, names: Sequence[str], visit: Visit) -> Markup:
    language = visit.language
    heads = ("n", "unfit", "share", "low", "high", *(("ewma",) if asked.ordered else ()), "rules")
    rows = []
    for name, each in zip(names, view.chart.points, strict=True):
        cells = [formats.number(each.n, language), formats.number(each.unfit, language)]
        limits = (each.low, each.high) if each.judged else (None, None)
        average = (each.ewma.value if each.ewma else None,) if asked.ordered else ()
        cells += ["—" if one is None else formats.percent(one, language) for one in (each.share, *limits, *average)]
        rules = ", ".join(say(language, f"control_rule_{rule}") for rule in each.rules)
        rows.append((name, [*cells, rules or ("" if each.judged else say(language, "control_few"))]))
    return _table(
        say(language, f"control_by_{asked.by}"),
        [say(language, f"control_{each}") for each in heads],
        rows,
        say(language, "ui_home_numbers"),
    )


def average(view: ControlView, asked: Asked, visit: Visit) -> Markup:
    language, points = visit.language, view.chart.points
    averages = [each.ewma for each in points if each.ewma is not None]
    title = say(language, "control_ewma_title")
    names = [_name(each.name, asked, visit) for each in points]
    beyond = [name for name, each in zip(names, averages, strict=True) if each.beyond]
    text = (
        say(language, "control_ewma_beyond", points=", ".join(beyond[-_TOLD:]))
        if beyond
        else say(language, "control_ewma_calm")
    )
    marked = frozenset(place for place, each in enumerate(averages) if each.beyond)
    parts: list[Line | Dots] = [
        Line([each.high for each in averages], "limit", say(language, "control_mark_high"), True),
        Line([each.low for each in averages], "limit", say(language, "control_mark_low"), True),
        Line([view.chart.center] * len(averages), "center", say(language, "control_mark_center")),
        Line([each.value for each in averages], "own"),
        Dots([each.value for each in averages], "own", marked),
    ]
    drawn = over_time("chart-ewma", title, names, parts, _percents(language))
    lead = h(
        '<p>{0}</p><p class="notice{2}" role="status">{1}</p>',
        say(language, "control_ewma_lead"),
        text,
        " bad" if beyond else "",
    )
    return _section("ewma", title, lead, drawn, "", asked, visit)


def defects(view: ControlView, asked: Asked, visit: Visit) -> Markup:
    language, title = visit.language, say(visit.language, "control_pareto_title")
    unnamed = counted(language, "unnamed", view.unnamed, formats.number(view.unnamed, language))
    if not view.defects:
        return _section("defects", title, empty(say(language, "control_no_defects")), "", "", asked, visit)
    rows = [
        (
            word(language, f"defect_{each.defect}", each.defect),
            each.share,
            each.cumulative,
            say(language, "control_pareto_number", count=formats.number(each.count, language),
                cumulative=formats.percent(each.cumulative, language, 0)),
        )
        for each in view.defects
    ]  # fmt: skip
    table = _table(
        say(language, "control_defect"),
        [say(language, f"control_{each}") for each in ("count", "part", "cumulative")],
        [
            (
                name,
                [
                    formats.number(each.count, language),
                    formats.percent(each.share, language),
                    formats.percent(each.cumulative, language),
                ],
            )
            for (name, *_), each in zip(rows, view.defects, strict=True)
        ],
        say(language, "ui_home_numbers"),
    )
    lead = h("<p>{0}</p>{1}", say(language, "control_pareto_lead"), h("<p>{0}</p>", unnamed) if view.unnamed else "")
    return _section("defects", title, lead, bars("chart-defects", title, rows[:_BARS]), table, asked, visit)


def line_rates(place: int, line: LineTrend, asked: Asked, visit: Visit) -> Markup:
    """A line's rates over time, and the model beside people."""
    language, title = visit.language, say(visit.language, "control_line_title", line=line.line)
    names = [_day_name(each.period, asked.period, visit) for each in line.periods]
    audited = sum(each.people.n for each in line.periods)
    figures = [_rate(f"{place}-{name}", name, line, names, asked, visit) for name in _RATES]
    figures.append(_people(f"{place}-people", line, names, asked, visit))
    heads = [say(language, f"control_{each}") for each in (*_RATES, "model", "people")]
    rows = [
        (name, [_said(getattr(each, rate), language, rate == "kappa") for rate in (*_RATES, "model", "people")])
        for name, each in zip(names, line.periods, strict=True)
    ]
    lead = say(
        language,
        "control_line_lead" if audited else "control_line_unaudited",
        many=counted(language, "inspections", line.inspected, formats.number(line.inspected, language)),
    )
    body = h(
        '<p>{0}</p><div class="grid charts">{1}</div>{2}',
        lead,
        join(figures),
        _agreement(line, visit) if audited else "",
    )
    table = _table(say(language, f"control_by_{asked.period}"), heads, rows, say(language, "ui_home_numbers"))
    return _section("lines", title, body, "", table, asked, visit, line.line)


def _rate(id_: str, name: str, line: LineTrend, names: Sequence[str], asked: Asked, visit: Visit) -> Markup:
    """One rate with its intervals."""
    language, shares = visit.language, [getattr(each, name) for each in line.periods]
    title = say(language, f"control_{name}")
    if not any(each.n for each in shares):
        return h("<div><h3>{0}</h3>{1}</div>", title, empty(say(language, f"control_none_{name}")))
    values = [each.share if each.n else None for each in shares]
    spans = [(each.low, each.high) if each.n else None for each in shares]
    told = _decimals(language) if name == "kappa" else _percents(language)
    drawn = over_time(f"chart-{id_}", title, names, [Line(values, "own"), Dots(values, "own", spans=spans)], told)
    return h("<div><h3>{0}</h3>{1}{2}</div>", title, drawn, _picture(f"chart-{id_}", title, asked, visit, line.line))


def _people(id_: str, line: LineTrend, names: Sequence[str], asked: Asked, visit: Visit) -> Markup:
    """The share unfit by the model and by people, of the same photographs."""
    periods, language, title = line.periods, visit.language, say(visit.language, "control_people_title")
    if not any(each.people.n for each in periods):
        return h("<div><h3>{0}</h3>{1}</div>", title, empty(say(language, "control_none_people")))
    parts: list[Line | Dots] = []
    for name, kind in (("people", "own"), ("model", "second")):
        values = [getattr(each, name).share if getattr(each, name).n else None for each in periods]
        parts += [Line(values, kind), Dots(values, kind)]
    legend = join(
        h('<span class="key {0}">{1}</span>', kind, say(language, f"control_legend_{name}"))
        for name, kind in (("people", "own"), ("model", "second"))
    )
    drawn = over_time(f"chart-{id_}", title, names, parts, _percents(language))
    return h(
        "<div><h3>{0}</h3>{1}<p>{2}</p>{3}</div>",
        title,
        drawn,
        legend,
        _picture(f"chart-{id_}", title, asked, visit, line.line),
    )


def _agreement(line: LineTrend, visit: Visit) -> Markup:
    language = visit.language
    rows = [
        (
            say(language, answer),
            [formats.number(line.agreement.get(answer, {}).get(said, 0), language) for said in _SAID],
        )
        for answer in ("fit", "unfit", "review")
    ]
    heads = [say(language, f"control_said_{each}") for each in _SAID]
    return h(
        "<h3>{0}</h3>{1}", say(language, "control_agreement"), _table(say(language, "control_answered"), heads, rows)
    )


def _said(share: Share, language: str, plain: bool) -> str:
    if not share.n:
        return "—"
    told = _decimals(language) if plain else _percents(language, 1)
    return f"{told(share.share)} ({told(share.low)}–{told(share.high)}; {formats.number(share.n, language)})"


def _section(
    name: str,
    title: str,
    before: Markup,
    drawn: Markup | str,
    table: Markup | str,
    asked: Asked,
    visit: Visit,
    line: str | None = None,
) -> Markup:
    """A chart with what is said of it, its numbers, and what can be taken along."""
    kept = _picture(f"chart-{name}", title, asked, visit) if drawn else Markup()
    if name != "ewma" and (drawn or table):  # the moving average is told with the shares
        kept += join(
            _file(each, asked, visit, line) for each in (("lines", "agreement") if name == "lines" else (name,))
        )
    narrow = name == "defects" or not asked.ordered
    return h(
        "<section><h2>{0}</h2>{1}{2}{3}{4}</section>",
        title,
        before,
        h('<div class="drawn{0}">{1}</div>', " narrow" if narrow else "", drawn) if drawn else "",
        table,
        h('<div class="row take">{0}</div>', kept) if kept else "",
    )


def _file(name: str, asked: Asked, visit: Visit, line: str | None) -> Markup:
    """A chart's numbers as files."""
    language = visit.language
    query = {**_query(asked), **({"line": line} if line else {}), "language": language}
    ways = {"xlsx": query, "csv": {**query, "format": "es"} if language == "es" else query}
    of = f" · {say(language, 'control_agreement_short')}" if name == "agreement" else ""
    return join(
        h(
            '<a class="button small" href="/api/v1/control/{0}.{1}?{2}" download="vistobueno-{0}.{1}">{3}{4}</a>',
            name,
            kind,
            urlencode(asked_for),
            say(language, f"control_file_{kind}"),
            of,
        )
        for kind, asked_for in ways.items()
    )


def _picture(id_: str, title: str, asked: Asked, visit: Visit, line: str | None = None) -> Markup:
    """A button that keeps a chart as a picture, which says of what it is."""
    days = " – ".join(formats.day(each, visit.language) for each in (asked.since, asked.until))
    fruit = product(asked.product, visit.language) if asked.product else None
    return h(
        '<button type="button" class="button small" data-png="{0}" data-title="{1}" data-of="{2}" data-name="{3}.png">{4}</button>',
        id_,
        title,
        " · ".join(filter(None, (days, line or asked.line, fruit, asked.packer))),
        f"vistobueno-{id_.removeprefix('chart-')}",
        say(visit.language, "control_file_png"),
    )


def _table(first: str, heads: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]], folded: str = "") -> Markup:
    """The numbers; folded away under these words, if there are any."""
    head = join(h('<th class="n" scope="col">{0}</th>', each) for each in heads)
    body = join(
        h('<tr><th scope="row">{0}</th>{1}</tr>', name, join(h('<td class="n">{0}</td>', each) for each in cells))
        for name, cells in rows
    )
    table = h(
        '<div class="scroll"><table><thead><tr><th scope="col">{0}</th>{1}</tr></thead><tbody>{2}</tbody></table></div>',
        first,
        head,
        body,
    )
    return h("<details><summary>{0}</summary>{1}</details>", folded, table) if folded else table


def _query(asked: Asked) -> dict[str, str]:
    """The same for the API."""
    named = {name: value for name in ("line", "product", "packer") if (value := getattr(asked, name)) is not None}
    if asked.inspector is not None:
        named |= {"actor_kind": asked.inspector[0], "actor_id": str(asked.inspector[1])}
    days = {"since": asked.since.isoformat(), "until": asked.until.isoformat()}
    return {**days, "by": asked.by, "limits": asked.limits, **named}


def _name(name: str, asked: Asked, visit: Visit) -> str:
    """A group as people call it."""
    if asked.ordered:
        return _day_name(name, asked.period, visit)
    if asked.by == "product":
        return product(name or None, visit.language)
    if name == "system-0":
        return say(visit.language, "ui_kind_system")
    return name or say(visit.language, f"control_no_{asked.by}")


def _day_name(day: str, period: str, visit: Visit) -> str:
    found = date.fromisoformat(day)
    short = formats.short_day(found, visit.language)
    return f"{short.split()[1]} {found.year}" if period == "month" else short


def _percents(language: str, digits: int = 0) -> Told:
    return lambda value: formats.percent(value, language, digits or (0 if round(value * 100, 6).is_integer() else 1))


def _decimals(language: str) -> Told:
    return lambda value: decimals(value, 2, language)
