"""What an inspection report tells, from all that a decision about a lot rests on."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection

from ..core.defects import SEVERITIES
from ..core.inspection import Actor, Inspection
from ..core.lots.counts import PackageCounts
from ..core.lots.issued import report_number
from ..core.lots.judging import Judgement, LimitResult, Tally
from ..core.lots.lot import Lot, LotVerdict
from ..core.lots.standard import Figure, Standard
from ..i18n import say
from ..report import report as paper
from ..report.report import ReportRefused
from ..store import lots

FORMAT = "vistobueno-evidence/1"
_COUNTS: TypeAdapter[tuple[PackageCounts, ...]] = TypeAdapter(tuple[PackageCounts, ...])
_JUDGEMENTS: TypeAdapter[tuple[Judgement, ...]] = TypeAdapter(tuple[Judgement, ...])


@dataclass(frozen=True)
class Basis:
    """What a report tells: a lot, its decisions, and all that the last one rests on."""

    lot: Lot
    verdicts: Sequence[LotVerdict]
    inspections: Sequence[Inspection]
    standards: Sequence[Standard]

    @classmethod
    def read(cls, connection: Connection, number: int) -> "Basis":
        lot = lots.one(connection, number)
        verdicts = lots.verdicts_of(connection, number)
        if not verdicts:
            raise ReportRefused(
                "report_undecided",
                es=f"El lote {number} está abierto. Decídalo primero; el informe es de su decisión.",
                en=f"Lot {number} is open. Decide it first; the report documents its decision.",
            )
        at = verdicts[-1].at
        known = tuple(_at(each, at) for each in lots.inspections_of(connection, number))
        return cls(lot, verdicts, known, lots.standards_of(connection, lot))

    @property
    def verdict(self) -> LotVerdict:
        return self.verdicts[-1]

    def report(self, number: str, language: str, **more: Any) -> paper.Report:
        lot, verdict = self.lot, self.verdict
        counts = _COUNTS.validate_python(verdict.evidence["counts"])
        judged = _JUDGEMENTS.validate_python(verdict.evidence["judgements"])
        times = [each.at for each in self.inspections] or [lot.opened_at]
        first = self.standards[0]
        return paper.Report(
            number=number,
            language=language,
            lot=lot.facts,
            plan=paper.Plan(tuple(map(str, lot.draw.numbers)), lot.plan.opened * lot.plan.fruit, lot.plan.seed),
            packages=tuple(_package(each) for each in counts),
            judgements=tuple(
                _judgement(each, standard, language) for each, standard in zip(judged, self.standards, strict=True)
            ),
            decision=verdict.decision,
            reason=verdict.reason,
            against=judged[0].decision != verdict.decision,
            people=paper.People(
                _names(each.actor for each in self.inspections),
                _names(review.actor for each in self.inspections for review in each.reviews),
                verdict.actor.name,
                verdict.at,
            ),
            inspected=(min(times), max(times)),
            models=tuple(dict.fromkeys(each.model for each in self.inspections)),
            lines=_lines(self.inspections),
            grade=_grade(first, lot.facts.grade, language),
            accepted_as=_grade(first, verdict.grade, language) if verdict.grade else "",
            **_estimate(verdict.evidence.get("estimate"), language),
            replaces=report_number(lot.number, len(self.verdicts) - 1, language) if len(self.verdicts) > 1 else "",
            demonstration=lot.demo,
            **more,
        )

    def worst(self, most: int) -> list[Inspection]:
        """A photograph of each of the worst fruit: unfit, the gravest defects first, then those of which one is named."""
        unfit = [each for each in self.inspections if each.said == "unfit"]
        unfit.sort(key=lambda each: (-_gravest(each), -each.verdict.probability_unfit, each.number))
        by_fruit = {(each.package, each.fruit): each for each in reversed(unfit)}
        return [each for each in unfit if by_fruit[each.package, each.fruit] is each][:most]

    def evidence(self, number: str, station: str) -> bytes:
        """All that the report rests on, as the JSON that the paper carries."""
        lot = self.lot
        told = {
            "format": FORMAT,
            "station": station,
            "report": number,
            "lot": {"number": lot.number, **asdict(lot.facts), "opened_at": lot.opened_at, "opened_by": lot.actor.name},
            "plan": {**asdict(lot.plan), "packages": lot.draw.numbers},
            "standards": [each.document() for each in self.standards],
            "decisions": [
                {
                    **{name: getattr(each, name) for name in ("id", "at", "decision", "grade", "reason", "previous")},
                    "by": each.actor.name,
                    **each.evidence,
                }
                for each in self.verdicts
            ],
            "inspections": [_told(each) for each in self.inspections],
            "demonstration": lot.demo,
        }
        return json.dumps(told, ensure_ascii=False, indent=1, default=_said).encode()


def _at(inspection: Inspection, moment: datetime) -> Inspection:
    """As it was known then."""
    reviews = tuple(each for each in inspection.reviews if each.at <= moment)
    return replace(inspection, reviews=reviews, named=tuple(each for each in inspection.named if each.at <= moment))


def _gravest(inspection: Inspection) -> float:
    """How bad its worst defect is; one of which nobody said it is between none and a slight one."""
    return max((SEVERITIES.index(each) + 1.0 if each else 0.5 for each in inspection.defects.values()), default=0.0)


def _estimate(told: Mapping[str, Any] | None, language: str) -> dict[str, Any]:
    """The share of unfit fruit in the whole lot, or why there is none."""
    if told is not None and told["why"] is None:
        return {"estimate": paper.Estimate(told["share"], told["low"], told["high"])}
    why, lines = ("not_measured", ()) if told is None else (told["why"], told["lines"])
    return {"no_estimate": say(language, f"ui_lot_no_estimate_{why}", lines=", ".join(lines))}


def named_defects(inspection: Inspection) -> tuple[str, ...]:
    """What people named on it last."""
    return tuple(inspection.defects)


def _names(actors: Iterable[Actor]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.name for each in actors))


def _lines(inspections: Iterable[Inspection]) -> tuple[paper.LineFacts, ...]:
    """Each line, and whether a calibration of its own judged all that it photographed."""
    measured: dict[str, bool] = {}
    for each in inspections:
        measured[each.line] = measured.get(each.line, True) and each.model.calibration is not None
    return tuple(paper.LineFacts(name, whole) for name, whole in measured.items())


def _package(counts: PackageCounts) -> paper.Package:
    defects: dict[str, int] = {}
    for fruit in counts.unfit:
        for defect in dict.fromkeys(each.defect for each in fruit):
            defects[defect] = defects.get(defect, 0) + 1
    return paper.Package(str(counts.number), counts.looked_at, len(counts.unfit), defects)


def _judgement(found: Judgement, standard: Standard, language: str) -> paper.Judgement:
    limits = tuple(
        limit for each in found.classes[0].limits for limit in _limits(each, language)
    )  # of the class that the lot was presented as
    named = standard.name.said(language)
    edition = f"{standard.edition}, " if standard.edition else ""
    return paper.Judgement(
        f"{named}, {say(language, 'paper_accepted_as', grade=_grade(standard, found.declared, language))}",
        edition + say(language, "paper_version", version=standard.version),
        found.confirmed,
        found.classes[0].kept,
        limits,
        _grade(standard, found.accepted_as, language) if found.decision == "lower_class" and found.accepted_as else "",
    )


def _limits(found: LimitResult, language: str) -> Iterable[paper.Limit]:
    """A limit over the lot, and over the package that is furthest over its own or nearest to it."""
    name = found.limit.name.said(language)
    yield _limit(name, found.lot, found.figure.share)
    if found.packages and found.figure.package is not None:
        number, worst = max(found.packages, key=lambda each: each[1].count - each[1].most)
        yield _limit(
            say(language, "paper_in_package", limit=name, package=number), worst, found.figure.package, found.figure
        )


def _limit(what: str, tally: Tally, share: float, figure: Figure | None = None) -> paper.Limit:
    if figure is not None and figure.package_fruit and tally.most == figure.package_fruit:
        return paper.Limit(what, tally.count, tally.of, tally.kept, accept=tally.most)
    return paper.Limit(what, tally.count, tally.of, tally.kept, share=share)


def _grade(standard: Standard, key: str, language: str) -> str:
    return next((each.name.said(language) for each in standard.classes if each.key == key), key)


def _told(inspection: Inspection) -> dict[str, Any]:
    verdict, model = inspection.verdict, inspection.model
    return {
        **{name: getattr(inspection, name) for name in ("number", "at", "line", "package", "fruit")},
        "by": inspection.actor.name,
        "photo_sha256": inspection.photo.sha256,
        "answer": verdict.answer,
        "reasons": verdict.reasons,
        "product": verdict.recognised_product,
        "probability_unfit": verdict.probability_unfit,
        "model": asdict(model),
        "reviews": [
            {
                "at": each.at,
                "by": each.actor.name,
                **{k: getattr(each, k) for k in ("answer", "defects", "severities", "blind", "note")},
            }
            for each in inspection.reviews
        ],
        "named": [
            {"at": each.at, "by": each.actor.name, "defects": each.defects, "severities": each.severities}
            for each in inspection.named
        ],
    }


def _said(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)
