from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.requests import HTTPConnection

from cases import for_each
from vistobueno.accounts import Accounts, set_running_accounts
from vistobueno.settings import Settings
from vistobueno.store.database import open_database
from vistobueno.web.problems import language_of


@pytest.fixture
def english(tmp_path: Path) -> Iterator[None]:
    engine = open_database(f"sqlite:///{tmp_path / 'station.sqlite'}")
    set_running_accounts(Accounts(engine, Settings(data_dir=tmp_path, default_language="en")))
    yield
    set_running_accounts(None)
    engine.dispose()


def asked(wish: str = "") -> str:
    headers = [(b"accept-language", wish.encode())] if wish else []
    return language_of(HTTPConnection({"type": "http", "headers": headers}))


@pytest.mark.usefixtures("english")
@for_each(
    ("wish", "spoken"),
    [("", "en"), ("fr", "en"), ("es", "es"), ("en;q=0.1, es;q=0.9", "es"), ("es;q=0", "en"), ("es;q=x", "en")],
)
def test_who_wishes_nothing_that_is_spoken_hears_the_station_s_language(wish: str, spoken: str) -> None:
    assert asked(wish) == spoken


def test_before_the_station_is_open_it_speaks_spanish() -> None:
    assert asked() == "es"
