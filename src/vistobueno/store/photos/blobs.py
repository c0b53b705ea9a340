"""Photographs in the database: for an instance whose disk vanishes with it."""

from collections.abc import Iterator
from datetime import UTC, datetime

from sqlalchemy import Engine, delete, func, insert, select

from ..database import reading, writing
from ..schema import blobs
from .protocol import EvidenceMissing, Taken

_AT_ONCE = 1000  # keys read from the database at once


class BlobEvidence:
    """Photographs as rows of `blobs`."""

    place = ""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def put(self, key: str, data: bytes) -> None:
        """One transaction."""
        with writing(self.engine) as connection:
            connection.execute(insert(blobs).values(key=key, data=data, at=datetime.now(UTC)))

    def get(self, key: str) -> bytes:
        """A photograph."""
        with reading(self.engine) as connection:
            data = connection.execute(select(blobs.c.data).where(blobs.c.key == key)).scalar()
        if data is None:
            raise EvidenceMissing(key)
        return bytes(data)

    def delete(self, key: str) -> None:
        """Remove a photograph."""
        with writing(self.engine) as connection:
            connection.execute(delete(blobs).where(blobs.c.key == key))

    def each_key(self, folder: str = "") -> Iterator[tuple[str, datetime]]:
        """Keys in order, a thousand at a time."""
        last = ""
        while True:
            asked = select(blobs.c.key, blobs.c.at).where(blobs.c.key > last, blobs.c.key.startswith(folder))
            with reading(self.engine) as connection:
                rows = connection.execute(asked.order_by(blobs.c.key).limit(_AT_ONCE)).all()
            yield from ((row.key, row.at) for row in rows)
            if len(rows) < _AT_ONCE:
                return
            last = rows[-1].key

    def taken(self) -> Taken:
        """Of all rows that are photographs."""
        asked = select(func.count(), func.sum(func.length(blobs.c.data))).where(blobs.c.key.endswith(".jpg"))
        with reading(self.engine) as connection:
            count, size = connection.execute(asked).one()
        return Taken(count, int(size or 0))

    def check(self) -> None:
        """Whether the database answers."""
        with reading(self.engine) as connection:
            connection.execute(select(blobs.c.key).limit(1))
