"""Links that admit to a room, beside its own. Each was made by somebody, grants a part in the room,
and may run out; see `revocations` for how one is taken back.

A link is only as good as its maker: whoever may not invite any more lets nobody in by one made
before. Whatever keeps a link from admitting, the answer is that of a link that was never made.
"""

# ruff: noqa: S608 - SQL is put together from constants only; values are bound.

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from hubbub import database, errors, markup, signing, words
from hubbub.domain import accounts, acts, changes, clock, memberships, permissions, rooms
from hubbub.domain.permissions import Act, Standing

ROLES = ("reader", "member", "moderator")
LABEL_LENGTH = 60
MOST_USES = 10_000
ACTIVE = 100  # of one room, at the same time
LISTED = 200

_COLUMNS = (
    "l.id AS link_id, l.public_id, l.room_id, l.role, l.label, l.knock, l.expires_at, l.uses,"
    " l.used, l.created_at, l.revoked_at"
)
_SELECT = (
    f"SELECT {_COLUMNS}, {accounts.COLUMNS} FROM invitation_links l"
    " JOIN people p ON p.id = l.maker_id"
)
_OPEN = "revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now)"
_FIND = f"{_SELECT} WHERE l.public_id = :public_id"
_ONE = f"{_SELECT} WHERE l.id = :id AND l.room_id = :room_id"
_OF_ROOM = (
    f"{_SELECT} WHERE l.room_id = :room_id ORDER BY CASE WHEN l.revoked_at IS NULL"
    " AND (l.expires_at IS NULL OR l.expires_at > :now) AND (l.uses IS NULL OR l.used < l.uses)"
    " THEN 0 ELSE 1 END, l.id DESC LIMIT :limit"
)
_ACTIVE = f"SELECT COUNT(*) FROM invitation_links WHERE room_id = :room_id AND {_OPEN}"
_INSERT = (
    "INSERT INTO invitation_links"
    " (public_id, room_id, maker_id, role, label, knock, expires_at, uses, created_at) VALUES"
    " (:public_id, :room_id, :maker_id, :role, :label, :knock, :expires_at, :uses, :created_at)"
    " RETURNING id"
)
# Whoever cannot sign in any more invites nobody either.
_LETS_IN = (
    f"id = :id AND {_OPEN} AND (uses IS NULL OR used < uses) AND EXISTS (SELECT 1 FROM people p"
    " WHERE p.id = maker_id AND p.disabled_at IS NULL AND p.deleted_at IS NULL)"
)
# One statement both asks and counts, so that many at once are admitted only as often as it says.
_SPEND = f"UPDATE invitation_links SET used = used + 1 WHERE {_LETS_IN} RETURNING used"
_USABLE = (
    f"SELECT 1 FROM invitation_links WHERE {_LETS_IN} AND NOT EXISTS (SELECT 1 FROM bans b"
    " WHERE b.room_id = invitation_links.room_id AND b.person_id = :person_id"
    " AND (b.until IS NULL OR b.until > :now))"
)
_CAME = (
    f"SELECT {accounts.COLUMNS}, {rooms.MEMBER} FROM memberships m"
    " JOIN people p ON p.id = m.person_id WHERE m.room_id = :room_id AND m.link_id = :link_id"
    " ORDER BY m.joined_at, m.person_id LIMIT :limit"
)

_NO_READER = (
    f"DELETE FROM acts WHERE room_id = :room_id AND person_id = :person_id AND act = '{acts.READS}'"
)


class NobodyNew(Exception):
    """Takes a transaction back: nobody came in by it, so no use may be counted."""


@dataclass(frozen=True, slots=True)
class Link:
    """Times in milliseconds UTC. `uses` is how many it admits, None for any number; with `knock`
    one asks, and somebody who looks after the room lets one in."""

    id: int
    public_id: str
    room_id: int
    maker: accounts.Person
    role: str
    label: str
    knock: bool
    expires_at: int | None
    uses: int | None
    used: int
    created_at: int
    revoked_at: int | None = None

    @property
    def state(self) -> str:
        """active, expired, used-up or revoked."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at is not None and self.expires_at <= clock.now():
            return "expired"
        return "used-up" if self.uses is not None and self.used >= self.uses else "active"


_FIELDS = ("role", "label", "knock", "expires_at", "uses", "used", "created_at", "revoked_at")


def _from_row(row: database.Record) -> Link:
    values: dict[str, Any] = {name: row[name] for name in _FIELDS}
    values["knock"] = bool(values["knock"])
    maker = accounts.from_row(row)
    return Link(row["link_id"], row["public_id"], row["room_id"], maker, **values)


# ---------------------------------------------------------------- finding


async def find(db: database.Queries, public_id: str) -> Link | None:
    """The link a token names, whatever became of it; says nothing of whether it admits."""
    row = await db.one(_FIND, {"public_id": public_id})
    return _from_row(row) if row else None


async def one(db: database.Queries, room: rooms.Room, link_id: int) -> Link:
    """A link of this room by its id. NotFound for what is none."""
    row = await db.one(_ONE, {"id": link_id, "room_id": room.id})
    if row is None:
        raise permissions.unseen()
    return _from_row(row)


async def of_room(db: database.Queries, room: rooms.Room, *, now: int | None = None) -> list[Link]:
    """Those that admit first, the newest of them on top."""
    values = {"room_id": room.id, "limit": LISTED, "now": clock.at(now)}
    return [_from_row(row) for row in await db.all(_OF_ROOM, values)]


async def came_through(
    db: database.Queries, link: Link, limit: int = memberships.PEOPLE
) -> list[memberships.Member]:
    """Who is in the room by this link, in the order in which they came."""
    values = {"room_id": link.room_id, "link_id": link.id, "limit": limit, "now": clock.now()}
    return [rooms.member_from_row(row) for row in await db.all(_CAME, values)]


async def offered(
    db: database.Queries, link: Link, person: accounts.Person | None, *, now: int | None = None
) -> rooms.Room:
    """The room that the link would let this person, or somebody without an account, into now.

    NotFound for whatever keeps it from that. It is asked once more when the link is used.
    """
    room = await rooms.by_id(db, link.room_id)
    maker = await memberships.find(db, link.room_id, link.maker.id)
    values = {"id": link.id, "person_id": person.id if person else 0, "now": clock.at(now)}
    usable = await db.value(_USABLE, values)
    if room is None or room.deleted_at is not None or usable is None:
        raise permissions.unseen()
    if not admits(link, room, maker):
        raise permissions.unseen()
    return room


def admits(link: Link, room: rooms.Room, maker: memberships.Member | None) -> bool:
    """Whether the link's maker may still invite like this, into the room as it is now."""
    standing = permissions.standing(link.maker, maker)
    needed = [Act.LINKS, *([Act.PROMOTE] if link.role == "moderator" else [])]
    may = all(permissions.can(standing, act, room) for act in needed)
    return may and Act.JOIN not in permissions.closed(Standing.OUTSIDER, room)


# ----------------------------------------------------------------- making


async def create(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    *,
    role: str = "member",
    label: str = "",
    expires_at: int | None = None,
    uses: int | None = None,
    knock: bool = False,
    now: int | None = None,
) -> Link:
    """Makes a link. Only who may promote makes one that lets people look after the room.

    Invalid for what a link cannot be, Conflict when the room has too many that still admit.
    """
    at = clock.at(now)
    values: dict[str, Any] = {
        "public_id": signing.new_public_id(),
        "room_id": room.id,
        "role": _checked(role, expires_at, uses, at),
        "label": markup.clean_line(label, field="label", limit=LABEL_LENGTH, min=0),
        "knock": int(knock),
        "expires_at": expires_at,
        "uses": uses,
        "created_at": at,
    }
    async with changes.begin(db, room, by, Act.LINKS, "link", now=at) as change:
        if role == "moderator":
            require_promoter(change, by)
        if await change.conn.value(_ACTIVE, {"room_id": room.id, "now": at}) >= ACTIVE:
            raise errors.Conflict(words.gettext("This room has many links. Revoke one first."))
        link_id = await change.conn.value(_INSERT, {**values, "maker_id": by.id})
        await acts.record(change, "link_made", detail=values["label"], now=at)
    return Link(link_id, maker=by, used=0, **{**values, "knock": knock})


def require_promoter(change: changes.Change, by: accounts.Person) -> None:
    """Forbidden for who may not make others look after the room."""
    permissions.require(permissions.standing(by, change.member), Act.PROMOTE, change.room)


def _checked(role: str, expires_at: int | None, uses: int | None, now: int) -> str:
    if role not in ROLES:
        raise errors.Invalid(words.gettext("Choose what they may do here."), field="role")
    if expires_at is not None and expires_at <= now:
        raise errors.Invalid(words.gettext("Choose a time that is still to come."), field="expires")
    if uses is not None and uses not in range(1, MOST_USES + 1):
        raise errors.Invalid(words.gettext("Choose how many people it lets in."), field="uses")
    return role


# ------------------------------------------------------------------ using


async def redeem(
    db: database.Database,
    link: Link,
    person: accounts.Person,
    *,
    now: int | None = None,
) -> bool:
    """Makes the member, or the guest who reads and writes like one if the link grants as much.

    False for who is in the room already, which uses nothing up. NotFound when the link admits
    nobody any more, for whichever reason, or not this person.
    """
    at = clock.at(now)
    if await memberships.find(db, link.room_id, person.id):
        return False
    try:
        async with using(db, link, "joined", person, now=at) as change:
            await spend(change.conn, link, now=at)
            await put(change, link, person, now=at)
    except NobodyNew:
        if await memberships.find(db, link.room_id, person.id):
            return False
        raise permissions.unseen() from None
    return True


@contextlib.asynccontextmanager
async def using(
    db: database.Database, link: Link, kind: str, person: accounts.Person, *, now: int
) -> AsyncIterator[changes.Change]:
    """A change of the room about `person`, made in the name of the link's maker for as long as
    they may invite; NotFound if they may not."""
    room = await rooms.by_id(db, link.room_id)
    if room is None:
        raise permissions.unseen()
    change = changes.begin(db, room, link.maker, Act.LINKS, kind, now=now, person_id=person.id)
    try:
        async with change as begun:
            if not admits(link, begun.room, begun.member):
                raise permissions.unseen()
            yield begun
    except (errors.Forbidden, errors.Gone):
        raise permissions.unseen() from None


async def spend(conn: database.Connection, link: Link, *, now: int) -> None:
    """Counts one use, in the transaction that lets somebody in; NotFound when there is none left
    or the link was at an end at `now`."""
    if await conn.value(_SPEND, {"id": link.id, "now": now}) is None:
        raise permissions.unseen()


async def put(change: changes.Change, link: Link, person: accounts.Person, *, now: int) -> None:
    """Writes the membership the link grants; `NobodyNew` for the banned and for who is in."""
    role, room_id = _granted(link, person), change.room.id
    came = {"link_id": link.id, "since": link.created_at}
    if not await memberships.put(change.conn, room_id, person.id, role, now, **came):
        raise NobodyNew
    # They see the room's own link from now on, which would make more of them.
    await change.conn.run(_NO_READER, {"room_id": room_id, "person_id": person.id})
    if role == "reader":
        await acts.record(change, acts.READS, person_id=person.id, detail=role, now=now)


def _granted(link: Link, person: accounts.Person) -> str:
    return "guest" if person.guest_of is not None and link.role != "reader" else link.role
