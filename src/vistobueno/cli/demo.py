"""`vistobueno demo`: a fresh station filled with a month that never was, so that a visitor sees every page at work."""

import random
import time
from datetime import datetime

from ..accounts.accounts import Accounts
from ..core.clock import utc_now
from ..core.errors import VistoBuenoError
from ..i18n import counted, say
from ..services import Station
from ..settings import Settings
from .demo_month import Calendar, Month
from .serve import run_serve


class DemoRefused(VistoBuenoError):
    """A station that is somebody's own is never filled."""


def run_demo(settings: Settings, seed: int, serve: bool, language: str) -> None:
    """Fill the station, say what is in it, and serve it where that is asked for.

    Raises:
        DemoRefused: as `fill`.
    """
    start = time.perf_counter()
    if month := fill(settings, seed, language):
        inspections = counted(language, "inspections", month.inspections)
        seconds = counted(language, "seconds", round(time.perf_counter() - start))
        print(
            say(
                language,
                "demo_filled",
                inspections=inspections,
                lots=counted(language, "lots", month.lots),
                seconds=seconds,
            )
        )
    else:
        print(say(language, "demo_is_there"))
    print(say(language, "demo_mark"))
    if serve:
        run_serve(settings, language)
    else:
        print(say(language, "demo_serve"))


def fill(settings: Settings, seed: int, language: str, now: datetime | None = None) -> Month | None:
    """Fill a fresh station with a month that ends now; what it did, or None where it is a demonstration already.

    Args:
        seed: the same one gives the same month.

    Raises:
        DemoRefused: ``demo_occupied``: there are inspections or lots of somebody's own; nothing was changed.
        Occupied: a station runs.
    """
    calendar, chance = Calendar(now or utc_now()), random.Random(f"{seed} chance")
    station = Station.open(settings, calendar, lambda length: chance.randbytes(length).hex(), alone=True)
    try:
        if station.demonstration:
            return None
        if station.lots.page(limit=1) or station.inspections.page(limit=1).items:
            raise DemoRefused("demo_occupied", es=say("es", "demo_occupied"), en=say("en", "demo_occupied"))
        month = Month(station, Accounts(station.engine, settings, clock=calendar), calendar, seed, language)
        month.run()
        return month
    finally:
        station.close()
