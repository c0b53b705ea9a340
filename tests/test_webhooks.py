"""Webhooks as those who run a station meet them: added, listed, tried, given other secrets, removed; and restored."""

import json
import os
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from command_line import Run, vistobueno
from kept import ANA, keep
from receiver import Receiver
from servers import free_port, until
from vistobueno.accounts import audit_log
from vistobueno.accounts.grants import end_grants
from vistobueno.core.events import WebhookRefused
from vistobueno.jobs.delivery import try_out
from vistobueno.jobs.sending import Outcome
from vistobueno.services import Conflict, NotFound, open_records
from vistobueno.services.signing import secret_of
from vistobueno.services.webhooks import MOST, Webhooks
from vistobueno.settings import Settings
from vistobueno.store import outbox
from vistobueno.store.backup.dump import dumped, tables_of
from vistobueno.store.database import reading, writing
from vistobueno.store.schema import webhook_endpoints

__all__ = ["vistobueno"]
URL = "https://127.0.0.1/hook"
HERE = "127.0.0.0/8"


@pytest.fixture
def service(engine: Engine, tmp_path: Path) -> Webhooks:
    return Webhooks(engine, Settings(data_dir=tmp_path, webhook_networks=HERE))


def test_the_secret_is_in_no_row_of_the_database_and_another_key_makes_another(
    engine: Engine, service: Webhooks, tmp_path: Path
) -> None:
    added, secret, _ = service.add(URL, (), ANA)
    rotated = service.rotate(added.id, ANA)
    assert secret != rotated
    with reading(engine) as connection:
        everything = b"".join(line for table in tables_of(connection) for line in dumped(connection, table)).decode()
    for each in (secret, rotated):
        assert each.removeprefix("whsec_") not in everything
    stranger = Webhooks(engine, Settings(data_dir=tmp_path, secret_key="of another", webhook_networks=HERE))  # noqa: S106
    assert stranger.all() == service.all()
    assert stranger.rotate(added.id, ANA) != rotated
    salts = service.one(added.id)[1]
    with pytest.raises(WebhookRefused, match="webhook_secret_lost"):
        secret_of(service.key, salts)


def test_every_change_is_in_the_audit_log_without_what_an_address_hides(engine: Engine, service: Webhooks) -> None:
    added, *_ = service.add(f"{URL}?token=hidden", ["lot.decided"], ANA)
    service.rotate(added.id, ANA)
    service.replay(added.id, ANA)
    service.remove(added.id, ANA)
    with reading(engine) as connection:
        events = audit_log.read(connection, None, 50).items
    assert [each.action for each in events] == [
        "webhook_removed", "webhook_replayed", "webhook_rotated", "webhook_added"
    ]  # fmt: skip
    assert all("hidden" not in json.dumps([each.subject, dict(each.details)]) for each in events)


def test_the_same_call_is_done_once_and_gives_the_same_secret(engine: Engine, service: Webhooks) -> None:
    added, secret, before = service.add(URL, (), ANA, idempotency_key="one")
    assert (added.id, secret, True) == ((again := service.add(URL, (), ANA, idempotency_key="one"))[0].id, *again[1:])
    assert not before
    rotated = service.rotate(added.id, ANA, idempotency_key="two")
    assert service.rotate(added.id, ANA, idempotency_key="two") == rotated != secret
    with pytest.raises(Conflict):
        service.add(f"{URL}/other", (), ANA, idempotency_key="one")
    with pytest.raises(Conflict):
        service.rotate(added.id, ANA, timedelta(0), idempotency_key="two")
    service.remove(added.id, ANA)
    assert service.add(URL, (), ANA, idempotency_key="one")[0].id != added.id


def test_what_cannot_be_told_or_reached_is_refused(service: Webhooks) -> None:
    for url, events, code in (
        (URL, ["lot.eaten"], "webhook_event"),
        ("https://169.254.169.254/x", (), "webhook_own_network"),
        ("https://", (), "webhook_url"),
    ):
        with pytest.raises(WebhookRefused, match=code):
            service.add(url, events, ANA)
    for _ in range(MOST):
        service.add(URL, (), ANA)
    with pytest.raises(WebhookRefused, match="webhook_too_many"):
        service.add(URL, (), ANA)
    for act in (service.one, service.dead, lambda number: service.remove(number, ANA)):
        with pytest.raises(NotFound, match="no_webhook"):
            act(10**30)


def test_a_restored_station_tells_nobody_until_somebody_says_so(engine: Engine, service: Webhooks) -> None:
    added, *_ = service.add(URL, (), ANA)
    keep(engine)
    with writing(engine) as connection:
        ended = end_grants(connection, added.created_at, "backup.zip", keep_keys=False)
        assert outbox.endpoints_due(connection, added.created_at + timedelta(days=1)) == []
    assert ended.webhooks == 1
    keep(engine)
    assert service.all()[0].waiting == 1, "what happens now is not even written down"
    service.replay(added.id, ANA)
    with reading(engine) as connection:
        assert outbox.endpoints_due(connection, added.created_at + timedelta(days=1)) == [added.id]
    with writing(engine) as connection:
        assert end_grants(connection, added.created_at, "backup.zip", keep_keys=True).webhooks == 0
    assert service.all()[0].stopped_at is None


@pytest.mark.parametrize("language", ["es", "en"])
def test_the_receiver_of_the_documents_takes_what_is_signed_and_nothing_else(
    language: str, engine: Engine, service: Webhooks
) -> None:
    page = (Path(__file__).parents[1] / "docs" / language / "machine.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert sum(map(bool, program.splitlines())) <= 10
    port = free_port()
    added, secret, _ = service.add(f"http://127.0.0.1:{port}/", (), ANA)
    environment = {**os.environ, "PORT": str(port), "WEBHOOK_SECRET": secret}
    with subprocess.Popen(
        [sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as receiver:
        try:
            until(lambda: try_out(service, added.id) == Outcome(), "it listens")
            assert receiver.stdout is not None and receiver.stdout.readline().startswith("webhook.test")
            service.rotate(added.id, ANA, timedelta(0))
            assert try_out(service, added.id).problem == "connection", "it gave no answer to what it does not know"
        finally:
            receiver.kill()


@pytest.fixture
def run(vistobueno: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("WEBHOOK_NETWORKS", HERE)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return lambda *words: vistobueno("webhook", *words, "--language", "en")


def test_webhooks_are_run_from_the_command_line(run: Run, tmp_path: Path) -> None:
    with Receiver(lambda got: 204 if got.type == "webhook.test" else 500) as receiver:
        added = run("add", receiver.url, "--event", "inspection.created", "--event", "lot.decided")
        secret = added.out.strip()
        assert added.code == 0 and secret.startswith("whsec_") and secret not in added.err
        assert run("test", 1).code == 0 and receiver.got[0].is_signed_by(secret)
        rotated = run("rotate", 1).out.strip()
        run("test", 1)
        assert receiver.got[1].is_signed_by(secret) and receiver.got[1].is_signed_by(rotated)
        last = run("rotate", 1, "--hours", 0).out.strip()
        run("test", 1)
        assert receiver.got[2].is_signed_by(last) and not receiver.got[2].is_signed_by(rotated)
        listed = run("list").out
        assert receiver.url in listed and "lot.decided" in listed and secret not in listed
        engine, _ = open_records(Settings(data_dir=tmp_path))
        keep(engine)
        with writing(engine) as connection:
            (message,) = outbox.take(connection, 1, connection.execute(select(webhook_endpoints.c.created_at)).scalar_one()
                                     + timedelta(days=1), timedelta(0), 9)  # fmt: skip
            outbox.bury(connection, message, "500", message.at)
        dead = run("dead").out
        assert "answered 500" in dead and "inspection.created" in dead
        assert "1" in run("replay", 1, "--message", message.id).out
        assert "answered 500" not in run("dead", 1).out
        engine.dispose()
    failed = run("test", 1)
    assert failed.code == 3 and "no connection" in failed.err
    assert run("remove", 1).code == 0 and run("remove", 1).code == 3
    assert run("add", "https://10.0.0.1/").code == 3


def test_no_command_shows_a_trace_for_what_a_user_can_mend(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBHOOK_NETWORKS", "everything")
    assert "WEBHOOK_NETWORKS" in run("list").err
    monkeypatch.setenv("WEBHOOK_NETWORKS", "")
    monkeypatch.setenv("ENV", "production")
    monkeypatch.delenv("SECRET_KEY", raising=False)
    assert "SECRET_KEY" in run("add", "https://8.8.8.8/x").err
