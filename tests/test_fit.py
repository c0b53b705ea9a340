from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from later import later
from vistobueno.cli.drawn import CLASSES, draw_photo
from vistobueno.core.errors import DataRefused
from vistobueno.core.photo import open_photo
from vistobueno.model.bundle import HELD_OUT, Bundle, read_bundle
from vistobueno.model.inspector import inspect
from vistobueno.model.memory import Memory
from vistobueno.model.runtime import golden_pictures, load_model
from vistobueno.training.data import LabelledPhoto, read_photos
from vistobueno.training.evaluate import evaluate, figures
from vistobueno.training.out_of_fold import OutOfFold, hashes_of

keras = later("keras")
backbone = later("vistobueno.training.backbone")
fit = later("vistobueno.training.fit")
classes_of = later("vistobueno.training.fit", "classes_of")
train = later("vistobueno.training.fit", "train")

pytestmark = pytest.mark.timeout(600)
PER_CLASS = 6
TINY: dict[str, Any] = {"epochs": 2, "views": 1, "seed": 3, "corrupted": 1}
MODELS = {"fold 1", "fold 2", "fold 3", "without sources 1", "without sources 2", "final"}


def small_network(side: int) -> Any:
    """Two convolutions with a residual sum between them, as a backbone has: what lies below is the trunk."""
    layers = keras.layers
    pixels = layers.Input((side, side, 3), name="pixels")
    x = layers.Conv2D(8, 3, 4, "same", activation="relu")(pixels)
    x = layers.Add()([x, layers.DepthwiseConv2D(3, padding="same")(x)])
    return keras.Model(pixels, layers.Conv2D(16, 3, 2, "same", activation="relu")(x))


@pytest.fixture(scope="module", autouse=True)
def backbones() -> Iterator[None]:
    """The backbone that is chosen is a small one; test_cli_training.py trains the real one, once."""
    small = backbone.Backbone(64, (1 / 128,) * 3, (-127 / 128,) * 3, small_network)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "vistobueno.training.fit.choose_backbone", lambda name: small
        )  # of the module: `fit` stands for it
        yield


@dataclass
class Watch:
    """A progress callback that keeps what it was told, and pulls the plug when a step begins."""

    plug: str = ""
    told: list[tuple[str, int, int]] = field(default_factory=list)

    def __call__(self, step: str, done: int, total: int) -> None:
        self.told.append((step, done, total))
        if step == self.plug:
            raise KeyboardInterrupt

    @property
    def steps(self) -> set[str]:
        return {step for step, _, _ in self.told}


@dataclass(frozen=True)
class Trained:
    bundle: Bundle
    watch: Watch
    data: Path


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn pictures of the seven classes, by two cameras, with the table that says so."""
    folder = tmp_path_factory.mktemp("data")
    rows = []
    for key in CLASSES:
        (folder / key).mkdir()
        for seed in range(PER_CLASS):
            name = f"{key}/{seed}.jpg"
            draw_photo(key, seed, (240, 180)).save(folder / name, quality=90)
            rows.append({"file": name, "label": key, "group": name, "source": ("phone", "belt")[seed % 2]})
    with (folder / "photos.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, ("file", "label", "group", "source"))
        table.writeheader()
        table.writerows(rows)
    return folder


@pytest.fixture(scope="module")
def trained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """The one bundle that the tests of this file share, trained without a break."""
    watch = Watch()
    out = tmp_path_factory.mktemp("trained") / "packhouse"
    return Trained(train(data, out, progress=watch, **TINY), watch, data)


@pytest.fixture(scope="module")
def resumed(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Bundle, Watch, Watch]:
    """The same training, cut while the third fold is learnt, and begun again with the same arguments."""
    place = tmp_path_factory.mktemp("resumed")
    cut, again = Watch(plug="fold 3"), Watch()
    with pytest.raises(KeyboardInterrupt):
        train(data, place / "packhouse", work=place / "work", progress=cut, **TINY)
    assert not (place / "packhouse").exists(), "nothing half-trained is ever in place"
    return train(data, place / "packhouse", work=place / "work", progress=again, **TINY), cut, again


def test_training_gives_a_bundle_that_loads_and_judges(trained: Trained) -> None:
    assert read_bundle(trained.bundle.path).digest == trained.bundle.digest
    model = load_model(trained.bundle.path)
    verdict = inspect(open_photo((trained.data / "banana_fit" / "0.jpg").read_bytes()), model)
    assert verdict.answer in ("fit", "unfit", "review")
    assert set(verdict.probabilities) == set(CLASSES)
    assert verdict.activation is not None
    assert verdict.ood_score is not None


def test_tensorflow_and_litert_agree_on_the_trained_model(trained: Trained) -> None:
    served, compared = (load_model(trained.bundle.path, name) for name in ("litert", "tensorflow"))
    for picture in golden_pictures(trained.bundle.input)[:2]:
        one, two = served.score_picture(picture), compared.score_picture(picture)
        assert np.abs(one.logits - two.logits).max() < 1e-4 * max(1, np.abs(two.logits).max())


def test_the_bundle_says_what_it_was_trained_from_and_how(trained: Trained) -> None:
    bundle = trained.bundle
    assert [each.key for each in bundle.classes] == list(CLASSES)
    assert bundle.labels_proved is True
    assert bundle.training["photographs"] == PER_CLASS * len(CLASSES)
    assert bundle.training["sources"] == ["belt", "phone"]
    assert (bundle.training["seed"], bundle.training["views"], bundle.training["recipe"]["epochs"]) == (3, 1, 2)
    command = bundle.origin["command"]
    for part in ("vistobueno train", "--backbone efficientnet-lite0", "--views 1", "--epochs 2", "--seed 3"):
        assert part in command


def test_model_cards_in_both_languages_travel_with_it(trained: Trained) -> None:
    for language, title in (("es", "# Modelo packhouse"), ("en", "# Model packhouse")):
        assert f"card.{language}.md" in trained.bundle.files
        card = (trained.bundle.path / f"card.{language}.md").read_text(encoding="utf-8")
        assert card.startswith(title)
        assert trained.bundle.training["data"] in card


def test_every_photograph_has_a_prediction_by_a_model_without_it_and_one_without_its_camera(trained: Trained) -> None:
    kept = OutOfFold.read(trained.bundle)
    assert kept is not None
    assert HELD_OUT in trained.bundle.files
    assert kept.hashes == hashes_of(read_photos(trained.data))
    assert len(kept.known.logits) == len(kept.unknown.logits) == PER_CLASS * len(CLASSES)
    assert sorted(kept.rows) == list(range(PER_CLASS * len(CLASSES)))
    assert not np.allclose(kept.known.logits[kept.rows], kept.unknown.logits)


def test_what_it_was_trained_on_travels_as_embeddings(trained: Trained) -> None:
    memory, photos = Memory.read(trained.bundle), read_photos(trained.data)
    assert memory is not None
    keys = [each.key for each in trained.bundle.classes]
    assert [keys[label] for label in memory.labels] == [photo.label for photo in photos]
    assert [memory.source_names[source] for source in memory.sources] == [photo.source for photo in photos]
    assert len(set(memory.groups.tolist())) == len({photo.group for photo in photos})
    model = load_model(trained.bundle.path)
    scores = model.score(open_photo(photos[3].path.read_bytes()))
    assert scores.embedding is not None
    step = (memory.embeddings.max(axis=0) - memory.embeddings.min(axis=0)) / 255
    assert (np.abs(scores.embedding - memory.embeddings[3]) <= step + 0.02).all()


def test_the_map_is_the_evidence_of_each_place_for_the_logits(trained: Trained) -> None:
    scores = load_model(trained.bundle.path).score_picture(golden_pictures(trained.bundle.input)[0])
    assert scores.embedding is not None and scores.activation is not None
    length = np.linalg.norm(scores.embedding)
    np.testing.assert_allclose(scores.activation.mean(axis=(0, 1)), scores.logits * length, rtol=1e-3, atol=1e-3)


def test_it_is_said_what_corruptions_do(trained: Trained) -> None:
    figures = trained.bundle.metrics["corruptions"]
    assert {len(parts) for kind, parts in figures.items() if kind != "none"} == {5}
    assert figures["none"][0]["review_share"]["n"] == 6, "one photograph of each class of a product"


def test_metrics_have_intervals_for_known_and_unknown_cameras(trained: Trained) -> None:
    for kind in ("known_cameras", "unknown_cameras"):
        figure = trained.bundle.metrics[kind]["all"]["condition_accuracy"]
        assert figure["low"] <= figure["share"] <= figure["high"]
        assert figure["n"] == PER_CLASS * 6
        assert set(trained.bundle.metrics[kind]["sources"]) == {"phone", "belt"}


@pytest.mark.parametrize(("kind", "unknown"), [("known_cameras", False), ("unknown_cameras", True)])
def test_the_metrics_are_those_that_evaluate_gives(trained: Trained, kind: str, unknown: bool) -> None:
    photos = read_photos(trained.data)
    evaluation = evaluate(photos, load_model(trained.bundle.path), unknown_cameras=unknown)
    measured = figures(evaluation)
    assert evaluation.held_out == len(photos)
    for part in ("all", "sources", "classes", "ood_auc"):
        assert measured[part] == trained.bundle.metrics[kind][part]


def test_few_photographs_give_no_guarantee_and_everything_goes_to_a_person(trained: Trained) -> None:
    policy = trained.bundle.policy
    assert (policy.fit_below, policy.unfit_above) == (-1.0, 2.0)
    assert trained.bundle.metrics["known_cameras"]["all"]["review_share"]["share"] == 1


def test_progress_names_every_step_and_reaches_its_total(trained: Trained) -> None:
    assert trained.watch.steps == {"views", "corruptions"} | MODELS
    for step in trained.watch.steps:
        counts = [(done, total) for name, done, total in trained.watch.told if name == step]
        assert [done for done, _ in counts] == sorted(done for done, _ in counts)
        assert counts[-1][0] == counts[-1][1]


def test_nothing_is_left_beside_the_bundle(trained: Trained) -> None:
    assert [path.name for path in trained.bundle.path.parent.iterdir()] == ["packhouse"]


def test_a_run_that_was_cut_goes_on_where_it_was_cut(resumed: tuple[Bundle, Watch, Watch]) -> None:
    _, cut, again = resumed
    assert {"views", "fold 1", "fold 2"} <= cut.steps
    assert again.steps == MODELS - {"fold 1", "fold 2"} | {"corruptions"}


def test_a_resumed_run_and_an_unbroken_one_of_the_same_seed_give_the_same_model(
    trained: Trained, resumed: tuple[Bundle, Watch, Watch]
) -> None:
    one, two = load_model(trained.bundle.path), load_model(resumed[0].path)
    for picture in golden_pictures(trained.bundle.input):
        assert np.array_equal(one.score_picture(picture).logits, two.score_picture(picture).logits)
    assert resumed[0].metrics == trained.bundle.metrics
    policies = [
        {key: value for key, value in vars(bundle.policy).items() if key != "scope"}
        for bundle in (trained.bundle, resumed[0])
    ]
    assert policies[0] == policies[1]
    assert resumed[0].files[HELD_OUT] == trained.bundle.files[HELD_OUT]


def test_what_was_computed_serves_no_run_on_the_same_photographs_in_another_order(
    resumed: tuple[Bundle, Watch, Watch], data: Path, tmp_path: Path
) -> None:
    turned = tmp_path / "turned"
    shutil.copytree(data, turned)
    lines = (turned / "photos.csv").read_text(encoding="utf-8").splitlines()
    (turned / "photos.csv").write_text("\n".join([lines[0], *reversed(lines[1:])]), encoding="utf-8")
    watch = Watch(plug="views")
    with pytest.raises(KeyboardInterrupt):
        train(turned, tmp_path / "out", work=resumed[0].path.parent / "work", progress=watch, **TINY)
    assert "views" in watch.steps


def test_what_was_learnt_serves_no_run_that_groups_the_photographs_otherwise(
    resumed: tuple[Bundle, Watch, Watch], data: Path, tmp_path: Path
) -> None:
    grouped = tmp_path / "grouped"
    shutil.copytree(data, grouped)
    text = (grouped / "photos.csv").read_text(encoding="utf-8")
    for seed in (1, 3, 5):  # photographs of one fruit, two by two
        text = text.replace(f"/{seed}.jpg,phone", f"/{seed - 1}.jpg,phone").replace(
            f"/{seed}.jpg,belt", f"/{seed - 1}.jpg,belt"
        )
    (grouped / "photos.csv").write_text(text, encoding="utf-8")
    assert len({photo.group for photo in read_photos(grouped)}) == 3 * len(CLASSES)
    watch = Watch(plug="fold 1")
    with pytest.raises(KeyboardInterrupt):
        train(grouped, tmp_path / "out", work=resumed[0].path.parent / "work", progress=watch, **TINY)
    assert "fold 1" in watch.steps


def labelled(*labels: str) -> list[LabelledPhoto]:
    return [LabelledPhoto(Path(f"{n}.jpg"), label, str(n), "set") for n, label in enumerate(labels)]


def test_classes_stand_in_alphabetical_order_and_other_last() -> None:
    classes = classes_of(labelled("other", "mango_unfit", "apple_fit", "mango_fit"))
    assert [(each.key, each.product, each.condition) for each in classes] == [
        ("apple_fit", "apple", "fit"),
        ("mango_fit", "mango", "fit"),
        ("mango_unfit", "mango", "unfit"),
        ("other", None, None),
    ]
    assert [each.names for each in classes[:3]] == [
        {"es": "manzana apta", "en": "fit apple"},
        {"es": "mango apto", "en": "fit mango"},
        {"es": "mango no apto", "en": "not fit mango"},
    ]


def test_one_class_alone_is_refused_by_name() -> None:
    with pytest.raises(DataRefused) as refused:
        classes_of(labelled("apple_fit", "other"))
    assert refused.value.code == "data_classes"
    assert "apple_fit" in refused.value.es and "apple_fit" in refused.value.en


def test_wrong_classes_are_refused_before_anything_is_computed(tmp_path: Path) -> None:
    for name in ("ripe", "green"):
        (tmp_path / "set" / name).mkdir(parents=True)
        draw_photo("apple_fit", 1, (160, 130)).save(tmp_path / "set" / name / "1.jpg")
    with pytest.raises(DataRefused, match="data_labels"):
        train(tmp_path / "set", tmp_path / "out", **TINY)
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_too_few_photographs_of_a_class_are_refused_before_anything_is_computed(tmp_path: Path) -> None:
    for key, count in (("apple_fit", 3), ("apple_unfit", 1)):
        (tmp_path / "set" / key).mkdir(parents=True)
        for seed in range(count):
            draw_photo(key, seed, (160, 130)).save(tmp_path / "set" / key / f"{seed}.jpg")
    with pytest.raises(DataRefused) as refused:
        train(tmp_path / "set", tmp_path / "out", **TINY)
    assert refused.value.code == "data_few"
    assert "apple_unfit" in refused.value.es
    assert "apple_unfit" in refused.value.en
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


@pytest.fixture
def broken(data: Path, tmp_path: Path) -> Path:
    """The data with two photographs cut short."""
    folder = tmp_path / "broken"
    shutil.copytree(data, folder)
    for name in ("orange_fit/2.jpg", "other/3.jpg"):
        (folder / name).write_bytes((folder / name).read_bytes()[:700])
    return folder


def test_training_goes_on_without_broken_photographs_where_that_is_asked_and_counts_them(
    broken: Path, tmp_path: Path
) -> None:
    watch = Watch(plug="fold 1")
    with pytest.raises(KeyboardInterrupt):
        train(broken, tmp_path / "out", skip_unreadable=True, progress=watch, **TINY)
    counted = {total for step, _, total in watch.told if step == "views"}
    assert counted == {PER_CLASS * len(CLASSES) - 2}


def test_broken_photographs_are_refused_all_at_once_by_their_file_names(broken: Path, tmp_path: Path) -> None:
    with pytest.raises(DataRefused) as refused:
        train(broken, tmp_path / "out", **TINY)
    assert refused.value.code == "photos_unreadable"
    for sentence in (refused.value.es, refused.value.en):
        assert str(Path("orange_fit") / "2.jpg") in sentence
        assert str(Path("other") / "3.jpg") in sentence
    assert "otra vez" in refused.value.es
    assert not (tmp_path / "out").exists()
