"""First messages of newcomers, which wait until somebody who looks after the room has read them."""

# ruff: noqa: S608 - SQL is put together from constants only; values are bound.

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from hubbub import database, errors, words
from hubbub.domain import accounts, acts, changes, clock, inbox, messages, pace, permissions, rooms
from hubbub.domain.permissions import Act

MOST = 3
"""So much of one person waits in one room; whoever has more to say waits to be read first."""

PAGE = 100

# A lock of the membership: what is held comes before the person goes, or not at all, and not
# after a moderator has let them through.
_NEWCOMER = (
    "UPDATE memberships SET cleared = 0 WHERE room_id = :room_id AND person_id = :person_id"
    " AND cleared = 0 RETURNING role"
)
_INSERT = (
    "INSERT INTO held_messages (room_id, person_id, body, cid, digest, reply_to, at)"
    " VALUES (:room_id, :person_id, :body, :cid, :digest, :reply_to, :at)"
    " ON CONFLICT DO NOTHING RETURNING id"
)
_COUNT = "SELECT COUNT(*) FROM held_messages WHERE room_id = :room_id AND person_id = :person_id"
_LOCK = "UPDATE rooms SET seq = seq WHERE id = :room_id AND deleted_at IS NULL"
_CLEAR = "UPDATE memberships SET cleared = 1 WHERE room_id = :room_id AND person_id = :person_id"
_HELD = (
    f"SELECT h.id, h.body, h.at, h.cid, h.reply_to, {accounts.COLUMNS} FROM held_messages h"
    " JOIN people p ON p.id = h.person_id WHERE h.room_id = :room_id"
)
_LIST = f"{_HELD} ORDER BY h.id LIMIT {PAGE}"
_OF_PERSON = f"{_HELD} AND h.person_id = :person_id ORDER BY h.id"
_ONE = f"{_HELD} AND h.id = :id"
_DROP = "DELETE FROM held_messages WHERE id = :id"


@dataclass(frozen=True, slots=True)
class Held:
    """What somebody said and nobody else has read. It is drawn as a message would be, and calls
    nobody yet. `at` is in milliseconds UTC."""

    id: int
    by: accounts.Person
    body: str
    at: int
    cid: str | None
    reply_to: int | None
    mentions: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What became of a draft that waits for a moderator."""

    cid: str | None


# ------------------------------------------------------------------ saying


async def post(
    db: database.Database,
    room: rooms.Room,
    author: accounts.Person,
    draft: messages.Draft,
    *,
    now: int | None = None,
) -> messages.Posted | Waiting:
    """Says `draft` in the room, or holds it where newcomers are read first; once, however often
    the same is tried. Raises what `messages.post` does, Forbidden for files of newcomers, and
    TooMany beyond `MOST`."""
    with contextlib.suppress(pace.Newcomer):
        return await messages.post(db, room, author, draft, now=now)
    if await _hold(db, room, author, draft, clock.at(now)):
        return Waiting(draft.cid)
    # A moderator has let them through since.
    try:
        return await messages.post(db, room, author, draft, now=now)
    except pace.Newcomer:
        raise errors.Unavailable(words.gettext("Please try again."), retry_after=1) from None


async def _hold(
    db: database.Database,
    room: rooms.Room,
    author: accounts.Person,
    draft: messages.Draft,
    now: int,
) -> bool:
    """False when the author is no newcomer any more."""
    who = {"room_id": room.id, "person_id": author.id}
    async with db.transaction() as conn:
        is_newcomer = await conn.value(_NEWCOMER, who) is not None
        fresh, member = await rooms.open(conn, room.public_id, author)
        permissions.require(permissions.standing(author, member), Act.POST, fresh)
        if not is_newcomer:
            return False
        if draft.attachments:
            pace.require_cleared_for_files(fresh, member)
        values = {"body": draft.body, "cid": draft.cid, "reply_to": draft.reply_to, "at": now}
        digest = draft.digest if draft.cid else None
        if await conn.value(_INSERT, {**who, **values, "digest": digest}) is None:
            return True
        if int(await conn.value(_COUNT, who)) > MOST:
            raise errors.TooMany(
                words.gettext("A moderator reads first what you have said so far."),
                retry_after=60,
            )
        await inbox.changed_for_moderators(conn, room.id, now=now)
    return True


# ----------------------------------------------------------------- reading


async def waiting(db: database.Queries, room_id: int) -> list[Held]:
    """What waits in a room, in the order in which it was said."""
    return [_from_row(row) for row in await db.all(_LIST, {"room_id": room_id})]


async def of(db: database.Queries, room_id: int, person_id: int) -> list[Held]:
    """What one person has said that waits."""
    rows = await db.all(_OF_PERSON, {"room_id": room_id, "person_id": person_id})
    return [_from_row(row) for row in rows]


def _from_row(row: database.Record) -> Held:
    return Held(
        row["id"], accounts.from_row(row), row["body"], row["at"], row["cid"], row["reply_to"]
    )


# ---------------------------------------------------------------- deciding


async def release(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    held_id: int,
    *,
    now: int | None = None,
) -> list[messages.Posted]:
    """Lets somebody through: all they said that waits is posted as theirs, in its order, and what
    they say from now on is not held. Returns what was posted. Conflict when it was decided before,
    or they may not write.
    """
    at = clock.at(now)
    posted: list[messages.Posted] = []
    async with _deciding(db, room, by, held_id, at) as (change, one):
        # First, because it waits for what is being held just now: that is among the rest then.
        await change.conn.run(_CLEAR, {"room_id": room.id, "person_id": one.by.id})
        for held in await of(change.conn, room.id, one.by.id):
            draft = messages.Draft(held.body, held.cid, held.reply_to)
            posted.append(await messages.release(change.conn, change.room, one.by, draft, at))
            await change.conn.run(_DROP, {"id": held.id})
        await acts.record(change, "released", person_id=one.by.id, now=at)
    return posted


async def drop(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    held_id: int,
    *,
    now: int | None = None,
) -> list[messages.Posted]:
    """Takes what was said away unread by others; its author stays a newcomer. Conflict when it
    was decided before. Nothing is posted."""
    at = clock.at(now)
    async with _deciding(db, room, by, held_id, at) as (change, one):
        await change.conn.run(_DROP, {"id": one.id})
        await acts.record(change, "dropped", person_id=one.by.id, now=at)
    return []


@contextlib.asynccontextmanager
async def _deciding(
    db: database.Database, room: rooms.Room, by: accounts.Person, held_id: int, now: int
) -> AsyncIterator[tuple[changes.Change, Held]]:
    """The room's lock comes first, then the rights and what is decided about are read."""
    async with db.transaction() as conn:
        await conn.run(_LOCK, {"room_id": room.id})
        fresh, member = await rooms.open(conn, room.public_id, by)
        permissions.require(permissions.standing(by, member), Act.RELEASE, fresh)
        row = await conn.one(_ONE, {"room_id": room.id, "id": held_id})
        if row is None:
            raise errors.Conflict(words.gettext("Somebody has decided about this already."))
        yield changes.Change(conn, fresh, member, by.id), _from_row(row)
        await inbox.changed_for_moderators(conn, room.id, now=now)
