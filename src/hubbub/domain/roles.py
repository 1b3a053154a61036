"""As what people are in a room: owners, moderators, members and readers; and handing it over."""

from __future__ import annotations

import dataclasses

from hubbub import database, errors, words
from hubbub.domain import accounts, acts, changes, clock, inbox, memberships, permissions, rooms
from hubbub.domain.permissions import Act

_SET_ROLE = (
    "UPDATE memberships SET role = :role WHERE room_id = :room_id AND person_id = :person_id"
)
_SPEAKS = "DELETE FROM mutes WHERE room_id = :room_id AND person_id = :person_id"
_SHUT = "SELECT 1 FROM people WHERE id = :person_id AND disabled_at IS NOT NULL"


async def change(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    person: accounts.Person,
    role: str,
    *,
    now: int | None = None,
) -> None:
    """Promotes or demotes, owners included; Conflict rather than leave a room without an owner.

    Raises Invalid for who is not in the room and for roles there are not, Forbidden for a guest,
    who has to have an account first.
    """
    at = clock.at(now)
    if role not in permissions.ROLES:
        raise errors.Invalid(words.gettext("Choose what they may do here."), field="role")
    async with changes.begin(
        db, room, by, Act.PROMOTE, "role", now=at, person_id=person.id
    ) as under_way:
        before = await memberships.find(under_way.conn, room.id, person.id)
        if before is None:
            raise memberships.not_in_room(person)
        if before.person.guest_of is not None:
            raise errors.Forbidden(words.gettext("A guest needs an account for that."))
        await write(under_way.conn, room.id, person.id, role)
        if before.role == "owner":
            await memberships.keep_an_owner(under_way)
        await acts.record(under_way, "role", person_id=person.id, detail=role, now=at)
        # What they have to decide is more or less than before.
        await inbox.changed(under_way.conn, [person.id], now=at)


async def hand_over(
    db: database.Database,
    room: rooms.Room,
    from_person: accounts.Person,
    to_username: str,
    *,
    now: int | None = None,
) -> rooms.Member:
    """Makes another member the owner and the giver a plain member, who can then leave."""
    at = clock.at(now)
    heir = await accounts.by_username(db, to_username)
    if heir is None:
        raise errors.Invalid(words.gettext("There is nobody of this name here."), field="username")
    async with changes.begin(
        db, room, from_person, Act.HAND_OVER, "role", now=at, person_id=heir.id
    ) as under_way:
        before = await memberships.find(under_way.conn, room.id, heir.id)
        if before is None or heir.id == from_person.id or heir.guest_of is not None:
            raise _not_another_member(heir)
        if await under_way.conn.value(_SHUT, {"person_id": heir.id}) is not None:
            raise errors.Invalid(words.gettext("This account is disabled."), field="username")
        await write(under_way.conn, room.id, from_person.id, "member")
        await write(under_way.conn, room.id, heir.id, "owner")
        await acts.record(under_way, "handed_over", person_id=heir.id, now=at)
        await inbox.changed(under_way.conn, [from_person.id, heir.id], now=at)
    return dataclasses.replace(before, role="owner")


def _not_another_member(person: accounts.Person) -> errors.Invalid:
    return errors.Invalid(
        words.gettext("{name} is not another member of this room.").format(name=person.username),
        field="username",
    )


async def write(conn: database.Connection, room_id: int, person_id: int, role: str) -> None:
    """Into a change of the room that is under way, whose event is of kind `role`. No mute outlives
    becoming an owner: nobody would be above them to lift it."""
    pair = {"room_id": room_id, "person_id": person_id}
    await conn.run(_SET_ROLE, {**pair, "role": role})
    if role == "owner":
        await conn.run(_SPEAKS, pair)
