"""Which methods an address takes, for the header Allow: what the routes answer and the guard's table lets pass."""

from collections.abc import Sequence

from starlette.routing import BaseRoute, Match, Mount
from starlette.types import Scope

from ..rules import rule_for
from .streamlit_index import PAGES, is_page

_METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")


def allowed_methods(scope: Scope) -> tuple[str, ...]:
    """The methods that this address takes, in the order of the alphabet; none where there is nothing."""
    routes = getattr(scope.get("app"), "routes", ())
    return tuple(method for method in _METHODS if _passes(method, scope["path"]) and _answers(routes, scope, method))


def _passes(method: str, path: str) -> bool:
    rule = rule_for(method, path)
    return rule.who != "nobody" and (rule.path != PAGES or is_page(path))


def _answers(routes: Sequence[BaseRoute], scope: Scope, method: str) -> bool:
    for route in routes:
        match, inside = route.matches({**scope, "method": method})
        if match is Match.FULL:
            below = route.routes if isinstance(route, Mount) else []
            return _answers(below, {**scope, **inside}, method) if below else True
    return False
