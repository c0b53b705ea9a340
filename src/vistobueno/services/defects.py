"""The defects that people are offered to name, a list for each product, as supervisors chose them."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from sqlalchemy import Engine, func, insert, select

from ..core.defects import Defect, chosen, defects_of
from ..core.inspection import Actor
from ..store.database import reading, writing
from ..store.records import actor_columns
from ..store.schema import defect_lists

_LAST = select(func.max(defect_lists.c.id)).group_by(defect_lists.c.product)


class Defects:
    """The lists of a station. A list is never changed, the last one counts; what was named stays named."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of(self, products: Iterable[str | None]) -> dict[str, tuple[Defect, ...]]:
        """What is offered of each product; under "" of a fruit that has no list."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(defect_lists).where(defect_lists.c.id.in_(_LAST))).all()
        own = {row.product: row.defects for row in rows}
        return {each or "": chosen(each, own[each]) if each in own else defects_of(each) for each in products}

    def choose(self, product: str, defects: Sequence[str], actor: Actor) -> tuple[Defect, ...]:
        """Offer these of a product from now on.

        Raises:
            DefectRefused: ``defects_none``.
        """
        found = chosen(product, defects)
        with writing(self._engine) as connection:
            connection.execute(
                insert(defect_lists).values(
                    product=product, defects=list(found), at=datetime.now(UTC), **actor_columns(actor)
                )
            )
        return found
