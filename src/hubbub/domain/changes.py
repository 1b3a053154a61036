"""Changes of a room, each in a transaction of its own.

It takes the next place in the room's log first and looks afterwards, under the lock it took,
whether the person may.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from hubbub import database
from hubbub.domain import accounts, clock, log, permissions, rooms
from hubbub.domain.permissions import Act, Standing
from hubbub.tables import rooms as table

_LOCKED = f"{rooms.WITH_MEMBER} WHERE r.id = :room_id"


class Unchanged(Exception):
    """Raised in a change to take it back, and caught around it: things are already as they should
    be."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change under way: its transaction, the room as it is now, and who makes it."""

    conn: database.Connection
    room: rooms.Room
    member: rooms.Member | None
    by_id: int


@contextlib.asynccontextmanager
async def begin(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    act: Act,
    kind: str,
    *,
    now: int | None = None,
    person_id: int | None = None,
    message_id: int | None = None,
    overseeing: bool = False,
    **values: Any,
) -> AsyncIterator[Change]:
    """A transaction that makes one change of a room, for as long as the block runs.

    Its first statement takes the next place in the log, and with it the row's lock; only then
    are the rights read, so that no right lost a moment ago still counts, and then the room gets
    `values`. Whatever is raised inside takes everything back. `overseeing`: an administrator acts
    for the site, whatever part they have in the room themselves.
    """
    at = clock.at(now)
    async with db.transaction() as conn:
        position = await log.advance(
            conn, room.id, kind, now=at, person_id=person_id, message_id=message_id
        )
        row = await conn.one(_LOCKED, {"room_id": room.id, "person_id": by.id, "now": at})
        if row is None:
            raise permissions.unseen()
        fresh, member = rooms.with_member_from_row(row)
        if position is None:
            raise rooms.gone(fresh) if member else permissions.unseen()
        standing = permissions.standing(by, member, is_banned=bool(row["is_banned"]))
        if overseeing and by.is_admin and permissions.can(Standing.ADMIN, act, fresh):
            standing, member = Standing.ADMIN, None
        permissions.require(standing, act, fresh)
        if values:
            fresh = await _update(conn, fresh, values)
        yield Change(conn, fresh, member, by.id)


async def _update(
    conn: database.Connection, room: rooms.Room, values: Mapping[str, Any]
) -> rooms.Room:
    update = table.update().where(table.c.id == room.id).values(**values)
    row = await conn.one(update.returning(*table.c))
    return rooms.from_row(row) if row else room
