"""Hints reach every process while Redis lives, and come back by themselves after it was away."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Iterator

import broadcaster
import pytest
from redis import asyncio as redis_client

from hubbub.realtime import broker
from tests import services

pytestmark = pytest.mark.anyio


class Ear:
    """A process, as far as the broker is concerned: what it heard, and when it must look itself."""

    def __init__(self, url: str) -> None:
        self.hints: list[str] = []
        self.resyncs = 0
        self.broker = broker.Broker(url, on_hint=self.hints.append, on_resync=self._resync)

    def _resync(self) -> None:
        self.resyncs += 1

    async def hears(self, hint: str) -> None:
        await until(lambda: hint in self.hints)

    async def listens(self, times: int = 1) -> None:
        await until(lambda: self.resyncs >= times)


async def until(condition: Callable[[], bool], within: float = 10.0) -> None:
    async with asyncio.timeout(within):
        while not condition():
            await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def ear(url: str) -> AsyncIterator[Ear]:
    """A broker that is started, listens, and is stopped in the end."""
    made = Ear(url)
    await made.broker.start()
    try:
        yield made
    finally:
        async with asyncio.timeout(5):
            await made.broker.stop()


@pytest.fixture
def own_redis() -> Iterator[services.Redis]:
    """A Redis to be hurt."""
    with services.Redis() as running:
        yield running


async def test_a_hint_reaches_every_process_and_its_sender(redis: services.Redis) -> None:
    async with ear(redis.url) as one, ear(redis.url) as other:
        await one.listens()
        await other.listens()
        one.broker.publish("7:1")
        await one.hears("7:1")
        await other.hears("7:1")


async def test_the_first_listener_is_never_deaf(redis: services.Redis) -> None:
    for attempt in range(20):
        async with ear(redis.url) as first:
            await first.listens()
            first.broker.publish(f"attempt {attempt}")
            await first.hears(f"attempt {attempt}")


async def test_of_hints_with_one_key_the_newest_goes_out(redis: services.Redis) -> None:
    async with ear(redis.url) as one:
        await one.listens()
        for seq in range(500):
            one.broker.publish(f"7:{seq}", key="7")
        one.broker.publish("8:1", key="8")
        await one.hears("8:1")
        assert one.hints == ["7:499", "8:1"]


async def test_hints_of_many_rooms_arrive_complete_and_in_order(redis: services.Redis) -> None:
    async with ear(redis.url) as one, ear(redis.url) as other:
        await one.listens()
        await other.listens()
        sent = [f"{room}:1" for room in range(2_000)]
        for hint in sent:
            one.broker.publish(hint)
        await other.hears(sent[-1])
        assert other.hints == sent


async def test_in_one_process_a_hint_is_a_function_call() -> None:
    async with ear("memory://") as one:
        assert one.resyncs == 1
        assert one.broker.healthy
        one.broker.publish("7:1", key="7")
        await one.hears("7:1")


async def test_a_killed_redis_is_found_again(
    own_redis: services.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger=broker.__name__)
    async with ear(own_redis.url) as one, ear(own_redis.url) as other:
        for times in range(1, 4):
            await one.listens(times)
            await other.listens(times)
            one.broker.publish(f"before {times}")
            await other.hears(f"before {times}")
            own_redis.kill()
            await until(lambda: not one.broker.healthy and not other.broker.healthy)
            one.broker.publish("nobody is there")
            # One that still waits when Redis comes back may reach the others, and does no harm.
            await until(lambda times=times: caplog.text.count("hints were dropped") == times)
            own_redis.start()
        await one.listens(4)
        await other.listens(4)
        other.broker.publish("after")
        await one.hears("after")
        assert "nobody is there" not in other.hints


async def test_it_starts_without_redis_and_listens_once_redis_is_there() -> None:
    with services.Redis() as away:
        away.stop()
        async with ear(away.url) as one:
            one.broker.publish("into the void")
            assert not one.broker.healthy
            away.start()
            await one.listens()
            one.broker.publish("7:1")
            await one.hears("7:1")
            await until(lambda: one.broker.healthy)


async def test_a_paused_redis_delays_nobody_and_is_noticed(own_redis: services.Redis) -> None:
    async with ear(own_redis.url) as one:
        await one.listens()
        own_redis.pause()
        try:
            for seq in range(10_000):
                one.broker.publish(f"7:{seq}", key="7")
            await until(lambda: not one.broker.healthy, within=broker.SILENCE_SECONDS + 2)
        finally:
            own_redis.resume()
        await one.listens(2)
        one.broker.publish("awake")
        await one.hears("awake")


async def test_dropped_connections_are_made_anew(own_redis: services.Redis) -> None:
    async with ear(own_redis.url) as one:
        for times in range(1, 6):
            await one.listens(times)
            one.broker.publish(f"hint {times}")
            await one.hears(f"hint {times}")
            own_redis.drop_clients()
        await one.listens(6)


async def test_what_is_no_text_is_ignored(redis: services.Redis) -> None:
    stranger = redis_client.Redis.from_url(redis.url)
    async with ear(redis.url) as one, stranger:
        await one.listens()
        await stranger.publish(broker.CHANNEL, b"\xff\xfe\x00")
        await stranger.publish(broker.CHANNEL, b"\xed\xa0\x80")
        await stranger.publish(broker.CHANNEL, b"fence")
        await one.hears("fence")
        assert one.hints == ["fence"]
        assert one.resyncs == 1


async def test_a_listener_that_fails_goes_on_listening(
    redis: services.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[str] = []

    def choke(hint: str) -> None:
        heard.append(hint)
        raise ValueError(hint)

    listening = asyncio.Event()
    fragile = broker.Broker(redis.url, on_hint=choke, on_resync=listening.set)
    await fragile.start()
    try:
        await listening.wait()
        with caplog.at_level(logging.CRITICAL, logger=broker.__name__):
            fragile.publish("one")
            fragile.publish("two")
            await until(lambda: heard == ["one", "two"])
    finally:
        await fragile.stop()


@pytest.mark.parametrize("state", ["running", "paused", "gone"])
async def test_stopping_leaves_nothing_behind(own_redis: services.Redis, state: str) -> None:
    before = asyncio.all_tasks()
    async with ear(own_redis.url) as one:
        await one.listens()
        if state == "paused":
            own_redis.pause()
        if state == "gone":
            own_redis.kill()
            await until(lambda: not one.broker.healthy)
        one.broker.publish("7:1")
    own_redis.resume()
    await until(lambda: asyncio.all_tasks() == before)


async def test_stopping_before_the_first_step_leaves_nothing_behind(redis: services.Redis) -> None:
    before = asyncio.all_tasks()
    async with ear(redis.url):
        pass
    await until(lambda: asyncio.all_tasks() == before)


@pytest.mark.parametrize("harm", ["a dropped connection", "a payload that is no text"])
async def test_as_the_package_comes_it_goes_deaf_for_ever(
    own_redis: services.Redis, harm: str
) -> None:
    """Why the backend is ours: publishing succeeds, while the subscriber waits for ever."""
    stock = broadcaster.Broadcast(own_redis.url)
    await stock.connect()
    listener: asyncio.Task[None] = stock._backend._listener  # type: ignore[attr-defined]
    # With redis-py 8 the first subscription of a connection hears nothing to begin with.
    async with stock.subscribe("deaf"), stock.subscribe(broker.CHANNEL) as subscriber:
        await stock.publish(broker.CHANNEL, "7:1")
        assert (await subscriber.get()).message == "7:1"
        async with ear(own_redis.url) as ours:
            await ours.listens()
            if harm == "a dropped connection":
                own_redis.drop_clients()
                await ours.listens(2)
            else:
                await stock.publish(broker.CHANNEL, b"\xff")
            await asyncio.wait([listener], timeout=5)
            assert isinstance(listener.exception(), redis_client.ConnectionError | UnicodeError)
            ours.broker.publish("7:2")
            await ours.hears("7:2")
        assert subscriber._queue.empty()
    with contextlib.suppress(redis_client.RedisError, UnicodeError):
        await stock.disconnect()
