"""A lot judged by a standard: raw counts in, what each limit came to and the decision out.

Whatever is not known yet (fruit to come, answers awaited, defects not named) may turn out either way: a limit is kept or
broken only when it is so in every case. The same rule says when the rest need not be looked at.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal, NamedTuple

from ..defects import SEVERITIES, Severity
from .counts import CountsRefused, Finding, Fruit, PackageCounts
from .risk import allowed
from .standard import DefectRule, Figure, Limit, Standard

Decision = Literal["accepted", "lower_class", "refused", "undecided"]
Cause = Literal["over", "over_in_package", "open", "too_few", "not_measured"]


@dataclass(frozen=True)
class Tally:
    """What came to count against a limit.

    Attributes:
        count: fruit that do; possible: with those that may, of the fruit looked at so far.
        of: fruit looked at (measured, for size); to_come: further ones.
        most: how many of ``of + to_come`` are borne.
        kept: None while it may turn out either way.
    """

    count: int
    possible: int
    of: int
    to_come: int
    most: int

    @property
    def share(self) -> float:
        """Of the fruit looked at so far; 0 of none."""
        return self.count / self.of if self.of else 0.0

    @property
    def kept(self) -> bool | None:
        if self.count > self.most:
            return False
        return True if self.of and self.possible + self.to_come <= self.most else None


@dataclass(frozen=True)
class LimitResult:
    """A limit of a class, over the lot and by number of package where the standard limits one package."""

    limit: Limit
    figure: Figure
    lot: Tally
    packages: tuple[tuple[int, Tally], ...] = ()

    @property
    def kept(self) -> bool | None:
        return _all_kept([self.lot.kept, *(each.kept for _, each in self.packages)])


@dataclass(frozen=True)
class ClassResult:
    """A class and its limits; a size that nobody measured is left out of ``kept``."""

    key: str
    limits: tuple[LimitResult, ...]

    @property
    def kept(self) -> bool | None:
        measured = [each.kept for each in self.limits if not _unmeasured(each)]
        return _all_kept(measured) if measured else None


@dataclass(frozen=True)
class Reason:
    """Why a lot is not simply accepted, or what its acceptance leaves out.

    Attributes:
        cause: ``over`` and ``over_in_package``, a limit is broken; ``open``, it may turn out either way; ``too_few`` fruit;
            ``not_measured``, size.
        class_key, limit: of the standard; None for ``too_few``.
        package: the number of the package; None: the lot.
    """

    cause: Cause
    class_key: str | None = None
    limit: str | None = None
    package: int | None = None
    tally: Tally | None = None


@dataclass(frozen=True)
class Judgement:
    """What a standard says of a lot.

    Attributes:
        standard, version, digest: which judged it.
        declared: the class that the lot was presented as.
        accepted_as: the class that it is accepted in; None unless it is.
        ended_early: it is decided though fruit are still to come or answers awaited: nothing of it can change that.
        confirmed: every limit that decided has been read in the document.
        classes: the declared one and those below it that were considered.
    """

    standard: str
    version: int
    digest: str
    declared: str
    decision: Decision
    accepted_as: str | None
    ended_early: bool
    confirmed: bool
    classes: tuple[ClassResult, ...]
    reasons: tuple[Reason, ...]


def judge_lot(counts: Sequence[PackageCounts], standard: Standard, declared: str) -> Judgement:
    """Judge a lot's raw counts by a standard, in the class it was presented as or, failing that, a lower one.

    A fruit that people call unfit without saying how bad its defect is fails the declared class; of lower classes nobody
    knows. A defect that the standard does not list is taken as one of unknown severity.

    Args:
        counts: one for each package, opened or still to be opened.

    Raises:
        CountsRefused: ``class_unknown``, ``package_twice``.
    """
    keys = [each.key for each in standard.classes]
    if declared not in keys:
        listed = ", ".join(keys)
        raise CountsRefused(
            "class_unknown",
            es=f"La norma {standard.key} no tiene la categoría «{declared}». Elija una de estas: {listed}.",
            en=f"The standard {standard.key} has no class “{declared}”. Choose one of these: {listed}.",
        )
    twice = [number for number, times in Counter(each.number for each in counts).items() if times > 1]
    if twice:
        raise CountsRefused(
            "package_twice",
            es=f"El bulto {twice[0]} está dos veces. Junte sus conteos.",
            en=f"Package {twice[0]} appears twice. Put its counts together.",
        )
    first = keys.index(declared)
    outcomes = _Outcomes(standard, first)
    classes = tuple(_judged_class(counts, standard, place, outcomes) for place in range(first, len(keys)))
    enough = sum(each.looked_at for each in counts) >= max(1, standard.fewest_fruit)
    decision, considered = _decided([each.kept for each in classes]) if enough else ("undecided", 1)
    shown = classes[:considered]
    decided_by = shown[-1:] if decision in ("accepted", "lower_class") else shown
    return Judgement(
        standard.key,
        standard.version,
        standard.digest,
        declared,
        decision,
        shown[-1].key if decision in ("accepted", "lower_class") else None,
        decision != "undecided" and any(each.to_come or each.awaited for each in counts),
        all(limit.figure.confirmed for each in decided_by for limit in each.limits if not _unmeasured(limit)),
        shown,
        (() if enough else (Reason("too_few"),)) + tuple(reason for each in shown for reason in _reasons(each)),
    )


def weighs(judgement: Judgement, standard: Standard, fruit: Fruit) -> bool:
    """Whether a lot that ``standard`` left undecided may turn out otherwise by what is not known of an unfit fruit."""
    if judgement.decision != "undecided":
        return False
    first = [each.key for each in standard.classes].index(judgement.declared)
    outcomes = _Outcomes(standard, first)
    open_limits = (
        (each.limit, place)
        for place, shown in enumerate(judgement.classes, start=first)
        for each in shown.limits
        if each.kept is None and "size" not in each.limit.of
    )
    return any(sure != may for sure, may in (outcomes.of(fruit, *each) for each in open_limits))


def _decided(kept: Sequence[bool | None]) -> tuple[Decision, int]:
    """The decision, and how many classes it took."""
    for place, each in enumerate(kept):
        if each is None:
            return "undecided", place + 1
        if each:
            return ("lower_class" if place else "accepted"), place + 1
    return "refused", len(kept)


def _judged_class(
    counts: Sequence[PackageCounts], standard: Standard, place: int, outcomes: "_Outcomes"
) -> ClassResult:
    grade = standard.classes[place]
    results = []
    for limit in standard.limits:
        figure = grade.figures.get(limit.key)
        if figure is None:
            continue
        found = [(each.number, _counted(each, limit, place, outcomes)) for each in counts]
        packages = tuple(
            (number, _tally([each], figure.package, figure.package_fruit))
            for number, each in found
            if figure.package is not None and each.of + each.to_come
        )
        results.append(LimitResult(limit, figure, _tally([each for _, each in found], figure.share), packages))
    return ClassResult(grade.key, tuple(results))


def _counted(counts: PackageCounts, limit: Limit, place: int, outcomes: "_Outcomes") -> Tally:
    if "size" in limit.of:
        return Tally(counts.out_of_size, counts.out_of_size, counts.sized, counts.to_come if counts.sized else 0, 0)
    count, possible = 0, counts.awaited
    for fruit, times in Counter(counts.unfit).items():
        sure, may = outcomes.of(fruit, limit, place)
        count, possible = count + times * sure, possible + times * may
    return Tally(count, possible, counts.looked_at, counts.to_come, 0)


def _tally(found: Iterable[Tally], share: float | None, at_least: int = 0) -> Tally:
    each = list(found)
    count, possible, of, to_come = (
        sum(getattr(one, name) for one in each) for name in ("count", "possible", "of", "to_come")
    )
    return Tally(count, possible, of, to_come, max(at_least, allowed(share or 0.0, of + to_come)))


class _Outcome(NamedTuple):
    """What a finding may turn out to be: a defect, how bad, of which kind, decay or not, and the place of the best class."""

    defect: str
    severity: Severity
    kind: str
    decay: bool
    best: int


class _Outcomes:
    """What findings may turn out to be, by a standard, for a lot that was presented as the class at ``declared``."""

    def __init__(self, standard: Standard, declared: int) -> None:
        self._places = {each.key: place for place, each in enumerate(standard.classes)}
        self._rules = {each.key: each for each in standard.defects}
        self._declared, self._none = declared, len(standard.classes)
        self._known: dict[tuple[Fruit, str, int], tuple[bool, bool]] = {}

    def of(self, fruit: Fruit, limit: Limit, place: int) -> tuple[bool, bool]:
        """Whether a fruit counts against a limit of the class at ``place`` for sure, and whether it may."""
        key = (fruit, limit.key, place)
        if key not in self._known:
            self._known[key] = self._weighed(fruit, limit, place)
        return self._known[key]

    def _weighed(self, fruit: Fruit, limit: Limit, place: int) -> tuple[bool, bool]:
        findings = [self._finding(each) for each in fruit] or [self._any("", (True, False))]
        if not any(len(each) == 1 and each[0].best > self._declared for each in findings):
            findings = [self._unfit(each) if len(each) > 1 else each for each in findings]
        hits = [[self._counts(outcome, limit, place) for outcome in each] for each in findings]
        return any(all(each) for each in hits), any(any(each) for each in hits)

    def _finding(self, finding: Finding) -> list[_Outcome]:
        rule = self._rules.get(finding.defect)
        if rule is None:
            return self._any(finding.defect, (False,))
        if finding.severity is None:
            return [self._outcome(rule, each) for each in SEVERITIES]
        return [self._outcome(rule, finding.severity)]

    def _outcome(self, rule: DefectRule, severity: Severity) -> _Outcome:
        """By the grade of its severity or, where the standard lists none, the next worse one; beyond that by no class."""
        grade = rule.grade(severity)
        best = self._none if grade is None or grade.best is None else self._places[grade.best]
        return _Outcome(rule.key, severity, rule.kind, rule.decay, best)

    def _any(self, defect: str, decays: tuple[bool, ...]) -> list[_Outcome]:
        """Whatever a fruit may have whose defect nobody named, or the standard does not list."""
        names = [defect] if defect else ["", *self._rules]
        every = product(names, SEVERITIES, ("quality", "condition"), decays, range(self._none + 1))
        return [_Outcome(*each) for each in every if not each[3] or each[4] == self._none]

    def _unfit(self, outcomes: list[_Outcome]) -> list[_Outcome]:
        """People called the fruit unfit: those that the declared class does not bear, where there are any."""
        return [each for each in outcomes if each.best > self._declared] or outcomes

    def _counts(self, outcome: _Outcome, limit: Limit, place: int) -> bool:
        if limit.kind and outcome.kind != limit.kind:
            return False
        if limit.defects and outcome.defect not in limit.defects:
            return False
        if limit.severities and outcome.severity not in limit.severities:
            return False
        below_next = place + 1 < self._none and outcome.best > place + 1
        signs = {"defective": outcome.best > place, "below_next": below_next, "decay": outcome.decay}
        return any(signs.get(each, False) for each in limit.of)


def _all_kept(kept: Sequence[bool | None]) -> bool | None:
    if False in kept:
        return False
    return None if None in kept else True


def _unmeasured(result: LimitResult) -> bool:
    return "size" in result.limit.of and not result.lot.of


def _reasons(found: ClassResult) -> list[Reason]:
    reasons = []
    for each in found.limits:
        if _unmeasured(each):
            reasons.append(Reason("not_measured", found.key, each.limit.key))
            continue
        tallies = [(None, each.lot), *each.packages]
        for number, tally in tallies:
            if tally.kept is False:
                cause: Cause = "over" if number is None else "over_in_package"
                reasons.append(Reason(cause, found.key, each.limit.key, number, tally))
            elif tally.kept is None:
                reasons.append(Reason("open", found.key, each.limit.key, number, tally))
    return reasons
