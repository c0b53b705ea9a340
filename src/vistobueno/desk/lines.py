"""Líneas: cameras and their places, what was inspected on each, and whether it was measured; added and retired here."""

import streamlit as st
from markupsafe import Markup

from ..core.defects import ALL
from ..core.errors import VistoBuenoError
from ..core.inspection import Filter
from ..core.line import LONGEST_LINE, Line
from ..i18n import say
from . import formats
from .history import address_of, count_of
from .hypertext import Deed, h, hypertext, join
from .pieces import field, notice, product, sure
from .trial import model_pages
from .visit import Visit, go


def show(visit: Visit) -> None:
    """The page."""
    said = st.session_state.pop("lines_said", Markup())
    _act(hypertext(_page(visit, said), "lines"), visit)


def _act(deed: Deed, visit: Visit) -> None:
    language, lines = visit.language, visit.station.lines
    if deed.name == "page" and deed.value in ("model", "try"):
        go(deed.value)
    if deed.name == "commission":
        go("commissioning", line=deed.value)
    if deed.name == "found":
        go("history", line=deed.value)
    if deed.name not in ("add", "retire", "defects") or not visit.identity.may("lines"):
        return
    try:
        if deed.name == "add":
            products = [value for name, value in deed.fields.items() if name.startswith("product-")]
            line, _ = lines.add(deed.fields.get("name", ""), products, visit.identity.actor)
            said = notice(say(language, "ui_lines_added", line=line.name))
        elif deed.name == "defects":
            visit.station.defects.choose(deed.value, list(deed.fields), visit.identity.actor)
            said = notice(say(language, "ui_defects_chosen", product=product(deed.value, language)))
        else:
            lines.retire(deed.value)
            said = notice(say(language, "ui_lines_retired", line=deed.value))
    except VistoBuenoError as error:
        said = notice(error.message(language), "bad")
    st.session_state["lines_said"] = said
    st.rerun()


def _page(visit: Visit, said: Markup) -> Markup:
    language, lines = visit.language, visit.station.lines.all()
    return h(
        '<div class="head"><div><h1>{title}</h1><p class="lead">{lead}</p></div></div>{pages}{said}'
        '<section><h2>{title}</h2><ul class="list">{rows}</ul></section>{form}{defects}',
        title=say(language, "ui_page_lines"),
        lead=say(language, "ui_lines_lead"),
        pages=model_pages(visit, "lines"),
        said=said,
        rows=join(_line(each, visit) for each in sorted(lines, key=lambda each: each.retired_at is not None)),
        form=_form(visit) if visit.identity.may("lines") else "",
        defects=_defects(visit) if visit.identity.may("lines") else "",
    )


def _line(line: Line, visit: Visit) -> Markup:
    language = visit.language
    chips = [] if line.measured else [h('<span class="chip off">{0}</span>', say(language, "ui_lines_unmeasured"))]
    drift = visit.station.audits.drift(line.name) if line.measured and line.retired_at is None else None
    if drift is not None and drift.raised:
        chips.append(h('<span class="chip off">{0}</span>', say(language, "ui_lines_drifted")))
    side = h(
        '<a class="button small" href="/commissioning{0}" data-act="commission" data-value="{1}">{2}</a>',
        address_of({"line": line.name}),
        line.name,
        say(language, "ui_page_commissioning"),
    )
    if line.retired_at is not None:
        day = formats.day(line.retired_at.astimezone(visit.zone).date(), language)
        chips.append(h('<span class="chip off">{0}</span>', say(language, "ui_lines_retired_on", day=day)))
    elif visit.identity.may("lines"):
        retire = say(language, "ui_lines_retire")
        side += h(
            '<button type="button" class="button small danger" data-act="retire" data-value="{0}"{1}>{2}</button>',
            line.name,
            sure(say(language, "ui_lines_retire_sure", line=line.name), retire, language),
            retire,
        )
    products = ", ".join(product(each, language) for each in line.products) or say(language, "ui_lines_all_products")
    return h(
        '<li><div class="person"><div class="what"><b>{name}</b> {chips}<small>{products} · '
        '<a href="/history{address}" data-act="found" data-value="{name}">{count}</a></small></div>'
        '<div class="row">{side}</div></div></li>',
        name=line.name,
        chips=join(chips),
        products=products,
        address=address_of({"line": line.name}),
        count=count_of(visit, Filter(line=line.name)),
        side=side,
    )


def _form(visit: Visit) -> Markup:
    language = visit.language
    name = h('<input type="text" name="name" id="f-name" required maxlength="{0}" autocomplete="off">', LONGEST_LINE)
    products = join(
        h(
            '<label class="check"><input type="checkbox" name="product-{0}" value="{0}"><span>{1}</span></label>',
            each,
            product(each, language),
        )
        for each in visit.station.lines.products()
    )
    return h(
        '<section><h2>{add}</h2><form data-act="add">{name}<fieldset><legend>{which}</legend>{products}</fieldset>'
        '<div class="row"><button class="button primary" type="submit">{add}</button></div></form></section>',
        add=say(language, "ui_lines_add"),
        name=field(say(language, "ui_lines_name"), name),
        which=say(language, "ui_lines_products"),
        products=products,
    )


def _defects(visit: Visit) -> Markup:
    """Which defects of each product people are offered to name."""
    language, products = visit.language, visit.station.lines.products()
    offered = visit.station.defects.of(products)
    names = [(each, say(language, f"defect_{each}")) for each in ALL]
    forms = join(
        h(
            "<details><summary>{name} · {count}</summary>"
            '<form data-act="defects" data-value="{product}">{boxes}<div class="row">'
            '<button class="button" type="submit">{save}</button></div></form></details>',
            name=product(each, language),
            count=formats.number(len(offered[each]), language),
            product=each,
            boxes=join(
                h(
                    '<label class="check"><input type="checkbox" name="{0}" value="1"{2}><span>{1}</span></label>',
                    defect,
                    words,
                    Markup(" checked") if defect in offered[each] else "",
                )
                for defect, words in names
            ),
            save=say(language, "ui_defects_save"),
        )
        for each in products
    )
    return h(
        "<section><h2>{0}</h2><p>{1}</p>{2}</section>",
        say(language, "ui_defects_title"),
        say(language, "ui_defects_lead"),
        forms,
    )
