"""Pages that were away for long, hold a wrong cursor, or come back to a trimmed log."""

import contextlib
import pathlib
import sqlite3

import pytest

from tests import servers, visitors
from tests.faults import oracles

pytestmark = pytest.mark.anyio


async def away(page: visitors.Page) -> None:
    """Close the tab's connection, keeping the page as it is."""
    await page.close()


async def back(page: visitors.Page) -> None:
    """Connect again with the cursor the page has."""
    page.connect()
    await page.is_live()


async def test_a_gap_of_a_thousand_messages_is_one_snapshot(tmp_path: pathlib.Path) -> None:
    with servers.Server(tmp_path) as server:
        async with oracles.crowd(server, size=4, pages=3) as crowd:
            await crowd.talk(2, seed=1, pause=0)
            page = crowd.pages[1]
            await away(page)
            await crowd.talk(250, seed=2, pause=0)
            frames = page.frames
            await back(page)
            assert page.snapshots == 1
            # The room as it is, and beside it who is here, what is unread, and the inbox.
            assert page.frames - frames <= 4, "one round trip"
            stored = await crowd.converges()
            assert len(stored) == 4 * 252 + 1
            assert len(page.messages) < 200


async def test_a_gap_of_a_hundred_messages_is_replayed(tmp_path: pathlib.Path) -> None:
    with servers.Server(tmp_path) as server:
        async with oracles.crowd(server, size=2, pages=2) as crowd:
            page = crowd.pages[1]
            await away(page)
            await crowd.talk(50, seed=3, pause=0)
            await back(page)
            await crowd.converges()
            assert page.snapshots == 0
            assert len(page.messages) == 101


@pytest.mark.parametrize(
    "cursor",
    ["3.wrong", "999999.aaaaaa", "999999999999999999.a", "0.aaaa", "1.", ".x", "x", "-1.x", "３.a"],
)
async def test_a_cursor_of_another_log_gets_a_snapshot(shared: servers.Server, cursor: str) -> None:
    async with visitors.Person(shared, "alice") as alice:
        if (await alice.login()).status_code != 303:
            await alice.arrive()
        room = await alice.create("Another log")
        for place in range(12):
            await alice.say(room, f"message {place}")
        async with alice.watching(room) as page:
            await away(page)
            await alice.say(room, "while away")
            page.cursor = cursor
            await back(page)
            await alice.say(room, "and after it")
            await page.shows("and after it")
            await page.equals(await alice.history(room))
            assert page.snapshots == 1 or page.closings


async def test_a_trimmed_log_gets_a_snapshot(tmp_path: pathlib.Path) -> None:
    with servers.Server(tmp_path) as server:
        async with oracles.crowd(server, size=2, pages=4) as crowd:
            await crowd.talk(5, seed=4, pause=0)
            page = crowd.pages[1]
            await page.holds(10)
            await away(page)
            await crowd.talk(10, seed=5, pause=0)
            # The process that still holds these events in memory goes; the log is trimmed.
            server.kill()
            with contextlib.closing(sqlite3.connect(server.database_file)) as database:
                database.execute(
                    "DELETE FROM events AS e WHERE seq <"
                    " (SELECT max(seq) FROM events WHERE room_id = e.room_id)"
                )
                database.commit()
            await oracles.in_a_thread(server.start)
            await back(page)
            assert page.snapshots == 1
            await crowd.all_live(within=20)
            await crowd.converges()


async def test_a_page_that_comes_back_after_a_removal_gets_nothing(
    tmp_path: pathlib.Path,
) -> None:
    with servers.Server(tmp_path) as server:
        async with oracles.crowd(server, size=2, pages=2) as crowd:
            alice, _ = crowd.people
            hers, his = crowd.pages
            await alice.say(crowd.room, "bob may read this")
            await his.shows("bob may read this")
            await away(his)
            assert (await alice.act(crowd.room, "removals", username="bob")).status_code == 303
            await alice.say(crowd.room, "and not this")
            await hers.shows("and not this")
            his.connect()
            await his.closes(4403)
            assert his.texts == ["bob may read this"]
