from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from command_line import Run, vistobueno
from small_model import CLASSES
from test_out_of_fold import sure_of, with_held_out
from vistobueno.cli.drawn import draw_photo
from vistobueno.core.errors import DataRefused
from vistobueno.model.runtime import Model, load_model
from vistobueno.training.corruptions import CORRUPTIONS, STRENGTHS, corrupt, corruption_figures, corruptions_of
from vistobueno.training.data import LabelledPhoto, read_photos
from vistobueno.training.out_of_fold import OutOfFold, hashes_of

__all__ = ["vistobueno"]


def test_each_corruption_takes_more_away_the_stronger_it_is_and_the_same_each_time() -> None:
    picture = np.asarray(draw_photo("apple_unfit", 1, (200, 160)))
    for kind in CORRUPTIONS:
        lost = []
        for strength in STRENGTHS:
            one, same = (corrupt(picture, kind, strength, np.random.default_rng(2)) for _ in range(2))
            assert one.shape == picture.shape and one.dtype == np.uint8
            assert (one == same).all()
            lost.append(float(np.abs(one.astype(float) - picture).mean()))
        assert lost[0] > 0 and lost == sorted(lost), kind


def test_figures_stand_for_every_kind_and_strength_on_photographs_spread_over_the_sources(
    drawn: Path, small_model: Model
) -> None:
    photos = read_photos(drawn)
    many = [LabelledPhoto(each.path, each.label, f"{n}", f"source {n % 3}") for n, each in enumerate(photos * 3)]
    asked: list[int] = []

    def verdicts(row: int, versions: object) -> object:
        asked.append(row)
        return [small.verdicts(CLASSES, small_model.bundle.policy)[0]] * len(versions)  # type: ignore[arg-type]

    small = sure_of(["apple_fit"])
    found = corruption_figures(many, verdicts, CLASSES, per_class=3)  # type: ignore[arg-type]
    assert set(found) == {"none", *CORRUPTIONS}
    assert [len(found[kind]) for kind in ("none", "blur")] == [1, len(STRENGTHS)]
    assert {many[row].label for row in asked} == {each.key for each in CLASSES if each.product}
    assert set(Counter((many[row].label, many[row].source) for row in asked).values()) == {1}
    assert found["blur"][0]["escape_rate"]["n"] == 9


def test_photographs_that_a_model_was_trained_on_are_left_aside(
    drawn: Path, small_model: Model, tmp_path: Path, vistobueno: Run
) -> None:
    photos = read_photos(drawn)
    trained = photos[:-1]
    known = sure_of([photo.label for photo in trained])
    kept = OutOfFold(hashes_of(trained), known, np.zeros(0, np.int64), sure_of([]))
    model = load_model(with_held_out(tmp_path / "trained", kept, small_model.bundle).path)
    with pytest.raises(DataRefused) as refused:
        corruptions_of(trained, model)
    assert refused.value.code == "corruptions_trained_on"
    said = vistobueno(
        "evaluate", drawn, "-m", small_model.bundle.path, "--report", tmp_path / "r.html", "--corruptions"
    )
    assert said.code == 0 and len(said.out.splitlines()) > 20
