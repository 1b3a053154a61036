"""Whom somebody does not want to hear: for them alone, and nobody else learns of it."""

from __future__ import annotations

from hubbub import database, errors, words
from hubbub.domain import accounts, clock, inbox, rooms

_INSERT = (
    "INSERT INTO blocks (person_id, blocked_id, at) VALUES (:person_id, :blocked_id, :now)"
    " ON CONFLICT DO NOTHING RETURNING blocked_id"
)
# What they called somebody for before does not count any more either.
_UNCALL = "DELETE FROM mentions WHERE person_id = :person_id AND author_id = :blocked_id"
_DELETE = (
    "DELETE FROM blocks WHERE person_id = :person_id AND blocked_id = :blocked_id"
    " RETURNING blocked_id"
)
_BLOCKED = (
    f"SELECT {accounts.COLUMNS} FROM blocks b JOIN people p ON p.id = b.blocked_id"  # noqa: S608
    " WHERE b.person_id = :person_id ORDER BY p.username_key"
)
_HAS = "SELECT 1 FROM blocks WHERE person_id = :person_id AND blocked_id = :blocked_id"
_VERSION = "SELECT COUNT(*) AS number, MAX(at) AS newest FROM blocks WHERE person_id = :person_id"
# Of a conversation between two the other one, when they do not want to hear, or cannot.
_UNHEARD = (
    "SELECT 1 FROM memberships m JOIN people p ON p.id = m.person_id"
    " WHERE m.room_id = :room_id AND m.person_id <> :person_id"
    " AND (p.disabled_at IS NOT NULL OR EXISTS (SELECT 1 FROM blocks b"
    " WHERE b.person_id = m.person_id AND b.blocked_id = :person_id))"
    " AND (SELECT COUNT(*) FROM memberships o WHERE o.room_id = :room_id) < 3"
)


async def block(
    db: database.Database,
    person: accounts.Person,
    other: accounts.Person,
    *,
    now: int | None = None,
) -> bool:
    """Lets `person` hear no more of `other`. False when it is so already; Invalid for oneself."""
    if person.id == other.id:
        raise errors.Invalid(words.gettext("You cannot block yourself."))
    pair = {"person_id": person.id, "blocked_id": other.id}
    async with db.transaction() as conn:
        made = await conn.value(_INSERT, {**pair, "now": clock.at(now)}) is not None
        if made:
            await conn.run(_UNCALL, pair)
            await inbox.changed(conn, [person.id], now=clock.at(now))
    return made


async def unblock(
    db: database.Database,
    person: accounts.Person,
    other: accounts.Person,
    *,
    now: int | None = None,
) -> bool:
    """What they ask of this person arrives again. False when they were not blocked."""
    pair = {"person_id": person.id, "blocked_id": other.id}
    async with db.transaction() as conn:
        gone = await conn.value(_DELETE, pair) is not None
        if gone:
            await inbox.changed(conn, [person.id], now=clock.at(now))
    return gone


async def blocked(db: database.Queries, person: accounts.Person) -> list[accounts.Person]:
    """Whom somebody does not want to hear, by name."""
    return [accounts.from_row(row) for row in await db.all(_BLOCKED, {"person_id": person.id})]


async def has_blocked(db: database.Queries, person_id: int, other_id: int) -> bool:
    pair = {"person_id": person_id, "blocked_id": other_id}
    return await db.value(_HAS, pair) is not None


async def version(db: database.Queries, person: accounts.Person) -> str:
    """What is another text whenever somebody blocks other people than before; empty for nobody."""
    row = await db.one(_VERSION, {"person_id": person.id})
    return f"{row['number']}.{row['newest']}" if row and row["number"] else ""


# ------------------------------------------------------------ conversations


async def require_heard(conn: database.Queries, room: rooms.Room, person: accounts.Person) -> None:
    """Forbidden in a direct room of two whose other one does not want to hear this person, or has
    an account that is shut: without a reason, for who blocked whom is nobody's business. Opening
    one is refused by `direct`."""
    if room.direct_key is None:
        return
    if await conn.value(_UNHEARD, {"room_id": room.id, "person_id": person.id}) is not None:
        raise errors.Forbidden(words.gettext("You cannot write to this person."))
