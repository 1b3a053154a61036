"""Who is in a room through which process, so that all processes know.

A lease a process: it beats every five seconds and lasts fifteen by the database's clock, so what a
killed process wrote counts for nothing soon after. Rows are written only when something changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sqlalchemy

from hubbub import database
from hubbub.domain import clock
from hubbub.tables import leases, presence

BEAT = 5 * clock.SECOND
LEASE = 15 * clock.SECOND
# What has run out is swept later still: a process that was only paused finds its rows again.
_SWEEP_AFTER = LEASE

_EXTEND = "UPDATE leases SET expires_at = :at WHERE process = :process RETURNING process"
_TAKE = "INSERT INTO leases (process, expires_at) VALUES (:process, :at)"
_RELEASE = "DELETE FROM leases WHERE process = :process"
_SWEEP = "DELETE FROM leases WHERE expires_at < :before"
# Through the lease: a process whose lease was swept writes nothing and is told so.
_HOLDS = "SELECT process FROM leases WHERE process = :process"
_SET = (
    "INSERT INTO presence (process, room_id, person_id, sockets)"
    " VALUES (:process, :room_id, :person_id, :sockets)"
    " ON CONFLICT (process, room_id, person_id) DO UPDATE SET sockets = excluded.sockets"
)
_UNSET = (
    "DELETE FROM presence"
    " WHERE process = :process AND room_id = :room_id AND person_id = :person_id"
)


async def beat(db: database.Queries, process: str) -> bool:
    """Makes the lease last. False when it is new: whatever was written before is gone."""
    values = {"process": process, "at": await db.now_ms() + LEASE}
    if await db.value(_EXTEND, values) is not None:
        return True
    await db.run(_TAKE, values)
    return False


async def write(
    db: database.Database, process: str, sockets: Mapping[tuple[int, int], int]
) -> bool:
    """Notes the number of sockets of each (room id, person id) given.

    False when the process has no lease (any more), and nothing was written.
    """
    async with db.transaction() as conn:
        if await conn.value(_HOLDS, {"process": process}) is None:
            return False
        for (room_id, person_id), number in sorted(sockets.items()):
            values = {"process": process, "room_id": room_id, "person_id": person_id}
            if number > 0:
                await conn.run(_SET, {**values, "sockets": number})
            else:
                await conn.run(_UNSET, values)
    return True


async def online(
    db: database.Queries, room_ids: Iterable[int], *, besides: str = ""
) -> dict[int, set[int]]:
    """The ids of the people in each of the rooms, through every process but `besides`."""
    found: dict[int, set[int]] = {room_id: set() for room_id in room_ids}
    if not found:
        return found
    now = await db.now_ms()
    query = (
        sqlalchemy.select(presence.c.room_id, presence.c.person_id)
        .join(leases, leases.c.process == presence.c.process)
        .where(presence.c.room_id.in_(list(found)))
        # Longer than a lease can be: it is of a day to which the clock jumped and came back from,
        # and whoever still lives makes it right with the next beat.
        .where(leases.c.expires_at.between(now + 1, now + LEASE + BEAT))
        .where(leases.c.process != besides)
    )
    for row in await db.all(query):
        found[row["room_id"]].add(row["person_id"])
    return found


async def release(db: database.Queries, process: str) -> None:
    """Takes back everything a process wrote, when it ends in an orderly way."""
    await db.run(_RELEASE, {"process": process})


async def sweep(db: database.Queries) -> None:
    """Forgets processes whose leases ran out a while ago, with all they wrote."""
    await db.run(_SWEEP, {"before": await db.now_ms() - _SWEEP_AFTER})
