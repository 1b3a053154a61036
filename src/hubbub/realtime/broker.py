"""Tells every process that something happened; what happened, each reads from the database.

A hint is a few characters on one Redis channel that all processes hold. It may get lost, doubled
or reordered, and Redis may be away altogether: whoever listens also asks the database every
second, and at once after every `on_resync`.

This module is the one importer of `broadcaster`. Its Redis backend stops listening for ever at the
first lost connection or undecodable payload, so it is given one of ours.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Callable, Iterable
from typing import Any

import broadcaster
from broadcaster import BroadcastBackend
from redis import asyncio as redis
from redis.asyncio import retry
from redis.backoff import NoBackoff

log = logging.getLogger(__name__)

CHANNEL = "hubbub"

PUBLISH_SECONDS = 0.25  # after that the hint is dropped, and the others find out by themselves
CONNECT_SECONDS = 2.0
PING_SECONDS = 1.0
SILENCE_SECONDS = 3.0  # a Redis that has not answered for so long is taken for dead
BACKOFF_SECONDS = (0.05, 2.0)


class Broker:
    """Publishes hints and hears those of the other processes (and its own)."""

    def __init__(
        self, url: str, *, on_hint: Callable[[str], None], on_resync: Callable[[], None]
    ) -> None:
        self._on_hint = on_hint
        self._on_resync = on_resync
        self._backend = None if url.startswith("memory:") else _Redis(url, self._resync)
        self._broadcast: broadcaster.Broadcast | None = None
        self._waiting: dict[str, str] = {}
        self._awake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def healthy(self) -> bool:
        """Whether Redis answered a probe in the last seconds; in one process, always."""
        return self._backend is None or self._backend.healthy

    async def start(self) -> None:
        """Returns at once; `on_resync` tells when hints begin to arrive."""
        if self._backend is None:
            self._resync()
            return
        self._broadcast = broadcaster.Broadcast(backend=self._backend)
        await self._broadcast.connect()
        self._tasks = [
            asyncio.create_task(self._hear(self._broadcast), name="broker:hear"),
            asyncio.create_task(self._send(self._broadcast), name="broker:send"),
        ]

    async def stop(self) -> None:
        """Drops what waits, and leaves neither tasks nor connections behind."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        if self._broadcast is not None:
            await self._broadcast.disconnect()

    def publish(self, hint: str, key: str | None = None) -> None:
        """Sends a hint as soon as may be; of those with one key that still wait, the newest."""
        if self._backend is None:
            asyncio.get_running_loop().call_soon(self._tell, hint)
            return
        self._waiting[hint if key is None else key] = hint
        self._awake.set()

    async def _send(self, broadcast: broadcaster.Broadcast) -> None:
        while True:
            await self._awake.wait()
            self._awake.clear()
            hints, self._waiting = list(self._waiting.values()), {}
            # Nobody waits for this, and no failure of it may reach anybody.
            try:
                async with asyncio.timeout(PUBLISH_SECONDS):
                    await broadcast.publish(CHANNEL, hints)
            except (OSError, redis.RedisError) as error:
                log.debug("%s hints were dropped: %s", len(hints), error)
            except Exception:
                log.exception("%s hints were dropped", len(hints))

    async def _hear(self, broadcast: broadcaster.Broadcast) -> None:
        async with broadcast.subscribe(CHANNEL) as subscriber:
            while True:
                event = await subscriber.get()
                self._tell(event.message)

    def _tell(self, hint: str) -> None:
        try:
            self._on_hint(hint)
        except Exception:
            log.exception("a hint could not be taken")

    def _resync(self) -> None:
        try:
            self._on_resync()
        except Exception:
            log.exception("a resync could not be done")


class _Redis(BroadcastBackend):
    """A backend whose one supervisor owns the connection, and makes it anew after any error."""

    def __init__(self, url: str, on_resync: Callable[[], None]) -> None:
        options: dict[str, Any] = {
            "protocol": 2,  # answers and messages come one after the other, as plain lists
            "socket_connect_timeout": CONNECT_SECONDS,
            # Otherwise redis-py writes through asyncio.wait_for, which on Python 3.11 swallows a
            # cancellation that comes at the wrong moment: stopping would wait for ever.
            "socket_timeout": None,
            "retry": retry.Retry(NoBackoff(), 0),  # the supervisor does it
        }
        self._listening = redis.ConnectionPool.from_url(url, **options)
        self._publishing = redis.Redis.from_url(url, **options)
        self._on_resync = on_resync
        self._wanted: set[str] = set()
        self._changed = asyncio.Event()
        self._arrived: asyncio.Queue[broadcaster.Event] = asyncio.Queue()
        self._heard_at = float("-inf")
        self._supervisor: asyncio.Task[None] | None = None

    @property
    def healthy(self) -> bool:
        return time.monotonic() - self._heard_at < SILENCE_SECONDS

    async def connect(self) -> None:
        self._supervisor = asyncio.create_task(self._supervise(), name="broker:supervisor")

    async def disconnect(self) -> None:
        if self._supervisor is not None:
            self._supervisor.cancel()
            await asyncio.gather(self._supervisor, return_exceptions=True)
        await self._publishing.aclose()

    async def subscribe(self, channel: str) -> None:
        # Suspending here would let a leave overtake a join: the supervisor does what it takes.
        self._wanted.add(channel)
        self._changed.set()

    async def unsubscribe(self, channel: str) -> None:
        self._wanted.discard(channel)
        self._changed.set()

    async def publish(self, channel: str, message: Iterable[str]) -> None:
        """Sends several messages in one go."""
        async with self._publishing.pipeline(transaction=False) as pipeline:
            for text in message:
                pipeline.publish(channel, text)
            await pipeline.execute()

    async def next_published(self) -> broadcaster.Event:
        return await self._arrived.get()

    async def _supervise(self) -> None:
        shortest, longest = BACKOFF_SECONDS
        pause = shortest
        while True:
            began = time.monotonic()
            try:
                await self._converse()
            except* (OSError, redis.RedisError) as lost:
                log.warning("no connection to Redis: %s", lost.exceptions[0])
            except* Exception:
                log.exception("listening to Redis failed")
            if time.monotonic() - began > longest:
                pause = shortest
            # Many processes lose their connection at once; they shall not all come back at once.
            await asyncio.sleep(random.uniform(pause / 2, pause))  # noqa: S311
            pause = min(pause * 2, longest)

    async def _converse(self) -> None:
        """Lives as long as one connection does; only ever ends with an exception."""
        connection = self._listening.make_connection()  # type: ignore[no-untyped-call]
        try:
            async with asyncio.timeout(SILENCE_SECONDS):
                await connection.connect()
            async with asyncio.TaskGroup() as both:
                both.create_task(self._talk(connection), name="broker:talk")
                both.create_task(self._listen(connection), name="broker:listen")
        finally:
            self._heard_at = float("-inf")
            await connection.disconnect(nowait=True)

    async def _talk(self, connection: redis.Connection) -> None:
        """Asks for the wanted channels, and every second whether anybody is there."""
        held: set[str] = set()
        while True:
            self._changed.clear()
            wanted = set(self._wanted)
            for command, channels in (
                ("SUBSCRIBE", wanted - held),
                ("UNSUBSCRIBE", held - wanted),
                ("PING", {"?"}),
            ):
                if channels:
                    await connection.send_command(command, *channels, check_health=False)
            held = wanted
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PING_SECONDS):
                    await self._changed.wait()

    async def _listen(self, connection: redis.Connection) -> None:
        while True:
            answer = await connection.read_response(
                disable_decoding=True, timeout=SILENCE_SECONDS, disconnect_on_error=False
            )
            if answer is None:
                raise redis.TimeoutError(f"no answer for {SILENCE_SECONDS:g} s")
            self._heard_at = time.monotonic()
            match answer:
                case [b"subscribe", *_]:
                    # Whatever was said before Redis acknowledged has been missed.
                    self._on_resync()
                case [b"message", channel, message]:
                    self._arrive(channel, message)

    def _arrive(self, channel: bytes, message: bytes) -> None:
        # Anybody who can reach Redis can publish anything.
        with contextlib.suppress(UnicodeDecodeError):
            self._arrived.put_nowait(broadcaster.Event(channel.decode(), message.decode()))
