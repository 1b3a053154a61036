"""Workers replaced under load, and a process that is asked to go."""

import asyncio
import os
import pathlib
import signal

import pytest

from tests import servers, services, visitors
from tests.faults import oracles

pytestmark = pytest.mark.anyio


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
