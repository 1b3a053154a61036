"""Looking after a room: who is silenced for a while, who may not come back, what is taken down."""

# ruff: noqa: S608 - SQL is put together from constants only; values are bound.

from __future__ import annotations

from collections.abc import Collection, Iterable

import sqlalchemy

from hubbub import database, errors, markup, words
from hubbub.domain import (
    accounts,
    acts,
    clock,
    erasure,
    inbox,
    memberships,
    messages,
    permissions,
    rooms,
)
from hubbub.domain.permissions import Act
from hubbub.tables import memberships as members

LONGEST = 366 * clock.DAY
"""What a form may ask for; a ban without an end lasts longer."""

LONGEST_MUTE = 31 * clock.DAY
"""Who shall say nothing for longer than a month is better not in the room: see `ban`."""

RECENT = 7 * clock.DAY
"""What goes with a ban: long enough for all that a flood or a quarrel left behind, and short
enough that years of good conversation do not vanish by one tick."""

ADDRESS_FOR = clock.DAY
"""A guest comes back under another name, so the address is kept out too; but only for a day,
because whole families, offices and trains share one."""


class _NothingToDo(Exception):
    """Takes the transaction back: things are already as they should be."""


def clean_reason(value: str) -> str:
    return markup.clean_line(value, field="reason", limit=acts.REASON_LENGTH, min=0)


# ------------------------------------------------------------------ muting


async def mute(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    person: accounts.Person,
    *,
    until: int,
    reason: str = "",
    now: int | None = None,
) -> None:
    """Lets somebody only read until then; muting again sets another end.

    Invalid for a time that is past or further than `LONGEST_MUTE`, and for who is not in the room.
    """
    at, reason = clock.at(now), clean_reason(reason)
    if not at < until <= at + LONGEST_MUTE:
        raise errors.Invalid(words.gettext("Choose for how long."), field="minutes")
    async with rooms.changing(
        db, room, by, Act.MUTE, "muted", now=at, person_id=person.id
    ) as change:
        await _require_below(change, person, inside=True)
        values = {"room_id": room.id, "person_id": person.id, "by_id": by.id, "at": at}
        await change.conn.run(_MUTE, {**values, "until": until, "reason": reason})
        await acts.record(change, "muted", person_id=person.id, reason=reason, until=until, now=at)


async def unmute(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    person: accounts.Person,
    *,
    now: int | None = None,
) -> bool:
    """Lets somebody write again. False when they were not muted; Invalid for who is not there."""
    at, values = clock.at(now), {"room_id": room.id, "person_id": person.id}
    try:
        async with rooms.changing(
            db, room, by, Act.MUTE, "unmuted", now=at, person_id=person.id
        ) as change:
            await _require_below(change, person, inside=True)
            until = await change.conn.value(_UNMUTE, values)
            if until is None or until <= at:
                raise _NothingToDo
            await acts.record(change, "unmuted", person_id=person.id, now=at)
    except _NothingToDo:
        return False
    return True


# ----------------------------------------------------------------- banning


async def ban(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    person: accounts.Person,
    *,
    until: int | None = None,
    reason: str = "",
    purge: bool = False,
    now: int | None = None,
) -> list[str]:
    """Takes somebody out, or never lets them in: for them the room does not exist any more.

    With `purge` all they said in the last `RECENT` milliseconds is erased too. The ban comes
    first in the room's log, so they learn nothing of that. Returns the digests of files, for
    `contents.sweep`. Forbidden for administrators of the site, who look after this room too.
    """
    at, reason = clock.at(now), clean_reason(reason)
    if until is not None and until <= at:
        raise errors.Invalid(words.gettext("Choose for how long."), field="minutes")
    digests: list[str] = []
    async with rooms.changing(
        db, room, by, Act.BAN, "banned", now=at, person_id=person.id
    ) as change:
        await _require_below(change, person)
        if person.is_admin or person.id == by.id:
            raise memberships.not_to(person)
        was_waiting = await _shut_out(change, person, until, reason, at)
        await acts.record(change, "banned", person_id=person.id, reason=reason, until=until, now=at)
        if purge:
            found = await erasure.said_by(change.conn, room.id, [person.id], at - RECENT)
            digests += await erasure.take_down(change, found, now=at, reason=reason)
        if was_waiting:
            await inbox.changed(change.conn, [person.id], now=at)
            await inbox.changed_for_moderators(change.conn, room.id, now=at)
    if purge:
        since = at - RECENT
        digests += await _erase_all(db, room, by, [person.id], since, reason, at, told=True)
    return digests


async def _shut_out(
    change: rooms.Change, person: accounts.Person, until: int | None, reason: str, now: int
) -> bool:
    """True when somebody waited for something that is gone with it."""
    pair = {"room_id": change.room.id, "person_id": person.id}
    await memberships.take_out(change.conn, change.room.id, person.id)
    gone = [await change.conn.all(statement, pair) for statement in _WAITING]
    is_guest = person.guest_of is not None
    address = await change.conn.value(_ADDRESS, {"person_id": person.id}) if is_guest else ""
    values = {
        **pair,
        "by_id": change.by_id,
        "at": now,
        "until": until,
        "reason": reason,
        "address": address or "",
        "address_until": min(until or now + ADDRESS_FOR, now + ADDRESS_FOR) if address else 0,
    }
    await change.conn.run(_BAN, values)
    return any(gone)


async def unban(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    person: accounts.Person,
    *,
    now: int | None = None,
) -> bool:
    """Lets somebody come back, by the ways there are. False when they were not banned."""
    at, values = clock.at(now), {"room_id": room.id, "person_id": person.id}
    try:
        async with rooms.changing(
            db, room, by, Act.BAN, "unbanned", now=at, person_id=person.id
        ) as change:
            if await change.conn.value(_UNBAN, values) is None:
                raise _NothingToDo
            await acts.record(change, "unbanned", person_id=person.id, now=at)
    except _NothingToDo:
        return False
    return True


# ----------------------------------------------------------------- erasing


async def can_take_down(
    db: database.Queries,
    room: rooms.Room,
    viewer: rooms.Member | None,
    message: messages.Message,
) -> bool:
    """Whether it is still there, and by somebody who stands below. Who may take down without being
    in the room is above everybody."""
    if message.deleted_at is not None:
        return False
    if viewer is None:
        return True
    values = {"room_id": room.id, "key": accounts.fold(message.author_username)}
    role = await db.value(_ROLE_OF, values)
    return permissions.outranks(viewer.role, role or "")


async def take_down(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    number: int,
    *,
    reason: str = "",
    now: int | None = None,
) -> list[str]:
    """Erases what somebody said who stands below; the tombstone says by whom, and why.

    Administrators of the site may, without being in the room, whoever said it. Returns the digests
    of its files, for `contents.sweep`. NotFound for what is not there any more.
    """
    at, reason = clock.at(now), clean_reason(reason)
    place = await messages.locate(db, room.id, number)
    async with rooms.changing(
        db, room, by, Act.TAKE_DOWN, "erased", now=at, person_id=by.id, message_id=place.id
    ) as change:
        author = place.author_id
        if change.member is not None and author not in await below(change, [author]):
            raise errors.Forbidden(words.gettext("You cannot take down what they say here."))
        ids, digests = await erasure.wipe(
            change.conn, room.id, {place.id: number}, now=at, by_id=by.id, reason=reason
        )
        if not ids:
            raise permissions.unseen()
        await acts.record(
            change, "took_down", person_id=author, number=number, reason=reason, now=at
        )
    return digests


async def purge(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    person_ids: Iterable[int],
    *,
    since: int | None = None,
    reason: str = "",
    now: int | None = None,
) -> list[str]:
    """Erases all that these people said here, or what they said since then, the newest first.

    Whoever does not stand below is left out; Forbidden when that is everybody. Each message is an
    event of its own; `erasure.AT_ONCE` of them make a transaction. Returns the digests of their
    files, for `contents.sweep`.
    """
    wanted, at, reason = sorted(set(person_ids)), clock.at(now), clean_reason(reason)
    return await _erase_all(db, room, by, wanted, since or 0, reason, at)


async def _erase_all(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    person_ids: Collection[int],
    since: int,
    reason: str,
    now: int,
    *,
    told: bool = False,
) -> list[str]:
    """`told`: the room's log of acts says already what this belongs to."""
    digests: list[str] = []
    before: int | None = None
    while found := await erasure.said_by(db, room.id, person_ids, since, before=before):
        newest = next(iter(found))
        async with rooms.changing(
            db, room, by, Act.PURGE, "erased", now=now, person_id=by.id, message_id=newest
        ) as change:
            lower = await below(change, person_ids)
            if not lower:
                raise errors.Forbidden(words.gettext("You cannot take down what they say here."))
            if lower != set(person_ids):
                person_ids = lower
                found = await erasure.said_by(change.conn, room.id, lower, since)
            digests += await erasure.take_down(change, found, now=now, reason=reason, placed=newest)
            if not told:
                await _tell(change, person_ids, reason, now)
        told, before = True, min(found.values(), default=0)
    return digests


async def _tell(change: rooms.Change, person_ids: Collection[int], reason: str, now: int) -> None:
    """One is named; of many it is said how many they are."""
    one = next(iter(person_ids)) if len(person_ids) == 1 else None
    detail = "" if one else str(len(person_ids))
    await acts.record(change, "purged", person_id=one, reason=reason, detail=detail, now=now)


# -------------------------------------------------------------------- rank


async def below(change: rooms.Change, person_ids: Collection[int]) -> set[int]:
    """Which of these people stand below who makes the change; who left stands below everybody."""
    mine = change.member.role if change.member else ""
    query = sqlalchemy.select(members.c.person_id, members.c.role).where(
        members.c.room_id == change.room.id, members.c.person_id.in_(list(person_ids))
    )
    roles = {row["person_id"]: row["role"] for row in await change.conn.all(query)}
    return {each for each in person_ids if permissions.outranks(mine, roles.get(each, ""))}


async def _require_below(
    change: rooms.Change, person: accounts.Person, *, inside: bool = False
) -> None:
    member = await memberships.find(change.conn, change.room.id, person.id)
    if member is not None:
        memberships.require_rank(change, member.role, person)
    elif inside:
        raise memberships.not_in_room(person)


_MUTE = (
    "INSERT INTO mutes (room_id, person_id, by_id, at, until, reason)"
    " VALUES (:room_id, :person_id, :by_id, :at, :until, :reason)"
    " ON CONFLICT (room_id, person_id) DO UPDATE SET by_id = excluded.by_id, at = excluded.at,"
    " until = excluded.until, reason = excluded.reason"
)
_UNMUTE = "DELETE FROM mutes WHERE room_id = :room_id AND person_id = :person_id RETURNING until"
_BAN = (
    "INSERT INTO bans (room_id, person_id, by_id, at, until, reason, address, address_until)"
    " VALUES (:room_id, :person_id, :by_id, :at, :until, :reason, :address, :address_until)"
    " ON CONFLICT (room_id, person_id) DO UPDATE SET by_id = excluded.by_id, at = excluded.at,"
    " until = excluded.until, reason = excluded.reason, address = excluded.address,"
    " address_until = excluded.address_until"
)
_UNBAN = "DELETE FROM bans WHERE room_id = :room_id AND person_id = :person_id RETURNING at"
_ROLE_OF = (
    "SELECT m.role FROM people p JOIN memberships m ON m.person_id = p.id AND m.room_id = :room_id"
    " WHERE p.username_key = :key"
)
_ADDRESS = (
    "SELECT address FROM sessions WHERE person_id = :person_id"
    " ORDER BY created_at DESC, id DESC LIMIT 1"
)
# What was waiting for a moderator, or for them; held messages go with the membership.
_WAITING = tuple(
    f"DELETE FROM {table} WHERE room_id = :room_id AND person_id = :person_id RETURNING room_id"
    for table in ("knocks", "invitations")
)
