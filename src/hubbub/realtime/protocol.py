"""The server's side of a socket: uvicorn's websocket protocol, and the port it listens on.

`LiveProtocol` adds one thing to it: it offers itself in the scope, so that ready-made frames can be
written to it directly. The library goes on parsing, answering pings and closing.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import socket
from collections.abc import Callable
from typing import Any, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from hubbub.realtime import wire

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


class LiveProtocol(WebSocketsSansIOProtocol):
    """uvicorn's websocket protocol that also takes whole frames from `push`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.descriptor = -1
        self.blocked_since: float | None = None
        self.on_blocked: Callable[[], None] = wire.unheard
        self.on_writable: Callable[[], None] = wire.unheard

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
            cast(dict[str, Any], self.scope)["extensions"][wire.EXTENSION] = self

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

    def push(self, frame: wire.Frame) -> bool:
        if self.blocked_since is not None or self.close_sent or self.is_gone:
            return False
        if self.descriptor < 0:
            self.spill(frame.wire)
            return True
        return not wire.Roll([self]).write(frame)[0]

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
