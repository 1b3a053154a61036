"""What was said, for those who run the site: in rooms that are not private, and in private ones
only where they are members themselves."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy

from hubbub import database, errors, words
from hubbub.domain import (
    accounts,
    acts,
    changes,
    clock,
    erasure,
    matching,
    moderation,
    permissions,
    search,
)
from hubbub.domain import messages as spoken
from hubbub.domain import rooms as places
from hubbub.domain.administration import rooms
from hubbub.domain.permissions import Act
from hubbub.tables import memberships
from hubbub.tables import people as persons
from hubbub.tables import rooms as table

ROOMS = 500
"""Without a room, so many are searched: those in which something was said last."""


@dataclass(frozen=True, slots=True)
class Found:
    """A page of messages; `only` is how many rooms were searched, where that is not all of them."""

    results: search.Results
    only: int | None = None


async def find(
    db: database.Queries,
    viewer: accounts.Person,
    query: search.Query,
    room: rooms.Overseen | None = None,
) -> Found:
    """The newest first. Two queries. Nothing of a private room the viewer is not in, whatever is
    asked: the rooms are chosen so, and the messages are read under the same condition once more."""
    if query.is_wordless:
        return Found(search.Results())
    scope, author_id = await _scope(db, viewer, query.by, room)
    only = ROOMS if len(scope) > ROOMS else None
    chosen = dict(list(scope.items())[:ROOMS])
    if not chosen or not matching.can_match(query, author_id, list(chosen)):
        return Found(search.Results(), only)
    found = await search.page(
        db, viewer, query, author_id, chosen, everywhere=room is None, overseeing=True
    )
    return Found(found, only)


async def _scope(
    db: database.Queries, viewer: accounts.Person, by: str, room: rooms.Overseen | None
) -> tuple[dict[int, places.Room], int | None]:
    author = sqlalchemy.select(persons.c.id).where(persons.c.username_key == accounts.fold(by))
    inside = sqlalchemy.exists().where(
        memberships.c.room_id == table.c.id, memberships.c.person_id == viewer.id
    )
    select = (
        sqlalchemy.select(table, author.scalar_subquery().label("author_id"))
        .where(table.c.deleted_at.is_(None), (table.c.access != "invited") | inside)
        .order_by(table.c.last_posted_at.desc(), table.c.id.desc())
        .limit(ROOMS + 1)
    )
    if room is not None:
        select = select.where(table.c.id == room.room.id)
    rows = await db.all(select)
    author_id = rows[0]["author_id"] if rows and by else None
    return {row["id"]: places.from_row(row) for row in rows}, author_id


async def take_down(
    db: database.Database,
    room: places.Room,
    by: accounts.Person,
    number: int | None,
    *,
    reason: str = "",
    now: int | None = None,
) -> list[str]:
    """Erases what somebody said; its place tells by whom and why, and so does the room's log.

    Returns the digests of its files, for `contents.sweep`. NotFound for what is not there, and in
    private rooms the administrator does not look after.
    """
    at, reason = clock.at(now), moderation.clean_reason(reason)
    place = await spoken.locate(db, room.id, number or 0)
    async with changes.begin(
        db,
        room,
        by,
        Act.TAKE_DOWN,
        "erased",
        overseeing=True,
        now=at,
        person_id=by.id,
        message_id=place.id,
    ) as change:
        if change.member and place.author_id not in await moderation.below(
            change, [place.author_id]
        ):
            raise errors.Forbidden(words.gettext("You cannot take down what they say here."))
        ids, digests = await erasure.wipe(
            change.conn, room.id, {place.id: number or 0}, now=at, by_id=by.id, reason=reason
        )
        if not ids:
            raise permissions.unseen()
        await acts.record(
            change, "took_down", person_id=place.author_id, number=number, reason=reason, now=at
        )
    return digests
