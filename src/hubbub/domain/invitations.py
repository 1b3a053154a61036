"""People asked into a room by name: the way into a room for invited people."""

from __future__ import annotations

from dataclasses import dataclass

from hubbub import database, errors, words
from hubbub.domain import accounts, clock, inbox, memberships, permissions, rooms
from hubbub.domain.permissions import Act

_INSERT = (
    "INSERT INTO invitations (room_id, person_id, by_id, at)"
    " VALUES (:room_id, :person_id, :by_id, :now) ON CONFLICT DO NOTHING RETURNING id"
)
_FIND = (
    f"SELECT i.id, i.room_id, i.at, {accounts.COLUMNS} FROM invitations i"  # noqa: S608 - constants
    " JOIN people p ON p.id = i.by_id WHERE i.id = :id AND i.person_id = :guest_id"
)
_DELETE = "DELETE FROM invitations WHERE id = :id AND person_id = :person_id RETURNING id"


@dataclass(frozen=True, slots=True)
class Invitation:
    """Who asks, into which room, and when (milliseconds UTC)."""

    id: int
    room: rooms.Room
    by: accounts.Person
    at: int


async def invite(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    username: str,
    *,
    now: int | None = None,
) -> int:
    """Asks somebody in; the invitation's id. Asking twice is the same as once.

    Invalid for a name nobody has, Conflict for who is in the room already.
    """
    person, at = await accounts.by_username(db, username), clock.at(now)
    if person is None or person.guest_of is not None:
        raise errors.Invalid(words.gettext("There is nobody of this name here."), field="username")
    async with db.transaction() as conn:
        fresh, member = await rooms.open(conn, room.public_id, by)
        permissions.require(permissions.standing(by, member), Act.INVITE, fresh)
        if await memberships.find(conn, room.id, person.id):
            raise errors.Conflict(
                words.gettext("{name} is already in this room.").format(name=person.username),
                field="username",
            )
        values = {"room_id": room.id, "person_id": person.id, "by_id": by.id, "now": at}
        made = await conn.value(_INSERT, values)
        if made is None:
            same = "SELECT id FROM invitations WHERE room_id = :room_id AND person_id = :person_id"
            return int(await conn.value(same, {"room_id": room.id, "person_id": person.id}))
        await inbox.changed(conn, [person.id], now=at)
    return int(made)


async def find(db: database.Queries, invitation_id: int, person: accounts.Person) -> Invitation:
    """NotFound for what was not sent to this person, was taken back, or leads nowhere any more."""
    row = await db.one(_FIND, {"id": invitation_id, "guest_id": person.id})
    room = await rooms.by_id(db, row["room_id"]) if row else None
    if row is None or room is None or room.deleted_at is not None:
        raise permissions.unseen()
    return Invitation(row["id"], room, accounts.from_row(row), row["at"])


async def accept(
    db: database.Database,
    invitation: Invitation,
    person: accounts.Person,
    *,
    now: int | None = None,
) -> None:
    """Makes the member, while who asked still may. NotFound when they may not any more."""
    at = clock.at(now)
    try:
        async with rooms.changing(
            db, invitation.room, invitation.by, Act.INVITE, "joined", now=at, person_id=person.id
        ) as change:
            gone = await change.conn.value(_DELETE, {"id": invitation.id, "person_id": person.id})
            if gone is None:
                raise permissions.unseen()
            if not await memberships.put(change.conn, change.room.id, person.id, "member", at):
                raise permissions.unseen()
            await inbox.changed(change.conn, [person.id], now=at)
    except errors.Forbidden:
        raise permissions.unseen() from None


async def decline(
    db: database.Database,
    invitation: Invitation,
    person: accounts.Person,
    *,
    now: int | None = None,
) -> None:
    async with db.transaction() as conn:
        await conn.run(_DELETE, {"id": invitation.id, "person_id": person.id})
        await inbox.changed(conn, [person.id], now=clock.at(now))
