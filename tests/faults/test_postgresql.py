"""PostgreSQL restarts at once, many times, and drops every connection, while people talk."""

import asyncio
import pathlib
from collections.abc import Iterator

import pytest

from tests import servers, services
from tests.faults import oracles

pytestmark = pytest.mark.anyio

UNKNOWN = "5f1c1c1e-6f5e-4c0e-9d55-0a8f3f1d8a11"


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[services.Postgres]:
    with services.Postgres() as postgres:
        yield postgres


async def test_restarts_under_load_lose_nothing_and_close_no_socket(
    tmp_path: pathlib.Path, own_postgres: services.Postgres, redis: services.Redis
) -> None:
    url = own_postgres.new_database()
    with servers.Server(tmp_path, workers=2, database=url, broadcast=redis.url) as server:
        async with oracles.crowd(server, size=3, pages=8) as crowd:

            async def restart_ten_times() -> None:
                for _ in range(10):
                    await oracles.in_a_thread(own_postgres.restart)
                    # Serving again within three seconds: six more messages are accepted.
                    await crowd.accepted(len(crowd.sent) + 6, within=6)

            await crowd.talk_through(restart_ten_times(), pause=0.03)
            await crowd.converges()
            assert all(page.closings == [] for page in crowd.pages), "sockets stayed open"


async def test_connections_ended_every_moment_lose_nothing(
    tmp_path: pathlib.Path, own_postgres: services.Postgres, redis: services.Redis
) -> None:
    url = own_postgres.new_database()
    with servers.Server(tmp_path, workers=2, database=url, broadcast=redis.url) as server:
        async with oracles.crowd(server, size=3, pages=6) as crowd:

            async def drop_many_times() -> None:
                for _ in range(10):
                    await oracles.in_a_thread(own_postgres.drop_clients)
                    await crowd.accepted(len(crowd.sent) + 5, within=10)

            await crowd.talk_through(drop_many_times(), pause=0.02)
            await crowd.converges()


async def test_a_database_that_is_away_is_said_honestly_and_heals(
    tmp_path: pathlib.Path, own_postgres: services.Postgres
) -> None:
    with servers.Server(tmp_path, database=own_postgres.new_database()) as server:
        async with oracles.crowd(server, size=1, pages=2) as crowd:
            own_postgres.kill()
            answer = await crowd.owner.post(crowd.room, "nobody can keep this")
            assert answer.status_code == 503
            assert int(answer.headers["retry-after"]) > 0
            assert answer.json()["error"]
            page = await crowd.owner.open(crowd.room)
            assert page.status_code == 503
            assert not await asyncio.to_thread(server.is_ready)
            assert (await crowd.owner.client.get("/healthz")).status_code == 200
            await oracles.in_a_thread(own_postgres.start)
            await crowd.converges()


async def test_a_paused_database_gets_an_honest_answer_within_ten_seconds(
    tmp_path: pathlib.Path, own_postgres: services.Postgres
) -> None:
    with servers.Server(tmp_path, database=own_postgres.new_database()) as server:
        async with oracles.crowd(server, size=1, pages=2) as crowd:
            own_postgres.pause()
            try:
                answer = await crowd.owner.post(crowd.room, "is it stored?", UNKNOWN)
                assert answer.status_code == 503
                assert answer.elapsed.total_seconds() < 11
            finally:
                own_postgres.resume()
            # Whether that commit went through nobody knows; the same send again settles it.
            crowd.sent.append(await crowd.owner.say(crowd.room, "is it stored?", cid=UNKNOWN))
            await crowd.converges()
