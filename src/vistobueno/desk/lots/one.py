"""One lot: what is presented, what was found, what the standards say, its plan and estimate, and the decision."""

from itertools import repeat
from typing import Any, get_args

import streamlit as st
from markupsafe import Markup

from ...core.errors import VistoBuenoError
from ...core.lots.lot import Lot, LotDecision, LotVerdict
from ...i18n import say
from ...services.lots import LotStatus
from .. import formats, history, report
from ..hypertext import Deed, h, hypertext, join
from ..pieces import choice, facts, field, notice, product, sure
from ..visit import Visit, go
from .estimate import estimate
from .judged import judgement, unsaid
from .leaving import leave
from .opening import OPTIONAL
from .plan import asked_plan, plan


def show(visit: Visit, number: int, told: Markup) -> None:
    """The page."""
    status = visit.station.lots.status(number)
    _act(hypertext(told + _one(status, visit), "lot"), visit, status.lot)


def _act(deed: Deed, visit: Visit, lot: Lot) -> None:
    leave(deed)
    if deed.name == "plan":
        go("lots", **asked_plan(lot, deed.fields))
    if deed.name == "report" and visit.identity.may("review"):
        st.session_state["lots_said"] = report.issue(deed, lot, visit)
        st.rerun()
    if deed.name != "decide" or not visit.identity.may("review"):
        return
    decision = next((each for each in get_args(LotDecision) if each == deed.fields.get("decision")), None)
    if decision is None:
        return
    try:
        reason = deed.fields.get("reason", "")
        visit.station.lots.decide(lot.number, decision, visit.identity.actor, reason=reason)
        said = (say(visit.language, "ui_lot_decided"), "")
    except VistoBuenoError as error:
        said = (error.message(visit.language), "bad")
    st.session_state["lots_said"] = said
    st.rerun()


def _one(status: LotStatus, visit: Visit) -> Markup:
    language, lot = visit.language, status.lot
    begun = any(each.looked_at for each in status.counts)
    return h(
        '<div class="head"><div><h1>{code}</h1><p class="lead">{packer}</p></div></div>{which}{state}'
        '<div class="grid"><section><h2>{about}</h2>{facts}</section><section><h2>{found}</h2>{counts}</section></div>'
        "{before}{unsaid}{judgements}{estimate}{decisions}{reports}{plan}",
        code=say(language, "ui_lot_titled", code=lot.facts.code),
        packer=lot.facts.packer,
        which=history.which(visit, {}, "lots"),
        state=_state(status, language),
        about=say(language, "ui_lot_about"),
        facts=_about(lot, visit),
        found=say(language, "ui_lot_found"),
        counts=_counts(status, language),
        unsaid=unsaid(status.lacking, language),
        estimate=estimate(status, visit),
        before="" if begun else plan(status, visit),
        plan=plan(status, visit) if begun else "",
        judgements=join(map(judgement, status.judgements, status.standards, repeat(language))),
        decisions=_decisions(status, visit),
        reports=report.section(status, visit),
    )


def _state(status: LotStatus, language: str) -> Markup:
    if status.changed:
        return notice(say(language, "ui_lot_changed"), "warn")
    if status.verdicts:
        return notice(
            say(language, f"ui_lot_said_{status.verdicts[-1].decision}", grade=status.verdicts[-1].grade or "")
        )
    if status.judgements[0].ended_early:
        return notice(say(language, "ui_lot_early"))
    return Markup()


def _about(lot: Lot, visit: Visit) -> Markup:
    language, about = visit.language, lot.facts
    named: list[tuple[str, object]] = [
        (say(language, "ui_product"), product(about.product, language)),
        (say(language, "ui_lot_grade"), about.grade),
        (say(language, "ui_lot_origin"), about.origin),
        (say(language, "ui_lot_packages"), formats.number(about.packages, language)),
    ]
    held = None if about.package_fruit is None else formats.number(about.package_fruit, language)
    weight = None if about.net_kg is None else formats.number(about.net_kg, language, 1)
    told = vars(about) | {"net_kg": weight, "package_fruit": held}
    named += [(say(language, f"ui_lot_{name}"), told[name]) for name in OPTIONAL if told[name]]
    named += [
        (say(language, "ui_lot_opened_by"), f"{lot.actor.name}, {formats.moment(lot.opened_at, visit.zone, language)}"),
        (say(language, "ui_lot_draw"), ", ".join(formats.number(each, language) for each in lot.draw.numbers)),
        (say(language, "ui_lot_seed"), h("<code>{0}</code>", lot.plan.seed)),
    ]
    return facts(named)


def _counts(status: LotStatus, language: str) -> Markup:
    rows = join(
        h(
            '<tr><th scope="row">{0}</th><td class="n">{1} / {2}</td><td class="n">{3}</td><td class="n">{4}</td></tr>',
            formats.number(each.number, language),
            formats.number(each.looked_at, language),
            formats.number(each.looked_at + each.to_come, language),
            formats.number(len(each.unfit), language),
            formats.number(each.awaited, language),
        )
        for each in status.counts
    )
    heads = join(
        h(
            '<th scope="col"{0}>{1}</th>',
            Markup(' class="n"') if name != "package" else "",
            say(language, f"ui_lot_head_{name}"),
        )
        for name in ("package", "looked", "unfit", "awaited")
    )
    return h(
        '<div class="scroll"><table><thead><tr>{0}</tr></thead><tbody>{1}</tbody></table></div>'
        '<p><a class="button small" href="/history?lot={2}" data-act="inspections" data-value="{2}">{3}</a></p>',
        heads,
        rows,
        status.lot.number,
        say(language, "ui_lot_inspections"),
    )


def _decisions(status: LotStatus, visit: Visit) -> Markup:
    language = visit.language
    earlier = join(_decided(each, visit) for each in reversed(status.verdicts))
    form = Markup()
    if visit.identity.may("review"):
        decisions: dict[Any, str] = {each: say(language, f"ui_lot_decide_{each}") for each in get_args(LotDecision)}
        suggested = status.judgements[0].decision
        words = say(language, "ui_lot_decide_again" if status.verdicts else "ui_lot_decide")
        form = h(
            '<form data-act="decide"><div class="filters">{choice}{reason}</div>'
            '<div class="row"><button class="button primary" type="submit"{sure}>{words}</button></div></form>',
            choice=field(
                say(language, "ui_lot_decision"),
                choice("decision", decisions, suggested if suggested in decisions else "refused"),
            ),
            reason=field(
                say(language, "ui_lot_why"),
                Markup('<textarea name="reason" id="f-reason" maxlength="2000" rows="2"></textarea>'),
            ),
            sure=sure(say(language, "ui_lot_sure"), words, language),
            words=words,
        )
    return h("<section><h2>{0}</h2>{1}{2}</section>", say(language, "ui_lot_decision"), earlier, form)


def _decided(verdict: LotVerdict, visit: Visit) -> Markup:
    language = visit.language
    reason = h("<br><small>{0}</small>", verdict.reason) if verdict.reason else ""
    return h(
        "<p><b>{said}</b> · {who} · {when}{reason}</p>",
        said=say(language, f"ui_lot_said_{verdict.decision}", grade=verdict.grade or ""),
        who=verdict.actor.name,
        when=formats.moment(verdict.at, visit.zone, language),
        reason=reason,
    )
