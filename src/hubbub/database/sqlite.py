"""SQLite for many tasks at once: kept connections, one writer at a time, nothing lost.

As `databases` comes, it opens a thread and a file for every acquire, leaves foreign keys off, and
begins transactions that fail at their first write. Here its backend is given a pool of ours.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from typing import Any

import aiosqlite
from databases.backends.sqlite import SQLiteBackend, SQLitePool

from hubbub.database import faults
from hubbub.database.statements import Statement

# How long a statement waits for its turn in this process, or for the lock of another one.
LOCKED_SECONDS = 8.0

# WAL lets readers read while one writes; FULL makes a committed message survive a power cut.
_PRAGMAS = """
PRAGMA busy_timeout = 500;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA foreign_keys = ON;
PRAGMA temp_store = MEMORY;
PRAGMA cache_size = -8000;
PRAGMA journal_size_limit = 67108864;
"""


class Record(sqlite3.Row):
    """A row as the driver makes it, whose columns are also attributes."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except IndexError as error:
            raise AttributeError(name) from error


class Engine:
    """Some connections to read with and one to write with."""

    def __init__(self, path: str, readers: int) -> None:
        self._readers = _Backend(path, readers, f"{_PRAGMAS} PRAGMA query_only = ON;")
        self._writer = _Backend(path, 1, _PRAGMAS)

    async def connect(self) -> None:
        await self._writer.connect()
        await self._readers.connect()

    async def disconnect(self) -> None:
        await self._readers.disconnect()
        await self._writer.disconnect()

    async def fetch(self, statement: Statement) -> list[Any]:
        """Runs one statement outside a transaction."""
        session = Session(self._writer if statement.writes else self._readers)
        await session.open()
        try:
            return await session.fetch(statement)
        finally:
            await session.release()

    async def transaction(self) -> Session:
        # A transaction that reads before it writes cannot wait for the lock when it needs it.
        return await Session(self._writer, "BEGIN IMMEDIATE").open()

    async def snapshot(self) -> Session:
        return await Session(self._readers, "BEGIN").open()


class Session:
    """A connection for as long as one task needs it.

    The transaction begins with the first statement, on the same trip to the connection's thread.
    A task that is cancelled leaves its statement running there, but whatever comes next for that
    connection stands in line behind it, so the connection can be used on at once.
    """

    def __init__(self, backend: _Backend, begin: str = "") -> None:
        self._lease = backend.connection()
        self._begin = begin
        self._begun = False
        self._deadline = time.monotonic() + LOCKED_SECONDS

    async def open(self) -> Session:
        await self._lease.acquire()
        return self

    async def fetch(self, statement: Statement) -> list[Any]:
        while True:
            try:
                rows: list[Any] = await self._on_thread(self._fetch, statement)
            except sqlite3.Error as error:
                if self._begun or not faults.is_locked(error) or self._is_late():
                    raise faults.from_sqlite(error) from error
            else:
                return rows

    async def commit(self) -> None:
        try:
            await self._on_thread(self._commit)
        except sqlite3.Error as error:
            raise faults.from_sqlite(error) from error
        finally:
            await self.release()

    async def rollback(self) -> None:
        try:
            await self._on_thread(self._rollback)
        finally:
            await self.release()

    async def release(self) -> None:
        await self._lease.release()

    def _is_late(self) -> bool:
        return time.monotonic() > self._deadline

    async def _on_thread(self, function: Any, *arguments: Any) -> Any:
        # What aiosqlite offers in public makes one trip for BEGIN and another for the statement.
        raw = self._lease.raw_connection
        return await raw._execute(function, raw._conn, *arguments)  # type: ignore[no-untyped-call]

    def _fetch(self, raw: sqlite3.Connection, statement: Statement) -> list[Any]:
        if self._begun:
            self._check(raw)
        elif self._begin:
            raw.execute(self._begin)
            self._begun = True
        return raw.execute(statement.sql, statement.values).fetchall()

    def _commit(self, raw: sqlite3.Connection) -> None:
        if not self._begun:
            return
        self._check(raw)
        try:
            raw.execute("COMMIT")
        except sqlite3.Error:
            self._rollback(raw)
            raise

    def _rollback(self, raw: sqlite3.Connection) -> None:
        if raw.in_transaction:
            raw.execute("ROLLBACK")

    def _check(self, raw: sqlite3.Connection) -> None:
        # A full disk makes SQLite roll back by itself; what came after would stand alone.
        if not raw.in_transaction:
            raise faults.unavailable()


class _Backend(SQLiteBackend):
    """The backend of `databases` over a pool of kept connections."""

    def __init__(self, path: str, size: int, pragmas: str) -> None:
        super().__init__("sqlite://")
        self._pool = self._kept = _Pool(path, size, pragmas)

    async def connect(self) -> None:
        await self._kept.open()

    async def disconnect(self) -> None:
        await self._kept.close()


class _Pool(SQLitePool):
    """Connections that stay open, each with its thread, handed out in order of arrival."""

    def __init__(self, path: str, size: int, pragmas: str) -> None:
        self._path = path
        self._size = size
        self._pragmas = pragmas
        self._memref = None  # where the stock pool holds a database in memory
        self._turn = asyncio.Semaphore(size)
        self._all: list[aiosqlite.Connection] = []
        self._free: list[aiosqlite.Connection] = []

    async def open(self) -> None:
        for _ in range(self._size):
            self._all.append(await self._connect())
        self._free = list(self._all)

    async def close(self) -> None:
        everything, self._all, self._free = self._all, [], []
        for connection in everything:
            await connection.close()

    async def acquire(self) -> aiosqlite.Connection:
        try:
            await self._wait()
        except TimeoutError as error:
            raise faults.unavailable() from error
        return self._free.pop()

    async def release(self, connection: aiosqlite.Connection) -> None:
        self._free.append(connection)
        self._turn.release()

    async def _wait(self) -> None:
        if self._turn.locked():
            async with asyncio.timeout(LOCKED_SECONDS):
                await self._turn.acquire()
        else:
            await self._turn.acquire()

    async def _connect(self) -> aiosqlite.Connection:
        connection = aiosqlite.connect(self._path, isolation_level=None, cached_statements=256)
        # A thread that outlives the event loop must not keep the process from ending.
        connection._thread.daemon = True
        try:
            await connection
            await connection.executescript(self._pragmas)
        except sqlite3.Error as error:
            raise faults.from_sqlite(error) from error
        connection.row_factory = Record
        return connection
