"""People of a station that runs, made behind its back, and browsers of theirs that keep cookies and fill in forms."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from accounts import PASSWORD
from serving import PLAIN, Served
from vistobueno.accounts import Accounts
from vistobueno.accounts.directory import Person
from vistobueno.core.inspection import SYSTEM
from vistobueno.services import open_records
from vistobueno.web.problems import LANGUAGE_COOKIE

HTML = {"Accept": "text/html,application/xhtml+xml", "Accept-Language": "en"}


@contextmanager
def access_of(served: Served) -> Iterator[Accounts]:
    """The station's access from another process: what it does must count at once."""
    engine, _ = open_records(served.settings)
    try:
        yield Accounts(engine, served.settings)
    finally:
        engine.dispose()


def person_of(access: Accounts, role: str) -> Person:
    """The person with this role, made when there is none."""
    email = f"{role}@example.org"
    found = next((each for each in access.people.all() if each.email == email), None)
    return found or access.people.add(email, "Somebody", role, SYSTEM, password=PASSWORD, language="en")


def browser(url: str, **more: Any) -> httpx.Client:
    """A browser without a session, as far as headers and cookies go; English was chosen in it."""
    client = httpx.Client(base_url=url, headers=HTML, timeout=30, **{"verify": PLAIN, **more})
    client.cookies.set(LANGUAGE_COOKIE, "en")
    return client


def csrf_in(page: str) -> str:
    """The hidden field of a form."""
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found, page
    return found[1]


def sign_in(
    client: httpx.Client, email: str, password: str = PASSWORD, where: str = "", **headers: str
) -> httpx.Response:
    """Fill in the login page."""
    page = client.get("/login", headers=headers)
    fields = {"csrf": csrf_in(page.text), "email": email, "password": password, "next": where}
    return client.post("/login", data=fields, headers=headers)


@contextmanager
def signed_in(served: Served, role: str) -> Iterator[httpx.Client]:
    """A browser of a person with this role."""
    with access_of(served) as access:
        person = person_of(access, role)
    with browser(served.url) as client:
        assert sign_in(client, person.email).status_code == 303
        yield client
