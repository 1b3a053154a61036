"""Rooms as an administrator sees them: of private ones the title and numbers, of direct ones only
that they are there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy

from hubbub import database
from hubbub.domain import accounts, acts, changes, clock, handles, memberships, permissions, rooms
from hubbub.domain.administration import paging
from hubbub.domain.permissions import Act
from hubbub.tables import rooms as table

LOOKED_AFTER = 50  # owners and moderators named on a room's page

SHOWS: Mapping[str, sqlalchemy.ColumnElement[bool]] = {
    "": sqlalchemy.true(),
    "listed": table.c.access == "listed",
    "link": table.c.access == "link",
    "invited": (table.c.access == "invited") & table.c.direct_key.is_(None),
    "direct": table.c.direct_key.is_not(None),
    "archived": table.c.archived_at.is_not(None),
    "locked": table.c.locked_at.is_not(None),
}
# A place between two titles would tell the one that is not shown.
_TITLE_KEY = sqlalchemy.case((table.c.direct_key.is_(None), table.c.title_key), else_="")
SORTS: Mapping[str, tuple[sqlalchemy.ColumnElement[object], ...]] = {
    "": (table.c.last_posted_at.desc(), table.c.id.desc()),
    "title": (_TITLE_KEY.asc(), table.c.id.asc()),
    "newest": (table.c.id.desc(),),
    "members": (table.c.members.desc(), table.c.id.desc()),
    "messages": (table.c.last_number.desc(), table.c.id.desc()),
}
_SELECT = sqlalchemy.select(table).where(table.c.deleted_at.is_(None))


@dataclass(frozen=True, slots=True)
class Overseen:
    """A room, and when something was said in it last (0: never)."""

    room: rooms.Room
    last_posted_at: int

    @property
    def is_private(self) -> bool:
        return self.room.access == "invited"

    @property
    def is_direct(self) -> bool:
        return self.room.direct_key is not None

    @property
    def title(self) -> str:
        """Who talks with whom is nobody's business, and a direct room's title would say it."""
        return "" if self.is_direct else self.room.title


@dataclass(frozen=True, slots=True)
class Details:
    """How many people there are of each role, who looks after the room unless it is private, and
    the viewer's own part in it."""

    roles: Mapping[str, int]
    keepers: tuple[memberships.Member, ...]
    links: int
    bans: int
    member: memberships.Member | None


def _overseen(row: database.Record) -> Overseen:
    return Overseen(rooms.from_row(row), row["last_posted_at"])


# ----------------------------------------------------------------- looking


async def listed(db: database.Queries, asked: paging.Asked) -> paging.Page[Overseen]:
    """All rooms but deleted ones; those whose title or handle holds what is sought."""
    query = _SELECT.where(SHOWS[asked.show]).order_by(*SORTS[asked.sort])
    sought = handles.fold(asked.q)
    if sought:
        by_title = paging.holds(table.c.title_key, sought) & table.c.direct_key.is_(None)
        query = query.where(by_title | paging.holds(table.c.handle, sought))
    return await paging.page(db, query, asked.number, _overseen)


async def find(db: database.Queries, room_id: int | None) -> Overseen:
    """NotFound for what is not there, or not any more."""
    row = await db.one(_SELECT.where(table.c.id == (room_id or 0)))
    if row is None:
        raise permissions.unseen()
    return _overseen(row)


async def called(db: database.Queries, text: str) -> Overseen | None:
    """The room somebody means by its number here, or its short name."""
    handle = handles.find(text)
    if text.isascii() and text.isdigit() and len(text) < 16:
        here = table.c.id == int(text)
    elif handle is not None:
        here = table.c.handle == handle
    else:
        return None
    row = await db.one(_SELECT.where(here))
    return _overseen(row) if row else None


async def details(db: database.Queries, found: Overseen, viewer: accounts.Person) -> Details:
    """Four queries."""
    values = {"room_id": found.room.id}
    rows = await db.all(_ROLES, values)
    counts = await db.one(_COUNTS, {**values, "now": clock.now()})
    people = [] if found.is_private else await memberships.people(db, found.room.id, LOOKED_AFTER)
    return Details(
        {row["role"]: row["many"] for row in rows},
        tuple(member for member in people if member.role in {"owner", "moderator"}),
        counts["links"] if counts else 0,
        counts["bans"] if counts else 0,
        await memberships.find(db, found.room.id, viewer.id),
    )


_ROLES = (
    "SELECT role, COUNT(*) AS many FROM memberships WHERE room_id = :room_id"
    " GROUP BY role ORDER BY role"
)
_COUNTS = (
    "SELECT (SELECT COUNT(*) FROM invitation_links WHERE room_id = :room_id"
    " AND revoked_at IS NULL) AS links, (SELECT COUNT(*) FROM bans WHERE room_id = :room_id"
    " AND (until IS NULL OR until > :now)) AS bans"
)


# ------------------------------------------------------------------ acting


async def lock(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    locked: bool,
    *,
    now: int | None = None,
) -> rooms.Room:
    """Lets only those who look after a room write there, or lets everybody again."""
    at, kind = clock.at(now), "locked" if locked else "unlocked"
    async with changes.begin(
        db,
        room,
        by,
        Act.LOCK,
        kind,
        overseeing=True,
        now=at,
        person_id=by.id,
        locked_at=at if locked else None,
    ) as change:
        await acts.record(change, kind, now=at)
    return change.room
