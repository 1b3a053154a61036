"""What waits for a person: invitations, and what those who look after rooms have to decide.

That an inbox changed is written into a log of its own, numbered without holes like a room's, so
that a process that asks for what came after the last one it knows misses none.
"""

from __future__ import annotations

from collections.abc import Iterable

from hubbub import database

_NEXT = "UPDATE counters SET value = value + 1 WHERE name = 'inbox_changes' RETURNING value"
_INSERT = "INSERT INTO inbox_changes (seq, person_id, at) VALUES (:seq, :person_id, :now)"
_MODERATORS = (
    "SELECT person_id FROM memberships WHERE room_id = :room_id AND role IN ('owner', 'moderator')"
)


async def changed(conn: database.Connection, people: Iterable[int], *, now: int) -> None:
    """Tells these people (ids) that their inbox is another now. Best the last write of its
    transaction: the counter's row stays locked to the commit, so that changes become visible in
    their order."""
    for person_id in sorted(set(people)):
        seq = await conn.value(_NEXT)
        await conn.run(_INSERT, {"seq": seq, "person_id": person_id, "now": now})


async def changed_for_moderators(conn: database.Connection, room_id: int, *, now: int) -> None:
    rows = await conn.all(_MODERATORS, {"room_id": room_id})
    await changed(conn, [row["person_id"] for row in rows], now=now)
