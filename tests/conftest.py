"""What every test may ask for: a real Redis, a real PostgreSQL, a migrated database."""

import contextlib
import pathlib
import shutil
import signal
from collections.abc import AsyncIterator, Iterator

import anyio
import pytest

from hubbub import database, migrations
from tests import services

# A run that is cut short by a time limit still stops the servers it started.
with contextlib.suppress(ValueError):  # not in the main thread
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def redis() -> Iterator[services.Redis]:
    """A Redis that all tests share; those who hurt it start their own."""
    with services.Redis() as running:
        yield running


@pytest.fixture(scope="session")
def postgres() -> Iterator[services.Postgres]:
    """A PostgreSQL that all tests share; those who hurt it start their own."""
    with services.Postgres() as running:
        yield running


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A file that went through the migrations, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "hubbub.db"
    migrations.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_postgres(postgres: services.Postgres) -> str:
    """The name of a database that went through the migrations, to be copied."""
    url = postgres.new_database()
    migrations.upgrade(url)
    return url.rpartition("/")[2]


@pytest.fixture
def sqlite_url(migrated_sqlite: pathlib.Path, tmp_path: pathlib.Path) -> str:
    """The address of a fresh, migrated SQLite database."""
    path = tmp_path / "hubbub.db"
    shutil.copy(migrated_sqlite, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_url(postgres: services.Postgres, migrated_postgres: str) -> str:
    """The address of a fresh, migrated PostgreSQL database."""
    return postgres.new_database(template=migrated_postgres)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of a fresh, migrated database of each kind."""
    name = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    return str(request.getfixturevalue(name))


@pytest.fixture
async def db(database_url: str, anyio_backend: str) -> AsyncIterator[database.Database]:
    """A connected, fresh, migrated database of each kind."""
    connected = database.Database(database_url)
    await connected.connect()
    try:
        yield connected
    finally:
        with anyio.CancelScope(shield=True):
            await connected.disconnect()
