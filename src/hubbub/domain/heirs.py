"""Who looks after a room when somebody goes for good.

Nobody is asked any more, so nobody can be asked to hand the room over: the oldest moderator gets
it, else the oldest member. A room in which nobody is left who could own it ends. The
lobby is the site's: administrators own it, or nobody does for a while.
"""

from __future__ import annotations

from hubbub import database, words
from hubbub.domain import acts, changes, handles, log, memberships, roles, rooms
from hubbub.tables import rooms as table

_RANK = "CASE m.role WHEN 'moderator' THEN 0 WHEN 'member' THEN 1 ELSE 2 END"
_OWNED = "SELECT 1 FROM memberships WHERE room_id = :room_id AND role = 'owner' LIMIT 1"
_INHABITED = "SELECT 1 FROM memberships WHERE room_id = :room_id LIMIT 1"
# Somebody whose account is shut for now only when there is nobody else; a guest never.
_HEIR = (
    "SELECT m.person_id FROM memberships m JOIN people p ON p.id = m.person_id"  # noqa: S608
    " WHERE m.room_id = :room_id AND p.guest_of IS NULL AND p.is_admin >= :is_lobby"
    f" ORDER BY CASE WHEN p.disabled_at IS NULL THEN 0 ELSE 1 END, {_RANK}, m.joined_at,"
    " m.person_id LIMIT 1"
)
_NAMES = (
    "SELECT p.display_name FROM memberships m JOIN people p ON p.id = m.person_id"
    " WHERE m.room_id = :room_id ORDER BY p.username_key"
)
_ERASE = tuple(
    f"DELETE FROM {table_name} WHERE room_id = :room_id"  # noqa: S608
    for table_name in ("messages", "held_messages", "reports")
)


class _NotInRoom(Exception):
    """Takes the transaction back: somebody else was quicker."""


async def depart(db: database.Database, room_id: int, person_id: int, *, now: int) -> int | None:
    """Takes somebody out of a room for good, whatever their part in it; the room's newest seq.

    None when they were not in it, or the room was deleted before.
    """
    try:
        async with db.transaction() as conn:
            position = await log.advance(conn, room_id, "left", now=now, person_id=person_id)
            role = await memberships.take_out(conn, room_id, person_id)
            if role is None:
                raise _NotInRoom
            if position is None:
                return None
            return await _settle(conn, room_id, person_id, role, now) or position.seq
    except _NotInRoom:
        return None


async def _settle(
    conn: database.Connection, room_id: int, person_id: int, role: str, now: int
) -> int | None:
    """Sees that somebody owns the room, or that it ends; the seq of what was done for that."""
    room, here = await rooms.by_id(conn, room_id), {"room_id": room_id}
    if room is None or (role == "owner" and await conn.value(_OWNED, here)):
        return None
    if role == "owner" and room.direct_key is None:
        is_lobby = int(room.handle == rooms.LOBBY)
        heir = await conn.value(_HEIR, {**here, "is_lobby": is_lobby})
        if heir is not None:
            return await _hand_over(changes.Change(conn, room, None, person_id), heir, now)
    elif await conn.value(_INHABITED, here):
        return None if room.direct_key is None else await _retitle(conn, room_id, now)
    # Whoever comes to the site next is led to the lobby, so it waits for them.
    return None if room.handle == rooms.LOBBY else await _end(conn, room_id, now)


async def _hand_over(change: changes.Change, heir: int, now: int) -> int | None:
    conn, room_id = change.conn, change.room.id
    await roles.write(conn, room_id, heir, "owner")
    position = await log.advance(conn, room_id, "role", now=now, person_id=heir)
    await acts.record(change, "handed_over", person_id=heir, now=now)
    return position.seq if position else None


async def _retitle(conn: database.Connection, room_id: int, now: int) -> int | None:
    """A direct room is called after its people, and so no longer after who is gone."""
    names = [row["display_name"] for row in await conn.all(_NAMES, {"room_id": room_id})]
    title = ", ".join(names) if len(names) > 1 else words.gettext("Deleted account")
    title = title[: rooms.TITLE_LENGTH]
    values = {"title": title, "title_key": handles.fold(title)}
    await conn.run(table.update().where(table.c.id == room_id).values(values))
    position = await log.advance(conn, room_id, "titled", now=now)
    return position.seq if position else None


async def _end(conn: database.Connection, room_id: int, now: int) -> int | None:
    position = await log.advance(conn, room_id, "deleted", now=now)
    values = {"deleted_at": now, "handle": None, "topic": "", "title_key": "", "direct_key": None}
    await conn.run(table.update().where(table.c.id == room_id).values(values))
    for erasure in _ERASE:
        await conn.run(erasure, {"room_id": room_id})
    return position.seq if position else None
