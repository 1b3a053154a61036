"""What is kept for a while only: messages, where that is decided; a room's events for pages that
were away, spent sessions, guests who are gone, what was uploaded and never sent, links good for
one use, and what deleted accounts left behind."""

from __future__ import annotations

from hubbub import database, storage
from hubbub.domain import (
    clock,
    contents,
    departures,
    events,
    expiry,
    inbox,
    matching,
    sessions,
    strays,
    tokens,
)


async def enforce(
    db: database.Database,
    files: storage.Store,
    *,
    keep_days: int = 0,
    now: int | None = None,
) -> None:
    """Forgets what is past its time. May be run by several processes at once. `keep_days` 0:
    messages are kept for ever."""
    at = clock.at(now)
    if keep_days:
        await expiry.expire(db, files, at - keep_days * clock.DAY)
    while await sessions.sweep(db, now=at):
        pass
    await strays.sweep(db, now=at)
    await events.trim(db, at - events.RETENTION)
    await inbox.trim(db, at - inbox.RETENTION)
    await contents.tidy(db, files, now=at)
    await tokens.sweep(db, now=at)
    await departures.finish_all(db, files, now=at)
    await matching.tidy(db)
