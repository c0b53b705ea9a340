import io
import json
import re
from dataclasses import replace
from typing import Any

import pikepdf
import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drawn_reports import AT, drawn_report, jpeg
from pdf_a import problems
from vistobueno.core.inspection import ModelName
from vistobueno.core.lots.lot import LotFacts
from vistobueno.report.render import EVIDENCE, MOST_PAGES, render
from vistobueno.report.report import (
    Judgement,
    Limit,
    LineFacts,
    Package,
    People,
    Photograph,
    Plan,
    Report,
    ReportRefused,
)

COMPANY = "Cooperativa Agraria de Productores Orgánicos y Exportadores del Valle del Bajo Piura y Sechura"


def pages(pdf: bytes) -> list[str]:
    """The text of each page, spaces and line ends alike."""
    with pypdfium2.PdfDocument(pdf) as document:
        return [page.get_textpage().get_text_bounded() for page in document]


def pdf_of(report: Report) -> bytes:
    return render(report).pdf


def squeezed(text: str) -> str:
    return re.sub(r"[-\s\u00ad\u200b\ufffe\u0002]+", "", text)  # a hyphen may be of the line's end


def shown(pdf: bytes) -> str:
    return squeezed("".join(pages(pdf)))


def longest() -> Report:
    """As much as a lot may bring, in every place at once."""
    packages = tuple(
        Package(f"B-{at:03d}", 13, at % 4, dict.fromkeys(("bruise", "scarring", "latex")[: at % 4], 1))
        for at in range(1, 81)
    )
    limits = tuple(
        Limit(what, 30 * at, 1040, at < 2, share=0.05 * at + 0.01)
        for at, what in enumerate(
            ("total", "decay", "below", "size", "package", "Any of a customer's own, " + "x" * 60)
        )
    )
    return drawn_report(
        number="LOT-2026-" + "X" * 50,
        decision="refused",
        reason="The share of fruit below the next class is over the limit. " * 33,
        packages=packages,
        plan=Plan(tuple(each.label for each in packages), 1040, "7f"),
        lot=LotFacts("C" * 60, COMPANY, "P" * 200, "pitahaya", "Extra", 5000, variety="W" * 200, net_kg=100_000),
        judgements=tuple(
            Judgement(f"{COMPANY} {at}", "edition 2024, version 3", False, False, limits) for at in range(3)
        ),
        people=People(
            tuple(f"Inspector {at}" for at in range(12)), tuple(f"Reviewer {at}" for at in range(8)), "N" * 100, AT
        ),
        lines=tuple(LineFacts(f"Line {at}", at == 0) for at in range(3)),
        models=tuple(ModelName("vistobueno-lite0", f"3.0.{at}", "ab" * 32, f"c{at}" * 32) for at in range(2)),
        photographs=tuple(Photograph(jpeg(at % 2), at, "B-001", ("decay", "bruise")) for at in range(8)),
        estimate=None,
        no_estimate="line “Line 1” has no blind audit.",
        replaces="2026-000300",
        demonstration=True,
    )


KINDS: dict[str, dict[str, Any]] = {
    "accepted": {},
    "English": {"language": "en"},
    "without photographs": {"photographs": ()},
    "demonstration": {"demonstration": True},
    "lower class": {"decision": "lower_class", "accepted_as": "II"},
    "no standard": {"judgements": ()},
    "no public address": {"verification": ""},
    "many packages drawn": {"plan": Plan(tuple(f"P{at}" for at in range(3000)), 6000, "7f")},
    "no defect": {"packages": (Package("1", 5, 0),)},
}


def test_every_kind_of_report_is_pdf_a_of_one_to_three_pages() -> None:
    for kind, changes in KINDS.items():
        pdf = pdf_of(drawn_report(**changes))
        assert problems(pdf) == [], kind
        assert 1 <= len(pages(pdf)) <= MOST_PAGES, kind


@pytest.mark.parametrize("language", ["es", "en"])
def test_the_longest_report_is_whole_on_three_pages(language: str) -> None:
    report = replace(longest(), language=language)
    pdf = pdf_of(report)
    assert len(pages(pdf)) == MOST_PAGES and problems(pdf) == []
    seen = shown(pdf)
    for text in (
        report.number, report.reason, report.no_estimate, report.lot.packer, report.lot.origin, report.lot.variety,
        report.people.signed, *report.people.inspected, *report.people.reviewed, *(each.name for each in report.lines),
        *(each.standard for each in report.judgements), report.judgements[0].limits[-1].what, report.replaces,
        *report.plan.packages, report.evidence_digest, *(each.calibration or "" for each in report.models),
    ):  # fmt: skip
        assert squeezed(text) in seen, text


def test_nothing_reaches_into_the_margins() -> None:
    with pypdfium2.PdfDocument(pdf_of(longest())) as document:
        for page in document:
            picture = page.render(scale=1).to_pil().convert("L")
            side = 40  # points; the margins have 51
            assert all(picture.crop(each).getextrema()[0] > 200 for each in (
                (0, 0, side, picture.height), (picture.width - side, 0, picture.width, picture.height),
            ))  # fmt: skip


def test_the_evidence_travels_within_as_it_was_given() -> None:
    report = drawn_report(evidence=json.dumps({"número": "ñ", "packages": list(range(5000))}).encode())
    with pikepdf.open(io.BytesIO(pdf_of(report))) as pdf:
        (name,) = pdf.attachments
        assert name == EVIDENCE
        assert pdf.attachments[name].get_file().read_bytes() == report.evidence
        assert str(pdf.attachments[name].obj.AFRelationship) == "/Data"


def test_equal_reports_make_equal_bytes_and_others_do_not() -> None:
    assert pdf_of(drawn_report()) == pdf_of(drawn_report())
    assert pdf_of(drawn_report()) != pdf_of(drawn_report(reason="Otro motivo."))


@pytest.mark.parametrize(("language", "words"), [
    ("es", ("Informe interno de inspección", "LOTE ACEPTADO", "3 (3,0 %)", "2.177,5 kg", "0,8 % – 8,4 %", "banano")),
    ("en", ("Internal inspection report", "LOT ACCEPTED", "3 (3.0%)", "2,177.5 kg", "0.8% – 8.4%", "banana")),
])  # fmt: skip
def test_a_report_speaks_its_reader_s_language(language: str, words: tuple[str, ...]) -> None:
    pdf = pdf_of(drawn_report(language=language))
    for text in words:
        assert squeezed(text) in shown(pdf), text
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        assert str(opened.Root.Lang) == language


def test_a_refusal_is_said_and_a_demonstration_stands_across_every_page() -> None:
    refused = pdf_of(drawn_report(decision="refused"))
    assert "LOTERECHAZADO" in shown(refused) and "LOTEACEPTADO" not in shown(refused)
    assert "DEMOSTRACIÓN" not in shown(refused)
    across = pdf_of(replace(drawn_report(demonstration=True), reason="Muchas palabras. " * 250))
    assert len(pages(across)) > 1 and all("DEMOSTRACIÓN" in page for page in pages(across))


def test_times_are_those_of_the_report_s_zone() -> None:
    assert "29nov2026,09:05(America/Lima)" in shown(pdf_of(drawn_report()))
    assert "29nov2026,14:05(UTC)" in shown(pdf_of(drawn_report(zone="UTC")))


def test_what_is_not_known_is_said_and_not_measured_is_not_hidden() -> None:
    seen = shown(pdf_of(drawn_report(
        estimate=None, no_estimate="Sin estimación: la línea no tiene auditoría a ciegas.", lines=(LineFacts("Empaque 9", False),),
    )))  # fmt: skip
    assert squeezed("Sin estimación: la línea no tiene auditoría a ciegas.") in seen
    assert squeezed("Empaque 9 (sin medir)") in seen
    assert "Límitessinconfirmar" in seen


def test_characters_that_no_font_has_do_not_stop_a_report() -> None:
    lot = replace(drawn_report().lot, packer="果物 🍎 \u202eabc\x00\ud800 Ñandú Ltda. شركة")
    pdf = pdf_of(drawn_report(lot=lot, reason="= *no* #mark_up $ \\ `code` <tag> @cite"))
    assert problems(pdf) == []
    assert "ÑandúLtda." in shown(pdf)
    assert squeezed("= *no* #mark_up $ \\ `code` <tag> @cite") in shown(pdf)


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=60), st.text(alphabet=st.characters(min_codepoint=0x2000), max_size=20))
def test_any_text_can_be_set(reason: str, packer: str) -> None:
    lot = replace(drawn_report().lot, packer=packer)
    assert problems(pdf_of(drawn_report(photographs=(), lot=lot, reason=reason))) == []


def test_what_cannot_be_set_says_what_to_do() -> None:
    cases: list[tuple[str, dict[str, Any]]] = [
        ("report_empty", {"packages": ()}),
        ("report_too_long", {"reason": "palabra " * 5000}),
        ("report_photograph", {"photographs": (Photograph(b"not a picture", 7, "1"),)}),
    ]
    for code, changes in cases:
        with pytest.raises(ReportRefused) as refused:
            pdf_of(drawn_report(**changes))
        assert refused.value.code == code
        assert refused.value.es != refused.value.en
