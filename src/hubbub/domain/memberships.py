"""Who is in a room: joining, leaving, being added and removed, and handing a room over.

Each is an event in the room's own log, so that whoever is removed can be given everything before
it and nothing after.
"""

# ruff: noqa: S608 - SQL is put together from constants only; values are bound.

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

import sqlalchemy

from hubbub import database, errors, words
from hubbub.domain import accounts, clock, permissions, rooms
from hubbub.domain.permissions import Act
from hubbub.tables import memberships as table
from hubbub.tables import people as persons
from hubbub.tables import rooms as room_table

Member = rooms.Member

PEOPLE = 200
_RANKS = {"": 0, "member": 1, "moderator": 2, "owner": 3}

_FIND = (
    f"SELECT {accounts.COLUMNS}, m.role, m.joined_at, m.read_number"
    " FROM memberships m JOIN people p ON p.id = m.person_id WHERE m.room_id = :room_id"
    " AND m.person_id = :person_id"
)
_IDS = "SELECT person_id FROM memberships WHERE room_id = :room_id"
_INSERT = (
    "INSERT INTO memberships (room_id, person_id, role, joined_at, read_number)"
    " SELECT id, :person_id, :role, :joined_at, last_number FROM rooms WHERE id = :room_id"
    " ON CONFLICT DO NOTHING RETURNING person_id"
)
_DELETE = (
    "DELETE FROM memberships WHERE room_id = :room_id AND person_id = :person_id RETURNING role"
)
_SET_ROLE = (
    "UPDATE memberships SET role = :role WHERE room_id = :room_id AND person_id = :person_id"
)
_AN_OWNER = "SELECT person_id FROM memberships WHERE room_id = :room_id AND role = 'owner' LIMIT 1"

_ONE_MORE: dict[str, Any] = {"members": room_table.c.members + 1}
_ONE_LESS: dict[str, Any] = {"members": room_table.c.members - 1}


class _NothingToDo(Exception):
    """Raised inside a transaction to take it back: things are already as they should be."""


# ----------------------------------------------------------------- queries


async def find(db: database.Queries, room_id: int, person_id: int) -> Member | None:
    row = await db.one(_FIND, {"room_id": room_id, "person_id": person_id})
    return rooms.member_from_row(row) if row else None


async def people(
    db: database.Queries, room_id: int, limit: int = PEOPLE, *, first: Iterable[int] = ()
) -> list[Member]:
    """Owners, then moderators, then members, each by name; before them all those `first` (ids)."""
    query = (
        sqlalchemy.select(
            table.c.person_id,
            persons.c.username,
            persons.c.display_name,
            persons.c.is_admin,
            persons.c.picture,
            table.c.role,
            table.c.joined_at,
            table.c.read_number,
        )
        .join(persons, persons.c.id == table.c.person_id)
        .where(table.c.room_id == room_id)
    )
    preferred = list(first)[:limit]
    if preferred:
        query = query.order_by(sqlalchemy.case((table.c.person_id.in_(preferred), 0), else_=1))
    rank = sqlalchemy.case((table.c.role == "owner", 0), (table.c.role == "moderator", 1), else_=2)
    rows = await db.all(query.order_by(rank, persons.c.username_key).limit(limit))
    return [rooms.member_from_row(row) for row in rows]


async def ids(db: database.Queries, room_id: int) -> set[int]:
    return {row["person_id"] for row in await db.all(_IDS, {"room_id": room_id})}


# ------------------------------------------------------------------ coming


async def join(
    db: database.Database, room: rooms.Room, person: accounts.Person, *, now: int | None = None
) -> bool:
    """Makes a member of someone who holds the link. False when they were one already."""
    return await _enter(db, room, person, "member", clock.at(now))


async def welcome(
    db: database.Database, person: accounts.Person, *, now: int | None = None
) -> None:
    """Takes a newcomer to the lobby, so that nobody lands alone.

    The lobby was made by nobody; administrators are its owners and can change it or close it.
    """
    lobby = await rooms.by_handle(db, rooms.LOBBY)
    if lobby is not None and lobby.archived_at is None:
        role = "owner" if person.is_admin else "member"
        await _enter(db, lobby, person, role, clock.at(now))


async def _enter(
    db: database.Database, room: rooms.Room, person: accounts.Person, role: str, now: int
) -> bool:
    if await find(db, room.id, person.id):
        return False
    change = rooms.changing(
        db, room, person, Act.JOIN, "joined", now=now, person_id=person.id, **_ONE_MORE
    )
    try:
        async with change as entry:
            if entry.room.access == "link" and entry.room.generation != room.generation:
                raise permissions.unseen()  # The link was reset while this was under way.
            if not await _insert(entry.conn, room.id, person.id, role, now):
                raise _NothingToDo
    except _NothingToDo:
        return False
    return True


async def add(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    username: str,
    *,
    now: int | None = None,
) -> Member:
    """Adds a person by username: the way into a room for invited people."""
    at = clock.at(now)
    person = await accounts.by_username(db, username)
    if person is None:
        raise _nobody()
    async with rooms.changing(
        db, room, by, Act.ADD, "added", now=at, person_id=person.id, **_ONE_MORE
    ) as change:
        if not await _insert(change.conn, room.id, person.id, "member", at):
            raise errors.Conflict(
                words.gettext("{name} is already in this room.").format(name=person.username),
                field="username",
            )
    return Member(person, "member", at)


async def _insert(
    conn: database.Connection, room_id: int, person_id: int, role: str, now: int
) -> bool:
    values = {"room_id": room_id, "person_id": person_id, "role": role, "joined_at": now}
    return await conn.value(_INSERT, values) is not None


def _nobody() -> errors.Invalid:
    return errors.Invalid(words.gettext("There is nobody of this name here."), field="username")


# ------------------------------------------------------------------- going


async def leave(
    db: database.Database, room: rooms.Room, person: accounts.Person, *, now: int | None = None
) -> None:
    """Conflict for the last owner, who hands the room over or deletes it instead."""
    async with rooms.changing(
        db, room, person, Act.LEAVE, "left", now=now, person_id=person.id, **_ONE_LESS
    ) as change:
        role = await change.conn.value(_DELETE, {"room_id": room.id, "person_id": person.id})
        if role == "owner" and await change.conn.value(_AN_OWNER, {"room_id": room.id}) is None:
            raise errors.Conflict(
                words.gettext(
                    "You are the only owner. Hand the room over to somebody, or delete it."
                )
            )


async def remove(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    person: accounts.Person,
    *,
    now: int | None = None,
) -> None:
    """Takes someone out of the room. Owners remove all but owners, moderators only members."""
    async with rooms.changing(
        db, room, by, Act.REMOVE, "removed", now=now, person_id=person.id, **_ONE_LESS
    ) as change:
        theirs = await change.conn.value(_DELETE, {"room_id": room.id, "person_id": person.id})
        if theirs is None:
            raise _not_in_room(person)
        mine = change.member.role if change.member else ""
        if _RANKS[theirs] >= _RANKS[mine]:
            raise errors.Forbidden(
                words.gettext("You cannot remove {name}.").format(name=person.username)
            )


def _not_in_room(person: accounts.Person) -> errors.Invalid:
    return errors.Invalid(
        words.gettext("{name} is not in this room.").format(name=person.username),
        field="username",
    )


async def hand_over(
    db: database.Database,
    room: rooms.Room,
    from_person: accounts.Person,
    to_username: str,
    *,
    now: int | None = None,
) -> Member:
    """Makes another member the owner and the giver a plain member, who can then leave."""
    heir = await accounts.by_username(db, to_username)
    if heir is None:
        raise _nobody()
    async with rooms.changing(
        db, room, from_person, Act.HAND_OVER, "role", now=now, person_id=heir.id
    ) as change:
        before = await find(change.conn, room.id, heir.id)
        if before is None or heir.id == from_person.id:
            raise _not_another_member(heir)
        await _set_role(change.conn, room.id, from_person.id, "member")
        await _set_role(change.conn, room.id, heir.id, "owner")
    return dataclasses.replace(before, role="owner")


def _not_another_member(person: accounts.Person) -> errors.Invalid:
    return errors.Invalid(
        words.gettext("{name} is not another member of this room.").format(name=person.username),
        field="username",
    )


async def _set_role(conn: database.Connection, room_id: int, person_id: int, role: str) -> None:
    await conn.run(_SET_ROLE, {"room_id": room_id, "person_id": person_id, "role": role})
