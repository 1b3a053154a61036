"""The people of every test: Alice owns the room, Bob is in it, Charlie is not."""

from __future__ import annotations

from dataclasses import dataclass
from unittest import mock

from hubbub import database, passwords
from hubbub.domain import accounts, invitations, rooms

PASSWORD = "nine calm otters rowing"
KEYS = ("a secret for the tests, as long as a real one is",)
NOON = 1_795_176_000_000  # Friday 20 November 2026, 12:00 UTC


@dataclass(frozen=True)
class Cast:
    alice: accounts.Person
    bob: accounts.Person
    charlie: accounts.Person
    room: rooms.Room


async def person(
    db: database.Database, username: str, *, is_admin: bool = False
) -> accounts.Person:
    """Someone registered the real way, with passwords made cheap (bcrypt's least cost is 4)."""
    with mock.patch.object(passwords, "COST", 4):
        return await accounts.register(db, username, PASSWORD, KEYS, is_admin=is_admin)


async def bring(
    db: database.Database, room: rooms.Room, by: accounts.Person, person: accounts.Person
) -> None:
    """Somebody is asked into a room, and comes."""
    asked = await invitations.invite(db, room, by, person.username)
    await invitations.accept(db, await invitations.find(db, asked.id, person), person)


async def cast(db: database.Database, access: str = "link") -> Cast:
    alice, bob, charlie = [await person(db, name) for name in ("Alice", "Bob", "Charlie")]
    room = await rooms.create(db, alice, "Design talk", access)
    await bring(db, room, alice, bob)
    fresh = await rooms.by_id(db, room.id)
    assert fresh is not None
    return Cast(alice, bob, charlie, fresh)
