"""Whatever happens to a task, a lock, a disk or a server: nothing is lost, and all of it heals."""

import asyncio
import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import anyio
import databases
import pytest

from hubbub import database, errors, migrations
from hubbub.database import postgresql, writer
from tests import services

pytestmark = pytest.mark.anyio

NEXT = "UPDATE counters SET value = value + 1 WHERE name = 'session_endings' RETURNING value"
HEAD = "SELECT value FROM counters WHERE name = 'session_endings'"
LOG = "INSERT INTO session_endings (seq, session_id, at) VALUES (:seq, 1, 1)"
LOGGED = "SELECT count(*) AS rows, max(seq) AS last FROM session_endings"


async def append(db: database.Database) -> int:
    """One transaction of several statements, as posting a message is."""
    async with db.transaction() as connection:
        seq = int(await connection.value(NEXT))
        await connection.run(LOG, {"seq": seq})
    return seq


async def holds(db: database.Database) -> int:
    """The log has no hole, and its head is its last entry; how many entries there are."""
    row = await db.one(LOGGED)
    assert row is not None
    assert row.rows == (row.last or 0) == await db.value(HEAD)
    return int(row.rows)


async def until(condition: Callable[[], Awaitable[bool]], within: float = 10.0) -> None:
    async with asyncio.timeout(within):
        while not await condition():
            await asyncio.sleep(0.02)


async def works(db: database.Database) -> bool:
    with contextlib.suppress(errors.Unavailable):
        await append(db)
        return True
    return False


@contextlib.asynccontextmanager
async def connected(url: str) -> AsyncIterator[database.Database]:
    db = database.Database(url)
    await db.connect()
    try:
        yield db
    finally:
        await db.disconnect()


@pytest.fixture(scope="module")
def frail_postgres() -> Iterator[services.Postgres]:
    """A PostgreSQL to be hurt."""
    with services.Postgres() as running:
        yield running


@pytest.fixture
async def frail(frail_postgres: services.Postgres) -> AsyncIterator[database.Database]:
    """A migrated database on a server to be hurt."""
    url = frail_postgres.new_database()
    await anyio.to_thread.run_sync(migrations.upgrade, url)
    async with connected(url) as db:
        yield db


# Cancelled tasks.


async def test_tasks_cancelled_anywhere_cost_no_connection(db: database.Database) -> None:
    chance = random.Random(11)

    async def read() -> None:
        async with db.snapshot() as moment:
            await moment.value(HEAD)
            await moment.one(LOGGED)

    works_of = [lambda: append(db), read, lambda: db.value(HEAD)]
    for _ in range(40):
        tasks = [asyncio.create_task(chance.choice(works_of)()) for _ in range(12)]
        for task in tasks:
            asyncio.get_running_loop().call_later(chance.random() * 0.04, task.cancel)
        await asyncio.gather(*tasks, return_exceptions=True)

    assert await holds(db) > 0
    many = postgresql.CONNECTIONS if db.dialect == "postgresql" else 4
    async with contextlib.AsyncExitStack() as stack, asyncio.timeout(2):
        for _ in range(many):
            # Each in a task of its own, for a task has no second transaction.
            moment = db.snapshot()
            connection = await asyncio.create_task(moment.__aenter__())
            stack.push_async_callback(moment.__aexit__, None, None, None)
            assert await connection.value(HEAD) > 0


async def test_a_commit_that_was_begun_is_finished_though_its_task_is_cancelled(
    db: database.Database,
) -> None:
    """anyio cancels again at every step, which is what a closed websocket amounts to."""
    for _ in range(20):
        with anyio.CancelScope() as scope:
            async with db.transaction() as connection:
                seq = int(await connection.value(NEXT))
                await connection.run(LOG, {"seq": seq})
                asyncio.get_running_loop().call_soon(scope.cancel)
    assert await append(db) == 21
    assert await holds(db) == 21


async def test_as_the_package_comes_a_cancelled_task_takes_its_connection_along(
    postgres_url: str,
) -> None:
    """Why its transactions are not used."""
    stock = databases.Database(postgres_url.replace("+asyncpg", ""), min_size=1, max_size=1)
    await stock.connect()
    pool = stock._backend._pool

    async def begin() -> None:
        async with stock.transaction():
            pass

    task = asyncio.create_task(begin())
    while not (task.done() or pool.get_idle_size() == 0):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(stock.fetch_val("SELECT 1"), 0.5)
    pool.terminate()


def test_a_process_that_is_cut_short_still_ends(sqlite_url: str) -> None:
    """A thread that waits for a connection nobody closes would keep it alive for ever."""
    program = f"""
        import asyncio
        from hubbub import database

        async def main():
            db = database.Database({sqlite_url!r})
            await db.connect()
            async with db.transaction() as connection:
                await connection.run("DELETE FROM session_endings")
                raise SystemExit(7)

        asyncio.run(main())
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, timeout=20, check=False, env=environment)
    assert done.returncode == 7


async def test_disconnecting_ends_every_thread(sqlite_url: str) -> None:
    before = set(threading.enumerate())
    async with connected(sqlite_url) as db:
        await append(db)
        assert set(threading.enumerate()) > before

    async def ended() -> bool:
        return set(threading.enumerate()) <= before

    await until(ended)


# SQLite: locks, groups, a full disk.


async def test_two_processes_that_read_before_they_write_wait_for_each_other(
    sqlite_url: str,
) -> None:
    async with connected(sqlite_url) as one, connected(sqlite_url) as other:

        async def increase(db: database.Database) -> None:
            async with db.transaction() as connection:
                value = int(await connection.value(HEAD))
                await connection.run(LOG, {"seq": value + 1})
                await connection.run("UPDATE counters SET value = :value", {"value": value + 1})

        await asyncio.gather(*(increase(db) for _ in range(40) for db in (one, other)))
        assert await holds(one) == 80


async def test_as_the_package_comes_who_reads_before_writing_is_locked_out(sqlite_url: str) -> None:
    """Why a transaction begins with IMMEDIATE."""
    async with (
        databases.Database(sqlite_url) as one,
        databases.Database(sqlite_url) as other,
        one.transaction(),
        other.transaction(),
    ):
        assert await one.fetch_val(HEAD) == await other.fetch_val(HEAD) == 0
        await one.execute("UPDATE counters SET value = 1")
        began = time.monotonic()
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            await other.execute("UPDATE counters SET value = 1")
        assert time.monotonic() - began < 7  # nobody waited: it can never succeed


async def test_one_that_fails_leaves_the_rest_of_its_group_alone(sqlite_url: str) -> None:
    async with connected(sqlite_url) as db:

        async def fail() -> None:
            async with db.transaction() as connection:
                await connection.run(LOG, {"seq": await connection.value(NEXT)})
                raise ZeroDivisionError

        works_of = [append(db) if turn % 3 else fail() for turn in range(60)]
        results = await asyncio.gather(*works_of, return_exceptions=True)
        assert [seq for seq in results if isinstance(seq, int)] == list(range(1, 41))
        assert sum(isinstance(error, ZeroDivisionError) for error in results) == 20
        assert await holds(db) == 40


async def test_nobody_is_told_of_a_commit_before_it_is_there(sqlite_url: str) -> None:
    """Seen from outside: whoever's transaction has returned finds it with another connection."""
    outside = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)

    async def append_and_look(db: database.Database) -> None:
        seq = await append(db)
        found = outside.execute("SELECT count(*) FROM session_endings WHERE seq = ?", (seq,))
        assert found.fetchone() == (1,)

    with contextlib.closing(outside):
        async with connected(sqlite_url) as db:
            await asyncio.gather(*(append_and_look(db) for _ in range(100)))


async def test_a_lock_of_another_process_is_waited_for(sqlite_url: str) -> None:
    outside = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    with contextlib.closing(outside):
        async with connected(sqlite_url) as db:
            outside.execute("BEGIN IMMEDIATE")
            waiting = [asyncio.create_task(append(db)) for _ in range(10)]
            assert await db.value(HEAD) == 0  # who reads does not wait
            done, _ = await asyncio.wait(waiting, timeout=1.2)
            assert not done
            outside.execute("COMMIT")
            assert sorted(await asyncio.gather(*waiting)) == list(range(1, 11))


async def test_a_lock_that_stays_is_an_honest_refusal_in_time_for_everyone(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert writer.LOCKED_SECONDS + 1 < 10
    monkeypatch.setattr(writer, "LOCKED_SECONDS", 0.8)
    outside = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    with contextlib.closing(outside):
        async with connected(sqlite_url) as db:
            outside.execute("BEGIN IMMEDIATE")
            began = time.monotonic()
            results = await asyncio.gather(*(append(db) for _ in range(30)), return_exceptions=True)
            assert time.monotonic() - began < 2.5
            assert all(isinstance(error, errors.Unavailable) for error in results)
            assert all(getattr(error, "retry_after", 0) for error in results)
            outside.execute("ROLLBACK")
            assert await append(db) == 1


async def test_giving_up_in_the_moment_of_ones_turn_blocks_nobody(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with connected(sqlite_url) as db:
        for patience in range(1, 21):
            monkeypatch.setattr(writer, "LOCKED_SECONDS", patience / 2000)
            await asyncio.gather(*(append(db) for _ in range(40)), return_exceptions=True)
        monkeypatch.undo()
        before = await holds(db)
        assert before > 0
        async with asyncio.timeout(2):
            assert await append(db) == before + 1


async def test_a_full_disk_is_an_honest_refusal_and_heals(sqlite_url: str) -> None:
    async with connected(sqlite_url) as db:
        await append(db)
        pages = await db.value("PRAGMA page_count")
        grow = "INSERT INTO counters (name, value) VALUES (:name, 1)"
        # A limit on the size of the file is as full as a disk can be.
        async with db.transaction() as connection:
            await connection.run(f"PRAGMA max_page_count = {pages}")
        results = await asyncio.gather(
            *(db.run(grow, {"name": str(turn) * 100_000}) for turn in range(5)),
            append(db),
            return_exceptions=True,
        )
        refused = [isinstance(result, errors.Unavailable) for result in results]
        assert all(refused[:5])
        async with db.transaction() as connection:
            await connection.run("PRAGMA max_page_count = 1000000")
        await db.run(grow, {"name": "x" * 100_000})
        await append(db)
        await holds(db)


# PostgreSQL: a server that comes and goes.


async def test_as_many_as_come_at_once_wait_for_a_connection_only_so_long(
    frail: database.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "ACQUIRE_SECONDS", 0.5)
    enough = asyncio.Event()

    async def occupy() -> None:
        async with frail.transaction() as connection:
            await connection.value("SELECT 1")
            await enough.wait()

    holding = [asyncio.create_task(occupy()) for _ in range(postgresql.CONNECTIONS)]

    async def refused() -> bool:
        with contextlib.suppress(errors.Unavailable):
            await frail.value(HEAD)
            return False
        return True

    await until(refused)
    enough.set()
    await asyncio.gather(*holding)
    assert await append(frail) == 1


@pytest.mark.parametrize("how", ["an orderly restart", "a crash", "connections ended"])
async def test_what_is_begun_after_a_restart_does_not_notice_it(
    frail: database.Database, frail_postgres: services.Postgres, how: str
) -> None:
    for _ in range(2):
        before = await holds(frail)
        await asyncio.gather(*(append(frail) for _ in range(postgresql.CONNECTIONS * 2)))
        if how == "an orderly restart":
            frail_postgres.restart()
        elif how == "a crash":
            frail_postgres.stop(signal.SIGQUIT)
            frail_postgres.start()
        else:
            frail_postgres.drop_clients()
        # Nothing has told the event loop yet, so that every kept connection looks alive.
        mixed = [append(frail) if turn % 2 else frail.value(HEAD) for turn in range(20)]
        await asyncio.gather(*mixed)
        assert await holds(frail) == before + postgresql.CONNECTIONS * 2 + 10


async def test_what_was_accepted_under_a_restart_is_there(
    frail: database.Database, frail_postgres: services.Postgres
) -> None:
    accepted: list[int] = []
    going_on = True

    async def post() -> None:
        while going_on:
            with contextlib.suppress(errors.Unavailable):
                accepted.append(await append(frail))

    posting = [asyncio.create_task(post()) for _ in range(8)]
    for round_ in range(1, 4):

        async def more(least: int = round_ * 50) -> bool:
            return len(accepted) > least

        await until(more)
        await anyio.to_thread.run_sync(frail_postgres.restart)
    going_on = False
    await asyncio.gather(*posting)
    assert len(accepted) == len(set(accepted))
    await until(lambda: works(frail))
    assert await holds(frail) >= len(accepted)


async def test_a_server_that_is_gone_is_an_honest_refusal_and_heals(
    frail: database.Database, frail_postgres: services.Postgres
) -> None:
    await append(frail)
    frail_postgres.kill()
    began = time.monotonic()
    try:
        for work in (append(frail), frail.value(HEAD)):
            with pytest.raises(errors.Unavailable):
                await work
        assert time.monotonic() - began < 10
    finally:
        frail_postgres.start()
    began = time.monotonic()
    await until(lambda: works(frail))
    assert time.monotonic() - began < 3
    await holds(frail)


async def test_a_server_that_says_nothing_is_an_honest_refusal_and_heals(
    frail: database.Database, frail_postgres: services.Postgres
) -> None:
    await append(frail)
    frail_postgres.pause()
    began = time.monotonic()
    try:
        works_of = [append(frail), frail.value(HEAD), append(frail)]
        results = await asyncio.gather(*works_of, return_exceptions=True)
        assert time.monotonic() - began < 10
        assert all(isinstance(result, errors.Unavailable) for result in results)
    finally:
        frail_postgres.resume()
    await until(lambda: works(frail))
    await holds(frail)


async def test_disconnecting_does_not_wait_for_a_dead_server(
    frail_postgres: services.Postgres,
) -> None:
    db = database.Database(frail_postgres.url)
    await db.connect()
    await db.value("SELECT 1")
    frail_postgres.pause()
    try:
        async with asyncio.timeout(postgresql.CLOSE_SECONDS + 2):
            await db.disconnect()
    finally:
        frail_postgres.resume()
