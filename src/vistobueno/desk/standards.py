"""Normas: the standards that judge lots, figure by figure, and a customer's own, made by changing a copy of one."""

import json
import re
from collections.abc import Mapping
from typing import Any

import streamlit as st
from markupsafe import Markup

from ..core.errors import VistoBuenoError
from ..core.lots.standard import DefectRule, Figure, Grade, Standard
from ..i18n import say, word
from . import formats, history
from .hypertext import Deed, h, hypertext, join
from .pieces import choice, facts, field, notice, product
from .visit import Visit, go

SEVERITIES = ("slight", "moderate", "serious")
_NAME = 120  # characters of a name
_NONE, _UNLISTED = "none", ""


class _ShareRefused(VistoBuenoError):
    """A share that is no number from 0 to 100."""


def show(visit: Visit) -> None:
    """The list, or one standard."""
    said = st.session_state.pop("standards_said", None)
    told = notice(*said) if said else Markup()
    asked = st.query_params.get("standard", "")
    if not asked:
        _leave(hypertext(told + _list(visit), "standards"))
        return
    standard = visit.station.lots.standards.one(asked)
    deed = hypertext(told + _one(standard, visit), "standard")
    _leave(deed)
    if deed.name == "keep" and visit.identity.may("lines"):
        _keep(deed, standard, visit)


def _leave(deed: Deed) -> None:
    if deed.name in ("all", "waiting"):
        go("history", **({"waiting": "1"} if deed.name == "waiting" else {}))
    if deed.name in ("disagreements", "lots", "standards"):
        go(deed.name)
    if deed.name == "standard":
        go("standards", standard=deed.value)


def _keep(deed: Deed, standard: Standard, visit: Visit) -> None:
    language = visit.language
    try:
        document = changed(standard, deed.fields)
        kept = visit.station.lots.standards.keep(json.dumps(document), visit.identity.actor)
    except VistoBuenoError as error:
        st.session_state["standards_said"] = (error.message(language), "bad")
        st.session_state["standards_given"] = {**deed.fields, "of": standard.key}
        st.rerun()
    st.session_state.pop("standards_given", None)
    words = say(language, "ui_standard_kept", name=kept.name.said(language), version=kept.version)
    st.session_state["standards_said"] = (words, "")
    go("standards", standard=kept.key)


def changed(standard: Standard, given: Mapping[str, str]) -> dict[str, Any]:
    """The file of a standard with what a form says of it: a new version of it, or another where its key is another.

    Raises:
        VistoBuenoError: ``standard_share``: a share is no number from 0 to 100.
    """
    document = standard.document()
    key = given.get("key", "").strip() or standard.key
    read = "read" in given
    document |= {
        "key": key,
        "version": standard.version + 1 if key == standard.key else 1,
        "name": {"es": given.get("name", "").strip(), "en": given.get("name", "").strip()},
        "source": given.get("source", "").strip() or standard.source,
        "edition": given.get("edition", "").strip() or None,
    }
    for grade, told in zip(standard.classes, document["classes"], strict=True):
        figures = {}
        for limit in standard.limits:
            before = grade.figures.get(limit.key)
            name = f"{limit.name.said('es')} · {grade.name.said('es')}"
            share = _share(given.get(f"share-{grade.key}-{limit.key}", ""), name)
            package = _share(given.get(f"package-{grade.key}-{limit.key}", ""), name)
            if share is None:
                continue
            same = before is not None and (before.share, before.package) == (share, package)
            figures[limit.key] = {
                "share": share,
                "confirmed": read or (same and before is not None and before.confirmed),
                **({} if package is None else {"package": package}),
                **({"package_fruit": before.package_fruit} if before is not None and before.package_fruit else {}),
            }
        told["figures"] = figures
    for rule, told in zip(standard.defects, document["defects"], strict=True):
        told["grades"] = _grades(rule, given, read)
    return document


def _grades(rule: DefectRule, given: Mapping[str, str], read: bool) -> dict[str, dict[str, Any]]:
    grades: dict[str, dict[str, Any]] = {}
    for severity in SEVERITIES:
        said = given.get(f"best-{rule.key}-{severity}", _UNLISTED)
        if said == _UNLISTED:
            continue
        best = None if said == _NONE else said
        before: Grade | None = {str(key): each for key, each in rule.grades.items()}.get(severity)
        same = before is not None and before.best == best
        sizes = {"cm": before.cm, "cm2": before.cm2} if before is not None else {}
        grades[severity] = {
            "best": best,
            "confirmed": read or (same and before is not None and before.confirmed),
            **{name: float(size) for name, size in sizes.items() if size},
        }
    return grades


def _share(text: str, name: str) -> float | None:
    """A percentage as people write it; None: nothing is said."""
    plain = text.strip().rstrip("%").strip().replace(",", ".")
    if not plain:
        return None
    if not re.fullmatch(r"\d{1,3}(\.\d{1,4})?", plain) or float(plain) > 100:
        raise _ShareRefused(
            "standard_share",
            es=f"En «{name}», escriba un porcentaje de 0 a 100: 10, 0,5.",
            en=f"In “{name}”, write a percentage from 0 to 100: 10, 0.5.",
        )
    return round(float(plain) / 100, 6)


def _list(visit: Visit) -> Markup:
    language = visit.language
    rows = join(
        h(
            '<li><a class="line two" href="/standards?standard={key}" data-act="standard" data-value="{key}"><span class="what">'
            "<b>{name}</b><small>{products} · {source}</small></span>{chip}</a></li>",
            key=each.key,
            name=each.name.said(language),
            products=", ".join(product(name, language) for name in each.products),
            source=", ".join(filter(None, (each.source, each.edition))),
            chip=_chip(each, language),
        )
        for each in visit.station.lots.standards.all()
    )
    return h(
        '<div class="head"><div><h1>{title}</h1><p class="lead">{lead}</p></div></div>{which}<section><h2>{title}</h2>'
        '<ul class="list">{rows}</ul></section>',
        title=say(language, "ui_page_standards"),
        lead=say(language, "ui_standards_lead"),
        which=history.which(visit, {}, "lots"),
        rows=rows,
    )


def _chip(standard: Standard, language: str) -> Markup:
    words = say(language, "ui_standard_confirmed" if standard.confirmed else "ui_standard_unconfirmed")
    return h('<span class="chip {0}">{1}</span>', "on" if standard.confirmed else "off", words)


def _one(standard: Standard, visit: Visit) -> Markup:
    language = visit.language
    about = [
        (say(language, "ui_standard_source"), standard.source),
        (say(language, "ui_standard_edition"), standard.edition or say(language, "ui_standard_no_edition")),
        (say(language, "ui_standard_version"), formats.number(standard.version, language)),
        (say(language, "ui_standard_key"), h("<code>{0}</code>", standard.key)),
        (say(language, "ui_standard_digest"), h("<code>{0}</code>", standard.digest)),
    ]
    return h(
        '<div class="head"><div><h1>{name}</h1><p class="lead">{products} {chip}</p></div></div>{which}'
        "<section>{about}{note}</section><section><h2>{limits}</h2><p>{limits_lead}</p>{figures}</section>"
        "<section><h2>{defects}</h2><p>{defects_lead}</p>{grades}</section>{form}",
        name=standard.name.said(language),
        products=", ".join(product(each, language) for each in standard.products),
        chip=_chip(standard, language),
        which=history.which(visit, {}, "lots"),
        about=facts(about),
        note=h('<p class="muted">{0}</p>', standard.note.said(language)) if standard.note else "",
        limits=say(language, "ui_standard_limits"),
        limits_lead=say(language, "ui_standard_limits_lead"),
        figures=_figures(standard, language),
        defects=say(language, "ui_standard_defects"),
        defects_lead=say(language, "ui_standard_defects_lead"),
        grades=_table(
            [say(language, "ui_standard_defect"), *(say(language, f"severity_{each}") for each in SEVERITIES)],
            [[_defect(rule, language), *(_best(standard, rule, each, language) for each in SEVERITIES)]
             for rule in standard.defects],
        ),
        form=_form(standard, visit) if visit.identity.may("lines") else "",
    )  # fmt: skip


def _figures(standard: Standard, language: str) -> Markup:
    heads = [say(language, "ui_standard_limit"), *(each.name.said(language) for each in standard.classes)]
    rows = [
        [limit.name.said(language), *(_figure(each.figures.get(limit.key), language) for each in standard.classes)]
        for limit in standard.limits
    ]
    return _table(heads, rows)


def _figure(figure: Figure | None, language: str) -> str:
    if figure is None:
        return "–"
    said = _percent(figure.share, language)
    if figure.package is not None:
        said += say(language, "ui_standard_in_package", share=_percent(figure.package, language))
    return said + ("" if figure.confirmed else " *")


def _percent(share: float, language: str) -> str:
    return formats.percent(share, language, 0 if round(share, 2) == share else 1)


def _best(standard: Standard, rule: DefectRule, severity: str, language: str) -> str:
    grade: Grade | None = {str(key): each for key, each in rule.grades.items()}.get(severity)
    if grade is None:
        return "–"
    names = {each.key: each.name.said(language) for each in standard.classes}
    said = names[grade.best] if grade.best else say(language, "ui_standard_no_class")
    sizes = [
        f"≤ {formats.number(size, language, 1)} {unit}" for size, unit in ((grade.cm, "cm"), (grade.cm2, "cm²")) if size
    ]
    return ", ".join([said, *sizes]) + ("" if grade.confirmed else " *")


def _defect(rule: DefectRule, language: str) -> str:
    return rule.name.said(language) if rule.name else word(language, f"defect_{rule.key}", rule.key)


def _table(heads: list[str], rows: list[list[str]] | list[list[Markup]]) -> Markup:
    return h(
        '<div class="scroll"><table><thead><tr>{0}</tr></thead><tbody>{1}</tbody></table></div>',
        join(h('<th scope="col">{0}</th>', each) for each in heads),
        join(
            h('<tr><th scope="row">{0}</th>{1}</tr>', first, join(h("<td>{0}</td>", each) for each in others))
            for first, *others in rows
        ),
    )


def _form(standard: Standard, visit: Visit) -> Markup:
    """What makes a customer's own of it, or its next version; what was refused is still in it."""
    language, held = visit.language, st.session_state.get("standards_given", {})
    given = held if held.get("of") == standard.key else {}

    def text(name: str, usual: str, required: bool = False, most: int = _NAME) -> Markup:
        control = h(
            '<input type="text" name="{0}" id="f-{0}" maxlength="{1}" value="{2}" autocomplete="off"{3}>',
            name, most, given.get(name, usual), Markup(" required") if required else "",
        )  # fmt: skip
        return field(say(language, f"ui_standard_{name}"), control)

    def share(name: str, value: float | None, label: str) -> Markup:
        usual = "" if value is None else f"{value * 100:g}".replace(".", "," if language == "es" else ".")
        return h(
            '<input type="text" inputmode="decimal" name="{0}" maxlength="8" value="{1}" aria-label="{2}">',
            name, given.get(name, usual), label,
        )  # fmt: skip

    limits = [
        [
            limit.name.said(language),
            *(
                share(f"share-{each.key}-{limit.key}", figure.share if figure else None, _label(limit.name, each.name, language))
                + share(
                    f"package-{each.key}-{limit.key}",
                    figure.package if figure else None,
                    _label(limit.name, each.name, language) + say(language, "ui_standard_of_package"),
                )
                for each in standard.classes
                for figure in (each.figures.get(limit.key),)
            ),
        ]
        for limit in standard.limits
    ]  # fmt: skip
    options = {_UNLISTED: "–", **{each.key: each.name.said(language) for each in standard.classes}}
    options[_NONE] = say(language, "ui_standard_no_class")
    defects = [
        [
            _defect(rule, language),
            *(
                h(
                    '<span aria-label="{0}">{1}</span>',
                    say(language, f"severity_{severity}"),
                    choice(name, options, given.get(name, usual)),
                )
                for severity in SEVERITIES
                for name, usual in ((f"best-{rule.key}-{severity}", _usual(rule, severity)),)
            ),
        ]
        for rule in standard.defects
    ]
    heads = [each.name.said(language) for each in standard.classes]
    return h(
        '<section><h2>{title}</h2><p>{lead}</p><form data-act="keep"><div class="filters">{about}</div><details><summary>'
        "{limits}</summary><p>{limits_lead}</p>{figures}</details><details><summary>{defects}</summary>{grades}</details>"
        '<label class="check"><input type="checkbox" name="read" value="1"><span>{read}</span></label>'
        '<div class="row"><button class="button primary" type="submit">{keep}</button></div></form></section>',
        title=say(language, "ui_standard_change"),
        lead=say(language, "ui_standard_change_lead"),
        about=text("name", standard.name.said(language), True)
        + text("key", standard.key, True, 60)
        + text("source", standard.source, True)
        + text("edition", standard.edition),
        limits=say(language, "ui_standard_limits"),
        limits_lead=say(language, "ui_standard_form_lead"),
        figures=_table([say(language, "ui_standard_limit"), *heads], limits),
        defects=say(language, "ui_standard_defects"),
        grades=_table(
            [say(language, "ui_standard_defect"), *(say(language, f"severity_{each}") for each in SEVERITIES)], defects
        ),
        read=say(language, "ui_standard_read"),
        keep=say(language, "ui_standard_keep"),
    )


def _label(limit: Any, grade: Any, language: str) -> str:
    return f"{limit.said(language)}, {grade.said(language)}"


def _usual(rule: DefectRule, severity: str) -> str:
    grade: Grade | None = {str(key): each for key, each in rule.grades.items()}.get(severity)
    return _UNLISTED if grade is None else grade.best or _NONE
