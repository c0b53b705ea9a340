"""Modelo: which one judges, what it was measured to do, its thresholds and its card; versions, and the way back."""

from collections.abc import Mapping
from typing import Any

import streamlit as st
from markupsafe import Markup

from ..core.commissioning import Calibration
from ..core.errors import VistoBuenoError
from ..core.inspection import ModelVersion
from ..core.policy import Policy
from ..i18n import say
from ..model.bundle import Bundle
from ..model.calibrated import digest_of
from ..model.runtime import shipped_bundle
from . import formats
from .calibration import calibration_html, share_cell
from .card import card_html
from .hypertext import Deed, h, hypertext, join
from .pieces import class_name, facts, notice, sure
from .trial import model_pages
from .visit import Visit, go

_FIGURES = (
    "condition_accuracy",
    "class_accuracy",
    "escape_rate",
    "overkill_rate",
    "review_share",
    "ood_reviewed",
)


def show(visit: Visit) -> None:
    """The page."""
    said = st.session_state.pop("model_said", None)
    _act(hypertext((notice(*said) if said else Markup()) + _page(visit), "model"), visit)


def _act(deed: Deed, visit: Visit) -> None:
    if deed.name == "page" and deed.value in ("try", "lines"):
        go(deed.value)
    if deed.name not in ("activate", "roll_back") or not visit.identity.may("models"):
        return
    try:
        if deed.name == "activate":
            visit.station.models.activate(deed.value, visit.identity.actor)
        else:
            visit.station.models.roll_back(visit.identity.actor)
        bundle = visit.station.models.active.bundle
        said = (say(visit.language, "ui_model_now", name=bundle.name, version=bundle.version), "")
    except VistoBuenoError as error:
        said = (error.message(visit.language), "bad")
    st.session_state["model_said"] = said
    st.rerun()


def _page(visit: Visit) -> Markup:
    language, model = visit.language, visit.station.models.active
    bundle, calibration = model.bundle, model.calibration
    other = Markup()
    if bundle.digest != _shipped_digest():
        other = notice(say(language, "ui_model_other"), "warn")
    return h(
        '<div class="head"><div><h1>{title}</h1><p class="lead">{name} {version}</p></div></div>{pages}{other}{line}'
        '<div class="grid"><section><h2>{measured}</h2>{original}{figures}</section>'
        "<section><h2>{thresholds}</h2>{policy}</section></div>{versions}"
        '<section class="card-text"><details><summary>{card_title}</summary>{card}</details></section>',
        title=say(language, "ui_page_model"),
        name=bundle.name,
        version=bundle.version,
        pages=model_pages(visit, "model"),
        other=other,
        line=_line(calibration, language) if calibration is not None else "",
        measured=say(language, "ui_model_measured"),
        original=notice(say(language, "ui_model_original")) if calibration is not None else "",
        figures=_figures(bundle.metrics, language),
        thresholds=say(language, "ui_model_thresholds"),
        policy=_policy(model.policy, bundle, language),
        versions=_versions(visit),
        card_title=say(language, "ui_model_card"),
        card=_card(bundle, language),
    )


def _line(calibration: Calibration, language: str) -> Markup:
    return h(
        "<section><h2>{0}</h2>{1}</section>",
        say(language, "ui_model_line"),
        calibration_html(calibration.facts, digest_of(calibration), language),
    )


def _policy(policy: Policy, bundle: Bundle, language: str) -> Markup:
    low, high = min(1.0, max(0.0, policy.fit_below)), min(1.0, max(0.0, policy.unfit_above))
    line = h(
        '<div class="meter" role="img" aria-label="{label}"><span class="zone fit" style="width:{low:.2f}%"></span>'
        '<span class="zone review" style="left:{low:.2f}%;right:{rest:.2f}%"></span>'
        '<span class="zone unfit" style="width:{rest:.2f}%"></span><span class="ends"><span>{fit}</span><span>{review}</span>'
        "<span>{unfit}</span></span></div>",
        label=say(language, "ui_model_thresholds"),
        low=low * 100,
        rest=(1 - high) * 100,
        fit=say(language, "fit"),
        review=say(language, "review"),
        unfit=say(language, "unfit"),
    )
    sentence = say(language, "ui_model_no_policy")
    if policy.fit_below >= 0 or policy.unfit_above <= 1:
        sentence = say(
            language,
            "ui_model_policy",
            low=formats.percent(low, language, 0),  # as fine as a page tells a probability
            high=formats.percent(high, language, 0),
            alpha=formats.percent(policy.alpha, language, 0),
            beta=formats.percent(policy.beta, language, 0),
        )
    named = [
        (say(language, "ui_model_created"), bundle.created),
        (say(language, "ui_model_input"), f"{bundle.input.width} × {bundle.input.height}"),
        (
            say(language, "ui_model_classes"),
            ", ".join(class_name(each.key, bundle, language) for each in bundle.classes),
        ),
        (say(language, "ui_fact_digest"), h("<code>{0}</code>", bundle.digest)),
    ]
    return line + h("<p style='margin-top:12px'>{0}</p>", sentence) + facts(named)


def _figures(metrics: Mapping[str, Any], language: str) -> Markup:
    """What was measured, as far as it can be read: a foreign bundle may say anything."""
    groups = {name: _all_of(metrics.get(name)) for name in ("known_cameras", "unknown_cameras")}
    columns = [(name, found) for name, found in groups.items() if found]
    shown = [[share_cell(found.get(figure), language) for _, found in columns] for figure in _FIGURES]
    readable = None not in groups.values() and all(whole for row in shown for _, whole in row)
    said = Markup() if readable else notice(say(language, "ui_model_unreadable"), "warn")
    if not columns:
        return said or h("<p>{0}</p>", say(language, "ui_model_unmeasured"))
    heads = join(h('<th scope="col" class="n">{0}</th>', say(language, f"ui_model_{name}")) for name, _ in columns)
    rows = join(
        h('<tr><th scope="row">{0}</th>{1}</tr>', say(language, f"ui_figure_{figure}"), join(cell for cell, _ in row))
        for figure, row in zip(_FIGURES, shown, strict=True)
    )
    note = say(language, "ui_model_interval")
    return h('{0}<div class="scroll"><table><thead><tr><td></td>{1}</tr></thead><tbody>{2}</tbody></table></div>'
        '<p class="muted">{3}</p>',
             said, heads, rows, note)  # fmt: skip


def _all_of(group: object) -> Mapping[str, Any] | None:
    """The figures over all of a group's photographs; empty where there are none, None where they cannot be read."""
    found = group.get("all") if isinstance(group, Mapping) else group
    return found if isinstance(found, Mapping) else {} if found is None else None


def _versions(visit: Visit) -> Markup:
    language, may = visit.language, visit.identity.may("models")
    versions = visit.station.models.all()
    rows = join(_version(each, visit, may) for each in versions)
    return h(
        '<section style="margin-top:16px"><h2>{0}</h2><ul class="list">{1}</ul>{2}</section>',
        say(language, "ui_model_versions"),
        rows,
        _back(visit) if may else "",
    )


def _back(visit: Visit) -> Markup:
    """The way back, where there is one."""
    language, earlier = visit.language, visit.station.models.earlier()
    if earlier is None:
        return h('<p class="muted" style="margin-top:14px">{0}</p>', say(language, "ui_model_no_back"))
    question = say(language, "ui_model_back_sure", name=earlier.name, version=earlier.version)
    return h(
        '<div style="margin-top:14px"><button type="button" class="button" data-act="roll_back"{0}>{1}</button></div>',
        sure(question, say(language, "ui_model_back"), language),
        say(language, "ui_model_back"),
    )


def _version(version: ModelVersion, visit: Visit, may: bool) -> Markup:
    language = visit.language
    state = h('<span class="chip on">{0}</span>', say(language, "ui_model_active")) if version.active else Markup()
    if may and not version.active:
        state = h(
            '<button type="button" class="button small" data-act="activate" data-value="{0}"{1}>{2}</button>',
            version.digest,
            sure(
                say(language, "ui_model_activate_sure", name=version.name, version=version.version),
                say(language, "ui_model_activate"),
                language,
            ),
            say(language, "ui_model_activate"),
        )
    return h(
        '<li><div class="line two"><span class="what"><b>{0} {1}</b>'
        "<small>{2} · <span title='{3}'>{4}…</span></small></span><span>{5}</span></div></li>",
        version.name,
        version.version,
        formats.moment(version.added_at, visit.zone, language),
        version.digest,
        version.digest[:12],
        state,
    )


def _card(bundle: Bundle, language: str) -> Markup:
    for name in (f"card.{language}.md", "card.es.md", "card.en.md"):
        if name in bundle.files:
            return card_html(bundle.read(name).decode("utf-8", "replace"))
    return h("<p>{0}</p>", say(language, "ui_model_no_card"))


def _shipped_digest() -> str:
    import hashlib

    return hashlib.sha256((shipped_bundle() / "bundle.json").read_bytes()).hexdigest()
