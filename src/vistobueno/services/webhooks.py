"""Webhooks: which programs are told what happens here, with which secrets; what they could not be told, and again."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property

from sqlalchemy import Engine

from ..accounts import audit_log
from ..accounts.tokens import secret_key
from ..core.events import EVENTS, DeadLetter, Endpoint, WebhookRefused
from ..core.inspection import Actor
from ..settings import Settings, without_secrets
from ..store import outbox, webhooks
from ..store.database import reading, writing
from ..store.schema import outbox as messages
from ..store.webhooks import Salts
from ..store.writes import Write, claim, content_of
from .destination import allowed_networks, destination
from .signing import new_salts, secret_of

OVERLAP = timedelta(hours=24)
"""How long the secret before signs too, unless something else is asked for."""
MOST = 20  # endpoints: each event is written once for each
_SHOWN = 200  # dead letters


class Webhooks:
    """The endpoints of a station. Every change is in the audit log, in the same transaction."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine, self._settings = engine, settings
        self.allowed = allowed_networks(settings.webhook_networks)

    @cached_property
    def key(self) -> bytes:
        """The station's own key, of which secrets are made."""
        return secret_key(self._settings)

    def all(self) -> list[Endpoint]:
        """All endpoints, the oldest first."""
        with reading(self._engine) as connection:
            return webhooks.every(connection)

    def one(self, number: int) -> tuple[Endpoint, Salts]:
        """An endpoint, and what its secrets are made of.

        Raises:
            NotFound: ``no_webhook``.
        """
        with reading(self._engine) as connection:
            return webhooks.one(connection, number), webhooks.salts(connection, number)

    def add(
        self, url: str, events: Sequence[str], actor: Actor, *, idempotency_key: str | None = None
    ) -> tuple[Endpoint, str, bool]:
        """Tell a program what happens from now on.

        Args:
            events: names of `EVENTS`; none: all.
            idempotency_key: the actor's own name for this: sent again, it is added once, and the same secret is given.

        Returns:
            The endpoint, its secret, and whether an earlier call with the same key added it.

        Raises:
            WebhookRefused: what `destination` raises, ``webhook_event`` or ``webhook_too_many``.
            Conflict: the key was used for something else.
        """
        if strange := sorted(set(events) - set(EVENTS)):
            raise WebhookRefused(
                "webhook_event",
                es=f"No existen estos eventos: {', '.join(strange)}. Hay: {', '.join(EVENTS)}.",
                en=f"There are no such events: {', '.join(strange)}. There are: {', '.join(EVENTS)}.",
            )
        place = destination(url, self.allowed)
        chosen = tuple(each for each in EVENTS if each in events)
        write = Write(idempotency_key, actor, content_of("webhook", url, *chosen)) if idempotency_key else None
        now = datetime.now(UTC)
        with writing(self._engine) as connection:
            if write is not None and claim(connection, write):
                before = webhooks.made_by(connection, write.key_hash)
                if before is not None:
                    return before, secret_of(self.key, webhooks.salts(connection, before.id)), True
            if len(webhooks.every(connection)) >= MOST:
                raise WebhookRefused(
                    "webhook_too_many",
                    es=f"Ya hay {MOST} webhooks. Quite uno antes de añadir otro.",
                    en=f"There are already {MOST} webhooks. Remove one before you add another.",
                )
            salts = new_salts(self.key)
            made = webhooks.add(connection, place.url, chosen, salts, now, actor, write.key_hash if write else None)
            audit_log.write(connection, now, actor, "webhook_added", without_secrets(place.url), events=list(chosen))
        return made, secret_of(self.key, salts), False

    def rotate(
        self, number: int, actor: Actor, overlap: timedelta = OVERLAP, *, idempotency_key: str | None = None
    ) -> str:
        """Another secret, which is shown this once; until the overlap ends, messages are signed with both.

        Raises:
            NotFound: ``no_webhook``. Conflict: the key was used for something else.
        """
        content = content_of("webhook_rotate", number, overlap.total_seconds())
        write = Write(idempotency_key, actor, content) if idempotency_key else None
        now = datetime.now(UTC)
        with writing(self._engine) as connection:
            found, salts = webhooks.one(connection, number), webhooks.salts(connection, number)
            if write is None or not claim(connection, write):
                salts = new_salts(self.key, salts, now + overlap)
                webhooks.rotate(connection, number, salts)
                audit_log.write(connection, now, actor, "webhook_rotated", without_secrets(found.url))
        return secret_of(self.key, salts)

    def remove(self, number: int, actor: Actor) -> None:
        """It is told nothing more; its dead letters go too.

        Raises:
            NotFound: ``no_webhook``.
        """
        now = datetime.now(UTC)
        with writing(self._engine) as connection:
            found = webhooks.one(connection, number)
            webhooks.remove(connection, number, now)
            audit_log.write(connection, now, actor, "webhook_removed", without_secrets(found.url))

    def dead(self, number: int | None = None) -> list[DeadLetter]:
        """What an endpoint, or any, could not be told; the newest first, two hundred at the most.

        Raises:
            NotFound: ``no_webhook``.
        """
        with reading(self._engine) as connection:
            if number is not None:
                webhooks.one(connection, number)
            return outbox.dead_letters(connection, number, _SHOWN)

    def replay(
        self, number: int, actor: Actor, letter: int | None = None, *, idempotency_key: str | None = None
    ) -> int:
        """Send an endpoint's dead letters again, or one of them, and tell it what happens if that was stopped.

        Returns:
            How many.

        Raises:
            NotFound: ``no_webhook``. Conflict: the key was used for something else.
        """
        write = Write(idempotency_key, actor, content_of("replay", number, letter)) if idempotency_key else None
        now = datetime.now(UTC)
        with writing(self._engine) as connection:
            found = webhooks.one(connection, number)
            if write is not None and claim(connection, write):
                return 0
            which = messages.c.endpoint == number
            count = outbox.replay(connection, which if letter is None else which & (messages.c.id == letter), now)
            webhooks.go_on(connection, number)
            audit_log.write(connection, now, actor, "webhook_replayed", without_secrets(found.url), count=count)
        return count
