"""Secrets that are good for one use, and for nothing after it."""

import asyncio
import pathlib

import pytest

from hubbub import database, storage
from hubbub.domain import clock, retention, tokens
from tests import people

pytestmark = pytest.mark.anyio
NOW = people.NOON


async def redeem(db: database.Database, kind: str, token: str, now: int = NOW) -> bool:
    async with db.transaction() as conn:
        return await tokens.redeem(conn, kind, token, now=now) is not None


async def test_a_secret_says_what_it_is_good_for_and_whose_it_is(db: database.Database) -> None:
    alice = await people.person(db, "Alice")
    given = {"person_id": alice.id, "detail": "alice@example.org", "lifetime": clock.HOUR}
    token = await tokens.create(db, "email", **given, now=NOW)
    expected = tokens.Token(alice.id, "alice@example.org", NOW + clock.HOUR)
    assert await tokens.peek(db, "email", token, now=NOW) == expected
    async with db.transaction() as conn:
        assert await tokens.redeem(conn, "email", token, now=NOW) == expected


async def test_a_secret_is_good_once(db: database.Database) -> None:
    token = await tokens.create(db, "setup", lifetime=clock.HOUR, now=NOW)
    assert await redeem(db, "setup", token)
    assert not await redeem(db, "setup", token)
    assert await tokens.peek(db, "setup", token, now=NOW) is None


async def test_of_many_who_come_at_once_one_is_let_in(db: database.Database) -> None:
    token = await tokens.create(db, "setup", lifetime=clock.HOUR, now=NOW)
    assert sum(await asyncio.gather(*[redeem(db, "setup", token) for _ in range(20)])) == 1


async def test_looking_does_not_use_it_up(db: database.Database) -> None:
    token = await tokens.create(db, "setup", lifetime=clock.HOUR, now=NOW)
    for _ in range(3):
        assert await tokens.peek(db, "setup", token, now=NOW)
    assert await redeem(db, "setup", token)


async def test_what_it_was_used_for_and_failed_leaves_it_good(db: database.Database) -> None:
    token = await tokens.create(db, "setup", lifetime=clock.HOUR, now=NOW)

    async def fail() -> None:
        async with db.transaction() as conn:
            assert await tokens.redeem(conn, "setup", token, now=NOW)
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert await redeem(db, "setup", token)


async def test_a_secret_past_its_time_is_good_for_nothing(db: database.Database) -> None:
    token = await tokens.create(db, "setup", lifetime=clock.HOUR, now=NOW)
    assert await tokens.peek(db, "setup", token, now=NOW + clock.HOUR - 1)
    assert await tokens.peek(db, "setup", token, now=NOW + clock.HOUR) is None
    assert not await redeem(db, "setup", token, NOW + clock.HOUR)


async def test_a_secret_is_good_for_its_own_kind_only(db: database.Database) -> None:
    token = await tokens.create(db, "email", lifetime=clock.HOUR, now=NOW)
    assert not await redeem(db, "password", token)
    assert await redeem(db, "email", token)


@pytest.mark.parametrize("guess", ["", "x", "\0", "\ud800", "x" * 100_000])
async def test_a_guess_opens_nothing(db: database.Database, guess: str) -> None:
    await tokens.create(db, "setup", lifetime=clock.HOUR, now=NOW)
    assert await tokens.peek(db, "setup", guess, now=NOW) is None
    assert not await redeem(db, "setup", guess)


async def test_the_database_does_not_know_the_secret(db: database.Database) -> None:
    token = await tokens.create(db, "setup", lifetime=clock.HOUR, now=NOW)
    assert len(token) >= 43  # 256 bits
    row = await db.one("SELECT * FROM tokens")
    assert row is not None
    assert not any(token in str(row[name]) for name in row.keys())  # noqa: SIM118


async def test_what_one_person_was_given_is_taken_back_alone(db: database.Database) -> None:
    alice, bob = [await people.person(db, name) for name in ("Alice", "Bob")]
    hers, his = [
        await tokens.create(db, "password", person_id=person.id, lifetime=clock.HOUR, now=NOW)
        for person in (alice, bob)
    ]
    await tokens.forget(db, "password", alice.id)
    assert await tokens.peek(db, "password", hers, now=NOW) is None
    assert await tokens.peek(db, "password", his, now=NOW)
    await tokens.forget(db, "password")
    assert await tokens.peek(db, "password", his, now=NOW) is None


async def test_what_is_past_its_time_is_swept_away(
    db: database.Database, tmp_path: pathlib.Path
) -> None:
    await tokens.create(db, "setup", lifetime=clock.HOUR, now=NOW)
    await tokens.create(db, "setup", lifetime=clock.DAY, now=NOW)
    await retention.enforce(db, storage.Store(tmp_path), now=NOW + clock.HOUR)
    assert await db.value("SELECT count(*) FROM tokens") == 1


async def test_a_kind_nobody_knows_is_a_mistake_of_ours(db: database.Database) -> None:
    with pytest.raises(ValueError, match="door"):
        await tokens.create(db, "door", lifetime=clock.HOUR)
