"""Taking an invitation link back: alone, with those who came through it, or with all they said."""

from __future__ import annotations

import sqlalchemy

from hubbub import database
from hubbub.domain import (
    accounts,
    acts,
    changes,
    clock,
    inbox,
    log,
    memberships,
    moderation,
    permissions,
    rooms,
)
from hubbub.domain.invitation_links import Link
from hubbub.domain.permissions import Act
from hubbub.tables import memberships as members

REMOVED_AT_ONCE = 200
"""So many leave in one transaction, so that a link thousands came through holds up nobody."""

_REVOKE = (
    "UPDATE invitation_links SET revoked_at = :now WHERE id = :id AND room_id = :room_id"
    " AND revoked_at IS NULL RETURNING id"
)
_NO_KNOCKS = "DELETE FROM knocks WHERE link_id = :id AND turned_away_at IS NULL RETURNING person_id"


async def revoke(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    link: Link,
    *,
    remove: bool = False,
    now: int | None = None,
) -> list[int]:
    """Ends the link, and with `remove` takes everyone out who came through it and stands below who
    does so: their ids. Each is an event of its own, by which their open pages close."""
    return await _end(db, room, by, link, "link_revoked", remove=remove, now=clock.at(now))


async def purge(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    link: Link,
    *,
    now: int | None = None,
) -> list[str]:
    """Ends the link, takes out whom it brought, and then erases all they said here.

    In this order, so that nobody writes on while it is erased. Returns the digests of files, for
    `contents.sweep`.
    """
    at = clock.at(now)
    gone = await _end(db, room, by, link, "link_purged", remove=True, now=at)
    return await moderation.purge(db, room, by, gone, now=at) if gone else []


async def _end(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    link: Link,
    told: str,
    *,
    remove: bool,
    now: int,
) -> list[int]:
    act = Act.REMOVE if remove else Act.LINKS
    removed: list[int] = []
    while True:
        async with changes.begin(db, room, by, act, "link", now=now) as change:
            if await _close(change, link, now) or (told == "link_purged" and not removed):
                await acts.record(change, told, detail=link.label, now=now)
            batch = await _take_out(change, link, now) if remove else []
            await _send_away(change, link, now)
        removed += batch
        if len(batch) < REMOVED_AT_ONCE:
            return removed


async def _close(change: changes.Change, link: Link, now: int) -> bool:
    """False when it was revoked already."""
    values = {"id": link.id, "room_id": change.room.id, "now": now}
    return await change.conn.value(_REVOKE, values) is not None


async def _send_away(change: changes.Change, link: Link, now: int) -> None:
    """Who asked to enter by the link need not wait any more."""
    if await change.conn.all(_NO_KNOCKS, {"id": link.id}):
        await log.advance(change.conn, change.room.id, "knocked", now=now)
        await inbox.changed_for_moderators(change.conn, change.room.id, now=now)


async def _take_out(change: changes.Change, link: Link, now: int) -> list[int]:
    """Those who came through and stand lower, so many at once. A guest is signed out by it."""
    mine = change.member.role if change.member else ""
    lower = [role for role in permissions.RANKS if permissions.outranks(mine, role)]
    query = (
        sqlalchemy.select(members.c.person_id)
        .where(members.c.room_id == link.room_id, members.c.link_id == link.id)
        .where(members.c.role.in_(lower))
        .order_by(members.c.person_id)
        .limit(REMOVED_AT_ONCE)
    )
    rows = await change.conn.all(query)
    for row in rows:
        person_id = row["person_id"]
        await log.advance(change.conn, link.room_id, "removed", now=now, person_id=person_id)
        await memberships.take_out(change.conn, link.room_id, person_id)
        await acts.record(change, "removed", person_id=person_id, now=now)
    return [row["person_id"] for row in rows]
