"""`vistobueno lot …` as its user meets it: from opening to decision, in the shapes and by the rules of the API."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from accounts import PASSWORD
from command_line import Run, Said, broken, vistobueno
from vistobueno.cli.people import opened
from vistobueno.core.inspection import SYSTEM
from vistobueno.model.bundle import Bundle
from vistobueno.settings import Settings
from vistobueno.web.api.schemas import LotOut, LotStatusOut, LotVerdictOut

__all__ = ["broken", "vistobueno"]

FACTS = ("--code", "L-7", "--packer", "El Oro", "--origin", "Ecuador", "--product", "banana", "--packages", "9")
OPENING = ("lot", "open", *FACTS, "--standard", "codex-cxs-205", "--opened", "2", "--fruit", "3")


@pytest.fixture
def station(small_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vistobueno: Run) -> Path:
    """The data of a station that judges with the small model."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("MODEL_PATH", str(small_bundle.path))
    return tmp_path / "data"


def told(said: Said) -> dict[str, Any]:
    assert said.code == 0, said.err
    found: dict[str, Any] = json.loads(said.out)
    return found


def boxes(drawn: Path, folder: Path, packages: list[int], each: int = 2) -> Path:
    """Photographs in folders that say their package."""
    photos = iter(sorted(drawn.rglob("*.jpg")))
    for package in packages:
        (folder / f"caja {package}").mkdir(parents=True)
        for number in range(each):
            shutil.copy(next(photos), folder / f"caja {package}" / f"{number}.jpg")
    return folder


def test_a_lot_is_opened_filled_box_by_box_and_decided(
    station: Path, vistobueno: Run, drawn: Path, tmp_path: Path
) -> None:
    lot = told(vistobueno(*OPENING, "--json"))
    packages = lot.pop("packages")
    assert LotOut.model_validate(lot) and (lot["number"], len(packages)) == (1, 2)
    folder = boxes(drawn, tmp_path / "lot", packages)
    done = told(vistobueno("lot", "add", 1, folder, "--json"))
    places = [(each["package"], each["fruit"]) for each in done["added"]]
    assert places == [(package, fruit) for package in sorted(packages, key=str) for fruit in (1, 2)]
    status = told(vistobueno("lot", "status", 1, "--json"))
    assert LotStatusOut.model_validate(status) and status["packages"] == packages
    said = vistobueno("lot", "decide", 1, "refused", "-l", "en")
    assert said.code == 3 and "reason" in said.err
    verdict = told(vistobueno("lot", "decide", 1, "refused", "--reason", "rain", "--json"))
    assert LotVerdictOut.model_validate(verdict) and (verdict["previous"], verdict["actor"]["kind"]) == (None, "system")
    for language in ("es", "en"):
        shown = vistobueno("lot", "status", 1, "-l", language)
        assert shown.code == 0 and "El Oro" in shown.out and "rain" in shown.out
    closed = vistobueno("lot", "add", 1, folder, "-l", "en")
    assert closed.code == 3 and "closed" in closed.err


def test_what_was_added_before_is_not_counted_again(
    station: Path, vistobueno: Run, drawn: Path, broken: Path, tmp_path: Path
) -> None:
    first, second = told(vistobueno(*OPENING, "--json"))["packages"]
    folder = boxes(drawn, tmp_path / "lot", [first], each=1)
    assert vistobueno("lot", "add", 1, folder).code == 0
    more = folder / f"caja {first}"
    extra = sorted(drawn.rglob("*.jpg"))[5:8]
    for path in extra:
        shutil.copy(path, more / f"new-{path.parent.name}-{path.name}")
    shutil.copy(broken, more / "zz.jpg")
    said = vistobueno("lot", "add", 1, folder, "--json")
    done = json.loads(said.out)
    assert said.code == 3 and [len(done[name]) for name in ("added", "already", "refused")] == [2, 1, 2]
    assert {each["code"] for each in done["refused"]} == {"package_full", "not_a_photo"}
    assert [each["fruit"] for each in done["added"]] == [2, 3]
    assert told(vistobueno("lot", "status", 1, "--json"))["counts"][0]["number"] in (first, second)
    sides = told(vistobueno("lot", "add", 1, extra[2], "--package", second, "--fruit", 2, "--json"))
    assert [(each["package"], each["fruit"]) for each in sides["added"]] == [(second, 2)]


def test_nothing_is_judged_where_a_photograph_is_of_no_package_of_the_lot(
    station: Path, vistobueno: Run, drawn: Path, tmp_path: Path
) -> None:
    packages = told(vistobueno(*OPENING, "--json"))["packages"]
    other = next(each for each in range(1, 10) if each not in packages)
    strange = boxes(drawn, tmp_path / "strange", [packages[0], other])
    nameless = tmp_path / "no number" / "loose"
    nameless.mkdir(parents=True)
    shutil.copy(next(drawn.rglob("*.jpg")), nameless)
    photo = next(strange.rglob("*.jpg"))
    for arguments in (
        (1, strange),
        (1, nameless),
        (9, photo, "--package", packages[0]),
        (1, photo, "--fruit", 1),
        (1, photo, "--package", packages[0], "--fruit", 4),
        (1, photo, "--package", packages[0], "--line", "none"),
        (1, tmp_path / "nothing"),
    ):
        said = vistobueno("lot", "add", *arguments)
        assert said.code == 3 and said.err and not said.out, arguments
    counts = told(vistobueno("lot", "status", 1, "--json"))["counts"]
    assert [each["looked_at"] for each in counts] == [0, 0]


def test_orders_said_again_are_done_once(station: Path, vistobueno: Run) -> None:
    lots = [told(vistobueno(*OPENING, "--key", "k", "--json")) for _ in range(2)]
    assert lots[0] == lots[1]
    decide = ("lot", "decide", 1, "refused", "--reason", "rain", "--key", "d", "--json")
    verdicts = [told(vistobueno(*decide)) for _ in range(2)]
    assert verdicts[0] == verdicts[1]
    conflict = vistobueno("lot", "open", *FACTS[2:], "--code", "L-8", "--standard", "codex-cxs-205", "--key", "k")
    assert conflict.code == 3


def test_a_person_is_written_down_where_their_role_lets_them(station: Path, vistobueno: Run) -> None:
    with opened(Settings(data_dir=station)) as access:
        for role in ("inspector", "supervisor"):
            access.people.add(f"{role}@example.org", role, role, SYSTEM, password=PASSWORD)
    lot = told(vistobueno(*OPENING, "--by", "inspector@example.org", "--json"))
    assert lot["actor"]["name"] == "inspector"
    decide = ("lot", "decide", 1, "refused", "--reason", "rain")
    for who in ("inspector@example.org", "nobody@example.org"):
        assert vistobueno(*decide, "--by", who).code == 3
    verdict = told(vistobueno(*decide, "--by", "supervisor@example.org", "--json"))
    assert verdict["actor"]["kind"] == "person"


def test_what_cannot_be_opened_is_said_in_words(station: Path, vistobueno: Run) -> None:
    for wrong in (
        ("--standard", "none"),
        ("--standard", "codex-cxs-205", "--gtin", "123"),
        ("--standard", "codex-cxs-205", "--grade", "X"),
    ):
        said = vistobueno("lot", "open", *FACTS, *wrong)
        assert said.code == 3 and said.err and not said.out
    assert vistobueno("lot", "status", 1).code == 3


def test_a_report_is_written_and_a_copy_of_it_known(
    station: Path, vistobueno: Run, drawn: Path, tmp_path: Path
) -> None:
    packages = told(vistobueno(*OPENING, "--json"))["packages"]
    assert vistobueno("lot", "add", 1, boxes(drawn, tmp_path / "lot", packages)).code == 0
    file = tmp_path / "report.pdf"
    assert vistobueno("lot", "report", 1, "--out", file).code == 3 and not file.exists()
    vistobueno("lot", "decide", 1, "refused", "--reason", "rain")
    assert vistobueno("lot", "report", 1, "--out", file, "--zone", "Nowhere/None").code == 3 and not file.exists()
    said = vistobueno("lot", "report", 1, "--out", file, "--zone", "America/Lima", "-l", "en")
    assert said.code == 0 and "1-1-EN" in said.out and file.read_bytes().startswith(b"%PDF")
    again = tmp_path / "again.pdf"
    vistobueno("lot", "report", 1, "--out", again, "-l", "en")
    assert again.read_bytes() == file.read_bytes()
    assert vistobueno("lot", "verify", file).code == 0
    vistobueno("lot", "decide", 1, "accepted", "--reason", "sorted")
    assert vistobueno("lot", "verify", file).code == 2
    file.write_bytes(file.read_bytes() + b"\n")
    assert vistobueno("lot", "verify", file).code == 1
    assert vistobueno("lot", "verify", tmp_path / "none.pdf").code == 3
