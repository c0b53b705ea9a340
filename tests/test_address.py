import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import make_conninfo
from sqlalchemy.exc import OperationalError

from servers import PostgreSQL
from vistobueno.core.errors import VistoBuenoError
from vistobueno.settings import SettingRefused
from vistobueno.store.address import Server, read_address
from vistobueno.store.database import database_alive, migrate, open_database, reading, unavailable

SECRET = "hunter2"  # noqa: S105 of nobody
HERE = {"user": "ana", "password": SECRET, "host": "db.example", "dbname": "station"}


def server(url: str) -> Server:
    found = read_address(url)
    assert isinstance(found, Server)
    make_conninfo(**found.libpq)  # libpq takes every word of it
    return found


def test_addresses_as_platforms_write_them() -> None:
    for url, changes in {
        "postgres://ana:hunter2@db.example/station": {},
        "postgresql+psycopg2://ana:hunter2@db.example/station": {},
        "postgresql+asyncpg://ana:hunter2@db.example/station?ssl=require": {"sslmode": "require"},
        ' "postgres://ana:hunter2@db.example/station"\n': {},
        "POSTGRES://ana:hunter2@db.example:5432/station?sslmode=require": {"port": "5432", "sslmode": "require"},
        "postgres://ana:hunter2@db.example/station?sslmode=no-verify": {"sslmode": "require"},
        "postgres://ana:hunter2@db.example/station?ssl=true&sslaccept=accept_invalid_certs": {"sslmode": "require"},
        "postgres://ana:hunter2@db.example/station?ssl=false": {"sslmode": "disable"},
        "postgres://ana:hunter2@db.example/station?channel_binding=require": {"channel_binding": "require"},
        "postgres://ana:hunter2@db.example/station?options=endpoint%3Dcool-darkness": {"options": "endpoint=cool-darkness"},
        "postgres://ana:hunter2@db.example/station?application_name=qc&connect_timeout=5": {
            "application_name": "qc", "connect_timeout": "5"},
        "postgres://ana:hunter2@db.example:1,other:2/station?target_session_attrs=read-write": {
            "host": "db.example,other", "port": "1,2", "target_session_attrs": "read-write"},
        "postgres://ana:hunter2@db.example,other:2/station": {"host": "db.example,other", "port": "5432,2"},
        "postgres://ana:hunter2@[2001:db8::1]:6432/station": {"host": "2001:db8::1", "port": "6432"},
        "postgres://ana:hunter2@%2Fvar%2Frun%2Fpostgresql/station": {"host": "/var/run/postgresql"},
        "postgresql:///station?host=/var/run/postgresql&user=ana&password=hunter2": {"host": "/var/run/postgresql"},
        "postgres://ana:hunter2@/station?host=db.example&port=7": {"port": "7"},
        "postgres://ana:hunter2@db.example/station?charset=utf8&serverVersion=16&workaround=supabase-pooler.vercel": {},
    }.items():  # fmt: skip
        assert server(url).libpq == {**HERE, **changes}, url


def test_what_other_drivers_are_told_of_connections_is_understood() -> None:
    url = "postgres://ana:hunter2@db.example/station?"
    assert server(url) == Server(HERE)
    assert server(url + "pgbouncer=true") == Server(HERE, pooled=True, prepares=False)
    assert server(url + "pgbouncer=false") == Server(HERE)
    for off in ("statement_cache_size=0", "prepared_statements=false", "prepareThreshold=0"):
        assert server(url + off) == Server(HERE, prepares=False)
    assert server(url + "schema=fruit") == server(url + "currentSchema=fruit") == Server(HERE, schema="fruit")
    limited = server(url + "connection_limit=5&pool_timeout=20")
    assert (limited.connections, limited.overflow, limited.patience) == (5, 0, 20)


@given(st.text(st.sampled_from("aB1@/:?#%+&= ñ'\"[]"), min_size=1).filter(lambda text: text.strip() == text))
def test_a_password_is_read_when_it_is_escaped(password: str) -> None:
    from urllib.parse import quote

    found = server(f"postgres://ana:{quote(password, safe='')}@db.example:5432/station?sslmode=require")
    assert found.libpq == {**HERE, "password": password, "port": "5432", "sslmode": "require"}


def test_a_password_is_read_when_it_should_have_been_escaped() -> None:
    for password in ("p@ss", "p/ss", "p#ss", "p?ss", "p:ss", "p@s/s#s?s", "p?s@s", "/", "@", "100%", "%zz"):
        for query, more in (("", {}), ("?sslmode=require", {"sslmode": "require"})):
            found = server(f"postgres://ana:{password}@db.example/station{query}")
            assert found.libpq == {**HERE, "password": password, **more}, password


def test_files_are_read_and_what_is_no_file_is_refused(tmp_path: Path) -> None:
    assert read_address("sqlite:///here/station.sqlite") == Path("here/station.sqlite")
    assert read_address(f"sqlite+aiosqlite:///{tmp_path}/s.sqlite?check_same_thread=false") == tmp_path / "s.sqlite"
    assert read_address("sqlite:///~/s.sqlite") == Path.home() / "s.sqlite"
    for url in ("sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///file:x?mode=ro", f"sqlite:///{tmp_path}",
                "sqlite://s.sqlite", "sqlite:///s.sqlite?mode=ro", "file:./dev.db"):  # fmt: skip
        with pytest.raises(SettingRefused, match="DATABASE_URL"):
            read_address(url)


def test_what_cannot_be_read_is_one_sentence_that_names_it_and_no_secret() -> None:
    start = f"postgres://ana:{SECRET}@db.example"
    for url, named in {
        f"{start}:5x/station": "port",
        f"{start}:0/station": "port",
        f"{start}:65536/station": "port",
        f"{start}:-1/station": "port",
        f"{start}:٣/station": "port",
        f"{start}:1,other:x/station": "port",
        f"{start}:1:2/station": "port",
        f"{start}/station?port=x": "port",
        f"postgres://ana:{SECRET}/station": "port",
        f"{start}/station?colour=red": "colour",
        f"{start}/station?sslmode=perhaps": "sslmode",
        f"{start}/station?sslmode=": "sslmode",
        f"{start}/station?ssl=perhaps": "ssl",
        f"{start}/station?pgbouncer=perhaps": "pgbouncer",
        f"{start}/station?connection_limit=many": "connection_limit",
        f"{start}/station?connect_timeout=soon": "connect_timeout",
        f"{start}/station?target_session_attrs=x": "target_session_attrs",
        f"{start}/station?sslaccept=strict": "sslaccept",
        f"{start}/station?{SECRET}%20x=1": "parameter",
        f"{start}/sta\x00tion": "DATABASE_URL",
        f"mysql://ana:{SECRET}@db.example/station": "DATABASE_URL",
        f"jdbc:postgresql://db.example/station?password={SECRET}": "DATABASE_URL",
        f"host=db.example password={SECRET}": "DATABASE_URL",
        SECRET: "DATABASE_URL",
        "": "DATABASE_URL",
    }.items():
        with pytest.raises(SettingRefused, match=re.escape(named)) as refusal:
            read_address(url)
        assert SECRET not in refusal.value.es + refusal.value.en + repr(Server({"password": SECRET}))


@given(st.text(max_size=60))
def test_no_address_is_a_trace(rest: str) -> None:
    for url in (rest, f"postgres://{rest}", f"postgres://ana:x@db.example/station?{rest}", f"sqlite:///{rest}"):
        try:
            found = read_address(url)
        except VistoBuenoError:
            continue
        if isinstance(found, Server):
            make_conninfo(**found.libpq)


def test_a_server_is_met_as_its_address_says(postgresql: PostgreSQL) -> None:
    url = postgresql.new_database()
    for query in ("", "?pgbouncer=true&connection_limit=1", "?sslmode=disable&application_name=qc",
                  "?options=-c%20work_mem%3D8MB&statement_cache_size=0"):  # fmt: skip
        engine = open_database(url.replace("postgresql://", "postgres://") + query)
        migrate(engine)
        with reading(engine) as connection:
            told = {name: connection.exec_driver_sql(f"SHOW {name}").scalar() for name in ("timezone", "lock_timeout")}
            if "work_mem" in query:
                assert connection.exec_driver_sql("SHOW work_mem").scalar() == "8MB"
        assert told == {"timezone": "UTC", "lock_timeout": "10s"}
        engine.dispose()
    several = url.replace("@127.0.0.1", "@127.0.0.1:1,127.0.0.1")
    engine = open_database(several)
    assert database_alive(engine)
    engine.dispose()


def test_tables_lie_in_the_schema_that_the_address_names(postgresql: PostgreSQL) -> None:
    url = postgresql.new_database()
    owner = open_database(url)
    with owner.begin() as connection:
        connection.exec_driver_sql('CREATE SCHEMA "Fruit of 2026"')
    for query in ("?schema=Fruit%20of%202026", "?schema=Fruit%20of%202026&pgbouncer=true"):
        engine = open_database(url + query)
        migrate(engine)
        with reading(engine) as connection:
            found = connection.exec_driver_sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'Fruit of 2026'")
            assert found.scalar_one() > 10
        engine.dispose()
    with owner.begin() as connection:
        connection.exec_driver_sql(
            "CREATE ROLE visitor LOGIN; CREATE SCHEMA shut; GRANT USAGE ON SCHEMA shut TO visitor"
        )
    for address, code in {
        url + "?schema=nowhere": "schema_missing",
        url.replace("postgres@", "visitor@") + "?schema=shut": "database_forbidden",
    }.items():
        engine = open_database(address)
        with pytest.raises(VistoBuenoError, match=code):
            migrate(engine)
        engine.dispose()
    owner.dispose()


def test_a_pooler_that_was_not_named_is_named() -> None:
    said = OperationalError("connect", {}, Exception("FATAL:  unsupported startup parameter: options"))
    assert unavailable(said).code == "database_pooled"
