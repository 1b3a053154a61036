"""What is kept for a while only: a room's events for pages that were away, spent sessions, guests
who are gone, what was uploaded and never sent, links good for one use, and what deleted accounts
left behind."""

from __future__ import annotations

from hubbub import database, storage
from hubbub.domain import clock, departures, events, guests, matching, sessions, tokens, uploads


async def enforce(db: database.Database, files: storage.Store, *, now: int | None = None) -> None:
    """Forgets what is past its time. May be run by several processes at once."""
    at = clock.at(now)
    while await sessions.sweep(db, now=at):
        pass
    await guests.sweep(db, now=at)
    await events.trim(db, at - events.RETENTION)
    await uploads.tidy(db, files, now=at)
    await tokens.sweep(db, now=at)
    await departures.finish_all(db, files, now=at)
    await matching.tidy(db)
