"""One inspection, whole: verdict, photograph, where the model looked, every fact, and the answers of people beside it."""

import streamlit as st
from markupsafe import Markup

from ..records.values import LONGEST_NOTE, Inspection
from ..texts import certainty, say
from . import formats
from .hypertext import Deed, h, hypertext, join
from .pieces import answer, class_name, facts, field, inspection_number, meter, pictures, product_of, reasons, verdict
from .visit import Visit, go

_TOLD = 0.005  # a class that is less probable is not worth the words; the API has them all


def show(visit: Visit, inspection: Inspection) -> None:
    """The page."""
    _act(hypertext(_page(visit, inspection), "one"), visit, inspection)


def _act(deed: Deed, visit: Visit, inspection: Inspection) -> None:
    if deed.name == "back":
        go("history", **{name: value for name, value in st.query_params.items() if name != "n"})
    given = deed.fields.get("answer", "")
    if deed.name == "review" and given in ("fit", "unfit") and visit.identity.may("review"):
        note = deed.fields.get("note", "").strip()[:LONGEST_NOTE]
        visit.station.review(inspection.number, visit.identity.actor, given, note)  # type: ignore[arg-type]
        st.rerun()


def _page(visit: Visit, inspection: Inspection) -> Markup:
    language, bundle = visit.language, visit.station.model.bundle
    why = (
        h("<h2>{0}</h2>{1}", say(language, "ui_one_why"), reasons(inspection, language))
        if inspection.reasons
        else Markup()
    )
    return h(
        '<p><a class="button small" href="/history" data-act="back">← {back}</a></p>'
        '<div class="grid"><div>{verdict}{review}</div>'
        "<section>{why}<h2 class='spaced'>{probability}</h2>{meter}{pictures}</section></div>"
        "<section><h2>{facts_title}</h2>{facts}</section>",
        back=say(language, "ui_one_back"),
        verdict=verdict(inspection, visit, "h1"),
        review=_reviews(visit, inspection),
        why=why,
        probability=say(language, "ui_probability_unfit"),
        meter=meter(inspection, bundle, language),
        pictures=pictures(inspection, language),
        facts_title=say(language, "ui_one_facts"),
        facts=_facts(visit, inspection),
    )


def _reviews(visit: Visit, inspection: Inspection) -> Markup:
    language = visit.language
    given = join(
        h(
            "<li><div class='said-by'>{0}<small> · {1} · {2}</small><p>{3}</p></div></li>",
            answer(each.answer, language),
            each.actor.name,
            formats.moment(each.at, visit.zone, language),
            each.note,
        )
        for each in inspection.reviews
    )
    listed = h('<ul class="list">{0}</ul>', given) if inspection.reviews else Markup()
    form = Markup()
    if visit.identity.may("review"):
        note = h('<textarea name="note" id="f-note" maxlength="{0}" rows="2"></textarea>', LONGEST_NOTE)
        form = h(
            '<form data-act="review">{note}<div class="row"><button class="button" name="answer" value="fit">{fit}</button>'
            '<button class="button" name="answer" value="unfit">{unfit}</button></div></form>',
            note=field(say(language, "ui_note"), note),
            fit=answer("fit", language),
            unfit=answer("unfit", language),
        )
    elif not inspection.reviews:
        return Markup()
    return h(
        "<section><h2>{0}</h2>{1}<p class='muted'>{2}</p>{3}</section>",
        say(language, "ui_one_reviews"),
        listed,
        say(language, "ui_one_beside"),
        form,
    )


def _facts(visit: Visit, inspection: Inspection) -> Markup:
    language, bundle = visit.language, visit.station.model.bundle
    shares = sorted(inspection.probabilities.items(), key=lambda pair: -pair[1])
    likely = [(key, share) for key, share in shares if share >= _TOLD]
    classes = ", ".join(
        f"{class_name(key, bundle, language)} {certainty(share, language)}" for key, share in likely or shares[:1]
    )
    stranger = None
    if inspection.stranger is not None and inspection.scope_threshold is not None:
        numbers = (formats.number(each, language, 2) for each in (inspection.stranger, inspection.scope_threshold))
        stranger = say(language, "ui_of_at_most", **dict(zip(("value", "most"), numbers, strict=True)))
    code = "<code>{0}</code>"
    named: list[tuple[str, object]] = [
        (say(language, "ui_fact_number"), inspection_number(inspection.number, language)),
        (say(language, "ui_fact_at"), formats.moment(inspection.at, visit.zone, language)),
        (say(language, "ui_who"), f"{inspection.actor.name} ({say(language, f'ui_kind_{inspection.actor.kind}')})"),
        (say(language, "ui_source"), say(language, f"ui_source_{inspection.source}")),
        (say(language, "ui_fact_file"), inspection.filename or "—"),
        (say(language, "ui_product"), product_of(inspection, language)),
        (say(language, "ui_fact_classes"), classes),
        (say(language, "ui_fact_forced"), answer(inspection.forced, language)),
        (say(language, "ui_fact_stranger"), stranger or "—"),
        (
            say(language, "ui_fact_photo"),
            f"{inspection.width} × {inspection.height}, {inspection.format.upper()}, {formats.size(inspection.bytes, language)}",
        ),
        (
            say(language, "ui_fact_quality"),
            say(
                language,
                "ui_fact_quality_said",
                sharpness=formats.number(inspection.sharpness, language, 1),
                brightness=formats.percent(inspection.brightness, language, 0),
                clipped=formats.percent(inspection.clipped, language),
            ),
        ),
        (say(language, "ui_fact_elapsed"), f"{formats.number(inspection.elapsed_ms, language)} ms"),
        (say(language, "ui_fact_model"), f"{inspection.model_name} {inspection.model_version}"),
        (say(language, "ui_fact_digest"), h(code, inspection.model_digest)),
        (say(language, "ui_fact_sha256"), h(code, inspection.photo_sha256)),
    ]
    return facts(named)
