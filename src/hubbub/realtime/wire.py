"""Frames on sockets: one serialisation for all, written past every layer that would copy it.

A server may offer a socket in its scope that takes ready-made frames (see `protocol`). On any other
server the same frames go out as plain ASGI messages.
"""

from __future__ import annotations

import array
import asyncio
import collections
import os
from collections.abc import Callable, Sequence
from typing import Protocol, cast

from starlette.websockets import WebSocket

EXTENSION = "hubbub.wire"
"""The name under which a server offers a `Sender` in the scope of a socket."""


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


def unheard() -> None:
    """What a socket tells before anybody listens to it."""


class PlainSender:
    """The same on any ASGI server: a few frames in flight, sent as ordinary messages."""

    IN_FLIGHT = 8

    def __init__(self, websocket: WebSocket) -> None:
        self.descriptor = -1
        self.blocked_since: float | None = None
        self.on_blocked: Callable[[], None] = unheard
        self.on_writable: Callable[[], None] = unheard
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


def sender(websocket: WebSocket) -> Sender:
    """The quickest way to send on `websocket`: directly where the server offers it."""
    offered = websocket.scope.get("extensions", {}).get(EXTENSION)
    return cast(Sender, offered) if offered is not None else PlainSender(websocket)
