"""Strays: guests who are signed in no more, and so can never come back."""

# ruff: noqa: S608 - SQL is put together from constants only; values are bound.

from __future__ import annotations

import contextlib

from hubbub import database
from hubbub.domain import accounts, clock, log, memberships

KEPT = 30 * clock.DAY
"""Who never said anything is forgotten so long after they came."""

_BATCH = 200

_GONE = (
    f"SELECT {accounts.COLUMNS} FROM people p"
    " JOIN memberships m ON m.room_id = p.guest_of AND m.person_id = p.id"
    " WHERE p.created_at < :before"
    " AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.person_id = p.id)"
    " ORDER BY p.id LIMIT :limit"
)
_FORGET = (
    "DELETE FROM people WHERE guest_of IS NOT NULL AND created_at < :before"
    " AND NOT EXISTS (SELECT 1 FROM memberships m WHERE m.person_id = people.id)"
    " AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.person_id = people.id)"
    " AND NOT EXISTS (SELECT 1 FROM messages n WHERE n.author_id = people.id)"
    " AND NOT EXISTS (SELECT 1 FROM attachments a WHERE a.person_id = people.id)"
    " AND NOT EXISTS (SELECT 1 FROM bans b WHERE b.person_id = people.id)"
    " AND NOT EXISTS (SELECT 1 FROM reports o WHERE o.person_id = people.id)"
)


class _GoneAlready(Exception):
    """Takes a transaction back: another process swept the same guest."""


async def sweep(db: database.Database, *, now: int | None = None) -> None:
    """Takes them out of their rooms. Who never said anything is forgotten; others stay as the
    authors of what they wrote."""
    at = clock.at(now)
    rows = await db.all(_GONE, {"before": at - clock.HOUR, "limit": _BATCH})
    for guest in map(accounts.from_row, rows):
        with contextlib.suppress(_GoneAlready):
            await _take_out(db, guest, at)
    await db.run(_FORGET, {"before": at - KEPT})


async def _take_out(db: database.Database, guest: accounts.Person, now: int) -> None:
    room_id = guest.guest_of or 0
    async with db.transaction() as conn:
        await log.advance(conn, room_id, "left", now=now, person_id=guest.id)
        if await memberships.take_out(conn, room_id, guest.id) is None:
            raise _GoneAlready
