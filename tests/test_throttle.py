from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from accounts import HERE, PASSWORD, THERE, TimedAccounts, fail
from cases import for_each
from vistobueno.accounts import LinkRefused, Throttled
from vistobueno.accounts.throttle import network
from vistobueno.store.database import open_database, reading
from vistobueno.store.schema import failures


def test_after_five_failures_from_one_place_one_waits_and_is_told_how_long(access: TimedAccounts) -> None:
    access.add()
    for _ in range(5):
        fail(access)
    with pytest.raises(Throttled) as caught:
        access.authentication.sign_in("ana@example.org", PASSWORD, THERE)
    assert 1 <= caught.value.retry_after <= 120
    assert str(caught.value.retry_after) in caught.value.es
    access.authentication.sign_in("ana@example.org", PASSWORD, HERE)  # from elsewhere she comes in


def test_who_guesses_from_many_places_cannot_shut_out_a_browser_that_is_known(access: TimedAccounts) -> None:
    access.add()
    mark = access.authentication.device_mark("ana@example.org")
    for place in range(10):
        fail(access, address=f"192.0.2.{place}")
    with pytest.raises(Throttled) as caught:
        access.authentication.sign_in("ana@example.org", PASSWORD, HERE)
    assert caught.value.retry_after <= 600
    access.authentication.sign_in("ana@example.org", PASSWORD, HERE, device=mark)


@pytest.mark.parametrize("mark", ["", ".", "x.y", "x", "of another"])
def test_a_mark_that_we_did_not_make_for_this_account_helps_nobody(access: TimedAccounts, mark: str) -> None:
    access.add()
    given = access.authentication.device_mark("other@example.org") if mark == "of another" else mark
    assert not access.authentication.knows_device("ana@example.org", given)


def test_a_known_browser_is_throttled_too(access: TimedAccounts) -> None:
    access.add()
    mark = access.authentication.device_mark("ana@example.org")
    for _ in range(10):
        fail(access, device=mark)
    with pytest.raises(Throttled):
        access.authentication.sign_in("ana@example.org", PASSWORD, THERE, device=mark)


def test_one_place_that_tries_many_accounts_is_stopped(access: TimedAccounts) -> None:
    for number in range(60):
        fail(access, f"person{number}@example.org")
    with pytest.raises(Throttled):
        access.authentication.sign_in("another@example.org", "wrong", THERE)


def test_several_processes_count_together(database: str, tmp_path: Path) -> None:
    engines = [open_database(database) for _ in range(2)]
    here, there = (TimedAccounts(each, tmp_path) for each in engines)
    here.add()
    for each in (here, there, there, here, there):
        fail(each)
    for each in (here, there):
        with pytest.raises(Throttled):
            each.authentication.sign_in("ana@example.org", PASSWORD, THERE)
    for each in engines:
        each.dispose()


@pytest.mark.parametrize("right", [True, False])
def test_who_tries_many_at_once_learns_of_none_beyond_the_limit(access: TimedAccounts, right: bool) -> None:
    access.add()
    authentication = access.authentication
    match = authentication._passwords.match

    def meanwhile(known: str | None, tried: str) -> bool:
        authentication._passwords.match = match  # type: ignore[method-assign]
        for _ in range(5):
            fail(access)
        return match(known, tried)

    authentication._passwords.match = meanwhile  # type: ignore[method-assign]
    with pytest.raises(Throttled):
        authentication.sign_in("ana@example.org", PASSWORD if right else "wrong", THERE)


def test_a_failure_counts_as_long_as_it_is_young_and_then_is_forgotten(access: TimedAccounts, engine: Engine) -> None:
    access.add()
    for _ in range(5):
        fail(access)
        access.time.pass_by(seconds=20)
    with pytest.raises(Throttled) as caught:
        access.authentication.sign_in("ana@example.org", PASSWORD, THERE)
    assert caught.value.retry_after == 20
    access.time.pass_by(seconds=20)
    fail(access)
    with pytest.raises(Throttled):
        access.authentication.sign_in("ana@example.org", PASSWORD, THERE)
    access.time.pass_by(minutes=10)
    fail(access, "luz@example.org")
    with reading(engine) as connection:
        assert connection.execute(select(func.count()).select_from(failures)).scalar_one() == 3


def test_coming_in_forgets_the_slips_before_it(access: TimedAccounts) -> None:
    access.add()
    for _ in range(2):
        for _ in range(4):
            fail(access)
        access.authentication.sign_in("ana@example.org", PASSWORD, THERE)


def test_guessing_keys_and_links_is_throttled_by_place(access: TimedAccounts) -> None:
    for _ in range(30):
        assert access.authentication.identify_key("vb_0123456789_guess", THERE) is None
    with pytest.raises(Throttled):
        access.authentication.identify_key("vb_0123456789_guess", THERE)
    with pytest.raises(Throttled):
        access.authentication.link("guess", THERE)
    with pytest.raises(LinkRefused):
        access.authentication.link("guess", HERE)


def test_a_right_key_opens_whatever_its_neighbours_guess(access: TimedAccounts) -> None:
    person = access.add(role="admin")
    _, secret = access.keys.make("sorter", ["read"], person)
    for _ in range(30):
        access.authentication.identify_key("vb_0123456789_guess", THERE)
    assert access.authentication.identify_key(secret, THERE)


@for_each(("address", "meant"), [
    ("203.0.113.7", "203.0.113.7"), ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"), ("::ffff:203.0.113.7", "203.0.113.7"),
    ("fe80::1%eth0", "fe80::/64"), ("", "unknown"), ("nonsense", "unknown"),
])  # fmt: skip
def test_a_place_is_what_one_attacker_has(address: str, meant: str) -> None:
    assert network(address) == meant
