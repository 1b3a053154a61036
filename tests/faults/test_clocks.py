"""The wall clock of running servers jumps by a day, and later back."""

import contextlib
import pathlib
import sqlite3
import time
from collections.abc import Sequence

import pytest

from tests import servers, services, visitors
from tests.faults import oracles

pytestmark = pytest.mark.anyio

DAY = 24 * 60 * 60 * 1000
LEASE = 15 * 1000


class Clock:
    """The wall clock of those servers that are given its settings; ours is not touched."""

    def __init__(self, home: pathlib.Path) -> None:
        self.days = 0
        self._file = home / "clock"
        self.jump(0)

    @property
    def settings(self) -> dict[str, str]:
        [library] = pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1")
        return {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            # Only the wall clock: timers, files, and what Python's own lock waits for stay true.
            "DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",
            "NO_FAKE_STAT": "1",
        }

    def jump(self, days: int) -> None:
        """Be so many days ahead of the true time from now on."""
        self.days = days
        new = self._file.with_suffix(".new")
        new.write_text(f"{days:+d}d\n")
        new.replace(self._file)

    def now(self) -> int:
        return time.time_ns() // 1_000_000 + self.days * DAY


def forget(server: servers.Server) -> None:
    """Remove the shared memory that libfaketime leaves behind when its process is killed."""
    for leftover in pathlib.Path("/dev/shm").glob(f"*faketime_*_{server.pid}"):
        leftover.unlink()


async def show(pages: Sequence[visitors.Page], *names: str) -> None:
    """Wait until every page shows exactly these people as being here."""
    await visitors.eventually(
        lambda: all(here(page) == set(names) for page in pages),
        f"every page shows {names}, and no one else",
    )


def here(page: visitors.Page) -> set[str]:
    """The names under "Online" on a page."""
    page.check()
    lists = page.slots["people"].of_class("people__list") if "people" in page.slots else []
    present = [each for each in lists if "people__list--away" not in each.classes]
    return {name.text for each in present for name in each.of_class("person__name")}


async def is_noticed(clock: Clock, server: servers.Server) -> None:
    """Wait until both processes have renewed their leases by the time it is now."""

    def renewed() -> bool:
        with contextlib.closing(sqlite3.connect(server.database_file)) as database:
            leases = [ends for [ends] in database.execute("SELECT expires_at FROM leases")]
        return len(leases) == 2 and all(0 < ends - clock.now() <= LEASE for ends in leases)

    await visitors.eventually(renewed, "both leases are as long as they should be")


@pytest.mark.parametrize("days", [1, -1], ids=["forward and back", "back and forward"])
async def test_a_clock_that_jumps_by_a_day_harms_neither_order_nor_sessions_nor_presence(
    tmp_path: pathlib.Path, redis: services.Redis, days: int
) -> None:
    clock = Clock(tmp_path)
    # Two processes of one site; who comes through which one is known.
    settings = {**clock.settings, "HUBBUB_DATA_DIR": str(tmp_path / "one" / "data")}
    one = servers.Server(tmp_path / "one", broadcast=redis.url, settings=settings)
    other = servers.Server(tmp_path / "other", broadcast=redis.url, settings=settings)
    async with contextlib.AsyncExitStack() as stack:
        for server in (one, other):
            stack.callback(forget, server)
            stack.enter_context(server)
        [alice] = await stack.enter_async_context(oracles.people(one, "alice"))
        [bob] = await stack.enter_async_context(oracles.people(other, "bob"))
        room = await alice.create("A room out of time")
        pages = [await stack.enter_async_context(person.watching(room)) for person in (alice, bob)]
        crowd = oracles.Crowd(room, [alice, bob], pages)
        await show(pages, "alice", "bob")

        async def there_and_back() -> None:
            clock.jump(days)
            await is_noticed(clock, one)
            async with oracles.people(other, "carol") as [carol]:
                async with carol.watching(room):
                    await show(pages, "alice", "bob", "carol")
                    clock.jump(0)
                    await is_noticed(clock, one)
                assert (await carol.open(room)).status_code == 200, "still signed in"
            # Whoever was lost in the jumps was so before her.
            await show(pages, "alice", "bob")

        await crowd.talk_through(there_and_back(), pause=0.2)
        stored = await crowd.converges()
        assert await bob.history(room) == stored, "still signed in"
        assert all(page.closings == [] for page in pages), "no socket was closed"
        with contextlib.closing(sqlite3.connect(one.database_file)) as database:
            query = "SELECT posted_at FROM messages ORDER BY number"
            times = [at for [at] in database.execute(query)]
        assert max(times) - min(times) > DAY / 2, "the clock did jump"
        assert times != sorted(times), "and not only ahead"
