"""Rooms: finding and making them.

What finds a room for a viewer is scoped by `visible_to`: a private room cannot be loaded by
someone who is not in it. What changes one goes through `changes`.
"""

# ruff: noqa: S608 - SQL is put together from constants only; values are bound.

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy

from hubbub import database, errors, markup, signing, words
from hubbub.domain import accounts, clock, handles, log, permissions
from hubbub.tables import bans, memberships, rooms

ACCESS = ("listed", "link", "invited")
TITLE_LENGTH = 80
TOPIC_LENGTH = 250
LOBBY = "lobby"
_ATTEMPTS = 6


@dataclass(frozen=True, slots=True)
class Room:
    id: int
    public_id: str
    generation: int
    title: str
    topic: str
    access: str
    handle: str | None
    seq: int
    last_number: int
    members: int
    created_at: int
    archived_at: int | None
    deleted_at: int | None
    locked_at: int | None = None
    slow_seconds: int = 0
    holds: int = 0
    guests: int = 0
    direct_key: str | None = None
    first_number: int = 1  # what came before is not kept any more


@dataclass(frozen=True, slots=True)
class Member:
    """A person's part in a room. Known to `memberships` by the same name."""

    person: accounts.Person
    role: str
    joined_at: int
    read_number: int = 0
    muted_until: int | None = None  # only while it lasts
    cleared: bool = True  # False: what they say first is held for a moderator
    notify: str = ""


_COLUMNS = tuple(field.name for field in dataclasses.fields(Room))
_ROOM = ", ".join(f"r.{name}" for name in _COLUMNS)
# Of a membership `m`, for a moment `:now`; `member_from_row` reads them.
MEMBER = (
    "m.role, m.joined_at, m.read_number, m.cleared, m.notify, (SELECT u.until FROM mutes u"
    " WHERE u.room_id = m.room_id AND u.person_id = m.person_id AND u.until > :now) AS muted_until"
)
_BANNED = (
    "SELECT 1 FROM bans b WHERE b.room_id = r.id AND b.person_id = :person_id"
    " AND (b.until IS NULL OR b.until > :now)"
)
# Of a room and what a person `:person_id` is in it; `with_member_from_row` reads it.
WITH_MEMBER = (
    f"SELECT {_ROOM}, {accounts.COLUMNS}, {MEMBER}, EXISTS ({_BANNED}) AS is_banned FROM rooms r"
    " LEFT JOIN memberships m ON m.room_id = r.id AND m.person_id = :person_id"
    " LEFT JOIN people p ON p.id = m.person_id"
)
# Every request that opens a room runs this one query, so it is plain text.
_OPEN = (
    f"{WITH_MEMBER} WHERE r.public_id = :public_id AND"
    " (m.role IS NOT NULL OR (r.access <> 'invited' AND r.deleted_at IS NULL"
    f" AND NOT EXISTS ({_BANNED})))"
)
_MINE = (
    f"SELECT {_ROOM} FROM memberships m JOIN rooms r ON r.id = m.room_id"
    " WHERE m.person_id = :person_id AND r.deleted_at IS NULL"
    " ORDER BY CASE WHEN r.last_posted_at > m.joined_at THEN r.last_posted_at ELSE m.joined_at END"
    " DESC, r.id DESC LIMIT :limit"
)


def from_row(row: database.Record) -> Room:
    return Room(*(row[name] for name in _COLUMNS))


def member_from_row(row: database.Record) -> Member:
    return Member(
        accounts.from_row(row),
        row["role"],
        row["joined_at"],
        row["read_number"],
        row["muted_until"],
        bool(row["cleared"]),
        row["notify"],
    )


def with_member_from_row(row: database.Record) -> tuple[Room, Member | None]:
    return from_row(row), member_from_row(row) if row["role"] else None


# ---------------------------------------------------------------- finding


def visible_to(person: accounts.Person | None) -> sqlalchemy.ColumnElement[bool]:
    """The condition every query that finds rooms for a viewer carries."""
    there = rooms.c.deleted_at.is_(None)
    if person is None:
        return there & (rooms.c.access != "invited")
    membership = sqlalchemy.exists().where(
        memberships.c.room_id == rooms.c.id, memberships.c.person_id == person.id
    )
    banned = sqlalchemy.exists().where(
        bans.c.room_id == rooms.c.id,
        bans.c.person_id == person.id,
        bans.c.until.is_(None) | (bans.c.until > clock.now()),
    )
    if person.guest_of is not None:
        return there & membership
    return there & (((rooms.c.access != "invited") & ~banned) | membership)


async def open(
    db: database.Queries, public_id: str, person: accounts.Person | None
) -> tuple[Room, Member | None]:
    """The room and the viewer's part in it, in one query.

    Without a membership it is the caller who checks that the link's key is right. NotFound for
    what the viewer may not see; Gone for a deleted room, to those who were in it.
    """
    person_id = person.id if person else None
    values = {"public_id": public_id, "person_id": person_id, "now": clock.now()}
    row = await db.one(_OPEN, values) if _is_public_id(public_id) else None
    if row is None:
        raise permissions.unseen()
    room, member = with_member_from_row(row)
    if room.deleted_at is not None:
        raise gone(room)
    return room, member


def _is_public_id(text: str) -> bool:
    return len(text) == signing.PUBLIC_ID_LENGTH and text.isascii() and text.isalnum()


def gone(room: Room) -> errors.Gone:
    return errors.Gone(words.gettext("“{title}” was deleted.").format(title=room.title))


async def by_id(db: database.Queries, room_id: int) -> Room | None:
    """For what is drawn into a room's own stream; knows of no viewer."""
    return await _one(db, rooms.c.id == room_id)


async def by_handle(
    db: database.Queries, name: str, person: accounts.Person | None = None
) -> Room | None:
    """The listed room someone means by a name typed into the join box."""
    handle = handles.find(name)
    if handle is None:
        return None
    return await _one(db, (rooms.c.handle == handle) & visible_to(person))


async def _one(db: database.Queries, condition: sqlalchemy.ColumnElement[bool]) -> Room | None:
    row = await db.one(sqlalchemy.select(rooms).where(condition))
    return from_row(row) if row else None


async def mine(db: database.Queries, person: accounts.Person, limit: int = 100) -> list[Room]:
    """The rooms a person is in, those with the newest messages first."""
    rows = await db.all(_MINE, {"person_id": person.id, "limit": limit})
    return [from_row(row) for row in rows]


# ----------------------------------------------------------------- making


async def create(
    db: database.Database,
    creator: accounts.Person,
    title: str,
    access: str = "link",
    handle: str | None = None,
    *,
    now: int | None = None,
) -> Room:
    """Makes a room whose owner is `creator`. Conflict when the handle that was asked for is taken;
    one made from the title gets an ending instead."""
    title = clean_title(title)
    check_access(access)
    async for name in handles_to_try(access, handle, title):
        try:
            return await _insert(db, creator, title, access, name, clock.at(now))
        except database.UniqueViolation:
            continue
    raise handles.taken()


async def handles_to_try(access: str, wanted: str | None, title: str) -> AsyncIterator[str | None]:
    """The handles to try, one after the other."""
    if access != "listed":
        yield None
    elif wanted and wanted.strip():
        yield handles.clean(wanted)
    else:
        for attempt in range(_ATTEMPTS):
            yield handles.from_title(title, attempt)


async def _insert(
    db: database.Database,
    creator: accounts.Person | None,
    title: str,
    access: str,
    handle: str | None,
    now: int,
) -> Room:
    values = {
        "public_id": signing.new_public_id(),
        "title": title,
        "title_key": handles.fold(title),
        "access": access,
        "handle": handle,
        "seq": 1,
        "members": 1 if creator else 0,
        "created_at": now,
    }
    creator_id = creator.id if creator else None
    async with db.transaction() as conn:
        row = await conn.one(rooms.insert().values(**values).returning(*rooms.c))
        if row is None:
            raise LookupError("the room just made did not come back")
        room = from_row(row)
        if creator:
            await conn.run(memberships.insert().values(_owner(room.id, creator.id, now)))
        await log.append(conn, room.id, 1, "created", now=now, person_id=creator_id)
    return room


def _owner(room_id: int, person_id: int, now: int) -> dict[str, Any]:
    return {"room_id": room_id, "person_id": person_id, "role": "owner", "joined_at": now}


async def ensure_lobby(
    db: database.Database, *, again: bool = False, now: int | None = None
) -> None:
    """Makes the one listed room a new site has, unless any room was ever made here.

    A site whose people deleted the lobby does not get it back, except when asked for `again`.
    """
    any_room = sqlalchemy.select(rooms.c.id).limit(1)
    if await db.value(any_room.where(rooms.c.handle == LOBBY) if again else any_room) is not None:
        return
    with contextlib.suppress(database.UniqueViolation):  # Another process was quicker.
        await _insert(db, None, words.gettext("General"), "listed", LOBBY, clock.at(now))


async def forget_lobby(conn: database.Connection) -> None:
    """Takes away the lobby of a new site that wants none, if nobody has been in it."""
    await conn.run(
        rooms.delete().where(
            rooms.c.handle == LOBBY, rooms.c.members == 0, rooms.c.last_number == 0
        )
    )


def clean_title(value: str) -> str:
    return markup.clean_line(value, field="title", limit=TITLE_LENGTH)


def check_access(access: str) -> None:
    if access not in ACCESS:
        raise errors.Invalid(words.gettext("Choose who can enter the room."), field="access")
