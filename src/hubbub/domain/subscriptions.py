"""Browsers that want to be told while nobody looks; each ends with the session it was made in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hubbub import database
from hubbub.domain import accounts, clock
from hubbub.tables import push_subscriptions as table

PER_PERSON = 10
"""Of more than these the oldest give way."""

# Locks the person's row, so that two browsers at once do not become one too many.
_LOCK = "UPDATE people SET id = id WHERE id = :person_id"
_TAKE_OVER = "DELETE FROM push_subscriptions WHERE endpoint = :endpoint"
_INSERT = """
INSERT INTO push_subscriptions
  (person_id, session_id, endpoint, p256dh, auth, server_key, created_at)
SELECT person_id, id, :endpoint, :p256dh, :auth, :server_key, :now
FROM sessions WHERE id = :session_id AND person_id = :person_id
"""
_TRIM = """
DELETE FROM push_subscriptions WHERE person_id = :person_id AND id NOT IN (
  SELECT id FROM push_subscriptions WHERE person_id = :person_id
  ORDER BY created_at DESC, id DESC LIMIT :limit)
"""
_DELETE = "DELETE FROM push_subscriptions WHERE person_id = :person_id AND endpoint = :endpoint"
_OF_PERSON = "SELECT endpoint FROM push_subscriptions WHERE person_id = :person_id ORDER BY id"


async def subscribe(
    db: database.Database,
    person: accounts.Person,
    session_id: int,
    given: Mapping[str, str],
    *,
    now: int | None = None,
) -> None:
    """Keeps what a browser gave: `endpoint`, `p256dh` and `auth`, and the `server_key` it was made
    for. A browser that was somebody else's is this person's from now on."""
    fields = ("endpoint", "p256dh", "auth", "server_key")
    values: dict[str, Any] = {name: given[name] for name in fields}
    values |= {"person_id": person.id, "session_id": session_id, "now": clock.at(now)}
    async with db.transaction() as conn:
        await conn.run(_LOCK, {"person_id": person.id})
        await conn.run(_TAKE_OVER, {"endpoint": given["endpoint"]})
        await conn.run(_INSERT, values)
        await conn.run(_TRIM, {"person_id": person.id, "limit": PER_PERSON})


async def unsubscribe(db: database.Queries, person: accounts.Person, endpoint: str) -> None:
    """Forgets a browser of this person. Doing so twice is the same as once."""
    # What was typed may hold a NUL, which no endpoint does and not every database takes.
    await db.run(_DELETE, {"person_id": person.id, "endpoint": endpoint.replace("\0", "")})


async def forget(db: database.Queries, ids: Sequence[int]) -> None:
    """Forgets browsers that are gone."""
    if ids:
        await db.run(table.delete().where(table.c.id.in_(ids)))


async def endpoints(db: database.Queries, person: accounts.Person) -> list[str]:
    """Where this person is told, the oldest first."""
    return [row["endpoint"] for row in await db.all(_OF_PERSON, {"person_id": person.id})]
