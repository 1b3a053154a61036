"""Who is in a room: joining, leaving, being removed.

Each is an event in the room's own log, so that whoever is removed can be given everything before
it and nothing after.
"""

# ruff: noqa: S608 - SQL is put together from constants only; values are bound.

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import Any

import sqlalchemy

from hubbub import database, errors, words
from hubbub.domain import accounts, acts, changes, clock, inbox, log, permissions, rooms
from hubbub.domain.permissions import Act
from hubbub.tables import memberships as table
from hubbub.tables import mutes
from hubbub.tables import people as persons
from hubbub.tables import rooms as room_table

Member = rooms.Member

PEOPLE = 200

_FIND = (
    f"SELECT {accounts.COLUMNS}, {rooms.MEMBER}"
    " FROM memberships m JOIN people p ON p.id = m.person_id WHERE m.room_id = :room_id"
    " AND m.person_id = :person_id"
)
_IDS = "SELECT person_id FROM memberships WHERE room_id = :room_id"
# What newcomers say first is held where the room wants it so, and going and coming again saves
# nobody the wait in a slow one; the banned are not let in.
_INSERT = (
    "INSERT INTO memberships"
    " (room_id, person_id, role, joined_at, read_number, link_id, cleared, said_at)"
    " SELECT id, :person_id, :role, :now, last_number, :link_id,"
    " CASE WHEN holds <> 0 AND :role NOT IN ('owner', 'moderator') THEN 0 ELSE 1 END,"
    " CASE WHEN slow_seconds <> 0 THEN COALESCE((SELECT MAX(n.posted_at) FROM messages n"
    " WHERE n.author_id = :person_id AND n.room_id = :room_id), 0) ELSE 0 END"
    " FROM rooms WHERE id = :room_id AND NOT EXISTS (SELECT 1 FROM bans b WHERE"
    " b.room_id = :room_id AND b.person_id = :person_id AND (b.until IS NULL OR b.until > :now))"
    " AND EXISTS (SELECT 1 FROM people p WHERE p.id = :person_id"
    " AND p.disabled_at IS NULL AND p.deleted_at IS NULL)"
    " ON CONFLICT DO NOTHING RETURNING person_id"
)
_UNKNOCK = (
    "DELETE FROM knocks WHERE room_id = :room_id AND person_id = :person_id RETURNING room_id"
)
_UNINVITE = (
    "DELETE FROM invitations WHERE room_id = :room_id AND person_id = :person_id RETURNING room_id"
)
_DELETE = (
    "DELETE FROM memberships WHERE room_id = :room_id AND person_id = :person_id RETURNING role"
)
# What they said and nobody has let through yet goes with them. Not before they do, since until
# then more of it may come.
_UNHELD = "DELETE FROM held_messages WHERE room_id = :room_id AND person_id = :person_id"
_WAITS = "SELECT 1 FROM held_messages WHERE room_id = :room_id AND person_id = :person_id LIMIT 1"
_AN_OWNER = (
    "SELECT m.person_id FROM memberships m JOIN people p ON p.id = m.person_id"
    " WHERE m.room_id = :room_id AND m.role = 'owner'"
    " AND p.disabled_at IS NULL AND p.deleted_at IS NULL LIMIT 1"
)
_COUNT = "UPDATE rooms SET members = members + :more WHERE id = :room_id"
# The role they were given last, and whether they were removed.
_OF_THEM = "FROM acts WHERE room_id = :room_id AND person_id = :person_id AND at > :since"
_DECIDED = (
    f"SELECT (SELECT detail {_OF_THEM}"
    f" AND (act = 'role' OR (act = '{acts.READS}' AND :reads = 1)) ORDER BY id DESC LIMIT 1)"
    f" AS role, EXISTS (SELECT 1 {_OF_THEM} AND act = 'removed') AS removed"
)


MUTED_UNTIL = (
    sqlalchemy.select(mutes.c.until)
    .where(mutes.c.room_id == table.c.room_id, mutes.c.person_id == table.c.person_id)
    .where(mutes.c.until > sqlalchemy.bindparam("now"))
    .scalar_subquery()
)
# What `rooms.member_from_row` reads, for queries that are put together.
_LISTED = (
    table.c.person_id,
    *(persons.c[name] for name in accounts.FIELDS),
    *(table.c[name] for name in ("role", "joined_at", "read_number", "cleared", "notify")),
    MUTED_UNTIL.label("muted_until"),
)


# ----------------------------------------------------------------- queries


async def find(db: database.Queries, room_id: int, person_id: int) -> Member | None:
    values = {"room_id": room_id, "person_id": person_id, "now": clock.now()}
    row = await db.one(_FIND, values)
    return rooms.member_from_row(row) if row else None


async def people(
    db: database.Queries, room_id: int, limit: int = PEOPLE, *, first: Iterable[int] = ()
) -> list[Member]:
    """Owners, then moderators, then members, each by name; before them all those `first` (ids)."""
    query, preferred = listed(room_id), list(first)[:limit]
    if preferred:
        here = sqlalchemy.case((table.c.person_id.in_(preferred), 0), else_=1)
        query = query.order_by(None).order_by(here, *_ORDER)
    rows = await db.all(query.limit(limit).params(now=clock.now()))
    return [rooms.member_from_row(row) for row in rows]


def listed(room_id: int) -> sqlalchemy.Select[Any]:
    """A query for people of a room: owners, moderators, then the others, each by name. `now` is
    still to be given to it; `rooms.member_from_row` reads its rows."""
    joined = sqlalchemy.select(*_LISTED).join(persons, persons.c.id == table.c.person_id)
    return joined.where(table.c.room_id == room_id).order_by(*_ORDER)


_ORDER = (
    sqlalchemy.case((table.c.role == "owner", 0), (table.c.role == "moderator", 1), else_=2),
    persons.c.username_key,
)


async def ids(db: database.Queries, room_id: int) -> set[int]:
    return {row["person_id"] for row in await db.all(_IDS, {"room_id": room_id})}


async def lately(
    db: database.Queries, person_ids: Iterable[int], since: int
) -> dict[int, list[rooms.Room]]:
    """The rooms in which people (ids) have been for less long than `since` (milliseconds UTC), the
    oldest first."""
    query = (
        sqlalchemy.select(table.c.person_id, room_table)
        .join(room_table, room_table.c.id == table.c.room_id)
        .where(table.c.person_id.in_(sorted(set(person_ids))), table.c.joined_at > since)
        .where(room_table.c.deleted_at.is_(None))
        .order_by(table.c.joined_at, room_table.c.id)
    )
    found: dict[int, list[rooms.Room]] = {}
    for row in await db.all(query):
        found.setdefault(row["person_id"], []).append(rooms.from_row(row))
    return found


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
    Whoever may not come in there, because it is locked or they are banned from it, does not.
    """
    lobby = await rooms.by_handle(db, rooms.LOBBY)
    if lobby is not None and lobby.archived_at is None:
        role = "owner" if person.is_admin else "member"
        with contextlib.suppress(errors.Forbidden, errors.NotFound, errors.Gone):
            await _enter(db, lobby, person, role, clock.at(now))


async def _enter(
    db: database.Database, room: rooms.Room, person: accounts.Person, role: str, now: int
) -> bool:
    if await find(db, room.id, person.id):
        return False
    change = changes.begin(db, room, person, Act.JOIN, "joined", now=now, person_id=person.id)
    try:
        async with change as entry:
            if person.guest_of is not None:
                # They were in when this began: who was taken out is no member by being quick.
                raise permissions.unseen()
            if entry.room.access == "link" and entry.room.generation != room.generation:
                raise permissions.unseen()  # The link was reset while this was under way.
            if not await put(entry.conn, room.id, person.id, role, now):
                raise changes.Unchanged
    except changes.Unchanged:
        return False
    return True


async def put(
    conn: database.Connection,
    room_id: int,
    person_id: int,
    role: str,
    now: int,
    *,
    link_id: int | None = None,
    since: int = 0,
) -> bool:
    """Writes a membership into a change of the room that is under way; every way in ends here.

    False for who is in the room already, is banned from it, or has an account that is shut. Whom an
    owner gave a lower role after `since` (milliseconds UTC) gets that one: nobody is above it by
    going and coming. Who was removed since then is a member at most. With `since` 0 the same holds
    for who was let in to read only.
    """
    values = {"room_id": room_id, "person_id": person_id}
    decided = await conn.one(_DECIDED, {**values, "since": since, "reads": int(since == 0)})
    if decided and role in permissions.ROLES:
        most = {role, decided["role"], "member" if decided["removed"] else role}
        role = min(most & {*permissions.ROLES}, key=permissions.ROLES.index)
    given = {"role": role, "now": now, "link_id": link_id}
    if await conn.value(_INSERT, {**values, **given}) is None:
        return False
    await conn.run(_COUNT, {"room_id": room_id, "more": 1})
    if await conn.value(_UNKNOCK, values) is not None:
        # That fewer wait at the door is an event of its own: open pages show who does.
        await log.advance(conn, room_id, "knocked", now=now, person_id=person_id)
        await inbox.changed_for_moderators(conn, room_id, now=now)
    if await conn.value(_UNINVITE, values) is not None:
        await inbox.changed(conn, [person_id], now=now)
    return True


async def take_out(conn: database.Connection, room_id: int, person_id: int) -> str | None:
    """The opposite of `put`: the role that was lost, None for who was not in the room."""
    values = {"room_id": room_id, "person_id": person_id}
    role: str | None = await conn.value(_DELETE, values)
    if role is not None:
        await conn.run(_UNHELD, values)
        await conn.run(_COUNT, {"room_id": room_id, "more": -1})
    return role


async def _waits(conn: database.Connection, room_id: int, person_id: int) -> bool:
    """Whether something this person said is held for a moderator."""
    values = {"room_id": room_id, "person_id": person_id}
    return await conn.value(_WAITS, values) is not None


# ------------------------------------------------------------------- going


async def leave(
    db: database.Database, room: rooms.Room, person: accounts.Person, *, now: int | None = None
) -> None:
    """Conflict for the last owner, who hands the room over or deletes it instead."""
    at = clock.at(now)
    async with changes.begin(
        db, room, person, Act.LEAVE, "left", now=at, person_id=person.id
    ) as change:
        waited = await _waits(change.conn, room.id, person.id)
        if await take_out(change.conn, room.id, person.id) == "owner":
            await keep_an_owner(change)
        if waited:
            await inbox.changed_for_moderators(change.conn, room.id, now=at)


async def keep_an_owner(change: changes.Change) -> None:
    """Conflict when nobody owns the room any more."""
    if await change.conn.value(_AN_OWNER, {"room_id": change.room.id}) is None:
        raise errors.Conflict(
            words.gettext("You are the only owner. Hand the room over to somebody, or delete it.")
        )


async def remove(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    person: accounts.Person,
    *,
    reason: str = "",
    now: int | None = None,
) -> None:
    """Takes someone out of the room, for now: who has the link can come back. Owners remove all
    but owners, moderators those below them."""
    at = clock.at(now)
    async with changes.begin(
        db, room, by, Act.REMOVE, "removed", now=at, person_id=person.id
    ) as change:
        waited = await _waits(change.conn, room.id, person.id)
        theirs = await take_out(change.conn, room.id, person.id)
        if theirs is None:
            raise not_in_room(person)
        require_rank(change, theirs, person)
        await acts.record(change, "removed", person_id=person.id, reason=reason, now=at)
        if waited:
            await inbox.changed_for_moderators(change.conn, room.id, now=at)


def require_rank(change: changes.Change, role: str, person: accounts.Person) -> None:
    """Forbidden unless who makes the change stands above somebody of this role."""
    mine = change.member.role if change.member else ""
    if not permissions.outranks(mine, role):
        raise not_to(person)


def not_to(person: accounts.Person) -> errors.Forbidden:
    return errors.Forbidden(
        words.gettext("You cannot do that to {name}.").format(name=person.username)
    )


def not_in_room(person: accounts.Person) -> errors.Invalid:
    return errors.Invalid(
        words.gettext("{name} is not in this room.").format(name=person.username),
        field="username",
    )
