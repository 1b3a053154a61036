"""Guests: people who come into one room by its link, with a name and nothing else.

A guest is a person like any other, with a role, a session and a place in the room's log, but with
a username no account can have, and no password. They can become an account and stay who they are.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import sqlalchemy

from hubbub import database, errors, markup, passwords, words
from hubbub.domain import (
    accounts,
    acts,
    changes,
    clock,
    invitation_links,
    log,
    memberships,
    permissions,
    profiles,
    rooms,
    sessions,
)
from hubbub.domain.permissions import Act
from hubbub.tables import memberships as members
from hubbub.tables import people

NO_PASSWORD = "none"  # noqa: S105 - it has no scheme before it, so no password is ever this one.
AGAIN = 10 * clock.MINUTE
"""A form sent once more within this time is the same guest again."""

_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_ATTEMPTS = 8

_SHUT_OUT = (
    "SELECT 1 FROM bans WHERE room_id = :room_id AND address = :address AND address <> ''"
    " AND address_until > :now"
)
_NOW_MEMBER = (
    "UPDATE memberships SET role = 'member'"
    " WHERE room_id = :room_id AND person_id = :person_id AND role = 'guest'"
)

# What lets a guest in beside the room's own link: counts the use in the transaction it is given,
# and answers with the id of the invitation link; raises what refuses them.
Through = Callable[[database.Connection, rooms.Room, int], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Entry:
    """Someone who is in now, signed in by `token`."""

    person: accounts.Person
    session: sessions.Session
    token: str


# ------------------------------------------------------------------ coming


def may_enter(room: rooms.Room, mode: str) -> bool:
    """Whether the site, in one of the modes of `site.Site.guests`, and the room let in guests."""
    if mode not in {"by-room", "on"} or (mode == "by-room" and not room.guests):
        return False
    stranger = permissions.standing(None, None)
    return room.deleted_at is None and permissions.can(stranger, Act.ENTER, room)


def clean_name(value: str) -> str:
    name = profiles.clean_name(value)
    if markup.is_blank(name):
        raise errors.Invalid(words.gettext("Say what to call you."), field="name")
    return name


async def enter(
    db: database.Database,
    room: rooms.Room,
    name: str,
    mode: str,
    *,
    token: str = "",
    user_agent: str = "",
    address: str = "",
    through: Through | None = None,
    now: int | None = None,
) -> Entry:
    """Makes a guest of someone who holds the room's link, or an invitation link (`through`).

    `token` is the session's, made from what the browser sends once more when it tries again: the
    same token is the same guest. Raises Invalid for the name, and Forbidden in one sentence for
    everything that keeps them out, a ban of the address included.
    """
    at, name = clock.at(now), clean_name(name)
    for _ in range(_ATTEMPTS):
        known = await sessions.find(db, token, at) if token else None
        if known and known.person.guest_of == room.id and at - known.created_at < AGAIN:
            return Entry(known.person, known, token)
        if known:
            token = ""
        try:
            async with db.transaction() as conn:
                person = await _come(conn, room, name, mode, address, through, at)
                token, session = await sessions.begin(
                    conn, person, user_agent, address, token=token, now=at
                )
            return Entry(person, session, token)
        except database.UniqueViolation:
            # The mark is somebody's, or the same form came twice at once, or its guest is gone.
            if token and await sessions.find(db, token, at) is None:
                token = ""
    raise errors.Unavailable(words.gettext("Please try again."), retry_after=1)


def admits(link: invitation_links.Link) -> bool:
    """A link that only lets read, or by which one has to ask, is for those with an account."""
    return not link.knock and link.role != "reader"


def through(link: invitation_links.Link) -> Through:
    """Lets in by an invitation link. NotFound for whatever keeps it from that."""

    async def spend(conn: database.Connection, room: rooms.Room, now: int) -> int:
        maker = await memberships.find(conn, room.id, link.maker.id)
        if (
            not admits(link)
            or link.room_id != room.id
            or not invitation_links.admits(link, room, maker)
        ):
            raise permissions.unseen()
        await invitation_links.spend(conn, link, now=now)
        return link.id

    return spend


async def _come(
    conn: database.Connection,
    room: rooms.Room,
    name: str,
    mode: str,
    address: str,
    through: Through | None,
    now: int,
) -> accounts.Person:
    """The rows of a guest. Nobody waits for the person's, so it may come before the room's lock,
    under which everything is looked at once more."""
    person = await _insert(conn, room.id, name, now)
    position = await log.advance(conn, room.id, "joined", now=now, person_id=person.id)
    fresh = await rooms.by_id(conn, room.id)
    if position is None or fresh is None or not may_enter(fresh, mode):
        raise _closed()
    if through is None and fresh.generation != room.generation:
        raise _closed()  # The link was reset while this was under way.
    if await conn.value(_SHUT_OUT, {"room_id": room.id, "address": address, "now": now}):
        raise _closed()
    link_id = await through(conn, fresh, now) if through else None
    await memberships.put(conn, room.id, person.id, "guest", now, link_id=link_id)
    return person


async def _insert(conn: database.Connection, room_id: int, name: str, now: int) -> accounts.Person:
    username = accounts.GUEST + "".join(secrets.choice(_LETTERS) for _ in range(4))
    insertion = people.insert().values(
        username=username,
        username_key=username,
        display_name=name,
        password=NO_PASSWORD,
        guest_of=room_id,
        created_at=now,
    )
    person_id = await conn.value(insertion.returning(people.c.id))
    return accounts.Person(person_id, username, name, is_admin=False, guest_of=room_id)


def _closed() -> errors.Forbidden:
    return errors.Forbidden(words.gettext("This room takes no new guests at the moment."))


# ----------------------------------------------------------------- staying


async def rename(db: database.Queries, guest: accounts.Person, name: str) -> str:
    """Another name beside the same mark."""
    return await profiles.rename(db, guest, clean_name(name))


async def settle(
    db: database.Database,
    guest: accounts.Person,
    username: str,
    password: str,
    keys: Sequence[str],
    *,
    site_name: str = "Hubbub",
    lobby: bool = True,
    user_agent: str = "",
    address: str = "",
    now: int | None = None,
) -> Entry:
    """Makes an account of a guest, who keeps what they wrote and their place in the room.

    It is a change of rights, so the sessions there were end and a new one begins. Raises what
    `accounts.check_new` raises, and Conflict for who has an account already.
    """
    at = clock.at(now)
    username = await accounts.check_new(db, username, password, site_name=site_name)
    hashed = await passwords.hash(password, keys)
    room_id = guest.guest_of or 0
    try:
        async with db.transaction() as conn:
            await log.advance(conn, room_id, "role", now=at, person_id=guest.id)
            person = await _become(conn, guest, username, hashed)
            await conn.run(_NOW_MEMBER, {"room_id": room_id, "person_id": guest.id})
            await sessions.end_all(conn, guest.id, at)
            token, session = await sessions.begin(conn, person, user_agent, address, now=at)
    except database.UniqueViolation:
        raise accounts.taken() from None
    if lobby:
        await memberships.welcome(db, person, now=at)
    return Entry(person, session, token)


async def _become(
    conn: database.Connection, guest: accounts.Person, username: str, hashed: str
) -> accounts.Person:
    update = (
        people.update()
        .where(people.c.id == guest.id, people.c.guest_of == guest.guest_of)
        .where(
            sqlalchemy.exists().where(
                members.c.room_id == guest.guest_of, members.c.person_id == guest.id
            )
        )
        .values(
            username=username,
            username_key=accounts.fold(username),
            password=hashed,
            guest_of=None,
        )
    )
    columns = [people.c[name] for name in accounts.FIELDS]
    row = await conn.one(update.returning(people.c.id.label("person_id"), *columns))
    if row is None:
        raise errors.Conflict(words.gettext("You are no longer a guest of this room."))
    return accounts.from_row(row)


# ---------------------------------------------------------------- the room


async def allow(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    *,
    is_open: bool,
    now: int | None = None,
) -> rooms.Room:
    """The room's own switch: whether its link lets in guests, where the site leaves it to rooms."""
    at = clock.at(now)
    async with changes.begin(
        db, room, by, Act.GUESTS, "guests", now=at, guests=int(is_open)
    ) as change:
        await acts.record(change, "guests", detail="on" if is_open else "off", now=at)
    return change.room
