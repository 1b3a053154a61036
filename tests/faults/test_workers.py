"""Web processes that die in the midst of it."""

import asyncio
import pathlib

import pytest

from hubbub import database
from hubbub.domain import accounts, messages, rooms
from tests import servers, services, visitors
from tests.faults import oracles

pytestmark = pytest.mark.anyio


async def test_a_worker_killed_in_mid_act_many_times_loses_and_doubles_nothing(
    tmp_path: pathlib.Path, redis: services.Redis
) -> None:
    with servers.Server(tmp_path, workers=2, broadcast=redis.url) as server:
        async with oracles.crowd(server, size=4, pages=8, restless=True) as crowd:

            async def kill_many_times() -> None:
                for turn in range(6):
                    await crowd.accepted(len(crowd.sent) + 12)
                    server.kill_worker(turn % 2)
                    # Clients are live again within five seconds, whichever worker they were on.
                    await crowd.all_live(within=8)
                    await visitors.eventually(
                        lambda: len(server.workers()) == 2, "the worker is replaced"
                    )

            await crowd.talk_through(kill_many_times(), pause=0.03)
            await crowd.converges()


async def test_the_only_process_killed_in_mid_send_loses_and_doubles_nothing(
    tmp_path: pathlib.Path,
) -> None:
    with servers.Server(tmp_path) as server:
        async with oracles.crowd(server, size=3, pages=6) as crowd:

            async def kill_and_start() -> None:
                for _ in range(3):
                    await crowd.accepted(len(crowd.sent) + 10)
                    await oracles.in_a_thread(server.restart)
                    await crowd.all_live(within=20)

            await crowd.talk_through(kill_and_start(), pause=0.02)
            await crowd.converges()


async def test_a_commit_whose_process_died_before_the_hint_is_delivered_by_the_poll(
    tmp_path: pathlib.Path,
) -> None:
    with servers.Server(tmp_path) as server:
        async with oracles.crowd(server, size=2, pages=4) as crowd:
            clock = asyncio.get_running_loop().time()
            await commit_without_a_hint(server, crowd.room, "alice", "nobody heard of this")
            for page in crowd.pages:
                # 1.2 seconds, and half a second for two busy cores.
                await page.shows("nobody heard of this", within=1.7)
            assert asyncio.get_running_loop().time() - clock < 2.5


async def commit_without_a_hint(
    server: servers.Server, room_path: str, author: str, body: str
) -> None:
    """Post as a process does that is killed right after its commit: in the log, and not told."""
    db = database.Database(f"sqlite:///{server.database_file}")
    await db.connect()
    try:
        public_id = room_path.removeprefix("/r/")[:10]
        person = await accounts.by_username(db, author)
        assert person is not None
        room, _ = await rooms.open(db, public_id, person)
        await messages.post(db, room, person, messages.Draft(body=body, cid=None))
    finally:
        await db.disconnect()


async def test_people_of_a_killed_worker_vanish(
    tmp_path: pathlib.Path, redis: services.Redis
) -> None:
    with servers.Server(tmp_path, workers=2, broadcast=redis.url) as server:
        async with oracles.people(server, "alice", "bob") as [alice, bob]:
            room = await alice.create("Ghosts")
            await bob.join(room)
            async with alice.watching(room) as page:
                async with bob.watching(room):
                    await page.meets(
                        lambda: "2" in page.slot("online"), "shows two people", within=15
                    )
                    for _ in range(2):
                        server.kill_worker()
                        await visitors.eventually(lambda: len(server.workers()) == 2, "two again")
                await page.is_live()
                # 15 seconds of lease and 8 of grace.
                await page.meets(lambda: "1" in page.slot("online"), "shows one", within=30)
