"""The migrations make exactly the tables the program works with, on both databases."""

import asyncio
import concurrent.futures
import functools
import pathlib
import sqlite3
from typing import Any

import anyio
import pytest
import sqlalchemy
from alembic import autogenerate, migration
from sqlalchemy.ext import asyncio as sqlalchemy_asyncio

from hubbub import database, errors, migrations, tables
from hubbub.domain import accounts, search
from tests import services

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> str:
    """The address of a database that no migration has seen."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    postgres: services.Postgres = request.getfixturevalue("postgres")
    return postgres.new_database()


def differences(connection: sqlalchemy.Connection) -> list[Any]:
    options = {
        "compare_type": True,
        "compare_server_default": default_differs,
        "include_name": is_ours,
    }
    context = migration.MigrationContext.configure(connection, opts=options)
    return list(autogenerate.compare_metadata(context, tables.metadata))


def is_ours(name: str | None, kind: str, _: Any) -> bool:
    """The index that search uses is of the database's own kind: its tables are not the schema's."""
    return not (kind in {"table", "index"} and (name or "").startswith("message_words"))


def default_differs(
    context: migration.MigrationContext,
    inspected_column: Any,
    column: Any,
    inspected: str | None,
    default: Any,
    rendered: str | None,
) -> bool | None:
    """Alembic takes SQLite's empty text for another value than its own; None: let Alembic judge."""
    if context.dialect.name != "sqlite" or inspected is None or rendered is None:
        return None
    return inspected.strip("(')") != rendered.strip("'")


async def upgrade(url: str) -> None:
    await anyio.to_thread.run_sync(migrations.upgrade, url)


async def test_the_migrations_make_the_tables(database_url: str) -> None:
    if database_url.startswith("sqlite:"):
        engine = sqlalchemy.create_engine(database_url, poolclass=sqlalchemy.NullPool)
        with engine.connect() as connection:
            assert differences(connection) == []
    else:
        postgresql = sqlalchemy_asyncio.create_async_engine(database_url)
        async with postgresql.connect() as connected:
            assert await connected.run_sync(differences) == []
        await postgresql.dispose()


async def test_a_table_that_no_migration_makes_is_noticed(sqlite_url: str) -> None:
    engine = sqlalchemy.create_engine(sqlite_url, poolclass=sqlalchemy.NullPool)
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text("ALTER TABLE people DROP COLUMN first_login_at"))
        assert [difference[0] for difference in differences(connection)] == ["add_column"]


async def test_keys_hold_in_the_database_itself(sqlite_url: str) -> None:
    """What compare_metadata overlooks: what a foreign key does when its row goes."""
    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as connection:
        made = {
            (table, row[3]): (row[2], row[6])
            for table in tables.metadata.tables
            for row in connection.execute(f"PRAGMA foreign_key_list({table})")
        }
    connection.close()
    assert made == {
        (key.parent.table.name, key.parent.name): (
            key.column.table.name,
            key.ondelete or "NO ACTION",
        )
        for table in tables.metadata.tables.values()
        for key in table.foreign_keys
    }


async def test_a_database_is_ready_when_it_is_at_the_head(empty_url: str) -> None:
    await upgrade(empty_url)
    db = database.Database(empty_url)
    await db.connect()
    try:
        assert await migrations.at_head(db)
        assert await db.value("SELECT value FROM counters WHERE name = 'session_endings'") == 0
        await db.run("UPDATE alembic_version SET version_num = 'older'")
        assert not await migrations.at_head(db)
    finally:
        await db.disconnect()


async def test_a_database_without_migrations_is_not_ready(empty_url: str) -> None:
    db = database.Database(empty_url)
    await db.connect()
    try:
        assert not await migrations.at_head(db)
    finally:
        await db.disconnect()


async def test_migrating_again_changes_nothing(database_url: str) -> None:
    await upgrade(database_url)
    await upgrade(database_url)


async def test_messages_from_before_there_was_search_are_found(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations.command, "upgrade", functools.partial(only_to, "0002"))
    await upgrade(empty_url)
    monkeypatch.undo()
    db = database.Database(empty_url)
    await db.connect()
    try:
        for table, values in BEFORE_SEARCH:
            names = ", ".join(values)
            bound = ", ".join(f":{name}" for name in values)
            await db.run(f"INSERT INTO {table} ({names}) VALUES ({bound})", values)
        await upgrade(empty_url)
        person, query = await accounts.by_username(db, "ada"), search.Query("tide")
        assert person is not None
        found = await search.find(db, person, query)
        assert [hit.body for hit in found.hits] == ["high tide"]
    finally:
        await db.disconnect()


ALEMBIC_UPGRADE = migrations.command.upgrade


def only_to(revision: str, settings: Any, _: str) -> None:
    ALEMBIC_UPGRADE(settings, revision)


BEFORE_SEARCH: list[tuple[str, dict[str, Any]]] = [
    (
        "people",
        {
            "id": 1,
            "username": "Ada",
            "username_key": "ada",
            "display_name": "Ada",
            "password": "",
            "created_at": 0,
        },
    ),
    (
        "rooms",
        {
            "id": 1,
            "public_id": "a",
            "title": "A",
            "title_key": "a",
            "access": "link",
            "created_at": 0,
        },
    ),
    ("memberships", {"room_id": 1, "person_id": 1, "role": "owner", "joined_at": 0}),
    *(
        (
            "messages",
            {
                "room_id": 1,
                "number": number,
                "seq": number,
                "author_id": 1,
                "body": body,
                "run": 0,
                "posted_at": 0,
            },
        )
        for number, body in ((1, "high tide"), (2, "ebb"), (3, ""))
    ),
]


async def test_processes_that_start_at_once_migrate_once(empty_url: str) -> None:
    with concurrent.futures.ThreadPoolExecutor(6) as threads:
        loop = asyncio.get_running_loop()
        jobs = [loop.run_in_executor(threads, migrations.upgrade, empty_url) for _ in range(6)]
        await asyncio.gather(*jobs)
    db = database.Database(empty_url)
    await db.connect()
    try:
        assert await db.value("SELECT count(*) FROM alembic_version") == 1
        assert await db.value("SELECT count(*) FROM counters") == 2
    finally:
        await db.disconnect()


async def test_a_migration_that_is_cut_short_leaves_nothing_half_made(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    real = migrations._migrate

    def migrate_and_die(connection: sqlalchemy.Connection) -> None:
        real(connection)
        cut()

    monkeypatch.setattr(migrations, "_migrate", migrate_and_die)
    with concurrent.futures.ThreadPoolExecutor(1) as threads:
        job = threads.submit(migrations.upgrade, empty_url)
        assert isinstance(await anyio.to_thread.run_sync(job.exception), KeyboardInterrupt)
    monkeypatch.undo()
    await upgrade(empty_url)


async def test_a_database_that_is_away_is_told_in_one_sentence(tmp_path: pathlib.Path) -> None:
    nowhere = f"postgresql+asyncpg://postgres@127.0.0.1:{services.free_port()}/hubbub"
    for url in (nowhere, f"sqlite:///{tmp_path / 'missing' / 'hubbub.db'}"):
        with pytest.raises(errors.Unavailable, match="database does not answer"):
            await upgrade(url)
