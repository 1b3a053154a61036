"""Who stands at a room's door and asks to enter, by a link that says so, and what they are told."""

# ruff: noqa: S608 - SQL is put together from constants only; values are bound.

from __future__ import annotations

from dataclasses import dataclass

from hubbub import database, errors, words
from hubbub.domain import (
    accounts,
    acts,
    changes,
    clock,
    inbox,
    invitation_links,
    memberships,
    permissions,
    rooms,
)
from hubbub.domain.invitation_links import Link
from hubbub.domain.permissions import Act, Standing

AGAIN_AFTER = clock.HOUR
"""So long somebody who was turned away cannot ask again: a no is not to be argued with."""

LISTED = 100

_ASK = (
    "INSERT INTO knocks (room_id, person_id, link_id, at)"
    " SELECT id, :person_id, :link_id, :now FROM rooms WHERE id = :room_id"
    " AND NOT EXISTS (SELECT 1 FROM memberships m"
    " WHERE m.room_id = :room_id AND m.person_id = :person_id)"
    " ON CONFLICT (room_id, person_id) DO UPDATE SET link_id = excluded.link_id,"
    " at = excluded.at, turned_away_at = NULL WHERE knocks.turned_away_at <= :again"
    " OR (knocks.turned_away_at IS NULL AND knocks.link_id <> excluded.link_id)"
    " RETURNING person_id"
)
_WAITING = (
    f"SELECT k.at, k.link_id, {accounts.COLUMNS} FROM knocks k JOIN people p ON p.id = k.person_id"
    " WHERE k.room_id = :room_id AND k.turned_away_at IS NULL AND NOT EXISTS (SELECT 1 FROM bans b"
    " WHERE b.room_id = k.room_id AND b.person_id = k.person_id"
    " AND (b.until IS NULL OR b.until > :now)) ORDER BY k.at, k.person_id LIMIT :limit"
)
_FIND = (
    "SELECT link_id, at, turned_away_at FROM knocks"
    " WHERE room_id = :room_id AND person_id = :person_id"
)
_LINK_OF = (
    "SELECT l.public_id, k.at FROM knocks k JOIN invitation_links l ON l.id = k.link_id"
    " WHERE k.room_id = :room_id AND k.person_id = :person_id AND k.turned_away_at IS NULL"
)
_TURN_AWAY = (
    "UPDATE knocks SET turned_away_at = :now WHERE room_id = :room_id AND person_id = :person_id"
    " AND turned_away_at IS NULL RETURNING person_id"
)


@dataclass(frozen=True, slots=True)
class Knock:
    """Who asks, since when (milliseconds UTC), by the link of which id."""

    person: accounts.Person
    at: int
    link_id: int


# ---------------------------------------------------------------- queries


async def waiting(db: database.Queries, room: rooms.Room, *, now: int | None = None) -> list[Knock]:
    """Those who wait for an answer, the longest waiting first."""
    values = {"room_id": room.id, "limit": LISTED, "now": clock.at(now)}
    rows = await db.all(_WAITING, values)
    return [Knock(accounts.from_row(row), row["at"], row["link_id"]) for row in rows]


async def state(
    db: database.Queries, link: Link, person: accounts.Person, *, now: int | None = None
) -> str:
    """How it stands with somebody who came by this link: none, waiting, or turned-away for as long
    as they cannot ask again."""
    row = await db.one(_FIND, {"room_id": link.room_id, "person_id": person.id})
    if row is None:
        return "none"
    if row["turned_away_at"] is None:
        return "waiting" if row["link_id"] == link.id else "none"
    return "turned-away" if row["turned_away_at"] > clock.at(now) - AGAIN_AFTER else "none"


# ----------------------------------------------------------------- asking


async def ask(
    db: database.Database, link: Link, person: accounts.Person, *, now: int | None = None
) -> bool:
    """Asks those who look after the room to let this person in.

    False when they wait already, were turned away a moment ago, or are in the room. NotFound when
    the link admits nobody any more, or not this person.
    """
    at = clock.at(now)
    values = {"person_id": person.id, "link_id": link.id, "now": at, "again": at - AGAIN_AFTER}
    try:
        async with invitation_links.using(db, link, "knocked", person, now=at) as change:
            await invitation_links.offered(change.conn, link, person, now=at)
            if await change.conn.value(_ASK, {**values, "room_id": link.room_id}) is None:
                # They wait already, or are to wait before they ask again.
                raise changes.Unchanged
            await inbox.changed_for_moderators(change.conn, link.room_id, now=at)
    except changes.Unchanged:
        return False
    return True


# -------------------------------------------------------------- answering


async def admit(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    person: accounts.Person,
    *,
    now: int | None = None,
) -> None:
    """Lets somebody in who asks, as what their link grants; only now one of its uses is counted.

    Invalid for who does not wait, Conflict when the link lets nobody in any more. A link that ran
    out while they waited does: they came in time.
    """
    at = clock.at(now)
    async with changes.begin(
        db, room, by, Act.ADMIT, "joined", now=at, person_id=person.id
    ) as change:
        _require_unlocked(change.room)
        link, asked_at = await _asked_by(change, person)
        if link.role == "moderator":
            invitation_links.require_promoter(change, by)
        await _let_in(change, link, person, asked_at, at)
        await acts.record(change, "admitted", person_id=person.id, now=at)
        await inbox.changed(change.conn, [person.id], now=at)


async def _asked_by(change: changes.Change, person: accounts.Person) -> tuple[Link, int]:
    values = {"room_id": change.room.id, "person_id": person.id}
    row = await change.conn.one(_LINK_OF, values)
    link = await invitation_links.find(change.conn, row["public_id"]) if row else None
    if row is None or link is None:
        raise _not_waiting(person)
    return link, row["at"]


async def _let_in(
    change: changes.Change, link: Link, person: accounts.Person, asked_at: int, now: int
) -> None:
    """Conflict when the link's maker may not invite any more, or its uses are used up."""
    maker = await memberships.find(change.conn, link.room_id, link.maker.id)
    try:
        if not invitation_links.admits(link, change.room, maker):
            raise permissions.unseen()
        await invitation_links.spend(change.conn, link, now=asked_at)
        await invitation_links.put(change, link, person, now=now)
    except (errors.NotFound, invitation_links.NobodyNew):
        raise errors.Conflict(
            words.gettext("The link they came by lets nobody in any more.")
        ) from None


async def turn_away(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    person: accounts.Person,
    *,
    now: int | None = None,
) -> None:
    """Says no. Invalid for who does not wait."""
    at = clock.at(now)
    async with changes.begin(
        db, room, by, Act.ADMIT, "knocked", now=at, person_id=person.id
    ) as change:
        values = {"room_id": room.id, "person_id": person.id, "now": at}
        if await change.conn.value(_TURN_AWAY, values) is None:
            raise _not_waiting(person)
        await acts.record(change, "turned_away", person_id=person.id, now=at)
        await inbox.changed_for_moderators(change.conn, room.id, now=at)


def _require_unlocked(room: rooms.Room) -> None:
    if Act.JOIN in permissions.closed(Standing.OUTSIDER, room):
        raise errors.Conflict(
            words.gettext("This room is locked: nobody comes in until it is unlocked.")
        )


def _not_waiting(person: accounts.Person) -> errors.Invalid:
    return errors.Invalid(
        words.gettext("{name} does not ask to enter any more.").format(name=person.name),
        field="username",
    )
