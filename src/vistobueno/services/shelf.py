"""The models that a station has: added and proved, and found again at the next start; and which was made active last."""

import contextlib
import logging
import os
import shutil
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, func, insert, select
from sqlalchemy.exc import IntegrityError

from ..core.errors import BundleRefused
from ..core.events import model_activated
from ..core.inspection import SYSTEM, Actor, ModelVersion
from ..model.bundle import Bundle, read_bundle, zip_bundle
from ..model.runtime import Model, RuntimeName, load_model
from ..settings import Settings
from ..store.changes import tell_others
from ..store.database import reading, writing
from ..store.errors import NotFound
from ..store.outbox import tell
from ..store.photos.folder import fsync_folder
from ..store.private import make_folder, new_file
from ..store.records import actor_columns
from ..store.schema import activations, blobs, models
from ..store.writes import one_after_another

_log = logging.getLogger(__name__)
_START = "start"
"""The cause of an activation that nobody asked for: the settings name this model."""
_INSTEAD = "instead"
"""Written by earlier versions where one machine could not load what a person chose; it says nothing of the others."""


_KEY = "models/{}.zip"  # in the table of blobs, by digest
_PIECE = select(func.substr(blobs.c.data, bindparam("from"), 1 << 20)).where(blobs.c.key == bindparam("key"))
_LAST = select(activations).where(activations.c.cause != _INSTEAD).order_by(activations.c.id.desc()).limit(1)


class Shelf:
    """What models there are and which one is active; it holds none loaded."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self.engine, self.settings = engine, settings
        self.home = settings.data_dir / "models"

    def at_start(self) -> Model:
        """The model that a person made active last, if it is still what it was; else the one that the settings name.

        Raises:
            BundleRefused, DownloadFailed: neither can be loaded.
        """
        last = self._last()
        by_start = last is None or last["cause"] == _START
        if last is not None and not by_start:
            try:
                chosen = self.load(last["digest"])
                self._share(chosen.bundle)
                return chosen
            except (BundleRefused, NotFound, OSError) as error:
                _log.warning("the active model cannot be loaded, the configured one serves: %s", error)
        model = load_model(_configured(self.settings), self._runtime)
        try:
            self._copy(model.bundle)
        except OSError as error:  # no space for a copy: it serves from where it lies
            _log.warning("the configured model could not be copied to %s: %s", self.home, error)
        self._know(model.bundle, SYSTEM)
        if by_start and (last is None or last["digest"] != model.bundle.digest):
            self._activated(model.bundle.digest, SYSTEM, _START)
        return model

    def active(self) -> str | None:
        """The digest of the model that was made active last, here or by another process."""
        last = self._last()
        return None if last is None else str(last["digest"])

    def all(self, serving: str = "", missed: str = "") -> tuple[ModelVersion, ...]:
        """Every model that was ever added here, the newest first.

        Args:
            serving: the digest of the one that judges in this process.
            missed: of the one that should, and cannot be loaded.
        """
        with reading(self.engine) as connection:
            rows = connection.execute(select(models).order_by(models.c.added_at.desc(), models.c.digest)).all()
        return tuple(
            ModelVersion(row.digest, row.name, row.version, row.location, row.added_at,
                         active=row.digest == serving, missed=row.digest == missed)
            for row in rows
        )  # fmt: skip

    def add(self, path: Path, actor: Actor) -> ModelVersion:
        """Prove a bundle, copy it here, and know it from now on.

        Raises:
            BundleRefused: it is not a bundle, or does not give the answers it promised.
            OSError: it cannot be copied; it is not known then.
        """
        model = load_model(path, self._runtime)
        self._copy(model.bundle)
        self._know(model.bundle, actor)
        return next(each for each in self.all() if each.digest == model.bundle.digest)

    def activate(self, digest: str, actor: Actor, cause: str = "activate") -> Model:
        """Load and prove a model that is known here, then say that it is the active one.

        Raises:
            NotFound: ``no_model``.
            BundleRefused: what is there now is not what was added.
        """
        model = self.load(digest)
        self._share(model.bundle)
        self._activated(digest, actor, cause)
        return model

    def roll_back(self, actor: Actor) -> Model:
        """Make the model active that was so before the present one.

        Raises:
            NotFound: ``no_earlier_model``.
            BundleRefused: as `activate`.
        """
        digest = self.earlier()
        if digest is None:
            raise NotFound(
                "no_earlier_model",
                es="Antes del modelo activo no hubo otro. Añada uno y actívelo.",
                en="There was no other model before the active one. Add one and activate it.",
            )
        return self.activate(digest, actor, "roll_back")

    def earlier(self) -> str | None:
        """The digest of the model that was active before the present one; None where there was no other."""
        last = self._last()
        with reading(self.engine) as connection:
            others = select(activations.c.digest).where(activations.c.digest != (last or {}).get("digest"))
            digest: str | None = connection.execute(others.order_by(activations.c.id.desc()).limit(1)).scalar()
        return digest

    @property
    def _runtime(self) -> RuntimeName:
        return "tensorflow" if self.settings.runtime == "tensorflow" else "litert"

    def _last(self) -> Mapping[str, Any] | None:
        with reading(self.engine) as connection:
            row = connection.execute(_LAST).mappings().first()
        return None if row is None else dict(row)

    def load(self, digest: str) -> Model:
        """Load and prove a model that is known here.

        Raises:
            NotFound: ``no_model``.
            BundleRefused: what is there now is not what was added.
        """
        with reading(self.engine) as connection:
            location = connection.execute(select(models.c.location).where(models.c.digest == digest)).scalar()
        if location is None:
            raise NotFound(
                "no_model",
                es="Esta estación no tiene ese modelo. Añádalo primero.",
                en="This station does not have that model. Add it first.",
            )
        ours, elsewhere = self.home / digest, Path(location)
        if not ours.is_dir() and not elsewhere.exists():
            self._fetch(digest)
        model = load_model(ours if ours.is_dir() else elsewhere, self._runtime)
        if model.bundle.digest != digest:
            raise BundleRefused(
                "bundle_replaced",
                es=f"En {model.bundle.path} hay un modelo distinto del que se añadió. Añádalo como nuevo.",
                en=f"{model.bundle.path} holds a different model from the one that was added. Add it as a new one.",
            )
        return model

    def _know(self, bundle: Bundle, actor: Actor) -> None:
        """Its row, after its copy: where there is none, it is looked for where it lies."""
        ours = self.home / bundle.digest
        location = ours if ours.is_dir() else bundle.path
        with writing(self.engine) as connection:
            one_after_another(connection)
            known = select(models.c.digest).where(models.c.digest == bundle.digest)
            if connection.execute(known).first() is None:
                facts = {"digest": bundle.digest, "name": bundle.name, "version": bundle.version}
                now = datetime.now(UTC)
                connection.execute(
                    insert(models).values(**facts, location=str(location), added_at=now, **actor_columns(actor))
                )

    def _copy(self, bundle: Bundle) -> Path:
        """The bundle in a folder named by its digest, whole and durable or not there at all.

        A damaged one leaves before the sound one comes: a machine that stops between the two has none, until the model
        is added again.
        """
        target = self.home / bundle.digest
        try:
            if read_bundle(target).digest == bundle.digest:
                return target
        except BundleRefused:  # not there yet, or damaged since: a sound copy takes its place
            pass
        make_folder(self.home)
        beside = Path(tempfile.mkdtemp(prefix=".new-", dir=self.home))
        try:
            for name in (*bundle.files, "bundle.json"):
                with new_file(beside / name) as copy:
                    copy.write(bundle.read(name))
                    copy.flush()
                    os.fsync(copy.fileno())
            read_bundle(beside)
            fsync_folder(beside)
            shutil.rmtree(target, ignore_errors=True)
            beside.rename(target)
            fsync_folder(self.home)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
        return target

    def _share(self, bundle: Bundle) -> None:
        """Let the other machines on this database have it."""
        if self.engine.dialect.name != "postgresql":  # SQLite's processes are on one machine
            return
        key = _KEY.format(bundle.digest)
        with reading(self.engine) as connection:
            if connection.execute(select(blobs.c.key).where(blobs.c.key == key)).first() is not None:
                return
        try:
            make_folder(self.home)
            with tempfile.TemporaryDirectory(prefix=".new-", dir=self.home) as beside:
                data = zip_bundle(bundle, Path(beside) / "model.zip").read_bytes()
        except OSError as error:  # no space: it serves here all the same
            _log.warning("other machines will not have the model %s: %s", bundle.digest, error)
            return
        with contextlib.suppress(IntegrityError), writing(self.engine) as connection:  # another was faster
            connection.execute(insert(blobs).values(key=key, data=data, at=datetime.now(UTC)))

    def _fetch(self, digest: str) -> None:
        """Copy it here if another machine shared it."""
        make_folder(self.home)
        with tempfile.TemporaryDirectory(prefix=".new-", dir=self.home) as beside:
            file, size = Path(beside) / "model.zip", 0
            with file.open("wb") as copy, reading(self.engine) as connection:
                while piece := connection.execute(_PIECE, {"key": _KEY.format(digest), "from": size + 1}).scalar():
                    size += copy.write(piece)
            if size:
                self._copy(read_bundle(file))

    def _activated(self, digest: str, actor: Actor, cause: str) -> None:
        now = datetime.now(UTC)
        with writing(self.engine) as connection:
            one_after_another(connection)
            connection.execute(
                insert(activations).values(
                    id=_next(connection), digest=digest, at=now, cause=cause, **actor_columns(actor)
                )
            )
            tell_others(connection)
            tell(connection, "model.activated", lambda: model_activated(digest, now, cause))


def _next(connection: Connection) -> int:
    return int(connection.execute(select(func.coalesce(func.max(activations.c.id), 0) + 1)).scalar_one())


def _configured(settings: Settings) -> Path | None:
    """MODEL_PATH, then MODEL_URL, then the shipped bundle."""
    if settings.model_path:
        return Path(settings.model_path)
    if settings.model_url:
        from ..model.download import cached_model

        return cached_model(settings.model_url, settings.model_sha256)
    return None
