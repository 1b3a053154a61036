"""Bans: who may not come back into a room, and what goes with them."""

# ruff: noqa: S608 - SQL is put together from constants only; values are bound.

from __future__ import annotations

from hubbub import database, errors, words
from hubbub.domain import (
    accounts,
    acts,
    changes,
    clock,
    erasure,
    inbox,
    memberships,
    moderation,
    rooms,
)
from hubbub.domain.permissions import Act

RECENT = 7 * clock.DAY
"""What goes with a ban: long enough for all that a flood or a quarrel left behind, and short
enough that years of good conversation do not vanish by one tick."""

ADDRESS_FOR = clock.DAY
"""A guest comes back under another name, so the address is kept out too; but only for a day,
because whole families, offices and trains share one."""

_BAN = (
    "INSERT INTO bans (room_id, person_id, by_id, at, until, reason, address, address_until)"
    " VALUES (:room_id, :person_id, :by_id, :at, :until, :reason, :address, :address_until)"
    " ON CONFLICT (room_id, person_id) DO UPDATE SET by_id = excluded.by_id, at = excluded.at,"
    " until = excluded.until, reason = excluded.reason, address = excluded.address,"
    " address_until = excluded.address_until"
)
_UNBAN = "DELETE FROM bans WHERE room_id = :room_id AND person_id = :person_id RETURNING at"
# From where they were last; of a guest who signed out, from where they came.
_ADDRESS = (
    "SELECT COALESCE((SELECT address FROM sessions WHERE person_id = :person_id"
    " ORDER BY created_at DESC, id DESC LIMIT 1),"
    " (SELECT address FROM security_events WHERE person_id = :person_id AND kind = 'guest came'"
    " ORDER BY id DESC LIMIT 1))"
)
# What was waiting for a moderator, or for them; held messages go with the membership.
_WAITING = tuple(
    f"DELETE FROM {table} WHERE room_id = :room_id AND person_id = :person_id RETURNING room_id"
    for table in ("knocks", "invitations")
)


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
    at, reason = clock.at(now), moderation.clean_reason(reason)
    if until is not None and until <= at:
        raise errors.Invalid(words.gettext("Choose for how long."), field="minutes")
    digests: list[str] = []
    async with changes.begin(
        db, room, by, Act.BAN, "banned", now=at, person_id=person.id
    ) as change:
        await moderation.require_below(change, person)
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
        digests += await moderation.purge(
            db, room, by, [person.id], since=at - RECENT, reason=reason, told=True, now=at
        )
    return digests


async def _shut_out(
    change: changes.Change, person: accounts.Person, until: int | None, reason: str, now: int
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


async def lift(
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
        async with changes.begin(
            db, room, by, Act.BAN, "unbanned", now=at, person_id=person.id
        ) as change:
            if await change.conn.value(_UNBAN, values) is None:
                raise changes.Unchanged
            await acts.record(change, "unbanned", person_id=person.id, now=at)
    except changes.Unchanged:
        return False
    return True
