"""Reading the site's log: what happened to accounts and rights, the newest first."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy

from hubbub import database
from hubbub.domain import accounts, clock, days
from hubbub.tables import people, rooms
from hubbub.tables import security_events as table

SIZE = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """What the log is narrowed to: a kind, a person by username, days (UTC, both included);
    `before` is the id of the last line of the page before."""

    kind: str = ""
    by: str = ""
    since: datetime.date | None = None
    until: datetime.date | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """`room_title` is None where no room is meant; a direct room's is not told."""

    id: int
    at: int
    kind: str
    username: str | None
    room_id: int | None
    room_title: str | None
    address: str
    detail: str


_TITLE = sqlalchemy.case((rooms.c.direct_key.is_(None), rooms.c.title), else_="")
_SELECT = (
    sqlalchemy.select(
        *(table.c[name] for name in ("id", "at", "kind", "room_id", "address", "detail")),
        people.c.username,
        _TITLE.label("room_title"),
    )
    .outerjoin(people, people.c.id == table.c.person_id)
    .outerjoin(rooms, rooms.c.id == table.c.room_id)
    .order_by(table.c.id.desc())
    .limit(SIZE + 1)
)
# The kinds there are, by jumps in the index: one look for each, however long the log.
_KINDS = """
WITH RECURSIVE kinds (kind) AS (
  SELECT MIN(kind) FROM security_events
  UNION ALL
  SELECT (SELECT MIN(e.kind) FROM security_events e WHERE e.kind > k.kind)
  FROM kinds k WHERE k.kind IS NOT NULL
)
SELECT kind FROM kinds WHERE kind IS NOT NULL
"""


def parse(fields: Mapping[str, str]) -> Asked:
    """The fields `kind`, `by`, `since`, `until` and `before`. Invalid for what is no day."""
    before = fields.get("before", "")
    return Asked(
        fields.get("kind", "").replace("\0", "")[:80],
        fields.get("by", "").replace("\0", "").strip().removeprefix("@")[:80],
        days.asked(fields, "since"),
        days.asked(fields, "until"),
        int(before) if before.isascii() and before.isdigit() and len(before) < 16 else None,
    )


async def kinds(db: database.Queries) -> list[str]:
    return [row["kind"] for row in await db.all(_KINDS)]


async def latest(db: database.Queries, asked: Asked) -> tuple[list[Line], int | None]:
    """A page of the log, and the id to ask for what is older, where there is more."""
    query = _SELECT
    if asked.kind:
        query = query.where(table.c.kind == asked.kind)
    if asked.by:
        key = accounts.fold(asked.by)
        who = sqlalchemy.select(people.c.id).where(people.c.username_key == key)
        query = query.where(table.c.person_id == who.scalar_subquery())
    if asked.since:
        query = query.where(table.c.at >= days.start(asked.since))
    if asked.until:
        query = query.where(table.c.at < days.start(asked.until) + clock.DAY)
    if asked.before is not None:
        query = query.where(table.c.id < asked.before)
    rows = await db.all(query)
    lines = [Line(**{name: row[name] for name in Line.__slots__}) for row in rows[:SIZE]]
    return lines, lines[-1].id if len(rows) > SIZE else None
