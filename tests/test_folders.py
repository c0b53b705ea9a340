import io
import os
from pathlib import Path

from PIL import Image

from drawn_photos import PHOTO
from vistobueno.core.folders import is_photo, lies_beside, search

BESIDE = [
    "._a.jpg",
    ".hidden.jpg",
    ".Trashes/501/a.jpg",
    "DCIM/.thumbnails/a.jpg",
    "DCIM/deep/.ipynb_checkpoints/a-checkpoint.jpg",
    "__MACOSX/a.jpg",
    "@eaDir/a.jpg/SYNOPHOTO_THUMB_M.jpg",
    "$RECYCLE.BIN/S-1-5/$R1.jpg",
    "System Volume Information/a.jpg",
    "lost+found/a.jpg",
    "Thumbs.db",
    "DESKTOP.INI",
]


def files_in(folder: Path, *names: str, content: bytes = PHOTO) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def found_in(folder: Path) -> tuple[list[str], list[str]]:
    """Names of the photographs in a folder, and of what is passed over."""
    each = [(Path(name).relative_to(folder).as_posix(), is_one) for name, is_one in search(str(folder))]
    return [name for name, is_one in each if is_one], sorted(name for name, is_one in each if not is_one)


def saved(form: str, **options: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (16, 16)).save(out, form, **options)
    return out.getvalue()


def test_photographs_are_known_by_their_content() -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()
    for data in (PHOTO, saved("MPO"), saved("PNG"), saved("WEBP"), saved("WEBP", lossless=True), saved("HEIF")):
        assert is_photo(data[:64])
    for major, others in ((b"avif", b"mif1miaf"), (b"mif1", b"avifmiaf"), (b"msf1", b"heis"), (b"xxxx", b"mif1heic")):
        assert is_photo((16 + len(others)).to_bytes(4, "big") + b"ftyp" + major + bytes(4) + others + b"meta")
    for data in (b"", b"\xff\xd8", saved("GIF"), saved("BMP"), saved("TIFF"), b"RIFF\0\0\0\0WAVE", b"%PDF-1.7",
                 b"\0\0\0\x18ftypmp42\0\0\0\0isommp42", b"\0\0\0\x14ftypqt  \0\0\0\0qt  mif1", b"<html>"):  # fmt: skip
        assert not is_photo(data[:64])


def test_photographs_are_found_under_any_ending_and_under_none(tmp_path: Path) -> None:
    names = ["a.jfif", "b.JPE", "c.mpo", "d.hif", "e.avif", "f", "g.jpg_large", "h.bak", "í.JPG", "lote 7/ñ.jpeg"]
    files_in(tmp_path, *names)
    files_in(tmp_path, "notes.txt", "table.csv", "empty", content=b"")
    assert found_in(tmp_path) == (names, ["empty", "notes.txt", "table.csv"])


def test_what_calls_itself_a_photograph_is_one_so_that_its_damage_is_said(tmp_path: Path) -> None:
    files_in(tmp_path, "a.jpg", "b.heic", content=b"damaged")
    assert found_in(tmp_path) == (["a.jpg", "b.heic"], [])


def test_what_lies_beside_photographs_is_passed_over_and_counted_at_any_depth(tmp_path: Path) -> None:
    files_in(tmp_path, "a.jpg", *BESIDE)
    assert found_in(tmp_path) == (["a.jpg"], sorted(BESIDE))
    assert all(lies_beside(*name.split("/")) for name in BESIDE)
    assert not lies_beside("..", ".", "a.jpg", "Thumbs.db.jpg", "macosx")


def test_a_hidden_folder_that_is_named_is_searched(tmp_path: Path) -> None:
    files_in(tmp_path / ".cache" / "@eaDir", "a.jpg", ".b.jpg")
    assert found_in(tmp_path / ".cache" / "@eaDir") == (["a.jpg"], [".b.jpg"])


def test_pipes_are_not_waited_for_and_links_lead_round_in_no_circle(tmp_path: Path) -> None:
    files_in(tmp_path, "a.jpg")
    os.mkfifo(tmp_path / "pipe")
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "round").symlink_to(tmp_path)
    (tmp_path / "b.jpg").symlink_to(tmp_path / "a.jpg")
    (tmp_path / "c.jpg").symlink_to(tmp_path / "nowhere")
    assert found_in(tmp_path) == (["a.jpg", "b.jpg"], ["c.jpg", "pipe", "pipe.jpg", "round"])


def test_a_folder_that_cannot_be_read_is_counted(tmp_path: Path) -> None:
    assert list(search(str(tmp_path / "gone"))) == [(str(tmp_path / "gone"), False)]
