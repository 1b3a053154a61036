"""Sessions: who is signed in, and the log of endings by which sockets learn to close.

The cookie holds a random token, the table its hash. Ended sessions are numbered without holes
like a room's log, so a process that asks for what came after the last one it knows misses none.
"""

# ruff: noqa: S608 - SQL is put together from constants only; values are bound.

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hubbub import database, errors, signing, words
from hubbub.domain import accounts, clock, memberships

IDLE = 14 * clock.DAY
ABSOLUTE = 30 * clock.DAY
TOUCH_EVERY = clock.HOUR
PER_PERSON = 20
_SWEEP_BATCH = 500
_AGENT_LENGTH = 300
_ADDRESS_LENGTH = 64

# Every request with a cookie runs this one query, so it is plain text.
_FIND = (
    f"SELECT s.id, s.created_at, s.seen_at, s.confirmed_at, {accounts.COLUMNS}"
    " FROM sessions s JOIN people p ON p.id = s.person_id"
    " WHERE s.token_hash = :token_hash AND s.seen_at > :idle AND s.created_at > :absolute"
    " AND p.disabled_at IS NULL"
    # A guest is signed in for as long as they are in their room, however they went.
    " AND (p.guest_of IS NULL OR EXISTS (SELECT 1 FROM memberships m"
    " JOIN rooms r ON r.id = m.room_id AND r.deleted_at IS NULL"
    " WHERE m.room_id = p.guest_of AND m.person_id = p.id))"
)
_ALIVE = "SELECT id FROM sessions WHERE id = :id AND seen_at > :idle AND created_at > :absolute"
_EXPIRED = (
    "SELECT id FROM sessions WHERE seen_at <= :idle OR created_at <= :absolute"
    " OR person_id IN (SELECT p.id FROM people p LEFT JOIN memberships m"
    " ON m.room_id = p.guest_of AND m.person_id = p.id"
    " WHERE p.guest_of IS NOT NULL AND m.person_id IS NULL) LIMIT :limit"
)
_TOUCH = "UPDATE sessions SET seen_at = :now WHERE id = :id AND seen_at < :now"
_CONFIRM = "UPDATE sessions SET confirmed_at = :now WHERE id = :id"
_FIRST_LOGIN = "SELECT first_login_at FROM people WHERE id = :person_id"
# Locks the person's row, so that two logins at once do not both find room for one more session,
# and nobody changes a password between this and the new session's row.
_LOGGED_IN = (
    "UPDATE people SET first_login_at = COALESCE(first_login_at, :now) WHERE id = :person_id"
    " AND disabled_at IS NULL AND (:kept = '' OR password = :kept) RETURNING id"
)
_INSERT = (
    "INSERT INTO sessions"
    " (token_hash, person_id, created_at, seen_at, confirmed_at, user_agent, address)"
    " VALUES (:token_hash, :person_id, :now, :now, :now, :user_agent, :address) RETURNING id"
)
_OF_PERSON = "SELECT id FROM sessions WHERE person_id = :person_id ORDER BY seen_at, id"
_IS_OWN = "SELECT id FROM sessions WHERE id = :id AND person_id = :person_id"
_RENEW = (
    "UPDATE sessions SET token_hash = :token_hash, confirmed_at = :now WHERE id = :id RETURNING id"
)
_PLACES = (
    "SELECT id, created_at, seen_at, user_agent, address FROM sessions"
    " WHERE person_id = :person_id AND seen_at > :idle AND created_at > :absolute"
    " ORDER BY seen_at DESC, id DESC"
)
_DELETE = "DELETE FROM sessions WHERE id = :id RETURNING id"
_NEXT_ENDING = (
    "UPDATE counters SET value = value + 1 WHERE name = 'session_endings' RETURNING value"
)
_ENDING = "INSERT INTO session_endings (seq, session_id, at) VALUES (:seq, :session_id, :at)"
_FORGET = "DELETE FROM session_endings WHERE at < :before"
_ENDINGS_HEAD = "SELECT value FROM counters WHERE name = 'session_endings'"
_ENDINGS_AFTER = (
    "SELECT seq, session_id FROM session_endings WHERE seq > :seq ORDER BY seq LIMIT :limit"
)


@dataclass(frozen=True, slots=True)
class Session:
    id: int
    person: accounts.Person
    created_at: int
    seen_at: int
    confirmed_at: int = 0  # when the password was last asked for

    @property
    def expires_at(self) -> int:
        """When it ends if it is not used again (milliseconds UTC)."""
        return min(self.seen_at + IDLE, self.created_at + ABSOLUTE)


async def start(
    db: database.Database,
    person: accounts.Person,
    user_agent: str = "",
    address: str = "",
    *,
    kept: str = "",
    lobby: bool = True,
    now: int | None = None,
) -> tuple[str, Session]:
    """Signs a person in: the token for the cookie, and the session.

    Beyond twenty sessions those not used for longest end. The first login leads to the lobby,
    where the site has one. With the password they proved to know (`accounts.Proof.kept`) it is
    Invalid when that is not theirs any more.
    """
    at = clock.at(now)
    comes_in = lobby and person.guest_of is None
    if comes_in and await db.value(_FIRST_LOGIN, {"person_id": person.id}) is None:
        await memberships.welcome(db, person, now=at)
    return await begin(db, person, user_agent, address, kept=kept, now=at)


async def begin(
    db: database.Queries,
    person: accounts.Person,
    user_agent: str = "",
    address: str = "",
    *,
    token: str = "",
    kept: str = "",
    now: int | None = None,
) -> tuple[str, Session]:
    """The rows of a new session, also inside a transaction that is under way; of a token made for
    it, unless one is given. Leads nowhere: see `start`."""
    at, token = clock.at(now), token or signing.new_token()
    values = {
        "token_hash": signing.token_hash(token),
        "person_id": person.id,
        "now": at,
        "user_agent": _stored(user_agent, _AGENT_LENGTH),
        "address": _stored(address, _ADDRESS_LENGTH),
    }
    async with db.transaction() as conn:
        known = {"now": at, "person_id": person.id, "kept": kept}
        if await conn.value(_LOGGED_IN, known) is None:
            if kept:
                raise accounts.no_match()
            raise errors.Forbidden(words.gettext("This account cannot be used any more."))
        before = [row["id"] for row in await conn.all(_OF_PERSON, {"person_id": person.id})]
        session_id = await conn.value(_INSERT, values)
        await _end(conn, before[: max(0, len(before) + 1 - PER_PERSON)], at)
    return token, Session(session_id, person, at, at, at)


def _stored(text: str, length: int) -> str:
    """Headers may hold anything; the database takes text without NUL and half characters."""
    return text[:length].encode("utf-8", "replace").decode().replace("\0", "")


async def find(db: database.Queries, token: str, now: int | None = None) -> Session | None:
    """The session a cookie's token belongs to, unless it has run out."""
    row = await db.one(_FIND, {"token_hash": signing.token_hash(token), **_limits(clock.at(now))})
    if row is None:
        return None
    times = (row["created_at"], row["seen_at"], row["confirmed_at"])
    return Session(row["id"], accounts.from_row(row), *times)


def _limits(now: int) -> dict[str, int]:
    return {"idle": now - IDLE, "absolute": now - ABSOLUTE}


async def alive(db: database.Queries, session_id: int, now: int | None = None) -> bool:
    return await db.value(_ALIVE, {"id": session_id, **_limits(clock.at(now))}) is not None


async def touch(db: database.Queries, session: Session, now: int | None = None) -> None:
    """Notes that the session is in use, at most once an hour."""
    at = clock.at(now)
    if at - session.seen_at >= TOUCH_EVERY:
        await db.run(_TOUCH, {"id": session.id, "now": at})


async def confirm(db: database.Queries, session_id: int, now: int | None = None) -> None:
    """Notes that the password was given once more."""
    await db.run(_CONFIRM, {"id": session_id, "now": clock.at(now)})


async def end(db: database.Database, session_id: int, now: int | None = None) -> None:
    """Signs one session out. Ending it twice is the same as once."""
    async with db.transaction() as conn:
        await _end(conn, [session_id], clock.at(now))


async def end_all(
    db: database.Queries, person_id: int, now: int | None = None, *, but: int | None = None
) -> None:
    """Signs a person out everywhere, save in the session whose id is `but`."""
    async with db.transaction() as conn:
        rows = await conn.all(_OF_PERSON, {"person_id": person_id})
        await _end(conn, [row["id"] for row in rows if row["id"] != but], clock.at(now))


async def end_own(
    db: database.Database, person: accounts.Person, session_id: int, now: int | None = None
) -> bool:
    """Signs one of a person's own sessions out. False for another's, and for none."""
    async with db.transaction() as conn:
        if await conn.value(_IS_OWN, {"id": session_id, "person_id": person.id}) is None:
            return False
        await _end(conn, [session_id], clock.at(now))
    return True


async def renew(conn: database.Queries, session_id: int, now: int | None = None) -> str | None:
    """A new token for a session that goes on after its password was asked for: the old one is good
    for nothing. None when it has ended meanwhile."""
    token = signing.new_token()
    values = {"id": session_id, "token_hash": signing.token_hash(token), "now": clock.at(now)}
    return token if await conn.value(_RENEW, values) is not None else None


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody is signed in: a session as its owner sees it. Times in milliseconds UTC;
    `seen_at` is up to an hour behind."""

    id: int
    created_at: int
    seen_at: int
    user_agent: str
    address: str


async def places(
    db: database.Queries, person: accounts.Person, now: int | None = None
) -> list[Place]:
    """Where a person is signed in, last used first."""
    values = {"person_id": person.id, **_limits(clock.at(now))}
    return [
        Place(*(row[name] for name in Place.__slots__)) for row in await db.all(_PLACES, values)
    ]


async def sweep(db: database.Database, now: int | None = None) -> int:
    """Ends sessions that have run out, so that their sockets close too. Returns how many.

    Endings older than any session can be are forgotten.
    """
    at = clock.at(now)
    async with db.transaction() as conn:
        rows = await conn.all(_EXPIRED, {**_limits(at), "limit": _SWEEP_BATCH})
        await _end(conn, [row["id"] for row in rows], at)
        await conn.run(_FORGET, {"before": at - ABSOLUTE})
    return len(rows)


async def _end(conn: database.Connection, session_ids: Sequence[int], now: int) -> None:
    # Rows in order of their ids, then the counter: so those who end the same sessions at once
    # never wait for each other in a ring.
    values = [{"id": session_id} for session_id in sorted(session_ids)]
    ended = [each["id"] for each in values if await conn.value(_DELETE, each) is not None]
    for session_id in ended:
        # The counter's row stays locked to the commit: endings become visible in their order.
        seq = await conn.value(_NEXT_ENDING)
        await conn.run(_ENDING, {"seq": seq, "session_id": session_id, "at": now})


async def endings_head(db: database.Queries) -> int:
    return int(await db.value(_ENDINGS_HEAD) or 0)


async def endings_after(
    db: database.Queries, seq: int, limit: int = 1_000
) -> list[tuple[int, int]]:
    """The endings after `seq` in order, each as its number and the session that ended."""
    rows = await db.all(_ENDINGS_AFTER, {"seq": seq, "limit": limit})
    return [(row["seq"], row["session_id"]) for row in rows]
