"""A lot's plan and what it risks: by a tolerance, which decides it, and by ISO 2859-1, each with the question that it answers."""

from collections.abc import Mapping
from functools import lru_cache
from typing import get_args

import numpy as np
import streamlit as st
from markupsafe import Markup

from ...core.errors import VistoBuenoError
from ...core.lots.chances import Floats
from ...core.lots.lot import Lot
from ...core.lots.risk import Take, allowed, chance_to_accept, packages_to_open, share_accepted
from ...core.lots.sampling import AQLS, FEWEST_LOTS, Level, Plan, code_letter
from ...core.lots.series import Sampling
from ...core.lots.standard import Figure, Limit, Standard
from ...i18n import say
from ...services.lots import LotStatus
from .. import formats
from ..hypertext import h, join
from ..pieces import choice, facts, field
from ..visit import Visit
from .curve import Curve, chart

_CORRELATION = 0.05  # of two fruit of one package, before anything is counted
_PRODUCER, _CONSUMER = 0.05, 0.10
_AQL = 4.0
_LEVEL: Level = "II"
_LEVELS: tuple[Level, ...] = get_args(Level)
_POINTS = 61
_COUNTED_AQLS = [each for each in AQLS if 0.4 <= each <= 15]  # in percent; finer ones need more fruit than lots have


def total_of(standard: Standard, grade: str) -> tuple[Limit, Figure]:
    """The limit of a class on all that is defective, or its first where it has none."""
    figures = next(each.figures for each in standard.classes if each.key == grade)
    found = [each for each in standard.limits if each.key in figures]
    plain = [each for each in found if each.of == ("defective",) and not (each.kind or each.defects or each.severities)]
    limit = (plain or found)[0]
    return limit, figures[limit.key]


def asked_plan(lot: Lot, given: Mapping[str, str]) -> dict[str, str]:
    """The address of the page with another AQL or level."""
    return {"lot": str(lot.number), **{name: given[name] for name in ("aql", "level", "steady") if given.get(name)}}


def plan(status: LotStatus, visit: Visit) -> Markup:
    """The part of the page."""
    language, lot = visit.language, status.lot
    standard = status.standards[0]
    limit, figure = total_of(standard, lot.facts.grade)
    shares = np.linspace(0, min(1.0, max(0.3, 3 * figure.share)), _POINTS)
    sampling, sampled = _sampling(status, visit)
    try:
        tolerance, curves = _tolerance(lot, limit, figure, shares, language)
    except VistoBuenoError as error:
        tolerance, curves = h("<p>{0}</p>", error.message(language)), []
    if sampling is not None and sampling.plan is not None:
        own = sampling.plan
        values = np.array([own.chance_to_accept(float(each), sampling.size) for each in shares])
        curves.append(
            Curve(say(language, "ui_lot_curve_sampling", fruit=own.fruit, accept=own.accept), "third", values)
        )
    title, across = say(language, "ui_lot_chance"), say(language, "ui_lot_share_unfit")
    return h(
        "<section><h2>{title}</h2>{chart}{tolerance}{sampled}</section>",
        title=say(language, "ui_lot_plan"),
        chart=h("<p>{0}</p>{1}", title, chart(title, across, shares, curves, [figure.share], language))
        if curves
        else "",
        tolerance=tolerance,
        sampled=sampled,
    )


def _tolerance(lot: Lot, limit: Limit, figure: Figure, shares: Floats, language: str) -> tuple[Markup, list[Curve]]:
    take = Take(lot.plan.opened, lot.plan.fruit, _CORRELATION)
    alone = Take(lot.plan.opened, lot.plan.fruit, 0.0)
    everything = take.packages * take.fruit
    good, bad, at = _risks(take, figure.share)
    said = [
        say(language, "ui_lot_tolerance_asks", limit=limit.name.said(language)),
        say(
            language, "ui_lot_tolerance_takes", packages=formats.number(take.packages, language),
            fruit=formats.number(take.fruit, language), all=formats.number(everything, language),
            limit=formats.percent(figure.share, language), allowed=formats.number(allowed(figure.share, everything), language),
        ),
        say(
            language, "ui_lot_tolerance_risk", good=formats.percent(good, language), bad=formats.percent(bad, language),
            at=formats.percent(at, language, 0), limit=formats.percent(figure.share, language),
        ),
        say(
            language, "ui_lot_cluster", correlation=formats.number(_CORRELATION, language, 2),
            all=formats.number(everything, language), effective=formats.number(everything / take.design_effect, language),
        ),
    ]  # fmt: skip
    least = packages_to_open(lot.facts.packages)
    if take.packages < least:
        said.append(say(language, "ui_lot_few_packages", least=formats.number(least, language)))
    told = h("<h3>{0}</h3>{1}", say(language, "ui_lot_by_tolerance"), join(h("<p>{0}</p>", each) for each in said))
    curves = [
        Curve(
            say(language, "ui_lot_curve_packages"), "first", _accepted(take, figure.share, tuple(map(float, shares)))
        ),
        Curve(
            say(language, "ui_lot_curve_anywhere"), "second", _accepted(alone, figure.share, tuple(map(float, shares)))
        ),
    ]
    return told, curves


@lru_cache(64)
def _accepted(take: Take, limit: float, shares: tuple[float, ...]) -> Floats:
    return chance_to_accept(take, limit, shares)


@lru_cache(64)
def _risks(take: Take, limit: float) -> tuple[float, float, float]:
    """The shares that are accepted 95 times and 10 times of 100, and how often a lot at the limit is."""

    def chance(share: float) -> float:
        return float(chance_to_accept(take, limit, [share])[0])

    return share_accepted(chance, 1 - _PRODUCER), share_accepted(chance, _CONSUMER), chance(limit)


def _sampling(status: LotStatus, visit: Visit) -> tuple[Sampling | None, Markup]:
    """What ISO 2859-1 asks, and how it is told."""
    language = visit.language
    aql, level, steady = _chosen()
    sampling, problem = None, ""
    try:
        sampling = visit.station.lots.sampling(status.lot.number, aql, level, steady=steady)
    except VistoBuenoError as error:
        problem = error.message(language)
    if sampling is not None:
        told = _told(sampling, status, level, language)
    else:
        told = h("<p>{0}</p>", problem or say(language, "ui_lot_sampling_needs"))
    aqls = {f"{each:g}": formats.number(each, language, 2 if each < 1 else 1) for each in _COUNTED_AQLS}
    form = h(
        '<form data-act="plan"><div class="filters">{0}{1}</div><label class="check"><input type="checkbox" name="steady" '
        'value="1"{2}><span>{3}</span></label><div class="row"><button class="button" type="submit">{4}</button></div></form>',
        field(say(language, "ui_lot_aql"), choice("aql", aqls, f"{aql:g}")),
        field(say(language, "ui_lot_level"), choice("level", [(each, each) for each in _LEVELS], level)),
        Markup(" checked") if steady else "",
        say(language, "ui_lot_steady"),
        say(language, "ui_lot_reckon"),
    )
    return sampling, h(
        "<h3>{0}</h3><p>{1}</p>{2}{3}",
        say(language, "ui_lot_by_sampling"),
        say(language, "ui_lot_sampling_asks"),
        told,
        form if sampling or problem else "",
    )


def _chosen() -> tuple[float, Level, bool]:
    asked = st.query_params
    aql = next((each for each in _COUNTED_AQLS if f"{each:g}" == asked.get("aql")), _AQL)
    level = next((each for each in _LEVELS if each == asked.get("level")), _LEVEL)
    return aql, level, asked.get("steady") == "1"


def _told(found: Sampling, status: LotStatus, level: Level, language: str) -> Markup:
    series = found.series.state
    notes = [
        say(language, "ui_lot_series", count=formats.number(len(found.before), language), packer=status.lot.facts.packer,
            left=formats.number(found.left_out, language)),
        say(language, f"ui_lot_series_{series}", score=formats.number(found.series.score, language)),
    ]  # fmt: skip
    if found.document == "ISO 2859-2":
        notes.append(say(language, "ui_lot_isolated", fewest=formats.number(FEWEST_LOTS, language)))
    pairs: list[tuple[str, object]] = [(say(language, "ui_lot_in_fruit"), formats.number(found.size, language))]
    if found.plan is not None:
        own, letter = found.plan, code_letter(found.size, level)
        pairs += [
            (say(language, "ui_lot_letter"), own.letter),
            (say(language, "ui_lot_inspected"), f"{say(language, f'ui_lot_state_{series}')} ({own.source})"),
            (say(language, "ui_lot_n"), formats.number(own.fruit, language)),
            (say(language, "ui_lot_ac"), formats.number(own.accept, language)),
            (say(language, "ui_lot_re"), formats.number(own.refuse, language)),
            (say(language, "ui_lot_so_far"), _so_far(own, status, language)),
        ]
        if own.letter != letter:
            notes.append(say(language, "ui_lot_arrow", letter=letter, other=own.letter))
        if own.all_fruit:
            notes.append(say(language, "ui_lot_all_fruit"))
        if own.refuse > own.accept + 1:
            notes.append(say(language, "ui_lot_gap"))
        if not own.confirmed:
            notes.append(say(language, "ui_lot_doubt"))
    return facts(pairs) + join(h("<p>{0}</p>", each) for each in notes)


def _so_far(own: Plan, status: LotStatus, language: str) -> str:
    """What the plan makes of what was found, when as many fruit as it asks for are known."""
    known = sum(each.looked_at - each.awaited for each in status.counts)
    unfit = sum(len(each.unfit) for each in status.counts)
    decided = own.decide(unfit, max(0, own.fruit - known))
    return say(
        language,
        f"ui_lot_sampled_{decided or 'open'}",
        unfit=formats.number(unfit, language),
        of=formats.number(known, language),
    )
