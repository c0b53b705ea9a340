import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases import for_each
from vistobueno.accounts.passwords import LONGEST, SHORTEST, Passwords, broken_rules, common_passwords

CHEAP = Passwords(time_cost=1, memory_cost=64)


def test_the_parameters_are_those_that_owasp_names() -> None:
    assert "$argon2id$v=19$m=19456,t=2,p=1$" in Passwords().hash("manga verde salta alto")


@given(st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=40))
def test_a_password_opens_what_it_closed_and_nothing_else(one: str, other: str) -> None:
    import unicodedata

    kept = CHEAP.hash(one.encode("utf-8", "ignore").decode())
    plain = one.encode("utf-8", "ignore").decode()
    assert CHEAP.match(kept, plain)
    same = unicodedata.normalize("NFKC", plain) == unicodedata.normalize("NFKC", other)
    assert CHEAP.match(kept, other) == same


@pytest.mark.parametrize("kept", [None, "", "nonsense", "$argon2id$v=19$m=64,t=1,p=1$AAAA$AAAA"])
def test_where_there_is_no_password_none_opens(kept: str | None) -> None:
    assert not CHEAP.match(kept, "nobody has this password")


def test_an_accent_is_the_same_however_a_keyboard_writes_it() -> None:
    assert CHEAP.match(CHEAP.hash("contraseña mañanera"), "contraseña mañanera")


@for_each("password", [
    "manga verde salta alto", "doce letras!", "x7Kp" * 5, "ñandú ñame ñoño", "日本語のパスワードです。はい", "x9" + "aB3 " * 31,
])  # fmt: skip
def test_a_long_password_does_whatever_its_signs(password: str) -> None:
    assert SHORTEST <= len(password) <= LONGEST
    assert broken_rules(password, "ana@example.org", "Ana Ruiz") in ((), ("access_password_common",))


@for_each(("password", "broken"), [
    ("", "short"), ("once letras", "short"), ("x" * 11, "short"), ("ab c" * 33, "long"),
    ("password1234", "common"), ("PassWord1234", "common"), ("contraseña123", "common"), ("aaaaaaaaaaaaaa", "common"),
    ("123456789012", "common"), ("234567890123", "common"), ("abcabcabcabc", "common"), ("987654321098", "common"),
    ("mi correo ana.ruiz va", "personal"), ("la señora Ruiz salta", "personal"), ("vistobueno sin par", "personal"),
    ("un Visto Bueno grande", "personal"),
])  # fmt: skip
def test_a_password_that_anyone_would_try_is_refused(password: str, broken: str) -> None:
    assert broken_rules(password, "ana.ruiz@example.org", "Ana Ruiz") == (f"access_password_{broken}",)


def test_the_list_of_common_passwords_is_of_those_that_would_pass_otherwise() -> None:
    assert len(common_passwords()) > 300
    assert {
        each for each in common_passwords() if not SHORTEST <= len(each) <= LONGEST or each != each.casefold()
    } == set()
