"""What is unread: a pointer for each person in each room, and what lies beyond it.

Pointers are moved by what people have really seen, many at a time, so that no message costs a
write for each of its readers. They only go forward, except when someone marks a room as unread.
"""

# ruff: noqa: S608 - SQL is put together from constants only; values are bound.

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import sqlalchemy
from sqlalchemy import BigInteger, column

from hubbub import database
from hubbub.tables import blocks, events, memberships, rooms
from hubbub.tables import mentions as calls

COUNTED = 100
"""Of so many mentions in one room the newest are counted: of oneself, and of everyone."""

AT_ONCE = 200
"""So many pointers are moved by one statement; each costs about 30 µs to put into words."""

_ASKED_AT_ONCE = 5_000
_MOVES = {"created": True, "joined": True, "added": True} | dict.fromkeys(
    ("left", "removed", "banned"), False
)

T = TypeVar("T")
Place = tuple[int, int]
"""A room and a person, by their ids."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far someone has read in a room. `called` are the numbers of the messages that call them
    beyond that, the newest of each kind; `seq` is the room's place in its log at that moment."""

    room_id: int
    public_id: str
    seq: int
    last_number: int
    read_number: int
    called: frozenset[int] = frozenset()
    quiet: bool = False  # they want to hear nothing of it, except that they were called

    @property
    def is_unread(self) -> bool:
        return self.last_number > self.read_number

    @property
    def is_shown(self) -> bool:
        """Whether the room is shown as unread."""
        return self.is_unread and (bool(self.called) or not self.quiet)

    @property
    def mentions(self) -> int:
        return len(self.called)

    def read_to(self, number: int) -> Standing:
        """The same with the pointer moved, unless it is further already, or nobody can have seen
        that message, since it is not there."""
        if not self.read_number < number <= self.last_number:
            return self
        left = frozenset(called for called in self.called if called > number)
        places = (self.room_id, self.public_id, self.seq, self.last_number)
        return Standing(*places, number, left, self.quiet)


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
    """A message calls someone, or everyone (`mentions.EVERYONE`) but those who are `deaf` to its
    author (ids)."""

    room_id: int
    number: int
    person_id: int
    author_id: int
    deaf: frozenset[int] = frozenset()


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
        asked = json.dumps(ids) if db.dialect == "sqlite" else ids
        for row in await db.all(_STANDINGS[db.dialect], {"ids": asked}):
            _, called = found[row["person_id"]].setdefault(row["room_id"], (row, set()))
            called.update([row["called"]] if row["called"] is not None else [])
    return {
        person_id: [
            Standing(
                room_id,
                row["public_id"],
                *_numbers(row),
                frozenset(called),
                row["notify"] == "nothing",
            )
            for room_id, (row, called) in by_room.items()
        ]
        for person_id, by_room in found.items()
    }


def _numbers(row: database.Record) -> tuple[int, int, int]:
    return row["seq"], row["last_number"], row["read_number"]


def _standings(dialect: str) -> str:
    """Which messages call someone is read from the newest on, so that a long absence costs no more
    than a short one: for each room once among those that call everyone, and once for oneself."""
    among = {
        "sqlite": "IN (SELECT value FROM json_each(:ids))",
        "postgresql": "= ANY(CAST(:ids AS bigint[]))",
    }[dialect]
    called = "{0}.room_id = m.room_id AND {0}.person_id = m.person_id * k.own"
    called += " AND {0}.author_id <> m.person_id"
    # What calls somebody by name is not written for who blocked its author.
    called += " AND (k.own = 1 OR NOT EXISTS (SELECT 1 FROM blocks b"
    called += " WHERE b.person_id = m.person_id AND b.blocked_id = {0}.author_id))"
    return f"""
SELECT m.person_id, m.room_id, r.public_id, r.seq, r.last_number, m.read_number,
  m.notify, c.number AS called
FROM memberships m JOIN rooms r ON r.id = m.room_id
CROSS JOIN (SELECT 0 AS own UNION ALL SELECT 1) k
LEFT JOIN mentions c ON {called.format("c")} AND c.number >= COALESCE(
  (SELECT f.number FROM mentions f WHERE {called.format("f")} AND f.number > m.read_number
   ORDER BY f.number DESC LIMIT 1 OFFSET {COUNTED - 1}), m.read_number + 1)
WHERE m.person_id {among} AND r.deleted_at IS NULL
"""


_STANDINGS = {dialect: _standings(dialect) for dialect in ("sqlite", "postgresql")}


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
    found: dict[tuple[int, int, int], Call] = {}
    for some in _batches(sorted(beyond.items()), AT_ONCE):
        known = _table("known", some, "room_id", "number")
        beside = (calls.c.room_id == known.c.room_id) & (calls.c.number > known.c.number)
        unheard = (calls.c.person_id == 0) & (blocks.c.blocked_id == calls.c.author_id)
        query = (
            sqlalchemy.select(calls, blocks.c.person_id.label("deaf_id"))
            .join(known, beside)
            .outerjoin(blocks, unheard)
        )
        for row in await db.all(query):
            key = (row["room_id"], row["number"], row["person_id"])
            before = found.get(key)
            deaf = before.deaf if before else frozenset[int]()
            deaf |= {row["deaf_id"]} if row["deaf_id"] is not None else set()
            found[key] = Call(*key, row["author_id"], deaf)
    return list(found.values())


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
