"""The tutorial for a product of one's own, done as it is written, on few photographs."""

import csv
import re
from pathlib import Path

import pytest

from command_line import Run, vistobueno
from vistobueno.cli.drawn import draw_photo
from vistobueno.model.bundle import read_bundle

__all__ = ["vistobueno"]
DOCS = Path(__file__).parents[1] / "docs"
PHOTOGRAPHS = Path(__file__).parents[2] / "shared" / "photos"
QUICKLY = ("--epochs", "4", "--views", "1")  # the tutorial takes what `train` takes by default
FIT, UNFIT, OTHER = "fresh_peaches", "rotten_peaches", "fresh_strawberries"


def put_photographs(folder: Path, product: str, each: int) -> None:
    """A few of a fruit that the shipped model does not know, from the development photographs, or drawn apples."""
    drawn = {f"{product}_fit": "apple_fit", f"{product}_unfit": "apple_unfit", "other": "banana_fit"}
    variants = {f"{product}_fit": FIT, f"{product}_unfit": UNFIT, "other": OTHER}
    rows = []
    if (PHOTOGRAPHS / "photos.csv").is_file():
        with (PHOTOGRAPHS / "photos.csv").open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    for name, key in drawn.items():
        (folder / name).mkdir(parents=True)
        found = [PHOTOGRAPHS / row["file"] for row in rows if row["variant"] == variants[name]]
        for number in range(each):
            target = folder / name / f"{number}.jpg"
            if found:
                target.write_bytes(found[number].read_bytes())
            else:
                draw_photo(key, number, (240, 180)).save(target)


def commands_of(language: str) -> tuple[str, list[list[str]]]:
    """The folder of photographs that the tutorial names, and its commands."""
    page = (DOCS / language / "own-product.md").read_text(encoding="utf-8")
    commands = [line.split() for line in re.findall(r"^\$ vistobueno (.+)$", page, re.MULTILINE)]
    return re.findall(r"^(\w+)/$", page, re.MULTILINE)[0], commands


def test_both_languages_give_the_same_commands() -> None:
    assert [words[:1] for words in commands_of("es")[1]] == [words[:1] for words in commands_of("en")[1]]


@pytest.mark.timeout(600)
def test_the_tutorial_of_a_product_of_one_s_own_gives_a_model_that_judges_it(
    vistobueno: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, commands = commands_of("es")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    put_photographs(tmp_path / folder, "mango", 12)
    assert [words[0] for words in commands] == ["train", "model", "inspect", "model"]
    for words in commands:
        said = vistobueno(*words, *(QUICKLY if words[0] == "train" else ()))
        assert said.code in (0, 1, 2), (words, said)
    bundle = read_bundle(tmp_path / commands[0][commands[0].index("--out") + 1])
    assert {each.product for each in bundle.classes} == {"mango", None}
    assert bundle.metrics["known_cameras"]["all"]["condition_accuracy"]["share"] > 0.6
