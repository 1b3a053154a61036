"""People asked into a room by name: the way into a room for invited people."""

# ruff: noqa: S608 - SQL is put together from constants only; values are bound.

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy

from hubbub import database, errors, words
from hubbub.domain import accounts, changes, clock, inbox, memberships, permissions, rooms
from hubbub.domain.permissions import Act
from hubbub.tables import rooms as room_table

# Asking again changes nothing, unless who asked before does not reach the person (any more).
LISTED = 200  # the newest; as they are answered or taken back, older ones come up

_INSERT = (
    "INSERT INTO invitations (room_id, person_id, by_id, at)"
    " VALUES (:room_id, :person_id, :by_id, :now)"
    " ON CONFLICT (room_id, person_id) DO UPDATE SET by_id = excluded.by_id, at = excluded.at"
    " WHERE invitations.by_id <> excluded.by_id AND (EXISTS (SELECT 1 FROM blocks b"
    " WHERE b.person_id = invitations.person_id AND b.blocked_id = invitations.by_id)"
    " OR NOT EXISTS (SELECT 1 FROM memberships m WHERE m.room_id = invitations.room_id"
    " AND m.person_id = invitations.by_id AND m.role IN ('owner', 'moderator'))"
    " OR EXISTS (SELECT 1 FROM people s WHERE s.id = invitations.by_id"
    " AND s.disabled_at IS NOT NULL))"
    " RETURNING id"
)
_SAME = "SELECT id FROM invitations WHERE room_id = :room_id AND person_id = :person_id"
_BANNED = (
    "SELECT 1 FROM bans WHERE room_id = :room_id AND person_id = :person_id"
    " AND (until IS NULL OR until > :now)"
)
_REACHING = (
    f"SELECT i.id, i.room_id, i.at, {accounts.COLUMNS} FROM invitations i"
    " JOIN rooms r ON r.id = i.room_id JOIN people p ON p.id = i.by_id"
    f" WHERE i.person_id = :asked_id AND {inbox.REACHES}"
)
_FIND = f"{_REACHING} AND i.id = :id"
_WAITING = f"{_REACHING} ORDER BY i.at DESC, i.id DESC LIMIT {LISTED}"
_SENT = (
    f"SELECT i.at, a.display_name AS by_name, {accounts.COLUMNS} FROM invitations i"
    " JOIN people p ON p.id = i.person_id JOIN people a ON a.id = i.by_id"
    f" WHERE i.room_id = :room_id ORDER BY i.at DESC, i.id DESC LIMIT {LISTED}"
)
_DELETE = "DELETE FROM invitations WHERE id = :id AND person_id = :person_id RETURNING id"
_WITHDRAW = (
    "DELETE FROM invitations WHERE room_id = :room_id AND person_id = :person_id RETURNING id"
)


@dataclass(frozen=True, slots=True)
class Invitation:
    """Who asks, into which room, and when (milliseconds UTC)."""

    id: int
    room: rooms.Room
    by: accounts.Person
    at: int


@dataclass(frozen=True, slots=True)
class Asked:
    """Who is asked, by which invitation; `is_new` is False for who was asked already."""

    id: int
    person_id: int
    is_new: bool


@dataclass(frozen=True, slots=True)
class Sent:
    """An invitation as the room sees it: who is asked, who asked, and when (milliseconds UTC)."""

    person: accounts.Person
    by_name: str
    at: int


# ----------------------------------------------------------------- reading


async def waiting(
    db: database.Queries, person: accounts.Person, *, now: int | None = None
) -> list[Invitation]:
    """The invitations that reach somebody, the newest first."""
    rows = await db.all(_WAITING, {"asked_id": person.id, "now": clock.at(now)})
    places = await _rooms(db, [row["room_id"] for row in rows])
    return [_invitation(row, places[row["room_id"]]) for row in rows if row["room_id"] in places]


async def find(
    db: database.Queries,
    invitation_id: int,
    person: accounts.Person,
    *,
    now: int | None = None,
) -> Invitation:
    """NotFound for what was not sent to this person, was taken back, or leads nowhere any more."""
    values = {"id": invitation_id, "asked_id": person.id, "now": clock.at(now)}
    row = await db.one(_FIND, values)
    room = await rooms.by_id(db, row["room_id"]) if row else None
    if row is None or room is None:
        raise permissions.unseen()
    return _invitation(row, room)


async def sent(db: database.Queries, room_id: int) -> list[Sent]:
    """Who is asked into a room and has not answered yet, the newest first. That somebody blocks
    who asked them shows nowhere here."""
    rows = await db.all(_SENT, {"room_id": room_id})
    return [Sent(accounts.from_row(row), row["by_name"], row["at"]) for row in rows]


def _invitation(row: database.Record, room: rooms.Room) -> Invitation:
    return Invitation(row["id"], room, accounts.from_row(row), row["at"])


async def _rooms(db: database.Queries, room_ids: list[int]) -> dict[int, rooms.Room]:
    if not room_ids:
        return {}
    rows = await db.all(sqlalchemy.select(room_table).where(room_table.c.id.in_(room_ids)))
    return {row["id"]: rooms.from_row(row) for row in rows}


# ------------------------------------------------------------------ asking


async def invite(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    username: str,
    *,
    now: int | None = None,
) -> Asked:
    """Asks somebody in. Asking twice is the same as once.

    Invalid for a name nobody has, Conflict for who is in the room already or banned from it.
    """
    person, at = await _called(db, username), clock.at(now)
    place = {"room_id": room.id, "person_id": person.id}
    async with db.transaction() as conn:
        await _require(conn, room, by)
        if await memberships.find(conn, room.id, person.id):
            raise _conflict(words.gettext("{name} is already in this room."), person)
        if await conn.value(_BANNED, {**place, "now": at}):
            raise _conflict(words.gettext("{name} is banned from this room."), person)
        made = await conn.value(_INSERT, {**place, "by_id": by.id, "now": at})
        if made is None:
            return Asked(int(await conn.value(_SAME, place)), person.id, is_new=False)
        await inbox.changed(conn, [person.id], now=at)
    return Asked(int(made), person.id, is_new=True)


async def withdraw(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    username: str,
    *,
    now: int | None = None,
) -> None:
    """Takes an invitation back. Doing so twice, or after an answer, is the same as once."""
    person = await _called(db, username)
    async with db.transaction() as conn:
        await _require(conn, room, by)
        values = {"room_id": room.id, "person_id": person.id}
        if await conn.value(_WITHDRAW, values) is not None:
            await inbox.changed(conn, [person.id], now=clock.at(now))


async def _called(db: database.Queries, username: str) -> accounts.Person:
    person = await accounts.by_username(db, username)
    if person is None or person.guest_of is not None:
        raise errors.Invalid(words.gettext("There is nobody of this name here."), field="username")
    return person


async def _require(conn: database.Connection, room: rooms.Room, by: accounts.Person) -> None:
    fresh, member = await rooms.open(conn, room.public_id, by)
    permissions.require(permissions.standing(by, member), Act.INVITE, fresh)


def _conflict(sentence: str, person: accounts.Person) -> errors.Conflict:
    return errors.Conflict(sentence.format(name=person.username), field="username")


# --------------------------------------------------------------- answering


async def accept(
    db: database.Database,
    invitation: Invitation,
    person: accounts.Person,
    *,
    now: int | None = None,
) -> None:
    """Makes the member, while who asked still may. NotFound when they may not any more, Conflict
    while the room is locked: then the invitation stays."""
    at = clock.at(now)
    try:
        async with changes.begin(
            db, invitation.room, invitation.by, Act.INVITE, "joined", now=at, person_id=person.id
        ) as change:
            gone = await change.conn.value(_DELETE, {"id": invitation.id, "person_id": person.id})
            if gone is None:
                raise permissions.unseen()
            if change.room.locked_at is not None:
                raise errors.Conflict(
                    words.gettext("This room is locked: nobody can come in now. Try again later.")
                )
            who, since = (change.room.id, person.id), invitation.at
            if not await memberships.put(change.conn, *who, "member", at, since=since):
                raise permissions.unseen()
            await inbox.changed(change.conn, [person.id], now=at)
    except (errors.Forbidden, errors.Gone):
        raise permissions.unseen() from None


async def decline(
    db: database.Database,
    invitation: Invitation,
    person: accounts.Person,
    *,
    now: int | None = None,
) -> None:
    """Says no. Who asked is not told. Doing so twice is the same as once."""
    async with db.transaction() as conn:
        if await conn.value(_DELETE, {"id": invitation.id, "person_id": person.id}) is not None:
            await inbox.changed(conn, [person.id], now=clock.at(now))
