"""The first run: who administers the site, and what it shall be like.

Nobody becomes administrator by coming first. An address that is good for one use is printed where
only whoever runs the site reads it; or the environment names the administrator.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hubbub import database, passwords
from hubbub.domain import accounts, clock, permissions, rooms, security, site, tokens

LIFETIME = clock.DAY
KIND = "setup"

_AN_ADMIN = "SELECT id FROM people WHERE is_admin = 1 AND deleted_at IS NULL LIMIT 1"
# Taken before anybody is looked for, so that two who set up at once come one after the other.
_LOCK = "UPDATE counters SET value = value WHERE name = 'session_endings'"


async def is_due(db: database.Queries) -> bool:
    """Whether nobody administers this site yet."""
    return await db.value(_AN_ADMIN) is None


async def start(db: database.Database, *, now: int | None = None) -> str:
    """The token of a new set-up address, good for a day."""
    return await tokens.create(db, KIND, lifetime=LIFETIME, now=now)


async def require(db: database.Queries, token: str, *, now: int | None = None) -> None:
    """NotFound for a token that is unknown, used or expired, and once there is an administrator."""
    if not await tokens.peek(db, KIND, token, now=now) or not await is_due(db):
        raise permissions.unseen()


async def finish(
    db: database.Database,
    token: str,
    username: str,
    password: str,
    decided: Mapping[str, str | int | bool],
    keys: Sequence[str],
    *,
    address: str = "",
    now: int | None = None,
) -> accounts.Person:
    """Makes the first administrator, and keeps what they decided for the site, by the names of
    `site.Site`'s fields. Raises what `require` and `accounts.check_new` raise; then the token is
    still good."""
    at = clock.at(now)
    await require(db, token, now=at)
    name = str(decided.get("name", "")) or "Hubbub"
    await accounts.check_new(db, username, password, site_name=name, is_admin=True)
    hashed = await passwords.hash(password, keys)
    async with db.transaction() as conn:
        await conn.run(_LOCK)
        if await tokens.redeem(conn, KIND, token, now=at) is None or not await is_due(conn):
            raise permissions.unseen()
        person = await accounts.insert(conn, username, hashed, is_admin=True, now=at)
        await site.write(conn, decided)
        if decided.get("lobby") is False:
            await rooms.forget_lobby(conn)
        await tokens.forget(conn, KIND)
        await security.record(
            conn, "admin_created", person_id=person.id, address=address, detail="set-up", now=at
        )
    return person


async def appoint(
    db: database.Database,
    username: str,
    password: str,
    keys: Sequence[str],
    *,
    site_name: str = "Hubbub",
) -> accounts.Person | None:
    """Makes the administrator whom the environment names, unless there is one already."""
    if not await is_due(db):
        return None
    person = await accounts.register(
        db, username, password, keys, site_name=site_name, is_admin=True
    )
    await security.record(db, "admin_created", person_id=person.id, detail="environment")
    return person
