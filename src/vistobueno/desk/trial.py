"""Probar: a photograph judged by any model of the station beside the active one; nothing of it is kept."""

import base64
import hashlib
from collections.abc import Sequence

import streamlit as st
from markupsafe import Markup

from ..core.errors import VistoBuenoError
from ..core.inspection import ModelVersion
from ..core.photo import Limits
from ..i18n import certainty, say
from ..services.trials import Trial, Tried
from . import formats
from .hypertext import h, hypertext, join
from .pieces import answer, choice, class_name, field, notice, product
from .visit import Visit, go

_MEGABYTES = Limits().max_bytes // 1_000_000
_KINDS = ("jpg", "jpeg", "jfif", "png", "webp", "heic", "heif", "hif", "avif")
_WAYS = ("file", "camera")


def model_pages(visit: Visit, here: str) -> Markup:
    """The way between the pages that stand behind the tab of the model."""
    links = join(
        h(
            '<a href="/{0}" data-act="page" data-value="{0}"{2}>{1}</a>',
            each,
            say(visit.language, f"ui_page_{each}"),
            Markup(' aria-current="page"') if each == here else "",
        )
        for each in ("model", "try", "lines")
        if each != "try" or visit.identity.may("try")
    )
    return h('<nav class="subtabs" aria-label="{0}">{1}</nav>', say(visit.language, "ui_page_model"), links)


def show(visit: Visit) -> None:
    """The page."""
    versions = visit.station.models.all()
    active = next((each for each in versions if each.active), versions[0])
    asked = st.query_params.get("model", "")
    chosen = next((each for each in versions if each.digest == asked), versions[0] if versions else active)
    way = "camera" if st.query_params.get("with") == "camera" else "file"
    deed = hypertext(_head(visit, versions, chosen, way), "try")
    if deed.name == "page" and deed.value in ("model", "lines"):
        go(deed.value)
    if deed.name == "choose":
        st.query_params["model"] = deed.fields.get("model", "")
        st.rerun()
    if deed.name == "with" and deed.value in _WAYS:
        st.query_params["with"] = deed.value
        st.rerun()
    photograph = _photograph(visit, way)
    if photograph is not None:
        hypertext(_tried(visit, photograph, chosen), "tried")


def _photograph(visit: Visit, way: str) -> bytes | None:
    """What Streamlit's own uploader or camera gives; its English is replaced by words of ours, see style.css."""
    language = visit.language
    words = {"browse": "ui_try_browse", "take": "ui_try_take", "clear": "ui_try_clear", "limit": "ui_try_limit"}
    told = " ".join(f'--say-{name}: "{say(language, key, megabytes=_MEGABYTES)}";' for name, key in words.items())
    st.html(f"<style>.st-key-given {{ {told} }}</style>")
    with st.container(key="given"):
        if way == "camera":
            given = st.camera_input(say(language, "ui_try_camera"), key="try_camera", resolution="1080p")
        else:
            given = st.file_uploader(
                say(language, "ui_try_file"), type=_KINDS, key="try_file", max_upload_size=_MEGABYTES
            )
    return given.getvalue() if given is not None else None


def _head(visit: Visit, versions: Sequence[ModelVersion], chosen: ModelVersion, way: str) -> Markup:
    language = visit.language
    names = [
        (each.digest, f"{each.name} {each.version} · {each.digest[:6]}"
         + (f" ({say(language, 'ui_model_active')})" if each.active else ""))
        for each in versions
    ]  # fmt: skip
    ways = join(
        h(
            '<button type="button" class="button small" data-act="with" data-value="{0}" aria-pressed="{2}">{1}</button>',
            each,
            say(language, f"ui_try_with_{each}"),
            "true" if each == way else "false",
        )
        for each in _WAYS
    )
    return h(
        '<div class="head"><div><h1>{title}</h1><p class="lead">{lead}</p></div></div>{pages}'
        '<section><form data-act="choose"><div class="filters">{model}</div></form>{alone}'
        '<div class="row" role="group" aria-label="{photo}" style="margin-top:12px">{ways}</div></section>',
        title=say(language, "ui_page_try"),
        lead=say(language, "ui_try_lead"),
        pages=model_pages(visit, "try"),
        model=field(say(language, "ui_try_model"), choice("model", names, chosen.digest, submits=True)),
        alone=h('<p class="muted">{0} <code>vistobueno model add</code></p>', say(language, "ui_try_alone"))
        if len(versions) < 2
        else "",
        photo=say(language, "ui_photo"),
        ways=ways,
    )


def _tried(visit: Visit, photograph: bytes, chosen: ModelVersion) -> Markup:
    """The page of one photograph and one model; it is made once, however often the script runs."""
    language, active = visit.language, visit.station.models.active.bundle.digest
    named = (hashlib.sha256(photograph).hexdigest(), chosen.digest, active, language)
    kept: tuple[tuple[str, ...], Markup] | None = st.session_state.get("tried")
    if kept is not None and kept[0] == named:
        return kept[1]
    try:
        owner = (visit.identity.actor.kind, visit.identity.actor.id)
        shown = _side_by_side(visit.station.trials.judge(photograph, chosen.digest, owner), active, language)
    except VistoBuenoError as error:
        return notice(error.message(language), "bad")
    st.session_state["tried"] = (named, shown)
    return shown


def _side_by_side(trial: Trial, active: str, language: str) -> Markup:
    same = len({each.verdict.answer for each in trial.said}) == 1
    said = Markup()
    if len(trial.said) > 1:
        said = notice(say(language, "ui_try_same" if same else "ui_try_differ"), "" if same else "warn")
    cards = join(_card(each, trial.picture, each.bundle.digest == active, language) for each in trial.said)
    return h(
        '{0}<div class="grid tried">{1}</div><p class="muted">{2}</p>', said, cards, say(language, "ui_try_nothing")
    )


def _card(tried: Tried, picture: bytes, active: bool, language: str) -> Markup:
    bundle, verdict = tried.bundle, tried.verdict
    reasons = join(h("<li>{0}</li>", say(language, f"ui_reason_{each}")) for each in verdict.reasons)
    ranked = sorted(verdict.probabilities.items(), key=lambda each: -each[1])
    rows = join(
        h(
            '<tr><th scope="row">{0}</th><td class="n">{1}</td></tr>',
            class_name(key, bundle, language),
            formats.percent(share, language, 0),
        )
        for key, share in ranked
    )
    return h(
        '<section class="trial {kind}"><h2>{name} {version}{active}</h2>{picture}'
        '<p class="said">{answer}<span>{product}</span></p>{reasons}'
        '<dl class="facts-list"><dt>{unfit}</dt><dd>{probability}</dd><dt>{took}</dt><dd>{elapsed}</dd></dl>'
        '<table><caption class="only-heard">{classes}</caption><tbody>{rows}</tbody></table></section>',
        kind=verdict.answer,
        name=bundle.name,
        version=bundle.version,
        active=h(' <span class="chip on">{0}</span>', say(language, "ui_model_active")) if active else "",
        picture=_figure(tried.heat_map or picture, tried.heat_map is not None, language),
        answer=answer(verdict.answer, language),
        product=product(verdict.recognised_product, language),
        reasons=h('<ul class="reasons">{0}</ul>', reasons) if reasons else "",
        unfit=say(language, "ui_probability_unfit"),
        probability=certainty(verdict.probability_unfit, language),
        took=say(language, "ui_try_took"),
        elapsed=f"{formats.number(tried.elapsed_ms, language)} ms",
        classes=say(language, "ui_model_classes"),
        rows=rows,
    )


def _figure(jpeg: bytes, heat: bool, language: str) -> Markup:
    return h(
        '<figure><img src="data:image/jpeg;base64,{0}" alt="{1}"><figcaption>{2}</figcaption></figure>',
        base64.b64encode(jpeg).decode(),
        say(language, "ui_heat_map" if heat else "ui_photo"),
        say(language, "ui_heat_map_caption" if heat else "ui_try_no_map"),
    )
