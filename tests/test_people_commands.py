import io
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from accounts import OTHER, PASSWORD
from vistobueno.accounts import Accounts, LinkRefused
from vistobueno.cli import main as cli
from vistobueno.cli.people import opened
from vistobueno.core.inspection import SYSTEM
from vistobueno.i18n import say
from vistobueno.settings import Settings

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)

    def called(*words: str, typed: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["vistobueno", *words, "--language", "en"])
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return called


def access_at(folder: Path) -> Accounts:
    with opened(Settings(data_dir=folder)) as access:
        return access


def test_a_person_is_added_with_a_password_from_standard_input(run: Run, tmp_path: Path) -> None:
    assert run("user", "add", "ana@example.org", "--name", "Ana", "--role", "admin", typed=f"{PASSWORD}\n")[0] == 0
    assert access_at(tmp_path).authentication.sign_in("ana@example.org", PASSWORD, "127.0.0.1")[1].role == "admin"
    code, listed, _ = run("user", "list")
    assert code == 0 and "ana@example.org" in listed and "active" in listed


@pytest.mark.parametrize(("words", "typed", "said"), [
    (("user", "add", "ana@example.org", "--name", "Ana"), "short\n", "at least 12"),
    (("user", "add", "nonsense", "--name", "Ana"), f"{PASSWORD}\n", "does not look like an e-mail address"),
    (("user", "add", "ana@example.org", "--name", "Ana", "--role", "king"), f"{PASSWORD}\n", "no such role"),
    (("user", "role", "nobody@example.org", "admin"), "", "no such person"),
    (("key", "revoke", "7"), "", "no such key"),
    (("key", "revoke", "9" * 30), "", "less than or equal"),
    (("key", "add", "sorter", "--owner", "ana@example.org", "--scope", "read", "--days", "9999999"), "", "less than or equal"),
])  # fmt: skip
def test_what_cannot_be_done_is_said_in_words(run: Run, words: tuple[str, ...], typed: str, said: str) -> None:
    code, _, complained = run(*words, typed=typed)
    assert code == 3 and said in complained and "Traceback" not in complained


def test_an_invitation_and_a_new_password_are_links(run: Run, tmp_path: Path) -> None:
    _, out, _ = run("user", "add", "ana@example.org", "--name", "Ana", "--invite")
    token = re.search(r"http://localhost:8000/login/link/(\S+)", out)
    assert token
    access = access_at(tmp_path)
    access.authentication.use_link(token[1], PASSWORD)
    _, out, _ = run("user", "reset-link", "ana@example.org")
    access.authentication.use_link(out.split("/login/link/")[1].strip(), OTHER)
    assert access.authentication.sign_in("ana@example.org", OTHER, "127.0.0.1")


def test_who_is_invited_is_listed_and_the_invitation_revoked(run: Run, tmp_path: Path) -> None:
    _, out, _ = run("user", "add", "ana@example.org", "--name", "Ana", "--role", "supervisor", "--invite")
    token = out.split("/login/link/")[1].strip()
    code, listed, _ = run("user", "list")
    assert code == 0 and "ana@example.org" in listed and "invited until" in listed and "supervisor" in listed
    assert run("user", "revoke-invitation", "ana@example.org")[0] == 0
    assert "ana@example.org" not in run("user", "list")[1]
    with pytest.raises(LinkRefused):
        access_at(tmp_path).authentication.link(token)
    code, _, complained = run("user", "revoke-invitation", "ana@example.org")
    assert code == 3 and "no pending invitation" in complained


def test_a_person_changes_role_and_is_shut_out_and_let_in(run: Run, tmp_path: Path) -> None:
    for name in ("ana", "root"):
        run("user", "add", f"{name}@example.org", "--name", "Somebody", "--role", "admin", typed=f"{PASSWORD}\n")
    assert run("user", "role", "ana@example.org", "supervisor")[0] == 0
    assert run("user", "disable", "ana@example.org")[0] == 0
    assert "no access" in run("user", "list")[1]
    assert run("user", "disable", "root@example.org")[0] == 3
    assert run("user", "disable", "ana@example.org", "--enable")[0] == 0
    assert access_at(tmp_path).authentication.sign_in("ana@example.org", PASSWORD, "127.0.0.1")[1].role == "supervisor"


def test_a_key_s_secret_alone_goes_to_standard_output_once(run: Run, tmp_path: Path) -> None:
    run("user", "add", "ana@example.org", "--name", "Ana", "--role", "admin", typed=f"{PASSWORD}\n")
    code, secret, said = run(
        "key", "add", "sorter", "--owner", "ana@example.org", "--scope", "inspect", "--scope", "read"
    )
    assert code == 0 and "Store it now" in said
    spoken = access_at(tmp_path).authentication.identify_key(secret.strip())
    assert spoken and spoken.scopes == {"inspect", "read"}
    _, listed, _ = run("key", "list")
    assert secret.strip() not in listed and "sorter" in listed
    assert run("key", "revoke", "1")[0] == 0
    assert access_at(tmp_path).authentication.identify_key(secret.strip()) is None


def test_a_key_that_has_ended_is_listed_as_ended(run: Run, tmp_path: Path) -> None:
    run("user", "add", "ana@example.org", "--name", "Ana", "--role", "admin", typed=f"{PASSWORD}\n")
    with opened(Settings(data_dir=tmp_path)) as access:
        access.keys._clock = lambda: datetime(2020, 1, 1, tzinfo=UTC)
        access.keys.make("sorter", ["read"], access.people.all()[0], expires=datetime(2020, 2, 1, tzinfo=UTC))
    _, listed, _ = run("key", "list")
    assert say("en", "key_ended_state") in listed and "active" not in listed


def test_a_person_has_a_language_that_is_spoken(tmp_path: Path) -> None:
    with opened(Settings(data_dir=tmp_path)) as access:
        added = access.people.add("ana@example.org", "Ana", "inspector", SYSTEM, password=PASSWORD, language="fr")
        assert added.language == "es"
