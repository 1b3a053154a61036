"""What the owners of a room change about it: its name, who can enter, its link, its end.

Each change is an event in the room's own log, made and allowed inside one transaction. What
administrators do to rooms they have no part in is `overseeing`: see `changes.begin`.
"""

from __future__ import annotations

from typing import Any

from hubbub import database, markup
from hubbub.domain import accounts, acts, changes, clock, handles, inbox, rooms
from hubbub.domain.permissions import Act
from hubbub.tables import rooms as table


async def _change(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    act: Act,
    kind: str,
    now: int | None,
    told: str = "",
    **values: Any,
) -> rooms.Room:
    """`told` is what the log of acts says of it besides."""
    at = clock.at(now)
    async with changes.begin(db, room, by, act, kind, now=at, person_id=by.id, **values) as change:
        await acts.record(change, kind, detail=told, now=at)
        if "archived_at" in values:
            # Nobody is asked into an archived room any more, for as long as it is one.
            await inbox.changed_for_room(change.conn, room.id, now=at)
        return change.room


async def rename(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    title: str,
    *,
    now: int | None = None,
) -> rooms.Room:
    title = rooms.clean_title(title)
    key = handles.fold(title)
    return await _change(db, room, by, Act.RENAME, "titled", now, title, title=title, title_key=key)


async def set_topic(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    topic: str,
    *,
    now: int | None = None,
) -> rooms.Room:
    """An empty topic takes it away."""
    topic = markup.clean_line(topic, field="topic", limit=rooms.TOPIC_LENGTH, min=0)
    return await _change(db, room, by, Act.TOPIC, "topic", now, topic, topic=topic)


async def set_access(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    access: str,
    handle: str | None = None,
    *,
    now: int | None = None,
) -> rooms.Room:
    """Who can enter. Only listed rooms have a handle: it is made or kept for them, and let go by
    all others."""
    rooms.check_access(access)
    async for name in rooms.handles_to_try(access, handle or room.handle, room.title):
        try:
            return await _change(
                db, room, by, Act.ACCESS, "access", now, access, access=access, handle=name
            )
        except database.UniqueViolation:
            continue
    raise handles.taken()


async def reset_link(
    db: database.Database, room: rooms.Room, by: accounts.Person, *, now: int | None = None
) -> rooms.Room:
    """Makes a new key at once: the old link opens nothing any more, except to members."""
    generation = table.c.generation + 1
    return await _change(db, room, by, Act.LINK, "link", now, generation=generation)


async def archive(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    *,
    overseeing: bool = False,
    now: int | None = None,
) -> rooms.Room:
    """Makes the room read-only."""
    at = clock.at(now)
    return await _change(
        db, room, by, Act.ARCHIVE, "archived", at, overseeing=overseeing, archived_at=at
    )


async def unarchive(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    *,
    overseeing: bool = False,
    now: int | None = None,
) -> rooms.Room:
    return await _change(
        db, room, by, Act.ARCHIVE, "unarchived", now, overseeing=overseeing, archived_at=None
    )


async def delete(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    *,
    overseeing: bool = False,
    now: int | None = None,
) -> rooms.Room:
    """Takes the room away for good: its messages are erased and its handle is free again.

    The row stays with its title, so that those who were in it learn what became of it.
    """
    at = clock.at(now)
    async with changes.begin(
        db,
        room,
        by,
        Act.DELETE,
        "deleted",
        overseeing=overseeing,
        now=at,
        person_id=by.id,
        deleted_at=at,
        handle=None,
        topic="",
        title_key="",
    ) as change:
        for table_name in ("messages", "held_messages", "reports"):
            erasure = f"DELETE FROM {table_name} WHERE room_id = :room_id"  # noqa: S608
            await change.conn.run(erasure, {"room_id": room.id})
        await inbox.changed_for_room(change.conn, room.id, now=at)
    return change.room
