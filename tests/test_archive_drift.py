"""Drift of a scored archive: silent where nothing changed, loud where the fruit or the camera did."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from command_line import Run, vistobueno
from vistobueno.core.composed import flat
from vistobueno.core.errors import DataRefused
from vistobueno.core.inspection import ModelName
from vistobueno.model.runtime import Model
from vistobueno.services.archives.drift import Side, compared, side_of
from vistobueno.services.archives.results import Results
from vistobueno.services.archives.scored import Row
from vistobueno.training.out_of_fold import OutOfFold

__all__ = ["vistobueno"]
pytest.importorskip("pyarrow", reason="pyarrow is not here")


def results(folder: Path, model: ModelName, p: Any, beyond: int = 0, ood: float = 0.0) -> Path:
    """Results of as many photographs as there are probabilities; the first ``beyond`` show none of the products."""
    named = {f"model_{key}": each for key, each in flat(model).items()}
    rng = np.random.default_rng(5)
    rows: list[Row] = [
        {
            "file": f"/photographs/{number}.jpg", "version": "1", "photo_sha256": f"{number:064x}",
            "answer": "review" if number < beyond else "unfit" if each > 0.5 else "fit",
            "reasons": ["out_of_scope"] if number < beyond else [], "resembles": "apple",
            "product": None if number < beyond else "apple", "probability_unfit": float(each),
            "ood_score": float(rng.normal()) + ood, **named,
        }
        for number, each in enumerate(p)
    ]  # fmt: skip
    rows.append({"file": "/broken.jpg", "photo_sha256": "f" * 64, "error": "not_a_photo", **named})
    with Results(folder, model) as opened:
        opened.write([*rows, rows[0] | {"file": "/again.jpg"}])
    return folder


def test_an_archive_like_the_other_raises_nothing_and_one_of_other_fruit_does(tmp_path: Path) -> None:
    model = ModelName("m", "1", "d" * 64, "c" * 64)
    rng = np.random.default_rng(1)
    before = side_of(results(tmp_path / "before", model, rng.beta(1, 3, 3000), beyond=30), model)
    assert before.told()["photographs"] == 3000 and before.refused == 1 and before.out_of_scope == 30
    same = compared(side_of(results(tmp_path / "same", model, rng.beta(1, 3, 2500), beyond=25), model), before)
    assert same.raised == () and same.scores is not None
    rotten = compared(side_of(results(tmp_path / "rotten", model, rng.beta(3, 1, 2500)), model), before)
    assert rotten.raised == ("scores",)
    moved = compared(side_of(results(tmp_path / "moved", model, rng.beta(1, 3, 2500), ood=2.0), model), before)
    assert moved.raised == ("scope",)
    few = compared(side_of(results(tmp_path / "few", model, rng.beta(1, 3, 60)), model), before)
    assert few.scores is None and few.scope is None
    other = side_of(tmp_path / "before", ModelName("m", "1", "d" * 64))
    with pytest.raises(DataRefused, match="archive_unscored"):
        compared(other, before)


def test_what_the_shipped_model_keeps_is_its_own_reference(vistobueno: Run, shipped: Model, tmp_path: Path) -> None:
    kept = OutOfFold.read(shipped.bundle)
    assert kept is not None
    verdicts = list(kept.verdicts(shipped.bundle).values())
    halves = [Side.of_verdicts(verdicts[start::2]) for start in (0, 1)]
    assert compared(*halves).raised == ()
    archive = results(tmp_path / "out", shipped.name, np.random.default_rng(1).beta(8, 1, 400))
    for language in ("es", "en"):
        said = vistobueno("drift", archive, "-l", language)
        assert said.code == 0 and "400" in said.out and str(len(verdicts)) in said.out
    fitted = results(tmp_path / "fitted", ModelName("m", "1", shipped.bundle.digest, "c" * 64), [0.1])
    assert vistobueno("drift", fitted).code == 3
    results(tmp_path / "out", ModelName("x", "1", "e" * 64), [0.1])
    assert vistobueno("drift", archive).code == 0, "of several models, the one in use"
    results(tmp_path / "fitted", ModelName("x", "1", "e" * 64), [0.1])
    assert vistobueno("drift", fitted).code == 3, "of several models, none in use"
    assert vistobueno("drift", tmp_path / "nothing").code == 3
