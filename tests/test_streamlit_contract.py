"""What the desk leans on that Streamlit does not document, each by name: a version that lacks one of them fails here."""

import ast
import re
import tomllib
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import streamlit as st

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "vistobueno"

IN_THE_BROWSER = {
    "stHeader": "hidden: the bar is ours",
    "stSkipToContent": "hidden: the bar has its own, in the person's language",
    "stException": "hidden: an error is told in words of ours",
    "stDialog": "closed: of a page that does not exist, in English",
    "stApp": "the ground, and the line that says that a page is being made",
    "stMainBlockContainer": "the width of a page",
    "stVerticalBlock": "no gaps between our pieces",
    "stElementContainer": "what is being made again does not fade",
    "stFileUploaderDropzoneInstructions": "the words in the uploader, which are English",
    "stFileChip": "the colour of a file that was chosen, in every theme",
    "stCameraInputButton": "the words on the camera's button, which are English",
    "data-test-script-state": "the line that says that a page is being made",
    "data-test-connection-state": "what is said when the line is cut",
    "data-react-aria-top-layer": "what is said over a dialog of Streamlit's",
}
"""Names in the page that Streamlit draws, and why we need each."""

OF_THE_SERVER = {
    "/_stcore/stream": "the websocket: the guard asks who opens it, and ends it with the session",
    "/_stcore/upload_file": "what an uploader sends: bounded before it reaches Streamlit's memory",
    "/_stcore/host-config": "asked by its page",
    "/_stcore/health": "asked by its page",
    "/_stcore/bidi-components": "our components' scripts",
    "/media": "pictures that Streamlit serves",
    "/component": "components of the first kind",
    "/app/static": "static files beside the script",
    "/auth": "closed: we have a sign-in of our own",
    "/oauth2callback": "closed: as above",
}
"""Addresses in the guard's table (web/rules.py)."""

_NAMES = re.compile(r"data-testid=\"?(\w+)|\.(st[A-Z]\w+)|(data-(?:test-(?!id)|react-)[a-z-]+)")


@cache
def browser_program() -> str:
    static = files("streamlit").joinpath("static", "static", "js")
    return "\n".join(each.read_text("utf-8") for each in static.iterdir() if each.name.endswith(".js"))


def test_the_version_is_pinned_to_the_one_that_was_looked_at() -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    assert "streamlit>=1.67,<1.68" in wanted
    assert version("streamlit").startswith("1.67.")


def test_every_name_in_the_page_is_still_there_and_none_is_used_that_is_not_listed() -> None:
    used: set[str] = set()
    for each in [*SOURCE.rglob("*.css"), *SOURCE.rglob("*.js"), SOURCE / "web" / "middleware" / "streamlit_index.py"]:
        text = each.read_text("utf-8")
        used |= {"".join(found) for found in _NAMES.findall(text)}
    assert used == set(IN_THE_BROWSER)
    assert [name for name in IN_THE_BROWSER if name not in browser_program()] == []


def test_every_address_is_still_there() -> None:
    server = "\n".join(
        each.read_text("utf-8")
        for folder in ("web/server/starlette", "web/server")
        for each in Path(str(files("streamlit").joinpath(folder))).glob("*.py")
    )
    assert [each for each in OF_THE_SERVER if each.rpartition("/")[2] not in server] == []
    rules = (SOURCE / "web" / "rules.py").read_text("utf-8")
    named = set(re.findall(r'"(/(?:_stcore|media|component|app|auth|oauth2callback)[^"*]*)', rules))
    assert {each.rstrip("/") for each in named} - {"/_stcore", "/app.webmanifest"} == set(OF_THE_SERVER)
    assert (
        "_streamlit_xsrf" in browser_program() and "X-Xsrftoken" in browser_program()
    )  # the guard asks for the header


def test_its_document_is_one_that_ours_can_be_made_of() -> None:
    index = files("streamlit").joinpath("static", "index.html").read_text("utf-8")
    for piece in ('<html lang="', "<title>", 'rel="shortcut icon"', '<div id="root">', "<noscript>"):
        assert index.count(piece) == 1, piece
    assert len(re.findall(r"<script>", index)) == 1, "the one that the content policy names by its hash"


def test_what_an_uploader_sends_is_forgotten_when_its_page_asks() -> None:
    from streamlit.web.server.starlette import starlette_routes

    source = Path(str(starlette_routes.__file__)).read_text("utf-8")
    assert re.search(r'_upload_delete,\s+methods=\["DELETE"\]', source)


def test_no_private_module_or_name_of_streamlit_is_used() -> None:
    public = {"streamlit", "streamlit.starlette"}
    for each in SOURCE.rglob("*.py"):
        tree = ast.parse(each.read_text("utf-8"))
        for node in ast.walk(tree):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom) and not node.level
                else []
            )
            assert {name for name in names if name.partition(".")[0] == "streamlit"} <= public, each
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "st":
                assert not node.attr.startswith("_") and hasattr(st, node.attr), (each, node.attr)
