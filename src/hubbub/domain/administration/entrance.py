"""The one way for an administrator to read a private room: to enter it, and to say so there."""

from __future__ import annotations

from hubbub import database, errors, words
from hubbub.domain import (
    accounts,
    acts,
    changes,
    clock,
    drafts,
    log,
    memberships,
    messages,
    permissions,
    rooms,
    security,
)
from hubbub.domain.administration import people

ROLE = "moderator"


def notice() -> str:
    """What is said in the room, in the administrator's own name."""
    return words.gettext("I have entered this room as an administrator of this site.")


async def enter(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    *,
    address: str = "",
    now: int | None = None,
) -> messages.Posted:
    """Makes the administrator a moderator of a private room, with a message that tells everyone
    there, and a line in its log of acts and the site's: all of it or nothing.

    Forbidden for rooms that are not private, which have a door, and for direct ones, which are
    their people's for good; Conflict for who is in the room, or was banned from it.
    """
    at = clock.at(now)
    async with db.transaction() as conn:
        if await log.advance(conn, room.id, "added", now=at, person_id=by.id) is None:
            raise permissions.unseen()
        fresh = await rooms.by_id(conn, room.id)
        if fresh is None or by.id not in await people.administrators(conn):
            raise permissions.unseen()
        if fresh.access != "invited" or fresh.direct_key is not None:
            raise errors.Forbidden(words.gettext("Only private rooms are entered in this way."))
        if not await memberships.put(conn, fresh.id, by.id, ROLE, at, since=at):
            raise errors.Conflict(
                words.gettext("You are in this room already, or have been banned from it.")
            )
        posted = await messages.post(conn, fresh, by, drafts.Draft(notice()), now=at)
        # What one said oneself one can take back, but not this.
        await acts.record(changes.Change(conn, fresh, None, by.id), "entered", now=at)
        await security.record(
            conn, "private room entered", person_id=by.id, room_id=fresh.id, address=address, now=at
        )
    return posted
