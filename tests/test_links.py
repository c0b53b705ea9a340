from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from accounts import HERE, OTHER, PASSWORD, TimedAccounts, refused_with
from vistobueno.accounts import AccessRefused, LinkRefused, PasswordRefused
from vistobueno.accounts.authentication import Subject
from vistobueno.core.inspection import SYSTEM
from vistobueno.settings import SettingRefused


def test_the_first_admin_comes_by_a_link_that_opens_once(access: TimedAccounts) -> None:
    link = access.people.first_admin_link("https://fruit.example/")
    assert link and link.startswith("https://fruit.example/login/link/")
    token = link.rsplit("/", 1)[1]
    assert access.authentication.link(token).purpose == "first_admin"
    _, identity = access.authentication.use_link(token, PASSWORD, email="Root@example.org", name="Root", address=HERE)
    assert (identity.role, identity.email) == ("admin", "root@example.org")
    with pytest.raises(LinkRefused):
        access.authentication.use_link(token, PASSWORD, email="evil@example.org", name="Evil")
    assert access.people.first_admin_link("https://fruit.example") is None


def test_only_the_newest_first_admin_link_opens(access: TimedAccounts) -> None:
    first, second = (str(access.people.first_admin_link("https://x")).rsplit("/", 1)[1] for _ in range(2))
    with pytest.raises(LinkRefused):
        access.authentication.link(first)
    assert access.authentication.link(second)


def test_the_first_admin_comes_from_the_settings_where_they_name_one(engine: Engine, tmp_path: Path) -> None:
    access = TimedAccounts(engine, tmp_path, admin_email="Root@example.org", admin_password=PASSWORD)
    assert access.people.first_admin_link("https://x") is None
    assert access.authentication.sign_in("root@example.org", PASSWORD, HERE)[1].role == "admin"
    assert access.people.first_admin_link("https://x") is None


def test_an_invitation_gives_the_role_that_was_meant_and_no_other(access: TimedAccounts) -> None:
    token = access.people.invite("new@example.org", "New", "supervisor", SYSTEM, "https://x").rsplit("/", 1)[1]
    _, identity = access.authentication.use_link(
        token, PASSWORD, email="evil@example.org", name="New One", language="en"
    )
    assert (identity.email, identity.role, identity.language) == ("new@example.org", "supervisor", "en")


def pending(access: TimedAccounts) -> list[str]:
    return [each.email for each in access.people.invitations()]


def test_who_was_invited_and_has_not_come_is_listed_until_they_come_or_it_is_too_late(access: TimedAccounts) -> None:
    tokens = {}
    for name in ("by-link", "by-hand", "by-provider", "never", "twice", "twice"):
        access.time.pass_by(seconds=1)
        invited = access.people.invite(f"{name}@example.org", name, "supervisor", SYSTEM)
        tokens[name] = invited.rsplit("/", 1)[1]
    assert pending(access) == [
        f"{each}@example.org" for each in ("twice", "never", "by-provider", "by-hand", "by-link")
    ]
    newest = access.people.invitations()[0]
    assert (newest.name, newest.role) == ("twice", "supervisor")
    assert newest.expires_at == newest.created_at + timedelta(days=7)
    access.authentication.use_link(tokens["by-link"], PASSWORD)
    access.add("by-hand@example.org")
    access.authentication.sign_in_subject(Subject("https://issuer.example", "1", "by-provider@example.org", "P"), HERE)
    assert pending(access) == ["twice@example.org", "never@example.org"]
    access.people.reset_link(access.people.by_email("by-hand@example.org").id, SYSTEM)  # no invitation
    access.time.pass_by(days=7)
    assert pending(access) == []
    with pytest.raises(AccessRefused):
        access.people.revoke_invitation("never@example.org", SYSTEM)


def test_a_revoked_invitation_opens_by_no_door_and_the_audit_log_tells_who_revoked_it(access: TimedAccounts) -> None:
    admin = access.add("root@example.org", "admin")
    token = access.people.invite("new@example.org", "New", "admin", admin).rsplit("/", 1)[1]
    access.authentication.link(token)  # its page may be open
    access.people.revoke_invitation(" New@Example.org ", admin)
    assert pending(access) == []
    for opened in (lambda: access.authentication.link(token), lambda: access.authentication.use_link(token, PASSWORD)):
        with pytest.raises(LinkRefused) as refused:
            opened()
        assert "anuló" in refused.value.es and "revoked" in refused.value.en
    with pytest.raises(AccessRefused) as caught:
        access.authentication.sign_in_subject(Subject("https://issuer.example", "2", "new@example.org", "N"), HERE)
    refused_with("not_invited", caught)
    told = next(each for each in access.audit_log.page().items if each.action == "invitation_revoked")
    assert (told.subject, told.actor.id) == ("new@example.org", admin.id)
    again = access.people.invite("new@example.org", "New", "inspector", admin).rsplit("/", 1)[1]
    assert access.authentication.use_link(again, PASSWORD)[1].role == "inspector"


def test_what_was_not_invited_cannot_be_revoked(access: TimedAccounts) -> None:
    person = access.add()
    token = access.people.reset_link(person.id, SYSTEM).rsplit("/", 1)[1]
    for email, code in (("ana@example.org", "invitation_unknown"), ("nobody@example.org", "invitation_unknown"),
                        ("nonsense", "email_invalid")):  # fmt: skip
        with pytest.raises(AccessRefused) as caught:
            access.people.revoke_invitation(email, SYSTEM)
        refused_with(code, caught)
    assert access.authentication.link(token).purpose == "reset"
    assert "invitation_revoked" not in access.actions()


@pytest.mark.parametrize(("purpose", "hours"), [("first_admin", 24), ("invite", 24 * 7), ("reset", 2)])
def test_a_link_grows_old(access: TimedAccounts, purpose: str, hours: int) -> None:
    person = access.add() if purpose != "first_admin" else None
    link = {
        "first_admin": lambda: access.people.first_admin_link(""),
        "invite": lambda: access.people.invite("new@example.org", "New", "inspector", SYSTEM),
        "reset": lambda: access.people.reset_link(person.id if person else 0, SYSTEM),
    }[purpose]()
    token = str(link).rsplit("/", 1)[1]
    access.time.pass_by(hours=hours, seconds=-1)
    assert access.authentication.link(token).purpose == purpose
    access.time.pass_by(seconds=2)
    with pytest.raises(LinkRefused):
        access.authentication.link(token)


def test_a_reset_link_ends_every_session_and_a_bad_password_does_not_use_it_up(access: TimedAccounts) -> None:
    person = access.add()
    old, _ = access.authentication.sign_in("ana@example.org", PASSWORD, HERE)
    token = access.people.reset_link(person.id, SYSTEM).rsplit("/", 1)[1]
    with pytest.raises(PasswordRefused):
        access.authentication.use_link(token, "short")
    access.authentication.use_link(token, OTHER)
    assert access.authentication.identify_session(old) is None
    access.authentication.sign_in("ana@example.org", OTHER, HERE)


@pytest.mark.parametrize(("email", "password"), [("Root@example.org", "short"), ("nobody", PASSWORD)])
def test_settings_that_cannot_make_the_first_admin_are_named(
    engine: Engine, tmp_path: Path, email: str, password: str
) -> None:
    access = TimedAccounts(engine, tmp_path, admin_email=email, admin_password=password)
    with pytest.raises(SettingRefused) as caught:
        access.people.first_admin_link("https://x")
    assert "ADMIN_PASSWORD" in caught.value.es and "ADMIN_PASSWORD" in caught.value.en


def test_a_link_ends_the_session_that_the_browser_held(access: TimedAccounts) -> None:
    access.add()
    before, _ = access.authentication.sign_in("ana@example.org", PASSWORD, HERE)
    token = access.people.invite("new@example.org", "New", "inspector", SYSTEM).rsplit("/", 1)[1]
    after, _ = access.authentication.use_link(token, OTHER, replaces=before)
    assert access.authentication.identify_session(before) is None and access.authentication.identify_session(after)
