import io
import threading
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from drawn_photos import PHOTO, jpeg
from foreign_zips import lying_bzip2, overlapping, zip_of
from kept import ANA
from vistobueno.core.errors import PhotoRefused
from vistobueno.core.inspection import Inspection
from vistobueno.model.bundle import Bundle
from vistobueno.services import BatchRefused, Conflict, Station, Unavailable, batch
from vistobueno.services.batch import inspect_entries
from vistobueno.settings import Settings


@pytest.fixture
def station(small_bundle: Bundle, tmp_path: Path) -> Station:
    opened = Station.open(Settings(data_dir=tmp_path / "data", model_path=str(small_bundle.path)))
    yield opened  # type: ignore[misc]
    opened.close()


def zipped(entries: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return out


def test_every_photograph_is_inspected_in_its_order_and_a_bad_one_stops_no_other(station: Station) -> None:
    file = zipped({"lot/a.jpg": PHOTO, "lot/notes.txt": b"not a photograph", "lot/b.jpg": jpeg("banana_fit"),
                   "__MACOSX/._a.jpg": b"x", "lot/.DS_Store": b"x", "Thumbs.db": b"x", "lot/": b""})  # fmt: skip
    outcomes = list(station.inspections.inspect_zip(file, ANA, source="bulk"))
    assert [each.name for each in outcomes] == ["lot/a.jpg", "lot/notes.txt", "lot/b.jpg"]
    assert [each.error.code if each.error else None for each in outcomes] == [None, "not_a_photo", None]
    assert [each.inspection.number for each in outcomes if each.inspection] == [1, 2]
    assert station.inspections.one(2).filename == "b.jpg"


def test_the_same_zip_again_is_done_once_even_after_half_of_it(station: Station) -> None:
    file = zipped({f"{number}.jpg": jpeg(seed=number) for number in range(5)})
    begun = station.inspections.inspect_zip(file, ANA, source="bulk", idempotency_key="lot 7").outcomes
    next(begun)
    begun.close()  # who sent it went away
    outcomes = list(station.inspections.inspect_zip(file, ANA, source="bulk", idempotency_key="lot 7"))
    assert len({each.inspection.number for each in outcomes if each.inspection}) == 5
    assert len(station.inspections.page().items) == 5


def test_two_alike_in_one_zip_are_two_inspections(station: Station) -> None:
    file = zipped({"a.jpg": PHOTO, "b.jpg": PHOTO})
    assert len(list(station.inspections.inspect_zip(file, ANA, source="bulk", idempotency_key="k"))) == 2
    assert len(station.inspections.page().items) == 2


def test_a_key_means_one_zip_and_one_that_is_refused_gives_it_back(station: Station) -> None:
    first, second = (zipped({f"{name}.jpg": PHOTO}) for name in "ab")
    assert list(station.inspections.inspect_zip(first, ANA, source="bulk", idempotency_key="k"))
    second.seek(0)
    with pytest.raises(Conflict, match="key_used"):
        station.inspections.inspect_zip(second, ANA, source="bulk", idempotency_key="k")
    with pytest.raises(Conflict, match="key_used"):
        station.inspections.inspect(PHOTO, ANA, source="page", idempotency_key="k")
    with pytest.raises(Conflict, match="key_used"):
        station.reviews.give(1, ANA, "fit", idempotency_key="k")
    with pytest.raises(BatchRefused):
        station.inspections.inspect_zip(zipped({}), ANA, source="bulk", idempotency_key="new")
    assert len(list(station.inspections.inspect_zip(second, ANA, source="bulk", idempotency_key="new"))) == 1
    assert len(station.inspections.page().items) == 2


def refused(file: io.BytesIO) -> str:
    with pytest.raises(BatchRefused) as error:
        list(inspect_entries(file, unasked, 2, as_it_is))
    return error.value.code


def as_it_is(judged: Inspection, name: str, place: int) -> Inspection:
    return judged


def unasked(data: bytes, name: str, place: int) -> Inspection:
    raise AssertionError("nothing may be inspected")


def test_what_is_no_zip_of_photographs_is_refused_before_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = zipped({"a.jpg": PHOTO}).getvalue()
    assert refused(io.BytesIO(b"")) == "not_a_zip"
    assert refused(io.BytesIO(b"no zip" * 100)) == "not_a_zip"
    assert refused(io.BytesIO(whole[:-30])) == "not_a_zip"
    assert refused(zipped({})) == "zip_empty"
    assert refused(zipped({"__MACOSX/x": b"x"})) == "zip_empty"
    monkeypatch.setattr(batch, "MOST", 3)
    assert refused(zipped({f"{number}.jpg": b"x" for number in range(4)})) == "too_many_photos"
    assert refused(zipped({f"{number}.jpg": b"x" for number in range(7)})) == "too_many_photos"
    monkeypatch.setattr(batch, "_LARGEST", 100)
    assert refused(zipped({"a.jpg": bytes(101)})) == "zip_too_large"


def test_a_list_of_entries_that_is_too_long_is_not_even_read() -> None:
    end = b"PK\x05\x06" + bytes(4) + (60_000).to_bytes(2, "little") * 2 + (3_000_000).to_bytes(4, "little") + bytes(6)
    assert refused(io.BytesIO(bytes(3_000_000) + end)) == "too_many_photos"


def in_zip64(zip_: bytes, count: int, directory: int) -> io.BytesIO:
    """The same ZIP with the records of ZIP64, which say this of its list of entries, before its end record."""
    end = zip_.rindex(b"PK\x05\x06")
    at = zip_[end + 16 : end + 20] + bytes(4)
    sizes = count.to_bytes(8, "little") * 2 + directory.to_bytes(8, "little")
    record = b"PK\x06\x06" + (44).to_bytes(8, "little") + b"\x2d\0\x2d\0" + bytes(8) + sizes + at
    locator = b"PK\x06\x07" + bytes(4) + end.to_bytes(8, "little") + (1).to_bytes(4, "little")
    return io.BytesIO(zip_[:end] + record + locator + zip_[end:])


def test_a_list_of_entries_that_zip64_says_is_too_long_is_not_read_either(monkeypatch: pytest.MonkeyPatch) -> None:
    zip_ = zipped({"a.jpg": b"x"}).getvalue()
    end = zip_.rindex(b"PK\x05\x06")
    size = int.from_bytes(zip_[end + 12 : end + 16], "little")
    (outcome,) = inspect_entries(in_zip64(zip_, 1, size), lambda *_: keep_nothing(), 1, as_it_is)
    assert outcome.name == "a.jpg"
    monkeypatch.setattr(zipfile, "ZipFile", unasked)
    assert refused(in_zip64(zip_, 1, 900_000_000)) == "too_many_photos"
    assert refused(in_zip64(zip_, 20_000_000, size)) == "too_many_photos"


def keep_nothing() -> Inspection:
    raise PhotoRefused("not_a_photo", es="no", en="no")


def test_an_entry_that_unpacks_without_measure_takes_no_more_than_a_photograph_may() -> None:
    sizes = []

    def noted(data: bytes, name: str, place: int) -> Inspection:
        sizes.append(len(data))
        raise PhotoRefused("file_too_large", es="no", en="no")

    bomb = zipped({"bomb.jpg": bytes(200_000_000)})
    assert len(bomb.getvalue()) < 400_000
    (outcome,) = inspect_entries(bomb, noted, 2, as_it_is)
    assert outcome.error is not None and outcome.error.code == "file_too_large"
    assert sizes == [15_000_001]


def test_a_damaged_and_an_encrypted_entry_are_said_by_name(station: Station) -> None:
    damaged = bytearray(zipped({"a.jpg": PHOTO, "b.jpg": jpeg("banana_fit")}, zipfile.ZIP_STORED).getvalue())
    damaged[200] ^= 0xFF
    first, second = station.inspections.inspect_zip(io.BytesIO(bytes(damaged)), ANA, source="bulk")
    assert (first.error.code if first.error else "", second.error) == ("damaged_photo", None)
    locked = bytearray(zipped({"a.jpg": PHOTO}).getvalue())
    directory = locked.rfind(b"PK\x01\x02")
    for flags in (6, directory + 8):
        locked[flags] |= 1
    (outcome,) = station.inspections.inspect_zip(io.BytesIO(bytes(locked)), ANA, source="bulk")
    assert outcome.error is not None and outcome.error.code == "zip_encrypted"


def codes(file: io.BytesIO) -> list[str]:
    return [
        each.error.code if each.error else "" for each in inspect_entries(file, lambda *_: keep_nothing(), 1, as_it_is)
    ]


def test_a_damaged_entry_stops_no_other() -> None:
    damaged = bytearray(zipped({"a.jpg": bytes(range(256)) * 400, "b.jpg": PHOTO}).getvalue())
    damaged[39:50] = b"\xff" * 11
    assert codes(io.BytesIO(bytes(damaged))) == ["damaged_photo", "not_a_photo"], "the second one was read"


def test_an_entry_of_a_method_without_measure_is_said_and_costs_nothing() -> None:
    for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        assert codes(zipped({"a.jpg": PHOTO}, method)) == ["zip_method"]
    bomb = lying_bzip2(50_000_000)
    tracemalloc.start()
    assert codes(bomb) == ["zip_method"]
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


def test_entries_that_lie_over_each_other_are_not_read_again_and_again() -> None:
    assert sorted(codes(overlapping(50))) == ["damaged_photo"] * 49 + ["not_a_photo"]


def test_a_nameless_entry_and_two_of_one_name_are_inspected_too(station: Station) -> None:
    file = zip_of([(b"b.jpg", PHOTO), (b"", jpeg("banana_fit")), (b"b.jpg", jpeg("apple_unfit"))])
    outcomes = list(station.inspections.inspect_zip(file, ANA, source="bulk", idempotency_key="lot 9"))
    assert [each.name for each in outcomes] == ["b.jpg", "entry-2", "b.jpg"]
    assert [each.error for each in outcomes] == [None] * 3
    assert len(station.inspections.page().items) == 3


def test_an_entry_that_its_own_header_calls_otherwise_stops_no_other() -> None:
    file = zip_of([(b"a.jpg", b"x"), (b"b.jpg", b"x")], local_names=[b"\xffz", b"b.jpg"])
    assert codes(file) == ["damaged_photo", "not_a_photo"]


def test_names_are_kept_as_they_were_written(station: Station) -> None:
    name = "caña 7/plátano.jpg".encode()  # no flag says that it is UTF-8
    (outcome,) = station.inspections.inspect_zip(zip_of([(name, PHOTO)]), ANA, source="bulk")
    assert outcome.name == "caña 7/plátano.jpg"
    assert station.inspections.one(1).filename == "plátano.jpg"


def test_what_lies_beside_photographs_is_passed_over_and_counted() -> None:
    beside = ["__MACOSX/._a.jpg", "._a.jpg", ".Trashes/501/b.jpg", "DCIM/.thumbnails/1.jpg", "x/.ipynb_checkpoints/a.jpg",
              "@eaDir/a.jpg/SYNOPHOTO_THUMB_M.jpg", "$RECYCLE.BIN/S-1/$I1.jpg", "a/Thumbs.db", "DESKTOP.INI",
              "System Volume Information/x", "lost+found/a.jpg", "dos\\.hidden\\a.jpg"]  # fmt: skip
    found = inspect_entries(
        zip_of([(name.encode(), b"x") for name in ["a.jfif", *beside]]), lambda *_: keep_nothing(), 1, as_it_is
    )
    assert [each.name for each in found] == ["a.jfif"]
    assert len(found.passed_over) == len(beside)


def test_no_more_are_in_memory_than_are_judged_at_once() -> None:
    now, most, lock = 0, 0, threading.Lock()

    def counted(data: bytes, name: str, place: int) -> Inspection:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        with lock:
            now -= 1
        raise PhotoRefused("not_a_photo", es="no", en="no")

    assert len(list(inspect_entries(zipped({f"{n}": b"x" for n in range(50)}), counted, 3, as_it_is))) == 50
    assert most <= 3


def test_where_nothing_can_be_kept_the_rest_is_not_tried() -> None:
    tried = []

    def away(data: bytes, name: str, place: int) -> Inspection:
        tried.append(name)
        raise Unavailable("database_away", es="no", en="no")

    outcomes = list(inspect_entries(zipped({f"{n}": b"x" for n in range(20)}), away, 1, as_it_is))
    assert [each.error.code for each in outcomes if each.error] == ["database_away"] * 20
    assert len(tried) == 1


def test_where_one_cannot_be_kept_the_rest_is_not_tried_either() -> None:
    tried: list[str] = []

    def away(judged: str, name: str, place: int) -> Inspection:
        tried.append(name)
        raise Unavailable("evidence_away", es="no", en="no")

    file = zipped({f"{n}": b"x" for n in range(20)})
    outcomes = list(inspect_entries(file, lambda data, name, place: name, 2, away))
    assert [each.error.code for each in outcomes if each.error] == ["evidence_away"] * 20
    assert tried == ["0"]
