"""Every route of the assembled application has its line in the table, and the table says what was meant."""

from functools import cache
from pathlib import Path
from typing import Any

from cases import for_each
from vistobueno.accounts.identity import PERMISSIONS, SCOPES
from vistobueno.settings import Settings
from vistobueno.web.rules import READS, RULES, rule_for

FILLED = {"number": "1", "token": "x", "name": "m", "version": "1", "session_id": "s", "file_id": "f"}
OPEN = {"/login", "/login/style.css", "/login/link/x", "/login/provider", "/login/provider/back", "/logout", "/healthz",
        "/readyz", "/_stcore/health", "/static/x", "/_stcore/bidi-components/x",
        "/favicon.svg", "/favicon.png", "/favicon.ico", "/icon-192.png", "/icon-512.png", "/manifest.json",
        "/field/x", "/sw.js", "/app.webmanifest", "/verify", "/verify/x"}  # fmt: skip


@cache
def every_route() -> list[tuple[str, str]]:
    """Method and path of every route of the application, Streamlit's own included, places filled in."""
    from streamlit.starlette import App

    from vistobueno.web.app import application

    app: App = application(Settings(data_dir=Path("unused")))
    built: Any = app._build_starlette_app()
    found: list[tuple[str, str]] = []
    _walk(built.routes, "", found)
    assert len(found) > 40
    return sorted(set(found))


def _walk(routes: Any, before: str, found: list[tuple[str, str]]) -> None:
    import re

    for route in routes:
        path = before + re.sub(r"\{(\w+)(:\w+)?\}", lambda m: FILLED.get(m[1], "x"), getattr(route, "path", ""))
        if getattr(route, "routes", None):
            _walk(route.routes, path.removesuffix("/x"), found)
        elif type(route).__name__ == "WebSocketRoute":
            found.append(("WEBSOCKET", path))
        elif type(route).__name__ == "Mount":
            found += [("GET", f"{path.rstrip('/')}/static/x"), ("GET", f"{path.rstrip('/')}/page")]
        else:
            found += [(method, path) for method in sorted(getattr(route, "methods", None) or {"GET"})]


@for_each(("method", "path"), every_route)
def test_a_route_is_open_to_all_only_where_it_is_listed_here(method: str, path: str) -> None:
    assert (rule_for(method, path).who == "all") == (path in OPEN and rule_for(method, path).who != "nobody")


@for_each("path", sorted(OPEN))
def test_what_is_listed_as_open_is(path: str) -> None:
    assert rule_for("GET", path).who == "all"


@for_each(("method", "path"), [
    ("GET", "/_stcore/agent/openapi.json"), ("POST", "/_stcore/agent/interact"), ("POST", "/_stcore/agent/mcp"),
    ("GET", "/_stcore/metrics"), ("GET", "/_stcore/script-health-check"), ("GET", "/auth/login"), ("GET", "/auth/logout"),
    ("GET", "/oauth2callback"), ("POST", "/"), ("DELETE", "/api/v1/inspections/1"), ("PUT", "/api/v1/models"),
    ("TRACE", "/"), ("POST", "/unknown"), ("WEBSOCKET", "/other"), ("GET", "/static/../api/v1/me"), ("GET", "//evil.example"),
    ("GET", "/a\\b"), ("GET", "/./x"), ("GET", "/x\n"), ("GET", "x"), ("GET", "/static/\0"), ("OPTIONS", "/api/v1/me"),
])  # fmt: skip
def test_what_nobody_needs_nobody_gets(method: str, path: str) -> None:
    assert rule_for(method, path).who == "nobody"


@for_each(("method", "path", "permission"), [
    ("POST", "/api/v1/inspections", "inspect"), ("POST", "/api/v1/batches", "inspect"),
    ("GET", "/api/v1/inspections", "read"), ("GET", "/api/v1/inspections/7/photo", "read"),
    ("POST", "/api/v1/inspections/7/reviews", "answer"), ("GET", "/api/v1/inspections.csv", "read"),
    ("POST", "/v2/models/m/infer", "infer"), ("WEBSOCKET", "/_stcore/stream", "read"), ("GET", "/history", "read"),
    ("PUT", "/_stcore/upload_file/s/f", "try"), ("GET", "/metrics", "metrics"),
    ("GET", "/api/v1/lines", "read"), ("POST", "/api/v1/lines", "lines"),
    ("GET", "/api/v1/webhooks", "webhooks"), ("DELETE", "/api/v1/webhooks/1", "webhooks"),
])  # fmt: skip
def test_a_route_needs_the_permission_that_is_meant(method: str, path: str, permission: str) -> None:
    assert rule_for(method, path).permission == permission


@for_each("rule", RULES)
def test_a_line_of_the_table_is_well_formed(rule: Any) -> None:
    assert rule.permission in {"", "metrics", *PERMISSIONS["admin"], *SCOPES}
    assert rule.path.startswith("/")
    assert rule.who == "nobody" or "*" not in rule.methods


@for_each(
    ("method", "path"), lambda: [each for each in every_route() if each[0] not in READS | {"OPTIONS", "WEBSOCKET"}]
)
def test_what_changes_something_names_a_permission_or_is_a_way_in(method: str, path: str) -> None:
    rule = rule_for(method, path)
    assert rule.permission or rule.who in ("all", "nobody") or path == "/password"
