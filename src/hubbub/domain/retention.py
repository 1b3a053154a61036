"""What is kept for a while only: a room's events for pages that were away, and spent sessions."""

from __future__ import annotations

from hubbub import database
from hubbub.domain import clock, events, sessions


async def enforce(db: database.Database, *, now: int | None = None) -> None:
    """Forgets what is past its time. May be run by several processes at once."""
    at = clock.at(now)
    while await sessions.sweep(db, now=at):
        pass
    await events.trim(db, at - events.RETENTION)
