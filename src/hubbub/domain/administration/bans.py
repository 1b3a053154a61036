"""Who may not come back into which room, in all rooms, and letting them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy
from sqlalchemy import bindparam

from hubbub import database
from hubbub.domain import accounts, acts, changes, clock, log, permissions, rooms
from hubbub.domain.administration import paging
from hubbub.tables import bans as table
from hubbub.tables import people
from hubbub.tables import rooms as places

_LASTS = table.c.until.is_(None) | (table.c.until > bindparam("now"))
SHOWS: Mapping[str, sqlalchemy.ColumnElement[bool]] = {"": _LASTS, "past": ~_LASTS}
SORTS: Mapping[str, tuple[sqlalchemy.ColumnElement[object], ...]] = {
    "": (table.c.at.desc(), table.c.room_id.desc(), table.c.person_id.desc()),
    "name": (people.c.username_key.asc(), table.c.room_id.asc()),
}
_by = people.alias("by")


@dataclass(frozen=True, slots=True)
class Ban:
    """Times in milliseconds UTC; `until` None: for good."""

    room_id: int
    room_title: str
    person_id: int
    username: str
    name: str
    by_name: str | None
    at: int
    until: int | None
    reason: str


_SELECT = (
    sqlalchemy.select(
        *(table.c[name] for name in ("room_id", "person_id", "at", "until", "reason")),
        places.c.title.label("room_title"),
        people.c.username,
        people.c.display_name.label("name"),
        _by.c.display_name.label("by_name"),
    )
    .join(places, places.c.id == table.c.room_id)
    .join(people, people.c.id == table.c.person_id)
    .outerjoin(_by, _by.c.id == table.c.by_id)
    .where(places.c.deleted_at.is_(None))
)


def _ban(row: database.Record) -> Ban:
    return Ban(**{name: row[name] for name in Ban.__slots__})


async def listed(
    db: database.Queries, asked: paging.Asked, *, now: int | None = None
) -> paging.Page[Ban]:
    """The newest first, or by name; by the name of who is banned, or the room's title."""
    query = _SELECT.where(SHOWS[asked.show]).order_by(*SORTS[asked.sort])
    if asked.q:
        found = (paging.holds(place, asked.q) for place in (people.c.username_key, places.c.title))
        query = query.where(sqlalchemy.or_(*found))
    return await paging.page(db, query.params(now=clock.at(now)), asked.number, _ban)


async def lift(
    db: database.Database,
    by: accounts.Person,
    room_id: int | None,
    person_id: int | None,
    *,
    now: int | None = None,
) -> None:
    """Lets somebody come back into a room, by the ways there are; its own log of acts says by whom.

    NotFound when there is no such ban.
    """
    at, values = clock.at(now), {"room_id": room_id or 0, "person_id": person_id or 0}
    if not by.is_admin:
        raise permissions.unseen()
    async with db.transaction() as conn:
        await log.advance(conn, values["room_id"], "unbanned", now=at, person_id=person_id)
        room = await rooms.by_id(conn, values["room_id"])
        if room is None or await conn.value(_LIFT, values) is None:
            raise permissions.unseen()
        change = changes.Change(conn, room, None, by.id)
        await acts.record(change, "unbanned", person_id=person_id, now=at)


_LIFT = "DELETE FROM bans WHERE room_id = :room_id AND person_id = :person_id RETURNING at"
