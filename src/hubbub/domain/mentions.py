"""Mentions: whom a message calls, and who could be meant by what is being typed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy

from hubbub import database, errors, markup, words
from hubbub.domain import accounts, names, permissions, rooms
from hubbub.domain.permissions import Act
from hubbub.tables import blocks, memberships, people
from hubbub.tables import mentions as table

EVERYONE = 0
"""Stands for the id of a person where a message calls the whole room."""

ROOM = "room"
MANY = 5
"""Whoever calls more people than this is asked first."""


@dataclass(frozen=True, slots=True)
class Called:
    """The folded names a text calls, and the ids behind them (`EVERYONE` among them)."""

    names: tuple[str, ...] = ()
    ids: tuple[int, ...] = ()

    @property
    def text(self) -> str:
        """As a message keeps it."""
        return " ".join(self.names)


NOBODY = Called()


async def called(
    db: database.Queries,
    room: rooms.Room,
    author: accounts.Person,
    body: str,
    *,
    sure: bool = True,
) -> Called:
    """Whom `body` calls: only members, and the whole room only by those who may. In a direct room
    everything said is said to all others, so that it counts like a call.

    Conflict when that is many people and the author is not `sure`.
    """
    named, is_direct = markup.mentioned(body), room.direct_key is not None
    if not named and not is_direct:
        return NOBODY
    rows = await db.all(_members(room.id, None if is_direct else named, author.id))
    roles = {row["person_id"]: row["role"] for row in rows}
    ids = {row["username_key"]: row["person_id"] for row in rows}
    found = {name: ids[name] for name in ids if name in named and name != ROOM}
    deaf = {row["person_id"] for row in rows if row["is_deaf"]}
    if ROOM in named and _may_call_room(roles.get(author.id), room):
        if room.members > MANY and not sure:
            raise _ask(room.members)
        found[ROOM] = EVERYONE
    # Whoever blocked the author is shown as called, so that the author learns nothing.
    meant = ids if is_direct else found
    return Called(tuple(found), tuple(id_ for id_ in meant.values() if id_ not in deaf))


def _members(room_id: int, names: Iterable[str] | None, author_id: int) -> sqlalchemy.Select[Any]:
    deaf = sqlalchemy.exists().where(
        blocks.c.person_id == memberships.c.person_id, blocks.c.blocked_id == author_id
    )
    query = (
        sqlalchemy.select(
            memberships.c.person_id,
            memberships.c.role,
            people.c.username_key,
            deaf.label("is_deaf"),
        )
        .join(people, people.c.id == memberships.c.person_id)
        .where(memberships.c.room_id == room_id)
        .order_by(people.c.username_key)
    )
    if names is None:
        return query
    return query.where(people.c.username_key.in_(sorted(names)) | (people.c.id == author_id))


def _may_call_room(role: str | None, room: rooms.Room) -> bool:
    return role is not None and permissions.can(permissions.Standing(role), Act.CALL, room)


def _ask(count: int) -> errors.Conflict:
    sentence = words.gettext(
        "@room calls all {number} people here. Send it again if that is meant."
    )
    return errors.Conflict(sentence.format(number=count), field="sure")


async def ping(
    conn: database.Connection, room_id: int, number: int, author_id: int, called: Called
) -> None:
    """Makes a message count for those it calls. One statement, however many they are."""
    ids = [person_id for person_id in called.ids if person_id != author_id]
    if ids:
        rows = [
            {"person_id": i, "room_id": room_id, "number": number, "author_id": author_id}
            for i in ids
        ]
        await conn.run(sqlalchemy.insert(table).values(rows))


async def keep(
    conn: database.Connection, room_id: int, number: int, called: Called = NOBODY
) -> None:
    """A message no longer calls anyone but these; whom it did not call before it does not ping."""
    gone = sqlalchemy.delete(table).where(table.c.room_id == room_id, table.c.number == number)
    await conn.run(gone.where(table.c.person_id.not_in(called.ids)) if called.ids else gone)


# ------------------------------------------------------------ while typing


@dataclass(frozen=True, slots=True)
class Candidate:
    """Someone who could be meant; without a person it is everyone in the room."""

    username: str
    person: accounts.Person | None = None


async def candidates(
    db: database.Queries, room: rooms.Room, viewer: rooms.Member | None, typed: str, limit: int = 8
) -> list[Candidate]:
    """Which members are meant by the beginning of a mention, the likeliest first; for those who
    may call it, the whole room too."""
    sought = names.clean(typed)
    inside = sqlalchemy.select(memberships.c.person_id).where(memberships.c.room_id == room.id)
    near = await names.nearest(db, people.c.id.in_(inside), sought, limit)
    found = [Candidate(person.username, person) for person in near]
    role = viewer.role if viewer else None
    if not ROOM.startswith(sought.lower()) or not _may_call_room(role, room):
        return found
    # Who wrote it out means it.
    place = 0 if sought.lower() == ROOM else limit - 1
    return [*found[:place], Candidate(ROOM), *found[place:]][:limit]
