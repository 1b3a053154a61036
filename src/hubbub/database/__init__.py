"""The database: SQLite or PostgreSQL behind the same few words, with transactions that hold.

    rows = await db.all(query, values)           # also one, value, run
    async with db.transaction() as connection:   # writes; commits, or rolls back on any exception
    async with db.snapshot() as connection:      # reads that all see the same moment

A query is SQLAlchemy Core or SQL text with `:names`; a record gives its columns as `row["name"]`
and as `row.name`. What the drivers raise is translated: UniqueViolation, errors.Unavailable.

This package is the one importer of `databases`, of which it uses the backends. Its Database and
Transaction are left alone: a task that is cancelled inside of them loses the connection for good.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any, Protocol, TypeAlias

from sqlalchemy.sql.elements import ClauseElement

from hubbub.database import postgresql, sqlite, writer
from hubbub.database.faults import UniqueViolation
from hubbub.database.shield import finished
from hubbub.database.statements import Compiler, Statement, Values

__all__ = ["Connection", "Database", "Queries", "Record", "UniqueViolation"]

Query: TypeAlias = ClauseElement | str
Session: TypeAlias = writer.Turn | sqlite.Snapshot | postgresql.Session


class Record(Protocol):
    """A row: by name, by place, or unpacked in the order of its columns."""

    def __getitem__(self, key: str | int, /) -> Any: ...
    def __getattr__(self, name: str, /) -> Any: ...
    def __len__(self) -> int: ...
    def keys(self) -> Any: ...


class Queries:
    """What can be asked: of the database, each query for itself, or of one transaction."""

    dialect: str
    _compiler: Compiler

    async def all(self, query: Query, values: Values | None = None) -> list[Record]:
        return await self._fetch(self._compiler.statement(query, values))

    async def one(self, query: Query, values: Values | None = None) -> Record | None:
        """The first row, if there is any."""
        rows = await self._fetch(self._compiler.statement(query, values))
        return rows[0] if rows else None

    async def value(self, query: Query, values: Values | None = None) -> Any:
        """The first column of the first row; None when there is no row."""
        rows = await self._fetch(self._compiler.statement(query, values))
        return rows[0][0] if rows else None

    async def run(self, query: Query, values: Values | None = None) -> None:
        await self._fetch(self._compiler.statement(query, values))

    async def now_ms(self) -> int:
        """The database's clock, which all processes share, in milliseconds UTC."""
        if self.dialect == "sqlite":
            return time.time_ns() // 1_000_000
        clock = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)"
        return int(await self.value(clock))

    def transaction(self) -> contextlib.AbstractAsyncContextManager[Connection]:
        raise NotImplementedError

    async def _fetch(self, statement: Statement) -> list[Any]:
        raise NotImplementedError


class Database(Queries):
    """The pool of connections to one database."""

    def __init__(self, url: str, *, readers: int = 4) -> None:
        self.dialect = "sqlite" if url.startswith("sqlite:") else "postgresql"
        self._compiler = Compiler(self.dialect)
        self._engine: sqlite.Engine | postgresql.Engine = (
            sqlite.Engine(url.removeprefix("sqlite:///"), readers)
            if self.dialect == "sqlite"
            else postgresql.Engine(url)
        )
        self._inside: set[asyncio.Task[Any] | None] = set()

    async def connect(self) -> None:
        await self._engine.connect()

    async def disconnect(self) -> None:
        await finished(self._engine.disconnect())

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A transaction that writes; on SQLite there is one at a time."""
        self._refuse_nesting()
        async with self._lent(await self._engine.transaction()) as connection:
            yield connection

    @contextlib.asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Connection]:
        """A transaction that only reads, and sees the database as it was at its first query."""
        self._refuse_nesting()
        async with self._lent(await self._engine.snapshot()) as connection:
            yield connection

    async def _fetch(self, statement: Statement) -> list[Any]:
        self._refuse_nesting()
        return await self._engine.fetch(statement)

    @contextlib.asynccontextmanager
    async def _lent(self, session: Session) -> AsyncIterator[Connection]:
        task = asyncio.current_task()
        self._inside.add(task)
        try:
            yield Connection(session, self)
        except BaseException:
            # A rollback that fails changes nothing: what was not committed is not there.
            with contextlib.suppress(Exception):
                await session.rollback()
            raise
        else:
            await session.commit()
        finally:
            self._inside.discard(task)

    def _refuse_nesting(self) -> None:
        # It would wait for itself, or on PostgreSQL not see what it has just written.
        if self._inside and asyncio.current_task() in self._inside:
            raise RuntimeError("inside a transaction, ask its connection and not the database")


class Connection(Queries):
    """One transaction."""

    def __init__(self, session: Session, database: Database) -> None:
        self.dialect = database.dialect
        self._compiler = database._compiler
        self._session = session

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """The same transaction, so that what writes can be called from what writes."""
        yield self

    async def _fetch(self, statement: Statement) -> list[Any]:
        return await self._session.fetch(statement)
