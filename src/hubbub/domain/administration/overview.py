"""How the site is: who is here, how much is said, and what it takes."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy

from hubbub import database
from hubbub.domain import accounts, clock, presence
from hubbub.tables import leases
from hubbub.tables import presence as present


@dataclass(frozen=True, slots=True)
class Numbers:
    """How many there are of each; `database_size` in bytes. Deleted rooms and accounts are not
    counted."""

    people: int
    guests: int
    rooms: int
    said_in_hour: int
    said_in_day: int
    open_reports: int
    database_size: int


@dataclass(frozen=True, slots=True)
class Disk:
    """In bytes: what the data folder takes, and what is free where it lies."""

    used: int
    free: int


_SIZE = {
    "sqlite": "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
    "postgresql": "SELECT pg_database_size(current_database())",
}
# The log of rooms has an index by time, and messages have none: posting them costs less so.
_SAID = "SELECT COUNT(*) FROM events WHERE kind = 'posted' AND at >"
_NUMBERS = f"""
SELECT
  (SELECT COUNT(*) FROM people WHERE guest_of IS NULL AND deleted_at IS NULL) AS people,
  (SELECT COUNT(*) FROM people WHERE guest_of IS NOT NULL AND deleted_at IS NULL) AS guests,
  (SELECT COUNT(*) FROM rooms WHERE deleted_at IS NULL) AS rooms,
  ({_SAID} :hour) AS said_in_hour,
  ({_SAID} :day) AS said_in_day,
  (SELECT COUNT(*) FROM reports r JOIN rooms o ON o.id = r.room_id
   WHERE r.closed_at IS NULL AND o.deleted_at IS NULL AND r.person_id <> :viewer_id) AS open_reports
"""  # noqa: S608 - put together from constants only; values are bound.


async def numbers(
    db: database.Queries, viewer: accounts.Person, *, now: int | None = None
) -> Numbers:
    """Two queries. What is reported about the viewer is not counted, as it is not listed."""
    at = clock.at(now)
    values = {"hour": at - clock.HOUR, "day": at - clock.DAY, "viewer_id": viewer.id}
    row = await db.one(_NUMBERS, values)
    if row is None:
        raise LookupError("a row of numbers did not come back")
    counted = {name: int(row[name]) for name in Numbers.__slots__ if name != "database_size"}
    return Numbers(**counted, database_size=int(await db.value(_SIZE[db.dialect]) or 0))


async def online(db: database.Queries, here: Collection[int]) -> int:
    """How many people have a room open, through this process (whose ids are `here`) or another."""
    now = await db.now_ms()
    query = (
        sqlalchemy.select(present.c.person_id)
        .join(leases, leases.c.process == present.c.process)
        .where(leases.c.expires_at.between(now + 1, now + presence.LEASE + presence.BEAT))
        .distinct()
    )
    return len({row["person_id"] for row in await db.all(query)} | set(here))


async def disk(folder: Path) -> Disk:
    return await asyncio.to_thread(_disk, folder)


def _disk(folder: Path) -> Disk:
    return Disk(_size(folder), shutil.disk_usage(folder).free)


def _size(folder: Path) -> int:
    """What goes away while it is counted does not count."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(place) / name).lstat().st_size
            except OSError:
                continue
    return total
