"""`vistobueno lot …`: a lot from opening to decision, by the rules of the API, also while the station runs."""

import hashlib
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from ..accounts.accounts import Accounts
from ..accounts.errors import access_refused
from ..accounts.identity import permissions_of
from ..core.errors import DataRefused, PhotoRefused
from ..core.inspection import DEFAULT_LINE, SYSTEM, Actor, Filter, Inspection
from ..core.lots.errors import LotRefused
from ..core.lots.judging import LimitResult
from ..core.lots.lot import LotDecision, LotFacts
from ..i18n import say, word
from ..model.inspector import limits_for
from ..services import Station, open_records
from ..services.bulk import read_photo
from ..services.engine import Local
from ..services.inspections import Judged
from ..services.lot_estimates import LotEstimate
from ..services.lots import Lots, LotStatus, Place
from ..settings import Settings, read_settings
from ..web.api.derived import plain
from .inspect import find_photos
from .model import percent
from .people import show, table_of

_OF_A_PACKAGE = re.compile(r"(\d{1,9})\D*$")  # "caja 3", "3", "pallet 2 box 14"
_OK, _ERROR = 0, 3


@dataclass(frozen=True)
class _Added:
    """What became of the photographs: of each file, the inspection that shows it, or why there is none."""

    added: list[tuple[str, Inspection]] = field(default_factory=list)
    already: list[tuple[str, Inspection]] = field(default_factory=list)
    refused: list[tuple[str, PhotoRefused | LotRefused]] = field(default_factory=list)


def lot_open(
    facts: Mapping[str, Any],
    standards: Sequence[str],
    opened: int,
    fruit: int,
    key: str,
    by: str,
    as_json: bool,
    language: str,
) -> None:
    """Open a lot and say which packages were drawn."""
    settings = read_settings()
    with records(settings) as engine:
        actor = actor_named(engine, settings, by, "inspect")
        lot, again = Lots(engine).open(
            LotFacts(**facts), standards, actor, opened=opened, fruit=fruit, idempotency_key=key or None
        )
    if as_json:
        print(_json(plain(lot) | {"packages": list(lot.draw.numbers)}))
        return
    drawn = ", ".join(map(str, lot.draw.numbers))
    print(say(language, "lot_again" if again else "lot_opened", number=lot.number, code=lot.facts.code))
    print(say(language, "lot_drawn", packages=drawn, fruit=lot.plan.fruit))


def lot_add(
    number: int,
    paths: Sequence[str],
    package: int | None,
    fruit: int | None,
    line: str,
    by: str,
    as_json: bool,
    language: str,
) -> int:
    """Judge photographs of a lot and keep them; nothing is judged where one is of a package that was not drawn.

    Returns:
        The exit code: 3 where a photograph was refused.
    """
    settings = read_settings()
    places = {file: _place(file, number, package, fruit) for file in _files(paths)}
    station = Station.open(settings)
    try:
        actor = actor_named(station.engine, settings, by, "inspect")
        line = line or DEFAULT_LINE
        station.lines.check(line)
        for place in dict.fromkeys(places.values()):
            station.lots.check(place)
        done = _add(station, places, actor, line)
        status = station.lots.status(number)
    finally:
        station.close()
    if as_json:
        print(_json(_told(done)))
    else:
        counts = {name: len(getattr(done, name)) for name in ("added", "already", "refused")}
        print(say(language, "lot_added", **counts))
        _print_counts(status, language)
    for file, error in done.refused:
        print(f"{say(language, 'error')}: {file}: {error.message(language)}", file=sys.stderr)
    return _ERROR if done.refused else _OK


def lot_status(number: int, as_json: bool, language: str) -> None:
    """Print where a lot stands."""
    with records(read_settings()) as engine:
        lots = Lots(engine)
        status, estimate = lots.status(number), lots.estimate(number)
    if as_json:
        print(_json(plain(status) | {"packages": list(status.lot.draw.numbers), "estimate": plain(estimate)}))
        return
    lot = status.lot
    about = (
        lot.facts.packer,
        lot.facts.origin,
        word(language, lot.facts.product, lot.facts.product),
        say(language, "ui_lot_grade_of", grade=lot.facts.grade),
    )
    print(f"{lot.number} · {say(language, 'ui_lot_titled', code=lot.facts.code)} · {' · '.join(about)}")
    if lot.demo:
        print(say(language, "demo_mark"))
    _print_counts(status, language)
    print(_estimated(estimate, language))
    for judgement, standard in zip(status.judgements, status.standards, strict=True):
        said = say(language, f"ui_lot_says_{judgement.decision}", grade=judgement.accepted_as or "")
        print(f"{standard.name.said(language)}: {said}")
        if not judgement.confirmed:
            print(f"  {say(language, 'ui_lot_doubt')}")
        for limit in (each for shown in judgement.classes[:1] for each in shown.limits):
            print(f"  {_limit(limit, language)}")
    if status.judgements[0].ended_early and not status.verdicts:
        print(say(language, "ui_lot_early"))
    for verdict in status.verdicts:
        said = say(language, f"ui_lot_said_{verdict.decision}", grade=verdict.grade or "")
        reason = f" — {verdict.reason}" if verdict.reason else ""
        print(f"{verdict.at:%Y-%m-%d %H:%M} UTC · {verdict.actor.name}: {said}{reason}")
    if status.changed:
        print(say(language, "ui_lot_changed"))


def lot_decide(
    number: int, decision: LotDecision, reason: str, grade: str | None, key: str, by: str, as_json: bool, language: str
) -> None:
    """Decide a lot, and say what was kept."""
    settings = read_settings()
    with records(settings) as engine:
        actor = actor_named(engine, settings, by, "review")
        verdict, _ = Lots(engine).decide(
            number, decision, actor, reason=reason, grade=grade, idempotency_key=key or None
        )
    if as_json:
        print(_json(plain(verdict)))
        return
    said = say(language, f"ui_lot_said_{verdict.decision}", grade=verdict.grade or "")
    print(say(language, "lot_decided", number=number, said=said))


@contextmanager
def records(settings: Settings) -> Iterator[Engine]:
    engine, _ = open_records(settings)
    try:
        yield engine
    finally:
        engine.dispose()


def actor_named(engine: Engine, settings: Settings, email: str, permission: str) -> Actor:
    """Who is written down: the station, or a person who may do this on its pages too.

    Raises:
        AccessRefused: ``person_unknown``, ``email_invalid`` or ``person_may_not``.
    """
    if not email:
        return SYSTEM
    person = Accounts(engine, settings).people.by_email(email)
    if person.disabled_at is not None or permission not in permissions_of(person.role):
        raise access_refused("person_may_not", email=person.email)
    return Actor("person", person.id, person.name)


def _files(paths: Sequence[str]) -> list[str]:
    found = {name: find_photos(name)[0] for name in paths}
    if empty := ", ".join(name for name, photos in found.items() if not photos):
        raise DataRefused("no_photos", es=say("es", "no_photos", paths=empty), en=say("en", "no_photos", paths=empty))
    return list(dict.fromkeys(file for photos in found.values() for file in photos))


def _place(file: str, lot: int, package: int | None, fruit: int | None) -> Place:
    """Where a photograph's fruit was taken from: as it is said, or by the number in its folder's name.

    Raises:
        LotRefused: ``package_unnamed``.
    """
    if fruit is not None and package is None:
        raise _unnamed("lot_fruit_of_package", str(fruit))
    if package is None:
        named = _OF_A_PACKAGE.search(Path(file).absolute().parent.name)
        if named is None:
            raise _unnamed("lot_package_unnamed", file)
        package = int(named[1])
    return Place(lot, package, fruit)


def _unnamed(text: str, what: str) -> LotRefused:
    return LotRefused("package_unnamed", es=say("es", text, what=what), en=say("en", text, what=what))


def _add(station: Station, places: Mapping[str, Place], actor: Actor, line: str) -> _Added:
    """Judged by all threads, kept one after the other: the fruit of a package are numbered in the order of their files."""
    lot = next(iter(places.values())).lot
    known, done = {each.photo.sha256: each for each in _inspections(station, lot)}, _Added()
    limits = limits_for(station.models.active)

    def judge(file: str) -> tuple[str, Judged | PhotoRefused | Inspection]:
        try:
            data = read_photo(Path(file), limits)
            return file, known.get(hashlib.sha256(data).hexdigest()) or station.inspections.judge(data, line)
        except PhotoRefused as error:
            return file, error

    for file, said in Local(judge, station.judging.threads).submit(places):
        if isinstance(said, PhotoRefused):
            done.refused.append((file, said))
            continue
        if isinstance(said, Judged):
            said = known.get(said.photo.sha256, said)  # the same photograph may lie there twice
        if isinstance(said, Inspection):
            done.already.append((file, said))
            continue
        key = f"lot {lot} {said.photo.sha256}"
        try:
            kept = station.inspections.keep(
                said, actor, source="bulk", line=line, place=places[file], filename=file, idempotency_key=key
            )
        except LotRefused as error:
            if error.code != "package_full":
                raise
            done.refused.append((file, error))
            continue
        known[said.photo.sha256] = kept.inspection
        (done.already if kept.replayed else done.added).append((file, kept.inspection))
    return done


def _inspections(station: Station, lot: int) -> Iterator[Inspection]:
    after: str | None = None
    while True:
        page = station.inspections.page(Filter(lot=lot), after, 200)
        yield from page.items
        if (after := page.next) is None:
            return


def _told(done: _Added) -> dict[str, list[dict[str, Any]]]:
    def kept(file: str, found: Inspection) -> dict[str, Any]:
        where = {"package": found.package, "fruit": found.fruit}
        return {"file": file, "inspection": found.number, **where, "answer": found.verdict.answer}

    return {
        "added": [kept(*each) for each in done.added],
        "already": [kept(*each) for each in done.already],
        "refused": [{"file": file, "code": error.code} for file, error in done.refused],
    }


def _print_counts(status: LotStatus, language: str) -> None:
    heads = tuple(f"ui_lot_head_{name}" for name in ("package", "looked", "unfit", "awaited"))
    rows = [
        (
            str(each.number),
            f"{each.looked_at} / {each.looked_at + each.to_come}",
            str(len(each.unfit)),
            str(each.awaited),
        )
        for each in status.counts
    ]
    show(table_of(heads, rows, language))


def _limit(found: LimitResult, language: str) -> str:
    sign = {True: "✔", False: "✘", None: "?"}[found.kept]
    tally = found.lot
    most = f"{say(language, 'ui_lot_head_most')}: {tally.most}"
    return f"{sign} {found.limit.name.said(language)}: {tally.count} / {tally.of} ({most})"


def _estimated(found: LotEstimate, language: str) -> str:
    if found.share is None or found.low is None or found.high is None:
        return say(language, f"ui_lot_no_estimate_{found.why}", lines=", ".join(found.lines))
    shares = {name: percent(getattr(found, name), language) for name in ("share", "low", "high")}
    return say(language, "ui_lot_estimated", **shares)


def _json(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False)
