"""The live stream of a room: who may listen, and what a page says over its socket."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from hubbub import errors
from hubbub.domain import clock, notifications, sessions
from hubbub.domain.permissions import Act
from hubbub.realtime import clients, streams, wire
from hubbub.realtime.close_codes import NOT_ALLOWED, OVERLOADED, ROOM_GONE, SIGNED_OUT
from hubbub.realtime.room import Cursor
from hubbub.web import access, forms, frames

FRAMES_PER_MINUTE = 120
"""A page says it is typing every three seconds, what was seen every two, and beats every 25; the
rest is not honest."""


async def live(websocket: WebSocket) -> None:
    """Accepts first, whoever it is: only then does a close code reach the browser."""
    await websocket.accept()
    try:
        visit = await access.inside(websocket)
    except errors.Refusal as refusal:
        await _close(websocket, _code(refusal))
        return
    session: sessions.Session = websocket.state.session
    client = clients.Client(
        sender=wire.sender(websocket),
        person=visit.person.id,
        session=session.id,
        expires_at=session.expires_at / 1000,
        alerted=notifications.are_wanted(visit.person),
    )
    rooms: streams.Streams = websocket.state.streams
    rooms.connect(client)
    try:
        # Asked again now that the socket is known: a session that ends from here on closes it.
        if not await sessions.alive(websocket.state.db, session.id):
            client.sender.finish(SIGNED_OUT)
            return
        await _listen(websocket, client, visit.room.id)
    except frames.Unreadable as unreadable:
        client.sender.finish(unreadable.code)
    except errors.Unavailable:
        client.sender.finish(OVERLOADED)
    finally:
        rooms.disconnect(client)


def _code(refusal: errors.Refusal) -> int:
    match refusal:
        case errors.SignedOut():
            return SIGNED_OUT
        case errors.Forbidden():
            return NOT_ALLOWED
        case errors.NotFound() | errors.Gone():
            return ROOM_GONE
    return OVERLOADED


async def _listen(websocket: WebSocket, client: clients.Client, room: int) -> None:
    """Until the socket ends. What comes before hello is ignored: it was meant for another time."""
    rooms: streams.Streams = websocket.state.streams
    allowance = frames.Allowance(FRAMES_PER_MINUTE, seconds=60)
    while (said := await _said(websocket)) is not None:
        if not allowance.take():
            client.sender.finish(frames.POLICY)
            return
        match said.get("op"):
            case "hello" if client.seat is None:
                after = said.get("after")
                cursor = Cursor.parse(after) if isinstance(after, str) else None
                code = await rooms.attach(client, room, cursor, is_lost=bool(after) and not cursor)
                if code is not None:
                    client.sender.finish(code)
                    return
            case "beat":
                await _beat(websocket, client)
            case "typing" if await _may_type(websocket, client):
                rooms.typed(client)
            case "seen" if client.seat is not None:
                number = forms.number(str(said.get("number", "")))
                rooms.reading.seen(client.seat, number or 0)
            case "look" if client.seat is not None:
                rooms.looked(client.person)


async def _may_type(websocket: WebSocket, client: clients.Client) -> bool:
    """Whoever may not write is not shown to be writing. Asked of the database, for a right is lost
    while the socket goes on, but not for what would be dropped as too frequent anyway."""
    if not client.may_type():
        return False
    with contextlib.suppress(errors.Refusal):
        await access.inside(websocket, Act.TYPE)
        return True
    return False


async def _beat(websocket: WebSocket, client: clients.Client) -> None:
    """A page that is open is a session in use."""
    websocket.state.streams.beat(client)
    session: sessions.Session = websocket.state.session
    now = clock.now()
    if now - session.seen_at >= sessions.TOUCH_EVERY:
        await sessions.touch(websocket.state.db, session, now)
        websocket.state.session = dataclasses.replace(session, seen_at=now)
        client.expires_at = websocket.state.session.expires_at / 1000


async def _said(websocket: WebSocket) -> dict[str, Any] | None:
    """The next frame, or None when the socket has ended."""
    try:
        message = await websocket.receive()
    except (WebSocketDisconnect, RuntimeError):
        return None
    return frames.read(message) if message["type"] == "websocket.receive" else None


async def _close(websocket: WebSocket, code: int) -> None:
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        await websocket.close(code)
