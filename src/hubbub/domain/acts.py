"""The log of what those who look after a room did there, as its members can read it."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy

from hubbub import database
from hubbub.domain import accounts, changes
from hubbub.tables import acts as table
from hubbub.tables import people

PAGE = 50
REASON_LENGTH = 250

READS = "reads"
"""That somebody was let in to read only. It is kept, so that they are no more by going and coming
again, and not shown: a crowd of readers would hide all the rest."""

_INSERT = (
    "INSERT INTO acts (room_id, at, by_id, act, person_id, number, reason, until, detail)"
    " VALUES (:room_id, :at, :by_id, :act, :person_id, :number, :reason, :until, :detail)"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One act; times in milliseconds UTC. `name` and `by_name` are None for who is gone."""

    id: int
    at: int
    act: str
    by_name: str | None
    name: str | None
    number: int | None
    reason: str
    until: int | None
    detail: str


async def record(
    change: changes.Change,
    act: str,
    *,
    now: int,
    person_id: int | None = None,
    number: int | None = None,
    reason: str = "",
    until: int | None = None,
    detail: str = "",
) -> None:
    """Writes one into the change of the room that it tells of."""
    await change.conn.run(
        _INSERT,
        {
            "room_id": change.room.id,
            "at": now,
            "by_id": change.by_id,
            "act": act,
            "person_id": person_id,
            "number": number,
            "reason": reason,
            "until": until,
            "detail": detail,
        },
    )


async def latest(
    db: database.Queries, room_id: int, *, before: int | None = None, limit: int = PAGE
) -> list[Entry]:
    """The newest acts first, or those older than the one of id `before`."""
    author, subject = people.alias(), people.alias()
    query = (
        sqlalchemy.select(
            table.c.id,
            table.c.at,
            table.c.act,
            author.c.display_name.label("by_name"),
            subject.c.display_name.label("name"),
            subject.c.username,
            table.c.number,
            table.c.reason,
            table.c.until,
            table.c.detail,
        )
        .outerjoin(author, author.c.id == table.c.by_id)
        .outerjoin(subject, subject.c.id == table.c.person_id)
        .where(table.c.room_id == room_id, table.c.act != READS)
        .order_by(table.c.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(table.c.id < before)
    return [_entry(row) for row in await db.all(query)]


def _entry(row: database.Record) -> Entry:
    values = {name: row[name] for name in _FIELDS}
    if row["name"] is not None:
        values["name"] = accounts.called(row["username"], row["name"])
    return Entry(**values)


_FIELDS = ("id", "at", "act", "by_name", "name", "number", "reason", "until", "detail")
