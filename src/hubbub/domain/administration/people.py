"""People as an administrator sees them, and what is done to accounts: to disable one, to sign it
out, to let it administer the site. There is always somebody left who administers it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import sqlalchemy
from sqlalchemy import func

from hubbub import database, errors, words
from hubbub.domain import accounts, clock, log, permissions, roles, tokens
from hubbub.domain import memberships as members
from hubbub.domain import rooms as chat_rooms
from hubbub.domain import sessions as sign_ins
from hubbub.domain.administration import paging
from hubbub.tables import memberships, messages, people, rooms, sessions

SHARED_ROOMS = 100  # of one person, on their page

# For each person by itself, so that a page asks for those on it only.
_SEEN = (
    sqlalchemy.select(func.max(sessions.c.seen_at))
    .where(sessions.c.person_id == people.c.id)
    .correlate(people)
    .scalar_subquery()
)
_TIMES = ("created_at", "first_login_at", "disabled_at", "email")
_SELECT = sqlalchemy.select(
    people.c.id.label("person_id"),
    *(people.c[name] for name in (*accounts.FIELDS, *_TIMES)),
    _SEEN.label("seen_at"),
).where(people.c.deleted_at.is_(None))
_HAS_ACCOUNT = people.c.guest_of.is_(None)
SHOWS: Mapping[str, sqlalchemy.ColumnElement[bool]] = {
    "": _HAS_ACCOUNT,
    "admins": people.c.is_admin == 1,
    "disabled": people.c.disabled_at.is_not(None),
    "guests": ~_HAS_ACCOUNT,
    "never": _HAS_ACCOUNT & people.c.first_login_at.is_(None),
}
SORTS: Mapping[str, tuple[sqlalchemy.ColumnElement[object], ...]] = {
    "": (people.c.username_key.asc(),),
    "newest": (people.c.id.desc(),),
    "seen": (func.coalesce(_SEEN, 0).desc(), people.c.id.asc()),
}


@dataclass(frozen=True, slots=True)
class Account:
    """A person with what only administrators are told; times in milliseconds UTC. `seen_at` is of
    the sessions there are."""

    person: accounts.Person
    created_at: int
    first_login_at: int | None
    disabled_at: int | None
    email: str | None
    seen_at: int | None


@dataclass(frozen=True, slots=True)
class Session:
    created_at: int
    seen_at: int
    user_agent: str
    address: str


@dataclass(frozen=True, slots=True)
class Part:
    """A room that is not private, and what the person is there."""

    room_id: int
    title: str
    role: str


@dataclass(frozen=True, slots=True)
class Details:
    sessions: tuple[Session, ...]
    rooms: tuple[Part, ...]
    private_rooms: int
    messages: int


def _account(row: database.Record) -> Account:
    times = (row[name] for name in (*_TIMES, "seen_at"))
    return Account(accounts.from_row(row), *times)


# ----------------------------------------------------------------- looking


async def listed(db: database.Queries, asked: paging.Asked) -> paging.Page[Account]:
    """Accounts, or guests when those are asked for, whose name holds what is sought."""
    query = _SELECT.where(SHOWS[asked.show]).order_by(*SORTS[asked.sort])
    if asked.q:
        by_username = paging.holds(people.c.username_key, asked.q.removeprefix("@"))
        query = query.where(by_username | paging.holds(people.c.display_name, asked.q))
    return await paging.page(db, query, asked.number, _account)


async def find(db: database.Queries, username: str) -> Account:
    """NotFound when there is nobody of this name."""
    key = accounts.fold(username).replace("\0", "")
    row = await db.one(_SELECT.where(people.c.username_key == key))
    if row is None:
        raise permissions.unseen()
    return _account(row)


async def details(db: database.Queries, person_id: int) -> Details:
    """What the page of one person shows besides; of private rooms only how many they are."""
    return Details(
        tuple(
            Session(row["created_at"], row["seen_at"], row["user_agent"], row["address"])
            for row in await db.all(_SESSIONS, {"person_id": person_id})
        ),
        tuple(
            Part(row["id"], row["title"], row["role"])
            for row in await db.all(_ROOMS, {"person_id": person_id, "limit": SHARED_ROOMS})
        ),
        int(await db.value(_PRIVATE, {"person_id": person_id})),
        int(
            await db.value(sqlalchemy.select(func.count()).where(messages.c.author_id == person_id))
        ),
    )


_SESSIONS = (
    "SELECT created_at, seen_at, user_agent, address FROM sessions"
    " WHERE person_id = :person_id ORDER BY seen_at DESC, id DESC"
)
_ROOMS = (
    "SELECT r.id, r.title, m.role FROM memberships m JOIN rooms r ON r.id = m.room_id"
    " WHERE m.person_id = :person_id AND r.access <> 'invited' AND r.deleted_at IS NULL"
    " ORDER BY r.title_key, r.id LIMIT :limit"
)
_PRIVATE = (
    sqlalchemy.select(func.count())
    .select_from(memberships.join(rooms, rooms.c.id == memberships.c.room_id))
    .where(
        memberships.c.person_id == sqlalchemy.bindparam("person_id"),
        rooms.c.access == "invited",
        rooms.c.deleted_at.is_(None),
    )
)


# ------------------------------------------------------------------ acting


async def disable(
    db: database.Database, by: accounts.Person, account: Account, *, now: int | None = None
) -> None:
    """Lets somebody sign in no more: their sessions end, and links for a new password are good for
    nothing, also when the account is enabled again. Conflict for oneself."""
    person_id, at = account.person.id, clock.at(now)
    if person_id == by.id:
        raise errors.Conflict(words.gettext("You cannot disable your own account."))
    async with _deciding(db, by) as conn:
        await conn.run(_UPDATE.where(people.c.id == person_id).values(disabled_at=at))
        for kind in sorted(tokens.KINDS):
            await tokens.forget(conn, kind, person_id)
        await sign_ins.end_all(conn, person_id, now=at)


async def enable(db: database.Database, by: accounts.Person, account: Account) -> None:
    async with _deciding(db, by) as conn:
        await conn.run(_UPDATE.where(people.c.id == account.person.id).values(disabled_at=None))


async def promote(
    db: database.Database, by: accounts.Person, account: Account, *, now: int | None = None
) -> None:
    """Lets somebody administer the site. Their sessions end: a new right takes a new token."""
    if account.person.guest_of is not None:
        raise errors.Conflict(words.gettext("A guest needs an account for that."))
    if account.disabled_at is not None:
        raise errors.Conflict(words.gettext("This account is disabled. Enable it first."))
    await _set_right(db, by, account, 1, clock.at(now))


async def demote(
    db: database.Database, by: accounts.Person, account: Account, *, now: int | None = None
) -> None:
    """Takes that right away. Conflict for the last who has it."""
    await _set_right(db, by, account, 0, clock.at(now))


async def _set_right(
    db: database.Database, by: accounts.Person, account: Account, right: int, now: int
) -> None:
    person_id = account.person.id
    async with _deciding(db, by) as conn:
        if not right:
            await accounts.keep_an_administrator(conn, person_id)
        await conn.run(_UPDATE.where(people.c.id == person_id).values(is_admin=right))
        await _set_in_lobby(conn, person_id, "owner" if right else "member", now)
        await sign_ins.end_all(conn, person_id, now=now)


async def _set_in_lobby(conn: database.Connection, person_id: int, role: str, now: int) -> None:
    """The lobby is the site's: who administers the one owns the other, and nobody else does."""
    lobby = await chat_rooms.by_handle(conn, chat_rooms.LOBBY)
    member = await members.find(conn, lobby.id, person_id) if lobby else None
    if lobby is None or member is None or (role == "member" and member.role != "owner"):
        return
    await log.advance(conn, lobby.id, "role", now=now, person_id=person_id)
    await roles.write(conn, lobby.id, person_id, role)


async def administrators(conn: database.Queries) -> set[int]:
    """The ids of those who can administer the site; their rows stay locked to the commit, so that
    two who take the right from each other at once do not both succeed."""
    query = sqlalchemy.select(people.c.id).where(
        people.c.is_admin == 1, people.c.disabled_at.is_(None), people.c.deleted_at.is_(None)
    )
    rows = await conn.all(query.order_by(people.c.id).with_for_update())
    return {row["id"] for row in rows}


@contextlib.asynccontextmanager
async def _deciding(
    db: database.Database, by: accounts.Person
) -> AsyncIterator[database.Connection]:
    """A transaction of somebody who still is an administrator under the lock it takes."""
    async with db.transaction() as conn:
        if by.id not in await administrators(conn):
            raise permissions.unseen()
        yield conn


_UPDATE = people.update().where(people.c.deleted_at.is_(None))
