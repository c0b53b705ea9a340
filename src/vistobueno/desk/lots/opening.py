"""The lots there are, and the form that opens one: by numbers, or by the risk that somebody accepts."""

from collections.abc import Mapping
from typing import Any

import streamlit as st
from markupsafe import Markup

from ...core.errors import VistoBuenoError
from ...core.lots.draw import MOST_PACKAGES
from ...core.lots.lot import LONGEST_FACT, MOST_FRUIT, Lot, LotFacts
from ...core.lots.risk import allowed, take_for
from ...core.lots.standard import Standard
from ...i18n import say
from .. import formats, history
from ..hypertext import Deed, h, hypertext, join
from ..pieces import choice, empty, field, label_reader, product
from ..visit import Visit, go
from .leaving import leave
from .plan import total_of

_MANY = 100  # lots of the list
_NUMBERS = ("packages", "opened", "fruit")
OPTIONAL = ("variety", "size", "package_fruit", "net_kg", "gtin", "gs1_lot", "sscc")


def show(visit: Visit, told: Markup) -> None:
    """The page."""
    _act(hypertext(told + _list(visit), "lots"), visit)


def _act(deed: Deed, visit: Visit) -> None:
    leave(deed)
    if deed.name != "open" or not visit.identity.may("inspect"):
        return
    given = {name: text.strip() for name, text in deed.fields.items()}
    numbers = {name: int(given.get(name) or 0) if (given.get(name) or "0").isdecimal() else 0 for name in _NUMBERS}
    try:
        if given.pop("propose", ""):
            st.session_state["lots_said"] = (_proposed(given, numbers["packages"], visit), "")
            st.session_state["lots_given"] = given
            st.rerun()
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
    held = given.get("package_fruit", "")
    fruit = None if not held else int(held) if held.isdecimal() and len(held) < 10 else 0  # refused by name
    return LotFacts(**own, **codes, packages=packages, net_kg=net, package_fruit=fruit)


def _proposed(given: dict[str, str], packages: int, visit: Visit) -> str:
    """Fill in the plan that keeps the risk which somebody accepts, and say what it does."""
    language = visit.language
    keys = [name.removeprefix("standard-") for name in given if name.startswith("standard-")]
    known = {each.key: each for each in visit.station.lots.standards.all()}
    standard = next((known[each] for each in keys if each in known), None)
    grade = given.get("grade", "")
    if standard is None or grade not in {each.key for each in standard.classes}:
        return say(language, "ui_lot_propose_needs")
    _, figure = total_of(standard, grade)
    bad, risk = (_share(given.get(name, "")) for name in ("bad", "risk"))
    take = take_for(min(max(1, packages), MOST_PACKAGES), figure.share, bad, risk)
    given |= {"opened": str(take.packages), "fruit": str(take.fruit)}
    return say(
        language,
        "ui_lot_proposed",
        packages=formats.number(take.packages, language),
        fruit=formats.number(take.fruit, language),
        bad=formats.percent(bad, language),
        risk=formats.percent(risk, language),
        allowed=formats.number(allowed(figure.share, take.packages * take.fruit), language),
    )


def _share(text: str) -> float:
    """A share of a text in percent; 0, which is refused, of any other."""
    try:
        return float(text.replace(",", ".")) / 100
    except ValueError:
        return 0.0


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
    state = "ui_lot_open" if lot.decision is None else f"ui_lot_now_{lot.decision}"
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
        on="on" if lot.decision is None else "",
        state=say(language, state, grade=lot.accepted_as or ""),
    )


def _form(visit: Visit) -> Markup:
    """What opens a lot; what was refused is still in it."""
    language, given = visit.language, st.session_state.get("lots_given", {})
    standards = visit.station.lots.standards.all()
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
        "{by_risk}"
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
        by_risk=_by_risk(given, language),
        more=say(language, "ui_lot_more"),
        optional=join(text(name) for name in OPTIONAL),
    )


def _by_risk(given: Mapping[str, str], language: str) -> Markup:
    """How much to look at, from the risk that somebody accepts."""
    asked = join(
        field(
            say(language, f"ui_lot_{name}"),
            h(
                '<input type="text" inputmode="decimal" name="{0}" id="f-{0}" value="{1}" maxlength="6">',
                name,
                given.get(name) or usual,
            ),
        )
        for name, usual in (("bad", "20"), ("risk", "10"))
    )
    return h(
        '<details{4}><summary>{0}</summary><p>{1}</p><div class="filters">{2}</div><div class="row">'
        '<button class="button" type="submit" name="propose" value="1" formnovalidate>{3}</button></div></details>',
        say(language, "ui_lot_by_risk"),
        say(language, "ui_lot_by_risk_lead"),
        asked,
        say(language, "ui_lot_propose"),
        Markup(" open") if "bad" in given else "",
    )


def _standard(standard: Standard, ticked: bool, language: str) -> Markup:
    doubt = "" if standard.confirmed else f" ({say(language, 'ui_lot_unconfirmed')})"
    return h(
        '<label class="check"><input type="checkbox" name="standard-{0}" value="1"{2}><span>{1}</span></label>',
        standard.key,
        standard.name.said(language) + doubt,
        Markup(" checked") if ticked else "",
    )
