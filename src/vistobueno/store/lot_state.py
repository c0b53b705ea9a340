"""Whether a lot still takes photographs, and which fruit comes next: asked in the transaction that keeps one."""

from sqlalchemy import Connection, func, select

from ..core.lots.errors import LotRefused
from .schema import inspections, lot_verdicts, lots


def is_closed(connection: Connection, lot: int) -> bool:
    """Whether it was decided."""
    return connection.execute(select(lot_verdicts.c.id).where(lot_verdicts.c.lot == lot).limit(1)).first() is not None


def refuse_closed(connection: Connection, lot: int) -> None:
    """Refuse a photograph for a lot that was decided.

    Raises:
        LotRefused: ``lot_closed``.
    """
    if is_closed(connection, lot):
        raise LotRefused(
            "lot_closed",
            es=f"El lote {lot} ya está cerrado y no admite más fotos. Inspeccione la foto sin lote, o abra otro lote.",
            en=f"Lot {lot} is closed and takes no more photos. Inspect the photo without a lot, or open another lot.",
        )


def next_fruit(connection: Connection, lot: int, package: int | None) -> int:
    """The number of a package's next fruit.

    Raises:
        LotRefused: ``package_full``: as many as were planned are there.
    """
    last = select(func.coalesce(func.max(inspections.c.fruit), 0)).where(
        inspections.c.lot == lot, inspections.c.package == package
    )
    number = int(connection.execute(last).scalar_one()) + 1
    planned = int(connection.execute(select(lots.c.plan_fruit).where(lots.c.number == lot)).scalar_one())
    if number > planned:
        raise LotRefused(
            "package_full",
            es=f"Del bulto {package} ya están las {planned} frutas del plan. Siga con otro bulto.",
            en=f"Package {package} already has the {planned} fruit of the plan. Go on with another package.",
        )
    return number
