"""Looking after a room: who is silenced for a while, and what is taken down."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import sqlalchemy

from hubbub import database, errors, markup, words
from hubbub.domain import (
    accounts,
    acts,
    changes,
    clock,
    erasure,
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
"""Who shall say nothing for longer than a month is better not in the room: see `bans`."""


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
    async with changes.begin(
        db, room, by, Act.MUTE, "muted", now=at, person_id=person.id
    ) as change:
        await require_below(change, person, inside=True)
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
        async with changes.begin(
            db, room, by, Act.MUTE, "unmuted", now=at, person_id=person.id
        ) as change:
            await require_below(change, person, inside=True)
            until = await change.conn.value(_UNMUTE, values)
            if until is None or until <= at:
                raise changes.Unchanged
            await acts.record(change, "unmuted", person_id=person.id, now=at)
    except changes.Unchanged:
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
    async with changes.begin(
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
    told: bool = False,
    now: int | None = None,
) -> list[str]:
    """Erases all that these people said here, or what they said since then, the newest first.

    Whoever does not stand below is left out; Forbidden when that is everybody. Each message is an
    event of its own; `erasure.AT_ONCE` of them make a transaction. Returns the digests of their
    files, for `contents.sweep`. `told`: the room's log of acts says already what this belongs to.
    """
    wanted, at, reason = sorted(set(person_ids)), clock.at(now), clean_reason(reason)
    return await _erase_all(db, room, by, wanted, since or 0, reason, at, told=told)


async def _erase_all(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    person_ids: Collection[int],
    since: int,
    reason: str,
    now: int,
    *,
    told: bool,
) -> list[str]:
    digests: list[str] = []
    before: int | None = None
    while found := await erasure.said_by(db, room.id, person_ids, since, before=before):
        newest = next(iter(found))
        async with changes.begin(
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


async def _tell(change: changes.Change, person_ids: Collection[int], reason: str, now: int) -> None:
    """One is named; of many it is said how many they are."""
    one = next(iter(person_ids)) if len(person_ids) == 1 else None
    detail = "" if one else str(len(person_ids))
    await acts.record(change, "purged", person_id=one, reason=reason, detail=detail, now=now)


# -------------------------------------------------------------------- rank


async def below(change: changes.Change, person_ids: Collection[int]) -> set[int]:
    """Which of these people stand below who makes the change; who left stands below everybody."""
    mine = change.member.role if change.member else ""
    query = sqlalchemy.select(members.c.person_id, members.c.role).where(
        members.c.room_id == change.room.id, members.c.person_id.in_(list(person_ids))
    )
    roles = {row["person_id"]: row["role"] for row in await change.conn.all(query)}
    return {each for each in person_ids if permissions.outranks(mine, roles.get(each, ""))}


async def require_below(
    change: changes.Change, person: accounts.Person, *, inside: bool = False
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
_ROLE_OF = (
    "SELECT m.role FROM people p JOIN memberships m ON m.person_id = p.id AND m.room_id = :room_id"
    " WHERE p.username_key = :key"
)
