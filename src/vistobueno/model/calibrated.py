"""A line's calibration as bytes, and a bundle that carries one beside all that it had."""

import hashlib
import json
import re
from pathlib import Path

import numpy as np

from ..core.commissioning import Calibration
from ..core.errors import BundleRefused
from .archive import UNREADABLE, npz_arrays, npz_bytes
from .bundle import CALIBRATION, MODEL_TFLITE, SCOPE, Bundle, policy_facts, policy_from, scope_arrays, write_bundle

_LARGEST = 16 * 1024 * 1024  # bytes
_MARK = "line"


def to_bytes(calibration: Calibration) -> bytes:
    """The calibration as the content of ``calibration.npz``: the same bytes for the same calibration."""
    scope = calibration.policy.scope
    said = {
        "network": calibration.network,
        "policy": policy_facts(calibration.policy),
        "facts": dict(calibration.facts),
    }
    layer = {} if calibration.kernel is None else {"kernel": calibration.kernel, "bias": calibration.bias}
    arrays = {} if scope is None else {f"scope_{name}": array for name, array in scope_arrays(scope).items()}
    return npz_bytes(said=np.array(json.dumps(said, ensure_ascii=False, sort_keys=True)), **layer, **arrays)


def from_bytes(data: bytes) -> Calibration:
    """The calibration that `to_bytes` wrote.

    Raises:
        BundleRefused: ``calibration_unreadable``.
    """
    try:
        kept = npz_arrays(data)
        said = json.loads(str(kept["said"]))
        scope = {name.removeprefix("scope_"): each for name, each in kept.items() if name.startswith("scope_")}
        kernel, bias = kept.get("kernel"), kept.get("bias")
        calibration = Calibration(
            str(said["network"]), policy_from(said["policy"], scope), kernel, bias, dict(said["facts"])
        )
        layer = [each for each in (kernel, bias) if each is not None]
        if len(layer) == 1 or any(each.dtype != np.float32 or not np.isfinite(each).all() for each in layer):
            raise ValueError("kernel, bias")
        if layer and layer[0].shape[1:] != layer[1].shape:
            raise ValueError("kernel, bias")
    except UNREADABLE as error:
        raise BundleRefused(
            "calibration_unreadable",
            es=f"La calibración no se puede leer ({error}). Haga otra vez la puesta en servicio.",
            en=f"The calibration cannot be read ({error}). Commission the line again.",
        ) from error
    return calibration


def digest_of(calibration: Calibration) -> str:
    """SHA-256 of its bytes, hex: its identity."""
    return hashlib.sha256(to_bytes(calibration)).hexdigest()


def calibration_of(bundle: Bundle) -> Calibration | None:
    """What a calibrated bundle carries; None of any other.

    Raises:
        BundleRefused: ``calibration_unreadable`` or ``calibration_of_another``.
    """
    if CALIBRATION not in bundle.files:
        return None
    calibration = from_bytes(bundle.read(CALIBRATION, _LARGEST))
    refuse_other(bundle, calibration)
    return calibration


def refuse_other(bundle: Bundle, calibration: Calibration, width: int | None = None) -> None:
    """Refuse a calibration that was made for another network, for other classes or for another embedding.

    Args:
        width: of the network's embedding, where it is known.

    Raises:
        BundleRefused: ``calibration_of_another``.
    """
    kernel = calibration.kernel
    fits = kernel is None or (kernel.shape[1] == len(bundle.classes) and width in (None, len(kernel)))
    if calibration.network != bundle.files[MODEL_TFLITE] or not fits:
        raise BundleRefused(
            "calibration_of_another",
            es=f"La calibración se hizo para un modelo distinto de {bundle.name}. Haga otra vez la puesta en servicio.",
            en=f"The calibration was made for a model other than {bundle.name}. Commission the line again.",
        )


def write_calibrated(bundle: Bundle, calibration: Calibration, folder: Path) -> Bundle:
    """Write a bundle with a calibration in it, whole or not at all: all the original's files and ``calibration.npz``.

    Its version tells it apart from the original and from other calibrations: 0.1.0+line-20261129-3f9a2c1b.

    Args:
        bundle: an original or a calibrated one, whose calibration is replaced.

    Raises:
        BundleRefused: ``calibration_of_another``, or what `write_bundle` raises.
    """
    refuse_other(bundle, calibration)
    kept = {name: bundle.read(name) for name in bundle.files if name not in (SCOPE, CALIBRATION)}
    own = {name: value for name, value in vars(bundle).items() if name not in ("path", "files", "digest")}
    own["version"] = _version(bundle.version, calibration)
    return write_bundle(folder, kept | {CALIBRATION: to_bytes(calibration)}, **own)


def _version(version: str, calibration: Calibration) -> str:
    """The original's version with the calibration's date and identity as build metadata (semver.org, 10)."""
    created = "".join(each for each in str(calibration.facts.get("created", "")) if each in "0123456789")
    mark = "-".join(filter(None, (_MARK, created[:8], digest_of(calibration)[:8])))
    original = re.sub(rf"[+.]{_MARK}-[0-9a-f-]+$", "", version)
    return f"{original}{'.' if '+' in original else '+'}{mark}"
