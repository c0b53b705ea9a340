from pathlib import Path

import pytest
from sqlalchemy import Engine

from accounts import HERE, OTHER, PASSWORD, Accounts
from vistobueno.access import LinkRefused, PasswordRefused
from vistobueno.records.values import SYSTEM
from vistobueno.settings import SettingRefused


def test_the_first_admin_comes_by_a_link_that_opens_once(access: Accounts) -> None:
    link = access.first_admin_link("https://fruit.example/")
    assert link and link.startswith("https://fruit.example/login/link/")
    token = link.rsplit("/", 1)[1]
    assert access.link(token).purpose == "first_admin"
    _, identity = access.use_link(token, PASSWORD, email="Root@example.org", name="Root", address=HERE)
    assert (identity.role, identity.email) == ("admin", "root@example.org")
    with pytest.raises(LinkRefused):
        access.use_link(token, PASSWORD, email="evil@example.org", name="Evil")
    assert access.first_admin_link("https://fruit.example") is None


def test_only_the_newest_first_admin_link_opens(access: Accounts) -> None:
    first, second = (str(access.first_admin_link("https://x")).rsplit("/", 1)[1] for _ in range(2))
    with pytest.raises(LinkRefused):
        access.link(first)
    assert access.link(second)


def test_the_first_admin_comes_from_the_settings_where_they_name_one(engine: Engine, tmp_path: Path) -> None:
    access = Accounts(engine, tmp_path, admin_email="Root@example.org", admin_password=PASSWORD)
    assert access.first_admin_link("https://x") is None
    assert access.sign_in("root@example.org", PASSWORD, HERE)[1].role == "admin"
    assert access.first_admin_link("https://x") is None


def test_an_invitation_gives_the_role_that_was_meant_and_no_other(access: Accounts) -> None:
    token = access.invite("new@example.org", "New", "supervisor", SYSTEM, "https://x").rsplit("/", 1)[1]
    _, identity = access.use_link(token, PASSWORD, email="evil@example.org", name="New One", language="en")
    assert (identity.email, identity.role, identity.language) == ("new@example.org", "supervisor", "en")


@pytest.mark.parametrize(("purpose", "hours"), [("first_admin", 24), ("invite", 24 * 7), ("reset", 2)])
def test_a_link_grows_old(access: Accounts, purpose: str, hours: int) -> None:
    person = access.add() if purpose != "first_admin" else None
    link = {
        "first_admin": lambda: access.first_admin_link(""),
        "invite": lambda: access.invite("new@example.org", "New", "inspector", SYSTEM),
        "reset": lambda: access.reset_link(person.id if person else 0, SYSTEM),
    }[purpose]()
    token = str(link).rsplit("/", 1)[1]
    access.time.pass_by(hours=hours, seconds=-1)
    assert access.link(token).purpose == purpose
    access.time.pass_by(seconds=2)
    with pytest.raises(LinkRefused):
        access.link(token)


def test_a_reset_link_ends_every_session_and_a_bad_password_does_not_use_it_up(access: Accounts) -> None:
    person = access.add()
    old, _ = access.sign_in("ana@example.org", PASSWORD, HERE)
    token = access.reset_link(person.id, SYSTEM).rsplit("/", 1)[1]
    with pytest.raises(PasswordRefused):
        access.use_link(token, "short")
    access.use_link(token, OTHER)
    assert access.identify_session(old) is None
    access.sign_in("ana@example.org", OTHER, HERE)


@pytest.mark.parametrize(("email", "password"), [("Root@example.org", "short"), ("nobody", PASSWORD)])
def test_settings_that_cannot_make_the_first_admin_are_named(
    engine: Engine, tmp_path: Path, email: str, password: str
) -> None:
    access = Accounts(engine, tmp_path, admin_email=email, admin_password=password)
    with pytest.raises(SettingRefused) as caught:
        access.first_admin_link("https://x")
    assert "ADMIN_PASSWORD" in caught.value.es and "ADMIN_PASSWORD" in caught.value.en


def test_a_link_ends_the_session_that_the_browser_held(access: Accounts) -> None:
    access.add()
    before, _ = access.sign_in("ana@example.org", PASSWORD, HERE)
    token = access.invite("new@example.org", "New", "inspector", SYSTEM).rsplit("/", 1)[1]
    after, _ = access.use_link(token, OTHER, replaces=before)
    assert access.identify_session(before) is None and access.identify_session(after)
