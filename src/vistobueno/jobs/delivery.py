"""Delivers what is in the outbox: at least once, in the order of each stream, by as many processes as there are."""

import logging
import random
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine

from ..accounts import audit_log
from ..core.events import ATTEMPTS, LONGEST_RETRY, TEST, Endpoint, back_off
from ..core.inspection import SYSTEM
from ..services.webhooks import Webhooks
from ..settings import without_secrets
from ..store import outbox, webhooks
from ..store.database import Unavailable, reading, writing
from ..store.errors import NotFound
from ..store.outbox import Message
from ..store.webhooks import Salts
from ..tracing import failed, followed
from .sending import Outcome, send

_EVERY = 0.5  # seconds between two looks, where nothing was delivered meanwhile
_AT_ONCE = 4  # messages of one endpoint on their way, so that one that hangs keeps no other waiting
_LEASE = timedelta(seconds=60)  # longer than a message can be on its way; what a crash cut is sent again after it
_LONGEST_END = 2.0  # seconds
_log = logging.getLogger(__name__)


class Delivery:
    """Delivers in threads of its own until it is closed."""

    def __init__(self, engine: Engine, service: Webhooks) -> None:
        self._engine, self._service = engine, service
        self._on_the_way: Counter[int] = Counter()
        self._changing = threading.Lock()
        self._senders: set[threading.Thread] = set()
        self._closing, self._wake = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End, soon: what is on its way and not heard of by then is sent again at the next start."""
        self._closing.set()
        self._wake.set()
        self._thread.join(_LONGEST_END)
        with self._changing:
            senders = list(self._senders)
        for each in senders:
            each.join(_LONGEST_END / len(senders))

    def _run(self) -> None:
        first = True
        while not self._closing.is_set():
            self._wake.clear()
            try:
                if first:
                    with writing(self._engine) as connection:
                        outbox.clear_removed(connection)
                    first = False
                self._take()
            except Unavailable:  # asked again; others say that the database is away
                self._closing.wait(_EVERY)
            except Exception:
                _log.exception("webhooks could not be delivered")
                self._closing.wait(_EVERY)
            self._wake.wait(_EVERY)

    def _take(self) -> None:
        """Take what is due and send each in a thread of its own."""
        with reading(self._engine) as connection:
            due = outbox.endpoints_due(connection, datetime.now(UTC))
        for number in due:
            free = _AT_ONCE - self._on_the_way[number]
            if free <= 0:
                continue
            with writing(self._engine) as connection:
                try:
                    endpoint, salts = webhooks.one(connection, number), webhooks.salts(connection, number)
                except NotFound:  # removed just now
                    continue
                taken = outbox.take(connection, number, datetime.now(UTC), _LEASE, free)
            for each in taken:
                self._start(endpoint, salts, each)

    def _start(self, endpoint: Endpoint, salts: Salts, message: Message) -> None:
        sender = threading.Thread(target=self._deliver, args=(endpoint, salts, message), name="webhook", daemon=True)
        with self._changing:
            self._on_the_way[endpoint.id] += 1
            self._senders.add(sender)
        sender.start()

    def _deliver(self, endpoint: Endpoint, salts: Salts, message: Message) -> None:
        try:
            with followed("webhook", message.traceparent, type=message.type, attempt=message.attempts) as step:
                outcome = self._send(endpoint, salts, message)
                if step is not None and outcome.problem:
                    failed(step, outcome.problem)
            with writing(self._engine) as connection:
                settle(connection, endpoint, message, outcome)
        except Unavailable:
            _log.warning(
                "a webhook was sent and could not be marked; it is sent again", extra={"message_id": message.id}
            )
        except Exception:
            _log.exception("a webhook was sent and could not be marked")
        finally:
            with self._changing:
                self._on_the_way[endpoint.id] -= 1
                self._senders.discard(threading.current_thread())
            self._wake.set()

    def _send(self, endpoint: Endpoint, salts: Salts, message: Message) -> Outcome:
        service = self._service
        try:
            return send(endpoint, salts, service.key, service.allowed, message.message, message.payload)
        except Exception:  # a mistake of ours counts as an attempt too, or it would be made again for ever
            _log.exception("a webhook could not be sent")
            return Outcome("error")


def settle(connection: Connection, endpoint: Endpoint, message: Message, outcome: Outcome) -> None:
    """Mark what became of a message: it is gone, it waits for another attempt, or it is a dead letter."""
    now, problem = datetime.now(UTC), outcome.problem
    if not problem:
        outbox.delivered(connection, message, now)
    elif outcome.is_gone:
        outbox.bury(connection, message, problem, now)
        if webhooks.stop(connection, now, endpoint.id):
            audit_log.write(connection, now, SYSTEM, "webhook_stopped", without_secrets(endpoint.url))
    elif message.attempts >= ATTEMPTS or now - message.at > LONGEST_RETRY:
        outbox.bury(connection, message, problem, now)
        _log.warning("a webhook became a dead letter", extra={"webhook": endpoint.id, "problem": problem})
    else:
        wait = max(back_off(message.attempts, random.random()), timedelta(seconds=outcome.retry_after))
        outbox.failed(connection, message, problem, now + wait)


def try_out(service: Webhooks, number: int) -> Outcome:
    """Send an endpoint a message that tells of nothing, now; it is not sent again.

    Raises:
        NotFound: ``no_webhook``.
    """
    endpoint, salts = service.one(number)
    payload = outbox.payload_of(TEST, datetime.now(UTC), {"webhook": number})
    return send(endpoint, salts, service.key, service.allowed, outbox.new_message(), payload)
