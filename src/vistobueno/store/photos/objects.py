"""Photographs in S3-compatible storage, one object each."""

import contextlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import S3Store

from ...settings import Settings
from .protocol import EvidenceMissing, Taken, unavailable

_PATIENCE = timedelta(seconds=10)  # for one request, all its attempts included: somebody waits


class ObjectEvidence:
    """Photographs as objects of a bucket, under a prefix. An object is there whole or not at all: S3 promises it."""

    def __init__(self, bucket: str, prefix: str, settings: Settings) -> None:
        self._store = bucket_of(bucket, prefix, settings, _PATIENCE)
        self.place = "/".join(filter(None, (f"s3://{bucket}", prefix))) + (
            f" ({settings.s3_endpoint})" if settings.s3_endpoint else ""
        )

    def put(self, key: str, data: bytes) -> None:
        """One request."""
        with _answering():
            obstore.put(self._store, key, data, attributes={"Content-Type": "image/jpeg"}, use_multipart=False)

    def get(self, key: str) -> bytes:
        """A photograph."""
        with _answering(key):
            return bytes(obstore.get(self._store, key).bytes())

    def delete(self, key: str) -> None:
        """Remove a photograph."""
        with _answering(), contextlib.suppress(FileNotFoundError):
            obstore.delete(self._store, key)

    def each_key(self, folder: str = "") -> Iterator[tuple[str, datetime]]:
        """Keys as the storage lists them."""
        with _answering():
            for objects in obstore.list(self._store, folder or None):
                yield from ((each["path"], each["last_modified"]) for each in objects)

    def taken(self) -> Taken:
        """As the storage lists them, a thousand in a request."""
        count = size = 0
        with _answering():
            for objects in obstore.list(self._store):
                photographs = [each["size"] for each in objects if each["path"].endswith(".jpg")]
                count, size = count + len(photographs), size + sum(photographs)
        return Taken(count, size)

    def check(self) -> None:
        """Write a small object, always the same one."""
        with _answering():
            obstore.put(self._store, "check", b"visto bueno", use_multipart=False)


def bucket_of(bucket: str, prefix: str, settings: Settings, patience: timedelta) -> S3Store:
    """A bucket below a prefix; ``patience`` is for one request, all its attempts included."""
    options: dict[str, Any] = {"region": settings.s3_region}
    if settings.s3_endpoint:
        options |= {"endpoint": settings.s3_endpoint, "virtual_hosted_style_request": False}
    if settings.s3_access_key_id:
        options |= {"access_key_id": settings.s3_access_key_id, "secret_access_key": settings.s3_secret_access_key}
    return S3Store(
        bucket,
        prefix=prefix or None,
        client_options={
            "allow_http": settings.s3_endpoint.startswith("http://"),
            "timeout": patience,
            "connect_timeout": timedelta(seconds=5),
        },
        retry_config={"max_retries": 2, "retry_timeout": patience},
        **options,
    )


@contextlib.contextmanager
def _answering(key: str | None = None) -> Iterator[None]:
    try:
        yield
    except (BaseError, OSError) as error:
        missing = isinstance(error, NotFoundError | FileNotFoundError)
        if key is not None and missing and "NoSuchBucket" not in str(error):
            raise EvidenceMissing(key) from error
        raise unavailable(error) from error
