"""A standard changed on the desk's form: a copy with another key, or a new version; what was not read stays unconfirmed."""

import json

import pytest

from vistobueno.core.errors import VistoBuenoError
from vistobueno.core.lots.reading import read_standard, shipped_standards
from vistobueno.core.lots.standard import Standard
from vistobueno.desk.standards import changed

APPLE = shipped_standards()["unece-ffv-50"]


def as_shown(standard: Standard) -> dict[str, str]:
    """What the form holds before anybody changes it."""
    shown = {"name": standard.name.es, "key": standard.key, "source": standard.source, "edition": standard.edition}
    for grade in standard.classes:
        for limit, figure in grade.figures.items():
            shown[f"share-{grade.key}-{limit}"] = f"{figure.share * 100:g}".replace(".", ",")
            if figure.package is not None:
                shown[f"package-{grade.key}-{limit}"] = f"{figure.package * 100:g}"
    for rule in standard.defects:
        for severity, grade_ in rule.grades.items():
            shown[f"best-{rule.key}-{severity}"] = grade_.best or "none"
    return shown


def read(given: dict[str, str], standard: Standard = APPLE) -> Standard:
    return read_standard(json.dumps(changed(standard, given)))


def test_unchanged_every_shipped_standard_is_the_same_as_a_copy() -> None:
    for standard in shipped_standards().values():
        copy = read(as_shown(standard) | {"key": "customer"}, standard)
        assert (copy.key, copy.version, copy.classes, copy.limits) == (
            "customer", 1, standard.classes, standard.limits,
        ), standard.key  # fmt: skip
        assert [each.grades for each in copy.defects] == [each.grades for each in standard.defects], standard.key
        assert copy.confirmed == standard.confirmed


def test_a_changed_figure_is_unconfirmed_until_somebody_has_read_it() -> None:
    given = as_shown(APPLE) | {"share-I-total": "7,5", "package-I-total": "12", "best-bruise-moderate": "none"}
    figures = {each.key: each.figures for each in read(given).classes}
    assert (figures["I"]["total"].share, figures["I"]["total"].package) == (0.075, 0.12)
    assert not figures["I"]["total"].confirmed and figures["I"]["below_next"].confirmed
    bruise = next(each for each in read(given).defects if each.key == "bruise")
    assert bruise.grades["moderate"].best is None and bruise.grades["slight"].best == "I"
    assert read(given | {"read": "1"}).confirmed
    assert read(given).version == APPLE.version + 1
    without = read({name: text for name, text in given.items() if name != "share-II-decay"})
    assert "decay" not in next(each for each in without.classes if each.key == "II").figures


def test_a_share_that_is_none_is_refused_by_the_name_of_its_limit() -> None:
    for wrong in ("-1", "101", "ten", "1e2", "5 5"):
        with pytest.raises(VistoBuenoError, match="standard_share") as refused:
            changed(APPLE, as_shown(APPLE) | {"share-I-total": wrong})
        assert "defectos en total" in refused.value.message("es")
    assert read(as_shown(APPLE) | {"share-I-total": " 10 % "}).classes[1].figures["total"].share == 0.1
