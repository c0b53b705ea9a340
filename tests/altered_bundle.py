"""Bundles that were changed, with hashes that still agree: what a mistake or a meddler leaves behind."""

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from vistobueno.core.policy import Policy
from vistobueno.model.bundle import SCOPE, Bundle, write_bundle

_FACTS = ("name", "version", "created", "input", "classes", "policy", "labels_proved", "training", "metrics", "origin")

ALL_FIT = Policy(fit_below=1.0, unfit_above=2.0)
ALL_UNFIT = Policy(fit_below=-1.0, unfit_above=0.0)
ALL_REVIEW = Policy()


def content_of(bundle: Bundle) -> dict[str, bytes]:
    """What `write_bundle` takes as files."""
    return {name: (bundle.path / name).read_bytes() for name in bundle.files if name != SCOPE}


def facts_of(bundle: Bundle) -> dict[str, Any]:
    """What else `write_bundle` takes."""
    return {name: getattr(bundle, name) for name in _FACTS}


def rewritten(bundle: Bundle, folder: Path, files: Mapping[str, bytes] | None = None, **changed: Any) -> Bundle:
    """The bundle written anew into ``folder``, with other ``files`` or other facts."""
    return write_bundle(folder, {**content_of(bundle), **(files or {})}, **{**facts_of(bundle), **changed})


def edited(bundle: Bundle, folder: Path, edit: Callable[[dict[str, Any]], object]) -> Path:
    """A copy of the bundle whose bundle.json went through ``edit``."""
    shutil.copytree(bundle.path, folder)
    raw = json.loads((folder / "bundle.json").read_text())
    edit(raw)
    (folder / "bundle.json").write_text(json.dumps(raw))
    return folder


def rehashed(folder: Path) -> Path:
    """Write the hashes of the files as they are now into bundle.json."""
    raw = json.loads((folder / "bundle.json").read_text())
    raw["files"] = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in raw["files"]}
    (folder / "bundle.json").write_text(json.dumps(raw))
    return folder


def decided(bundle: Bundle, folder: Path) -> Bundle:
    """The small bundle with a network that never prefers `other`: its policy alone says what is fit and what is not."""
    from small_model import CLASSES, SPEC, small_network
    from vistobueno.model.runtime import golden_file, scaled
    from vistobueno.training.convert import to_h5, to_tflite

    network = small_network()
    for name in ("logits", "activation"):
        kernel, bias = network.get_layer(name).get_weights()
        network.get_layer(name).set_weights([kernel, bias - [0, 0, 0, 0, 0, 0, 10.0]])
    keys = tuple(each.key for each in CLASSES)
    golden = golden_file(SPEC, keys, lambda picture: network(scaled(picture, SPEC))[0].numpy()[0])
    files = {"model.h5": to_h5(network), "model.tflite": to_tflite(network), "golden.npz": golden}
    return rewritten(bundle, folder, files, policy=ALL_REVIEW)
