"""Trying a model: a photograph judged by any model of the station beside the active one. Nothing of it is kept."""

import threading
import time
from collections.abc import Hashable
from dataclasses import dataclass

from ..core.photo import open_photo
from ..core.pictures import heat_map_jpeg, kept_jpeg
from ..core.verdict import Verdict
from ..model.bundle import Bundle
from ..model.inspector import inspect, limits_for
from ..model.runtime import Model
from .judging import Judging, busy
from .models import Models

_PATIENCE = 10.0  # seconds that a trial waits for the one before it
_FORGOTTEN = 300.0  # seconds after which the model that was tried last leaves the memory


@dataclass(frozen=True)
class Tried:
    """What one model says of a photograph: its verdict, where it looked (a JPEG) if it tells, and the time it took."""

    bundle: Bundle
    verdict: Verdict
    heat_map: bytes | None
    elapsed_ms: float


@dataclass(frozen=True)
class Trial:
    """A photograph as it would be kept (a JPEG), and what each model says of it, the active one first."""

    picture: bytes
    said: tuple[Tried, ...]


class Trials:
    """Loads at most one model beside the active one, and judges for one trial at a time."""

    def __init__(self, models: Models, judging: Judging) -> None:
        self._models, self._judging = models, judging
        self._turn = threading.Lock()
        self._other: Model | None = None
        self._forgetting: threading.Timer | None = None

    def judge(self, data: bytes, digest: str, owner: Hashable = None) -> Trial:
        """Judge a photograph with the active model and, where it is another, with this one.

        Raises:
            PhotoRefused: it cannot be judged.
            NotFound, BundleRefused: there is no such model, or it cannot be loaded.
            Busy: every judging place is taken, or too many try at once.
        """
        if not self._turn.acquire(timeout=_PATIENCE):
            raise busy()
        try:
            with self._judging.admit(owner):
                active = self._models.active
                models = [active] if digest == active.bundle.digest else [active, self._loaded(digest)]
                return self._judging.run(_judged, data, models)
        finally:
            self._turn.release()

    def close(self) -> None:
        """Forget the model that was tried last."""
        if self._forgetting is not None:
            self._forgetting.cancel()
        self._other = None

    def _loaded(self, digest: str) -> Model:
        self._put_off()
        if self._other is None or self._other.bundle.digest != digest:
            self._other = None  # before the next one comes
            self._other = self._models.load(digest)
        return self._other

    def _put_off(self) -> None:
        if self._forgetting is not None:
            self._forgetting.cancel()
        self._forgetting = threading.Timer(_FORGOTTEN, self._forget)
        self._forgetting.daemon = True
        self._forgetting.start()

    def _forget(self) -> None:
        with self._turn:
            self._other = None


def _judged(data: bytes, models: list[Model]) -> Trial:
    """Each model opens the photograph for itself, as it would at an inspection; the largest picture is shown."""
    said, pictures = [], []
    for model in models:
        start = time.perf_counter()
        photo = open_photo(data, limits_for(model))
        verdict = inspect(photo, model)
        said.append((model.bundle, verdict, (time.perf_counter() - start) * 1e3))
        pictures.append(photo.picture)
    picture = kept_jpeg(max(pictures, key=lambda each: each.width))
    return Trial(picture, tuple(Tried(bundle, verdict, _heat(picture, verdict), ms) for bundle, verdict, ms in said))


def _heat(picture: bytes, verdict: Verdict) -> bytes | None:
    return heat_map_jpeg(picture, verdict.activation) if verdict.activation is not None else None
