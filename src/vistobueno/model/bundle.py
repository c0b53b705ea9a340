"""The model bundle: a folder or one .zip that carries all that serving needs, read and written whole or not at all."""

import hashlib
import json
import math
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, get_args, get_type_hints

import numpy as np
from numpy.typing import NDArray

from ..core.classes import ClassInfo
from ..core.errors import BundleRefused
from ..core.input import InputSpec
from ..core.policy import Near, Policy, Scope
from .archive import LARGEST, UNREADABLE, Files, npz_arrays, npz_bytes, write_zip
from .whole import put_back, whole_folder

FORMAT = 1
MODEL_H5, MODEL_TFLITE, GOLDEN, SCOPE = "model.h5", "model.tflite", "golden.npz", "scope.npz"
HELD_OUT, MEMORY, CALIBRATION = "held_out.npz", "memory.npz", "calibration.npz"
_REQUIRED = (MODEL_H5, MODEL_TFLITE, GOLDEN)
_KNOWN = (*_REQUIRED, SCOPE, HELD_OUT, MEMORY, CALIBRATION, "bundle.json", "card.es.md", "card.en.md")
_LARGEST_JSON, _LARGEST_SCOPE = 16_000_000, 100_000_000  # bytes


@dataclass(frozen=True, eq=False)
class Bundle:
    """A bundle that was read and whose files have the hashes it promises.

    Attributes:
        path: its folder, or its .zip, which is read where it lies.
        files: SHA-256 (hex) by file name.
        digest: SHA-256 of bundle.json, and so of everything: the model's identity.
        labels_proved: whether photographs proved the order of the classes; None when nobody tried.
    """

    path: Path
    name: str
    version: str
    created: str
    input: InputSpec
    classes: tuple[ClassInfo, ...]
    policy: Policy
    labels_proved: bool | None
    training: Mapping[str, Any]
    metrics: Mapping[str, Any]
    origin: Mapping[str, Any]
    files: Mapping[str, str]
    digest: str

    def read(self, name: str, most: int = LARGEST) -> bytes:
        """The content of one of its files.

        Raises:
            BundleRefused, OSError: it is not there any more.
            ValueError: it is larger than ``most`` bytes.
        """
        return Files(self.path, _KNOWN).read(name, most)


def read_bundle(path: Path) -> Bundle:
    """Read a bundle folder or .zip and check every hash.

    Raises:
        BundleRefused: ``bundle_missing``, ``bundle_incomplete``, ``bundle_damaged``, ``bundle_invalid`` or
            ``bundle_too_new``.
    """
    files = Files(path, _KNOWN)
    if "bundle.json" not in files:
        raise BundleRefused(
            "bundle_missing",
            es=f"No hay un modelo en {path}: falta bundle.json. Indique la carpeta o el .zip de un modelo.",
            en=f"There is no model in {path}: bundle.json is missing. Name the folder or .zip of a model.",
        )
    try:
        text = files.read("bundle.json", _LARGEST_JSON)
        raw = json.loads(text)
        version = int(raw["format"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError, MemoryError) as error:
        raise _invalid(path, error) from error
    if version > FORMAT:
        raise BundleRefused(
            "bundle_too_new",
            es=f"El modelo {path.name} tiene el formato {version}; este programa lee hasta el {FORMAT}. Actualícelo.",
            en=f"Model {path.name} has format {version}; this program reads up to {FORMAT}. Update it.",
        )
    policy = raw.get("policy")
    scoped = isinstance(policy, dict) and policy.get("scope_threshold") is not None
    _check_files(path, files, raw.get("files"), (*_REQUIRED, SCOPE) if scoped else _REQUIRED)
    try:
        arrays = npz_arrays(files.read(SCOPE, _LARGEST_SCOPE)) if scoped else {}
        return _from_json(path, raw, arrays, hashlib.sha256(text).hexdigest())
    except UNREADABLE as error:
        raise _invalid(path, error) from error


def write_bundle(
    folder: Path,
    files: Mapping[str, bytes],
    *,
    name: str,
    version: str,
    created: str,
    input: InputSpec,  # noqa: A002 it is the field's name
    classes: tuple[ClassInfo, ...],
    policy: Policy,
    labels_proved: bool | None,
    training: Mapping[str, Any],
    metrics: Mapping[str, Any],
    origin: Mapping[str, Any],
) -> Bundle:
    """Write a bundle so that ``folder`` holds all of it or what it held before.

    Where the machine stops between the two renames of a replacement, what it held before lies whole beside it, as
    ``.NAME.old``, and the next write begins by putting it back.

    Args:
        files: content by file name: ``model.h5``, ``model.tflite``, ``golden.npz`` and, optionally, the model cards.
            ``scope.npz`` is made from the policy.

    Raises:
        BundleRefused: ``folder_taken``, or what `read_bundle` raises.
    """
    put_back(folder)
    refuse_taken(folder)
    content = dict(files)
    if policy.scope is not None:
        content[SCOPE] = npz_bytes(**scope_arrays(policy.scope))
    raw = {
        "format": FORMAT,
        "name": name,
        "version": version,
        "created": created,
        "input": asdict(input),
        "classes": [asdict(replace(each, names=dict(each.names))) for each in classes],
        "policy": policy_facts(policy),
        "labels_proved": labels_proved,
        "training": dict(training),
        "metrics": dict(metrics),
        "origin": dict(origin),
        "files": {key: hashlib.sha256(value).hexdigest() for key, value in sorted(content.items())},
    }
    content["bundle.json"] = (json.dumps(raw, indent=1, ensure_ascii=False) + "\n").encode()
    with whole_folder(folder) as beside:
        for key, value in content.items():
            with (beside / key).open("wb") as file:
                file.write(value)
                file.flush()
                os.fsync(file.fileno())
        read_bundle(beside)
    return read_bundle(folder)


def zip_bundle(bundle: Bundle, target: Path) -> Path:
    """Write a bundle as one .zip, the same bytes for the same bundle; returns ``target``."""
    return write_zip(Files(bundle.path, _KNOWN), sorted([*bundle.files, "bundle.json"]), target)


def refuse_taken(folder: Path) -> None:
    """Refuse to write a bundle over anything but nothing, an empty folder or another bundle: it would be deleted.

    Raises:
        BundleRefused: ``folder_taken``.
    """
    if folder.is_dir():
        foreign = sorted(each.name for each in folder.iterdir() if each.name not in _KNOWN or each.is_dir())
    else:
        foreign = [folder.name] if folder.exists() else []
    if foreign:
        raise BundleRefused(
            "folder_taken",
            es=f"En {folder} hay algo que no es de un modelo ({foreign[0]}) y se perdería. Elija otra carpeta.",
            en=f"{folder} holds something that is not part of a model ({foreign[0]}) and would be lost. Choose another folder.",
        )


def _check_files(path: Path, files: Files, hashes: Any, required: tuple[str, ...]) -> None:
    if not isinstance(hashes, dict) or not all(isinstance(value, str) for value in hashes.values()):
        raise _invalid(path, ValueError("files"))
    for name in required:
        if name not in hashes or name not in files:
            raise BundleRefused(
                "bundle_incomplete",
                es=f"Al modelo {path.name} le falta {name}. Cópielo o descárguelo otra vez entero.",
                en=f"Model {path.name} lacks {name}. Copy or download the whole model again.",
            )
    for name, expected in hashes.items():
        if name not in _KNOWN or name not in files or files.sha256(name) != expected:
            raise BundleRefused(
                "bundle_damaged",
                es=f"El archivo {name} del modelo {path.name} no es el que se empaquetó. Descárguelo otra vez.",
                en=f"File {name} of model {path.name} is not the one that was packed. Download it again.",
            )


def scope_arrays(scope: Scope) -> dict[str, NDArray[np.float32]]:
    """The arrays of a scope, as `policy_from` takes them."""
    return {"weights": scope.weights, **(vars(scope.near) if scope.near else {})}


def policy_facts(policy: Policy) -> dict[str, Any]:
    """A policy without the arrays of its scope, as JSON takes it."""
    numbers = {key: value for key, value in vars(policy).items() if key != "scope"}
    return numbers | {"scope_threshold": policy.scope.threshold if policy.scope else None}


def policy_from(facts: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Policy:
    """The policy of `policy_facts` and `scope_arrays`.

    Raises:
        any of `UNREADABLE`: they make none.
    """
    raw = dict(facts)
    threshold = raw.pop("scope_threshold")
    policy = Policy(**{**raw, "scope": _scope(arrays, threshold) if threshold is not None else None})
    for name, value in vars(policy).items():
        if name != "scope" and not (isinstance(value, int | float) and math.isfinite(value)):
            raise ValueError(f"policy: {name}")
    if not policy.temperature > 0 or policy.doubt < 0:
        raise ValueError("policy: temperature, doubt")
    if not policy.fit_below < policy.unfit_above:
        raise ValueError("policy: fit_below, unfit_above")
    return policy


def _scope(arrays: Mapping[str, NDArray[Any]], threshold: Any) -> Scope:
    """The scope, whose arrays fit each other: `verdict.scope_distance` multiplies them."""
    if any(each.dtype.kind != "f" for each in arrays.values()):
        raise ValueError("scope: not of numbers")
    numbers = {key: each.astype(np.float32) for key, each in arrays.items()}
    weights = numbers.pop("weights")
    near = Near(**numbers) if numbers else None
    shapes: list[tuple[int, ...]] = [weights.shape]
    expected: list[tuple[int, ...]] = [(3,)]
    if near is not None:
        wide, reduced = near.components.shape
        shapes += [near.mean.shape, near.background_mean.shape, near.background_scale.shape, near.centres.shape]
        expected += [(wide,), (reduced,), (reduced,), (len(near.centres) or 1, reduced)]
    if shapes != expected:
        raise ValueError("scope: shapes")
    return Scope(weights, float(threshold), near)


def _from_json(path: Path, raw: Mapping[str, Any], scope: Mapping[str, NDArray[Any]], digest: str) -> Bundle:
    spec = raw["input"]
    classes = tuple(ClassInfo(**each) for each in raw["classes"])
    _check_classes(classes)
    return Bundle(
        path=path,
        name=str(raw["name"]),
        version=str(raw["version"]),
        created=str(raw["created"]),
        input=_input(spec),
        classes=classes,
        policy=policy_from(raw["policy"], scope),
        labels_proved=raw["labels_proved"],
        training=dict(raw["training"]),
        metrics=dict(raw["metrics"]),
        origin=dict(raw["origin"]),
        files=raw["files"],
        digest=digest,
    )


def _input(raw: Mapping[str, Any]) -> InputSpec:
    spec = InputSpec(**{**raw, "scale": _three(raw["scale"]), "offset": _three(raw["offset"])})
    for name, kind in get_type_hints(InputSpec).items():
        if get_args(kind) and name not in ("scale", "offset") and getattr(spec, name) not in get_args(kind):
            raise ValueError(f"input: {name}")
    if not all(isinstance(side, int) and 0 < side <= 4096 for side in (spec.width, spec.height)):
        raise ValueError("input: width, height")
    return spec


def _check_classes(classes: tuple[ClassInfo, ...]) -> None:
    known = all(each.condition in ((None,) if each.product is None else ("fit", "unfit")) for each in classes)
    distinct = len({each.key for each in classes}) == len(classes) >= 2
    if not (known and distinct and any(each.product for each in classes)):
        raise ValueError("classes")


def _three(values: Any) -> tuple[float, float, float]:
    first, second, third = (float(value) for value in values)
    if not all(map(math.isfinite, (first, second, third))):
        raise ValueError("input: scale, offset")
    return first, second, third


def _invalid(path: Path, error: Exception) -> BundleRefused:
    return BundleRefused(
        "bundle_invalid",
        es=f"bundle.json del modelo {path.name} no se entiende ({error}). Empaquételo otra vez.",
        en=f"bundle.json of model {path.name} cannot be read ({error}). Pack it again.",
    )
