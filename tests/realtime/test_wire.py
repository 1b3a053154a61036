"""Frames on real sockets: whole, in order, and never waited for."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
import os
import socket
from collections.abc import AsyncIterator, Callable

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from hubbub.realtime import protocol, wire

pytestmark = pytest.mark.anyio


class Site:
    """A server on a free port that hands its websocket's sender to the test."""

    def __init__(self) -> None:
        self.senders: asyncio.Queue[wire.Sender] = asyncio.Queue()
        self.heard: list[str] = []
        self.ended: asyncio.Queue[int] = asyncio.Queue()
        self.port = 0

    async def endpoint(self, websocket: WebSocket) -> None:
        await websocket.accept()
        self.senders.put_nowait(wire.sender(websocket))
        while (message := await websocket.receive())["type"] == "websocket.receive":
            self.heard.append(message.get("text") or "")
        self.ended.put_nowait(message["code"])


@contextlib.asynccontextmanager
async def served(*, ws: object) -> AsyncIterator[Site]:
    site = Site()
    app = Starlette(routes=[WebSocketRoute("/", site.endpoint)])
    listening = protocol.listen("127.0.0.1", 0)
    site.port = listening.getsockname()[1]
    settings = uvicorn.Config(
        app, ws=ws, ws_max_size=4096, ws_per_message_deflate=False, log_config=None
    )  # type: ignore[arg-type]
    server = uvicorn.Server(settings)
    task = asyncio.create_task(server._serve([listening]))
    await until(lambda: server.started)
    try:
        yield site
    finally:
        server.should_exit = True
        await task


async def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.fixture(params=[protocol.LiveProtocol, "websockets-sansio"], ids=["direct", "plain"])
async def site(request: pytest.FixtureRequest) -> AsyncIterator[Site]:
    async with served(ws=request.param) as made:
        yield made


@pytest.fixture
async def direct() -> AsyncIterator[Site]:
    async with served(ws=protocol.LiveProtocol) as made:
        yield made


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65_535, 65_536, 200_000])
async def test_a_frame_of_any_length_arrives_whole(site: Site, length: int) -> None:
    async with connect(f"ws://127.0.0.1:{site.port}/", max_size=None) as client:
        sender = await site.senders.get()
        assert sender.push(wire.Frame(b"x" * length))
        assert await client.recv() == "x" * length


async def test_frames_arrive_in_the_order_in_which_they_were_pushed(site: Site) -> None:
    async with connect(f"ws://127.0.0.1:{site.port}/") as client:
        sender = await site.senders.get()
        for number in range(200):
            await until(lambda: sender.blocked_since is None)
            assert sender.push(wire.Frame(str(number).encode()))
        assert [await client.recv() for _ in range(200)] == [str(n) for n in range(200)]


async def test_close_codes_reach_the_client(site: Site) -> None:
    async with connect(f"ws://127.0.0.1:{site.port}/") as client:
        (await site.senders.get()).finish(4403)
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4403


async def test_nothing_is_taken_after_the_end(site: Site) -> None:
    async with connect(f"ws://127.0.0.1:{site.port}/"):
        sender = await site.senders.get()
        sender.finish(4401)
        await site.ended.get()
        assert not sender.push(wire.Frame(b"late"))


class Raw:
    """A client of bare bytes, which reads only when it is told to."""

    def __init__(self, port: int) -> None:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        self.socket.connect(("127.0.0.1", port))
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def read_all(self, length: int) -> bytes:
        found = b""
        while len(found) < length and (part := self.socket.recv(1 << 16)):
            found += part
        return found


async def test_a_peer_that_does_not_read_blocks_its_socket_and_gets_everything_later(
    direct: Site,
) -> None:
    raw = await asyncio.to_thread(Raw, direct.port)
    sender = await direct.senders.get()
    frames = [wire.Frame(bytes([65 + number % 26]) * 10_000) for number in range(100)]
    taken, waiting = [], list(frames)
    while waiting and sender.push(waiting[0]):
        taken.append(waiting.pop(0))
    assert 0 < len(taken) < len(frames)
    assert sender.blocked_since is not None
    sender.on_writable = lambda: drain()

    def drain() -> None:
        while waiting and sender.push(waiting[0]):
            taken.append(waiting.pop(0))

    expected = b"".join(frame.wire for frame in frames)
    head = await asyncio.to_thread(raw.socket.recv, 1024, socket.MSG_PEEK)
    start = head.index(b"\r\n\r\n") + 4
    received = await asyncio.to_thread(raw.read_all, start + len(expected))
    assert received[start:] == expected
    raw.socket.close()


async def test_closing_a_blocked_socket_does_not_wait_for_its_peer(direct: Site) -> None:
    raw = await asyncio.to_thread(Raw, direct.port)
    sender = await direct.senders.get()
    while sender.push(wire.Frame(b"x" * 10_000)):
        pass
    sender.finish(1013)
    assert await asyncio.wait_for(direct.ended.get(), 1) == 1013
    raw.socket.close()


async def test_a_descriptor_is_given_up_before_its_number_is_free(direct: Site) -> None:
    async with connect(f"ws://127.0.0.1:{direct.port}/") as client:
        sender = await direct.senders.get()
        descriptor, seen = sender.descriptor, []
        sender.on_blocked = lambda: seen.append(os.fstat(descriptor).st_ino)
        client.transport.abort()
        await direct.ended.get()
    assert len(seen) == 1
    assert sender.descriptor == -1
    assert not sender.push(wire.Frame(b"late"))


async def test_a_socket_that_is_told_to_close_can_no_longer_be_written_to_directly(
    direct: Site,
) -> None:
    async with connect(f"ws://127.0.0.1:{direct.port}/") as client:
        sender = await direct.senders.get()
        told: list[int] = []
        sender.on_blocked = lambda: told.append(sender.descriptor)
        sender.finish(4401)
        assert len(told) == 1 and told[0] >= 0
        assert sender.descriptor == -1
        assert not sender.push(wire.Frame(b"secret"))
        with pytest.raises(ConnectionClosed):
            await client.recv()


async def test_one_frame_reaches_a_whole_roll_and_tells_who_is_stuck_or_gone(direct: Site) -> None:
    raw = [await asyncio.to_thread(Raw, direct.port) for _ in range(3)]
    senders = [await direct.senders.get() for _ in raw]
    while senders[1].push(wire.Frame(b"x" * 10_000)):
        pass
    peers = {s.transport.get_extra_info("peername"): s for s in senders}  # type: ignore[attr-defined]
    gone_peer = next(r for r in raw if peers[r.socket.getsockname()] is senders[2])
    gone_peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    gone_peer.socket.close()
    roll = wire.Roll([senders[0], senders[2]])
    frame = wire.Frame(b"hello")
    gone, spilled = roll.write(frame)
    assert (gone, spilled) == ([senders[2]], [])
    first = next(r for r in raw if peers[r.socket.getsockname()] is senders[0])
    received = await asyncio.to_thread(first.socket.recv, 1 << 16)
    assert received.endswith(frame.wire)
    for peer in raw:
        peer.socket.close()


async def test_a_ping_among_frames_is_answered_and_tears_none_apart(direct: Site) -> None:
    async with connect(f"ws://127.0.0.1:{direct.port}/", ping_interval=None) as client:
        sender = await direct.senders.get()
        for number in range(50):
            pong = await client.ping()
            assert sender.push(wire.Frame(b"y" * number))
            assert await client.recv() == "y" * number
            await pong


async def test_text_that_is_not_utf8_ends_the_socket_and_is_no_crash(
    direct: Site, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        async with connect(f"ws://127.0.0.1:{direct.port}/") as client:
            await direct.senders.get()
            await client.send(b"\xff\xfe", text=True)
            with pytest.raises(ConnectionClosed) as closed:
                await client.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1007
    assert not caplog.records


async def test_a_message_in_endless_empty_pieces_ends_the_socket(direct: Site) -> None:
    async with connect(f"ws://127.0.0.1:{direct.port}/") as peer:
        await peer.send(["{", *[""] * (protocol.FRAGMENTS - 3), "}"])
        await until(lambda: direct.heard == ["{}"])
        with contextlib.suppress(ConnectionClosed):
            await peer.send([""] * (protocol.FRAGMENTS + 100))
        with pytest.raises(ConnectionClosed) as closed:
            await peer.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009
        assert direct.heard == ["{}"]


async def test_a_silent_peer_is_given_up_by_the_kernel() -> None:
    with protocol.listen("127.0.0.1", 0) as listening:
        option = listening.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
        assert option == protocol.DEAD_PEER_MS
