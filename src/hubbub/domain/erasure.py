"""Erasing messages: what is gone of one, whoever asked for it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import sqlalchemy

from hubbub import database
from hubbub.domain import attachments, changes, log
from hubbub.tables import mentions, messages, reactions

AT_ONCE = 200
"""Messages erased in one transaction, so that nobody who posts waits long behind it."""

_GONE = {
    "body": "",
    "mentions": "",
    "words": "",
    "digest": None,
    "edited_at": None,
    "attachments": 0,
    "pinned_at": None,
    "pinned_by_id": None,
    "reactions": 0,
}


async def wipe(
    conn: database.Connection,
    room_id: int,
    found: Mapping[int, int],
    *,
    now: int,
    by_id: int | None = None,
    reason: str = "",
) -> tuple[list[int], list[str]]:
    """Erases messages of a room, given as their ids and numbers, in a change that is under way.

    Returns the ids of those that were still there, whose `erased` events the caller writes, and
    the digests of their files, for `contents.sweep` after the commit. `by_id` is who took them
    down, and stays unsaid of what authors take back themselves.
    """
    there = messages.c.id.in_(list(found)) & messages.c.deleted_at.is_(None)
    values = {**_GONE, "deleted_at": now, "deleted_by_id": by_id, "deleted_reason": reason}
    update = messages.update().where(there).values(values).returning(messages.c.id)
    ids = [row["id"] for row in await conn.all(update)]
    await conn.run(reactions.delete().where(reactions.c.message_id.in_(ids)))
    numbers = [found[message_id] for message_id in ids]
    called = mentions.c.number.in_(numbers)
    await conn.run(sqlalchemy.delete(mentions).where(mentions.c.room_id == room_id, called))
    return ids, await attachments.erase(conn, *ids)


async def said_by(
    db: database.Queries,
    room_id: int,
    person_ids: Collection[int],
    since: int,
    *,
    before: int | None = None,
) -> dict[int, int]:
    """The newest `AT_ONCE` messages of these people since then: their ids and numbers. Those from
    the number `before` on are passed over, so that what is erased need not be looked through."""
    query = (
        sqlalchemy.select(messages.c.id, messages.c.number)
        .where(messages.c.room_id == room_id, messages.c.author_id.in_(list(person_ids)))
        .where(messages.c.deleted_at.is_(None), messages.c.posted_at >= since)
        .order_by(messages.c.number.desc())
        .limit(AT_ONCE)
    )
    if before is not None:
        query = query.where(messages.c.number < before)
    return {row["id"]: row["number"] for row in await db.all(query)}


async def take_down(
    change: changes.Change,
    found: Mapping[int, int],
    *,
    now: int,
    reason: str = "",
    placed: int | None = None,
) -> list[str]:
    """Erases what was found in the name of who makes the change, each an event of its own, the
    newest first; `placed` is the id of the one whose event opened the change. The files' digests
    are returned."""
    conn, room_id, by_id = change.conn, change.room.id, change.by_id
    ids, digests = await wipe(conn, room_id, found, now=now, by_id=by_id, reason=reason)
    order = sorted(set(ids) - {placed}, key=lambda each: -found[each])
    await log.advance_all(conn, room_id, "erased", order, now=now, person_id=by_id)
    return digests
