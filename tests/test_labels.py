from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import for_each
from vistobueno.core.classes import ClassInfo
from vistobueno.core.errors import ModelRefused
from vistobueno.training.labels import Meanings, class_key, prove_order, read_labels

SIX = ["apple_fit", "apple_unfit", "banana_fit", "banana_unfit", "orange_fit", "orange_unfit"]


def read(content: bytes | str, folder: Path, **meanings: Any) -> tuple[ClassInfo, ...]:
    data = content.encode("utf-8") if isinstance(content, str) else content
    (folder / "labels.txt").write_bytes(data)
    return read_labels(folder / "labels.txt", Meanings(**meanings))


def keys(content: bytes | str, folder: Path, **meanings: Any) -> list[str]:
    return [each.key for each in read(content, folder, **meanings)]


def refusal(content: bytes | str, folder: Path, **meanings: Any) -> ModelRefused:
    with pytest.raises(ModelRefused) as refused:
        read(content, folder, **meanings)
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
    "Unicode without its mark": PLAIN.encode("utf-16-le"),
    "numbers and a semicolon": b"0;freshapples\n1;rottenapples\n2;freshbanana\n",
    "quotes and commas": b'"freshapples",\n"rottenapples",\n"freshbanana"\n',
    "a JSON list": b'["freshapples", "rottenapples", "freshbanana"]',
    "Keras' class_indices": b'{"rottenapples": 1, "freshbanana": 2, "freshapples": 0}',
    "class_indices turned round": b'{"1": "rottenapples", "2": "freshbanana", "0": "freshapples"}',
    "Teachable Machine's metadata": b'{"labels": ["freshapples", "rottenapples", "freshbanana"], "imageSize": 224}',
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
    "Otro": "other",
    "rottenbanana": "banana_unfit",
    " Banana_unfit ": "banana_unfit",
    "BANANA-FIT": "banana_fit",
    "FreshApples": "apple_fit",
    "bananaUnfit": "banana_unfit",
    "Apple__Rotten": "apple_unfit",
    "naranjas_frescas": "orange_fit",
    "plátano apto": "banana_fit",
    "Plátanos no aptos": "banana_unfit",
    "pla\u0301tano podrido": "banana_unfit",
    "manzana dañada": "apple_unfit",
    "MANZANAS MALAS": "apple_unfit",
    "Healthy Orange": "orange_fit",
    "2. Bananas (rotten)": "banana_unfit",
    "red_apple_fit": "red_apple_fit",
    "piña no apta": "pina_unfit",
    "PassionFruit_Unfit": "passion_fruit_unfit",
    "dragon-fruit fit": "dragon_fruit_fit",
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


@for_each("line", OPPOSITES)
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
    "bad_photos",
    "good morning",
    "fresh_fit",
    "no fit",
    "unfit",
    "_unfit",
    "other_fit",
    "fresh apple banana",
    "train",
    "nan",
    "none",
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


AS_EXPORTED = ["0 Fresh\n1 Rotten\n", "0: Fresh\r\n1: Rotten", "\ufeff  Fresh \n\tRotten", "0 Fresca\n1 Podrida",
               "0 BUENA\n1 mala", '["Sana", "Dañada"]', "0 fit\n1 unfit"]  # fmt: skip


def test_labels_that_name_no_product_are_listed_and_understood_once_it_is_told(tmp_path: Path) -> None:
    for content in AS_EXPORTED:
        error = refusal(content, tmp_path)
        assert error.code == "labels_not_understood"
        assert "--product" in error.es and "--product" in error.en
        assert keys(content, tmp_path, product="apple") == ["apple_fit", "apple_unfit"], content
    error = refusal("0 Fresh\n1 apple_unfit\n2 Rotten\n", tmp_path)
    assert "0 Fresh" in error.en and "2 Rotten" in error.en and "apple_unfit" not in error.en
    assert keys("0 Fresh\n1 Rotten\n2 Background", tmp_path, product="Plátanos") == [
        "banana_fit",
        "banana_unfit",
        "other",
    ]
    assert keys("0 Fresh\n1 rotten mango", tmp_path, product="mango") == ["mango_fit", "mango_unfit"]


def test_labels_that_name_no_condition_are_told_by_their_names(tmp_path: Path) -> None:
    content = "0 Class 1\n1 Class 2\n"
    for names in ({"fit": ["Class 1"], "unfit": ["Class 2"]}, {"fit": ["0 class 1"], "unfit": ["1 Class 2"]}):
        assert keys(content, tmp_path, product="apple", **names) == ["apple_fit", "apple_unfit"]
    error = refusal(content, tmp_path, product="apple", unfit=["Class 2"])  # nobody said that the other one is fit
    assert error.code == "labels_not_understood" and "0 Class 1" in error.en and "1 Class 2" not in error.en
    assert keys("0 Fresh\n1 Mouldy", tmp_path, product="apple", unfit=["mouldy"]) == ["apple_fit", "apple_unfit"]
    assert keys("apple\nrotten apple", tmp_path, fit=["apple"]) == ["apple_fit", "apple_unfit"]


def test_what_is_told_must_fit_what_the_file_says(tmp_path: Path) -> None:
    content = "0 Fresh\n1 Rotten\n"
    assert refusal(content, tmp_path, product="apple", unfit=["Roten"]).code == "labels_not_there"
    assert refusal(content, tmp_path, product="apple", unfit=["Fresh"]).code == "labels_contradicted"
    assert refusal(content, tmp_path, product="apple", fit=["Rotten"]).code == "labels_contradicted"
    for product in ("", "rotten", "!", "other", "apple fit"):
        assert refusal(content, tmp_path, product=product).code == "product_not_understood"


def test_a_models_own_names_and_products_are_understood_in_photographs_for_it() -> None:
    classes = (ClassInfo("mango_fit", "mango", "fit", {"es": "MG-01"}), ClassInfo("mango_unfit", "mango", "unfit"))
    labels = ["mg 01", "rotten mangos", "mango_fit", "MangoUnfit", "plátano apto"]
    assert [class_key(label, classes) for label in labels] == [
        "mango_fit", "mango_unfit", "mango_fit", "mango_unfit", "banana_fit",
    ]  # fmt: skip
    assert class_key("rotten mangos") is None


@given(st.sampled_from(SIX), st.sampled_from(["", "\ufeff", " ", "\t", "0 ", "3: "]), st.sampled_from(" _-"))
def test_a_key_is_itself_however_it_is_written(key: str, before: str, between: str) -> None:
    for written in (key, key.upper(), key.title(), key.capitalize()):
        assert class_key(f"{before}{written.replace('_', between)} ") == key


@given(st.text(max_size=30))
def test_no_label_is_a_stranger_s_but_by_its_words(label: str) -> None:
    assert class_key(f"{label}xq") != "other"


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
