from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from accounts import HERE, OTHER, PASSWORD, THERE, TimedAccounts, refused_with
from vistobueno.accounts import AccessRefused, LinkRefused, PasswordRefused, SignInRefused
from vistobueno.accounts.passwords import Passwords
from vistobueno.accounts.sessions import IDLE
from vistobueno.core.inspection import SYSTEM
from vistobueno.store import schema
from vistobueno.store.database import reading


def test_who_has_the_password_comes_in_and_is_known_by_the_token(access: TimedAccounts) -> None:
    access.add(role="supervisor")
    token, identity = access.authentication.sign_in(" Ana@Example.ORG ", PASSWORD, HERE, "Firefox")
    assert (identity.email, identity.role, identity.actor.kind) == ("ana@example.org", "supervisor", "person")
    assert access.authentication.identify_session(token) == identity
    (session,) = access.sessions.of(identity.actor.id or 0)
    assert (session.address, session.agent) == (HERE, "Firefox")


@pytest.mark.parametrize(("email", "password"), [
    ("ana@example.org", "wrong"), ("nobody@example.org", PASSWORD), ("", ""), ("ana@example.org", "x" * 100_000),
    ("ana@example.org' OR 1=1 --", PASSWORD), ("ana@example.org", PASSWORD + "\0"), ("\ud800", "\ud800"),
])  # fmt: skip
def test_every_wrong_pair_is_refused_in_the_same_words(access: TimedAccounts, email: str, password: str) -> None:
    access.add()
    with pytest.raises(SignInRefused) as caught:
        access.authentication.sign_in(email, password, HERE)
    refused_with("sign_in_refused", caught)


def test_an_unknown_address_costs_the_same_work(access: TimedAccounts, monkeypatch: pytest.MonkeyPatch) -> None:
    worked = []
    match = Passwords.match
    monkeypatch.setattr(Passwords, "match", lambda *given: worked.append(given[1]) or match(*given))
    with pytest.raises(SignInRefused):
        access.authentication.sign_in("nobody@example.org", PASSWORD, HERE)
    assert worked == [None]


def test_nothing_that_opens_a_door_is_in_the_database(access: TimedAccounts, engine: Engine) -> None:
    person = access.add(role="admin")
    token, identity = access.authentication.sign_in("ana@example.org", PASSWORD, HERE)
    _, secret = access.keys.make("sorter", ["inspect"], identity)
    link = access.people.reset_link(person.id, SYSTEM, "https://x").rsplit("/", 1)[1]
    with reading(engine) as connection:
        kept = str([connection.execute(select(table)).all() for table in schema.metadata.sorted_tables])
    assert all(each not in kept for each in (token, secret, secret.rsplit("_", 1)[1], link, PASSWORD))
    assert "$argon2id$" in kept


def test_a_hash_of_weaker_parameters_is_made_anew_at_sign_in(engine: Engine, tmp_path: Path) -> None:
    weak = TimedAccounts(engine, tmp_path)
    weak.add()
    strong = TimedAccounts(engine, tmp_path)
    strong.authentication._passwords = Passwords(time_cost=2, memory_cost=128)
    strong.authentication.sign_in("ana@example.org", PASSWORD, HERE)
    with reading(engine) as connection:
        kept = connection.execute(select(schema.people.c.password_hash)).scalar_one()
    assert "m=128,t=2" in kept and not strong.authentication._passwords.outgrown(kept)


def test_a_session_ends_when_it_is_idle_and_when_its_hours_are_over(access: TimedAccounts) -> None:
    access.add()
    idle, _ = access.authentication.sign_in("ana@example.org", PASSWORD, HERE)
    access.time.pass_by(seconds=IDLE.total_seconds() - 1)
    assert access.authentication.identify_session(idle, seen=False)
    access.time.pass_by(seconds=2)
    assert access.authentication.identify_session(idle) is None
    used, _ = access.authentication.sign_in("ana@example.org", PASSWORD, HERE)
    for _ in range(12 * 4 - 1):
        access.time.pass_by(minutes=15)
        assert access.authentication.identify_session(used)
    access.time.pass_by(minutes=15)
    assert access.authentication.identify_session(used) is None


def test_signing_out_ends_this_session_alone(access: TimedAccounts) -> None:
    access.add()
    first, _ = access.authentication.sign_in("ana@example.org", PASSWORD, HERE)
    second, _ = access.authentication.sign_in("ana@example.org", PASSWORD, HERE)
    access.authentication.sign_out(first)
    access.authentication.sign_out("nonsense")
    assert access.authentication.identify_session(first) is None
    assert access.authentication.identify_session(second)


def test_signing_in_again_gives_a_new_session_and_ends_the_one_the_browser_held(access: TimedAccounts) -> None:
    access.add()
    old, _ = access.authentication.sign_in("ana@example.org", PASSWORD, HERE)
    new, _ = access.authentication.sign_in("ana@example.org", PASSWORD, HERE, replaces=old)
    assert new != old
    assert access.authentication.identify_session(old) is None


def test_sessions_are_ended_one_by_one_or_all(access: TimedAccounts) -> None:
    person = access.add()
    tokens = [access.authentication.sign_in("ana@example.org", PASSWORD, HERE) for _ in range(3)]
    access.sessions.end(tokens[0][1].session or "", SYSTEM)
    assert [access.authentication.identify_session(token) is None for token, _ in tokens] == [True, False, False]
    assert access.sessions.end_all(person.id, SYSTEM, but=tokens[1][1].session) == 1
    assert [access.authentication.identify_session(token) is None for token, _ in tokens] == [True, False, True]
    access.sessions.end_all(person.id, SYSTEM)
    assert access.sessions.of(person.id) == ()


def test_a_new_password_ends_the_other_sessions_and_opens_from_then_on(access: TimedAccounts) -> None:
    access.add()
    other, _ = access.authentication.sign_in("ana@example.org", PASSWORD, THERE)
    mine, identity = access.authentication.sign_in("ana@example.org", PASSWORD, HERE)
    access.authentication.change_password(identity, PASSWORD, OTHER, HERE)
    assert access.authentication.identify_session(mine) and access.authentication.identify_session(other) is None
    with pytest.raises(SignInRefused):
        access.authentication.sign_in("ana@example.org", PASSWORD, HERE)
    access.authentication.sign_in("ana@example.org", OTHER, HERE)


def test_a_password_is_changed_only_by_who_knows_the_old_one(access: TimedAccounts) -> None:
    access.add()
    _, identity = access.authentication.sign_in("ana@example.org", PASSWORD, HERE)
    with pytest.raises(SignInRefused):
        access.authentication.change_password(identity, "wrong", OTHER, HERE)
    with pytest.raises(PasswordRefused):
        access.authentication.change_password(identity, PASSWORD, "short", HERE)
    access.authentication.sign_in("ana@example.org", PASSWORD, HERE)


def test_a_role_that_changes_counts_at_once_in_open_sessions(access: TimedAccounts) -> None:
    access.add("root@example.org", "admin")
    person = access.add(role="supervisor")
    token, identity = access.authentication.sign_in("ana@example.org", PASSWORD, HERE)
    assert identity.may("review")
    access.people.set_role(person.id, "inspector", SYSTEM)
    now = access.authentication.identify_session(token)
    assert now and not now.may("review")


def test_who_is_disabled_is_out_at_once_with_sessions_keys_and_links(access: TimedAccounts) -> None:
    access.add("root@example.org", "admin")
    person = access.add(role="admin")
    token, identity = access.authentication.sign_in("ana@example.org", PASSWORD, HERE)
    _, secret = access.keys.make("sorter", ["inspect"], identity)
    link = access.people.reset_link(person.id, SYSTEM).rsplit("/", 1)[1]
    access.people.disable(person.id, SYSTEM)
    assert access.authentication.identify_session(token) is None
    assert access.authentication.identify_key(secret) is None
    with pytest.raises(SignInRefused):
        access.authentication.sign_in("ana@example.org", PASSWORD, HERE)
    with pytest.raises(LinkRefused):
        access.authentication.use_link(link, OTHER)
    access.people.enable(person.id, SYSTEM)
    assert access.authentication.identify_session(token) is None
    access.authentication.sign_in("ana@example.org", PASSWORD, HERE)


def test_the_last_admin_stays_one(access: TimedAccounts) -> None:
    person = access.add(role="admin")
    for act in (
        lambda: access.people.disable(person.id, SYSTEM),
        lambda: access.people.set_role(person.id, "inspector", SYSTEM),
    ):
        with pytest.raises(AccessRefused) as caught:
            act()
        refused_with("last_admin", caught)


@pytest.mark.parametrize("meanwhile", ["a new password", "disabled"])
def test_what_changes_while_a_password_is_compared_counts(
    access: TimedAccounts, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    """Comparing takes a while on purpose: who has the old password must not come in at the end of it."""
    access.add("root@example.org", "admin")
    person = access.add()
    link = access.people.reset_link(person.id, SYSTEM).rsplit("/", 1)[1]
    compare = Passwords.match

    def slowly(self: Passwords, kept: str | None, password: str) -> bool:
        right = compare(self, kept, password)
        if meanwhile == "disabled":
            access.people.disable(person.id, SYSTEM)
        else:
            access.authentication.use_link(link, OTHER)
        return right

    monkeypatch.setattr(Passwords, "match", slowly)
    with pytest.raises(SignInRefused):
        access.authentication.sign_in("ana@example.org", PASSWORD, HERE)
    assert "signed_in" not in access.actions()


def test_a_password_that_was_set_anew_meanwhile_is_not_overwritten(
    access: TimedAccounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = access.add()
    _, identity = access.authentication.sign_in("ana@example.org", PASSWORD, HERE)
    link = access.people.reset_link(person.id, SYSTEM).rsplit("/", 1)[1]
    compare = Passwords.match

    def slowly(self: Passwords, kept: str | None, password: str) -> bool:
        monkeypatch.setattr(Passwords, "match", compare)
        access.authentication.use_link(link, OTHER)
        return compare(self, kept, password)

    monkeypatch.setattr(Passwords, "match", slowly)
    with pytest.raises(SignInRefused):
        access.authentication.change_password(identity, PASSWORD, "what the thief would choose", HERE)
    assert access.authentication.sign_in("ana@example.org", OTHER, HERE)[1].actor.id == person.id
