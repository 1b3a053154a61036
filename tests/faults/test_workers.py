"""Web processes that die, are replaced, and are asked to go."""

import asyncio
import os
import pathlib
import signal

import pytest

from hubbub import database
from hubbub.domain import accounts, messages, rooms
from tests import servers, services, visitors
from tests.faults import oracles

pytestmark = pytest.mark.anyio


async def test_a_worker_killed_in_mid_send_many_times_loses_and_doubles_nothing(
    tmp_path: pathlib.Path, redis: services.Redis
) -> None:
    with servers.Server(tmp_path, workers=2, broadcast=redis.url) as server:
        async with oracles.crowd(server, size=4, pages=8) as crowd:

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
        room = await rooms.by_public_id(db, public_id, person)
        assert room is not None
        await messages.post(db, room, person, messages.Draft(body=body, cid=None))
    finally:
        await db.disconnect()


async def test_replacing_the_workers_under_load_fails_no_send_and_leaves_no_gap(
    tmp_path: pathlib.Path, redis: services.Redis
) -> None:
    with servers.Server(tmp_path, workers=2, broadcast=redis.url) as server:
        async with oracles.crowd(server, size=3, pages=9) as crowd:
            before = set(server.workers())

            async def replace_all() -> None:
                server.hang_up()
                await visitors.eventually(
                    lambda: len(server.workers()) == 2 and not before & set(server.workers()),
                    "both workers are new",
                    within=50,
                )

            await crowd.talk_through(replace_all(), pause=0.03)
            await crowd.all_live(within=10)
            await crowd.converges()
            codes = {code for page in crowd.pages for code, _ in page.closings}
            assert codes <= {1012}, "pages were told to come back, and not just dropped"


async def test_a_stop_tells_pages_to_come_back_and_does_not_wait_for_stuck_ones(
    tmp_path: pathlib.Path,
) -> None:
    with servers.Server(tmp_path) as server:
        async with oracles.crowd(server, size=1, pages=4) as crowd:
            async with crowd.owner.bare_socket(crowd.room) as stuck:
                await stuck.send('{"op":"hello","after":""}')
                stuck.transport.pause_reading()
                seconds = await asyncio.to_thread(server.terminate)
                assert seconds < 25
                for page in crowd.pages:
                    await page.is_closed(within=3)
                    assert page.closings[0][0] == 1012
                stuck.transport.abort()
            await oracles.in_a_thread(server.start)
            await crowd.all_live(within=20)
            await crowd.converges()


async def test_a_stop_finishes_the_requests_that_have_begun(tmp_path: pathlib.Path) -> None:
    with servers.Server(tmp_path) as server:
        async with oracles.people(server, "alice") as [alice]:
            room = await alice.create("Finish")
            slow = asyncio.create_task(alice.login())  # a quarter of a second of password work
            sends = [asyncio.create_task(alice.post(room, f"send {n}")) for n in range(20)]
            await asyncio.wait(sends, return_when=asyncio.FIRST_COMPLETED)
            os.kill(server.pid, signal.SIGTERM)
            answers = await asyncio.gather(*sends, return_exceptions=True)
            accepted = [a for a in answers if not isinstance(a, BaseException)]
            assert {answer.status_code for answer in accepted} <= {201, 503}
            await asyncio.gather(slow, return_exceptions=True)
            await oracles.in_a_thread(server.restart)
            stored = {message.number for message in await alice.history(room)}
            promised = {a.json()["number"] for a in accepted if a.status_code == 201}
            assert promised <= stored
            assert len(stored) <= 20


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
