"""Clients that do not read, do not answer, do not finish, or vanish all at once."""

import asyncio
import contextlib
import pathlib
import resource
import socket
import time
from collections.abc import AsyncIterator, Iterator

import pytest
from websockets.asyncio.client import ClientConnection

from tests import servers, visitors
from tests.faults import oracles

pytestmark = pytest.mark.anyio


@contextlib.asynccontextmanager
async def tight_socket(person: visitors.Person, room: str) -> AsyncIterator[ClientConnection]:
    """A socket whose kernel keeps next to nothing for its reader."""
    port = int(person.server.url.rpartition(":")[2])
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    narrow.setblocking(False)
    await asyncio.get_running_loop().sock_connect(narrow, ("127.0.0.1", port))
    async with person.connection(room, sock=narrow) as connection:
        yield connection
        connection.transport.abort()


async def test_clients_that_never_read_are_gone_soon_and_cost_nothing(
    tmp_path: pathlib.Path,
) -> None:
    with servers.Server(tmp_path) as server:
        async with oracles.crowd(server, size=2, pages=4) as crowd:
            await crowd.talk(3, seed=1, pause=0)
            at_rest, memory = server.descriptors(), server.memory()
            async with contextlib.AsyncExitStack() as stack:
                for _ in range(30):
                    stuck = await stack.enter_async_context(tight_socket(crowd.owner, crowd.room))
                    await stuck.send('{"op":"hello","after":""}')
                    stuck.transport.pause_reading()
                started = time.monotonic()
                place = 0
                # Big messages, until the server has let go of everyone who does not read.
                while server.descriptors() > at_rest + 4:
                    place += 1
                    text = f"big {place} " + "&" * 3900
                    crowd.sent.append(await crowd.owner.say(crowd.room, text))
                    for page in crowd.pages:
                        await page.shows(text, within=2)
                    assert time.monotonic() - started < 30, "they are still there"
                    await asyncio.sleep(0.2)
                # 30 sockets with 256 KiB each and what Python keeps for itself.
                assert server.memory() - memory < 60 * 2**20
            await crowd.converges()


async def test_half_open_clients_are_freed_within_36_seconds(tmp_path: pathlib.Path) -> None:
    with servers.Server(tmp_path) as server:
        async with oracles.crowd(server, size=2, pages=2) as crowd:
            at_rest = server.descriptors()
            async with contextlib.AsyncExitStack() as stack:
                for _ in range(10):
                    silent = await stack.enter_async_context(
                        tight_socket(crowd.people[1], crowd.room)
                    )
                    await silent.send('{"op":"hello","after":""}')
                    silent.transport.pause_reading()  # no ping is answered any more
                assert server.descriptors() >= at_rest + 8
                await visitors.eventually(
                    lambda: server.descriptors() <= at_rest + 2, "they are freed", within=40
                )
            await crowd.converges()
            assert all(page.closings == [] for page in crowd.pages)


class WithFewDescriptors(servers.Server):
    """A server started where a process has 1,024 of them unless it asks for more."""

    def command(self) -> list[str]:
        return ["prlimit", "--nofile=1024:", *super().command()]


@pytest.fixture
def many_descriptors() -> Iterator[None]:
    """Enough of them for the test's own side of two thousand sockets."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_descriptors")
async def test_two_thousand_sockets_dropped_at_once_come_back_without_a_gap(
    tmp_path: pathlib.Path,
) -> None:
    with WithFewDescriptors(tmp_path) as server:
        async with oracles.crowd(server, size=3, pages=3) as crowd:
            await crowd.talk(2, seed=2, pause=0)
            pages = [visitors.Page(crowd.people[n % 3], crowd.room) for n in range(2_000)]
            gate = asyncio.Semaphore(20)

            async def open_page(page: visitors.Page) -> None:
                async with gate:
                    await page.load()
                    await page.is_live(within=30)

            await asyncio.gather(*(open_page(page) for page in pages))
            try:
                at_rest = server.descriptors()
                for page in pages:
                    await page.drop()
                dropped = time.monotonic()
                await crowd.talk(5, seed=3, pause=0.05)
                stored = await crowd.converges()
                for page in pages:
                    await page.is_live(within=15)
                    await page.equals(stored)
                assert time.monotonic() - dropped < 25
                assert server.descriptors() <= at_rest + 20
            finally:
                for page in pages:
                    await page.close()
            await visitors.eventually(
                lambda: server.descriptors() <= at_rest - 3_600, "their descriptors are back"
            )


async def test_requests_that_never_end_hold_up_nobody(shared: servers.Server) -> None:
    async with oracles.neighbours(shared) as (alice, room, page):
        port = shared.port
        hanging = [await asyncio.open_connection("127.0.0.1", port) for _ in range(20)]
        for _, writer in hanging:
            writer.write(f"POST {room}/messages HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n".encode())
            writer.write(b"Content-Length: 500\r\n\r\nbody=")
        await alice.say(room, "not held up")
        await page.shows("not held up", within=3)
        for _, writer in hanging:
            writer.close()
