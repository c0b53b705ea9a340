import pytest
from sqlalchemy import Engine, update

from accounts import HERE, OTHER, PASSWORD, TimedAccounts, fail
from vistobueno.accounts import SignInRefused
from vistobueno.accounts.audit_log import coming_from
from vistobueno.core.inspection import SYSTEM
from vistobueno.store import schema
from vistobueno.store.database import writing


def test_the_audit_log_tells_who_did_what_from_where_in_which_request(access: TimedAccounts) -> None:
    person = access.add(role="admin")
    with coming_from(HERE, "request-1"):
        _, identity = access.authentication.sign_in("ana@example.org", PASSWORD, HERE)
        access.keys.make("sorter", ["read"], identity)
    key, entered = access.audit_log.page(limit=2).items
    assert (key.action, key.actor, key.subject) == ("key_made", identity.actor, "sorter")
    assert (entered.action, entered.subject, entered.address, entered.request_id) == (
        "signed_in", "ana@example.org", HERE, "request-1",
    )  # fmt: skip
    access.people.set_language(person.id and identity, "en")
    assert access.people.all()[0].language == "en"


def test_every_change_and_every_failure_is_in_the_audit_log(access: TimedAccounts) -> None:
    access.add("root@example.org", "admin")
    person = access.add(role="inspector")
    token, identity = access.authentication.sign_in("ana@example.org", PASSWORD, HERE)
    access.people.set_role(person.id, "supervisor", SYSTEM)
    access.authentication.change_password(identity, PASSWORD, OTHER, HERE)
    access.authentication.sign_out(token)
    for _ in range(5):
        fail(access)
    access.people.disable(person.id, SYSTEM)
    access.audit_log.write(SYSTEM, "model_activated", "lite0", digest="abc")
    assert set(access.actions()) >= {
        "person_added", "signed_in", "role_changed", "password_changed", "signed_out", "sign_in_failed", "throttled",
        "person_disabled", "model_activated",
    }  # fmt: skip


def test_the_audit_log_never_tells_a_secret(access: TimedAccounts) -> None:
    access.add()
    with pytest.raises(SignInRefused):
        access.authentication.sign_in("ana@example.org", "a-guess-that-is-secret", HERE)
    assert "a-guess-that-is-secret" not in repr(access.audit_log.page())


def test_the_audit_log_is_paged_newest_first_without_gaps(access: TimedAccounts) -> None:
    for number in range(7):
        access.audit_log.write(SYSTEM, "counted", str(number))
    first = access.audit_log.page(limit=3)
    second = access.audit_log.page(first.next, 3)
    third = access.audit_log.page(second.next, 3)
    seen = [event.subject for page in (first, second, third) for event in page.items]
    assert seen == [str(number) for number in range(6, -1, -1)] and third.next is None


def test_the_database_refuses_to_change_or_remove_a_line_of_the_audit_log(
    access: TimedAccounts, engine: Engine
) -> None:
    access.audit_log.write(SYSTEM, "counted")
    for statement in (update(schema.audit).values(action="nothing"), schema.audit.delete()):
        with pytest.raises(Exception, match="append-only"), writing(engine) as connection:
            connection.execute(statement)


@pytest.mark.parametrize("cursor", ["", "x", "9" * 30, "9" * 5000, "²"])
def test_a_cursor_that_was_never_given_is_passed_over(access: TimedAccounts, cursor: str) -> None:
    access.audit_log.write(SYSTEM, "counted")
    assert [event.action for event in access.audit_log.page(cursor).items] == ["counted"]
