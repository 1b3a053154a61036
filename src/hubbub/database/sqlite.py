"""SQLite for many tasks at once: kept connections, one writer at a time, nothing lost.

As `databases` comes, it opens a thread and a file for every acquire, leaves foreign keys off, and
begins transactions that fail at their first write. Here its backend is given a pool of ours.
"""

from __future__ import annotations

import asyncio
import sqlite3
from typing import Any

import aiosqlite
from databases.backends.sqlite import SQLiteBackend, SQLiteConnection, SQLitePool

from hubbub.database import faults, writer
from hubbub.database.shield import finished
from hubbub.database.statements import Statement

# WAL lets readers read while one writes; FULL makes a committed message survive a power cut; and
# what is erased is overwritten, so that no deleted text stays behind in a free page.
_PRAGMAS = """
PRAGMA busy_timeout = 500;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA foreign_keys = ON;
PRAGMA secure_delete = ON;
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
        self._reading = _Backend(path, readers, f"{_PRAGMAS} PRAGMA query_only = ON;")
        self._writing = _Backend(path, 1, _PRAGMAS)
        self._writer = writer.Writer(self._writing.connection())

    async def connect(self) -> None:
        await self._writing.connect()
        await self._reading.connect()
        await self._writer.start()

    async def disconnect(self) -> None:
        await self._writer.stop()
        await self._reading.disconnect()
        await self._writing.disconnect()

    async def fetch(self, statement: Statement) -> list[Any]:
        """Runs one statement outside a transaction."""
        if statement.writes:
            return await self._write(statement)
        snapshot = Snapshot(self._reading.connection(), begin="")
        await snapshot.open()
        try:
            return await snapshot.fetch(statement)
        finally:
            await snapshot.release()

    async def transaction(self) -> writer.Turn:
        return await self._writer.turn()

    async def snapshot(self) -> Snapshot:
        snapshot = Snapshot(self._reading.connection(), begin="BEGIN")
        await snapshot.open()
        return snapshot

    async def _write(self, statement: Statement) -> list[Any]:
        turn = await self._writer.turn()
        try:
            rows = await turn.fetch(statement)
        except BaseException:
            await turn.rollback()
            raise
        await turn.commit()
        return rows


class Snapshot:
    """A connection to read with, for as long as one task needs it.

    A task that is cancelled leaves its statement running on the connection's thread, but whatever
    comes next for that connection stands in line behind it, so it can be given back at once.
    """

    def __init__(self, lease: SQLiteConnection, begin: str) -> None:
        self._lease = lease
        self._begin = begin

    async def open(self) -> None:
        await self._lease.acquire()

    async def fetch(self, statement: Statement) -> list[Any]:
        raw = self._lease.raw_connection
        begin, self._begin = self._begin, ""
        try:
            rows: list[Any] = await raw._execute(_fetch, raw._conn, begin, statement)  # type: ignore[no-untyped-call]
        except sqlite3.Error as error:
            raise faults.from_sqlite(error) from error
        return rows

    async def commit(self) -> None:
        raw = self._lease.raw_connection
        try:
            await finished(raw._execute(_end, raw._conn))  # type: ignore[no-untyped-call]
        finally:
            await self.release()

    rollback = commit  # there is nothing to keep

    async def release(self) -> None:
        await self._lease.release()


def _fetch(raw: sqlite3.Connection, begin: str, statement: Statement) -> list[Any]:
    if begin:
        raw.execute(begin)
    return raw.execute(statement.sql, statement.values).fetchall()


def _end(raw: sqlite3.Connection) -> None:
    if raw.in_transaction:
        raw.execute("ROLLBACK")


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
            async with asyncio.timeout(writer.LOCKED_SECONDS):
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
