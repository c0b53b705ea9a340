"""What people answered, as a data set: the photographs that are kept, and what they show, in a form that others read."""

import csv
import io
import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal, TextIO
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

from PIL import Image
from sqlalchemy import Engine

from ..core.errors import VistoBuenoError
from ..core.inspection import Filter, Inspection
from ..core.verdict import OUT_OF_SCOPE, Verdict
from ..core.version import __version__
from ..model.whole import put_back, whole_folder
from ..store.database import reading
from ..store.lists import inspections_page
from ..store.lots import is_demonstration
from ..store.photos.evidence import Evidence, EvidenceMissing

Form = Literal["dataset", "coco", "label-studio"]
PHOTOGRAPHS, MARK = "photographs", "answers.json"
COLUMNS = ("file", "label", "group", "source", "variant")
OTHER = "other"
_FILES = {"dataset": ("photos.csv",), "coco": ("coco.json",), "label-studio": ("tasks.json", "labeling.xml")}
_OURS = {PHOTOGRAPHS, MARK, *(name for names in _FILES.values() for name in names)}
_AT_ONCE, _READERS = 500, 8


class AnswersRefused(VistoBuenoError):
    """There are no answers to write, or no place to write them."""


@dataclass(frozen=True)
class Answered:
    """A photograph that was written, and what its inspection's last review says that it shows.

    Attributes:
        file: from the data set's folder.
        label: ``banana_unfit``: the product that it resembles most, in the condition that a person saw; or ``other``.
        size: (width, height) in pixels.
    """

    inspection: Inspection
    file: str
    label: str
    size: tuple[int, int]


@dataclass
class Exported:
    """How many answers were written by label, and how many were left out since their photograph is no longer kept."""

    labels: dict[str, int]
    without_photograph: int = 0


def export_answers(
    engine: Engine,
    evidence: Evidence,
    folder: Path,
    form: Form = "dataset",
    *,
    line: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Exported:
    """Write what people answered, and the photographs, to a folder, whole or not at all; memory does not grow with them.

    Args:
        form: ``dataset``: ``photos.csv`` as `train` and `commission` read it; ``coco``; ``label-studio``: tasks.
        line: its answers alone.
        since, until: when it was inspected: from this moment on, and before that one.

    Raises:
        AnswersRefused: ``export_taken`` or ``no_answers``; nothing was written.
        Unavailable: the database or the store of photographs does not answer.
    """
    folder = folder.absolute()
    put_back(folder)
    _refuse_taken(folder)
    found = _pages(engine, Filter(reviewed=True, since=since, until=until, line=line))
    with whole_folder(folder) as beside, ThreadPoolExecutor(_READERS) as readers:
        beside.chmod(0o700)
        (beside / PHOTOGRAPHS).mkdir()
        exported = Exported({})
        answered = _written(found, partial(_copy, evidence, beside), readers, exported)
        _WRITERS[form](answered, beside, folder.name)
        if not exported.labels:
            raise AnswersRefused(
                "no_answers",
                es="No hay respuestas de personas con fotografía para exportar. Responda en Revisar, o pida otra línea u "
                "otras fechas.",
                en="There are no answered photographs to export. Answer under Review, or ask for another "
                "line or other dates.",
            )
        mark: dict[str, object] = {"program": __version__, "form": form, "made": _now(), "labels": exported.labels}
        with reading(engine) as connection:
            mark |= {"demo": True} if is_demonstration(connection) else {}
        (beside / MARK).write_text(json.dumps(mark, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return exported


def _refuse_taken(folder: Path) -> None:
    """Only nothing, an empty folder or an earlier export is written over."""
    names = {each.name for each in folder.iterdir()} if folder.is_dir() else {folder.name} if folder.exists() else set()
    if names and not (MARK in names and names <= _OURS):
        foreign = sorted(names - _OURS or names)[0]
        raise AnswersRefused(
            "export_taken",
            es=f"En {folder} hay algo que no es una exportación de respuestas ({foreign}) y se perdería. Elija otra carpeta.",
            en=f"{folder} holds something other than exported answers ({foreign}) and would be lost. Choose another folder.",
        )


def answered(engine: Engine, line: str) -> Iterator[tuple[Inspection, str]]:
    """A line's inspections whose last review says what they show, and the label of that, the newest first."""
    for some in _pages(engine, Filter(reviewed=True, line=line)):
        yield from ((each, _label(each)) for each in some)


def _pages(engine: Engine, asked: Filter) -> Iterator[list[Inspection]]:
    """The inspections whose last review says what they show, some at a time, the newest first."""
    after: str | None = None
    while True:
        page = inspections_page(engine, asked, after, _AT_ONCE)
        yield [each for each in page.items if each.reviews[-1].answer != "retake"]
        if (after := page.next) is None:
            return


def _written(
    found: Iterator[list[Inspection]],
    copy: Callable[[Inspection], tuple[int, int] | None],
    readers: ThreadPoolExecutor,
    exported: Exported,
) -> Iterator[Answered]:
    """Those whose photograph was copied; what was, and what was not, is counted."""
    for some in found:
        for each, size in zip(some, readers.map(copy, some), strict=True):
            if size is None:
                exported.without_photograph += 1
                continue
            label = _label(each)
            exported.labels[label] = exported.labels.get(label, 0) + 1
            yield Answered(each, _file(each), label, size)


def _copy(evidence: Evidence, beside: Path, inspection: Inspection) -> tuple[int, int] | None:
    """The size of a photograph that was copied; None where it is no longer kept."""
    try:
        data = evidence.get(inspection.evidence)
    except EvidenceMissing:
        return None
    (beside / _file(inspection)).write_bytes(data)
    with Image.open(io.BytesIO(data)) as image:
        return image.size


def _file(inspection: Inspection) -> str:
    return f"{PHOTOGRAPHS}/{inspection.number}.jpg"


def _label(inspection: Inspection) -> str:
    said = inspection.reviews[-1].answer
    return OTHER if said == "other" else f"{inspection.verdict.product}_{said}"


def _table(answered: Iterable[Answered], beside: Path, name: str) -> None:
    """The table of `training.data.read_data`. The same photograph given twice is one group."""
    with (beside / "photos.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        for each in answered:
            one = each.inspection
            variant = " ".join(one.reviews[-1].defects)
            table.writerow((each.file, each.label, one.photo.sha256, one.line, variant))


def _coco(answered: Iterable[Answered], beside: Path, name: str) -> None:
    """COCO's object detection, each photograph with one box around all of it: the format has no label of a whole image.

    https://cocodataset.org/#format-data
    """
    categories: dict[str, int] = {}
    with (
        (beside / "coco.json").open("w", encoding="utf-8") as file,
        tempfile.TemporaryFile("w+", encoding="utf-8") as annotations,
    ):
        add_image, add_annotation = _listing(file), _listing(annotations)
        info = {
            "description": "Visto Bueno",
            "version": __version__,
            "year": datetime.now(UTC).year,
            "date_created": _now(),
        }
        file.write(f'{{"info": {_json(info)}, "licenses": [], "images": [')
        for each in answered:
            number, (width, height) = each.inspection.number, each.size
            category = categories.setdefault(each.label, len(categories) + 1)
            at = each.inspection.at.isoformat(timespec="seconds")
            add_image({"id": number, "file_name": each.file, "width": width, "height": height, "date_captured": at})
            box: dict[str, Any] = {
                "bbox": [0, 0, width, height],
                "area": width * height,
                "iscrowd": 0,
                "segmentation": [],
            }
            add_annotation({"id": number, "image_id": number, "category_id": category, **box})
        file.write('\n], "annotations": [')
        annotations.seek(0)
        shutil.copyfileobj(annotations, file)
        listed = [
            {"id": number, "name": label, "supercategory": label.rpartition("_")[0] or label}
            for label, number in categories.items()
        ]
        file.write(f'\n], "categories": {_json(listed)}}}\n')


def _tasks(answered: Iterable[Answered], beside: Path, name: str) -> None:
    """Label Studio's tasks, for a document root that is the folder above, and the labelling interface that they need.

    https://labelstud.io/guide/tasks
    """
    labels: dict[str, None] = {}
    with (beside / "tasks.json").open("w", encoding="utf-8") as file:
        add = _listing(file)
        file.write("[")
        for each in answered:
            one = each.inspection
            verdict, model = one.verdict, one.model
            predicted, score = _predicted(verdict)
            labels |= dict.fromkeys((each.label, predicted))
            prediction = {"model_version": f"{model.name} {model.version}", "result": [_choice(predicted)], **score}
            data = {
                "image": f"/data/local-files/?d={quote(f'{name}/{each.file}')}",
                "inspection": one.number,
                "line": one.line,
                "verdict": verdict.answer,
            }
            add({"data": data, "annotations": [{"result": [_choice(each.label)]}], "predictions": [prediction]})
        file.write("\n]\n")
    choices = "".join(f"  <Choice value={quoteattr(label)}/>\n" for label in sorted(labels))
    (beside / "labeling.xml").write_text(
        '<View>\n <Image name="image" value="$image"/>\n <Choices name="label" toName="image" choice="single">\n'
        f"{choices} </Choices>\n</View>\n",
        encoding="utf-8",
    )


def _predicted(verdict: Verdict) -> tuple[str, dict[str, float]]:
    """The label that the model tended to, and how sure it was where it said so."""
    if OUT_OF_SCOPE in verdict.reasons:
        return OTHER, {"score": verdict.probabilities[OTHER]} if OTHER in verdict.probabilities else {}
    condition = verdict.forced if verdict.answer == "review" else verdict.answer
    unfit = verdict.probability_unfit
    return f"{verdict.product}_{condition}", {"score": unfit if condition == "unfit" else 1 - unfit}


def _choice(label: str) -> dict[str, Any]:
    return {"from_name": "label", "to_name": "image", "type": "choices", "value": {"choices": [label]}}


def _listing(file: TextIO) -> Callable[[object], None]:
    """What adds to a JSON list that is being written."""
    before = "\n"

    def add(value: object) -> None:
        nonlocal before
        file.write(before + _json(value))
        before = ",\n"

    return add


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


_WRITERS: dict[Form, Callable[[Iterable[Answered], Path, str], None]] = {
    "dataset": _table,
    "coco": _coco,
    "label-studio": _tasks,
}
