"""Messages that are not kept any more, where it is decided for how long they are."""

from __future__ import annotations

import itertools

from hubbub import database, storage
from hubbub.domain import contents

AT_ONCE = 200
"""Messages deleted in one transaction, so that nobody who posts waits long behind it."""

_AGED = (
    "SELECT r.id FROM rooms r WHERE (SELECT m.posted_at FROM messages m"
    " WHERE m.room_id = r.id ORDER BY m.number LIMIT 1) < :before ORDER BY r.id"
)
# Rooms come before messages, here as everywhere: nobody reacts to what is being deleted.
_LOCK = "UPDATE rooms SET seq = seq WHERE id = :room_id"
_OLDEST = (
    "SELECT id, number, posted_at FROM messages WHERE room_id = :room_id"
    " ORDER BY number LIMIT :limit"
)
_UP_TO = "room_id = :room_id AND number <= :number"
_NO_FILES = (
    "DELETE FROM attachments WHERE message_id IN"  # noqa: S608 - constants only.
    f" (SELECT id FROM messages WHERE {_UP_TO}) RETURNING digest"
)
_NO_MENTIONS = f"DELETE FROM mentions WHERE {_UP_TO}"  # noqa: S608
_NO_MESSAGES = f"DELETE FROM messages WHERE {_UP_TO}"  # noqa: S608
# What is gone is not unread any more.
_READ = (
    "UPDATE memberships SET read_number = :number"
    " WHERE room_id = :room_id AND read_number < :number"
)
_FIRST = "UPDATE rooms SET first_number = :first WHERE id = :room_id"


async def expire(db: database.Database, files: storage.Store, before: int) -> int:
    """Deletes what was said before a moment (milliseconds UTC), with its files and reactions.

    The first messages of a room go first, so that what stays has no holes: where a clock was set
    back, something is kept for a little longer. Numbers go on. Returns how many went.
    """
    total = 0
    for row in await db.all(_AGED, {"before": before}):
        while gone := await _shorten(db, files, row["id"], before):
            total += gone
    return total


async def _shorten(db: database.Database, files: storage.Store, room_id: int, before: int) -> int:
    async with db.transaction() as conn:
        await conn.run(_LOCK, {"room_id": room_id})
        rows = await conn.all(_OLDEST, {"room_id": room_id, "limit": AT_ONCE})
        aged = list(itertools.takewhile(lambda row: row["posted_at"] < before, rows))
        if not aged:
            return 0
        last = {"room_id": room_id, "number": aged[-1]["number"]}
        digests = [row["digest"] for row in await conn.all(_NO_FILES, last)]
        for statement in (_NO_MENTIONS, _NO_MESSAGES, _READ):
            await conn.run(statement, last)
        await conn.run(_FIRST, {"room_id": room_id, "first": last["number"] + 1})
    await contents.sweep(db, files, digests)
    return len(aged)
