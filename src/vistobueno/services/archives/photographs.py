"""Photographs where they lie, a file or an object of a bucket: listed, fetched, and known to be as they were."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import S3Store

from ...core.errors import DataRefused, PhotoRefused
from ...core.folders import is_photo_name, lies_beside, search
from ...settings import Settings
from ...store.photos.objects import bucket_of
from ..bulk import unreadable_file

S3 = "s3://"
_PATIENCE = timedelta(seconds=60)  # for one photograph, all attempts included: nobody waits
_CHUNK = 1_000_000  # bytes


class Key(NamedTuple):
    """A photograph by its name: an absolute path, or ``s3://bucket/key``.

    ``version`` is of its content, without reading it: size and time of a file, size and ETag of an object; None where
    that is not known.
    """

    name: str
    version: str | None


class Photographs:
    """Photographs of this machine's files and of the buckets that the settings (``S3_…``) open. Threads may share it."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._stores = settings, dict[str, S3Store]()

    def below(self, place: str) -> Iterator[Key | None]:
        """The photographs of a folder or of ``s3://bucket/prefix``, in the order of names; None for what is none.

        Raises:
            DataRefused: ``bucket_unreadable``.
        """
        if not place.startswith(S3):
            for file, is_one in search(os.path.abspath(place)):  # noqa: PTH100 a string, as `search` takes it
                yield Key(file, self.version(file)) if is_one else None
            return
        store, prefix = self._of(place)
        bucket = f"{S3}{place.removeprefix(S3).partition('/')[0]}/"
        try:
            for objects in obstore.list(store, prefix.strip("/") or None):
                for each in objects:
                    own = each["path"].removeprefix(prefix.strip("/")).strip("/")
                    wanted = is_photo_name(own) and not lies_beside(*own.split("/"))
                    version = _version(each["size"], each["e_tag"])
                    yield Key(f"{bucket}{each['path']}", version) if wanted else None
        except (BaseError, OSError) as error:
            raise DataRefused(
                "bucket_unreadable",
                es=f"No se puede leer {place} ({_reason(error)}). Compruebe la dirección y S3_ENDPOINT, S3_REGION y las "
                "claves.",
                en=f"{place} cannot be read ({_reason(error)}). Check the address and S3_ENDPOINT, S3_REGION and the keys.",
            ) from error

    def version(self, name: str) -> str | None:
        """What is there now, unread; None where nothing is, or where that cannot be told."""
        try:
            if not name.startswith(S3):
                return _of_file(os.stat(name))  # noqa: PTH116 for each of millions
            store, key = self._of(name)
            found = obstore.head(store, key)
        except (BaseError, OSError, ValueError):
            return None
        return _version(found["size"], found["e_tag"])

    def fetch(self, name: str, most: int) -> tuple[bytes, str]:
        """A photograph, never more than one byte over ``most``, and the version of what was read.

        Raises:
            PhotoRefused: ``unreadable_file``: it is not there or may not be read.
        """
        try:
            if not name.startswith(S3):
                with Path(name).open("rb") as file:
                    return file.read(most + 1), _of_file(os.fstat(file.fileno()))
            store, key = self._of(name)
            got = obstore.get(store, key)
            data = bytearray()
            for chunk in got.stream(min_chunk_size=_CHUNK):
                data += chunk
                if len(data) > most:
                    break
            return bytes(data[: most + 1]), _version(got.meta["size"], got.meta["e_tag"])
        except (BaseError, OSError, ValueError) as error:
            raise _unreadable(error) from error

    def _of(self, name: str) -> tuple[S3Store, str]:
        bucket, _, key = name.removeprefix(S3).partition("/")
        if bucket not in self._stores:
            self._stores[bucket] = bucket_of(bucket, "", self._settings, _PATIENCE)
        return self._stores[bucket], key


def _of_file(found: os.stat_result) -> str:
    return f"{found.st_size}-{found.st_mtime_ns}"


def _version(size: int, e_tag: str | None) -> str:
    return f"{size}-{(e_tag or '').strip(chr(34))}"


def _unreadable(error: Exception) -> PhotoRefused:
    if isinstance(error, NotFoundError | FileNotFoundError):
        return unreadable_file(os.strerror(2))
    return unreadable_file(_reason(error))


def _reason(error: Exception) -> str:
    """The first line of what was said: obstore tells of its insides on those below."""
    return next(iter(str(getattr(error, "strerror", None) or error).splitlines()), type(error).__name__)
