from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, update

from accounts import HERE, OTHER, PASSWORD, THERE, Accounts
from vistobueno.access import AccessRefused, LinkRefused, PasswordRefused, SignInRefused, Throttled
from vistobueno.access.entry import Subject
from vistobueno.access.identity import PERMISSIONS, ROLES, SCOPES
from vistobueno.access.passwords import Passwords
from vistobueno.access.sessions import IDLE
from vistobueno.access.throttle import Throttle, network
from vistobueno.access.trail import coming_from
from vistobueno.records import schema
from vistobueno.records.database import reading, writing
from vistobueno.records.values import SYSTEM


@pytest.fixture
def access(engine: Engine, tmp_path: Path) -> Accounts:
    return Accounts(engine, tmp_path)


def refused_with(code: str, error: pytest.ExceptionInfo[AccessRefused]) -> None:
    assert error.value.code == code
    assert error.value.es and error.value.en and error.value.es != error.value.en


def test_who_has_the_password_comes_in_and_is_known_by_the_token(access: Accounts) -> None:
    access.add(role="supervisor")
    token, identity = access.sign_in(" Ana@Example.ORG ", PASSWORD, HERE, "Firefox")
    assert (identity.email, identity.role, identity.actor.kind) == ("ana@example.org", "supervisor", "person")
    assert access.identify_session(token) == identity
    (session,) = access.sessions(identity.actor.id or 0)
    assert (session.address, session.agent) == (HERE, "Firefox")


@pytest.mark.parametrize(("email", "password"), [
    ("ana@example.org", "wrong"), ("nobody@example.org", PASSWORD), ("", ""), ("ana@example.org", "x" * 100_000),
    ("ana@example.org' OR 1=1 --", PASSWORD), ("ana@example.org", PASSWORD + "\0"), ("\ud800", "\ud800"),
])  # fmt: skip
def test_every_wrong_pair_is_refused_in_the_same_words(access: Accounts, email: str, password: str) -> None:
    access.add()
    with pytest.raises(SignInRefused) as caught:
        access.sign_in(email, password, HERE)
    refused_with("sign_in_refused", caught)


def test_an_unknown_address_costs_the_same_work(access: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    worked = []
    match = Passwords.match
    monkeypatch.setattr(Passwords, "match", lambda *given: worked.append(given[1]) or match(*given))
    with pytest.raises(SignInRefused):
        access.sign_in("nobody@example.org", PASSWORD, HERE)
    assert worked == [None]


def test_nothing_that_opens_a_door_is_in_the_database(access: Accounts, engine: Engine) -> None:
    person = access.add(role="admin")
    token, identity = access.sign_in("ana@example.org", PASSWORD, HERE)
    _, secret = access.make_key("sorter", ["inspect"], identity)
    link = access.reset_link(person.id, SYSTEM, "https://x").rsplit("/", 1)[1]
    with reading(engine) as connection:
        kept = str([connection.execute(select(table)).all() for table in schema.metadata.sorted_tables])
    assert all(each not in kept for each in (token, secret, secret.rsplit("_", 1)[1], link, PASSWORD))
    assert "$argon2id$" in kept


def test_a_hash_of_weaker_parameters_is_made_anew_at_sign_in(engine: Engine, tmp_path: Path) -> None:
    weak = Accounts(engine, tmp_path)
    weak.add()
    strong = Accounts(engine, tmp_path)
    strong._passwords = Passwords(time_cost=2, memory_cost=128)
    strong.sign_in("ana@example.org", PASSWORD, HERE)
    with reading(engine) as connection:
        kept = connection.execute(select(schema.people.c.password_hash)).scalar_one()
    assert "m=128,t=2" in kept and not strong._passwords.outgrown(kept)


def test_a_session_ends_when_it_is_idle_and_when_its_hours_are_over(access: Accounts) -> None:
    access.add()
    idle, _ = access.sign_in("ana@example.org", PASSWORD, HERE)
    access.time.pass_by(seconds=IDLE.total_seconds() - 1)
    assert access.identify_session(idle, seen=False)
    access.time.pass_by(seconds=2)
    assert access.identify_session(idle) is None
    used, _ = access.sign_in("ana@example.org", PASSWORD, HERE)
    for _ in range(12 * 4 - 1):
        access.time.pass_by(minutes=15)
        assert access.identify_session(used)
    access.time.pass_by(minutes=15)
    assert access.identify_session(used) is None


def test_signing_out_ends_this_session_alone(access: Accounts) -> None:
    access.add()
    first, _ = access.sign_in("ana@example.org", PASSWORD, HERE)
    second, _ = access.sign_in("ana@example.org", PASSWORD, HERE)
    access.sign_out(first)
    access.sign_out("nonsense")
    assert access.identify_session(first) is None
    assert access.identify_session(second)


def test_signing_in_again_gives_a_new_session_and_ends_the_one_the_browser_held(access: Accounts) -> None:
    access.add()
    old, _ = access.sign_in("ana@example.org", PASSWORD, HERE)
    new, _ = access.sign_in("ana@example.org", PASSWORD, HERE, replaces=old)
    assert new != old
    assert access.identify_session(old) is None


def test_sessions_are_ended_one_by_one_or_all(access: Accounts) -> None:
    person = access.add()
    tokens = [access.sign_in("ana@example.org", PASSWORD, HERE) for _ in range(3)]
    access.end_session(tokens[0][1].session or "", SYSTEM)
    assert [access.identify_session(token) is None for token, _ in tokens] == [True, False, False]
    assert access.end_sessions(person.id, SYSTEM, but=tokens[1][1].session) == 1
    assert [access.identify_session(token) is None for token, _ in tokens] == [True, False, True]
    access.end_sessions(person.id, SYSTEM)
    assert access.sessions(person.id) == ()


def test_a_new_password_ends_the_other_sessions_and_opens_from_then_on(access: Accounts) -> None:
    access.add()
    other, _ = access.sign_in("ana@example.org", PASSWORD, THERE)
    mine, identity = access.sign_in("ana@example.org", PASSWORD, HERE)
    access.change_password(identity, PASSWORD, OTHER, HERE)
    assert access.identify_session(mine) and access.identify_session(other) is None
    with pytest.raises(SignInRefused):
        access.sign_in("ana@example.org", PASSWORD, HERE)
    access.sign_in("ana@example.org", OTHER, HERE)


def test_a_password_is_changed_only_by_who_knows_the_old_one(access: Accounts) -> None:
    access.add()
    _, identity = access.sign_in("ana@example.org", PASSWORD, HERE)
    with pytest.raises(SignInRefused):
        access.change_password(identity, "wrong", OTHER, HERE)
    with pytest.raises(PasswordRefused):
        access.change_password(identity, PASSWORD, "short", HERE)
    access.sign_in("ana@example.org", PASSWORD, HERE)


def test_a_role_that_changes_counts_at_once_in_open_sessions(access: Accounts) -> None:
    access.add("root@example.org", "admin")
    person = access.add(role="supervisor")
    token, identity = access.sign_in("ana@example.org", PASSWORD, HERE)
    assert identity.may("review")
    access.set_role(person.id, "inspector", SYSTEM)
    now = access.identify_session(token)
    assert now and not now.may("review")


def test_who_is_disabled_is_out_at_once_with_sessions_keys_and_links(access: Accounts) -> None:
    access.add("root@example.org", "admin")
    person = access.add(role="admin")
    token, identity = access.sign_in("ana@example.org", PASSWORD, HERE)
    _, secret = access.make_key("sorter", ["inspect"], identity)
    link = access.reset_link(person.id, SYSTEM).rsplit("/", 1)[1]
    access.disable(person.id, SYSTEM)
    assert access.identify_session(token) is None
    assert access.identify_key(secret) is None
    with pytest.raises(SignInRefused):
        access.sign_in("ana@example.org", PASSWORD, HERE)
    with pytest.raises(LinkRefused):
        access.use_link(link, OTHER)
    access.enable(person.id, SYSTEM)
    assert access.identify_session(token) is None
    access.sign_in("ana@example.org", PASSWORD, HERE)


def test_the_last_admin_stays_one(access: Accounts) -> None:
    person = access.add(role="admin")
    for act in (lambda: access.disable(person.id, SYSTEM), lambda: access.set_role(person.id, "inspector", SYSTEM)):
        with pytest.raises(AccessRefused) as caught:
            act()
        refused_with("last_admin", caught)


def test_roles_grow_and_a_key_never_administers() -> None:
    inspector, supervisor, admin = (PERMISSIONS[role] for role in ROLES)
    assert inspector < supervisor < admin
    assert set(SCOPES) & {"people", "keys", "audit", "models"} == set()


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


def test_a_key_speaks_for_its_scopes_until_it_ends(access: Accounts) -> None:
    access.add(role="admin")
    _, identity = access.sign_in("ana@example.org", PASSWORD, HERE)
    key, secret = access.make_key("sorter", ["inspect", "read"], identity, access.time.now + timedelta(days=1))
    assert secret.startswith(f"vb_{key.prefix}_") and secret not in repr(access.keys())
    spoken = access.identify_key(secret, HERE)
    assert spoken and spoken.scopes == {"inspect", "read"} and spoken.role is None and spoken.actor.kind == "key"
    assert access.keys()[0].used_at == access.time.now
    access.time.pass_by(days=1, seconds=1)
    assert access.identify_key(secret, HERE) is None


def test_a_revoked_key_and_one_letter_off_open_nothing(access: Accounts) -> None:
    access.add(role="admin")
    _, identity = access.sign_in("ana@example.org", PASSWORD, HERE)
    key, secret = access.make_key("sorter", ["read"], identity)
    for wrong in (secret[:-1], secret + "x", secret.upper(), f"vb_{key.prefix}_", key.prefix, "", "Bearer", "\ud800"):
        assert access.identify_key(wrong, HERE) is None
    access.revoke_key(key.id, identity)
    assert access.identify_key(secret, HERE) is None


def test_a_key_may_never_do_more_than_the_person_whose_it_is(access: Accounts) -> None:
    access.add("root@example.org", "admin")
    person = access.add(role="supervisor")
    _, secret = access.make_key("reviewer", ["read", "review"], person)
    access.set_role(person.id, "inspector", SYSTEM)
    spoken = access.identify_key(secret)
    assert spoken and spoken.scopes == {"read"}


@pytest.mark.parametrize("scopes", [[], ["people"], ["read", "admin"], ["READ"]])
def test_a_key_without_a_scope_that_exists_is_not_made(access: Accounts, scopes: list[str]) -> None:
    person = access.add(role="admin")
    with pytest.raises(AccessRefused) as caught:
        access.make_key("sorter", scopes, person)
    refused_with("scope_unknown", caught)


def fail(access: Accounts, email: str = "ana@example.org", address: str = THERE, device: str = "") -> None:
    with pytest.raises(SignInRefused):
        access.sign_in(email, "wrong", address, device=device)


def test_after_five_failures_from_one_place_one_waits_and_is_told_how_long(access: Accounts) -> None:
    access.add()
    for _ in range(5):
        fail(access)
    with pytest.raises(Throttled) as caught:
        access.sign_in("ana@example.org", PASSWORD, THERE)
    assert 1 <= caught.value.retry_after <= 120
    assert str(caught.value.retry_after) in caught.value.es
    access.sign_in("ana@example.org", PASSWORD, HERE)  # from elsewhere she comes in


def test_who_guesses_from_many_places_cannot_shut_out_a_browser_that_is_known(access: Accounts) -> None:
    access.add()
    mark = access.device_mark("ana@example.org")
    for place in range(10):
        fail(access, address=f"192.0.2.{place}")
    with pytest.raises(Throttled) as caught:
        access.sign_in("ana@example.org", PASSWORD, HERE)
    assert caught.value.retry_after <= 600
    access.sign_in("ana@example.org", PASSWORD, HERE, device=mark)


@pytest.mark.parametrize("mark", ["", ".", "x.y", "x", "of another"])
def test_a_mark_that_we_did_not_make_for_this_account_helps_nobody(access: Accounts, mark: str) -> None:
    access.add()
    given = access.device_mark("other@example.org") if mark == "of another" else mark
    assert not access.knows_device("ana@example.org", given)


def test_a_known_browser_is_throttled_too(access: Accounts) -> None:
    access.add()
    mark = access.device_mark("ana@example.org")
    for _ in range(10):
        fail(access, device=mark)
    with pytest.raises(Throttled):
        access.sign_in("ana@example.org", PASSWORD, THERE, device=mark)


def test_one_place_that_tries_many_accounts_is_stopped(access: Accounts) -> None:
    for number in range(60):
        fail(access, f"person{number}@example.org")
    with pytest.raises(Throttled):
        access.sign_in("another@example.org", "wrong", THERE)


def test_coming_in_forgets_the_slips_before_it(access: Accounts) -> None:
    access.add()
    for _ in range(2):
        for _ in range(4):
            fail(access)
        access.sign_in("ana@example.org", PASSWORD, THERE)


def test_guessing_keys_and_links_is_throttled_by_place(access: Accounts) -> None:
    for _ in range(30):
        assert access.identify_key("vb_0123456789_guess", THERE) is None
    with pytest.raises(Throttled):
        access.identify_key("vb_0123456789_guess", THERE)
    with pytest.raises(Throttled):
        access.link("guess", THERE)
    with pytest.raises(LinkRefused):
        access.link("guess", HERE)


def test_a_right_key_opens_whatever_its_neighbours_guess(access: Accounts) -> None:
    person = access.add(role="admin")
    _, secret = access.make_key("sorter", ["read"], person)
    for _ in range(30):
        access.identify_key("vb_0123456789_guess", THERE)
    assert access.identify_key(secret, THERE)


@pytest.mark.parametrize(("address", "meant"), [
    ("203.0.113.7", "203.0.113.7"), ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"), ("::ffff:203.0.113.7", "203.0.113.7"),
    ("fe80::1%eth0", "fe80::/64"), ("", "unknown"), ("nonsense", "unknown"),
])  # fmt: skip
def test_a_place_is_what_one_attacker_has(address: str, meant: str) -> None:
    assert network(address) == meant


def test_a_throttle_that_nobody_filled_lets_through() -> None:
    Throttle().check(Throttle().counts_of_sign_in("ana@example.org", HERE, None))


def test_the_trail_tells_who_did_what_from_where_in_which_request(access: Accounts) -> None:
    person = access.add(role="admin")
    with coming_from(HERE, "request-1"):
        _, identity = access.sign_in("ana@example.org", PASSWORD, HERE)
        access.make_key("sorter", ["read"], identity)
    key, entered = access.audit_page(limit=2).items
    assert (key.action, key.actor, key.subject) == ("key_made", identity.actor, "sorter")
    assert (entered.action, entered.subject, entered.address, entered.request_id) == (
        "signed_in", "ana@example.org", HERE, "request-1",
    )  # fmt: skip
    access.set_language(person.id and identity, "en")
    assert access.people()[0].language == "en"


def test_every_change_and_every_failure_is_in_the_trail(access: Accounts) -> None:
    access.add("root@example.org", "admin")
    person = access.add(role="inspector")
    token, identity = access.sign_in("ana@example.org", PASSWORD, HERE)
    access.set_role(person.id, "supervisor", SYSTEM)
    access.change_password(identity, PASSWORD, OTHER, HERE)
    access.sign_out(token)
    for _ in range(5):
        fail(access)
    access.disable(person.id, SYSTEM)
    access.audit(SYSTEM, "model_activated", "lite0", digest="abc")
    assert set(access.actions()) >= {
        "person_added", "signed_in", "role_changed", "password_changed", "signed_out", "sign_in_failed", "throttled",
        "person_disabled", "model_activated",
    }  # fmt: skip


def test_the_trail_never_tells_a_secret(access: Accounts) -> None:
    access.add()
    with pytest.raises(SignInRefused):
        access.sign_in("ana@example.org", "a-guess-that-is-secret", HERE)
    assert "a-guess-that-is-secret" not in repr(access.audit_page())


def test_the_trail_is_paged_newest_first_without_gaps(access: Accounts) -> None:
    for number in range(7):
        access.audit(SYSTEM, "counted", str(number))
    first = access.audit_page(limit=3)
    second = access.audit_page(first.next, 3)
    third = access.audit_page(second.next, 3)
    seen = [event.subject for page in (first, second, third) for event in page.items]
    assert seen == [str(number) for number in range(6, -1, -1)] and third.next is None


def test_the_database_refuses_to_change_or_remove_a_line_of_the_trail(access: Accounts, engine: Engine) -> None:
    access.audit(SYSTEM, "counted")
    for statement in (update(schema.audit).values(action="nothing"), schema.audit.delete()):
        with pytest.raises(Exception, match="append-only"), writing(engine) as connection:
            connection.execute(statement)


def subject(email: str = "ana@example.org", sub: str = "1") -> Subject:
    return Subject("https://issuer.example", sub, email, "Ana")


def test_a_provider_s_person_is_known_by_e_mail_once_and_by_subject_from_then_on(access: Accounts) -> None:
    person = access.add(role="supervisor")
    _, identity = access.sign_in_subject(subject(), HERE)
    assert (identity.actor.id, identity.role) == (person.id, "supervisor")
    _, again = access.sign_in_subject(subject(email="married@example.org"), HERE)
    assert again.actor.id == person.id


def test_a_provider_s_person_who_was_invited_gets_that_role(access: Accounts) -> None:
    token = access.invite("ana@example.org", "Ana", "supervisor", SYSTEM).rsplit("/", 1)[1]
    _, identity = access.sign_in_subject(subject(), HERE)
    assert identity.role == "supervisor"
    with pytest.raises(LinkRefused):
        access.link(token)


@pytest.mark.parametrize("case", ["stranger", "disabled", "another subject"])
def test_a_provider_s_person_whom_nobody_knows_stays_outside(access: Accounts, case: str) -> None:
    access.add("root@example.org", "admin")
    if case != "stranger":
        person = access.add()
        access.sign_in_subject(subject(sub="first"), HERE)
        if case == "disabled":
            access.disable(person.id, SYSTEM)
    with pytest.raises(AccessRefused) as caught:
        access.sign_in_subject(subject(sub="first" if case == "disabled" else "second"), HERE)
    refused_with("not_invited", caught)
    assert "provider_refused" in access.actions()
