"""The process that foreign models are converted in: what comes out of it, and what it may take."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from foreign_networks import SHAPES, teachable_machine
from later import later
from vistobueno.core.errors import ModelRefused
from vistobueno.training.importing import confined
from vistobueno.training.importing.confined import converted
from vistobueno.training.importing.pack import pack_model

tf_keras = later("tf_keras")

PACKAGE = Path(confined.__file__).parents[2]


def refusal(path: Path, **limits: Any) -> ModelRefused:
    with pytest.raises(ModelRefused) as refused:
        converted(path, None, None, **limits)
    return refused.value


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("a folder, ñ") / "keras_model.h5"
    teachable_machine(tf_keras).save(path)
    return path


def test_a_teachable_machine_export_becomes_a_bundle_and_nothing_else_stays(file: Path, tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("orange_fit\norange_unfit\n")
    before = sorted(file.parent.iterdir())
    bundle = pack_model(file, tmp_path / "labels.txt", out=tmp_path / "bundle")
    assert (bundle.origin["keras"], bundle.input.shape) == (2, (32, 32, 3))
    assert sorted(file.parent.iterdir()) == before
    assert sorted(each.name for each in tmp_path.iterdir()) == ["bundle", "labels.txt"]


def test_a_refusal_comes_out_of_it_whole(tmp_path: Path) -> None:
    (tmp_path / "model.h5").write_bytes(b"<html>")
    error = refusal(tmp_path / "model.h5")
    assert (error.code, "página web" in error.es, "web page" in error.en) == ("model_not_keras", True, True)


def test_more_memory_than_is_allowed_is_one_sentence(tmp_path: Path) -> None:
    """A few bytes may describe a layer of any size."""
    layers = tf_keras.layers
    tf_keras.Sequential([layers.Input((32, 32, 3)), layers.Flatten(), layers.Dense(2, name="large")]).save(
        tmp_path / "m.h5"
    )
    with h5py.File(tmp_path / "m.h5", "r+") as opened:
        opened.attrs["model_config"] = opened.attrs["model_config"].replace('"units": 2', '"units": 900000')
    error = refusal(tmp_path / "m.h5", memory=2 * 2**30)
    assert error.code == "model_too_large"
    assert "2 GB" in error.es


def test_more_time_than_is_allowed_is_one_sentence(file: Path) -> None:
    error = refusal(file, seconds=0.5)
    assert error.code == "model_too_slow"
    assert "0.5 s" in error.en


def test_it_writes_nowhere_else_starts_nothing_connects_to_nothing_and_knows_no_secret(tmp_path: Path) -> None:
    program = f"""
import os, socket, subprocess, sys
from pathlib import Path
from vistobueno.training.importing.child import _limit, _refusing
work = Path({str(tmp_path / "work")!r})
_limit(8 * 2**30, 60)
sys.addaudithook(_refusing(work))
(work / "inside").write_text("x")
(work / "inside").rename(work / "moved")
for harm in (
    lambda: Path({str(tmp_path / "outside")!r}).write_text("x"),
    lambda: os.open({str(tmp_path / "outside")!r}, os.O_CREAT | os.O_WRONLY),
    lambda: Path({str(tmp_path / "kept")!r}).unlink(),
    lambda: (work / "moved").rename({str(tmp_path / "outside")!r}),
    lambda: subprocess.run(["true"]),
    lambda: os.system("true"),
    lambda: socket.create_connection(("127.0.0.1", 9)),
):
    try:
        harm()
        print("harmed")
    except PermissionError:
        pass
"""
    (tmp_path / "work").mkdir()
    (tmp_path / "kept").touch()
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(PACKAGE)},
    )  # fmt: skip
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["kept", "work"]
    assert {"DATABASE_URL", "SECRET_KEY"} & set(confined._environment(tmp_path)) == set()


def test_what_is_converted_in_it_is_what_is_converted_here(tmp_path: Path) -> None:
    from vistobueno.training.importing.conversion import convert

    model = SHAPES["one sigmoid"](tf_keras)
    model.save(tmp_path / "m.keras")
    apart, here = converted(tmp_path / "m.keras", None, "0..1"), convert(tmp_path / "m.keras", tmp_path, None, "0..1")
    assert (apart.says, apart.shape, apart.classes, apart.gives_map) == (
        here.says,
        here.shape,
        here.classes,
        here.gives_map,
    )
    assert np.allclose(apart.golden["0..1"], here.golden["0..1"], atol=1e-5)
