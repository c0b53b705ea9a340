from pathlib import Path

import numpy as np
import pytest

from later import later
from vistobueno.training.data import LabelledPhoto, products_told_apart, source_groups, weights_of

MOST = 5  # groups of sources
fair = later("vistobueno.training.cross_validation", "fair")


def taken(**labels_of: str) -> list[LabelledPhoto]:
    """Two photographs of each label of each source."""
    return [
        LabelledPhoto(Path(f"{source}-{label}-{n}.jpg"), label, f"{source}-{label}-{n}", source)
        for source, labels in labels_of.items()
        for label in labels.split()
        for n in range(2)
    ]


def fair_sources(photos: list[LabelledPhoto]) -> list[str]:
    """The source of each photograph whose prediction, without its sources, is fair."""
    chosen = fair(photos, np.arange(len(photos)))
    return [photo.source for photo, kept in zip(photos, chosen, strict=True) if kept]


BOTH = "apple_fit apple_unfit"


def test_a_source_tells_apart_the_products_that_it_shows_in_both_conditions() -> None:
    photos = taken(belt=f"{BOTH} pear_fit other", shop="apple_fit", shelf="other")
    assert products_told_apart(photos) == {"belt": {"apple"}, "shop": set(), "shelf": set()}


def test_what_was_said_without_a_source_counts_where_another_tells_its_products_apart() -> None:
    photos = taken(belt=BOTH, phone=f"{BOTH} pear_fit pear_unfit", shop="apple_fit")
    assert fair_sources(photos) == ["belt"] * 4 + ["phone"] * 4 + ["shop"] * 2, "nobody else shows pears"


def test_a_place_that_alone_shows_both_conditions_is_not_judged_by_those_that_show_one() -> None:
    assert fair_sources(taken(belt=BOTH, shop="apple_fit", tree="apple_unfit")) == ["shop"] * 2 + ["tree"] * 2


@pytest.mark.parametrize(
    "sources", [{"shop": "apple_fit", "tree": "apple_unfit", "stall": "apple_fit"}, {"belt": BOTH}]
)
def test_where_nothing_is_fair_everything_counts(sources: dict[str, str]) -> None:
    photos = taken(**sources)
    assert fair_sources(photos) == [photo.source for photo in photos]


def test_few_sources_are_left_out_one_by_one_and_many_in_groups_of_about_the_same_size() -> None:
    few = taken(belt=BOTH, shop="apple_fit", tree="apple_unfit")
    assert sorted(map(sorted, source_groups(few, MOST))) == [["belt"], ["shop"], ["tree"]]
    many = taken(belt=BOTH, **{f"shop{n}": "apple_fit" for n in range(12)})
    groups = source_groups(many, MOST)
    sizes = [sum(photo.source in group for photo in many) for group in groups]
    assert len(groups) == MOST and max(sizes) - min(sizes) <= 2
    assert sorted(source for group in groups for source in group) == sorted({photo.source for photo in many})


def test_a_hundred_frames_of_one_fruit_count_as_one_fruit() -> None:
    photos = taken(shop=BOTH)
    frames = [LabelledPhoto(Path(f"{n}.jpg"), "apple_fit", "one fruit", "desk") for n in range(100)]
    weights = weights_of([*photos, *frames], balance=0.5)
    assert weights.mean() == pytest.approx(1)
    assert weights[4:].sum() == pytest.approx(weights[:2].sum() / 2**0.5)
    assert weights_of(photos, balance=0.5).tolist() == [1] * 4
