import shutil
from collections.abc import Sequence
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import for_each
from vistobueno.core.errors import DataRefused
from vistobueno.training.data import LabelledPhoto, conditions_of, data_digest, fold_of_each, read_data, read_photos

HEADER = "file,label,group,source,variant\n"


def photo(label: str, group: str, source: str = "camera") -> LabelledPhoto:
    return LabelledPhoto(Path(f"{group}.jpg"), label, group, source)


def refusal(path: Path) -> DataRefused:
    with pytest.raises(DataRefused) as refused:
        read_photos(path)
    return refused.value


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("apple_fit/1.jpg", "apple_fit/deep/2.JPG", "apple_unfit/3.png", "other/4.heic"):
        (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "set" / name).write_bytes(name.encode())
    return tmp_path / "set"


def test_class_folders_give_each_photograph_the_label_of_its_topmost_folder(folder: Path) -> None:
    labels = {photo.path.name: photo.label for photo in read_photos(folder)}
    assert labels == {"1.jpg": "apple_fit", "2.JPG": "apple_fit", "3.png": "apple_unfit", "4.heic": "other"}


def test_the_source_of_class_folders_is_the_name_of_their_folder(folder: Path) -> None:
    assert {photo.source for photo in read_photos(folder)} == {"set"}


def test_what_is_no_photograph_is_passed_over(folder: Path) -> None:
    before = read_photos(folder)
    for name in ("apple_fit/notes.txt", "apple_fit/._1.jpg", "apple_fit/Thumbs.db", "loose.jpg"):
        (folder / name).write_bytes(b"no photograph")
    assert read_photos(folder) == before


def test_folders_and_tables_are_labelled_by_one_rule(folder: Path) -> None:
    names = {"apple_fit": "Fresh Apples", "apple_unfit": "manzana podrida", "other": "Otros"}
    for key, name in names.items():
        (folder / key).rename(folder / name)
    assert sorted(photo.label for photo in read_photos(folder)) == ["apple_fit", "apple_fit", "apple_unfit", "other"]
    rows = [
        "file,label",
        "Fresh Apples/1.jpg, BANANA_fit ",
        "Otros/4.heic,rottenbanana",
        "manzana podrida/3.png,mango_fit",
    ]
    (folder / "photos.csv").write_text("\n".join(rows), encoding="utf-8")
    assert [photo.label for photo in read_photos(folder)] == ["banana_fit", "banana_unfit", "mango_fit"]


def test_labels_that_mean_nothing_are_refused_all_at_once_by_name(folder: Path) -> None:
    for key, name in {"apple_fit": "bananna_fresh", "apple_unfit": "train"}.items():
        (folder / key).rename(folder / name)
    error = refusal(folder)
    assert error.code == "data_labels"
    for sentence in (error.es, error.en):
        assert "bananna_fresh, train" in sentence and "other" in sentence


def test_a_folder_of_a_name_that_means_nothing_does_no_harm_without_photographs(folder: Path) -> None:
    (folder / "notes").mkdir()
    (folder / "notes" / "a.txt").write_text("nothing")
    assert len(read_photos(folder)) == 4


def test_what_lies_beside_photographs_is_passed_over_and_counted(folder: Path) -> None:
    before = read_photos(folder)
    beside = [".ipynb_checkpoints/1.jpg", "__MACOSX/apple_fit/._1.jpg", "apple_fit/.thumbnails/1.jpg", "apple_fit/Thumbs.db",
              "$RECYCLE.BIN/1.jpg", "apple_fit/@eaDir/1.jpg", "loose.jpg", "labels.txt"]  # fmt: skip
    for name in beside:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"\xff\xd8\xff")
    found = read_data(folder)
    assert found.photos == before
    assert sorted(Path(name).relative_to(folder).as_posix() for name in found.passed_over) == sorted(beside)


def test_photographs_of_any_ending_are_read(folder: Path) -> None:
    for name in ("a.jfif", "b.jpe", "c.mpo", "d.hif", "e.avif"):
        (folder / "apple_fit" / name).write_bytes(name.encode())
    (folder / "apple_fit" / "f").write_bytes(b"\xff\xd8\xff\xe0")
    assert len(read_photos(folder)) == 10


def test_class_folders_may_be_links(folder: Path, tmp_path: Path) -> None:
    (folder / "apple_unfit").rename(tmp_path / "elsewhere")
    (folder / "apple_unfit").symlink_to(tmp_path / "elsewhere")
    assert [photo.label for photo in read_photos(folder)].count("apple_unfit") == 1


def test_a_table_is_read_as_spreadsheets_save_it(folder: Path) -> None:
    (folder / "caña.jpg").write_bytes(b"x")
    for separator in ",;\t":
        for encoding in ("utf-8", "utf-8-sig", "cp1252", "utf-16"):
            for end in ("\n", "\r\n", "\r"):
                rows = [["File ", " LABEL", "variant"], ["caña.jpg", " apple fit", "a, b; c"], ["", "", ""]]
                text = end.join(separator.join(f'"{cell}"' for cell in row) for row in rows)
                (folder / "t.csv").write_bytes(text.encode(encoding))
                (only,) = read_photos(folder / "t.csv")
                assert (only.path.name, only.label, only.variant) == ("caña.jpg", "apple_fit", "a, b; c")
    (folder / "t.csv").write_text("sep=;\nfile;label\ncaña.jpg;apple_fit\n", encoding="utf-8-sig")
    assert len(read_photos(folder / "t.csv")) == 1


def test_a_table_names_files_in_any_way(folder: Path) -> None:
    (folder / ".hidden.jpg").write_bytes(b"x")
    names = ["apple_fit\\deep\\2.JPG", str(folder / "apple_fit/1.jpg"), "./apple_unfit/../other/4.heic", ".hidden.jpg"]
    (folder / "t.csv").write_text("file,label\n" + "".join(f"{name},apple_fit\n" for name in names), encoding="utf-8")
    assert len(read_photos(folder / "t.csv")) == 4


def test_a_byte_identical_copy_shares_its_originals_group(folder: Path) -> None:
    shutil.copy(folder / "apple_fit/1.jpg", folder / "apple_unfit/copy.jpg")
    groups = {photo.path.name: photo.group for photo in read_photos(folder)}
    assert groups["copy.jpg"] == groups["1.jpg"] != groups["3.png"]


def test_a_table_gives_group_source_and_variant(folder: Path) -> None:
    table = folder / "photos.csv"
    table.write_text(HEADER + "apple_fit/1.jpg,apple_fit,g1,studio,turned\n", encoding="utf-8")
    assert read_photos(table) == [
        LabelledPhoto(folder / "apple_fit/1.jpg", "apple_fit", "g1", "studio", "turned"),
    ]


def test_a_folder_with_a_photos_csv_is_read_by_its_table(folder: Path) -> None:
    (folder / "photos.csv").write_text("file,label\napple_unfit/3.png,apple_fit\n", encoding="utf-8")
    assert [photo.label for photo in read_photos(folder)] == ["apple_fit"]


def test_a_table_of_two_columns_makes_each_file_its_own_group(folder: Path) -> None:
    (folder / "mine.csv").write_text("file,label\napple_fit/1.jpg,a_fit\napple_unfit/3.png,a_unfit\n", encoding="utf-8")
    photos = read_photos(folder / "mine.csv")
    assert [(photo.group, photo.source) for photo in photos] == [
        ("apple_fit/1.jpg", "mine"),
        ("apple_unfit/3.png", "mine"),
    ]


def test_a_table_saved_by_a_spreadsheet_with_a_byte_order_mark_is_read(folder: Path) -> None:
    (folder / "t.csv").write_bytes(b"\xef\xbb\xbffile,label\r\napple_fit/1.jpg,apple_fit\r\n")
    assert [photo.label for photo in read_photos(folder / "t.csv")] == ["apple_fit"]


def test_a_missing_place_is_refused(tmp_path: Path) -> None:
    error = refusal(tmp_path / "nowhere")
    assert error.code == "data_missing"
    assert "Indique" in error.es
    assert "Name a folder" in error.en


@pytest.mark.parametrize("content", [None, "file,label\n"], ids=["an empty folder", "a table without rows"])
def test_a_place_without_photographs_is_refused(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "photos.csv").write_text(content, encoding="utf-8")
    error = refusal(tmp_path)
    assert error.code == "data_empty"
    assert "apple_fit" in error.es
    assert "one folder per class" in error.en


@pytest.mark.parametrize(
    ("header", "lacking"), [("file,klass", "label"), ("photo,label", "file"), ("file|label", "file, label")]
)
def test_a_table_without_its_columns_is_refused_naming_them(tmp_path: Path, header: str, lacking: str) -> None:
    (tmp_path / "photos.csv").write_text(f"{header}\na.jpg,apple_fit\n", encoding="utf-8")
    error = refusal(tmp_path)
    assert error.code == "table_columns"
    assert f"columnas: {lacking}. Añádalas" in error.es
    assert f"columns: {lacking}. Add them" in error.en


def test_a_table_that_names_missing_photographs_is_refused_naming_all(folder: Path) -> None:
    rows = "file,label\napple_fit/nix.jpg,apple_fit\napple_fit/1.jpg,apple_fit\nnope.jpg,apple_fit\n"
    (folder / "t.csv").write_text(rows, encoding="utf-8")
    error = refusal(folder / "t.csv")
    assert error.code == "photo_missing"
    for sentence in (error.es, error.en):
        assert "nix.jpg" in sentence and "nope.jpg" in sentence and "1.jpg" not in sentence


@pytest.mark.parametrize("row", ["apple_fit/1.jpg", "apple_fit/1.jpg,", ",apple_fit"])
def test_a_row_that_lacks_its_file_or_label_is_refused_with_its_number(folder: Path, row: str) -> None:
    (folder / "t.csv").write_text(f"file,label\napple_fit/1.jpg,apple_fit\n{row}\n", encoding="utf-8")
    error = refusal(folder / "t.csv")
    assert error.code == "table_row"
    assert "clase: 2. " in error.es
    assert "label: 2. " in error.en


def test_a_photograph_given_as_a_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "apple.jpg").write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF\x80\x81\x82")
    error = refusal(tmp_path / "apple.jpg")
    assert error.code == "table_unreadable"
    assert "Indique una carpeta" in error.es
    assert "Name a folder" in error.en


some_photos = st.lists(
    st.builds(
        photo,
        st.sampled_from(["apple_fit", "apple_unfit", "other"]),
        st.integers(0, 30).map(str),
        st.sampled_from(["studio", "store"]),
    ),
    max_size=80,
)


@settings(max_examples=50, deadline=None)
@given(some_photos, st.integers(2, 6), st.integers(0, 9))
def test_a_group_is_never_parted(photos: list[LabelledPhoto], folds: int, seed: int) -> None:
    assigned = fold_of_each(photos, folds, seed)
    assert assigned.shape == (len(photos),)
    assert ((assigned >= 0) & (assigned < folds)).all()
    for group in {photo.group for photo in photos}:
        assert len({fold for fold, photo in zip(assigned, photos, strict=True) if photo.group == group}) == 1


@settings(max_examples=25, deadline=None)
@given(some_photos, st.integers(0, 9), st.randoms(use_true_random=False))
def test_folds_do_not_depend_on_the_order_of_single_photographs(
    photos: list[LabelledPhoto], seed: int, random: Random
) -> None:
    single = list({photo.group: photo for photo in photos}.values())
    mixed = random.sample(single, len(single))
    first = dict(zip([photo.group for photo in single], fold_of_each(single, 4, seed), strict=True))
    assert first == dict(zip([photo.group for photo in mixed], fold_of_each(mixed, 4, seed), strict=True))


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 9))
def test_each_label_of_each_source_is_spread_evenly(fit: int, unfit: int, seed: int) -> None:
    photos = [photo("apple_fit", f"f{n}", "studio") for n in range(fit)]
    photos += [photo("apple_unfit", f"u{n}", "orchard") for n in range(unfit)]
    assigned = fold_of_each(photos, 4, seed)
    for label in ("apple_fit", "apple_unfit"):
        counts = np.bincount(assigned[[photo.label == label for photo in photos]], minlength=4)
        assert counts.max() - counts.min() <= 1


def test_the_same_seed_gives_the_same_folds_and_another_seed_others() -> None:
    photos = [photo("apple_fit", str(number)) for number in range(40)]
    assert (fold_of_each(photos, 4, 7) == fold_of_each(photos, 4, 7)).all()
    assert (fold_of_each(photos, 4, 7) != fold_of_each(photos, 4, 8)).any()


def test_the_digest_does_not_depend_on_order_names_or_folders(folder: Path, tmp_path: Path) -> None:
    photos = read_photos(folder)
    moved = tmp_path / "elsewhere"
    shutil.copytree(folder, moved)
    (moved / "apple_fit/1.jpg").rename(moved / "apple_fit/renamed.jpg")
    assert data_digest(photos) == data_digest(photos[::-1]) == data_digest(read_photos(moved))


def changes(photos: Sequence[LabelledPhoto], what: str) -> list[LabelledPhoto]:
    first = photos[0]
    if what == "a label":
        return [LabelledPhoto(first.path, "banana_fit", first.group, first.source), *photos[1:]]
    if what == "a byte":
        first.path.write_bytes(first.path.read_bytes() + b".")
        return list(photos)
    return list(photos[1:] if what == "one photograph less" else [*photos, first])


@pytest.mark.parametrize("what", ["a label", "a byte", "one photograph less", "one photograph twice"])
def test_the_digest_tells_any_change_of_the_data(folder: Path, what: str) -> None:
    photos = read_photos(folder)
    before = data_digest(photos)
    assert data_digest(changes(photos, what)) != before


@for_each(
    ("label", "variant", "condition"),
    [
        ("apple_fit", "", "fit"),
        ("apple_unfit", "fresh_crop", "unfit"),
        ("other", "rotten_peaches", "unfit"),
        ("other", "Frescas, de la mañana", "fit"),
        ("other", "podrida", "unfit"),
        ("other", "", None),
        ("other", "Fruit/Peach", None),
        ("other", "freshwater_fish", None),
    ],
)
def test_a_condition_is_known_of_products_and_of_others_whose_variant_says_it(
    label: str, variant: str, condition: str | None
) -> None:
    shown = LabelledPhoto(Path("a.jpg"), label, "a", "camera", variant)
    assert shown.condition == condition
    assert conditions_of([shown]).tolist() == [[condition == "fit", condition == "unfit"]]
