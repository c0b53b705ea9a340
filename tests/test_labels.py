from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vistobueno.errors import ModelRefused
from vistobueno.model.bundle import ClassInfo
from vistobueno.training.labels import class_key, prove_order, read_labels

SIX = ["apple_fit", "apple_unfit", "banana_fit", "banana_unfit", "orange_fit", "orange_unfit"]


def read(content: bytes | str, folder: Path) -> tuple[ClassInfo, ...]:
    data = content.encode("utf-8") if isinstance(content, str) else content
    (folder / "labels.txt").write_bytes(data)
    return read_labels(folder / "labels.txt")


def keys(content: bytes | str, folder: Path) -> list[str]:
    return [each.key for each in read(content, folder)]


def refusal(content: bytes | str, folder: Path) -> ModelRefused:
    with pytest.raises(ModelRefused) as refused:
        read(content, folder)
    return refused.value


PLAIN = "freshapples\nrottenapples\nfreshbanana\n"
VARIANTS: dict[str, bytes] = {
    "as it should be": PLAIN.encode(),
    "no line end at the end": PLAIN.rstrip().encode(),
    "blank lines": b"\nfreshapples\n\n\nrottenapples\n   \nfreshbanana\n\n",
    "a byte order mark": PLAIN.encode("utf-8-sig"),
    "Windows line ends": PLAIN.replace("\n", "\r\n").encode(),
    "old Mac line ends": PLAIN.replace("\n", "\r").encode(),
    "a mark and Windows line ends and blanks": b"\xef\xbb\xbffreshapples \r\n\r\n\trottenapples\r\nfreshbanana",
    "Notepad's Unicode": PLAIN.encode("utf-16"),
    "numbers before": b"0 freshapples\n1 rottenapples\n2 freshbanana\n",
    "numbers and a colon": b"0: freshapples\n1: rottenapples\n2: freshbanana\n",
    "numbers and a comma": b"0,freshapples\n1,rottenapples\n2,freshbanana\n",
    "numbers after": b"freshapples 0\nrottenapples 1\nfreshbanana 2\n",
    "capitals": PLAIN.upper().encode(),
}


@pytest.mark.parametrize("content", VARIANTS.values(), ids=VARIANTS.keys())
def test_however_the_file_was_saved_its_classes_are_read_in_order(content: bytes, tmp_path: Path) -> None:
    assert keys(content, tmp_path) == ["apple_fit", "apple_unfit", "banana_fit"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_accents_are_read_in_any_usual_encoding(encoding: str, tmp_path: Path) -> None:
    classes = read("plátano dañado\nplátano sano\n".encode(encoding), tmp_path)
    assert [each.key for each in classes] == ["banana_unfit", "banana_fit"]
    assert classes[0].names["es"] == "plátano dañado"


UNDERSTOOD = {
    "apple_fit": "apple_fit",
    "apple_unfit": "apple_unfit",
    "freshoranges": "orange_fit",
    "rotten banana": "banana_unfit",
    "good_orange": "orange_fit",
    "Bad-Apple": "apple_unfit",
    "manzana podrida": "apple_unfit",
    "naranja apta": "orange_fit",
    "banano no apto": "banana_unfit",
    "manzana-no-apta": "apple_unfit",
    "guineo malo": "banana_unfit",
    "3 naranja sana": "orange_fit",
    "other": "other",
    "Otra cosa": "other",
    "background": "other",
    "5 unknown": "other",
}


@pytest.mark.parametrize(("line", "key"), UNDERSTOOD.items())
def test_usual_names_of_classes_are_understood(line: str, key: str, tmp_path: Path) -> None:
    assert keys(f"{line}\nmango = mango fit\n", tmp_path)[0] == key


OPPOSITES = [
    "not fresh apple",
    "apple not fit",
    "no fresca manzana",
    "insana manzana",
    "unfresh apples",
    "manzana no sana",
]


@pytest.mark.parametrize("line", OPPOSITES)
def test_a_denied_condition_is_never_read_as_its_opposite(line: str) -> None:
    assert class_key(line) == "apple_unfit"


NOT_UNDERSTOOD = [
    "fresh pineapple",
    "custard apple fit and fine",
    "apple",
    "fresh",
    "unripe banana",
    "apple good not rotten",
    "non rotten apple",
    "another orange fit",
    "class_0",
    "0",
    "manzana = ",
    "kiwi = not fit",
    "kiwi = kiwi",
    "# order of training",
    '{"0": "apple_fit", "1": "apple_unfit"}',
]


@pytest.mark.parametrize("line", NOT_UNDERSTOOD)
def test_a_name_that_is_not_clear_is_refused_and_says_how_to_write_it(line: str, tmp_path: Path) -> None:
    error = refusal(f"apple_fit\n{line}\n", tmp_path)
    assert error.code == "labels_not_understood"
    assert line.strip() in error.es
    assert "producto unfit" in error.es
    assert "= product fit'" in error.en
    assert class_key(line) is None


def test_any_name_can_be_given_a_meaning(tmp_path: Path) -> None:
    classes = read("MG-01 = mango fit\nMG-02 = mango unfit\nresto = other\n1 Fuji = red_apple fit\n", tmp_path)
    assert [(each.key, each.product, each.condition) for each in classes] == [
        ("mango_fit", "mango", "fit"),
        ("mango_unfit", "mango", "unfit"),
        ("other", None, None),
        ("red_apple_fit", "red_apple", "fit"),
    ]
    assert [each.names["en"] for each in classes] == ["MG-01", "MG-02", "resto", "Fuji"]


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("freshapples\nrottenapples\nfreshapples\n", "apple_fit"),
        ("apple_fit\nfresh apple\n", "apple_fit"),
        ("other\nbackground\napple_fit\n", "other"),
        ("apple_fit\n", "?"),
        ("", "?"),
        ("\r\n\r\n", "?"),
    ],
)
def test_repeated_or_too_few_classes_are_refused(content: str, named: str, tmp_path: Path) -> None:
    error = refusal(content, tmp_path)
    assert error.code == "labels_repeated"
    assert f"({named})" in error.es
    assert "Deje una línea por clase" in error.es
    assert "Keep one line a class" in error.en


def test_a_missing_file_is_refused_and_says_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(ModelRefused) as refused:
        read_labels(tmp_path / "labels.txt")
    assert refused.value.code == "labels_missing"
    assert "una clase por línea" in refused.value.es
    assert "one class a line" in refused.value.en


def answers(order: Sequence[int], per_class: int, errors: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """What a model says whose output ``i`` is class ``order[i]``, on ``per_class`` photographs of each; some wrong."""
    truth = np.repeat(np.arange(len(order)), per_class)
    predicted = np.argsort(order)[truth]
    predicted[:errors] = (predicted[:errors] + 1) % len(order)
    return predicted, truth


permutations = st.integers(2, 7).flatmap(lambda count: st.permutations(range(count)))


@settings(max_examples=25, deadline=None)
@given(permutations, st.integers(10, 30))
def test_a_good_model_proves_its_own_order_and_contradicts_every_other(order: list[int], per_class: int) -> None:
    found = prove_order(*answers(order, per_class), len(order))
    assert found.best == tuple(order)
    assert found.finding == ("proved" if order == sorted(order) else "contradicted")


def test_a_mediocre_model_with_many_photographs_still_proves_its_order() -> None:
    rng = np.random.default_rng(0)
    truth = np.repeat(np.arange(6), 60)
    predicted = np.where(rng.random(360) < 0.55, truth, rng.integers(0, 6, 360))
    assert prove_order(predicted, truth, 6).finding == "proved"


@pytest.mark.parametrize("per_class", [1, 2, 4])
def test_few_photographs_prove_nothing(per_class: int) -> None:
    assert prove_order(*answers(range(6), per_class), 6).finding == "unproved"


def test_one_class_without_photographs_and_another_leave_the_order_unproved() -> None:
    predicted, truth = answers(range(4), 20)
    seen = truth < 2
    assert prove_order(predicted[seen], truth[seen], 4).finding == "unproved"


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000))
def test_a_model_that_guesses_neither_proves_nor_contradicts(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(3), 5)
    assert prove_order(rng.integers(0, 3, 15), truth, 3).finding == "unproved"


def test_a_model_that_always_says_one_class_proves_nothing() -> None:
    truth = np.repeat(np.arange(6), 30)
    assert prove_order(np.zeros(180, int), truth, 6).finding == "unproved"


def test_the_origins_labels_in_another_order_than_its_folders_are_contradicted() -> None:
    folders = ["freshapples", "freshbanana", "freshoranges", "rottenapples", "rottenbanana", "rottenoranges"]
    labels = ["freshapples", "rottenapples", "freshbanana", "rottenbanana", "freshoranges", "rottenoranges"]
    order = [labels.index(name) for name in folders]
    found = prove_order(*answers(order, 12, errors=4), 6)
    assert found.finding == "contradicted"
    assert [labels[index] for index in found.best] == folders
