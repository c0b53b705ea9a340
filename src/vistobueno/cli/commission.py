"""`vistobueno commission`: a line's answered photographs → a calibrated bundle, and what it is worth."""

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.commissioning import FITTED_TO, MOST_LOST, Commissioned
from ..core.errors import PhotoRefused
from ..core.inspection import SYSTEM
from ..core.layers import Progress
from ..core.photo import Photo, open_photo
from ..core.promises import Promise
from ..core.shares import Share
from ..i18n import counted, say
from ..model.bundle import refuse_taken
from ..model.calibrated import digest_of, write_calibrated
from ..model.commission import commission_line, described, see
from ..model.runtime import Model
from ..services import open_records
from ..services.calibrations import Calibrations
from ..services.models import Models
from ..settings import Settings
from ..training.data import LabelledPhoto, limits_as_served, read_data, refuse_unknown, unreadable
from .model import percent, tell_left_out

if TYPE_CHECKING:
    from rich.table import Table

_FEW = 10  # photographs of a class below which a person is told, and fruit of a source below which nothing is said
_EXAMPLES = 5
_RATES = ("forced", "escapes", "overkill", "review")


def run_commission(
    data: Path,
    out: Path,
    alpha: float | None,
    beta: float | None,
    skip_unreadable: bool,
    as_json: bool,
    model: Model,
    language: str,
) -> None:
    """Fit ``model`` to the line whose answered photographs lie in ``data``, write it to ``out``, print what it is worth."""
    refuse_taken(out)
    found = read_data(data, model.bundle.classes)
    refuse_unknown(found.photos, model.bundle.classes)
    photos = [photo for photo in found.photos if photo.label in {each.key for each in model.bundle.classes}]
    refused: dict[str, PhotoRefused] = {}
    read: list[LabelledPhoto] = []
    hashes: list[str] = []
    limits = limits_as_served(model)

    def opened() -> Iterator[Photo]:
        for number, photo in enumerate(photos, 1):
            try:
                picture = open_photo(photo.path.read_bytes(), limits)
            except PhotoRefused as error:
                refused[str(photo.path)] = error
                continue
            read.append(photo)
            hashes.append(picture.sha256)
            yield picture
            progress("photographs", number, len(photos))

    with _bars(language) as progress:
        seen = see(opened(), model)
        if refused and not skip_unreadable:
            raise unreadable(refused)
        labels, groups = [photo.label for photo in read], [f"{photo.source}/{photo.group}" for photo in read]
        commissioned = commission_line(model, seen, labels, groups, alpha=alpha, beta=beta, progress=progress)
    commissioned = described(commissioned, data.stem if data.is_file() else data.absolute().name, hashes)
    calibration = commissioned.calibration
    bundle = write_calibrated(model.bundle, calibration, out)
    tell_left_out({"passed_over": len(found.passed_over), "unreadable": len(refused)}, language)
    if as_json:
        facts = {name: value for name, value in calibration.facts.items() if name != FITTED_TO}
        told = {**facts, "calibration": digest_of(calibration), "digest": bundle.digest, "folder": str(out)}
        print(json.dumps(told, indent=1, ensure_ascii=False))
        return
    _print(commissioned, read, model, language)
    print(say(language, "commission_written", folder=out))
    print(say(language, "commission_use", folder=out))


def run_commission_line(settings: Settings, name: str, activate: bool, as_json: bool, language: str) -> None:
    """Fit the station's active model to one of its lines, from what its people answered, also while the station runs."""
    engine, evidence = open_records(settings)
    models = Models(engine, settings)
    try:
        calibrations = Calibrations(engine, evidence, models)
        with _bars(language) as progress:
            kept, made = calibrations.make(name, SYSTEM, progress)
        if activate:
            kept = calibrations.activate(kept.number, SYSTEM)
        model = models.active
    finally:
        models.close()
        engine.dispose()
    if as_json or made is None:
        told = {**kept.facts, "line": name, "number": kept.number, "calibration": kept.digest, "active": kept.active}
        print(json.dumps(told, indent=1, ensure_ascii=False))
        return
    photographs = [
        LabelledPhoto(Path(f"{each.inspection.number}.jpg"), each.label, each.inspection.photo.sha256, name)
        for each in made.photographs
    ]
    _print(made.commissioned, photographs, model, language)
    print(say(language, f"commission_{'active' if kept.active else 'kept'}", number=kept.number, line=name))


@contextmanager
def _bars(language: str) -> Iterator[Progress]:
    """Progress on standard error where someone looks."""
    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    with Bars(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bars:
        tasks: dict[str, TaskID] = {}

        def progress(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(say(language, f"commission_step_{step}"), total=total)
            bars.update(tasks[step], completed=done)

        yield progress


def _print(found: Commissioned, photos: Sequence[LabelledPhoto], model: Model, language: str) -> None:
    from rich.console import Console

    console = Console()
    console.print(say(language, "commission_title", photographs=len(photos)), style="bold")
    console.print(_classes(found, model, language))
    for sentence in (*_lacking(found, photos, model, language), *_promised(found, language)):
        console.print(sentence, soft_wrap=True)
    console.print(_before_and_after(found, language))
    console.print(say(language, "commission_crossed"), style="dim", soft_wrap=True)
    for sentence in (*_elsewhere(found, model, language), *_examples(found, photos, language)):
        console.print(sentence, soft_wrap=True, markup=False)


def _classes(found: Commissioned, model: Model, language: str) -> "Table":
    from rich.table import Column, Table

    names = [say(language, f"commission_{each}") for each in ("class", "photographs", "fruit")]
    table = Table(names[0], *(Column(name, justify="right") for name in names[1:]))
    counts = found.calibration.facts["classes"]
    for each in model.bundle.classes:
        if each.key in counts:
            own = counts[each.key]
            table.add_row(each.names.get(language, each.key), str(own["photographs"]), str(own["groups"]))
    return table


def _lacking(found: Commissioned, photos: Sequence[LabelledPhoto], model: Model, language: str) -> Iterator[str]:
    """Which classes have few photographs, and which of the line's products lack one of their conditions."""
    counts = Counter(photo.label for photo in photos)
    own = {photo.product for photo in photos}
    names = {each.key: each.names.get(language, each.key) for each in model.bundle.classes}
    if few := [names[key] for key in sorted(counts) if counts[key] < _FEW]:
        yield say(language, "commission_few", classes=", ".join(few), least=_FEW)
    expected = [each.key for each in model.bundle.classes if each.product is None or each.product in own]
    kept = bool(found.known) or not found.weight  # else the line alone decides
    if none := [names[key] for key in expected if kept and key not in counts]:
        yield say(language, "commission_none", classes=", ".join(none))


def _promised(found: Commissioned, language: str) -> Iterator[str]:
    for side, promise in (("escapes", found.escapes), ("overkill", found.overkill)):
        yield f"{say(language, 'commission_promise')}. {_promise(side, promise, language)}"
    yield say(language, "commission_approximately")


def _promise(side: str, promise: Promise, language: str) -> str:
    more = counted(language, "answered", promise.more)
    more = say(language, "commission_more", more=more, wished=percent(promise.wished, language))
    if not promise.n:
        return f"{say(language, f'commission_no_{side}')} {more}"
    said = say(language, f"commission_promise_{side}", rate=percent(promise.rate, language), n=promise.n)
    return f"{said} {more}" if promise.more else said


def _before_and_after(found: Commissioned, language: str) -> "Table":
    from rich.table import Column, Table

    heads = (say(language, f"commission_{each}") for each in ("before", "after"))
    table = Table(say(language, "commission_line"), *(Column(head, justify="right") for head in heads))
    for name in _RATES:
        before, after = getattr(found.before, name), getattr(found.after, name)
        table.add_row(say(language, f"commission_{name}"), _cell(before, language), _cell(after, language))
    if "" in found.known:
        table.add_row(say(language, "commission_known"), *(_cell(each, language) for each in found.known[""]))
    return table


def _elsewhere(found: Commissioned, model: Model, language: str) -> Iterator[str]:
    if not found.known:
        key = "commission_alone" if found.weight else "commission_thresholds_only"
        yield say(language, key, name=model.bundle.name)
        return
    worse = {
        name: pair
        for name, pair in found.known.items()
        if name and pair[0].n >= _FEW and pair[0].share - pair[1].share > MOST_LOST
    }
    for name, (before, after) in worse.items():
        shares = {"before": percent(before.share, language), "after": percent(after.share, language)}
        yield say(language, "commission_worse", source=name, n=before.n, **shares)
    if not worse:
        yield say(language, "commission_known_kept", most=percent(MOST_LOST, language))


def _examples(found: Commissioned, photos: Sequence[LabelledPhoto], language: str) -> Iterator[str]:
    pairs = zip(photos, found.verdicts_before, found.verdicts_after, strict=True)
    changed = [(photo, a.answer, b.answer) for photo, a, b in pairs if a.answer != b.answer]
    if changed:
        yield say(language, "commission_changed", count=len(changed))
    for photo, before, after in changed[:_EXAMPLES]:
        said = {"before": say(language, before), "after": say(language, after), "truth": photo.label}
        yield f"  {say(language, 'commission_example', file=photo.path.name, **said)}"


def _cell(share: Share, language: str) -> str:
    if not share.n:
        return "·"
    low, high = (percent(each, language) for each in (share.low, share.high))
    return f"{percent(share.share, language)} ({low} – {high})"
