"""A bundle's figures and cards written anew from the predictions that it keeps: nothing is trained, nothing is judged."""

from collections.abc import Sequence
from pathlib import Path

from ..core.errors import DataRefused
from ..model.bundle import Bundle, write_bundle
from .cards import cards
from .data import LabelledPhoto
from .evaluate import held_out_figures
from .out_of_fold import OutOfFold, hashes_of


def remeasure(bundle: Bundle, photos: Sequence[LabelledPhoto], out: Path) -> Bundle:
    """Count again what a bundle's held-out predictions are worth, as this program defines its figures.

    Figures that need photographs judged anew (corruptions, commissioned lines) stay as they are.

    Args:
        photos: where the labels are; photographs that the bundle was not trained on are left aside.
        out: the new bundle's folder; it may be the old one's.

    Raises:
        DataRefused: ``held_out_missing`` when the bundle keeps no predictions, or a photograph that it was trained on is
            not among ``photos``.
    """
    kept = OutOfFold.read(bundle)
    labelled = dict(zip(hashes_of(photos), photos, strict=True))
    missing = [name for name in kept.hashes if name not in labelled] if kept else []
    if kept is None or missing:
        count = f"{len(missing)} / {len(kept.hashes)}" if kept else "0"
        raise DataRefused(
            "held_out_missing",
            es=f"Las cifras de {bundle.name} no se pueden contar otra vez: faltan fotografías con que se entrenó ({count}). "
            "Indique la misma carpeta con que se entrenó, o mídalo con otras: vistobueno evaluate.",
            en=f"The figures of {bundle.name} cannot be recalculated: photographs that it was trained on are missing "
            f"({count}). Name the folder that it was trained on, or measure it with others: vistobueno evaluate.",
        )
    own = [labelled[name] for name in kept.hashes]
    facts = {name: value for name, value in vars(bundle).items() if name not in ("path", "files", "digest")}
    facts["metrics"] = {**bundle.metrics, **held_out_figures(own, kept, bundle.classes, bundle.policy)}
    content = {name: bundle.read(name) for name in bundle.files}
    return write_bundle(out, {**content, **cards(facts)}, **facts)
