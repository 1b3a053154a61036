"""Brings a database to the present schema, and tells whether it is there.

Migrations only go forward. Several processes may start at once: the first migrates, while the
others wait for it.
"""

from __future__ import annotations

import asyncio
import functools
from typing import Any

import sqlalchemy
from alembic import command, config, script
from sqlalchemy.ext import asyncio as sqlalchemy_asyncio

from hubbub import database, errors, places, words
from hubbub.database import postgresql

# Any number will do, as long as every Hubbub takes the same: `SELECT pg_advisory_lock(…)`.
_LOCK = 0x48554242

_IS_MIGRATED = {
    "sqlite": "SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'",
    "postgresql": "SELECT to_regclass('alembic_version') IS NOT NULL",
}


def upgrade(database_url: str) -> None:
    """Migrates to the head. Not to be called in an event loop; a second call changes nothing.

    Raises errors.Unavailable when the database does not answer.
    """
    try:
        if database_url.startswith("sqlite:"):
            _upgrade_sqlite(database_url)
        else:
            asyncio.run(_upgrade_postgresql(database_url))
    except (sqlalchemy.exc.DBAPIError, OSError) as error:
        sentence = words.gettext("The database does not answer.")
        raise errors.Unavailable(sentence, retry_after=5) from error


async def at_head(db: database.Queries) -> bool:
    """Whether the database has the schema this program was written for."""
    if not await db.value(_IS_MIGRATED[db.dialect]):
        return False
    return bool(await db.value("SELECT version_num FROM alembic_version") == head())


@functools.cache
def head() -> str:
    """The newest revision."""
    return str(script.ScriptDirectory(str(places.migrations())).get_current_head())


def _upgrade_sqlite(url: str) -> None:
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    sqlalchemy.event.listen(engine, "connect", _prepare_sqlite)
    # Python's driver would begin too late, and leave a half-made schema behind when it is killed.
    sqlalchemy.event.listen(engine, "begin", _begin_immediate)
    with engine.begin() as connection:
        _migrate(connection)
    engine.dispose()


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA busy_timeout = 60000")
    connection.execute("PRAGMA journal_mode = WAL")


def _begin_immediate(connection: sqlalchemy.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


async def _upgrade_postgresql(url: str) -> None:
    engine = sqlalchemy_asyncio.create_async_engine(
        postgresql.address(url), poolclass=sqlalchemy.NullPool
    )
    async with engine.begin() as connection:
        # Released with the transaction, or with the connection of a process that dies.
        await connection.execute(sqlalchemy.text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        await connection.run_sync(_migrate)
    await engine.dispose()


def _migrate(connection: sqlalchemy.Connection) -> None:
    settings = config.Config()
    settings.set_main_option("script_location", str(places.migrations()))
    settings.attributes["connection"] = connection
    command.upgrade(settings, "head")
