"""The same send many times at once: one message."""

import asyncio
import pathlib
import uuid

import pytest

from tests import servers, services, visitors
from tests.faults import oracles

pytestmark = pytest.mark.anyio


async def test_the_same_send_twenty_times_at_once_to_two_workers_is_one_message(
    tmp_path: pathlib.Path, redis: services.Redis
) -> None:
    with servers.Server(tmp_path, workers=2, broadcast=redis.url) as server:
        await twenty_times(server)


async def test_the_same_send_twenty_times_at_once_is_one_message_on_postgresql(
    tmp_path: pathlib.Path, redis: services.Redis, postgres: services.Postgres
) -> None:
    url = postgres.new_database()
    with servers.Server(tmp_path, workers=2, broadcast=redis.url, database=url) as server:
        await twenty_times(server)


async def twenty_times(server: servers.Server) -> None:
    async with oracles.crowd(server, size=2, pages=4) as crowd:
        alice, bob = crowd.people
        cids = [str(uuid.uuid4()) for _ in range(5)]
        answers = [await twenty(alice, crowd.room, cid) for cid in cids]
        await oracles.in_a_thread(server.restart)
        again = [await twenty(alice, crowd.room, cid, expected={200}) for cid in cids]
        assert answers == again
        assert answers == [1, 2, 3, 4, 5]
        await bob.say(crowd.room, "a fence")
        stored = await bob.history(crowd.room)
        assert [message.text for message in stored] == ["once"] * 5 + ["a fence"]
        for page in crowd.pages:
            await page.equals(stored)


async def twenty(
    person: visitors.Person, room: str, cid: str, *, expected: set[int] | None = None
) -> int:
    """Send the same twenty times at once; the one number that was promised each time."""
    sends = (person.post(room, "once", cid) for _ in range(20))
    answers = await asyncio.gather(*sends)
    codes = [answer.status_code for answer in answers]
    assert set(codes) <= (expected or {200, 201}), codes
    assert codes.count(201) == (0 if expected else 1), codes
    promises = {(answer.json()["number"], answer.json()["seq"]) for answer in answers}
    assert len(promises) == 1
    return int(promises.pop()[0])
