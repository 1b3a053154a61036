"""Everything at once: two workers, and each part they stand on dies while people talk."""

import asyncio
import pathlib
from collections.abc import Callable, Iterator, Mapping

import pytest

from tests import servers, services
from tests.faults import oracles

pytestmark = pytest.mark.anyio


@pytest.fixture
def own_redis() -> Iterator[services.Redis]:
    with services.Redis() as redis:
        yield redis


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[services.Postgres]:
    with services.Postgres() as postgres:
        yield postgres


async def everything(
    crowd: oracles.Crowd, steps: Mapping[str, Callable[[], object]], *, every: int
) -> None:
    """240 sends from six people; after so many accepted ones the next thing breaks."""
    talking = asyncio.create_task(crowd.talk(40, seed=6, pause=0.15))
    try:
        for place, step in enumerate(steps.values(), start=1):
            await crowd.accepted(every * place)
            await oracles.in_a_thread(step)
        await talking
    finally:
        talking.cancel()
    assert len(crowd.sent) == 240


async def test_24_pages_and_240_sends_survive_it_all_on_sqlite(
    tmp_path: pathlib.Path, own_redis: services.Redis
) -> None:
    with servers.Server(tmp_path, workers=2, broadcast=own_redis.url) as server:
        async with oracles.crowd(server, size=6, pages=24) as crowd:
            steps: dict[str, Callable[[], object]] = {
                "a worker dies": server.kill_worker,
                "redis dies": own_redis.kill,
                "redis comes back": own_redis.start,
                "the other worker dies": lambda: server.kill_worker(1),
                "redis hangs": own_redis.pause,
                "redis goes on": own_redis.resume,
                "redis restarts": own_redis.restart,
            }
            await everything(crowd, steps, every=30)
            await crowd.all_live(within=10)
            stored = await crowd.converges()
            assert len(stored) == 241


async def test_24_pages_and_240_sends_survive_it_all_on_postgresql(
    tmp_path: pathlib.Path, own_redis: services.Redis, own_postgres: services.Postgres
) -> None:
    url = own_postgres.new_database()
    with servers.Server(tmp_path, workers=2, broadcast=own_redis.url, database=url) as server:
        async with oracles.crowd(server, size=6, pages=24) as crowd:
            steps: dict[str, Callable[[], object]] = {
                "a worker dies": server.kill_worker,
                "redis dies": own_redis.kill,
                "postgresql restarts": own_postgres.restart,
                "redis comes back": own_redis.start,
                "the other worker dies": lambda: server.kill_worker(1),
                "redis hangs": own_redis.pause,
                "postgresql restarts again": own_postgres.restart,
                "redis goes on": own_redis.resume,
                "redis restarts": own_redis.restart,
            }
            await everything(crowd, steps, every=24)
            await crowd.all_live(within=10)
            stored = await crowd.converges()
            assert len(stored) == 241
