"""The switcher: where someone may want to go by a few letters, to a room or to a person."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy

from hubbub import database
from hubbub.domain import accounts, handles, names, rooms
from hubbub.tables import memberships, people
from hubbub.tables import rooms as table

SHOWN = 15


@dataclass(frozen=True, slots=True)
class Places:
    """Where `q` may lead: the rooms one is in come first, then listed ones, then people."""

    q: str
    rooms: tuple[rooms.Room, ...] = ()
    people: tuple[accounts.Person, ...] = ()

    def __len__(self) -> int:
        return len(self.rooms) + len(self.people)


async def find(db: database.Queries, person: accounts.Person, q: str) -> Places:
    """`#` in front asks for rooms only, `@` for people only; nothing at all for where something
    was said last."""
    kind, sought = q[:1], names.clean(q.lstrip("#@"))
    found = await _rooms(db, person, handles.fold(sought)) if kind != "@" else []
    wanted = kind == "@" or (kind != "#" and sought)
    met = await _people(db, person, sought, SHOWN - len(found)) if wanted else []
    return Places(q, tuple(found), tuple(met))


async def _rooms(db: database.Queries, person: accounts.Person, sought: str) -> list[rooms.Room]:
    if not sought:
        return await rooms.mine(db, person, SHOWN)
    mine = sqlalchemy.select(memberships.c.room_id).where(memberships.c.person_id == person.id)
    listed = (table.c.access == "listed") & table.c.archived_at.is_(None)
    found: list[rooms.Room] = []
    for condition in (table.c.id.in_(mine), listed & table.c.id.not_in(mine)):
        query = sqlalchemy.select(table).where(condition & rooms.visible_to(person))
        near = query.where(_is_near(sought)).order_by(_distance(sought), table.c.title_key)
        rows = await db.all(near.limit(SHOWN - len(found)))
        found += map(rooms.from_row, rows)
    return found


def _is_near(sought: str) -> sqlalchemy.ColumnElement[bool]:
    scattered = names.scattered(sought)
    return table.c.title_key.like(scattered, escape="!") | table.c.handle.like(
        scattered, escape="!"
    )


def _distance(sought: str) -> sqlalchemy.ColumnElement[int]:
    text = names.pattern(sought)
    title, handle = table.c.title_key, table.c.handle
    return sqlalchemy.case(
        (title.like(f"{text}%", escape="!") | handle.like(f"{text}%", escape="!"), 0),
        (title.like(f"% {text}%", escape="!"), 1),
        (title.like(f"%{text}%", escape="!"), 2),
        else_=3,
    )


async def _people(
    db: database.Queries, person: accounts.Person, sought: str, limit: int
) -> list[accounts.Person]:
    """Those one shares a room with: others are nobody's business."""
    mine, theirs = memberships.alias("mine"), memberships.alias("theirs")
    shared = (
        sqlalchemy.exists()
        .where(mine.c.person_id == person.id, mine.c.room_id == theirs.c.room_id)
        .where(theirs.c.person_id == people.c.id)
        .where(table.c.id == mine.c.room_id, table.c.deleted_at.is_(None))
    )
    return await names.nearest(db, shared & (people.c.id != person.id), sought, limit)
