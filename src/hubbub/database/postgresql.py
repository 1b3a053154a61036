"""PostgreSQL through asyncpg: a bounded pool, and restarts of the server that nobody notices."""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import asyncpg
from databases.backends.postgres import PostgresBackend, PostgresConnection

from hubbub.database import faults
from hubbub.database.shield import finished
from hubbub.database.statements import Statement

CONNECTIONS = 10
ACQUIRE_SECONDS = 3.0
COMMAND_SECONDS = 5.0
CLOSE_SECONDS = 5.0
# How long work that has not begun yet waits for a server that is being restarted.
RESTART_SECONDS = 2.5

_READ_ONLY = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

T = TypeVar("T")


def address(url: str) -> str:
    """The address as asyncpg reads it: what libpq and most hosts call `sslmode` is `ssl` there."""
    return re.sub(r"([?&])sslmode=", r"\1ssl=", url)


class Record(asyncpg.Record):  # type: ignore[misc]
    """A row as the driver makes it, whose columns are also attributes."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError as error:
            raise AttributeError(name) from error


class Engine:
    """A pool of connections, all alike."""

    def __init__(self, url: str) -> None:
        self._backend = _Backend(
            address(url).replace("postgresql+asyncpg://", "postgresql://", 1),
            # No floor: while PostgreSQL is away the pool would log each try to keep one as a crash.
            min_size=0,
            max_size=CONNECTIONS,
            timeout=ACQUIRE_SECONDS,
            command_timeout=COMMAND_SECONDS,
            record_class=Record,
            reset=_leave_as_it_is,
            # Compiling a search takes several times as long as running it.
            server_settings={"jit": "off"},
        )

    async def connect(self) -> None:
        try:
            await self._backend.connect()
        except Exception as error:
            raise faults.from_postgresql(error) from error

    async def disconnect(self) -> None:
        pool = self._backend._pool
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._backend.disconnect()
        except TimeoutError:
            pool.terminate()

    async def fetch(self, statement: Statement) -> list[Any]:
        """Runs one statement outside a transaction; a read that got lost is tried once more."""
        if not statement.writes:
            return await self._patiently(lambda: self._read(statement))
        session = await self._patiently(self._open)
        try:
            return await session.fetch(statement)
        finally:
            await finished(session.release())

    async def transaction(self) -> Session:
        return await self._patiently(lambda: self._begin("BEGIN"))

    async def snapshot(self) -> Session:
        return await self._patiently(lambda: self._begin(_READ_ONLY))

    async def _open(self) -> Session:
        session = Session(self._backend.connection())
        await session.open()
        return session

    async def _begin(self, begin: str) -> Session:
        session = await self._open()
        try:
            await session.ask(session.raw.execute(begin))
        except BaseException:
            # Whether it began is unknown when the task was cancelled.
            with contextlib.suppress(Exception):
                await session.rollback()
            raise
        return session

    async def _read(self, statement: Statement) -> list[Any]:
        session = await self._open()
        try:
            return await session.ask(session.raw.fetch(statement.sql, *statement.values))
        finally:
            await finished(session.release())

    async def _patiently(self, work: Callable[[], Awaitable[T]]) -> T:
        """Does what has not begun yet, again and again while connections turn out to be gone."""
        deadline = time.monotonic() + RESTART_SECONDS
        pause = 0.0
        while True:
            try:
                return await work()
            except Exception as error:
                if not faults.is_lost(error) or time.monotonic() > deadline:
                    raise faults.from_postgresql(error) from error
            # After a restart of the server every kept connection is as dead as this one.
            await self._backend.expire()
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311
            pause = min(pause * 2 + 0.02, 0.3)


class Session:
    """A connection for as long as one task needs it."""

    def __init__(self, lease: _Lease) -> None:
        self._lease = lease

    @property
    def raw(self) -> asyncpg.Connection:
        return self._lease.raw_connection

    async def open(self) -> None:
        try:
            await finished(self._lease.acquire())
        except asyncio.CancelledError:
            await self.release()
            raise

    async def fetch(self, statement: Statement) -> list[Any]:
        try:
            return await self.ask(self.raw.fetch(statement.sql, *statement.values))
        except Exception as error:
            raise faults.from_postgresql(error) from error

    async def ask(self, work: Awaitable[T]) -> T:
        try:
            return await work
        except TimeoutError:
            # The server says nothing; a ROLLBACK would only wait for it once more.
            self.raw.terminate()
            raise

    async def commit(self) -> None:
        status = await finished(self._end("COMMIT"))
        if status != "COMMIT":
            # PostgreSQL answers so when a statement had failed and somebody went on regardless.
            raise RuntimeError("a statement of this transaction failed, so nothing was committed")

    async def rollback(self) -> None:
        await finished(self._end("ROLLBACK"))

    async def _end(self, how: str) -> str:
        try:
            return await self.ask(self.raw.execute(how))
        except Exception as error:
            raise faults.from_postgresql(error) from error
        finally:
            await self.release()

    async def release(self) -> None:
        # A connection that cannot be given back is thrown away by the pool, which is all we want.
        with contextlib.suppress(Exception):
            await self._lease.release()


class _Backend(PostgresBackend):
    """The backend of `databases`, whose pool lets nobody wait for ever."""

    _pool: Any

    def connection(self) -> _Lease:
        return _Lease(self, self._dialect)

    async def expire(self) -> None:
        if self._pool is not None:
            await self._pool.expire_connections()


class _Lease(PostgresConnection):
    async def acquire(self) -> None:
        pool: Any = self._database._pool
        self._connection = await pool.acquire(timeout=ACQUIRE_SECONDS)


async def _leave_as_it_is(connection: asyncpg.Connection) -> None:
    """Sessions change no settings, so the usual RESET ALL would be a round trip for nothing."""
