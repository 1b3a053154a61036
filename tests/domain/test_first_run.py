"""The first run: one use, one administrator, nobody by coming first."""

import asyncio

import pytest
import sqlalchemy

from hubbub import database, errors
from hubbub.domain import accounts, first_run, memberships, rooms, site
from hubbub.tables import security_events, tokens
from tests import people
from tests.people import KEYS, NOON, PASSWORD

DECIDED = {"name": "Sea View", "registration": "closed", "guests": "on", "lobby": True}


async def finished(
    db: database.Database, token: str, username: str = "ada", now: int = NOON
) -> accounts.Person:
    return await first_run.finish(db, token, username, PASSWORD, DECIDED, KEYS, now=now)


async def test_the_address_makes_one_administrator_and_settles_the_site(
    db: database.Database,
) -> None:
    assert await first_run.is_due(db)
    ada = await finished(db, await first_run.start(db, now=NOON))
    assert ada.is_admin
    found = await accounts.authenticate(db, "ada", PASSWORD, KEYS)
    assert found.is_admin
    assert not await first_run.is_due(db)
    kept = {row["name"]: row["value"] for row in await db.all("SELECT name, value FROM site")}
    assert kept == {"name": "Sea View", "registration": "closed", "guests": "on", "lobby": "1"}
    kinds = await db.all(sqlalchemy.select(security_events.c.kind))
    assert [row["kind"] for row in kinds] == ["admin_created"]


async def test_it_is_good_for_one_use_and_so_are_those_printed_before(
    db: database.Database,
) -> None:
    first, second = [await first_run.start(db, now=NOON) for _ in range(2)]
    await finished(db, second)
    for token in (first, second):
        with pytest.raises(errors.NotFound):
            await finished(db, token, "eve")
    assert await accounts.by_username(db, "eve") is None
    assert await db.value(sqlalchemy.select(sqlalchemy.func.count()).select_from(tokens)) == 0


async def test_many_at_once_make_one(db: database.Database) -> None:
    token = await first_run.start(db, now=NOON)
    attempts = [finished(db, token, f"ada{number}") for number in range(8)]
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)
    assert sum(isinstance(outcome, accounts.Person) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, errors.NotFound) for outcome in outcomes) == 7
    admins = "SELECT count(*) FROM people WHERE is_admin = 1"
    assert await db.value(admins) == 1


@pytest.mark.parametrize("token", ["", "a" * 43, "🙂", "x' OR 1=1"])
async def test_a_guess_is_nothing(db: database.Database, token: str) -> None:
    await first_run.start(db, now=NOON)
    with pytest.raises(errors.NotFound):
        await first_run.require(db, token)
    with pytest.raises(errors.NotFound):
        await finished(db, token)
    assert await first_run.is_due(db)


async def test_after_a_day_it_is_nothing(db: database.Database) -> None:
    token = await first_run.start(db, now=NOON)
    with pytest.raises(errors.NotFound):
        await finished(db, token, now=NOON + first_run.LIFETIME)
    assert await finished(db, token, now=NOON + first_run.LIFETIME - 1)


async def test_what_was_refused_leaves_the_address_good(db: database.Database) -> None:
    token = await first_run.start(db, now=NOON)
    with pytest.raises(errors.Invalid):
        await first_run.finish(db, token, "ada", "short", DECIDED, KEYS, now=NOON)
    assert await finished(db, token)


async def test_once_there_is_an_administrator_it_opens_nothing(db: database.Database) -> None:
    token = await first_run.start(db, now=NOON)
    await people.person(db, "root", is_admin=True)
    with pytest.raises(errors.NotFound):
        await finished(db, token)
    assert await first_run.appoint(db, "second", PASSWORD, KEYS) is None


async def test_the_environment_names_the_administrator(db: database.Database) -> None:
    named = await first_run.appoint(db, "ada", PASSWORD, KEYS)
    assert named is not None
    assert named.is_admin
    assert not await first_run.is_due(db)


async def test_a_site_without_a_lobby_loses_the_empty_one_only(db: database.Database) -> None:
    await rooms.ensure_lobby(db)
    token = await first_run.start(db, now=NOON)
    await first_run.finish(db, token, "ada", PASSWORD, {"lobby": False}, KEYS, now=NOON)
    assert await rooms.by_handle(db, rooms.LOBBY) is None
    await rooms.ensure_lobby(db, again=True)
    assert await rooms.by_handle(db, rooms.LOBBY) is not None


async def test_a_lobby_people_are_in_stays(db: database.Database) -> None:
    await rooms.ensure_lobby(db)
    bob = await people.person(db, "bob")
    lobby = await rooms.by_handle(db, rooms.LOBBY)
    assert lobby is not None
    assert await memberships.join(db, lobby, bob)
    async with db.transaction() as conn:
        await rooms.forget_lobby(conn)
    assert await rooms.by_handle(db, rooms.LOBBY) is not None


def test_what_cannot_be_decided_names_its_field() -> None:
    now = site.Site("Hubbub", "open", "off", True, False, "teal", 0, 25, frozenset({"guests"}))
    assert site.decided({"name": " Sea  View ", "guests": "on", "other": "x"}, now) == {
        "name": "Sea View"
    }
    for name, text in (
        ("registration", "perhaps"),
        ("accent", "#f00"),
        ("lobby", "1"),
        ("keep_days", "-1"),
        ("keep_days", "²"),
        ("upload_mb", "1001"),
        ("name", ""),
    ):
        with pytest.raises(errors.Invalid) as refused:
            site.decided({name: text}, now)
        assert refused.value.field == name
