"""Whether a lot still takes photographs: asked in the transaction that keeps one."""

from sqlalchemy import Connection, select

from ..core.lots.lot import LotRefused
from .schema import lot_verdicts


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
