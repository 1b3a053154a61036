"""The directory: the rooms that everyone may find, by name."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy

from hubbub import database
from hubbub.domain import accounts, handles, rooms
from hubbub.tables import rooms as table

PAGE = 20
_LAST_PAGE = 10_000


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the listed rooms: page `number` (from 1) of those whose name holds `q`."""

    rooms: tuple[rooms.Room, ...]
    q: str
    number: int
    has_next: bool


async def listed(
    db: database.Queries,
    q: str = "",
    number: int = 1,
    *,
    person: accounts.Person | None = None,
) -> Page:
    """The listed rooms whose title or handle holds `q`, by title; none that the person is banned
    from."""
    number = min(max(number, 1), _LAST_PAGE)
    here = (table.c.access == "listed") & table.c.archived_at.is_(None)
    query = (
        sqlalchemy.select(table)
        .where(here & rooms.visible_to(person))
        .order_by(table.c.title_key, table.c.id)
    )
    sought = handles.fold(q[: rooms.TITLE_LENGTH].replace("\0", ""))
    if sought:
        pattern = f"%{_escaped(sought)}%"
        by_title = table.c.title_key.like(pattern, escape="!")
        query = query.where(by_title | table.c.handle.like(pattern, escape="!"))
    rows = await db.all(query.limit(PAGE + 1).offset((number - 1) * PAGE))
    return Page(tuple(map(rooms.from_row, rows[:PAGE])), q, number, len(rows) > PAGE)


def _escaped(text: str) -> str:
    for character in "!%_":
        text = text.replace(character, f"!{character}")
    return text
