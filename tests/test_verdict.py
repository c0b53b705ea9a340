import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from cases import for_each
from small_model import CLASSES
from vistobueno.core.classes import ClassInfo
from vistobueno.core.photo import Photo
from vistobueno.core.policy import Policy, Scope
from vistobueno.core.verdict import (
    Verdict,
    judge,
    most_probable_product,
    ood_score,
    other_log_odds,
    probability_unfit,
    scope_distance,
    softmax,
    temperature_at,
)

ANSWERING = Policy(fit_below=0.3, unfit_above=0.7)
PRODUCTS = CLASSES[:6]  # apple, banana and orange, fit and unfit each; the seventh is `other`
SCOPE = Scope(
    mean=np.zeros(3, np.float32),
    components=np.eye(3, dtype=np.float32),
    centres=np.array([[0, 0, 0], [10, 0, 0]], np.float32),
    background_mean=np.zeros(3, np.float32),
    background_scale=np.full(3, 100, np.float32),
    weights=np.array([0, 1, 0], np.float32),
    threshold=4.0,
)
NEAR, FAR = np.array([10.0, 1.0, 0.0]), np.array([0.0, 50.0, 0.0])

some_logits = st.lists(st.floats(-30, 30), min_size=7, max_size=7).map(np.array)


def logits_of(key: str, strength: float = 10.0) -> NDArray[np.float64]:
    return np.array([strength if each.key == key else 0.0 for each in CLASSES])


def photo_of(sharpness: float = 20.0, brightness: float = 0.5, clipped: float = 0.0) -> Photo:
    return Photo(Image.new("RGB", (8, 8)), 8, 8, "jpeg", "", sharpness, brightness, clipped)


def judged(
    logits: NDArray[np.float64], policy: Policy = ANSWERING, embedding: NDArray[np.float64] | None = None
) -> Verdict:
    return judge(logits, embedding, None, CLASSES, policy)


# Probabilities


@settings(max_examples=25, deadline=None)
@given(some_logits, st.floats(0.05, 20))
def test_probabilities_sum_to_one_and_are_named_in_the_models_order(logits: NDArray[np.float64], t: float) -> None:
    verdict = judged(logits, replace(ANSWERING, temperature=t))
    assert list(verdict.probabilities) == [each.key for each in CLASSES]
    assert math.isclose(sum(verdict.probabilities.values()), 1, abs_tol=1e-9)
    assert all(0 <= value <= 1 for value in verdict.probabilities.values())
    assert 0 <= verdict.probability_unfit <= 1


def test_softmax_neither_overflows_nor_underflows() -> None:
    assert softmax(np.array([1e4, 0.0, -1e4])).tolist() == [1.0, 0.0, 0.0]
    assert softmax(np.array([-1e4, -1e4])).tolist() == [0.5, 0.5]


def test_a_higher_temperature_is_less_sure() -> None:
    sure, unsure = (judged(logits_of("apple_fit"), replace(ANSWERING, temperature=t)) for t in (1.0, 5.0))
    assert sure.probabilities["apple_fit"] > unsure.probabilities["apple_fit"] > 1 / 7


def test_the_probability_of_unfit_leaves_aside_what_is_no_product() -> None:
    assert probability_unfit(np.array([0.1, 0.05, 0, 0.05, 0, 0, 0.8]), CLASSES) == pytest.approx(0.5)


def test_where_everything_speaks_for_something_else_the_condition_is_open() -> None:
    assert probability_unfit(np.array([0, 0, 0, 0, 0, 0, 1.0]), CLASSES) == 0.5
    assert judged(np.array([-np.float64(800)] * 6 + [0.0])).answer == "review"


@pytest.mark.parametrize(
    ("probabilities", "product"),
    [((0.3, 0.0, 0.2, 0.2, 0.1, 0.1, 0.1), "banana"), ((0.0, 0.1, 0.0, 0.0, 0.0, 0.0, 0.9), "apple")],
)
def test_the_product_is_the_one_whose_classes_together_are_the_most_probable(
    probabilities: tuple[float, ...], product: str
) -> None:
    assert most_probable_product(np.array(probabilities), CLASSES) == product


# The three answers


@for_each("key", [each.key for each in PRODUCTS])
def test_a_model_that_is_sure_gets_its_answer(key: str) -> None:
    verdict = judged(logits_of(key))
    product, condition = key.split("_")
    assert (verdict.answer, verdict.forced, verdict.product, verdict.class_key) == (condition, condition, product, key)
    assert verdict.reasons == ()


def unfit_by(probability: float) -> NDArray[np.float64]:
    """Logits of an apple that is unfit with this probability."""
    return np.array([math.log(1 - probability), math.log(probability)] + [-80.0] * 5)


@for_each(
    ("probability", "answer"),
    [
        (0.01, "fit"),
        (0.29, "fit"),
        (0.31, "review"),
        (0.5, "review"),
        (0.69, "review"),
        (0.71, "unfit"),
        (0.99, "unfit"),
    ],
)
def test_the_thresholds_part_fit_review_and_unfit(probability: float, answer: str) -> None:
    verdict = judged(unfit_by(probability))
    assert verdict.probability_unfit == pytest.approx(probability)
    assert verdict.answer == answer
    assert verdict.reasons == (("uncertain",) if answer == "review" else ())


def test_a_probability_on_a_threshold_is_answered() -> None:
    p = judged(unfit_by(0.42)).probability_unfit
    assert judged(unfit_by(0.42), Policy(fit_below=p, unfit_above=2.0)).answer == "fit"
    assert judged(unfit_by(0.42), Policy(fit_below=-1.0, unfit_above=p)).answer == "unfit"


@settings(max_examples=25, deadline=None)
@given(some_logits)
def test_a_policy_that_nobody_set_answers_nothing(logits: NDArray[np.float64]) -> None:
    assert judged(logits, Policy()).answer == "review"


@settings(max_examples=25, deadline=None)
@given(some_logits, st.floats(-1, 1), st.floats(1e-9, 1))
def test_a_review_has_reasons_and_an_answer_has_none(logits: NDArray[np.float64], low: float, gap: float) -> None:
    verdict = judged(logits, Policy(fit_below=low, unfit_above=low + gap))
    assert (verdict.answer == "review") == bool(verdict.reasons)
    if verdict.answer != "review":
        assert verdict.answer == ("fit" if verdict.probability_unfit <= low else "unfit")


@pytest.mark.parametrize(("probability", "forced"), [(0.49, "fit"), (0.51, "unfit")])
def test_without_review_the_answer_is_the_more_probable(probability: float, forced: str) -> None:
    verdict = judged(unfit_by(probability), Policy())
    assert verdict.answer == "review"
    assert verdict.forced == forced
    assert verdict.class_key == f"apple_{forced}"


@for_each("bad", [np.nan, np.inf, -np.inf])
@for_each("policy", [ANSWERING, Policy(fit_below=1.0), Policy(unfit_above=0.0)])
def test_a_model_that_gives_no_number_never_gives_an_answer(bad: float, policy: Policy) -> None:
    logits = logits_of("apple_fit")
    logits[3] = bad
    verdict = judged(logits, policy)
    assert verdict.answer == "review"
    assert "uncertain" in verdict.reasons
    assert all(math.isfinite(value) for value in verdict.probabilities.values())


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_told_to_nobody(bad: float) -> None:
    policy = replace(ANSWERING, scope=SCOPE)
    for verdict in (judged(logits_of("apple_fit") * bad, policy, NEAR), judged(np.zeros(7), policy, NEAR * bad)):
        assert verdict.answer == "review"
        assert (verdict.ood_score, verdict.ood_threshold) == (None, None)


# What is no product


def test_what_is_most_probably_something_else_is_out_of_scope_however_sure_the_rest() -> None:
    logits = logits_of("other", 12.0) + logits_of("apple_fit", 9.0)
    verdict = judged(logits)
    assert verdict.probability_unfit < 0.3
    assert verdict.answer == "review"
    assert verdict.reasons == ("out_of_scope",)


def test_a_photograph_far_from_every_product_is_out_of_scope_however_sure_the_model() -> None:
    policy = replace(ANSWERING, scope=SCOPE)
    inside, outside = (judged(logits_of("apple_fit", 40.0), policy, embedding) for embedding in (NEAR, FAR))
    assert (inside.answer, inside.reasons) == ("fit", ())
    assert (outside.answer, outside.reasons) == ("review", ("out_of_scope",))
    assert inside.ood_score is not None
    assert outside.ood_score is not None
    assert inside.ood_score <= 4.0 < outside.ood_score
    assert inside.ood_threshold == outside.ood_threshold == 4.0


def test_the_distance_is_to_the_nearest_product_less_that_to_everything() -> None:
    assert scope_distance(np.array([10.0, 1.0, 0.0]), SCOPE) == pytest.approx(1 - 101 / 1e4)
    assert scope_distance(np.array([0.0, 3.0, 4.0]), SCOPE) == pytest.approx(25 - 25 / 1e4)


def test_a_distance_that_is_known_already_is_not_measured_again() -> None:
    policy = replace(ANSWERING, scope=SCOPE)
    assert judge(logits_of("apple_fit"), NEAR, None, CLASSES, policy, distance=5.0).reasons == ("out_of_scope",)
    assert judge(logits_of("apple_fit"), None, None, CLASSES, policy, distance=3.0).reasons == ()


def test_the_class_for_something_else_adds_to_the_stranger_score() -> None:
    scope = replace(SCOPE, weights=np.array([1, 2, 3], np.float32))
    assert ood_score(np.zeros(7), 5.0, CLASSES, scope) == pytest.approx(1 + 10 + 3 * math.log(1 / 6))


def test_the_odds_of_something_else_are_limited_and_none_without_such_a_class() -> None:
    assert other_log_odds(logits_of("other", 500.0), CLASSES) == 12.0
    assert other_log_odds(logits_of("apple_fit", 500.0), CLASSES) == -12.0
    assert other_log_odds(np.zeros(6), PRODUCTS) == 0.0


def test_an_embedding_that_is_no_number_is_out_of_scope() -> None:
    verdict = judged(logits_of("apple_fit"), replace(ANSWERING, scope=SCOPE), np.array([np.nan, 0, 0]))
    assert verdict.reasons == ("out_of_scope",)


@pytest.mark.parametrize("policy", [ANSWERING, replace(ANSWERING, scope=SCOPE)])
def test_a_model_without_scope_or_without_embedding_is_judged_by_its_classes_alone(policy: Policy) -> None:
    verdict = judged(logits_of("banana_unfit"), policy, FAR if policy.scope is None else None)
    assert (verdict.answer, verdict.ood_score, verdict.ood_threshold) == ("unfit", None, None)


def test_a_model_without_a_class_for_something_else_still_answers() -> None:
    verdict = judge(logits_of("orange_unfit")[:6], None, None, PRODUCTS, ANSWERING)
    assert (verdict.answer, verdict.product, verdict.class_key) == ("unfit", "orange", "orange_unfit")


def test_a_product_with_one_condition_names_the_class_it_has() -> None:
    classes = (ClassInfo("fig", "fig", "fit"), *CLASSES[:2])
    verdict = judge(np.array([2.0, 0.0, 3.0]), None, None, classes[:1] + classes[1:], ANSWERING)
    assert verdict.product == "apple"
    verdict = judge(np.array([1.0, 0.9, 0.9]), None, None, (classes[0], *CLASSES[1:4:2]), ANSWERING)
    assert (verdict.forced, verdict.product, verdict.class_key) == ("unfit", "fig", "fig")


def test_among_several_classes_of_one_condition_the_most_probable_is_named() -> None:
    classes = (ClassInfo("green", "apple", "fit"), ClassInfo("red", "apple", "fit"), ClassInfo("bad", "apple", "unfit"))
    assert judge(np.array([1.0, 3.0, 0.0]), None, None, classes, ANSWERING).class_key == "red"


# Doubt that grows with distance


@settings(max_examples=25, deadline=None)
@given(st.floats(-100, 100), st.floats(0, 100), st.floats(0, 5), st.floats(0.1, 10))
def test_the_temperature_never_falls_with_distance_and_grows_at_most_hundredfold(
    distance: float, further: float, doubt: float, temperature: float
) -> None:
    policy = Policy(temperature=temperature, familiar=10.0, doubt=doubt)
    near, far = temperature_at(distance, policy), temperature_at(distance + further, policy)
    assert temperature <= near <= far <= temperature * 100 * (1 + 1e-9)
    if distance <= 10 or not doubt:
        assert near == temperature


def test_without_a_distance_there_is_no_doubt() -> None:
    assert temperature_at(None, Policy(temperature=1.5, doubt=3.0)) == 1.5


def test_doubt_turns_a_far_answer_into_a_review() -> None:
    policy = replace(ANSWERING, familiar=1.0, doubt=0.5, scope=replace(SCOPE, threshold=1e9))
    assert judged(logits_of("apple_fit", 6.0), policy, NEAR).answer == "fit"
    assert judged(logits_of("apple_fit", 6.0), policy, FAR).reasons == ("uncertain",)


# Photographs that are too poor


@for_each(
    ("photo", "poor"),
    [
        (photo_of(), False),
        (photo_of(sharpness=4.9), True),
        (photo_of(sharpness=5.0), False),
        (photo_of(brightness=0.09), True),
        (photo_of(brightness=0.91), True),
        (photo_of(clipped=0.61), True),
        (photo_of(brightness=math.nan), True),
    ],
)
def test_a_poor_photograph_goes_to_a_person_however_sure_the_model(photo: Photo, poor: bool) -> None:
    policy = replace(ANSWERING, min_sharpness=5.0, min_brightness=0.1, max_brightness=0.9, max_clipped=0.6)
    verdict = judge(logits_of("apple_fit"), None, photo, CLASSES, policy)
    assert verdict.reasons == (("poor_photo",) if poor else ())
    assert verdict.answer == ("review" if poor else "fit")


def test_every_reason_is_given_at_once() -> None:
    policy = replace(ANSWERING, min_sharpness=50.0, scope=SCOPE)
    verdict = judge(np.zeros(7), FAR, photo_of(), CLASSES, policy)
    assert verdict.reasons == ("poor_photo", "out_of_scope", "uncertain")


# One photograph at a time


@settings(max_examples=25, deadline=None)
@given(st.lists(some_logits, min_size=1, max_size=8), st.randoms())
def test_a_verdict_never_depends_on_what_else_is_judged(batch: list[NDArray[np.float64]], random: object) -> None:
    policy = replace(ANSWERING, scope=SCOPE, doubt=0.1)
    alone = [judged(logits, policy, logits[:3]) for logits in batch]
    order = list(range(len(batch)))
    random.shuffle(order)  # type: ignore[attr-defined]
    together = {index: judged(batch[index], policy, batch[index][:3]) for index in order}
    assert [together[index] for index in range(len(batch))] == alone
    np.testing.assert_array_equal(softmax(np.stack(batch)), [softmax(logits) for logits in batch])
