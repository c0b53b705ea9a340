"""The lines of a station: added, retired, and asked whether they take photographs."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from ..core.clock import Clock, utc_now
from ..core.inspection import Actor
from ..core.line import Line, LineRefused, line_name
from ..store import lines
from ..store.database import reading, writing
from ..store.writes import Write, claim, content_of
from .models import Models


class Lines:
    """The lines of a station. None is renamed: another is added and the one before retired."""

    def __init__(self, engine: Engine, models: Models, clock: Clock = utc_now) -> None:
        self._engine, self._models, self._clock = engine, models, clock

    def all(self) -> tuple[Line, ...]:
        """All lines, the oldest first, the retired ones too."""
        with reading(self._engine) as connection:
            found = lines.every(connection)
        return tuple(replace(each, measured=self._models.judging(each.name).calibration is not None) for each in found)

    def in_use(self) -> tuple[Line, ...]:
        """Those that take photographs."""
        return tuple(each for each in self.all() if each.retired_at is None)

    def check(self, name: str) -> None:
        """Refuse a line that takes no photographs.

        Raises:
            LineRefused: ``line_unknown`` or ``line_retired``.
        """
        with reading(self._engine) as connection:
            lines.check_in_use(connection, name)

    def products(self) -> tuple[str, ...]:
        """What a line may be said to carry: the products of the active model."""
        return tuple(sorted({each.product for each in self._models.active.bundle.classes if each.product}))

    def add(
        self, name: str, products: Sequence[str], actor: Actor, *, idempotency_key: str | None = None
    ) -> tuple[Line, bool]:
        """A new line.

        Args:
            products: what passes there; empty: whatever the model knows.
            idempotency_key: the actor's own name for this: sent again, it is done once.

        Returns:
            The line, and whether an earlier call with the same key added it.

        Raises:
            LineRefused: ``line_name_invalid``, ``line_taken`` or ``line_product_unknown``.
            Conflict: the key was used for something else.
        """
        name, known = line_name(name), self.products()
        if strange := sorted(set(products) - set(known)):
            raise LineRefused(
                "line_product_unknown",
                es=f"El modelo activo no conoce: {', '.join(strange)}. Conoce: {', '.join(known)}.",
                en=f"The active model does not know: {', '.join(strange)}. It knows: {', '.join(known)}.",
            )
        products = sorted(set(products))
        content = content_of("line", name, *products)
        write = Write(idempotency_key, actor, content) if idempotency_key else None
        try:
            with writing(self._engine) as connection:
                every = lines.every(connection)
                if write is not None and claim(connection, write):
                    return next(each for each in every if each.name == name), True
                if name.casefold() in {each.name.casefold() for each in every}:
                    raise _taken(name)
                return lines.add(connection, name, products, self._clock(), actor), False
        except IntegrityError as error:
            raise _taken(name) from error

    def retire(self, name: str) -> None:
        """It takes no photographs from now on; its inspections stay.

        Raises:
            NotFound: ``no_line``.
            LineRefused: ``line_last``: no other takes photographs.
        """
        with writing(self._engine) as connection:
            lines.one(connection, name)
            if not any(each.retired_at is None and each.name != name for each in lines.every(connection)):
                raise LineRefused(
                    "line_last",
                    es=f"«{name}» es la única línea en uso. Añada otra antes de retirarla.",
                    en=f"'{name}' is the only line in use. Add another before you retire it.",
                )
            lines.retire(connection, name, self._clock())


def _taken(name: str) -> LineRefused:
    return LineRefused(
        "line_taken",
        es=f"Ya hay o hubo una línea «{name}», y sus inspecciones conservan el nombre. Elija otro.",
        en=f"There is or was a line named '{name}', and its inspections keep the name. Choose another.",
    )
