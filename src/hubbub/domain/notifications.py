"""Notifications: how much of a room one wants to hear, and who is due to hear of a message.

Everyone who is due is found by the database: still a member, not the author, not past the message
with reading, asking for as much of the room, and not blocking its author.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import sqlalchemy
from sqlalchemy import BigInteger, ColumnElement, column

from hubbub import database, errors, words
from hubbub.domain import accounts, mentions, rooms
from hubbub.tables import blocks, memberships, messages, people, push_subscriptions
from hubbub.tables import mentions as calls
from hubbub.tables import rooms as places

LEVELS = ("", "all", "mentions", "nothing")
"""The empty one is the default: all in a direct room, mentions elsewhere."""

SOUND, ALERTS, PRIVATE = "sound", "alerts", "private"
"""Words of `Person.preferences`: a sound, the browser's own notifications, no text in them."""

AT_ONCE = 1_000
"""So many people or rooms are asked about in one query."""

N = TypeVar("N")
"""What somebody is told of: a message, or what stands in another module."""


def are_wanted(person: accounts.Person) -> bool:
    """Whether somebody's open pages are told of messages, to make a sound or show them."""
    return _wanted(person.preferences)


def _wanted(preferences: str) -> bool:
    return not {SOUND, ALERTS}.isdisjoint(preferences.split())


@dataclass(frozen=True, slots=True)
class Notice:
    """A message somebody is due to hear of. `public_id` and `generation` make the room's link."""

    room_id: int
    public_id: str
    generation: int
    room_title: str
    is_direct: bool
    number: int
    author_name: str
    body: str


@dataclass(frozen=True, slots=True)
class Due(Generic[N]):
    """Somebody who is due; `is_private`: the text is not to be shown."""

    person_id: int
    notice: N
    is_private: bool


@dataclass(frozen=True, slots=True)
class Push(Generic[N]):
    """A notice for one browser: where it is sent, and the keys it is sealed for and signed with."""

    subscription_id: int
    endpoint: str
    p256dh: str
    auth: str
    server_key: str
    notice: N
    is_private: bool


# ------------------------------------------------------------------ levels


async def choose(
    db: database.Queries, room: rooms.Room, person: accounts.Person, level: str
) -> None:
    """How much of a room a member hears of. Invalid for what is no level."""
    if level not in LEVELS:
        raise errors.Invalid(words.gettext("Choose one of these."), field="level")
    await db.run(
        memberships.update()
        .where(memberships.c.room_id == room.id, memberships.c.person_id == person.id)
        .values(notify=level)
    )


# ------------------------------------------------------------- who is due


def _is_due() -> ColumnElement[bool]:
    """Of a message, a membership of its room, the room, and the person."""
    called = sqlalchemy.exists().where(
        calls.c.room_id == messages.c.room_id,
        calls.c.number == messages.c.number,
        calls.c.person_id.in_((memberships.c.person_id, sqlalchemy.literal(mentions.EVERYONE))),
    )
    blocked = sqlalchemy.exists().where(
        blocks.c.person_id == memberships.c.person_id, blocks.c.blocked_id == messages.c.author_id
    )
    level = memberships.c.notify
    wanted = sqlalchemy.or_(
        level == "all",
        sqlalchemy.and_(level == "", places.c.direct_key.is_not(None)),
        sqlalchemy.and_(level.in_(("", "mentions")), called),
    )
    return sqlalchemy.and_(
        wanted,
        sqlalchemy.not_(blocked),
        messages.c.deleted_at.is_(None),
        places.c.deleted_at.is_(None),
        people.c.disabled_at.is_(None),
        people.c.deleted_at.is_(None),
        memberships.c.person_id != messages.c.author_id,
        memberships.c.read_number < messages.c.number,
    )


_JOINED = (
    messages.join(places, places.c.id == messages.c.room_id)
    .join(memberships, memberships.c.room_id == messages.c.room_id)
    .join(people, people.c.id == memberships.c.person_id)
)
_NEWEST = sqlalchemy.func.max(messages.c.number).label("number")


async def due(
    db: database.Queries, beyond: Mapping[int, int], person_ids: Collection[int]
) -> list[Due[Notice]]:
    """Who of these people is due to hear of a message beyond a number in one of these rooms
    (`{room id: number}`): of the newest in each room."""
    if not beyond or not person_ids:
        return []
    known = _known(beyond)
    query = (
        sqlalchemy.select(messages.c.room_id, people.c.id, people.c.preferences, _NEWEST)
        .select_from(_JOINED.join(known, known.c.room_id == messages.c.room_id))
        .where(messages.c.number > known.c.number, _is_due())
        .where(people.c.id.in_(sorted(person_ids)[:AT_ONCE]))
        .group_by(messages.c.room_id, people.c.id, people.c.preferences)
    )
    rows = await db.all(query)
    notices = await _notices(db, {(row["room_id"], row["number"]) for row in rows})
    return [
        Due(row["id"], notice, is_private(row))
        for row in rows
        if (notice := notices.get((row["room_id"], row["number"])))
    ]


async def pushes(db: database.Queries, room_id: int, first: int, last: int) -> list[Push[Notice]]:
    """The browsers to be told of messages `first` to `last`: each of the newest it is due."""
    subscription = push_subscriptions.c
    fields = (
        subscription.id,
        subscription.endpoint,
        subscription.p256dh,
        subscription.auth,
        subscription.server_key,
        people.c.preferences,
    )
    query = (
        sqlalchemy.select(*fields, _NEWEST)
        .select_from(_JOINED.join(push_subscriptions, subscription.person_id == people.c.id))
        .where(messages.c.room_id == room_id, messages.c.number.between(first, last), _is_due())
        .group_by(*fields)
    )
    rows = await db.all(query)
    notices = await _notices(db, {(room_id, row["number"]) for row in rows})
    return [
        addressed(row, notice) for row in rows if (notice := notices.get((room_id, row["number"])))
    ]


def addressed(row: database.Record, notice: N) -> Push[N]:
    """A notice for the browser of this row, which also has the preferences of its person."""
    keys = (row["p256dh"], row["auth"], row["server_key"])
    return Push(row["id"], row["endpoint"], *keys, notice, is_private(row))


def _known(beyond: Mapping[int, int]) -> sqlalchemy.CTE:
    columns = (column("room_id", BigInteger), column("number", BigInteger))
    rows = sorted(beyond.items())[:AT_ONCE]
    return sqlalchemy.values(*columns, name="known").data(rows).cte("known")


def is_told(row: database.Record) -> bool:
    """Whether the open pages of somebody of these preferences are told."""
    return _wanted(row["preferences"])


def is_private(row: database.Record) -> bool:
    """Whether somebody of these preferences wants no text shown."""
    return PRIVATE in row["preferences"].split()


async def _notices(
    db: database.Queries, wanted: Collection[tuple[int, int]]
) -> dict[tuple[int, int], Notice]:
    found: dict[tuple[int, int], Notice] = {}
    for room_id in sorted({room_id for room_id, _ in wanted}):
        numbers = sorted(number for room, number in wanted if room == room_id)
        query = (
            sqlalchemy.select(
                *(places.c[name] for name in ("public_id", "generation", "title", "direct_key")),
                messages.c.number,
                messages.c.body,
                people.c.display_name,
                people.c.username,
            )
            .select_from(messages)
            .join(places, places.c.id == messages.c.room_id)
            .join(people, people.c.id == messages.c.author_id)
            .where(messages.c.room_id == room_id, messages.c.number.in_(numbers))
            .where(messages.c.deleted_at.is_(None))
        )
        for row in await db.all(query):
            found[room_id, row["number"]] = _notice(room_id, row)
    return found


def _notice(room_id: int, row: database.Record) -> Notice:
    return Notice(
        room_id=room_id,
        public_id=row["public_id"],
        generation=row["generation"],
        room_title=row["title"],
        is_direct=row["direct_key"] is not None,
        number=row["number"],
        author_name=accounts.called(row["username"], row["display_name"]),
        body=row["body"],
    )
