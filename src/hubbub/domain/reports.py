"""Reports: somebody asks those who look after a room to look at a message or at a person.

Whoever is reported is never told: what is about oneself is not listed, even for an owner. The
site's administrators see all reports, and alone those of direct rooms: see `administration`.
"""

# ruff: noqa: S608 - SQL is put together from constants only; values are bound.

from __future__ import annotations

from dataclasses import dataclass

from hubbub import database, errors, markup, words
from hubbub.domain import accounts, acts, clock, inbox, memberships, messages, permissions, rooms
from hubbub.domain.permissions import Act

PERSON = 0
"""Stands for the number of a message where a person as such is reported."""

PAGE = 100

# One that was closed and comes again is opened again; one that is open stays as it is.
_INSERT = (
    "INSERT INTO reports (room_id, by_id, person_id, number, reason, at)"
    " VALUES (:room_id, :by_id, :person_id, :number, :reason, :now)"
    " ON CONFLICT (room_id, by_id, person_id, number) DO UPDATE SET reason = excluded.reason,"
    " at = excluded.at, closed_at = NULL, closed_by_id = NULL"
    " WHERE reports.closed_at IS NOT NULL RETURNING id"
)
_IS_OPEN = (
    "SELECT 1 FROM reports WHERE room_id = :room_id AND by_id = :by_id"
    " AND person_id = :person_id AND number = :number AND closed_at IS NULL"
)
_REVIEWERS = (
    "SELECT person_id FROM memberships WHERE room_id = :room_id"
    " AND role IN ('owner', 'moderator') AND person_id <> :person_id"
)
_CLOSE = (
    "UPDATE reports SET closed_at = :now, closed_by_id = :by_id WHERE id = :id"
    " AND room_id = :room_id AND person_id <> :by_id RETURNING closed_at"
)
_SELECT = (
    f"SELECT r.id AS report_id, r.room_id, r.number, r.reason, r.at, {accounts.COLUMNS},"
    " b.display_name AS by_name, b.username AS by_username, m.body, m.mentions,"
    " m.deleted_at, m.posted_at"
    " FROM reports r JOIN people p ON p.id = r.person_id JOIN people b ON b.id = r.by_id"
    " LEFT JOIN messages m ON m.room_id = r.room_id AND m.number = r.number"
)
_OPEN = (
    f"{_SELECT} WHERE r.room_id = :room_id AND r.closed_at IS NULL AND r.person_id <> :viewer_id"
    f" ORDER BY r.id DESC LIMIT {PAGE}"
)


@dataclass(frozen=True, slots=True)
class Report:
    """Who reports whom, and why; `number` is that of the message, or `PERSON`.

    `body` is the message as it is now, None for a person and for what was deleted; `at` is in
    milliseconds UTC.
    """

    id: int
    room_id: int
    number: int
    reason: str
    at: int
    by_name: str
    by_username: str
    person: accounts.Person
    body: str | None
    mentions: str

    @property
    def is_about_message(self) -> bool:
        return self.number != PERSON


def _from_row(row: database.Record) -> Report:
    is_there = row["body"] is not None and row["deleted_at"] is None
    return Report(
        id=row["report_id"],
        room_id=row["room_id"],
        number=row["number"],
        reason=row["reason"],
        at=row["at"],
        by_name=row["by_name"],
        by_username=row["by_username"],
        person=accounts.from_row(row),
        body=row["body"] if is_there else None,
        mentions=row["mentions"] if is_there else "",
    )


# --------------------------------------------------------------- reporting


async def report_message(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    number: int,
    reason: str = "",
    *,
    now: int | None = None,
) -> bool:
    """Asks for a look at a message. False when the same was reported before and is still open.

    NotFound for what is not there or was deleted, Forbidden for one's own.
    """
    place = await messages.locate(db, room.id, number)
    return await _report(db, room, by, place.author_id, number, reason, clock.at(now))


async def report_person(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    person: accounts.Person,
    reason: str = "",
    *,
    now: int | None = None,
) -> bool:
    """Asks for a look at somebody who is in the room, else NotFound; otherwise the same."""
    if await memberships.find(db, room.id, person.id) is None:
        raise permissions.unseen()
    return await _report(db, room, by, person.id, PERSON, reason, clock.at(now))


async def _report(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    person_id: int,
    number: int,
    reason: str,
    now: int,
) -> bool:
    reason = markup.clean_line(reason, field="reason", limit=acts.REASON_LENGTH, min=0)
    if person_id == by.id:
        raise errors.Forbidden(words.gettext("You cannot report yourself."))
    values = {"room_id": room.id, "by_id": by.id, "person_id": person_id, "number": number}
    async with db.transaction() as conn:
        fresh, member = await rooms.open(conn, room.public_id, by)
        permissions.require(permissions.standing(by, member), Act.REPORT, fresh)
        made = await conn.value(_INSERT, {**values, "reason": reason, "now": now})
        if made is not None:
            await _tell(conn, room.id, person_id, now)
    return made is not None


async def _tell(conn: database.Connection, room_id: int, reported_id: int, now: int) -> None:
    """Those who look after the room, but not whom it is about; without them, the site's
    administrators."""
    rows = await conn.all(_REVIEWERS, {"room_id": room_id, "person_id": reported_id})
    if rows:
        await inbox.changed(conn, [row["person_id"] for row in rows], now=now)
    else:
        await inbox.changed_for_administrators(conn, now=now)


async def is_open(
    db: database.Queries, room_id: int, by: accounts.Person, person_id: int, number: int
) -> bool:
    """Whether somebody has reported this and nobody has closed it yet."""
    values = {"room_id": room_id, "by_id": by.id, "person_id": person_id, "number": number}
    return await db.value(_IS_OPEN, values) is not None


# --------------------------------------------------------------- reviewing


async def open(db: database.Queries, room_id: int, viewer: accounts.Person) -> list[Report]:
    """The open reports of a room for somebody who looks after it, the newest first."""
    rows = await db.all(_OPEN, {"room_id": room_id, "viewer_id": viewer.id})
    return [_from_row(row) for row in rows]


async def close(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    report_id: int,
    *,
    now: int | None = None,
) -> None:
    """Takes a report off the list; twice is the same as once. NotFound for what is not there, and
    for what is about oneself."""
    at = clock.at(now)
    async with db.transaction() as conn:
        fresh, member = await rooms.open(conn, room.public_id, by)
        permissions.require(permissions.standing(by, member), Act.REVIEW, fresh)
        values = {"id": report_id, "room_id": room.id, "by_id": by.id, "now": at}
        if await conn.value(_CLOSE, values) is None:
            raise permissions.unseen()
        await inbox.changed_for_moderators(conn, room.id, now=at)
