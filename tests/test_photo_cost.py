"""What opening a photograph costs: nothing that is accepted takes more than 200 MB or two seconds of a core."""

import importlib.util
import io
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image, ImageFile

from hostile_photos import HOSTILE, REAL, REFUSED
from vistobueno.core import photo as photo_module
from vistobueno.core.errors import PhotoRefused
from vistobueno.core.formats import Header
from vistobueno.core.photo import Limits, open_photo

MOST_MEGABYTES, MOST_SECONDS = 200, 5  # two seconds, on a slower machine than the one that was measured on
CASES = Path(__file__).parents[2] / "shared" / "cases" / "hostile"


@pytest.fixture(scope="module")
def photo_cost() -> Iterator[ModuleType]:
    """The measuring command, which a person runs too; coverage does not slow down what is timed."""
    if not sys.platform.startswith("linux"):
        pytest.skip("a process' high-water mark is read from Linux")
    path = Path(__file__).parents[1] / "benchmarks" / "photo_cost.py"
    spec = importlib.util.spec_from_file_location("photo_cost", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
        yield module


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_would_cost_too_much_is_refused_and_the_rest_is_read_cheaply(
    kind: str, tmp_path: Path, photo_cost: ModuleType
) -> None:
    file = tmp_path / "photo"
    file.write_bytes(HOSTILE[kind]())
    if kind not in REFUSED:
        found = photo_cost.measured(file)
        assert found["code"] == ""
        assert found["megabytes"] <= MOST_MEGABYTES and found["seconds"] <= MOST_SECONDS
        return
    start = time.process_time()
    with pytest.raises(PhotoRefused) as caught:
        open_photo(file.read_bytes())
    assert caught.value.code == REFUSED[kind]
    assert time.process_time() - start < 1


@pytest.mark.parametrize("kind", REAL)
def test_what_people_really_send_is_read_at_that_price(kind: str, tmp_path: Path, photo_cost: ModuleType) -> None:
    file = tmp_path / "photo"
    file.write_bytes(REAL[kind]())
    found = photo_cost.measured(file)
    assert found["code"] == ""
    assert found["megabytes"] <= MOST_MEGABYTES and found["seconds"] <= MOST_SECONDS


def test_the_hostile_photographs_that_were_found(photo_cost: ModuleType) -> None:
    if not CASES.is_dir():
        pytest.skip("the inputs that went wrong (../shared/cases) are not here")
    found = {path.name: photo_cost.measured(path) for path in CASES.iterdir() if path.suffix != ".zip"}
    assert all(each["megabytes"] <= MOST_MEGABYTES and each["seconds"] <= MOST_SECONDS for each in found.values())
    refused = {name for name, each in found.items() if each["code"]}
    assert refused == set(found) - {"gray16.png", "pal8trns.png"}


def test_a_refusal_for_its_cost_says_what_to_do() -> None:
    with pytest.raises(PhotoRefused) as caught:
        open_photo(HOSTILE["a lossless WebP of one colour"]())
    assert "WEBP" in caught.value.en and "Send" in caught.value.en and "Envíela" in caught.value.es


def test_where_more_of_a_picture_is_wanted_less_of_it_is_affordable() -> None:
    data = REAL["a phone's JPEG of 50 megapixels"]()
    assert open_photo(data).width == 8160
    with pytest.raises(PhotoRefused, match="too_costly"):
        open_photo(data, Limits(cover=10_000))


def test_heavy_photographs_are_opened_one_at_a_time_and_light_ones_are_not_held_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    inside, most, lock = Counter[bool](), Counter[bool](), threading.Lock()
    opened = photo_module.open_picture

    @contextmanager
    def watched(header: Header) -> Iterator[ImageFile.ImageFile]:
        heavy = header.width > 1_000
        with lock:
            inside[heavy] += 1
            most[heavy] = max(most[heavy], inside[heavy])
        time.sleep(0.2)
        try:
            with opened(header) as image:
                yield image
        finally:
            with lock:
                inside[heavy] -= 1

    monkeypatch.setattr(photo_module, "open_picture", watched)
    files = {}
    for side in (640, 5_200):
        out = io.BytesIO()
        Image.new("RGB", (side, side), (200, 40, 40)).save(out, "PNG", compress_level=1)
        files[side] = out.getvalue()
    with ThreadPoolExecutor(6) as crowd:
        for each in [crowd.submit(open_photo, files[side]) for side in (5_200, 640, 5_200, 640, 5_200, 640)]:
            each.result()
    assert most[True] == 1 and most[False] > 1
