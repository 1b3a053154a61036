"""Frames on sockets: one serialisation for all, written past every layer that would copy it.

`LiveProtocol` is uvicorn's own websocket protocol with one thing added: it offers itself in the
scope, so that ready-made frames can be written to it directly. The library goes on parsing,
answering pings and closing. On any other server the same frames go out as plain ASGI messages.
"""

from __future__ import annotations

import array
import asyncio
import collections
import contextlib
import os
import random
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol, cast

from starlette.websockets import WebSocket
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

EXTENSION = "hubbub.wire"
SEND_BUFFER = 64 * 1024
"""Bytes the kernel keeps for a socket: few, so that a peer that does not read is noticed soon."""

DEAD_PEER_MS = 30_000
"""TCP_USER_TIMEOUT: how long sent bytes may stay unacknowledged before the kernel gives up."""

DRAIN_SECONDS = 20.0
DRAIN_RATE = 250.0
"""Sockets told to reconnect each second at a shutdown, so that the next process is not trampled."""

CLOSE_SECONDS = 2.0
FRAGMENTS = 1024
"""Pieces a message may come in. Empty ones count for no size, so they need a limit of their own."""


class Frame:
    """A text frame: what it says, and the same as bytes on the wire (RFC 6455, 5.2), made once."""

    __slots__ = ("payload", "wire")

    def __init__(self, payload: bytes) -> None:
        self.payload = payload
        self.wire = _header(len(payload)) + payload


def _header(length: int) -> bytes:
    if length < 126:
        return bytes((0x81, length))
    if length < 1 << 16:
        return b"\x81\x7e" + length.to_bytes(2, "big")
    return b"\x81\x7f" + length.to_bytes(8, "big")


class Sender(Protocol):
    """A socket as the streams see it: it takes a whole frame or, while blocked, nothing.

    While it is not blocked, whole frames may also be written to its `descriptor`, if that is not
    -1; the rest of one that was not taken whole goes to `spill`.
    """

    descriptor: int
    blocked_since: float | None
    on_blocked: Callable[[], None]
    on_writable: Callable[[], None]

    def spill(self, rest: bytes) -> None:
        """Take the rest of a frame of which the kernel took only the first part."""

    def push(self, frame: Frame) -> bool:
        """Write one frame. False when nothing was taken, because the socket is blocked or gone."""

    def finish(self, code: int) -> None:
        """Close with `code`, without waiting for the peer; a blocked socket is reset."""


class Roll:
    """Sockets that go on taking frames together: their descriptors side by side in memory.

    Reading so many numbers in a row is what makes the difference: to look at every socket first
    costs a third as much as the kernel needs to send. For descriptors that are not -1.
    """

    __slots__ = ("_descriptors", "_senders")

    def __init__(self, senders: Sequence[Sender]) -> None:
        self._senders = senders
        self._descriptors = array.array("i", [sender.descriptor for sender in senders])

    def write(self, frame: Frame) -> tuple[list[Sender], list[Sender]]:
        """Write one frame to all. Returns those that are gone, and those that took it but are
        blocked from now on."""
        data, write = frame.wire, os.write
        length = len(data)
        gone: list[Sender] = []
        spilled: list[Sender] = []
        for place, descriptor in enumerate(self._descriptors):
            try:
                written = write(descriptor, data)
            except BlockingIOError:
                written = 0
            except OSError:
                gone.append(self._senders[place])
                continue
            if written != length:
                spilled.append(self._senders[place])
                self._senders[place].spill(data[written:])
        return gone, spilled


def _nothing() -> None:
    return None


class LiveProtocol(WebSocketsSansIOProtocol):
    """uvicorn's websocket protocol that also takes whole frames from `push`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.descriptor = -1
        self.blocked_since: float | None = None
        self.on_blocked: Callable[[], None] = _nothing
        self.on_writable: Callable[[], None] = _nothing

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        # With a high-water mark of 0, "paused" means exactly that something is still unsent.
        self.transport.set_write_buffer_limits(high=0)
        peer = transport.get_extra_info("socket")
        if peer is not None and self.scheme == "ws":
            with contextlib.suppress(OSError):
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
                # One of our own: the transport's number may belong to another connection as soon
                # as it is closed, and that is before anybody is told.
                self.descriptor = os.dup(peer.fileno())

    def connection_lost(self, exc: Exception | None) -> None:
        self._take_nothing_more()
        super().connection_lost(exc)

    def _take_nothing_more(self) -> None:
        # Whoever writes to the descriptor must know before its number is free for others.
        self.blocked_since = self.loop.time()
        self.on_blocked()
        descriptor, self.descriptor = self.descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        if hasattr(self, "scope"):
            cast(dict[str, Any], self.scope)["extensions"][EXTENSION] = self

    def handle_cont(self, event: Any) -> None:
        if len(self.frames) < FRAGMENTS:
            super().handle_cont(event)
        else:
            self.frames = []
            self.finish(1009)

    def send_receive_event_to_app(self) -> None:
        # uvicorn logs text that is not UTF-8 as a crash; it is only a bad client.
        if self.curr_msg_data_type == "text":
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.frames = []
                self.finish(1007)
                return
        super().send_receive_event_to_app()

    def pause_writing(self) -> None:
        super().pause_writing()
        self.blocked_since = self.loop.time()
        self.on_blocked()

    def resume_writing(self) -> None:
        super().resume_writing()
        self.blocked_since = None
        self.on_writable()

    def push(self, frame: Frame) -> bool:
        if self.blocked_since is not None or self.close_sent or self.is_gone:
            return False
        if self.descriptor < 0:
            self.spill(frame.wire)
            return True
        return not Roll([self]).write(frame)[0]

    @property
    def is_gone(self) -> bool:
        return self.disconnected or self.transport.is_closing()

    def spill(self, rest: bytes) -> None:
        self.transport.write(rest)

    def finish(self, code: int) -> None:
        if self.close_sent or self.disconnected or self.transport.is_closing():
            return
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": ""})
        self.stop_keepalive()
        is_blocked = self.blocked_since is not None
        self._take_nothing_more()
        if is_blocked:
            self.transport.abort()
            return
        self.conn.send_close(code)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(CLOSE_SECONDS, self.transport.abort)

    def shutdown(self) -> None:
        """Tell this client to reconnect, at its own moment within the drain."""
        within = min(DRAIN_SECONDS, len(self.connections) / DRAIN_RATE)
        self.loop.call_later(random.uniform(0, within), self._shut_down)  # noqa: S311

    def _shut_down(self) -> None:
        if self.handshake_complete and not self.close_sent:
            self.finish(1012)
        elif not self.disconnected:
            super().shutdown()


class PlainSender:
    """The same on any ASGI server: a few frames in flight, sent as ordinary messages."""

    IN_FLIGHT = 8

    def __init__(self, websocket: WebSocket) -> None:
        self.descriptor = -1
        self.blocked_since: float | None = None
        self.on_blocked: Callable[[], None] = _nothing
        self.on_writable: Callable[[], None] = _nothing
        self._websocket = websocket
        self._waiting: collections.deque[str] = collections.deque()
        self._task: asyncio.Task[None] | None = None
        self._code: int | None = None
        self._gone = False

    def push(self, frame: Frame) -> bool:
        if self.blocked_since is not None or self._gone or self._code is not None:
            return False
        self._waiting.append(frame.payload.decode())
        if len(self._waiting) >= self.IN_FLIGHT:
            self.blocked_since = asyncio.get_running_loop().time()
            self.on_blocked()
        self._work()
        return True

    def spill(self, rest: bytes) -> None:
        raise NotImplementedError("there is no descriptor to write a part of a frame to")

    def finish(self, code: int) -> None:
        if self._code is None:
            self._code = code
            self._work()

    def _work(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._drain())

    async def _drain(self) -> None:
        try:
            while self._waiting:
                await self._websocket.send_text(self._waiting.popleft())
            if self._code is not None:
                await self._websocket.close(self._code)
        except Exception:  # However a server says that the peer is gone, it is gone.
            self._gone = True
            return
        self.blocked_since = None
        self.on_writable()


class Allowance:
    """How many frames a peer may send in a stretch of time; unused ones do not pile up."""

    def __init__(self, frames: int, seconds: float) -> None:
        self._frames = frames
        self._seconds = seconds
        self._used = 0
        self._since = 0.0

    def take(self) -> bool:
        now = time.monotonic()
        if now - self._since >= self._seconds:
            self._since, self._used = now, 0
        self._used += 1
        return self._used <= self._frames


def sender(websocket: WebSocket) -> Sender:
    """The quickest way to send on `websocket`: directly where the server offers it."""
    offered = websocket.scope.get("extensions", {}).get(EXTENSION)
    return cast(LiveProtocol, offered) if offered is not None else PlainSender(websocket)


def listen(host: str, port: int) -> socket.socket:
    """A bound listening socket whose connections the kernel drops when a peer has gone silent.

    Raises OSError when the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, DEAD_PEER_MS)
    listening.bind((host, port))
    listening.set_inheritable(True)
    return listening
