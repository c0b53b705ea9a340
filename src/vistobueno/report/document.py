"""A report in words: each text and number as the paper shows it, for `paper.typ` to set. Not how it looks."""

import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from ..core.version import __version__
from ..i18n import counted, say, texts, word
from ..i18n.written import clock, moment, number, percent
from .report import Judgement, Limit, Package, Photograph, Report

_LABELS = 200  # of the packages drawn


def document(report: Report, packages: int, photographs: int) -> dict[str, Any]:
    """All that the paper says, with at most so many packages, those with most unfit fruit, and photographs."""
    language = report.language
    shown = _worst(report.packages, packages)
    said = {
        "language": language,
        "say": {key.removeprefix("paper_"): text for key, text in texts(language, ("paper_",)).items()},
        "number": report.number,
        "at": _at(report, report.at),
        "demonstration": report.demonstration,
        "sealed": bool(report.seal_key),
        "decision": _decision(report),
        "verification": report.verification,
        "lot": _lot(report),
        "figures": _figures(report),
        "no_estimate": "" if report.estimate else report.no_estimate,
        "plan": _plan(report),
        "judgements": [_judgement(each, language) for each in report.judgements],
        "defects": [
            [word(language, f"defect_{name}", name), number(count, language), percent(count / report.fruit, language)]
            for name, count in report.defects.items()
        ],
        "packages": [
            [each.label, number(each.fruit, language), number(each.unfit, language), _defects(each.defects, language)]
            for each in shown
        ],
        "left_out": _left_out(report, len(shown)),
        "photographs": [_caption(each, language) for each in report.photographs[:photographs]],
        "trace": _trace(report),
    }
    return {key: _plain(value) for key, value in said.items()}


def _decision(report: Report) -> dict[str, Any]:
    language, people = report.language, report.people
    return {
        "word": say(language, f"paper_{report.decision}"),
        "accepted": report.decision != "refused",
        "grade": say(language, "paper_accepted_as", grade=report.accepted_as) if report.accepted_as else "",
        "against": say(language, "paper_against") if report.against else "",
        "reason": report.reason,
        "signed": say(language, "paper_signed", name=people.signed, at=_at(report, people.signed_at)),
        "replaces": say(language, "paper_replaces", number=report.replaces) if report.replaces else "",
    }


def _lot(report: Report) -> list[list[str]]:
    language, lot = report.language, report.lot
    product = word(language, lot.product, lot.product)
    rows = {
        "code": lot.code,
        "packer": lot.packer,
        "origin": lot.origin,
        "product": f"{product}, {lot.variety}" if lot.variety else product,
        "class": report.grade or lot.grade,
        "size": lot.size,
        "packages": number(lot.packages, language),
        "net": "" if lot.net_kg is None else f"{number(lot.net_kg, language, 0 if lot.net_kg % 1 == 0 else 1)}\u00a0kg",
        "gs1_lot": lot.gs1_lot,
        "gtin": lot.gtin,
        "sscc": lot.sscc,
        "inspected": _span(report),
    }
    return [[say(language, f"paper_{key}"), value] for key, value in rows.items() if value]


def _figures(report: Report) -> list[list[str]]:
    language, found = report.language, report.estimate
    of = number(report.lot.packages, language)
    rows = [
        [say(language, "paper_part", count=number(len(report.packages), language), of=of), "figure_packages"],
        [number(report.fruit, language), "figure_fruit"],
        [f"{number(report.unfit, language)} ({percent(report.unfit / report.fruit, language)})", "figure_unfit"],
    ]
    if found:
        rows += [
            [percent(found.share, language), "figure_estimate"],
            [f"{percent(found.low, language)} – {percent(found.high, language)}", "figure_interval"],
        ]
    return [[value, say(language, f"paper_{key}")] for value, key in rows]


def _plan(report: Report) -> str:
    language, plan = report.language, report.plan
    labels = ", ".join(plan.packages[:_LABELS])
    if len(plan.packages) > _LABELS:
        labels += say(language, "paper_more", count=number(len(plan.packages) - _LABELS, language))
    return say(
        language,
        "paper_plan",
        packages=counted(language, "packages", len(plan.packages), number(len(plan.packages), language)),
        fruit=counted(language, "fruit", plan.fruit, number(plan.fruit, language)),
        seed=plan.seed,
        labels=labels,
    )


def _judgement(judged: Judgement, language: str) -> dict[str, Any]:
    return {
        "standard": judged.standard,
        "edition": judged.edition,
        "confirmed": say(language, "paper_confirmed" if judged.confirmed else "paper_unconfirmed"),
        "kept": judged.kept,
        "word": _within(judged, language),
        "limits": [_limit(each, language) for each in judged.limits],
    }


def _within(judged: Judgement, language: str) -> str:
    if judged.lower:
        return say(language, "paper_within_lower", grade=judged.lower)
    return say(language, {True: "paper_within", False: "paper_outside", None: "paper_unsettled"}[judged.kept])


def _limit(limit: Limit, language: str) -> list[Any]:
    found = say(language, "paper_part", count=number(limit.count, language), of=number(limit.of, language))
    if limit.share is not None:
        allowed = percent(limit.share, language, 1 if round(limit.share, 3) == limit.share else 2)
        found += f" ({percent(limit.count / limit.of, language)})" if limit.of else ""
    else:
        allowed = say(language, "paper_accept", count=number(limit.accept or 0, language))
    unknown = "paper_unknown" if limit.of else "paper_not_measured"
    kept = say(language, {True: "paper_kept", False: "paper_broken", None: unknown}[limit.kept])
    return [limit.what, found, allowed, kept, limit.kept]


def _left_out(report: Report, shown: int) -> str:
    count = len(report.packages)
    if shown == count:
        return ""
    return say(report.language, "paper_worst_shown", shown=shown, count=number(count, report.language))


def _caption(photograph: Photograph, language: str) -> str:
    package = say(language, "paper_package")
    where = say(language, "paper_photograph", package=package, label=photograph.package, number=photograph.inspection)
    named = _defects(dict.fromkeys(photograph.defects, 1), language)
    return f"{where} · {named}" if named else where


def _trace(report: Report) -> list[list[str]]:
    """Rows of label, value, and whether the value is a digest."""
    language = report.language
    models = dict.fromkeys((f"{each.name} {each.version}", each.digest) for each in report.models)
    calibrations = {each.calibration for each in report.models if each.calibration}
    made = say(language, "paper_made_by", at=_at(report, report.at), zone=report.zone, version=__version__)
    rows = [
        ("people_inspected", ", ".join(report.people.inspected)),
        ("people_reviewed", ", ".join(report.people.reviewed)),
        *(
            ("line", say(language, "paper_measured" if each.measured else "paper_unmeasured", name=each.name))
            for each in report.lines
        ),
        *(row for name, digest in models for row in (("model", name), ("digest", digest))),
        *(("calibration", each) for each in sorted(calibrations)),
        ("evidence", report.evidence_digest),
        ("seal", report.seal_key),
        ("made", made),
    ]
    digests = ("digest", "calibration", "evidence", "seal")
    return [[say(language, f"paper_{key}"), value, "digest" if key in digests else ""] for key, value in rows if value]


def _worst(packages: tuple[Package, ...], most: int) -> list[Package]:
    """In the order of the lot."""
    worst = sorted(range(len(packages)), key=lambda at: (-packages[at].unfit, at))[:most]
    return [packages[at] for at in sorted(worst)]


def _defects(counts: Mapping[str, int], language: str) -> str:
    return ", ".join(
        word(language, f"defect_{name}", name) + (f" ({number(count, language)})" if count > 1 else "")
        for name, count in counts.items()
    )


def _at(report: Report, at: datetime) -> str:
    return moment(at, ZoneInfo(report.zone), report.language)


def _span(report: Report) -> str:
    zone = ZoneInfo(report.zone)
    first, last = (each.astimezone(zone) for each in report.inspected)
    same = first.date() == last.date()
    return f"{_at(report, first)}–{clock(last, zone)}" if same else f"{_at(report, first)} – {_at(report, last)}"


def _plain(value: Any) -> Any:
    """The same without characters that no paper can show: controls, half characters, marks of direction."""
    if isinstance(value, str):
        seen = (each if each == "\n" or unicodedata.category(each)[0] != "C" else " " for each in value)
        return unicodedata.normalize("NFC", "".join(seen))
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return {key: _plain(each) for key, each in value.items()} if isinstance(value, dict) else value
