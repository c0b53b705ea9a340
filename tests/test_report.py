import base64
import io
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from vistobueno.i18n import say
from vistobueno.model.runtime import Model
from vistobueno.training.data import LabelledPhoto, read_photos
from vistobueno.training.evaluate import Evaluation, evaluate
from vistobueno.training.report import write_report

LANGUAGES = ["es", "en"]


class Page(HTMLParser):
    """Tags that are open at the end, what the page fetches from elsewhere, and what it says."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.pictures: list[str] = []
        self.fetched: list[str] = []
        self.said = ""
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "img", "br", "path", "line", "polyline", "circle"):
            self.open.append(tag)
        for name, value in attrs:
            if name in ("src", "href"):
                (self.pictures if (value or "").startswith("data:image/jpeg") else self.fetched).append(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Closed at once."""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said += data


@pytest.fixture(scope="module")
def evaluation(drawn: Path, small_model: Model, tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    broken = tmp_path_factory.mktemp("broken") / "<b>.jpg"
    broken.write_bytes(b"no photograph")
    return evaluate(
        [*read_photos(drawn), LabelledPhoto(broken, "apple_fit", "b", "phone & co")], small_model, skip_unreadable=True
    )


@pytest.fixture(scope="module", params=LANGUAGES)
def page(request: pytest.FixtureRequest, evaluation: Evaluation, tmp_path_factory: pytest.TempPathFactory) -> Page:
    path = tmp_path_factory.mktemp("report") / "new" / "report.html"
    write_report(evaluation, path, request.param)
    assert [each.name for each in path.parent.iterdir()] == ["report.html"]
    markup = path.read_text(encoding="utf-8")
    assert f'<html lang="{request.param}">' in markup
    return Page(markup)


def test_it_is_one_file_that_fetches_nothing(page: Page) -> None:
    assert page.open == []
    assert page.fetched == []


def test_it_has_the_figures_the_curves_and_the_worst_errors(page: Page, evaluation: Evaluation) -> None:
    wrong = (evaluation.judged.in_scope & ((evaluation.judged.p_unfit >= 0.5) != evaluation.judged.unfit)).sum()
    assert len(page.pictures) == min(24, wrong) > 0
    for each in evaluation.bundle.classes:
        assert (each.key in page.said) == (each.product is not None), "strangers have a table of their own"
    assert evaluation.bundle.digest in page.said


def test_what_could_not_be_read_is_listed_with_the_reason(page: Page, evaluation: Evaluation) -> None:
    ((name, error),) = evaluation.refused.items()
    assert name in page.said, "a name that looks like a tag stays a name"
    assert error.es in page.said or error.en in page.said


def test_its_pictures_are_small_and_carry_no_metadata(page: Page) -> None:
    for picture in page.pictures:
        with Image.open(io.BytesIO(base64.b64decode(picture.partition(",")[2]))) as image:
            assert max(image.size) <= 200
            assert not image.getexif()


def test_both_languages_say_the_same_numbers(evaluation: Evaluation, tmp_path: Path) -> None:
    numbers = []
    for language in LANGUAGES:
        write_report(evaluation, tmp_path / f"{language}.html", language)
        numbers.append(sorted(re.findall(r"\d+\.\d+", (tmp_path / f"{language}.html").read_text(encoding="utf-8"))))
    assert numbers[0] == numbers[1]


def test_an_older_report_is_replaced_whole(evaluation: Evaluation, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("older", encoding="utf-8")
    write_report(evaluation, tmp_path / "report.html", "en")
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_what_was_left_out_is_counted(evaluation: Evaluation, tmp_path: Path) -> None:
    for language in LANGUAGES:
        write_report(replace(evaluation, passed_over=["a", "b"]), tmp_path / "report.html", language)
        page = (tmp_path / "report.html").read_text(encoding="utf-8")
        assert say(language, "passed_over", count=2) in page
        assert say(language, "unreadable", count=1) in page


def test_photographs_of_one_condition_have_no_curves_and_it_is_said(
    drawn: Path, small_model: Model, tmp_path: Path
) -> None:
    fit = [photo for photo in read_photos(drawn) if photo.label == "apple_fit"]
    write_report(evaluate(fit, small_model), tmp_path / "report.html", "en")
    assert "<svg" not in (tmp_path / "report.html").read_text(encoding="utf-8")
