"""`vistobueno model …`: what a bundle is, packing a foreign model, fetching one."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..core.errors import ModelRefused
from ..i18n import decimals, say
from ..i18n.written import percent as written_percent
from ..model.bundle import Bundle, read_bundle
from ..model.calibrated import calibration_of, digest_of
from ..model.runtime import Model, shipped_bundle


def info(path: Path | None, language: str) -> None:
    """Print what a bundle is."""
    print_bundle(read_bundle(path or shipped_bundle()), language)


def print_bundle(bundle: Bundle, language: str) -> None:
    """Name, digest, classes in order, input, thresholds, and every thing nobody knows of the model."""
    calibration, spec = calibration_of(bundle), bundle.input
    policy = bundle.policy if calibration is None else calibration.policy
    print(say(language, "model_name", name=bundle.name, version=bundle.version, created=bundle.created))
    print(say(language, "model_digest", digest=bundle.digest))
    print(say(language, "model_classes", classes=", ".join(each.key for each in bundle.classes)))
    print(say(language, "model_input", width=spec.width, height=spec.height, colour=spec.colour, fit=spec.fit))
    thresholds = {
        "low": decimals(policy.fit_below, 4, language),
        "high": decimals(policy.unfit_above, 4, language),
        "alpha": percent(policy.alpha, language),
        "beta": percent(policy.beta, language),
    }
    print(say(language, "model_policy", **thresholds))
    for cameras in ("known_cameras", "unknown_cameras"):
        measured = bundle.metrics.get(cameras, {}).get("all")
        if measured:
            print(say(language, f"model_{cameras}", **_rates(measured, language)))
    print(say(language, "labels_proved" if bundle.labels_proved else "labels_unproved"))
    if calibration is not None:
        facts = {name: calibration.facts.get(name, "?") for name in ("created", "photographs", "name")}
        print(say(language, "model_commissioned", digest=digest_of(calibration), **facts))
    for what in bundle.origin.get("unknown", ()):
        print(say(language, "model_unknown", what=what))


def _rates(measured: Mapping[str, Any], language: str) -> dict[str, str]:
    """Shares as the sentence of a set of cameras names them."""
    names = {
        "right": "condition_accuracy",
        "escapes": "escape_rate",
        "overkill": "overkill_rate",
        "review": "review_share",
    }
    shares = {name: (measured.get(key) or {}).get("share") for name, key in names.items()}
    return {name: "–" if share is None else written_percent(share, language) for name, share in shares.items()}


def pack(h5: Path, labels: Path, out: Path | None, asked: Mapping[str, Any], language: str) -> None:
    """Pack a foreign model as ``asked`` (see `pack_model`) and print what came of it."""
    try:
        from ..training.importing.pack import pack_model

        h5 = h5.absolute()  # of "." too, a SavedModel's folder
        target = out or h5.with_name(f"{h5.stem}-bundle")
        bundle = pack_model(h5, labels, out=target, **asked)
    except ImportError as error:
        raise needs_training(error) from error
    tell_left_out(bundle.origin["check"], language)
    print_bundle(bundle, language)
    print(say(language, "model_packed", folder=bundle.path))


def remeasure(data: Path, model: Path | None, out: Path, language: str) -> None:
    """Write a bundle again with its figures and cards counted anew."""
    from ..training.data import read_photos
    from ..training.remeasure import remeasure as measured_again

    again = measured_again(read_bundle(model or shipped_bundle()), read_photos(data), out)
    print_bundle(again, language)
    print(say(language, "model_remeasured", folder=again.path))


def remember(data: Path, model: Model, out: Path, language: str) -> None:
    """Write a bundle with a training memory."""
    from rich.console import Console
    from rich.progress import Progress

    from ..training.data import read_data
    from ..training.remember import remember as remembered

    found = read_data(data, model.bundle.classes)
    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bars:
        task = bars.add_task(say(language, "remembering"), total=len(found.photos))
        bundle = remembered(
            model, found.photos, out, lambda done, total: bars.update(task, completed=done, total=total)
        )
    tell_left_out({"passed_over": len(found.passed_over)}, language)
    print(say(language, "model_remembers", folder=bundle.path, photographs=len(found.photos)))


def download(url: str, sha256: str, to: Path, language: str) -> None:
    """Fetch a bundle, verify it, print what it is."""
    from ..model.download import download_model
    from ..settings import read_settings

    path = download_model(url, sha256 or read_settings().model_sha256 or None, to)
    print_bundle(read_bundle(path), language)
    print(say(language, "model_downloaded", folder=path))


def percent(share: float, language: str) -> str:
    """2.4 %, or 2,4 % in Spanish."""
    text = decimals(share * 100, 1, language).removesuffix(".0").removesuffix(",0")
    return text + ("%" if language == "en" else "\u00a0%")


def tell_left_out(counts: Mapping[str, Any], language: str) -> None:
    """Say on standard error how many files were passed over, and how many photographs do not count, and why."""
    for key in ("passed_over", "unreadable", "left_out"):
        if counts.get(key):
            print(say(language, key, count=counts[key]), file=sys.stderr)


def needs_training(error: ImportError) -> ModelRefused:
    """The error for a verb that needs the training extra where it is not installed."""
    return ModelRefused(
        "training_missing",
        es=say("es", "training_needs", error=error),
        en=say("en", "training_needs", error=error),
    )
