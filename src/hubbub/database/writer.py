"""The one writer of a SQLite file in this process: whoever waits is committed together.

A commit waits for the disk, and that is most of what writing costs. So transactions run one after
the other on one connection, each in a savepoint of its own, and as long as somebody waits for a
turn nothing is committed. Then one COMMIT makes all of them durable, and only then does any of
them return: nobody is told of anything that a power cut could still undo.
"""

from __future__ import annotations

import asyncio
import collections
import logging
import sqlite3
import time
from collections.abc import Callable
from typing import Any, TypeVar

from databases.interfaces import ConnectionBackend

from hubbub.database import faults
from hubbub.database.statements import Statement

log = logging.getLogger(__name__)

# How long a transaction waits for its turn in this process, or for the lock of another one.
LOCKED_SECONDS = 8.0

# For so long after it began a group takes in whoever waits.
GROUP_SECONDS = 0.02

# How long a transaction that is under way may delay the end of the program.
STOP_SECONDS = 5.0

T = TypeVar("T")


class Writer:
    """Gives turns on the connection, in order of arrival."""

    def __init__(self, lease: ConnectionBackend) -> None:
        self._lease = lease
        self._waiting: collections.deque[Turn] = collections.deque()
        self._awake = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None
        self._open = False  # whether the group has begun, whatever SQLite made of it since

    async def start(self) -> None:
        await self._lease.acquire()
        self._closing = False
        self._task = asyncio.create_task(self._work(), name="database:writer")

    async def stop(self) -> None:
        """Finishes what is under way; whoever still waits is refused."""
        if self._task is None:
            return
        self._closing = True
        self._awake.set()
        task, self._task = self._task, None
        await asyncio.wait([task], timeout=STOP_SECONDS)
        task.cancel()  # somebody keeps a turn for ever
        await asyncio.gather(task, return_exceptions=True)
        await self._lease.release()

    async def turn(self) -> Turn:
        turn = Turn(self)
        self._waiting.append(turn)
        self._awake.set()
        try:
            async with asyncio.timeout(LOCKED_SECONDS):
                await turn.granted
        except BaseException as error:
            # It may have been granted in this very moment, and the others wait for its end.
            turn.give_back(keep=False)
            if isinstance(error, TimeoutError):
                raise faults.unavailable() from error
            raise
        return turn

    async def on_thread(self, function: Callable[..., T], *arguments: Any) -> T:
        raw = self._lease.raw_connection
        # What aiosqlite offers in public makes one trip for BEGIN and another for the statement.
        result: T = await raw._execute(function, raw._conn, *arguments)
        return result

    async def _work(self) -> None:
        while not self._closing:
            await self._awake.wait()
            self._awake.clear()
            while self._waiting and not self._closing:
                await self._group()
        for turn in self._waiting:
            turn.refuse()
        self._waiting.clear()

    async def _group(self) -> None:
        members: list[Turn] = []
        until = time.monotonic() + GROUP_SECONDS
        while self._waiting and (not members or time.monotonic() < until):
            turn = self._waiting.popleft()
            if turn.granted.done():  # its task was cancelled, or waited too long
                continue
            turn.granted.set_result(None)
            members.append(turn)
            if not await turn.ended:
                await self.on_thread(self._undo, turn)
        kept = any(turn.ended.result() for turn in members)
        committed = await self.on_thread(self._end, kept)
        for turn in members:
            turn.settle(committed)

    # What follows runs on the thread of the connection.

    def begin(self, raw: sqlite3.Connection) -> None:
        """Begins the group with its first member, and a savepoint for every one."""
        if self._open:
            self.check(raw)
            raw.execute("RELEASE turn")
        else:
            # One that reads before it writes could not wait for the lock when it needs it.
            raw.execute("BEGIN IMMEDIATE")
            self._open = True
        raw.execute("SAVEPOINT turn")

    def check(self, raw: sqlite3.Connection) -> None:
        # A full disk can make SQLite roll back by itself; what came after would stand alone.
        if not raw.in_transaction:
            raise faults.unavailable()

    def _undo(self, raw: sqlite3.Connection, turn: Turn) -> None:
        if not turn.begun or not raw.in_transaction:
            return
        try:
            raw.execute("ROLLBACK TO turn")
        except sqlite3.Error:
            log.exception("a transaction could not be undone, and takes its group along")
            raw.execute("ROLLBACK")

    def _end(self, raw: sqlite3.Connection, kept: bool) -> bool:
        """Commits if there is anything to keep. False: nothing of the group has been kept."""
        began, self._open = self._open, False
        if not began:
            return True
        try:
            self.check(raw)
            raw.execute("COMMIT" if kept else "ROLLBACK")
        except Exception as error:
            log.warning("a group of transactions could not be committed: %s", error)
            if raw.in_transaction:
                raw.execute("ROLLBACK")
            return False
        return True


class Turn:
    """One transaction. It begins with its first statement, on the same trip to the thread."""

    def __init__(self, writer: Writer) -> None:
        loop = asyncio.get_running_loop()
        self.granted: asyncio.Future[None] = loop.create_future()
        self.ended: asyncio.Future[bool] = loop.create_future()
        self.begun = False
        self._settled: asyncio.Future[bool] = loop.create_future()
        self._writer = writer
        self._deadline = time.monotonic() + LOCKED_SECONDS

    async def fetch(self, statement: Statement) -> list[Any]:
        while True:
            try:
                return await self._writer.on_thread(self._fetch, statement)
            except sqlite3.Error as error:
                late = time.monotonic() > self._deadline
                if self.begun or late or not faults.is_locked(error):
                    raise faults.from_sqlite(error) from error

    async def commit(self) -> None:
        """Returns when it is on the disk. Cancelled meanwhile, it is committed all the same."""
        self.give_back(keep=True)
        if not await self._settled:
            raise faults.unavailable()

    async def rollback(self) -> None:
        # What made it fail may have been read from the same group, so it waits for that group.
        self.give_back(keep=False)
        await self._settled

    def give_back(self, *, keep: bool) -> None:
        if not self.ended.done():
            self.ended.set_result(keep)

    def refuse(self) -> None:
        if not self.granted.done():
            self.granted.set_exception(faults.unavailable())

    def settle(self, committed: bool) -> None:
        if not self._settled.done():
            self._settled.set_result(committed)

    def _fetch(self, raw: sqlite3.Connection, statement: Statement) -> list[Any]:
        if self.begun:
            self._writer.check(raw)
        else:
            self._writer.begin(raw)
            self.begun = True
        return raw.execute(statement.sql, statement.values).fetchall()
