"""What the metrics say of the station as a whole, which only the database knows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine

from kept import ANA, keep
from receiver import Receiver
from serving import serving
from vistobueno.accounts import audit_log
from vistobueno.cli.nightly import BackupNotKept, run_nightly
from vistobueno.core.inspection import SYSTEM
from vistobueno.jobs.watching import NIGHTLY, Watched, watch
from vistobueno.model.bundle import Bundle
from vistobueno.services.webhooks import Webhooks
from vistobueno.settings import Settings
from vistobueno.store import outbox, webhooks
from vistobueno.store.database import open_database, writing

NOW = datetime(2026, 3, 1, 6, tzinfo=UTC)


def test_what_waits_and_what_was_given_up_is_counted_and_what_is_stopped_is_not_behind(
    engine: Engine, tmp_path: Path
) -> None:
    assert watch(engine, NOW) == Watched(0, 0, 0.0, None)
    with Receiver() as receiver:
        service = Webhooks(engine, Settings(data_dir=tmp_path, webhook_networks="127.0.0.0/8"))
        endpoint, _, _ = service.add(receiver.url, (), ANA)
    made = [keep(engine) for _ in range(3)]
    now = made[0].at + timedelta(seconds=90)
    assert watch(engine, now) == Watched(3, 0, 90.0, None)
    with writing(engine) as connection:
        (message,) = outbox.take(connection, endpoint.id, now, timedelta(seconds=60), 1)
        outbox.bury(connection, message, "500", now)
    found = watch(engine, now)
    assert (found.waiting, found.dead) == (2, 1) and found.behind < 90.0
    with writing(engine) as connection:
        webhooks.stop(connection, now, endpoint.id)
    assert watch(engine, now).behind == 0.0


def test_a_night_counts_once_all_of_it_is_done(database: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", database_url=database, backup_url=str(tmp_path / "kept"))
    run_nightly(settings, "en")
    engine = open_database(database)
    now = datetime.now(UTC)
    done = watch(engine, now).nightly
    assert done is not None and now - done < timedelta(minutes=1)
    (tmp_path / "file").touch()
    with pytest.raises(BackupNotKept):
        run_nightly(replace(settings, backup_url=str(tmp_path / "file" / "below")), "en")
    assert watch(engine, now).nightly == done
    with writing(engine) as connection:
        audit_log.write(connection, NOW - timedelta(days=40), SYSTEM, NIGHTLY, None)
    assert watch(engine, NOW - timedelta(days=5)).nightly == done  # the clock of another machine may be behind
    engine.dispose()


def test_a_station_that_runs_tells_them(tmp_path: Path, small_bundle: Bundle) -> None:
    with serving(tmp_path, MODEL_PATH=str(small_bundle.path)) as served, served.client() as client:
        families = {each.name: each for each in text_string_to_metric_families(client.get("/metrics").text)}
    messages = {sample.labels["state"]: sample.value for sample in families["vistobueno_webhook_messages"].samples}
    assert messages == {"waiting": 0, "dead": 0}
    assert families["vistobueno_nightly_timestamp_seconds"].samples[0].value == 0
