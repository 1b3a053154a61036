"""The e-mail address of an account: optional, one person's only, and confirmed by a link."""

from __future__ import annotations

import re

import sqlalchemy

from hubbub import database, errors, markup, words
from hubbub.domain import accounts, clock, tokens
from hubbub.tables import people
from hubbub.tables import tokens as token_table

KIND = "email"
LIFETIME = clock.DAY
LENGTH = 254  # https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1, with the errata

# What servers really accept: no quoted parts, no comments, no addresses in brackets.
_ADDRESS = re.compile(
    r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
_LOCAL_LENGTH = 64


def clean(value: str) -> str:
    """An address as it is kept, folded. Invalid for what no server would take."""
    address = markup.clean_line(value, field="email", limit=LENGTH)
    local, _, host = address.rpartition("@")
    try:
        folded = f"{local}@{host.encode('idna').decode('ascii')}".lower()
    except UnicodeError:
        raise _no_address() from None
    if len(folded) > LENGTH or len(local) > _LOCAL_LENGTH or not _ADDRESS.fullmatch(folded):
        raise _no_address()
    return folded


def _no_address() -> errors.Invalid:
    return errors.Invalid(words.gettext("This is no e-mail address."), field="email")


async def of(db: database.Queries, person: accounts.Person) -> str | None:
    """The address that is confirmed."""
    query = sqlalchemy.select(people.c.email).where(people.c.id == person.id)
    address: str | None = await db.value(query)
    return address


async def waiting(
    db: database.Queries, person: accounts.Person, *, now: int | None = None
) -> str | None:
    """The address that would be confirmed by the link last sent."""
    query = (
        sqlalchemy.select(token_table.c.detail)
        .where(token_table.c.person_id == person.id, token_table.c.kind == KIND)
        .where(token_table.c.expires_at > clock.at(now))
        .order_by(token_table.c.created_at.desc())
        .limit(1)
    )
    address: str | None = await db.value(query)
    return address


async def ask(
    db: database.Database, person: accounts.Person, address: str, *, now: int | None = None
) -> str:
    """The token of a link that confirms an address, to be sent there; links sent before are good
    for nothing. Says nothing about whose address it may be already: see `owner`."""
    async with db.transaction() as conn:
        await tokens.forget(conn, KIND, person.id)
        return await tokens.create(
            conn, KIND, person_id=person.id, detail=address, lifetime=LIFETIME, now=now
        )


async def owner(db: database.Queries, address: str) -> int | None:
    """The id of whose confirmed address it is; only for what is sent to that address itself."""
    query = sqlalchemy.select(people.c.id).where(people.c.email == address)
    found: int | None = await db.value(query)
    return found


async def confirm(
    db: database.Database, person: accounts.Person, token: str, *, now: int | None = None
) -> str:
    """Makes the address one's own, by the link that was sent there; it is returned.

    NotFound, the same for what is unknown, used, past its time, another person's, or when the
    address belongs to somebody else by now.
    """
    try:
        async with db.transaction() as conn:
            found = await tokens.redeem(conn, KIND, token, now=now)
            if found is None or found.person_id != person.id:
                raise _spent()
            mine = (people.c.id == person.id) & people.c.deleted_at.is_(None)
            await conn.run(people.update().where(mine).values(email=found.detail))
            await tokens.forget(conn, "password", person.id)  # Sent to the address before.
            return found.detail
    except database.UniqueViolation:
        raise _spent() from None


async def remove(db: database.Database, person: accounts.Person) -> None:
    async with db.transaction() as conn:
        await conn.run(people.update().where(people.c.id == person.id).values(email=None))
        for kind in (KIND, "password"):
            await tokens.forget(conn, kind, person.id)


def _spent() -> errors.NotFound:
    return errors.NotFound(
        words.gettext("This link is not good any more. It works once, and for a while only.")
    )
