"""What many tests share: photographs, drawn pictures, a small model made here, the shipped model, databases."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from sqlalchemy import Engine

from accounts import TimedAccounts
from servers import PostgreSQL, postgresql_server, s3_server
from vistobueno.model.bundle import Bundle, read_bundle, zip_bundle
from vistobueno.model.runtime import Model, load_model

pytest_plugins = ["no_skips"]
LONG = (
    "test_cluster",
    "test_replicas",
    "test_conversion",
    "test_cli_training",
    "test_operation",
    "test_docs",
    "test_pack",
    "test_fit",
    "browser/",
)
PHOTOS = Path(__file__).resolve().parents[2] / "shared" / "photos"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take long come first, so that no process is left alone with one at the end."""
    items.sort(key=lambda item: not any(name in item.nodeid for name in LONG))


@pytest.fixture(scope="session")
def photographs() -> Path:
    """The folder of labelled development photographs, which stands beside the checkout and in no clone."""
    if not (PHOTOS / "photos.csv").is_file():
        pytest.skip("the development photographs (../shared/photos) are not here")
    return PHOTOS


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Class folders with three pictures of each class, drawn by the project."""
    from vistobueno.cli.drawn import write_samples

    folder = tmp_path_factory.mktemp("drawn")
    write_samples(folder, per_class=3, seed=1)
    return folder


@pytest.fixture(scope="session")
def small_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A bundle of a tiny untrained network with the seven classes, all its parts real (see small_model.py)."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent  # the one that makes it spares the other processes TensorFlow
    with FileLock(shared / "small.lock"):
        if not (shared / "small").is_dir():
            from small_model import make_small_bundle

            make_small_bundle(shared / "making").path.rename(shared / "small")
    return read_bundle(shared / "small")


@pytest.fixture(scope="session")
def small_zip(small_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """That bundle as one file."""
    return zip_bundle(small_bundle, tmp_path_factory.mktemp("zip") / "small.zip").read_bytes()


@pytest.fixture(scope="session")
def small_model(small_bundle: Bundle) -> Model:
    """That bundle under LiteRT."""
    return load_model(small_bundle.path)


@pytest.fixture(scope="session")
def shipped() -> Model:
    """The model that the project ships."""
    return load_model()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL that the suite started."""
    with postgresql_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def new_database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], str]:
    """Makes empty databases and gives their URLs; every test that uses it runs on both engines."""
    if request.param == "postgresql":
        server: PostgreSQL = request.getfixturevalue("postgresql")
        return server.new_database
    return lambda: f"sqlite:///{tmp_path_factory.mktemp('database') / 'station.sqlite'}"


@pytest.fixture
def empty_database(new_database: Callable[[], str]) -> str:
    """The URL of an empty database."""
    return new_database()


@pytest.fixture(scope="session")
def with_schema(tmp_path_factory: pytest.TempPathFactory) -> Callable[[PostgreSQL | None], str]:
    """Copies a database that was migrated once, which is several times as fast."""
    from vistobueno.store.database import migrate, open_database

    migrated: dict[PostgreSQL | None, str] = {}

    def new(server: PostgreSQL | None) -> str:
        url = f"sqlite:///{tmp_path_factory.mktemp('database') / 'station.sqlite'}"
        if server not in migrated:
            migrated[server] = server.new_database() if server else url + ".migrated"
            engine = open_database(migrated[server])
            migrate(engine)
            engine.dispose()
        if server:
            return server.new_database(like=migrated[server])
        shutil.copyfile(migrated[server].removeprefix("sqlite:///"), url.removeprefix("sqlite:///"))
        return url

    return new


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, with_schema: Callable[[PostgreSQL | None], str]) -> str:
    """The URL of a database with the schema and nothing in it; every test that uses it runs on both engines."""
    return with_schema(request.getfixturevalue("postgresql") if request.param == "postgresql" else None)


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    """That database, opened."""
    from vistobueno.store.database import open_database

    opened = open_database(database)
    yield opened
    opened.dispose()


@pytest.fixture
def access(engine: Engine, tmp_path: Path) -> TimedAccounts:
    """People of that database, with a clock that a test turns."""
    return TimedAccounts(engine, tmp_path)


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The address of a server that speaks S3, started by the suite."""
    with s3_server() as address:
        yield address
