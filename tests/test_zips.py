import io
import tracemalloc
import unicodedata
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreign_zips import UTF8, lying_bzip2, overlapping, unicode_path, zip_of
from vistobueno.core.zips import UNPACKING, EntryRefused, content, entries, lines, member, open_zip, whole_entries

SPANISH = ("plátano.jpg", "PLÁTANO Ñ.jpg", "caña nº 3.jpg", "Época/Íñigo/añejo.jpg", "¿cuál?.jpg", "FotoÁrbol.jpg")


def names(file: io.BytesIO) -> list[str]:
    return [entry.name for entry in entries(open_zip(file, 100))]


def test_a_name_is_the_one_that_was_written_whatever_wrote_it() -> None:
    for name in SPANISH:
        for flags, page in ((UTF8, "utf-8"), (0, "utf-8"), (0, "cp850")):
            assert names(zip_of([(name.encode(page), b"x")], flags=flags)) == [name], page
        apart = unicodedata.normalize("NFD", name)  # as a Mac writes it
        assert names(zip_of([(apart.encode(), b"x")])) == [name]
    for name in ("plátano.jpg", "caña nº 3.jpg", "pingüino Ñ.jpg"):
        for page in ("cp437", "cp1252"):
            assert names(zip_of([(name.encode(page), b"x")])) == [name], page


@given(st.text(st.characters(codec="utf-8", exclude_characters="/\\\0:.", exclude_categories=["Cc"]), min_size=1))
def test_utf_8_is_read_with_its_flag_and_without(name: str) -> None:
    for flags in (UTF8, 0):
        assert names(zip_of([(name.encode(), b"x")], flags=flags)) == [unicodedata.normalize("NFC", name)]


def test_the_unicode_path_is_read_where_it_belongs_to_the_name() -> None:
    assert names(zip_of([(b"pl_tano", b"x")], extra=unicode_path("plátano", b"pl_tano"))) == ["plátano"]
    assert names(zip_of([(b"pl_tano", b"x")], extra=unicode_path("plátano", b"other"))) == ["pl_tano"]
    assert names(zip_of([(b"pl_tano", b"x")], extra=b"\x01\x99\x02\x00zz" + unicode_path("ñ", b"pl_tano"))) == ["ñ"]


def test_a_shown_name_leads_nowhere() -> None:
    shown = {"a\\b.jpg": "a/b.jpg", "C:\\fotos\\b.jpg": "fotos/b.jpg", "/etc/passwd": "etc/passwd", "../../b.jpg": "b.jpg",
             "a/./../b.jpg": "a/b.jpg", "": "", "//host/b.jpg": "host/b.jpg"}  # fmt: skip
    assert names(zip_of([(name.encode(), b"x") for name in shown])) == list(shown.values())


def test_folders_are_told_from_files_by_either_slash_and_a_nameless_entry_is_none() -> None:
    file = zip_of([(b"a/", b""), (b"b\\", b""), (b"", b""), (b"c/", b"data"), (b"/", b"")])
    assert [entry.is_folder for entry in entries(open_zip(file, 100))] == [True, True, False, False, True]


def test_only_what_is_stored_or_deflated_is_read() -> None:
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        archive = open_zip(zip_of([(b"a", b"data")], method=method), 100)
        assert content(archive, entries(archive)[0], 4) == b"data"
    for number in (1, 6, 9, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, 93, 95, 97, 98, 99):
        archive = open_zip(zip_of([(b"a", b"data")], method=number), 100)
        with pytest.raises(EntryRefused, match="method"):
            content(archive, entries(archive)[0], 4)
        with pytest.raises(EntryRefused):
            whole_entries(archive)


def test_what_unpacks_without_measure_costs_nothing() -> None:
    file = lying_bzip2(50_000_000)
    tracemalloc.start()
    archive = open_zip(file, 100)
    with pytest.raises(EntryRefused), member(archive, entries(archive)[0]) as opened:
        opened.read(1_000)
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


def test_a_deflated_entry_that_lies_about_its_size_is_never_unpacked_beyond_it() -> None:
    data = zip_of([(b"a", bytes(50_000_000))], method=zipfile.ZIP_DEFLATED).getvalue()
    lying = data.replace((50_000_000).to_bytes(4, "little"), (1_000).to_bytes(4, "little"))
    tracemalloc.start()
    archive = open_zip(io.BytesIO(lying), 100)
    with pytest.raises(zipfile.BadZipFile):
        content(archive, entries(archive)[0], 60_000_000)
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


def test_an_entry_or_a_line_that_is_too_large_is_refused() -> None:
    archive = open_zip(zip_of([(b"a", b"12345\n12\n")], method=zipfile.ZIP_DEFLATED), 100)
    (entry,) = entries(archive)
    with pytest.raises(zipfile.BadZipFile):
        content(archive, entry, 8)
    with member(archive, entry) as opened:
        assert list(lines(opened, 6)) == [b"12345\n", b"12\n"]
    with pytest.raises(zipfile.BadZipFile), member(archive, entry) as opened:
        list(lines(opened, 5))


def test_entries_that_lie_over_each_other_are_refused_but_for_one() -> None:
    found = entries(open_zip(overlapping(50), 100))
    assert sorted(str(entry.refusal) for entry in found) == ["None", *["overlap"] * 49]
    assert [entry.refusal for entry in entries(open_zip(zip_of([(b"a", b"x"), (b"b", b"y")]), 100))] == [None, None]


def test_encrypted_entries_are_told() -> None:
    for flag in (0x1, 0x40, 0x41):
        (entry,) = entries(open_zip(zip_of([(b"a", b"x")], flags=flag), 100))
        assert entry.refusal == "encrypted"


@given(st.data())
def test_a_zip_harmed_anywhere_raises_nothing_but_what_is_said(data: st.DataObject) -> None:
    whole = bytearray(zip_of([(b"a.jpg", b"x" * 50), (b"", b"y")], method=zipfile.ZIP_DEFLATED).getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        archive = open_zip(io.BytesIO(bytes(whole)), 100)
        found = entries(archive)
    except UNPACKING:
        return
    for entry in found:
        try:
            content(archive, entry, 1_000)
        except UNPACKING:
            continue
