"""Everything somebody wrote and is here, for themselves: read in batches, however much it is.

Of rooms one is not in any more one gets what one wrote, and nothing that came after: not what the
room is called by now, who reacted, or what it says today that was answered.
"""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import sqlalchemy

from hubbub import database
from hubbub.domain import accounts, clock, emails, history, messages, quotes, rooms, runs
from hubbub.tables import memberships, people
from hubbub.tables import messages as table
from hubbub.tables import rooms as room_table

BATCH = 200


@dataclass(frozen=True, slots=True)
class Membership:
    """A room one is in, as what, and since when (milliseconds UTC)."""

    room: rooms.Room
    role: str
    joined_at: int


@dataclass(frozen=True, slots=True)
class Account:
    """What is kept of a person besides what they wrote; `since` in milliseconds UTC."""

    person: accounts.Person
    email: str | None
    since: int
    memberships: tuple[Membership, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """Some messages of one room in their order; `room` is None for one that is not one's any more,
    and `place` tells such rooms apart."""

    room: rooms.Room | None
    place: str
    messages: Sequence[messages.Message]


async def account(db: database.Queries, person: accounts.Person) -> Account:
    since = await db.value(sqlalchemy.select(people.c.created_at).where(people.c.id == person.id))
    query = (
        sqlalchemy.select(room_table, memberships.c.role, memberships.c.joined_at)
        .join(room_table, room_table.c.id == memberships.c.room_id)
        .where(memberships.c.person_id == person.id, room_table.c.deleted_at.is_(None))
        .order_by(memberships.c.joined_at, room_table.c.id)
    )
    found = [
        Membership(rooms.from_row(row), row["role"], row["joined_at"])
        for row in await db.all(query)
    ]
    return Account(person, await emails.of(db, person), since, tuple(found))


async def written(db: database.Queries, person: accounts.Person) -> AsyncIterator[Batch]:
    """All messages by a person that are still there, room by room."""
    mine = {each.room.id: each.room for each in (await account(db, person)).memberships}
    query = (
        sqlalchemy.select(room_table.c.id, room_table.c.public_id)
        .where(room_table.c.id.in_(_rooms_of(person)))
        .order_by(room_table.c.id)
    )
    for row in await db.all(query):
        room = mine.get(row["id"])
        async for some in _in_room(db, person, row["id"]):
            yield Batch(room, row["public_id"], some if room else [_alone(each) for each in some])


def _rooms_of(person: accounts.Person) -> sqlalchemy.Select[tuple[int]]:
    said = sqlalchemy.select(table.c.room_id).where(table.c.author_id == person.id)
    return said.where(table.c.deleted_at.is_(None)).distinct()


async def _in_room(
    db: database.Queries, person: accounts.Person, room_id: int
) -> AsyncIterator[list[messages.Message]]:
    number, day = 0, -1
    while True:
        values = {"room_id": room_id, "author_id": person.id, "number": number, "limit": BATCH}
        found = await history.whole(db, await db.all(_WRITTEN, values))
        if not found:
            return
        days = [day, *(each.posted_at // clock.DAY for each in found)]
        yield [_dated(each, *pair) for each, pair in zip(found, pairwise(days), strict=True)]
        number, day = found[-1].number, days[-1]


def _dated(message: messages.Message, before: int, day: int) -> messages.Message:
    """Without those between them, one's own messages say a day where one's own begins."""
    return dataclasses.replace(message, run=runs.OPENS_DAY if day != before else 0)


def _alone(message: messages.Message) -> messages.Message:
    answered = message.quote
    bare = quotes.Quote(answered.number, f"#{answered.number}", "", None) if answered else None
    return dataclasses.replace(message, quote=bare, reactions=(), pinned_at=None)


# The plus keeps the database from the index by author, which it would have to sort for each batch:
# by number, all batches together go through the room once.
_WRITTEN = (
    f"SELECT {messages.COLUMNS} FROM messages m{messages.JOINS}"  # noqa: S608
    " WHERE m.room_id = :room_id AND m.number > :number AND +m.author_id = :author_id"
    " AND m.deleted_at IS NULL ORDER BY m.number LIMIT :limit"
)
