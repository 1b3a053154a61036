"""How calm a room is kept: locked, slowed down, or with first messages held for a moderator."""

from __future__ import annotations

from hubbub import database, errors, words
from hubbub.domain import accounts, acts, clock, rooms
from hubbub.domain.permissions import Act
from hubbub.tables import rooms as table

SLOW_SECONDS = (0, 5, 10, 30, 60, 300, 900, 3600)
"""What one can choose between two messages of one person; 0 is no slow mode."""

_FREE = frozenset({"owner", "moderator"})

_PART = (
    "SELECT role, cleared, said_at FROM memberships"
    " WHERE room_id = :room_id AND person_id = :person_id"
)
_SAID = "UPDATE memberships SET said_at = :now WHERE room_id = :room_id AND person_id = :person_id"
_CLEAR_ALL = "UPDATE memberships SET cleared = 1 WHERE room_id = :room_id AND cleared = 0"


class Newcomer(Exception):
    """What this person says first waits for a moderator: see `held`."""


class _Unchanged(Exception):
    """Takes the transaction back: the room is like that already."""


# ---------------------------------------------------------------- the rule


async def admit(
    conn: database.Connection, room_id: int, author_id: int, place: database.Record, now: int
) -> None:
    """Whether something may be said now, in the transaction that says it.

    `place` is the room under its lock, so that of many messages at once one is let through.
    Raises Newcomer, and TooMany with the seconds that are left. Who may not write at all is let
    pass: the statement that writes refuses them in better words.
    """
    who = {"room_id": room_id, "person_id": author_id}
    part = await conn.one(_PART, who)
    if part is None or part["role"] in _FREE or place["locked_at"] is not None:
        return
    if place["holds"] and not part["cleared"]:
        raise Newcomer
    if place["slow_seconds"]:
        _wait(now - part["said_at"], place["slow_seconds"] * clock.SECOND)
        await conn.run(_SAID, {**who, "now": now})


def _wait(since: int, pause: int) -> None:
    # By its distance, since the last message may be a little later: it was quicker to the lock.
    # Much later it is only when the clock was set back, and nobody shall wait for that.
    left = pause - abs(since)
    if left > 0:
        raise too_soon(-(-left // clock.SECOND))


def too_soon(seconds: int) -> errors.TooMany:
    sentence = words.ngettext(
        "Slow mode is on here: you can write again in %(num)d second.",
        "Slow mode is on here: you can write again in %(num)d seconds.",
        seconds,
    )
    return errors.TooMany(sentence % {"num": seconds}, field="wait", retry_after=seconds)


def require_cleared(room: rooms.Room, member: rooms.Member | None) -> None:
    """Forbidden for newcomers where the room holds what they say first: files wait for that."""
    if room.holds and member is not None and not member.cleared and member.role not in _FREE:
        raise errors.Forbidden(
            words.gettext("Files can be attached once a moderator has read your first message.")
        )


# ------------------------------------------------------------- changing it


async def lock(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    locked: bool,
    *,
    now: int | None = None,
) -> bool:
    """Only those who look after the room speak, and nobody comes in, until it is opened again.
    False when it is so already; the same in all three of these."""
    at, kind = clock.at(now), "locked" if locked else "unlocked"
    return await _set(db, room, by, Act.LOCK, kind, "locked_at", at if locked else None, at)


async def slow(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    seconds: int,
    *,
    now: int | None = None,
) -> bool:
    """One message of one person in so many seconds; Invalid for what cannot be chosen."""
    if seconds not in SLOW_SECONDS:
        raise errors.Invalid(words.gettext("Choose one of these pauses."), field="seconds")
    return await _set(db, room, by, Act.SLOW, "paced", "slow_seconds", seconds, clock.at(now))


async def hold(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    holds: bool,
    *,
    now: int | None = None,
) -> bool:
    """What people say first who come from now on waits for a moderator. Who is in the room while
    it is switched on is no newcomer, whatever was the case before."""
    return await _set(db, room, by, Act.HOLD, "held", "holds", int(holds), clock.at(now))


async def _set(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    act: Act,
    kind: str,
    column: str,
    value: int | None,
    now: int,
) -> bool:
    try:
        async with rooms.changing(db, room, by, act, kind, now=now, person_id=by.id) as change:
            before = getattr(change.room, column)
            if before == value or (column == "locked_at" and bool(before) == bool(value)):
                raise _Unchanged
            update = table.update().where(table.c.id == room.id).values({column: value})
            await change.conn.run(update)
            if column == "holds":
                await change.conn.run(_CLEAR_ALL, {"room_id": room.id})
            detail = "" if column == "locked_at" else str(value)
            await acts.record(change, kind, detail=detail, now=now)
    except _Unchanged:
        return False
    return True
