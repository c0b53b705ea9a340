"""Who may ask for what: one table, read from the top, first match decides. What is not in it is refused."""

from dataclasses import dataclass
from typing import Literal

Who = Literal["all", "anyone_known", "people", "nobody"]
READS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True)
class Rule:
    """One line.

    Attributes:
        path: exact, or a beginning when it ends with ``*``.
        methods: those that it speaks of; WEBSOCKET is one.
        who: everybody; people and keys; people alone; or nobody.
        permission: what they must be allowed to do; empty: nothing in particular.
    """

    path: str
    methods: frozenset[str]
    who: Who
    permission: str = ""

    def matches(self, method: str, path: str) -> bool:
        """Whether a request is meant."""
        if method not in self.methods and "*" not in self.methods:
            return False
        return path.startswith(self.path[:-1]) if self.path.endswith("*") else path == self.path


def _rule(path: str, methods: str, who: Who, permission: str = "") -> Rule:
    chosen = frozenset(methods.split())
    return Rule(path, chosen | {"HEAD"} if "GET" in chosen else chosen, who, permission)


RULES: tuple[Rule, ...] = (
    # the ways in and out
    _rule("/login", "GET POST", "all"),
    _rule("/login/*", "GET POST", "all"),
    _rule("/logout", "GET POST", "all"),
    _rule("/password", "GET POST", "people"),
    # is it alive: nothing else is said
    _rule("/healthz", "GET", "all"),
    _rule("/readyz", "GET", "all"),
    _rule("/metrics", "GET", "anyone_known", "metrics"),
    # anybody who holds a report: what it says, and whether a copy is one
    _rule("/verify", "GET POST", "all"),
    _rule("/verify/*", "GET", "all"),
    # machines
    _rule("/api/v1/inspections", "POST", "anyone_known", "inspect"),
    _rule("/api/v1/batches", "POST", "anyone_known", "inspect"),
    _rule("/api/v1/inspections/*", "POST", "anyone_known", "answer"),
    _rule("/api/v1/lots", "POST", "anyone_known", "inspect"),
    _rule("/api/v1/lots/*", "POST", "anyone_known", "review"),
    _rule("/api/v1/labels", "POST", "anyone_known", "inspect"),
    _rule("/api/v1/labels/*", "POST", "anyone_known", "inspect"),
    _rule("/api/v1/standards", "POST", "people", "lines"),
    _rule("/api/v1/lines", "POST", "people", "lines"),
    _rule("/api/v1/lines/*", "POST", "people", "lines"),
    _rule("/api/v1/webhooks", "GET POST", "people", "webhooks"),
    _rule("/api/v1/webhooks/*", "GET POST DELETE", "people", "webhooks"),
    _rule("/api/v1/me", "GET", "anyone_known"),
    _rule("/api/v1/docs", "GET", "anyone_known"),
    _rule("/api/v1/openapi.json", "GET", "anyone_known"),
    _rule("/api/v1/control", "GET", "anyone_known", "review"),
    _rule("/api/v1/control/*", "GET", "anyone_known", "review"),
    _rule("/api/v1/*", "GET", "anyone_known", "read"),
    _rule("/api/*", "*", "nobody"),
    _rule("/v2", "GET", "anyone_known", "infer"),
    _rule("/v2/*", "GET POST", "anyone_known", "infer"),
    _rule("/v2/*", "*", "nobody"),
    # Streamlit's own: its program text and ours in the browser are public (who is out needs it to be led to the sign-in),
    # all that is said about the station is not
    _rule("/static/*", "GET", "all"),
    _rule("/_stcore/bidi-components/*", "GET", "all"),
    _rule("/favicon.svg", "GET", "all"),
    _rule("/favicon.png", "GET", "all"),
    _rule("/favicon.ico", "GET", "all"),
    _rule("/icon-192.png", "GET", "all"),
    _rule("/icon-512.png", "GET", "all"),
    _rule("/manifest.json", "GET", "all"),
    _rule("/_stcore/health", "GET OPTIONS", "all"),
    _rule("/_stcore/stream", "WEBSOCKET", "people", "read"),
    _rule("/_stcore/host-config", "GET", "people", "read"),
    _rule("/_stcore/upload_file/*", "PUT DELETE", "people", "try"),
    _rule("/_stcore/*", "*", "nobody"),
    _rule("/media/*", "GET", "people", "read"),
    _rule("/component/*", "GET", "people", "read"),
    _rule("/app/static/*", "GET", "people", "read"),
    _rule("/auth/*", "*", "nobody"),
    _rule("/oauth2callback", "*", "nobody"),
    # the field's pages, their parts (which say nothing of the station), and the rest: Streamlit's
    _rule("/inspect", "GET", "people", "inspect"),
    _rule("/inspections/*", "GET", "people", "read"),
    _rule("/review", "GET", "people", "review"),
    _rule("/field/session", "GET", "people"),
    _rule("/field/lots/*", "GET", "people", "inspect"),
    _rule("/field/language", "POST", "people", "read"),
    _rule("/field/*", "GET", "all"),
    _rule("/sw.js", "GET", "all"),
    _rule("/app.webmanifest", "GET", "all"),
    _rule("/*", "GET", "people", "read"),
)
_REFUSED = Rule("/*", frozenset("*"), "nobody")


def rule_for(method: str, path: str) -> Rule:
    """The rule that decides on a request."""
    if not is_plain(path):
        return _REFUSED
    return next((each for each in RULES if each.matches(method, path)), _REFUSED)


def is_plain(path: str) -> bool:
    """Whether a path means what it says: no step upwards, no empty piece, no sign that a router may read otherwise."""
    return (
        path.startswith("/")
        and "//" not in path
        and "\\" not in path
        and path.isprintable()
        and not {".", ".."} & set(path.split("/"))
    )
