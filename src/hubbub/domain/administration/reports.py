"""What people reported, in all rooms: the queue, and saying that something was seen to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy

from hubbub import database
from hubbub.domain import accounts, clock, inbox, permissions
from hubbub.domain.administration import paging
from hubbub.tables import messages, people, rooms
from hubbub.tables import reports as table

SHOWS: Mapping[str, sqlalchemy.ColumnElement[bool]] = {
    "": table.c.closed_at.is_(None),
    "closed": table.c.closed_at.is_not(None),
}
SORTS: Mapping[str, tuple[sqlalchemy.ColumnElement[object], ...]] = {
    "": (table.c.id.desc(),),
    "oldest": (table.c.id.asc(),),
}
_by, _subject, _closer = people.alias("by"), people.alias("subject"), people.alias("closer")


@dataclass(frozen=True, slots=True)
class Report:
    """One report. `number` 0 is about the person as such; `body` is what they said, unless the
    room is private: then it is its moderators' to judge. A direct room has none, and who reports
    a message of one hands just that to those who run the site."""

    id: int
    room_id: int
    room_title: str
    is_private: bool
    by_username: str
    by_name: str
    username: str
    name: str
    number: int
    reason: str
    at: int
    closed_at: int | None
    closed_by: str | None
    body: str | None


_IS_PRIVATE = (rooms.c.access == "invited") & rooms.c.direct_key.is_(None)
_BODY = sqlalchemy.case((~_IS_PRIVATE, messages.c.body), else_=None)
_TITLE = sqlalchemy.case((rooms.c.direct_key.is_(None), rooms.c.title), else_="")
_SELECT = (
    sqlalchemy.select(
        *(table.c[name] for name in ("id", "room_id", "number", "reason", "at", "closed_at")),
        _TITLE.label("room_title"),
        sqlalchemy.case((_IS_PRIVATE, 1), else_=0).label("is_private"),
        _by.c.username.label("by_username"),
        _by.c.display_name.label("by_name"),
        _subject.c.username,
        _subject.c.display_name.label("name"),
        _closer.c.display_name.label("closed_by"),
        _BODY.label("body"),
    )
    .join(rooms, rooms.c.id == table.c.room_id)
    .join(_by, _by.c.id == table.c.by_id)
    .join(_subject, _subject.c.id == table.c.person_id)
    .outerjoin(_closer, _closer.c.id == table.c.closed_by_id)
    .outerjoin(
        messages, (messages.c.room_id == table.c.room_id) & (messages.c.number == table.c.number)
    )
    .where(rooms.c.deleted_at.is_(None))
)


def _report(row: database.Record) -> Report:
    values = {name: row[name] for name in Report.__slots__}
    return Report(**{**values, "is_private": bool(row["is_private"])})


async def listed(
    db: database.Queries, viewer: accounts.Person, asked: paging.Asked
) -> paging.Page[Report]:
    """Whoever is reported is not told: what is about the viewer is left out."""
    query = _SELECT.where(SHOWS[asked.show], table.c.person_id != viewer.id).order_by(
        *SORTS[asked.sort]
    )
    if asked.q:
        places = (_subject.c.username_key, _by.c.username_key, _TITLE)
        query = query.where(sqlalchemy.or_(*(paging.holds(place, asked.q) for place in places)))
    return await paging.page(db, query, asked.number, _report)


async def close(
    db: database.Database, by: accounts.Person, report_id: int | None, *, now: int | None = None
) -> int:
    """Takes a report out of the queue, for the room's moderators too. Returns the room's id.

    NotFound for one that is not there, is about oneself, or that somebody closed already.
    """
    if not by.is_admin:
        raise permissions.unseen()
    values = {"id": report_id or 0, "by_id": by.id, "now": clock.at(now)}
    async with db.transaction() as conn:
        room_id = await conn.value(_CLOSE, values)
        if room_id is None:
            raise permissions.unseen()
        await inbox.changed_for_moderators(conn, room_id, now=values["now"])
        await inbox.changed_for_administrators(conn, now=values["now"])
    return int(room_id)


_CLOSE = (
    "UPDATE reports SET closed_at = :now, closed_by_id = :by_id"
    " WHERE id = :id AND closed_at IS NULL AND person_id <> :by_id RETURNING room_id"
)
