"""Clients that do not read, do not answer, vanish all at once, or talk nonsense."""

import asyncio
import contextlib
import json
import pathlib
import socket
import time
from collections.abc import AsyncIterator, Callable

import pytest
import websockets
from websockets.asyncio.client import ClientConnection

from tests import servers, visitors
from tests.faults import oracles

pytestmark = pytest.mark.anyio


def nested(depth: int) -> str:
    return '{"op":"beat","x":' + "[" * depth + "]" * depth + "}"


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
                    lambda: server.descriptors() <= at_rest + 2, "they are freed", within=38
                )
            await crowd.converges()
            assert all(page.closings == [] for page in crowd.pages)


async def test_two_hundred_sockets_dropped_at_once_come_back_without_a_gap(
    tmp_path: pathlib.Path,
) -> None:
    with servers.Server(tmp_path) as server:
        async with oracles.crowd(server, size=3, pages=3) as crowd:
            await crowd.talk(2, seed=2, pause=0)
            pages = [visitors.Page(crowd.people[n % 3], crowd.room) for n in range(200)]
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
                lambda: server.descriptors() <= at_rest - 180, "their descriptors are back"
            )


MALFORMED: dict[str, tuple[str | bytes, set[int]]] = {
    "binary": (b'{"op":"beat"}', {1003, 1007, 1008}),
    "empty binary": (b"", {1003, 1007, 1008}),
    "oversized": ('{"op":"beat","x":"' + "x" * 5000 + '"}', {1009}),
    "far oversized": ("x" * 200_000, {1009}),
    "not JSON": ("hello", {1007, 1008}),
    "empty": ("", {1007, 1008}),
    "half JSON": ('{"op":"beat"', {1007, 1008}),
    "a list": ('["beat"]', {1007, 1008}),
    "a number": ("1", {1007, 1008}),
    "null": ("null", {1007, 1008}),
    "duplicate keys": ('{"op":"beat","op":"typing"}', {1007, 1008}),
    "not a number": ('{"op":"beat","x":NaN}', {1007, 1008}),
    "infinity": ('{"op":"beat","x":-Infinity}', {1007, 1008}),
    "lone surrogate": ('{"op":"beat","x":"\\ud800"}', {1007, 1008}),
    "NUL": ('{"op":"beat","x":"a\\u0000b"}', {1007, 1008}),
    "nested": (nested(1500), {1007, 1008}),
}


@pytest.mark.parametrize("what", MALFORMED)
async def test_a_malformed_frame_closes_its_own_socket_and_no_other(
    shared: servers.Server, what: str
) -> None:
    frame, codes = MALFORMED[what]
    async with neighbours(shared) as (alice, room, page):
        async with alice.bare_socket(room) as socket:
            await socket.send('{"op":"hello","after":""}')
            await send_even_if_closing(socket, lambda: socket.send(frame))
            assert await visitors.raises_close(socket) in codes
        # Before the hello it is no different.
        async with alice.bare_socket(room) as socket:
            await send_even_if_closing(socket, lambda: socket.send(frame))
            assert await visitors.raises_close(socket) in codes
        await alice.say(room, f"all is well after {what}")
        await page.shows(f"all is well after {what}")
        assert page.closings == []


async def send_even_if_closing(socket: ClientConnection, send: Callable[[], object]) -> None:
    """A server that has had enough may close while a long frame is still on its way."""
    with contextlib.suppress(websockets.ConnectionClosed):
        result = send()
        if asyncio.iscoroutine(result):
            await result


@contextlib.asynccontextmanager
async def neighbours(
    server: servers.Server,
) -> AsyncIterator[tuple[visitors.Person, str, visitors.Page]]:
    """Someone with a room and a page that must not notice anything."""
    async with visitors.Person(server, "alice") as alice:
        if (await alice.login()).status_code != 303:
            await alice.arrive()
        room = await alice.create("Neighbours")
        async with alice.watching(room) as page:
            yield alice, room, page


BYTES = {
    "bad UTF-8": (b"\x81\x84\x00\x00\x00\x00\xff\xfe\xfd\xfc", {1007}),
    "an unmasked frame": (b"\x81\x02{}", {1002}),
    "a reserved opcode": (b"\x83\x80\x00\x00\x00\x00", {1002}),
    "reserved bits": (b"\xf1\x80\x00\x00\x00\x00", {1002}),
    "a continuation of nothing": (b"\x80\x80\x00\x00\x00\x00", {1002}),
    "a fragmented ping": (b"\x09\x80\x00\x00\x00\x00", {1002}),
    "a long ping": (b"\x89\xfe\x00\x80" + b"\0" * 132, {1002}),
    "a length of 2^63": (b"\x81\xff" + b"\xff" * 8 + b"\0" * 4, {1002, 1009}),
    "a huge length": (b"\x81\xff" + b"\x00\x00\x7f\xff\xff\xff\xff\xff" + b"\0" * 4, {1009}),
    "HTTP": (b"GET / HTTP/1.1\r\n\r\n" * 20, {1002, 1007, 1009}),
}


@pytest.mark.parametrize("what", BYTES)
async def test_broken_bytes_close_their_own_socket_and_no_other(
    shared: servers.Server, what: str
) -> None:
    raw, codes = BYTES[what]
    async with neighbours(shared) as (alice, room, page):
        async with alice.bare_socket(room) as socket:
            await socket.send('{"op":"hello","after":""}')
            socket.transport.write(raw)
            assert await visitors.raises_close(socket) in codes | {1006}
        await alice.say(room, f"all is well after {what}")
        await page.shows(f"all is well after {what}")
        assert page.closings == []


async def test_a_fragmented_frame_is_one_frame(shared: servers.Server) -> None:
    async with neighbours(shared) as (alice, room, page):
        async with alice.bare_socket(room) as socket:
            await socket.send(iter(['{"op":', '"hello",', '"after":""}']))
            await socket.send(iter(['{"op"', ':"beat"}']))
            frame = await asyncio.wait_for(socket.recv(), 5)
            assert 'id="cursor"' in str(frame)
        assert page.closings == []


async def test_frames_of_endless_fragments_are_cut_off(shared: servers.Server) -> None:
    async with neighbours(shared) as (alice, room, page):
        async with alice.bare_socket(room) as socket:
            with contextlib.suppress(websockets.ConnectionClosed):
                await socket.send(iter(["x" * 100] * 1000))
            assert await visitors.raises_close(socket) in (1009, 1006)
        assert page.closings == []


async def test_what_comes_after_the_close_is_ignored(shared: servers.Server) -> None:
    async with neighbours(shared) as (alice, room, page):
        async with alice.bare_socket(room) as socket:
            await socket.send('{"op":"hello","after":""}')
            # A close frame, and then a beat that must not be answered or crash anything.
            beat = json.dumps({"op": "beat"}).encode()
            socket.transport.write(b"\x88\x82\0\0\0\0\x03\xe8")
            socket.transport.write(bytes([0x81, 0x80 | len(beat)]) + b"\0" * 4 + beat)
            assert await visitors.raises_close(socket) in (1000, 1002, 1006)
        await alice.say(room, "all is well")
        await page.shows("all is well")
        assert page.closings == []


async def test_a_flood_of_frames_closes_only_the_flooder(shared: servers.Server) -> None:
    async with neighbours(shared) as (alice, room, page):
        async with alice.bare_socket(room) as socket:
            await socket.send('{"op":"hello","after":""}')
            with contextlib.suppress(websockets.ConnectionClosed):
                for _ in range(3000):
                    await socket.send('{"op":"typing"}')
            await alice.say(room, "still quick")
            await page.shows("still quick", within=3)
        assert page.closings == []


@pytest.mark.parametrize("frame", ["{}", '{"op":"fly"}', '{"op":["beat"]}', '{"op":{"beat":1}}'])
async def test_an_op_nobody_knows_is_ignored(shared: servers.Server, frame: str) -> None:
    async with neighbours(shared) as (alice, room, page), alice.bare_socket(room) as socket:
        await socket.send('{"op":"hello","after":""}')
        await socket.send(frame)
        await socket.send('{"op":"beat"}')
        assert 'id="cursor"' in str(await asyncio.wait_for(socket.recv(), 5))
        assert page.closings == []


async def test_a_second_hello_doubles_nothing(shared: servers.Server) -> None:
    async with neighbours(shared) as (alice, room, page):
        await alice.say(room, "once")
        await page.shows("once")
        await page.send(op="hello", after="")
        await alice.say(room, "and once")
        await page.meets(lambda: "and once" in page.texts, "shows it")
        assert page.texts == ["once", "and once"]


async def test_requests_that_never_end_hold_up_nobody(shared: servers.Server) -> None:
    async with neighbours(shared) as (alice, room, page):
        port = shared.port
        hanging = [await asyncio.open_connection("127.0.0.1", port) for _ in range(20)]
        for _, writer in hanging:
            writer.write(f"POST {room}/messages HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n".encode())
            writer.write(b"Content-Length: 500\r\n\r\nbody=")
        await alice.say(room, "not held up")
        await page.shows("not held up", within=3)
        for _, writer in hanging:
            writer.close()
