"""SQLite locked by another process, out of space, put back from a backup."""

import asyncio
import contextlib
import pathlib
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from tests import servers, visitors
from tests.faults import oracles

pytestmark = pytest.mark.anyio

HOLD = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
database.execute("ROLLBACK")
"""


@contextlib.contextmanager
def locked(file: pathlib.Path) -> Iterator[None]:
    """Another process holds the write lock of the database."""
    command = [sys.executable, "-c", HOLD, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"locked\n"
        yield


async def test_a_lock_of_three_seconds_delays_a_send_and_nothing_else(
    tmp_path: pathlib.Path,
) -> None:
    with servers.Server(tmp_path) as server:
        async with oracles.crowd(server, size=2, pages=4) as crowd:
            with locked(server.database_file):
                started = time.monotonic()
                send = asyncio.create_task(crowd.owner.post(crowd.room, "patience"))
                page = await crowd.owner.open(crowd.room)
                assert page.status_code == 200, "reading goes on"
                assert time.monotonic() - started < 2
                await asyncio.sleep(3)
                assert not send.done()
            answer = await send
            assert answer.status_code == 201
            for open_page in crowd.pages:
                await open_page.shows("patience")


async def test_a_long_lock_gets_an_honest_503_and_heals_without_a_restart(
    tmp_path: pathlib.Path,
) -> None:
    with servers.Server(tmp_path) as server:
        async with oracles.crowd(server, size=3, pages=6) as crowd:
            with locked(server.database_file):
                started = time.monotonic()
                answers = await asyncio.gather(
                    *(p.post(crowd.room, f"refused for {p.name}") for p in crowd.people)
                )
                assert time.monotonic() - started < 12
                for answer in answers:
                    assert answer.status_code == 503
                    assert int(answer.headers["retry-after"]) > 0
                    assert answer.json()["error"]
            stored = await crowd.converges()
            assert [message.text for message in stored] == ["the last message"]
            assert all(page.closings == [] for page in crowd.pages)


async def test_a_full_disk_gets_an_honest_503_and_heals_without_a_restart(
    tmp_path: pathlib.Path,
) -> None:
    with servers.Server(tmp_path) as server:
        async with oracles.crowd(server, size=2, pages=4) as crowd:
            await crowd.talk(10, seed=1, pause=0)
            journal = server.database_file.with_name(server.database_file.name + "-wal")
            server.limit_file_size(journal.stat().st_size + 5000)
            codes = []
            for place in range(12):
                body = f"too much {place} " + "x" * 3000
                answer = await crowd.owner.post(crowd.room, body)
                codes.append(answer.status_code)
                if answer.status_code == 201:
                    crowd.sent.append(sent_of(answer.json(), body))
            assert set(codes) <= {201, 503}
            assert codes[-1] == 503
            assert (await crowd.owner.open(crowd.room)).status_code == 200, "reading goes on"
            server.lift_file_size()
            await crowd.talk(5, seed=2, pause=0)
            await crowd.converges()
            assert all(page.closings == [] for page in crowd.pages)


def sent_of(told: dict[str, object], body: str) -> visitors.Sent:
    return visitors.Sent(int(str(told["number"])), "alice", body, str(told["cid"]), 1)


async def test_an_older_backup_put_back_shows_on_every_page(tmp_path: pathlib.Path) -> None:
    with servers.Server(tmp_path) as server:
        async with oracles.crowd(server, size=2, pages=4) as crowd:
            await crowd.talk(5, seed=3, pause=0)
            backup = tmp_path / "backup.db"
            copy(server.database_file, backup)
            kept = list(crowd.sent)
            await crowd.talk(10, seed=4, pause=0)
            for page in crowd.pages:
                await page.holds(30)
            await asyncio.to_thread(server.kill)
            for leftover in server.database_file.parent.glob("hubbub.db*"):
                leftover.unlink()
            copy(backup, server.database_file)
            await oracles.in_a_thread(server.start)
            crowd.sent = kept
            # As many other messages as were lost: the numbers match, and only the tags do not.
            await crowd.talk(10, seed=5, pause=0)
            await crowd.all_live(within=20)
            await crowd.converges()
            assert all(page.snapshots for page in crowd.pages)


def copy(source: pathlib.Path, target: pathlib.Path) -> None:
    """Copy a database that is in use."""
    with (
        contextlib.closing(sqlite3.connect(source)) as old,
        contextlib.closing(sqlite3.connect(target)) as new,
    ):
        old.backup(new)
