"""Pins: the few messages of a room that everyone should find."""

from __future__ import annotations

from hubbub import database, errors, words
from hubbub.domain import accounts, changes, clock, messages, permissions, rooms
from hubbub.domain.permissions import Act

MOST = 50


async def pin(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    number: int,
    *,
    now: int | None = None,
) -> bool:
    """Pins a message. False when it was pinned already; Conflict when there are `MOST` of them."""
    return await _set(db, room, by, number, "pinned", clock.at(now))


async def unpin(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    number: int,
    *,
    now: int | None = None,
) -> bool:
    """False when it was not pinned."""
    return await _set(db, room, by, number, "unpinned", clock.at(now))


async def count(db: database.Queries, room_id: int) -> int:
    number: int = await db.value(_COUNT, {"room_id": room_id})
    return number


async def _set(
    db: database.Database, room: rooms.Room, by: accounts.Person, number: int, kind: str, now: int
) -> bool:
    place = await messages.locate(db, room.id, number)
    values = {"id": place.id, "person_id": by.id, "now": now}
    try:
        async with changes.begin(
            db, room, by, Act.PIN, kind, now=now, person_id=by.id, message_id=place.id
        ) as change:
            await _write(change, kind, values)
    except changes.Unchanged:
        return False
    return True


async def _write(change: changes.Change, kind: str, values: dict[str, int]) -> None:
    row = await change.conn.one(_PRESENT, {"id": values["id"]})
    if row is None:
        raise permissions.unseen()
    if (row["pinned_at"] is not None) == (kind == "pinned"):
        raise changes.Unchanged
    if kind == "unpinned":
        await change.conn.run(_UNPIN, {"id": values["id"]})
    elif await count(change.conn, change.room.id) < MOST:
        await change.conn.run(_PIN, values)
    else:
        raise errors.Conflict(words.gettext("There are as many pins here as fit. Unpin one first."))


_COUNT = "SELECT count(*) FROM messages WHERE room_id = :room_id AND pinned_at IS NOT NULL"
_PRESENT = "SELECT pinned_at FROM messages WHERE id = :id AND deleted_at IS NULL"
_PIN = "UPDATE messages SET pinned_at = :now, pinned_by_id = :person_id WHERE id = :id"
_UNPIN = "UPDATE messages SET pinned_at = NULL, pinned_by_id = NULL WHERE id = :id"
