"""Lotes: what is presented, which packages are opened, what was found, what the standards say, and the decision."""

from collections.abc import Mapping
from itertools import repeat
from typing import Any, get_args

import streamlit as st
from markupsafe import Markup

from ..core.errors import VistoBuenoError
from ..core.lots.draw import MOST_PACKAGES
from ..core.lots.judging import Judgement, LimitResult, Reason
from ..core.lots.lot import LONGEST_FACT, MOST_FRUIT, Lot, LotDecision, LotFacts, LotVerdict
from ..core.lots.standard import Standard
from ..i18n import say
from ..services.lots import LotStatus
from . import formats, history, report
from .hypertext import Deed, h, hypertext, join
from .pieces import choice, empty, facts, field, label_reader, notice, product, sure
from .visit import Visit, go

_MANY = 100  # lots of the list
_NUMBERS = ("packages", "opened", "fruit")
_OPTIONAL = ("variety", "size", "net_kg", "gtin", "gs1_lot", "sscc")


def show(visit: Visit) -> None:
    """The list, or one lot."""
    said = st.session_state.pop("lots_said", None)
    told = notice(*said) if said else Markup()
    asked = st.query_params.get("lot", "")
    if asked.isdecimal():
        status = visit.station.lots.status(int(asked))
        _act_on_one(hypertext(told + _one(status, visit), "lot"), visit, status.lot)
    else:
        _act_on_list(hypertext(told + _list(visit), "lots"), visit)


def _leave(deed: Deed) -> None:
    if deed.name in ("all", "waiting"):
        go("history", **({"waiting": "1"} if deed.name == "waiting" else {}))
    if deed.name in ("disagreements", "lots", "standards"):
        go(deed.name)
    if deed.name == "lot":
        go("lots", lot=deed.value)


def _act_on_list(deed: Deed, visit: Visit) -> None:
    _leave(deed)
    if deed.name != "open" or not visit.identity.may("inspect"):
        return
    given = {name: text.strip() for name, text in deed.fields.items()}
    numbers = {name: int(given.get(name) or 0) if (given.get(name) or "0").isdecimal() else 0 for name in _NUMBERS}
    try:
        lot, _ = visit.station.lots.open(
            _facts(given, numbers["packages"]),
            [name.removeprefix("standard-") for name in given if name.startswith("standard-")],
            visit.identity.actor,
            opened=numbers["opened"],
            fruit=numbers["fruit"],
        )
    except VistoBuenoError as error:
        st.session_state["lots_said"] = (error.message(visit.language), "bad")
        st.session_state["lots_given"] = given
        st.rerun()
    st.session_state.pop("lots_given", None)
    go("lots", lot=str(lot.number))


def _facts(given: Mapping[str, str], packages: int) -> LotFacts:
    weight = given.get("net_kg", "").replace(",", ".")
    try:
        net = float(weight) if weight else None
    except ValueError:
        net = -1.0  # refused by name, as any other weight that is none
    own: dict[str, Any] = {
        name: given.get(name, "") for name in ("code", "packer", "origin", "product", "grade", "variety", "size")
    }
    codes: dict[str, Any] = {name: given.get(name) or None for name in ("gtin", "gs1_lot", "sscc")}
    return LotFacts(**own, **codes, packages=packages, net_kg=net)


def _act_on_one(deed: Deed, visit: Visit, lot: Lot) -> None:
    _leave(deed)
    if deed.name == "inspections":
        go("history", lot=str(lot.number))
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


def _list(visit: Visit) -> Markup:
    language, lots = visit.language, visit.station.lots.page(limit=_MANY)
    rows = join(_row(each, visit) for each in lots)
    return h(
        '<div class="head"><div><h1>{title}</h1><p class="lead">{lead}</p></div></div>{which}<section><h2>{title}</h2>{rows}'
        '<p><a class="button small" href="/standards" data-act="standards">{standards}</a></p></section>{form}',
        title=say(language, "ui_page_lots"),
        lead=say(language, "ui_lots_lead"),
        which=history.which(visit, {}, "lots"),
        standards=say(language, "ui_standards_link"),
        rows=h('<ul class="list">{0}</ul>', rows) if lots else empty(say(language, "ui_lots_none")),
        form=_form(visit) if visit.identity.may("inspect") else "",
    )


def _row(lot: Lot, visit: Visit) -> Markup:
    language = visit.language
    state = "ui_lot_open" if lot.closed_at is None else "ui_lot_closed"
    return h(
        '<li><a class="line two" href="/lots?lot={number}" data-act="lot" data-value="{number}"><span class="what"><b>{code} · '
        '{packer}</b><small>{product} · {grade} · {packages} · {when}</small></span><span><span class="chip {on}">{state}</span>'
        "</span></a></li>",
        number=lot.number,
        code=lot.facts.code,
        packer=lot.facts.packer,
        product=product(lot.facts.product, language),
        grade=say(language, "ui_lot_grade_of", grade=lot.facts.grade),
        packages=say(language, "ui_lot_packages_of", count=formats.number(lot.facts.packages, language)),
        when=formats.moment(lot.opened_at, visit.zone, language),
        on="on" if lot.closed_at is None else "off",
        state=say(language, state),
    )


def _form(visit: Visit) -> Markup:
    """What opens a lot; what was refused is still in it."""
    language, given = visit.language, st.session_state.get("lots_given", {})
    standards = visit.station.lots.standards()
    grades = {grade.key: grade.name.said(language) for each in standards for grade in each.classes}
    products = {each: product(each, language) for each in visit.station.lines.products()}

    def text(name: str, required: bool = False) -> Markup:
        control = h(
            '<input type="text" name="{0}" id="f-{0}" maxlength="{1}" value="{2}" autocomplete="off"{3}>',
            name, LONGEST_FACT, given.get(name, ""), Markup(" required") if required else "",
        )  # fmt: skip
        return field(say(language, f"ui_lot_{name}"), control)

    def number(name: str, most: int, usual: int) -> Markup:
        control = h(
            '<input type="text" inputmode="numeric" pattern="[0-9]+" maxlength="{1}" name="{0}" id="f-{0}" value="{2}" required>',
            name, len(str(most)), given.get(name) or usual,
        )  # fmt: skip
        return field(say(language, f"ui_lot_{name}"), control)

    return h(
        '<section><h2>{title}</h2><form data-act="open">{label}<div class="filters">{required}{product}{grade}{numbers}</div>'
        "<fieldset><legend>{which}</legend>{standards}</fieldset>"
        '<details><summary>{more}</summary><div class="filters">{optional}</div></details>'
        '<div class="row"><button class="button primary" type="submit">{title}</button></div></form></section>',
        title=say(language, "ui_lot_open_one"),
        label=label_reader(language),
        required=join(text(name, True) for name in ("code", "packer", "origin")),
        product=field(say(language, "ui_product"), choice("product", products, given.get("product", ""))),
        grade=field(say(language, "ui_lot_grade"), choice("grade", grades, given.get("grade", "I"))),
        numbers=number("packages", MOST_PACKAGES, 1)
        + number("opened", MOST_PACKAGES, 5)
        + number("fruit", MOST_FRUIT, 20),
        which=say(language, "ui_lot_standards"),
        standards=join(_standard(each, f"standard-{each.key}" in given, language) for each in standards),
        more=say(language, "ui_lot_more"),
        optional=join(text(name) for name in _OPTIONAL),
    )


def _standard(standard: Standard, ticked: bool, language: str) -> Markup:
    doubt = "" if standard.confirmed else f" ({say(language, 'ui_lot_unconfirmed')})"
    return h(
        '<label class="check"><input type="checkbox" name="standard-{0}" value="1"{2}><span>{1}</span></label>',
        standard.key,
        standard.name.said(language) + doubt,
        Markup(" checked") if ticked else "",
    )


def _one(status: LotStatus, visit: Visit) -> Markup:
    language, lot = visit.language, status.lot
    return h(
        '<div class="head"><div><h1>{code}</h1><p class="lead">{packer}</p></div></div>{which}{state}'
        '<div class="grid"><section><h2>{about}</h2>{facts}</section><section><h2>{found}</h2>{counts}</section></div>'
        "{judgements}{decisions}{reports}",
        code=say(language, "ui_lot_titled", code=lot.facts.code),
        packer=lot.facts.packer,
        which=history.which(visit, {}, "lots"),
        state=_state(status, language),
        about=say(language, "ui_lot_about"),
        facts=_about(lot, visit),
        found=say(language, "ui_lot_found"),
        counts=_counts(status, language),
        judgements=join(map(_judgement, status.judgements, status.standards, repeat(language))),
        decisions=_decisions(status, visit),
        reports=report.section(lot, visit),
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
    weight = None if about.net_kg is None else formats.number(about.net_kg, language, 1)
    told = vars(about) | {"net_kg": weight}
    named += [(say(language, f"ui_lot_{name}"), told[name]) for name in _OPTIONAL if told[name]]
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
        '<p><a class="button small" href="/history?lot={2}" data-act="inspections">{3}</a></p>',
        heads,
        rows,
        status.lot.number,
        say(language, "ui_lot_inspections"),
    )


def _judgement(found: Judgement, standard: Standard, language: str) -> Markup:
    """What a standard says: the decision, its reasons, and each limit of the declared class."""
    said = say(language, f"ui_lot_says_{found.decision}", grade=found.accepted_as or "")
    rows = join(_limit(each, language) for shown in found.classes[:1] for each in shown.limits)
    reasons = join(h("<p>{0}</p>", _reason(each, found, language)) for each in found.reasons[:6])
    doubt = Markup() if found.confirmed else h('<p class="muted">{0}</p>', say(language, "ui_lot_doubt"))
    heads = join(
        h(
            '<th scope="col"{0}>{1}</th>',
            Markup(' class="n"') if each != "limit" else "",
            say(language, f"ui_lot_head_{each}"),
        )
        for each in ("limit", "count", "most")
    )
    return h(
        "<section><h2>{name}</h2><p><b>{said}</b></p>{reasons}"
        '<div class="scroll"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>{doubt}</section>',
        name=standard.name.said(language),
        said=said,
        reasons=reasons,
        heads=heads,
        rows=rows,
        doubt=doubt,
    )


def _limit(found: LimitResult, language: str) -> Markup:
    tally = found.lot
    share = f" ({formats.percent(tally.share, language)})" if tally.of else ""
    return h(
        '<tr><th scope="row">{0}</th><td class="n">{1} / {2}{3}</td><td class="n">{4} ({5})</td></tr>',
        found.limit.name.said(language),
        formats.number(tally.count, language),
        formats.number(tally.of, language),
        share,
        formats.number(tally.most, language),
        formats.percent(found.figure.share, language),
    )


def _reason(reason: Reason, found: Judgement, language: str) -> str:
    limits = {each.limit.key: each.limit.name.said(language) for shown in found.classes for each in shown.limits}
    where = ""
    if reason.package is not None:
        where = " " + say(language, "ui_lot_in_package", package=formats.number(reason.package, language))
    return say(
        language,
        f"ui_lot_reason_{reason.cause}",
        limit=limits.get(reason.limit or "", reason.limit or ""),
        grade=reason.class_key or "",
        where=where,
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
