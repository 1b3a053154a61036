"""Reading a room's log: where it ends, and what came after a place in it."""

# ruff: noqa: S608 - SQL is put together from constants only; values are bound.

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy

from hubbub import database
from hubbub.domain import clock, history, log, messages
from hubbub.tables import rooms

Position = log.Position
advance = log.advance

LIMIT = 400
# Whoever was away for longer gets the room as it is now instead of what happened meanwhile.
RETENTION = 7 * clock.DAY
_TRIM_BATCH = 5_000
_BEYOND = 2**53


@dataclass(frozen=True, slots=True)
class Event:
    """One change of a room. `message` is the present state of what it is about, if that is one
    and still there; `person_id` is who it is about, and for the rest who did it."""

    room_id: int
    seq: int
    tag: str
    kind: str
    person_id: int | None
    message: messages.Message | None
    at: int


_HEAD = (
    "SELECT e.seq, e.tag FROM rooms r JOIN events e ON e.room_id = r.id AND e.seq = r.seq"
    " WHERE r.id = :room_id"
)
_AFTER = (
    "SELECT e.room_id AS event_room_id, e.seq AS event_seq, e.tag, e.kind, e.person_id, e.at,"
    f" {messages.COLUMNS} FROM events e LEFT JOIN messages m ON m.id = e.message_id"
    f"{messages.JOINS} WHERE e.room_id = :room_id AND e.seq > :seq ORDER BY e.seq LIMIT :limit"
)
_TRIM = (
    "DELETE FROM events WHERE (room_id, seq) IN (SELECT e.room_id, e.seq FROM events e"
    " JOIN rooms r ON r.id = e.room_id WHERE e.at < :before AND e.seq < r.seq"
    " LIMIT :limit) RETURNING seq"
)


async def head(db: database.Queries, room_id: int) -> Position | None:
    row = await db.one(_HEAD, {"room_id": room_id})
    return Position(row["seq"], row["tag"]) if row else None


async def heads(db: database.Queries, room_ids: Iterable[int]) -> dict[int, int]:
    """The seq of each room's newest event, for many rooms in one query."""
    wanted = sorted(room_ids)
    if not wanted:
        return {}
    query = sqlalchemy.select(rooms.c.id, rooms.c.seq).where(rooms.c.id.in_(wanted))
    return {row["id"]: row["seq"] for row in await db.all(query)}


async def after(db: database.Queries, room_id: int, seq: int, limit: int = LIMIT) -> list[Event]:
    """What came after `seq`, in order, each with its message and the message's author."""
    rows = await db.all(_AFTER, {"room_id": room_id, "seq": _bounded(seq), "limit": limit})
    spoken = await history.whole(db, [row for row in rows if row["id"] is not None])
    by_id = {message.id: message for message in spoken}
    return [
        Event(
            row["event_room_id"],
            row["event_seq"],
            row["tag"],
            row["kind"],
            row["person_id"],
            by_id.get(row["id"]),
            row["at"],
        )
        for row in rows
    ]


async def trim(db: database.Database, before_ms: int) -> int:
    """Forgets events older than `before_ms`, but never a room's newest, which is its head.

    In batches, so that nobody who posts waits long behind it. Returns how many went.
    """
    total = 0
    while True:
        values = {"before": before_ms, "limit": _TRIM_BATCH}
        gone = len(await db.all(_TRIM, values))
        total += gone
        if gone < _TRIM_BATCH:
            return total


def _bounded(seq: int) -> int:
    return min(max(seq, -1), _BEYOND)
