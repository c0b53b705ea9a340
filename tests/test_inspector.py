import io
from pathlib import Path

import numpy as np
import pytest

import vistobueno
from altered_bundle import ALL_FIT, ALL_UNFIT, decided, rewritten
from vistobueno.cli.drawn import draw_photo
from vistobueno.core.photo import Photo, open_photo
from vistobueno.core.policy import Policy
from vistobueno.core.verdict import judge
from vistobueno.model.bundle import Bundle
from vistobueno.model.inspector import inspect
from vistobueno.model.runtime import Model, load_model


@pytest.fixture(scope="module")
def photo() -> Photo:
    file = io.BytesIO()
    draw_photo("apple_fit", 1, (320, 240)).save(file, "JPEG", quality=90)
    return open_photo(file.getvalue())


@pytest.fixture(scope="module")
def deciding(small_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Model:
    return load_model(decided(small_bundle, tmp_path_factory.mktemp("decided") / "small").path)


def test_a_verdict_is_the_judgement_of_the_models_scores_under_its_policy(small_model: Model, photo: Photo) -> None:
    scores, bundle = small_model.score(photo), small_model.bundle
    assert inspect(photo, small_model) == judge(scores.logits, scores.embedding, photo, bundle.classes, bundle.policy)


@pytest.mark.parametrize(("policy", "answer"), [(ALL_FIT, "fit"), (ALL_UNFIT, "unfit"), (Policy(), "review")])
def test_a_policy_that_is_given_stands_in_for_the_bundles_own(
    policy: Policy, answer: str, deciding: Model, photo: Photo
) -> None:
    assert inspect(photo, deciding, policy).answer == answer


def test_a_policy_in_the_bundle_does_what_the_same_policy_given_does(
    small_bundle: Bundle, photo: Photo, tmp_path: Path
) -> None:
    bold = load_model(rewritten(small_bundle, tmp_path / "bold", policy=ALL_UNFIT).path)
    assert inspect(photo, bold) == inspect(photo, load_model(small_bundle.path), ALL_UNFIT)


def test_the_photographs_measurements_reach_the_policy(small_model: Model, photo: Photo) -> None:
    strict = Policy(fit_below=1.0, min_sharpness=photo.sharpness + 1)
    assert "poor_photo" in inspect(photo, small_model, strict).reasons


def test_the_map_comes_with_the_verdict_and_from_the_same_pass(
    small_model: Model, photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes = []
    score = Model.score
    monkeypatch.setattr(Model, "score", lambda self, given: passes.append(given) or score(self, given))
    verdict = inspect(photo, small_model)
    assert len(passes) == 1
    assert verdict.activation is not None
    assert verdict.activation.shape == (16, 16)
    assert np.isfinite(verdict.activation).all()


def test_the_same_photograph_always_gets_the_same_verdict(small_model: Model, photo: Photo) -> None:
    assert len({str(inspect(photo, small_model)) for _ in range(5)}) == 1


def test_the_three_verbs_are_at_hand_from_the_package_itself(small_bundle: Bundle, drawn: Path) -> None:
    model = vistobueno.load_model(small_bundle.path)
    photo = vistobueno.open_photo(next(drawn.rglob("*.jpg")).read_bytes())
    verdict = vistobueno.inspect(photo, model)
    assert isinstance(verdict, vistobueno.Verdict)
    assert verdict.answer in ("fit", "unfit", "review")


def test_every_public_name_is_there_and_no_other() -> None:
    for name in vistobueno.__all__:
        assert getattr(vistobueno, name) is not None
    with pytest.raises(AttributeError, match="nothing_such"):
        _ = vistobueno.nothing_such
