"""The document that every page runs in: ours from the first moment, and under the content policy."""

import base64
import hashlib
import io
import re
from collections.abc import Iterator

import httpx
import pytest
from PIL import Image

from people_at import signed_in
from serving import Served, serving
from vistobueno.i18n import LANGUAGES
from vistobueno.model.bundle import Bundle
from vistobueno.web.middleware.streamlit_index import document


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, small_bundle: Bundle) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("document"), MODEL_PATH=str(small_bundle.path)) as station:
        yield station


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_of_streamlit_s_own_is_shown_before_the_first_run(language: str) -> None:
    text = document(language).decode()
    shown = re.sub(r"<!--.*?-->|<[^>]+>", "", text, flags=re.DOTALL)
    assert f'<html lang="{language}">' in text and "<title>Visto Bueno</title>" in text
    assert 'href="/favicon.svg"' in text and "favicon.png" in text
    assert "Streamlit" not in shown and "_stcore/agent" not in text and "SourceSans" not in text
    assert {"es": "necesita", "en": "needs"}[language] in re.findall(r"<noscript>(.*?)</noscript>", text)[0]


@pytest.mark.parametrize("path", ["/", "/history?answer=fit"])
def test_every_page_has_it_in_the_person_s_language_and_its_script_is_the_one_that_may_run(
    served: Served, path: str
) -> None:
    with signed_in(served, "inspector") as client:  # whose language is English
        answer = client.get(path, headers={"Accept-Language": "es"})
        head = client.head(path)
    assert answer.content == document("en")
    assert answer.headers["content-encoding"] == head.headers["content-encoding"] == "gzip"
    assert head.content == b"" and "content-length" not in head.headers
    assert {"etag", "last-modified"} & set(answer.headers) == set()
    assert answer.headers["cache-control"] == "no-store"
    (script,) = re.findall(r"<script>(.*?)</script>", answer.text, re.DOTALL)
    assert (
        base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() in answer.headers["content-security-policy"]
    )


@pytest.mark.parametrize("path", ["/history/_stcore/health", "/history/_stcore/host-config"])
def test_where_streamlit_looks_for_itself_below_a_page_nothing_is(served: Served, path: str) -> None:
    with signed_in(served, "inspector") as client:
        answer = client.get(path)
    assert answer.status_code == 404
    assert "<script" not in answer.text, "no page of Streamlit's, which would take it for an answer"


def test_other_pages_of_ours_stay_what_they_are(served: Served) -> None:
    answer = httpx.get(f"{served.url}/login", headers={"Accept-Language": "es"})
    assert 'name="password"' in answer.text and 'href="/favicon.svg"' in answer.text
    assert httpx.get(f"{served.url}/", headers={"Accept": "text/html"}).status_code == 303


def test_the_sign_is_open_to_all_as_a_drawing_and_in_pixels(served: Served) -> None:
    drawing = httpx.get(f"{served.url}/favicon.svg")
    assert drawing.headers["content-type"].startswith("image/svg+xml") and "<svg" in drawing.text
    for name, side in (("favicon.png", 180), ("favicon.ico", 180), ("icon-192.png", 192), ("icon-512.png", 512)):
        answer = httpx.get(f"{served.url}/{name}")
        assert Image.open(io.BytesIO(answer.content)).size == (side, side)
        assert answer.headers["cache-control"] == "public, max-age=86400"
