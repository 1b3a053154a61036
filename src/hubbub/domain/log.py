"""Where every change of a room gets its place: the next seq, and a row in `events`.

`rooms.seq` is advanced by one statement, as the first write of the transaction that also writes
the change. The row lock it takes is held to the commit, so the order in which changes become
visible is the order of their numbers, and a change that is taken back leaves no hole.
"""

# ruff: noqa: SIM905 - a list of words is read more easily as words.

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy

from hubbub import database
from hubbub.tables import events, rooms

KINDS = frozenset(
    "created joined added left removed banned unbanned role muted unmuted posted titled topic"
    " access link archived unarchived locked unlocked paced guests held knocked deleted edited"
    " erased reacted pinned unpinned".split()
)
_TAG_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"

INSERT_EVENT = (
    "INSERT INTO events (room_id, seq, tag, kind, message_id, person_id, at)"
    " VALUES (:room_id, :seq, :tag, :kind, :message_id, :person_id, :at)"
)


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a room's log; as text it is the cursor the browser holds."""

    seq: int
    tag: str

    def __str__(self) -> str:
        return f"{self.seq}.{self.tag}"


def new_tag() -> str:
    """Six random characters: they tell this log from one restored out of a backup."""
    bits = secrets.randbits(30)
    return "".join(_TAG_LETTERS[bits >> shift & 31] for shift in range(0, 30, 5))


async def advance(
    conn: database.Connection,
    room_id: int,
    kind: str,
    *,
    now: int,
    person_id: int | None = None,
    message_id: int | None = None,
) -> Position | None:
    """Takes the next place in the room's log.

    Must be the first write of its transaction. None when the room is deleted or was never there.
    """
    seq = await conn.value(
        rooms.update()
        .where(rooms.c.id == room_id, rooms.c.deleted_at.is_(None))
        .values(seq=rooms.c.seq + 1)
        .returning(rooms.c.seq)
    )
    if seq is None:
        return None
    return await append(
        conn, room_id, seq, kind, now=now, person_id=person_id, message_id=message_id
    )


async def advance_all(
    conn: database.Connection,
    room_id: int,
    kind: str,
    message_ids: Sequence[int],
    *,
    now: int,
    person_id: int | None = None,
) -> Position | None:
    """Takes a place for each of these messages in their order, with two statements; the last one.

    What is said of `advance` holds. None for no messages, too.
    """
    if not message_ids:
        return None
    there = (rooms.c.id == room_id) & rooms.c.deleted_at.is_(None)
    ahead = rooms.update().where(there).values(seq=rooms.c.seq + len(message_ids))
    seq = await conn.value(ahead.returning(rooms.c.seq))
    if seq is None:
        return None
    tag = new_tag()
    rows = [
        {
            "room_id": room_id,
            "seq": place,
            "tag": tag,
            "kind": kind,
            "message_id": message_id,
            "person_id": person_id,
            "at": now,
        }
        for place, message_id in enumerate(message_ids, seq - len(message_ids) + 1)
    ]
    await conn.run(sqlalchemy.insert(events).values(rows))
    return Position(seq, tag)


async def append(
    conn: database.Connection,
    room_id: int,
    seq: int,
    kind: str,
    *,
    now: int,
    person_id: int | None = None,
    message_id: int | None = None,
) -> Position:
    """Writes the event at a place already taken."""
    position = Position(seq, new_tag())
    await conn.run(
        INSERT_EVENT,
        {
            "room_id": room_id,
            "seq": seq,
            "tag": position.tag,
            "kind": kind,
            "message_id": message_id,
            "person_id": person_id,
            "at": now,
        },
    )
    return position
