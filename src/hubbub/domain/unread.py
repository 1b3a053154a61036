"""What is unread: a pointer for each person in each room, and what lies beyond it.

Pointers are moved by what people have really seen, many at a time, so that no message costs a
write for each of its readers. They only go forward, except when someone marks a room as unread.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import sqlalchemy
from sqlalchemy import BigInteger, column

from hubbub import database
from hubbub.domain import mentions
from hubbub.tables import events, memberships, rooms
from hubbub.tables import mentions as calls

COUNTED = 100
"""More mentions in one room than this are not told apart."""

AT_ONCE = 200
"""So many pointers are moved by one statement; each costs about 30 µs to put into words."""

_ASKED_AT_ONCE = 5_000
_MOVES = {"created": True, "joined": True, "added": True, "left": False, "removed": False}

T = TypeVar("T")
Place = tuple[int, int]
"""A room and a person, by their ids."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far someone has read in a room. `called` are the numbers of the messages that call them
    beyond that, the newest hundred; `seq` is the room's place in its log at that moment."""

    room_id: int
    public_id: str
    seq: int
    last_number: int
    read_number: int
    called: frozenset[int] = frozenset()

    @property
    def is_unread(self) -> bool:
        return self.last_number > self.read_number

    @property
    def mentions(self) -> int:
        return len(self.called)

    def read_to(self, number: int) -> Standing:
        """The same with the pointer moved, unless it is further already."""
        if number <= self.read_number:
            return self
        left = frozenset(called for called in self.called if called > number)
        places = (self.room_id, self.public_id, self.seq, self.last_number)
        return Standing(*places, min(number, self.last_number), left)


@dataclass(frozen=True, slots=True)
class First:
    """The first message someone has not read."""

    number: int
    posted_at: int


@dataclass(frozen=True, slots=True)
class Head:
    """How far a room has come."""

    seq: int
    last_number: int


@dataclass(frozen=True, slots=True)
class Call:
    """A message calls someone, or everyone (`mentions.EVERYONE`)."""

    room_id: int
    number: int
    person_id: int
    author_id: int


@dataclass(frozen=True, slots=True)
class Move:
    """Someone came into a room, or went."""

    room_id: int
    person_id: int
    is_coming: bool


# ----------------------------------------------------------------- reading


async def of(db: database.Queries, person_ids: Iterable[int]) -> dict[int, list[Standing]]:
    """Where people stand in all their rooms, in one query."""
    ids = sorted(set(person_ids))
    found: dict[int, dict[int, tuple[database.Record, set[int]]]] = {id_: {} for id_ in ids}
    if ids:
        for row in await db.all(_standings(ids)):
            _, called = found[row["person_id"]].setdefault(row["room_id"], (row, set()))
            called.update([row["called"]] if row["called"] is not None else [])
    return {
        person_id: [
            Standing(room_id, row["public_id"], *_numbers(row), frozenset(called))
            for room_id, (row, called) in by_room.items()
        ]
        for person_id, by_room in found.items()
    }


def _numbers(row: database.Record) -> tuple[int, int, int]:
    return row["seq"], row["last_number"], row["read_number"]


def _standings(ids: list[int]) -> sqlalchemy.Select[tuple[int]]:
    beyond = _beyond(ids).subquery("beyond")
    called = (
        (beyond.c.room_id == memberships.c.room_id)
        & (beyond.c.person_id == memberships.c.person_id)
        & (beyond.c.place <= COUNTED)
    )
    return (
        sqlalchemy.select(
            memberships.c.person_id,
            memberships.c.room_id,
            rooms.c.public_id,
            rooms.c.seq,
            rooms.c.last_number,
            memberships.c.read_number,
            beyond.c.number.label("called"),
        )
        .join(rooms, rooms.c.id == memberships.c.room_id)
        .outerjoin(beyond, called)
        .where(memberships.c.person_id.in_(ids), rooms.c.deleted_at.is_(None))
    )


def _beyond(ids: list[int]) -> sqlalchemy.Select[tuple[int]]:
    """The messages beyond their pointers that call these people, the newest first."""
    newest = sqlalchemy.func.row_number().over(
        partition_by=(memberships.c.person_id, memberships.c.room_id),
        order_by=calls.c.number.desc(),
    )
    return (
        sqlalchemy.select(
            memberships.c.person_id, memberships.c.room_id, calls.c.number, newest.label("place")
        )
        .join(calls, calls.c.room_id == memberships.c.room_id)
        .where(
            memberships.c.person_id.in_(ids),
            calls.c.person_id.in_([mentions.EVERYONE, memberships.c.person_id]),
            calls.c.number > memberships.c.read_number,
            calls.c.author_id != memberships.c.person_id,
        )
    )


async def heads(db: database.Queries, room_ids: Iterable[int]) -> dict[int, Head]:
    """How far rooms have come; those that are gone are left out."""
    found: dict[int, Head] = {}
    for some in _batches(sorted(set(room_ids)), _ASKED_AT_ONCE):
        query = sqlalchemy.select(rooms.c.id, rooms.c.seq, rooms.c.last_number).where(
            rooms.c.id.in_(some), rooms.c.deleted_at.is_(None)
        )
        for row in await db.all(query):
            found[row["id"]] = Head(row["seq"], row["last_number"])
    return found


async def called(db: database.Queries, beyond: Mapping[int, int]) -> list[Call]:
    """The mentions in rooms beyond a number in each: `{room id: number}`."""
    found: list[Call] = []
    for some in _batches(sorted(beyond.items()), AT_ONCE):
        known = _table("known", some, "room_id", "number")
        query = sqlalchemy.select(calls).join(
            known, (calls.c.room_id == known.c.room_id) & (calls.c.number > known.c.number)
        )
        found += [
            Call(row["room_id"], row["number"], row["person_id"], row["author_id"])
            for row in await db.all(query)
        ]
    return found


async def moves(db: database.Queries, beyond: Mapping[int, int]) -> list[Move]:
    """Who came and went in rooms beyond a seq in each, in that order: `{room id: seq}`."""
    found: list[Move] = []
    for some in _batches(sorted(beyond.items()), AT_ONCE):
        known = _table("known", some, "room_id", "seq")
        query = (
            sqlalchemy.select(events.c.room_id, events.c.person_id, events.c.kind)
            .join(known, (events.c.room_id == known.c.room_id) & (events.c.seq > known.c.seq))
            .where(events.c.kind.in_(sorted(_MOVES)), events.c.person_id.is_not(None))
            .order_by(events.c.room_id, events.c.seq)
        )
        found += [
            Move(row["room_id"], row["person_id"], _MOVES[row["kind"]])
            for row in await db.all(query)
        ]
    return found


async def first(db: database.Queries, standing: Standing) -> First | None:
    """The first message beyond a pointer."""
    values = {"room_id": standing.room_id, "read_number": standing.read_number}
    row = await db.one(_FIRST, values) if standing.is_unread else None
    return First(row["number"], row["posted_at"]) if row else None


_FIRST = (
    "SELECT number, posted_at FROM messages WHERE room_id = :room_id AND number > :read_number"
    " ORDER BY number LIMIT 1"
)


# ------------------------------------------------------------------ moving


async def advance(db: database.Queries, seen: Mapping[Place, int]) -> None:
    """Moves pointers forward to the messages seen, and never back, nor beyond the newest message.

    In the order of the places, so that two processes do not wait for each other.
    """
    rows = [(*place, number) for place, number in sorted(seen.items())]
    for some in _batches(rows, AT_ONCE):
        known = _table("seen", some, "room_id", "person_id", "number")
        await db.run(
            sqlalchemy.update(memberships)
            .where(
                memberships.c.room_id == known.c.room_id,
                memberships.c.person_id == known.c.person_id,
                rooms.c.id == known.c.room_id,
                memberships.c.read_number < known.c.number,
                rooms.c.last_number >= known.c.number,
            )
            .values(read_number=known.c.number)
        )


async def rewind(db: database.Queries, room_id: int, person_id: int, number: int) -> None:
    """Everything beyond `number` counts as unread again."""
    await db.run(_REWIND, {"room_id": room_id, "person_id": person_id, "number": number})


_REWIND = (
    "UPDATE memberships SET read_number = :number"
    " WHERE room_id = :room_id AND person_id = :person_id"
)


def _table(name: str, rows: Sequence[tuple[int, ...]], *columns: str) -> sqlalchemy.CTE:
    numbers = [column(column_name, BigInteger) for column_name in columns]
    return sqlalchemy.values(*numbers, name=name).data(list(rows)).cte(name)


def _batches(items: list[T], size: int) -> Iterator[list[T]]:
    rest = iter(items)
    while some := list(itertools.islice(rest, size)):
        yield some
