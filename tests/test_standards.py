import json
from typing import Any

import pytest

from vistobueno.core.defects import ALL
from vistobueno.core.lots.reading import StandardRefused, read_standard, shipped_standards, standard_of


def document(key: str = "unece-ffv-50") -> dict[str, Any]:
    return json.loads(json.dumps(shipped_standards()[key].document()))


def test_the_three_products_have_their_standards() -> None:
    shipped = shipped_standards()
    assert {product for each in shipped.values() for product in each.products} >= {"banana", "apple", "orange"}
    for key in ("codex-cxs-205", "unece-ffv-50", "unece-ffv-14"):
        assert [each.key for each in shipped[key].classes] == ["extra", "I", "II"]
        assert [each.figures["total"].share for each in shipped[key].classes] == [0.05, 0.10, 0.10]
        assert all(each.figures["total"].confirmed for each in shipped[key].classes)


def test_the_figures_that_were_only_believed_say_so() -> None:
    shipped = shipped_standards()
    extra, first, second = shipped["unece-ffv-50"].classes
    assert not extra.figures["below_next"].confirmed and extra.figures["below_next"].share == 0.005
    assert first.figures["below_next"].confirmed and first.figures["below_next"].share == 0.01
    assert second.figures["decay"].confirmed and second.figures["decay"].share == 0.02
    assert not shipped["codex-cxs-205"].classes[0].figures["decay"].confirmed
    assert not any(each.figures["size"].confirmed for each in shipped["unece-ffv-14"].classes)
    scab = next(each for each in shipped["unece-ffv-50"].defects if each.key == "scab")
    assert (scab.grades["slight"].cm2, scab.grades["slight"].confirmed) == (0.25, True)
    assert (scab.grades["moderate"].cm2, scab.grades["moderate"].confirmed) == (1.0, False)
    assert not any(each.confirmed for each in shipped.values())


def test_american_limits_hold_for_a_package_too() -> None:
    arrival = shipped_standards()["us-7cfr51-628-arrival"]
    figures = arrival.classes[0].figures
    assert {key: each.share for key, each in figures.items()} == {
        "total": 0.12, "permanent": 0.10, "very_serious": 0.07, "very_serious_permanent": 0.05, "decay": 0.03,
    }  # fmt: skip
    for each in figures.values():  # 7 CFR 51.1004: one and a half times from 10 % on, else twice
        assert each.package == pytest.approx(each.share * (1.5 if each.share >= 0.10 else 2))
    assert figures["decay"].package_fruit == 1 and arrival.fewest_fruit == 25


def test_a_standard_comes_back_whole_and_its_digest_follows_its_content_alone() -> None:
    for key, standard in shipped_standards().items():
        again = read_standard(json.dumps(standard.document(), indent=4, sort_keys=True))
        assert again == standard and again.digest == standard.digest, key
    edited = document()
    edited["classes"][1]["figures"]["total"]["share"] = 0.08
    assert standard_of(edited).digest != shipped_standards()["unece-ffv-50"].digest


def test_defects_have_a_name_that_people_know_or_one_of_their_own() -> None:
    for standard in shipped_standards().values():
        assert all(each.key in ALL or each.name for each in standard.defects), standard.key
    own = document()
    own["defects"].append({"key": "stem", "kind": "quality", "grades": {"serious": {"best": None, "confirmed": True}}})
    with pytest.raises(StandardRefused, match="name"):
        standard_of(own)
    own["defects"][-1]["name"] = {"es": "sin pedúnculo", "en": "no stem"}
    found = standard_of(own).defects[-1].name
    assert found is not None and (found.said("es"), found.said("en")) == ("sin pedúnculo", "no stem")


def test_a_supervisors_slip_is_named_by_its_field_in_both_languages() -> None:
    def at(*path: str | int) -> Any:
        place: Any = changed
        for each in path[:-1]:
            place = place[each]
        return place

    slips: list[tuple[tuple[str | int, ...], object, str]] = [
        (("classes", 1, "figures", "total", "share"), 10, "classes[1].figures.total.share"),
        (("classes", 1, "figures", "total", "share"), "10 %", "classes[1].figures.total.share"),
        (("classes", 1, "figures", "total", "share"), True, "classes[1].figures.total.share"),
        (("classes", 1, "figures", "total", "share"), float("nan"), "classes[1].figures.total.share"),
        (("classes", 1, "figures", "total", "confirmed"), "yes", "classes[1].figures.total.confirmed"),
        (("classes", 1, "figures", "totl"), {}, "classes[1].figures.totl"),
        (("classes", 1, "key"), "extra", "classes[1]"),
        (("classes",), [], "classes"),
        (("classes",), "none", "classes"),
        (("limits", 0, "of"), ["bad"], "limits[0].of[0]"),
        (("limits", 3, "of"), ["size", "decay"], "limits[3].of"),
        (("limits", 0, "defects"), ["never heard of"], "limits[0].defects[0]"),
        (("limits", 0, "defects"), ["latex"], "limits[0].defects"),
        (("defects", 0, "kind"), "bad", "defects[0].kind"),
        (("defects", 0, "grades"), {}, "defects[0].grades"),
        (("defects", 0, "grades", "slight", "best"), "III", "defects[0].grades.slight.best"),
        (("defects", 0, "grades", "slight", "cm2"), -1, "defects[0].grades.slight.cm2"),
        (("name",), "Apples", "name"),
        (("name", "es"), "", "name.es"),
        (("version",), 0, "version"),
        (("version",), 1.5, "version"),
        (("key",), "a b", "key"),
        (("products", 0), None, "products[0]"),
        (("fewest_fruit",), -3, "fewest_fruit"),
        (("colour",), "red", "colour"),
    ]
    for path, value, field in slips:
        changed = document()
        at(*path)[path[-1]] = value
        with pytest.raises(StandardRefused) as refused:
            standard_of(changed)
        assert refused.value.code == "standard_field", path
        assert f"«{field}»" in refused.value.es and f"“{field}”" in refused.value.en, (path, refused.value.en)


def test_every_field_that_is_left_out_is_named_or_not_needed() -> None:
    needed = set(document()) - {"edition", "note", "fewest_fruit"}
    for name in document():
        changed = document()
        del changed[name]
        if name in needed:
            with pytest.raises(StandardRefused, match=name):
                standard_of(changed)
        else:
            standard_of(changed)


def test_what_is_no_json_or_no_object_is_refused() -> None:
    for text in ("", "{", b"\xff\xfe", "[" * 100_000, '"' + "x" * 300_000 + '"'):
        with pytest.raises(StandardRefused, match="standard_not_json"):
            read_standard(text)
    for other in (None, [], 3, "standard"):
        with pytest.raises(StandardRefused, match="standard_field"):
            standard_of(other)
