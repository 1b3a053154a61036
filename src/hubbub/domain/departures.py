"""Deleting an account: what goes with it, and what of it stays.

The account is shut and nameless at once, in one transaction; what it has all over the site goes
afterwards, in small ones. A process that dies in between leaves a word in `people.departing`, and
whoever asks next what is left to do goes on there: an administrator, or `retention`. Doing it
twice is the same as once.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

import sqlalchemy

from hubbub import database, signing, storage, words
from hubbub.domain import accounts, clock, contents, erasure, heirs, inbox, log, sessions, tokens
from hubbub.tables import (
    attachments,
    bans,
    blocks,
    held_messages,
    invitations,
    knocks,
    memberships,
    mentions,
    messages,
    mutes,
    people,
    push_subscriptions,
    reactions,
)

KEEPING, ERASING = "keeping", "erasing"
AT_ONCE = erasure.AT_ONCE

Seen = dict[int, int]
"""The rooms in which something happened, each with its newest seq: what live rooms look for."""


async def depart(
    db: database.Database,
    files: storage.Store,
    person: accounts.Person,
    *,
    erase_messages: bool,
    now: int | None = None,
) -> Seen:
    """Deletes an account, from beginning to end. Raises what `begin` raises."""
    await begin(db, files, person, erase_messages=erase_messages, now=now)
    return await finish(db, files, person.id, now=now)


async def begin(
    db: database.Database,
    files: storage.Store,
    person: accounts.Person,
    *,
    erase_messages: bool,
    now: int | None = None,
) -> None:
    """Shuts the account for ever and takes its name off everything, signed out everywhere. What
    else goes is left to `finish`. Of an account that is gone the messages can still be erased.

    Conflict for the only administrator of the site.
    """
    at, mine = clock.at(now), people.c.id == person.id
    async with db.transaction() as conn:
        await accounts.keep_an_administrator(conn, person.id)
        picture = await conn.value(sqlalchemy.select(people.c.picture).where(mine))
        shut = people.update().where(mine, people.c.deleted_at.is_(None)).values(_nobody(at))
        if await conn.value(shut.returning(people.c.id)) is not None:
            for table in (push_subscriptions, blocks):
                await conn.run(table.delete().where(table.c.person_id == person.id))
            for kind in tokens.KINDS:
                await tokens.forget(conn, kind, person.id)
            await sessions.end_all(conn, person.id, at)
        if erase_messages:
            await conn.run(people.update().where(mine).values(departing=ERASING))
    await contents.sweep(db, files, [picture] if picture else [])


def _nobody(now: int) -> dict[str, object]:
    name = f"deleted-{signing.new_public_id()}"
    return {
        "username": name,
        "username_key": name,
        "display_name": words.gettext("Deleted account"),
        "password": "",  # No scheme, so none is right.
        "picture": None,
        "email": None,
        "preferences": "",
        "is_admin": 0,
        "guest_of": None,
        "disabled_at": now,
        "deleted_at": now,
        "departing": KEEPING,
    }


async def finish(
    db: database.Database, files: storage.Store, person_id: int, *, now: int | None = None
) -> Seen:
    """Takes away what an account that is shut has left behind, its messages if that was asked."""
    at, seen = clock.at(now), Seen()
    departing = await db.value(sqlalchemy.select(people.c.departing).where(_is(person_id)))
    if not departing:
        return seen
    await _stop_asking(db, person_id, at)
    await _leave_rooms(db, person_id, at, seen)
    await _take_back_reactions(db, person_id, at, seen)
    for table in (mentions, mutes, bans):
        await db.run(table.delete().where(table.c.person_id == person_id))
    await contents.sweep(db, files, await _unsent(db, person_id))
    if departing == ERASING:
        await _erase_messages(db, files, person_id, at, seen)
    # Unless more was asked for meanwhile.
    done = _is(person_id) & (people.c.departing == departing)
    await db.run(people.update().where(done).values(departing=""))
    return seen


async def finish_all(
    db: database.Database, files: storage.Store, *, now: int | None = None
) -> None:
    """Ends what processes that died have begun."""
    waiting = sqlalchemy.select(people.c.id).where(people.c.departing != "").order_by(people.c.id)
    for row in await db.all(waiting):
        await finish(db, files, row["id"], now=now)


def _is(person_id: int) -> sqlalchemy.ColumnElement[bool]:
    return people.c.id == person_id


async def _stop_asking(db: database.Database, person_id: int, now: int) -> None:
    """Invitations to them and from them, and what they asked for and still waits."""
    theirs = invitations.c.by_id == person_id
    gone = invitations.delete().where(theirs | (invitations.c.person_id == person_id))
    async with db.transaction() as conn:
        rows = await conn.all(gone.returning(invitations.c.person_id))
        rooms: set[int] = set()
        for table in (knocks, held_messages):
            waiting = table.delete().where(table.c.person_id == person_id)
            rooms |= {row["room_id"] for row in await conn.all(waiting.returning(table.c.room_id))}
        asked = {row["person_id"] for row in rows} - {person_id}
        await inbox.changed(conn, asked | await _moderators(conn, rooms), now=now)


async def _moderators(conn: database.Connection, room_ids: Iterable[int]) -> set[int]:
    query = sqlalchemy.select(memberships.c.person_id).where(
        memberships.c.room_id.in_(sorted(room_ids)),
        memberships.c.role.in_(("owner", "moderator")),
    )
    return {row["person_id"] for row in await conn.all(query)}


async def _leave_rooms(db: database.Database, person_id: int, now: int, seen: Seen) -> None:
    mine = sqlalchemy.select(memberships.c.room_id).where(memberships.c.person_id == person_id)
    for row in await db.all(mine.order_by(memberships.c.room_id)):
        seq = await heirs.depart(db, row["room_id"], person_id, now=now)
        if seq is not None:
            seen[row["room_id"]] = seq


async def _take_back_reactions(db: database.Database, person_id: int, now: int, seen: Seen) -> None:
    given = (
        sqlalchemy.select(messages.c.room_id, reactions.c.message_id)
        .join(messages, messages.c.id == reactions.c.message_id)
        .where(reactions.c.person_id == person_id)
        .order_by(messages.c.room_id, reactions.c.message_id)
        .limit(AT_ONCE)
    )
    while rows := await db.all(given):
        for room_id, some in itertools.groupby(rows, lambda row: row["room_id"]):
            ids = sorted({row["message_id"] for row in some})
            async with db.transaction() as conn:
                await _lock(conn, room_id)
                theirs = reactions.c.message_id.in_(ids) & (reactions.c.person_id == person_id)
                await conn.run(reactions.delete().where(theirs))
                await conn.run(messages.update().where(messages.c.id.in_(ids)).values(_counted()))
                await _tell(conn, room_id, "reacted", ids, person_id, now, seen)


def _counted() -> dict[str, object]:
    """How many reactions there are, counted anew."""
    there = sqlalchemy.select(sqlalchemy.func.count()).select_from(reactions)
    of_it = there.where(reactions.c.message_id == messages.c.id).correlate(messages)
    return {"reactions": of_it.scalar_subquery()}


async def _erase_messages(
    db: database.Database, files: storage.Store, person_id: int, now: int, seen: Seen
) -> None:
    theirs = sqlalchemy.select(messages.c.room_id).where(
        messages.c.author_id == person_id, messages.c.deleted_at.is_(None)
    )
    for room in await db.all(theirs.distinct().order_by(messages.c.room_id)):
        room_id, before = room["room_id"], None
        while found := await erasure.said_by(db, room_id, [person_id], 0, before=before):
            before = min(found.values())
            async with db.transaction() as conn:
                await _lock(conn, room_id)
                ids, digests = await erasure.wipe(conn, room_id, found, now=now)
                order = sorted(ids, key=lambda each: -found[each])
                await _tell(conn, room_id, "erased", order, person_id, now, seen)
            await contents.sweep(db, files, digests)


async def _lock(conn: database.Connection, room_id: int) -> None:
    """Nobody else changes the room until the transaction ends. Rooms come before messages, here as
    everywhere, so that nobody waits for somebody who waits."""
    await conn.run("UPDATE rooms SET seq = seq WHERE id = :room_id", {"room_id": room_id})


async def _tell(
    conn: database.Connection,
    room_id: int,
    kind: str,
    message_ids: Sequence[int],
    person_id: int,
    now: int,
    seen: Seen,
) -> None:
    position = await log.advance_all(conn, room_id, kind, message_ids, now=now, person_id=person_id)
    if position is not None:
        seen[room_id] = position.seq


async def _unsent(db: database.Queries, person_id: int) -> list[str]:
    """The digests of files that wait for a message which never comes."""
    mine = (attachments.c.person_id == person_id) & attachments.c.message_id.is_(None)
    rows = await db.all(attachments.delete().where(mine).returning(attachments.c.digest))
    return [row["digest"] for row in rows]
