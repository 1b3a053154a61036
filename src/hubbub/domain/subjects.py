"""About whom something can be done in a room, and who is kept out of it."""

# ruff: noqa: S608 - SQL is put together from constants only; values are bound.

from __future__ import annotations

from dataclasses import dataclass

from hubbub import database
from hubbub.domain import accounts, clock, memberships, permissions, rooms

PAGE = 100


@dataclass(frozen=True, slots=True)
class Ban:
    """Who may not come back, by whom, and until when; None: until it is lifted."""

    person: accounts.Person
    by_name: str | None
    at: int
    until: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Subject:
    """Somebody about whom something can be done: who is here, is banned, or said something."""

    person: accounts.Person
    member: rooms.Member | None
    ban: Ban | None

    @property
    def role(self) -> str:
        return self.member.role if self.member else ""


async def bans(
    db: database.Queries, room_id: int, *, now: int | None = None, limit: int = PAGE, skip: int = 0
) -> list[Ban]:
    """Who may not come back as things are, the newest first."""
    values = {"room_id": room_id, "now": clock.at(now), "limit": limit, "skip": skip}
    return [_ban(row) for row in await db.all(_BANS, values)]


def _ban(row: database.Record) -> Ban:
    return Ban(accounts.from_row(row), row["by_name"], row["at"], row["until"], row["reason"])


async def about(db: database.Queries, room_id: int, username: str) -> Subject:
    """NotFound for everyone this room has nothing to do with."""
    person = await accounts.by_username(db, username)
    if person is None:
        raise permissions.unseen()
    values = {"room_id": room_id, "person_id": person.id}
    member = await memberships.find(db, room_id, person.id)
    row = await db.one(_A_BAN, {**values, "now": clock.now()})
    if member is None and row is None and await db.value(_SPOKE, values) is None:
        raise permissions.unseen()
    return Subject(person, member, _ban(row) if row else None)


_IN_FORCE = (
    f"SELECT {accounts.COLUMNS}, b.at, b.until, b.reason, d.display_name AS by_name FROM bans b"
    " JOIN people p ON p.id = b.person_id LEFT JOIN people d ON d.id = b.by_id"
    " WHERE b.room_id = :room_id AND (b.until IS NULL OR b.until > :now)"
)
_BANS = f"{_IN_FORCE} ORDER BY b.at DESC, b.person_id DESC LIMIT :limit OFFSET :skip"
_A_BAN = f"{_IN_FORCE} AND b.person_id = :person_id"
_SPOKE = "SELECT id FROM messages WHERE room_id = :room_id AND author_id = :person_id LIMIT 1"
