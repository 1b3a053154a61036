"""How calm a room is kept: locked, slowed down, or with first messages held for a moderator."""

from __future__ import annotations

from hubbub import database, errors, words
from hubbub.domain import accounts, acts, changes, clock, rooms
from hubbub.domain.permissions import Act
from hubbub.tables import rooms as table

SLOW_SECONDS = (0, 5, 10, 30, 60, 300, 900, 3600)
"""What one can choose between two messages of one person; 0 is no slow mode."""

_FREE = frozenset({"owner", "moderator"})

_PART = (
    "SELECT role, cleared, said_at FROM memberships"
    " WHERE room_id = :room_id AND person_id = :person_id"
)
# Of one's own messages that can still be changed: those after `since`.
_CHANGED = (
    "SELECT MAX(edited_at) FROM messages WHERE author_id = :person_id AND room_id = :room_id"
    " AND posted_at > :since"
)
_SAID = "UPDATE memberships SET said_at = :now WHERE room_id = :room_id AND person_id = :person_id"
_CLEAR_ALL = "UPDATE memberships SET cleared = 1 WHERE room_id = :room_id AND cleared = 0"


class Newcomer(Exception):
    """What this person says first waits for a moderator: see `held`."""


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
        left = _left(now - part["said_at"], place["slow_seconds"] * clock.SECOND)
        if left:
            raise too_soon(left)
        await conn.run(_SAID, {**who, "now": now})


async def admit_change(change: changes.Change, *, since: int, now: int) -> None:
    """Whether a message posted after `since` may be changed now, under the room's lock.

    Else what is said afresh is held or slowed down, and the same is said by changing something
    older. A first change is free, for it mends a slip; the next one waits like a next message.
    Raises Forbidden for newcomers, and TooMany with the seconds that are left.
    """
    room, member = change.room, change.member
    if member is None or member.role in _FREE:
        return
    require_cleared(
        room,
        member,
        words.gettext("You can change messages once a moderator has read what you say first."),
    )
    if room.slow_seconds:
        values = {"room_id": room.id, "person_id": change.by_id, "since": since}
        last = await change.conn.value(_CHANGED, values) or 0
        left = _left(now - last, room.slow_seconds * clock.SECOND)
        if left:
            sentence = words.ngettext(
                "Slow mode is on here: you can change a message again in %(num)d second.",
                "Slow mode is on here: you can change a message again in %(num)d seconds.",
                left,
            )
            raise errors.TooMany(sentence % {"num": left}, field="wait", retry_after=left)


def _left(since: int, pause: int) -> int:
    """The seconds that are left of a pause (both in milliseconds)."""
    # By its distance, since the last message may be a little later: it was quicker to the lock.
    # Much later it is only when the clock was set back, and nobody shall wait for that.
    return max(0, -(-(pause - abs(since)) // clock.SECOND))


def too_soon(seconds: int) -> errors.TooMany:
    sentence = words.ngettext(
        "Slow mode is on here: you can write again in %(num)d second.",
        "Slow mode is on here: you can write again in %(num)d seconds.",
        seconds,
    )
    return errors.TooMany(sentence % {"num": seconds}, field="wait", retry_after=seconds)


def require_cleared_for_files(room: rooms.Room, member: rooms.Member | None) -> None:
    """Forbidden for newcomers where the room holds what they say first: files wait for that."""
    require_cleared(
        room,
        member,
        words.gettext("Files can be attached once a moderator has read your first message."),
    )


def require_cleared(room: rooms.Room, member: rooms.Member | None, sentence: str) -> None:
    """Forbidden, in this sentence, for newcomers where the room holds what they say first."""
    if room.holds and member is not None and not member.cleared and member.role not in _FREE:
        raise errors.Forbidden(sentence)


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
        async with changes.begin(db, room, by, act, kind, now=now, person_id=by.id) as change:
            before = getattr(change.room, column)
            if before == value or (column == "locked_at" and bool(before) == bool(value)):
                raise changes.Unchanged
            update = table.update().where(table.c.id == room.id).values({column: value})
            await change.conn.run(update)
            if column == "holds":
                await change.conn.run(_CLEAR_ALL, {"room_id": room.id})
            detail = "" if column == "locked_at" else str(value)
            await acts.record(change, kind, detail=detail, now=now)
    except changes.Unchanged:
        return False
    return True
