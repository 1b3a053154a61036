"""What waits for a person: invitations, and what those who look after rooms have to decide.

That an inbox changed is written into a log of its own, numbered without holes like a room's, so
that a process that asks for what came after the last one it knows misses none.
"""

# ruff: noqa: S608 - SQL is put together from constants only; values are bound.

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy

from hubbub import database
from hubbub.domain import clock
from hubbub.tables import inbox_changes as table

RETENTION = 2 * clock.DAY
"""A process that has not asked for so long is gone."""

AT_ONCE = 1_000
"""So many people are told by one statement."""

# Whether an invitation `i` into a room `r` reaches its person: not one from somebody they block, or
# who may not invite or cannot sign in (any more), nor into a room that would not let them in.
REACHES = (
    "r.deleted_at IS NULL AND r.archived_at IS NULL"
    " AND EXISTS (SELECT 1 FROM memberships a WHERE a.room_id = i.room_id"
    " AND a.person_id = i.by_id AND a.role IN ('owner', 'moderator'))"
    " AND NOT EXISTS (SELECT 1 FROM mutes u WHERE u.room_id = i.room_id"
    " AND u.person_id = i.by_id AND u.until > :now)"
    " AND NOT EXISTS (SELECT 1 FROM people s WHERE s.id = i.by_id AND s.disabled_at IS NOT NULL)"
    " AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.person_id = i.person_id"
    " AND b.blocked_id = i.by_id)"
    " AND NOT EXISTS (SELECT 1 FROM bans b WHERE b.room_id = i.room_id"
    " AND b.person_id = i.person_id AND (b.until IS NULL OR b.until > :now))"
)
# What waits in the rooms that a membership `m` looks after, by its name in `Duty`.
_WAITING = {
    "knocks": "SELECT COUNT(*) FROM knocks w WHERE w.room_id = m.room_id"
    " AND w.turned_away_at IS NULL",
    "held": "SELECT COUNT(*) FROM held_messages w WHERE w.room_id = m.room_id",
    # Nobody learns of what is reported about themselves.
    "reports": "SELECT COUNT(*) FROM reports w WHERE w.room_id = m.room_id"
    " AND w.closed_at IS NULL AND w.person_id <> m.person_id",
}
# Whether a report `r` in a room `o` is left to administrators: in a direct room, and where those
# who could look at it are reported themselves.
LEFT_TO_THE_SITE = (
    "r.closed_at IS NULL AND o.deleted_at IS NULL AND NOT EXISTS (SELECT 1 FROM memberships k"
    " WHERE k.room_id = r.room_id AND k.role IN ('owner', 'moderator')"
    " AND k.person_id <> r.person_id AND o.direct_key IS NULL)"
)
_LEFT = f"SELECT COUNT(*) FROM reports r JOIN rooms o ON o.id = r.room_id WHERE {LEFT_TO_THE_SITE}"
_LOOKS_AFTER = "m.role IN ('owner', 'moderator')"
_AMONG = {
    "sqlite": "IN (SELECT value FROM json_each(:people))",
    "postgresql": "= ANY(CAST(:people AS bigint[]))",
}


def _counts(dialect: str) -> str:
    waiting = " + ".join(f"({query})" for query in _WAITING.values())
    return (
        "SELECT p.id AS person_id, (SELECT COUNT(*) FROM invitations i"
        f" JOIN rooms r ON r.id = i.room_id WHERE i.person_id = p.id AND {REACHES})"
        f" + (SELECT COALESCE(SUM({waiting}), 0) FROM memberships m"
        " JOIN rooms r ON r.id = m.room_id"
        f" WHERE m.person_id = p.id AND {_LOOKS_AFTER} AND r.deleted_at IS NULL)"
        f" + CASE WHEN p.is_admin <> 0 THEN ({_LEFT} AND r.person_id <> p.id) ELSE 0 END AS number"
        f" FROM people p WHERE p.id {_AMONG[dialect]} AND p.guest_of IS NULL"
    )


_COUNTS = {dialect: _counts(dialect) for dialect in _AMONG}
_DUTIES = (
    "SELECT r.public_id, r.generation, r.title, "
    + ", ".join(f"({query}) AS {name}" for name, query in _WAITING.items())
    + " FROM memberships m JOIN rooms r ON r.id = m.room_id"
    f" WHERE m.person_id = :person_id AND {_LOOKS_AFTER} AND r.deleted_at IS NULL"
    " ORDER BY r.title_key, r.id"
)
_NEXT = "UPDATE counters SET value = value + :more WHERE name = 'inbox_changes' RETURNING value"
_MODERATORS = (
    "SELECT person_id FROM memberships WHERE room_id = :room_id AND role IN ('owner', 'moderator')"
)
_INVITED = "SELECT person_id FROM invitations WHERE room_id = :room_id"
_ADMINISTRATORS = "SELECT id FROM people WHERE is_admin <> 0"
_HEAD = "SELECT value FROM counters WHERE name = 'inbox_changes'"
_AFTER = "SELECT seq, person_id FROM inbox_changes WHERE seq > :seq ORDER BY seq LIMIT :limit"
_FORGET = "DELETE FROM inbox_changes WHERE at < :before"


@dataclass(frozen=True, slots=True)
class Duty:
    """A room one looks after, and how much waits there to be decided."""

    public_id: str
    generation: int
    title: str
    knocks: int
    held: int
    reports: int


# ----------------------------------------------------------------- reading


async def count(db: database.Queries, person_id: int, *, now: int | None = None) -> int:
    """How much waits for somebody."""
    return (await counts(db, [person_id], now=now)).get(person_id, 0)


async def counts(
    db: database.Queries, person_ids: Iterable[int], *, now: int | None = None
) -> dict[int, int]:
    """How much waits for each of these people, in one query; guests have no inbox."""
    ids = sorted(set(person_ids))
    if not ids:
        return {}
    people = json.dumps(ids) if db.dialect == "sqlite" else ids
    rows = await db.all(_COUNTS[db.dialect], {"people": people, "now": clock.at(now)})
    return {row["person_id"]: int(row["number"]) for row in rows}


async def duties(db: database.Queries, person_id: int) -> list[Duty]:
    """The rooms in which something waits for those who look after them, by title."""
    rows = await db.all(_DUTIES, {"person_id": person_id})
    found = [Duty(*(row[name] for name in Duty.__slots__)) for row in rows]
    return [duty for duty in found if duty.knocks or duty.held or duty.reports]


async def left_to_the_site(db: database.Queries, viewer_id: int) -> int:
    """How many reports only an administrator can look at, those about the viewer left out."""
    query = f"{_LEFT} AND r.person_id <> :viewer_id"
    return int(await db.value(query, {"viewer_id": viewer_id}))


# ------------------------------------------------------------- the changes


async def changed(conn: database.Connection, people: Iterable[int], *, now: int) -> None:
    """Tells these people (ids) that their inbox is another now. Best the last write of its
    transaction: the counter's row stays locked to the commit, so that changes become visible in
    their order. Everybody waits for it, so however many they are it is two statements a thousand.
    """
    ids = sorted(set(people))
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        last = await conn.value(_NEXT, {"more": len(some)})
        seqs = range(last - len(some) + 1, last + 1)
        rows = [
            {"seq": seq, "person_id": person_id, "at": now}
            for seq, person_id in zip(seqs, some, strict=True)
        ]
        await conn.run(sqlalchemy.insert(table).values(rows))


async def changed_for_moderators(conn: database.Connection, room_id: int, *, now: int) -> None:
    rows = await conn.all(_MODERATORS, {"room_id": room_id})
    await changed(conn, [row["person_id"] for row in rows], now=now)


async def changed_for_room(conn: database.Connection, room_id: int, *, now: int) -> None:
    """For those who look after a room, and for those who are asked into it."""
    rows = await conn.all(f"{_MODERATORS} UNION {_INVITED}", {"room_id": room_id})
    await changed(conn, [row["person_id"] for row in rows], now=now)


async def changed_for_administrators(conn: database.Connection, *, now: int) -> None:
    await changed(conn, [row["id"] for row in await conn.all(_ADMINISTRATORS)], now=now)


async def head(db: database.Queries) -> int:
    """Where the log of changes stands."""
    return int(await db.value(_HEAD) or 0)


async def after(db: database.Queries, seq: int, limit: int = 1_000) -> list[tuple[int, int]]:
    """The changes after `seq` in order, each as its number and whose inbox changed (an id)."""
    rows = await db.all(_AFTER, {"seq": seq, "limit": limit})
    return [(row["seq"], row["person_id"]) for row in rows]


async def trim(db: database.Queries, before: int) -> None:
    """Forgets the changes from before a time (milliseconds UTC)."""
    await db.run(_FORGET, {"before": before})
