"""All links that invite into rooms: who made them, what has become of them, and taking one back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy
from sqlalchemy import bindparam

from hubbub import database
from hubbub.domain import accounts, acts, changes, clock, inbox, log, permissions
from hubbub.domain import rooms as places
from hubbub.domain.administration import paging
from hubbub.tables import invitation_links as table
from hubbub.tables import people, rooms

_USED_UP = table.c.uses.is_not(None) & (table.c.used >= table.c.uses)
_RUN_OUT = table.c.expires_at.is_not(None) & (table.c.expires_at <= bindparam("now"))
_GOOD = table.c.revoked_at.is_(None) & ~_USED_UP & ~_RUN_OUT
_STATE = sqlalchemy.case(
    (table.c.revoked_at.is_not(None), "revoked"),
    (_RUN_OUT, "expired"),
    (_USED_UP, "used"),
    else_="good",
)
SHOWS: Mapping[str, sqlalchemy.ColumnElement[bool]] = {
    "": sqlalchemy.true(),
    "good": _GOOD,
    "ended": ~_GOOD,
}
SORTS: Mapping[str, tuple[sqlalchemy.ColumnElement[object], ...]] = {
    "": (table.c.id.desc(),),
    "used": (table.c.used.desc(), table.c.id.desc()),
}


@dataclass(frozen=True, slots=True)
class Link:
    """One link. `state`: good, revoked, expired, used (up)."""

    id: int
    room_id: int
    room_title: str
    maker_username: str
    maker_name: str
    role: str
    label: str
    knock: bool
    expires_at: int | None
    uses: int | None
    used: int
    created_at: int
    state: str


_SELECT = (
    sqlalchemy.select(
        *(
            table.c[name]
            for name in ("id", "role", "label", "knock", "expires_at", "uses", "used", "created_at")
        ),
        table.c.room_id,
        rooms.c.title.label("room_title"),
        people.c.username.label("maker_username"),
        people.c.display_name.label("maker_name"),
        _STATE.label("state"),
    )
    .join(rooms, rooms.c.id == table.c.room_id)
    .join(people, people.c.id == table.c.maker_id)
    .where(rooms.c.deleted_at.is_(None))
)


def _link(row: database.Record) -> Link:
    values = {name: row[name] for name in Link.__slots__}
    return Link(**{**values, "knock": bool(row["knock"])})


async def listed(
    db: database.Queries, asked: paging.Asked, *, now: int | None = None
) -> paging.Page[Link]:
    """The newest first, or those that let in most; by their label, room or maker."""
    query = _SELECT.where(SHOWS[asked.show]).order_by(*SORTS[asked.sort])
    if asked.q:
        places = (table.c.label, rooms.c.title, people.c.username_key)
        query = query.where(sqlalchemy.or_(*(paging.holds(place, asked.q) for place in places)))
    return await paging.page(db, query.params(now=clock.at(now)), asked.number, _link)


async def revoke(
    db: database.Database, by: accounts.Person, link_id: int | None, *, now: int | None = None
) -> int:
    """Lets a link open nothing any more; who came through it stays. Returns the room's id.

    NotFound for one that is not there, or that was taken back already.
    """
    at, values = clock.at(now), {"id": link_id or 0}
    room_id = await db.value(_ROOM, values) if by.is_admin else None
    if room_id is None:
        raise permissions.unseen()
    async with db.transaction() as conn:
        await log.advance(conn, room_id, "link", now=at)
        room = await places.by_id(conn, room_id)
        row = await conn.one(_REVOKE, {**values, "now": at})
        if room is None or row is None:
            raise permissions.unseen()
        change = changes.Change(conn, room, None, by.id)
        await acts.record(change, "link_revoked", detail=row["label"], now=at)
        await _send_away(change, values["id"], at)
    return int(room_id)


async def _send_away(change: changes.Change, link_id: int, now: int) -> None:
    """Who asked to enter by the link need not wait any more."""
    if await change.conn.all(_NO_KNOCKS, {"id": link_id}):
        await log.advance(change.conn, change.room.id, "knocked", now=now)
        await inbox.changed_for_moderators(change.conn, change.room.id, now=now)


_ROOM = "SELECT room_id FROM invitation_links WHERE id = :id AND revoked_at IS NULL"
_REVOKE = (
    "UPDATE invitation_links SET revoked_at = :now WHERE id = :id AND revoked_at IS NULL"
    " RETURNING label"
)
_NO_KNOCKS = "DELETE FROM knocks WHERE link_id = :id AND turned_away_at IS NULL RETURNING person_id"
