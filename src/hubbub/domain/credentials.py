"""What one gets in by: changing one's password, and a new one by a link for who forgot it."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy

from hubbub import database, errors, passwords, words
from hubbub.domain import accounts, clock, emails, sessions, tokens
from hubbub.tables import people
from hubbub.tables import tokens as token_table

KIND = "password"
BY_MAIL = clock.HOUR
BY_HAND = clock.DAY
"""How long a link for a new password is good: by mail, and handed over by who runs the site."""

MAILED = "mailed"
MOST_MAILED = 3
"""Links that are good at one time, so that nobody's mailbox can be filled from here."""


async def check(
    db: database.Queries,
    person: accounts.Person,
    password: str,
    keys: Sequence[str],
    *,
    field: str = "current",
) -> None:
    """Invalid unless it is the person's password. Like every guess, it has to be limited."""
    try:
        await accounts.authenticate(db, person.username, password, keys)
    except errors.Invalid:
        raise errors.Invalid(words.gettext("This is not your password."), field=field) from None


async def change(
    db: database.Database,
    session: sessions.Session,
    password: str,
    keys: Sequence[str],
    *,
    site_name: str = "Hubbub",
    now: int | None = None,
) -> str:
    """A new password, for whoever has given the old one: all other sessions end, and this one goes
    on with the token that is returned. Raises what `passwords.check_rules` raises; SignedOut when
    the session has ended meanwhile."""
    person, at = session.person, clock.at(now)
    passwords.check_rules(password, person.username, site_name)
    hashed = await passwords.hash(password, keys)
    async with db.transaction() as conn:
        await _keep(conn, person.id, hashed, at, but=session.id)
        token = await sessions.renew(conn, session.id, at)
        if token is None:
            raise errors.SignedOut(words.gettext("Please log in first."))
    return token


async def _keep(
    conn: database.Connection, person_id: int, hashed: str, now: int, *, but: int | None = None
) -> None:
    there = (people.c.id == person_id) & people.c.deleted_at.is_(None)
    await conn.run(people.update().where(there).values(password=hashed))
    await tokens.forget(conn, KIND, person_id)
    await sessions.end_all(conn, person_id, now, but=but)


# --------------------------------------------------------------- forgotten


async def link(db: database.Queries, username: str, *, now: int | None = None) -> str:
    """The token of a link for a new password, to be handed over: good for a day, and once.
    Invalid for who has no account here, or one that is shut."""
    person = await accounts.by_username(db, username)
    row = await db.one(_PERSON, {"id": person.id}) if person else None
    if row is None:
        sentence = words.gettext("Nobody called {username} could log in here.")
        raise errors.Invalid(sentence.format(username=username), field="username")
    return await tokens.create(db, KIND, person_id=row["person_id"], lifetime=BY_HAND, now=now)


async def ask(
    db: database.Queries, name: str, *, now: int | None = None
) -> tuple[accounts.Person, str, str] | None:
    """Whose username or confirmed address this is, where to send a link, and its token, which is
    good for an hour. None for nobody, for who has no address, and for too many at a time."""
    at = clock.at(now)
    row = await db.one(_REACHED, {"name": _readable(name)})
    if row is None:
        return None
    query = sqlalchemy.select(sqlalchemy.func.count()).select_from(token_table)
    waiting = query.where(
        token_table.c.person_id == row["person_id"],
        token_table.c.kind == KIND,
        token_table.c.detail == MAILED,
        token_table.c.expires_at > at,
    )
    if await db.value(waiting) >= MOST_MAILED:
        return None
    person = accounts.from_row(row)
    token = await tokens.create(
        db, KIND, person_id=person.id, detail=MAILED, lifetime=BY_MAIL, now=at
    )
    return person, row["email"], token


def _readable(name: str) -> str:
    """What was typed as a username or an address is kept; empty for what can be neither."""
    try:
        return emails.clean(name) if "@" in name else accounts.fold(accounts.clean_username(name))
    except errors.Invalid:
        return ""


async def holder(db: database.Queries, token: str, *, now: int | None = None) -> accounts.Person:
    """For whom a link lets choose a password. NotFound, the same for what is unknown, used or
    past its time, and for an account that is shut."""
    found = await tokens.peek(db, KIND, token, now=now)
    row = await db.one(_PERSON, {"id": found.person_id}) if found else None
    if row is None:
        raise _spent()
    return accounts.from_row(row)


async def reset(
    db: database.Database,
    token: str,
    password: str,
    keys: Sequence[str],
    *,
    site_name: str = "Hubbub",
    now: int | None = None,
) -> accounts.Person:
    """Another password by a link, once; signed out everywhere. Raises what `holder` and
    `passwords.check_rules` raise, and then the link is still good."""
    person, at = await holder(db, token, now=now), clock.at(now)
    passwords.check_rules(password, person.username, site_name)
    hashed = await passwords.hash(password, keys)
    async with db.transaction() as conn:
        if await tokens.redeem(conn, KIND, token, now=at) is None:
            raise _spent()
        await _keep(conn, person.id, hashed, at)
    return person


def _spent() -> errors.NotFound:
    return errors.NotFound(
        words.gettext("This link is not good any more. It works once, and for a while only.")
    )


_GOOD = "p.disabled_at IS NULL AND p.deleted_at IS NULL AND p.guest_of IS NULL"
_PERSON = f"SELECT {accounts.COLUMNS} FROM people p WHERE p.id = :id AND {_GOOD}"  # noqa: S608
_REACHED = (
    f"SELECT {accounts.COLUMNS}, p.email FROM people p"  # noqa: S608
    f" WHERE p.email IS NOT NULL AND (p.username_key = :name OR p.email = :name) AND {_GOOD}"
)
