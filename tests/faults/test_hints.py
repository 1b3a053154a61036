"""Hints that get lost, come twice, late, or after a later one, on their way from Redis."""

import asyncio
import collections
import contextlib
import pathlib
import random
from collections.abc import AsyncIterator

import pytest

from tests import servers, services, visitors
from tests.faults import oracles

pytestmark = pytest.mark.anyio

KINDS = ("dropped", "doubled", "delayed", "swapped")
SHARE = 0.3
LATE_SECONDS = 0.5
HINT = b"*3\r\n$7\r\nmessage\r\n"


class Mischief:
    """Stands between the workers and Redis, and does four things to hints; the rest passes."""

    def __init__(self, redis: services.Redis, seed: int) -> None:
        self.done: collections.Counter[str] = collections.Counter()
        self.url = ""
        self._redis = redis
        self._chance = random.Random(seed)

    @contextlib.asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Listen at `url`; ends when those who came have left."""
        async with asyncio.TaskGroup() as group:

            def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                group.create_task(self._serve(reader, writer))

            async with await asyncio.start_server(serve, "127.0.0.1") as listener:
                self.url = f"redis://127.0.0.1:{listener.sockets[0].getsockname()[1]}/0"
                yield

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, requests = await asyncio.open_connection("127.0.0.1", self._redis.port)
        async with asyncio.TaskGroup() as group:
            group.create_task(ask(reader, requests))
            with contextlib.closing(writer), contextlib.suppress(OSError, EOFError):
                await self._answer(answers, writer)

    async def _answer(self, redis: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held: list[bytes] = []
        while True:
            answer = await read_answer(redis)
            if not answer.startswith(HINT):
                writer.write(answer)
            elif self._happens("dropped"):
                continue
            elif not held and self._happens("swapped"):
                held.append(answer)
            else:
                for hint in (answer, *held):
                    self._pass(hint, writer)
                held.clear()

    def _pass(self, hint: bytes, writer: asyncio.StreamWriter) -> None:
        for _ in range(2 if self._happens("doubled") else 1):
            if self._happens("delayed"):
                late = self._chance.uniform(0, LATE_SECONDS)
                asyncio.get_running_loop().call_later(late, writer.write, hint)
            else:
                writer.write(hint)

    def _happens(self, what: str) -> bool:
        happens = self._chance.random() < SHARE
        self.done[what] += happens
        return happens


async def ask(reader: asyncio.StreamReader, redis: asyncio.StreamWriter) -> None:
    """Tell Redis everything a worker says, until it ends."""
    with contextlib.closing(redis), contextlib.suppress(OSError):
        while request := await reader.read(2**16):
            redis.write(request)


async def read_answer(redis: asyncio.StreamReader) -> bytes:
    """One answer of Redis' as it came, arrays with all that is in them."""
    line = await redis.readuntil(b"\r\n")
    match line[:1]:
        case b"$" if line != b"$-1\r\n":
            return line + await redis.readexactly(int(line[1:]) + 2)
        case b"*":
            return line + b"".join([await read_answer(redis) for _ in range(int(line[1:]))])
    return line


async def test_hints_lost_doubled_delayed_and_reordered_double_and_disorder_nothing(
    tmp_path: pathlib.Path, redis: services.Redis
) -> None:
    mischief = Mischief(redis, seed=1)
    async with mischief.at_work():
        with servers.Server(tmp_path, workers=2, broadcast=mischief.url) as server:
            async with oracles.crowd(server, size=4, pages=12) as crowd:

                async def until_it_is_enough() -> None:
                    await visitors.eventually(
                        lambda: all(mischief.done[kind] >= 30 for kind in KINDS),
                        "each was done to 30 hints",
                    )

                await crowd.talk_through(until_it_is_enough(), pause=0.05)
                await crowd.converges()
                # A harmed hint matters most when no other follows it.
                for seed in range(8):
                    await crowd.talk(1, seed=seed, pause=0)
                    await crowd.converges()
                assert all(page.closings == [] for page in crowd.pages), "no socket was closed"
