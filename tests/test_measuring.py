import threading
from pathlib import Path

import pytest

from vistobueno.services import measuring
from vistobueno.services.measuring import Measuring
from vistobueno.store.photos.evidence import Taken, new_key
from vistobueno.store.photos.folder import FolderEvidence
from vistobueno.store.photos.protocol import unavailable


class Slow(FolderEvidence):
    """A large store, which tells when a test lets it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.may, self.asked = threading.Event(), 0

    def taken(self) -> Taken:
        self.asked += 1
        self.may.wait()
        return super().taken()


def test_nobody_waits_for_a_large_store_and_it_is_asked_once(tmp_path: Path) -> None:
    store = Slow(tmp_path)
    store.put(new_key(), b"photograph")
    measured = Measuring(store)
    assert [measured.last(0), measured.last(0)] == [None, None]
    store.may.set()
    first = measured.last(60)
    assert first and first.taken == Taken(1, 10)
    store.put(new_key(), b"another")
    assert measured.last(60) == first
    assert store.asked == 1


def test_a_figure_grows_old_and_is_told_until_there_is_a_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Slow(tmp_path)
    store.may.set()
    measured = Measuring(store)
    first = measured.last(60)
    monkeypatch.setattr(measuring, "_FRESH", -1.0)
    store.may.clear()
    store.put(new_key(), b"another")
    assert measured.last(0) == first
    store.may.set()
    newer = measured.last(60)
    assert newer and newer.taken == Taken(1, 7)


def test_a_store_that_is_away_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_: FolderEvidence) -> Taken:
        raise unavailable(OSError("away"))

    measured = Measuring(FolderEvidence(tmp_path))
    with monkeypatch.context() as changed:
        changed.setattr(FolderEvidence, "taken", away)
        assert measured.last(60) is None
    found = measured.last(60)
    assert found and found.taken == Taken(0, 0)
