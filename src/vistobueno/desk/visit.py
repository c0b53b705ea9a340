"""Who looks at a page now, in which language and time zone, and the station they look at."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from ..accounts import Accounts
from ..accounts.audit_log import ADDRESS_HEADER, REQUEST_HEADER, coming_from
from ..accounts.identity import Identity
from ..services import Station


@dataclass(frozen=True)
class Visit:
    """What every page is given."""

    identity: Identity
    station: Station
    access: Accounts
    zone: ZoneInfo

    @property
    def language(self) -> str:
        """The person's."""
        return self.identity.language


def go(address: str, **query: str) -> NoReturn:
    """Leave for another page of ours; this run ends."""
    st.switch_page(st.session_state["pages"][address], query_params=query)


def base_url(visit: Visit) -> str:
    """The address that people use: as it is set, else the origin of this browser's page, which the guard has compared."""
    origin = st.context.headers.get("origin") or ""
    asked = urlsplit(origin if origin.startswith("http") else st.context.url or "")
    return visit.station.settings.public_url.rstrip("/") or f"{asked.scheme}://{asked.netloc}"


def where_from() -> AbstractContextManager[None]:
    """What this run does is written down as coming from the client that the guard saw."""
    told = st.context.headers
    return coming_from(told.get(ADDRESS_HEADER), told.get(REQUEST_HEADER))


def zone_named(name: str | None) -> ZoneInfo:
    """The browser's time zone, UTC where it names none that exists."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
