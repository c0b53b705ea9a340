from datetime import timedelta

import pytest

from accounts import HERE, PASSWORD, TimedAccounts, refused_with
from vistobueno.accounts import AccessRefused
from vistobueno.accounts.identity import PERMISSIONS, ROLES, SCOPES
from vistobueno.core.inspection import SYSTEM


def test_roles_grow_and_a_key_never_administers() -> None:
    inspector, supervisor, admin = (PERMISSIONS[role] for role in ROLES)
    assert inspector < supervisor < admin
    assert set(SCOPES) & {"people", "keys", "audit", "models"} == set()


def test_a_key_speaks_for_its_scopes_until_it_ends(access: TimedAccounts) -> None:
    access.add(role="admin")
    _, identity = access.authentication.sign_in("ana@example.org", PASSWORD, HERE)
    key, secret = access.keys.make("sorter", ["inspect", "read"], identity, access.time.now + timedelta(days=1))
    assert secret.startswith(f"vb_{key.prefix}_") and secret not in repr(access.keys.all())
    spoken = access.authentication.identify_key(secret, HERE)
    assert spoken and spoken.scopes == {"inspect", "read"} and spoken.role is None and spoken.actor.kind == "key"
    assert access.keys.all()[0].used_at == access.time.now
    access.time.pass_by(days=1, seconds=1)
    assert access.authentication.identify_key(secret, HERE) is None


def test_a_revoked_key_and_one_letter_off_open_nothing(access: TimedAccounts) -> None:
    access.add(role="admin")
    _, identity = access.authentication.sign_in("ana@example.org", PASSWORD, HERE)
    key, secret = access.keys.make("sorter", ["read"], identity)
    for wrong in (secret[:-1], secret + "x", secret.upper(), f"vb_{key.prefix}_", key.prefix, "", "Bearer", "\ud800"):
        assert access.authentication.identify_key(wrong, HERE) is None
    access.keys.revoke(key.id, identity)
    assert access.authentication.identify_key(secret, HERE) is None


def test_a_key_may_never_do_more_than_the_person_whose_it_is(access: TimedAccounts) -> None:
    access.add("root@example.org", "admin")
    person = access.add(role="supervisor")
    _, secret = access.keys.make("reviewer", ["read", "review"], person)
    access.people.set_role(person.id, "inspector", SYSTEM)
    spoken = access.authentication.identify_key(secret)
    assert spoken and spoken.scopes == {"read"}


@pytest.mark.parametrize("scopes", [[], ["people"], ["read", "admin"], ["READ"]])
def test_a_key_without_a_scope_that_exists_is_not_made(access: TimedAccounts, scopes: list[str]) -> None:
    person = access.add(role="admin")
    with pytest.raises(AccessRefused) as caught:
        access.keys.make("sorter", scopes, person)
    refused_with("scope_unknown", caught)


@pytest.mark.parametrize("name", ["", "  ", "sorter\x1b[31m", "sorter\0", "x" * 201])
def test_a_key_has_a_name_that_can_be_shown(access: TimedAccounts, name: str) -> None:
    with pytest.raises(AccessRefused) as caught:
        access.keys.make(name, ["read"], access.add())
    refused_with("name_missing", caught)
