"""What one gets in by: another password for one's own, and a link for who forgot it."""

import asyncio

import pytest

from hubbub import database, errors
from hubbub.domain import accounts, clock, credentials, sessions, tokens
from tests import people

pytestmark = pytest.mark.anyio
NOW = people.NOON
NEW = "twelve herons on a weir"


async def lets_in(db: database.Database, username: str, password: str) -> bool:
    try:
        await accounts.authenticate(db, username, password, people.KEYS)
    except errors.Invalid:
        return False
    return True


async def address(db: database.Database, person: accounts.Person, email: str) -> None:
    values = {"email": email, "id": person.id}
    await db.run("UPDATE people SET email = :email WHERE id = :id", values)


# ---------------------------------------------------------------- changing


async def test_a_new_password_ends_all_other_sessions_and_renews_this_one(
    db: database.Database,
) -> None:
    ada = await people.person(db, "Ada")
    old, session = await sessions.start(db, ada, now=NOW)
    other, _ = await sessions.start(db, ada, now=NOW)
    handed = await credentials.link(db, "ada", now=NOW)
    token = await credentials.change(db, session, NEW, people.KEYS, now=NOW)
    assert await lets_in(db, "ada", NEW)
    assert not await lets_in(db, "ada", people.PASSWORD)
    found = await sessions.find(db, token, NOW)
    assert found is not None
    assert found.id == session.id
    for gone in (old, other):
        assert await sessions.find(db, gone, NOW) is None
    with pytest.raises(errors.NotFound):
        await credentials.holder(db, handed, now=NOW)


async def test_a_login_under_way_with_the_old_password_comes_too_late(
    db: database.Database,
) -> None:
    ada = await people.person(db, "Ada")
    _, session = await sessions.start(db, ada, now=NOW)
    proof = await accounts.prove(db, "ada", people.PASSWORD, people.KEYS)
    await credentials.change(db, session, NEW, people.KEYS, now=NOW)
    with pytest.raises(errors.Invalid) as refused:
        await sessions.start(db, ada, kept=proof.kept, now=NOW)
    assert refused.value.message == "This username and password do not match."
    assert [place.id for place in await sessions.places(db, ada, NOW)] == [session.id]
    fresh = await accounts.prove(db, "ada", NEW, people.KEYS)
    assert await sessions.start(db, ada, kept=fresh.kept, now=NOW)


@pytest.mark.parametrize("password", ["short", "password123", "Ada", "Hubbub", "x" * 300])
async def test_a_password_that_breaks_the_rules_changes_nothing(
    db: database.Database, password: str
) -> None:
    ada = await people.person(db, "Ada")
    token, session = await sessions.start(db, ada, now=NOW)
    with pytest.raises(errors.Invalid) as refused:
        await credentials.change(db, session, password, people.KEYS, now=NOW)
    assert refused.value.field == "password"
    assert await lets_in(db, "ada", people.PASSWORD)
    assert await sessions.find(db, token, NOW)


async def test_a_session_that_ended_meanwhile_changes_nothing(db: database.Database) -> None:
    _, session = await sessions.start(db, await people.person(db, "Ada"), now=NOW)
    await sessions.end(db, session.id)
    with pytest.raises(errors.SignedOut):
        await credentials.change(db, session, NEW, people.KEYS, now=NOW)
    assert await lets_in(db, "ada", people.PASSWORD)


async def test_only_ones_own_password_is_right(db: database.Database) -> None:
    ada = await people.person(db, "Ada")
    await credentials.check(db, ada, people.PASSWORD, people.KEYS)
    with pytest.raises(errors.Invalid) as refused:
        await credentials.check(db, ada, NEW, people.KEYS)
    assert refused.value.field == "current"


# --------------------------------------------------------------- forgotten


async def test_a_link_lets_choose_a_password_once_and_signs_out_everywhere(
    db: database.Database,
) -> None:
    ada = await people.person(db, "Ada")
    session, _ = await sessions.start(db, ada, now=NOW)
    link, another = [await credentials.link(db, "ada", now=NOW) for _ in range(2)]
    assert await credentials.holder(db, link, now=NOW) == ada
    assert await credentials.reset(db, link, NEW, people.KEYS, now=NOW) == ada
    assert await lets_in(db, "ada", NEW)
    assert await sessions.find(db, session, NOW) is None
    for spent in (link, another):
        with pytest.raises(errors.NotFound):
            await credentials.reset(db, spent, people.PASSWORD, people.KEYS, now=NOW)
    assert await lets_in(db, "ada", NEW)


async def test_of_two_who_use_a_link_at_once_one_chooses(db: database.Database) -> None:
    await people.person(db, "Ada")
    link = await credentials.link(db, "ada", now=NOW)
    outcomes = await asyncio.gather(
        *[
            credentials.reset(db, link, password, people.KEYS, now=NOW)
            for password in (NEW, "seven quiet trains north")
        ],
        return_exceptions=True,
    )
    assert [type(each) for each in outcomes].count(errors.NotFound) == 1


async def test_a_password_that_is_refused_leaves_the_link_good(db: database.Database) -> None:
    await people.person(db, "Ada")
    link = await credentials.link(db, "ada", now=NOW)
    with pytest.raises(errors.Invalid):
        await credentials.reset(db, link, "short", people.KEYS, now=NOW)
    await credentials.reset(db, link, NEW, people.KEYS, now=NOW)


async def test_a_link_that_is_handed_over_is_good_for_a_day(db: database.Database) -> None:
    ada = await people.person(db, "Ada")
    link = await credentials.link(db, "ada", now=NOW)
    assert await credentials.holder(db, link, now=NOW + clock.DAY - 1) == ada
    with pytest.raises(errors.NotFound):
        await credentials.holder(db, link, now=NOW + clock.DAY)


@pytest.mark.parametrize("column", ["disabled_at", "deleted_at"])
async def test_an_account_that_is_shut_gets_no_password(db: database.Database, column: str) -> None:
    ada = await people.person(db, "Ada")
    await address(db, ada, "ada@example.org")
    link = await credentials.link(db, "ada", now=NOW)
    await db.run(f"UPDATE people SET {column} = 1")
    with pytest.raises(errors.NotFound):
        await credentials.reset(db, link, NEW, people.KEYS, now=NOW)
    with pytest.raises(errors.Invalid):
        await credentials.link(db, "ada", now=NOW)
    assert await credentials.ask(db, "ada", now=NOW) is None


async def test_a_token_of_another_kind_opens_nothing(db: database.Database) -> None:
    ada = await people.person(db, "Ada")
    other = await tokens.create(db, "email", person_id=ada.id, lifetime=clock.DAY, now=NOW)
    nobodys = await tokens.create(db, "password", lifetime=clock.DAY, now=NOW)
    for token in (other, nobodys, "", "\0", "\ud800", "x" * 10_000):
        with pytest.raises(errors.NotFound):
            await credentials.holder(db, token, now=NOW)


async def test_by_name_or_address_a_link_goes_to_the_address_that_is_confirmed(
    db: database.Database,
) -> None:
    ada = await people.person(db, "Ada")
    await address(db, ada, "ada@example.org")
    for name in ("ada", " ADA ", "Ada@Example.org"):
        found = await credentials.ask(db, name, now=NOW)
        assert found is not None
        person, to, link = found
        assert (person, to) == (ada, "ada@example.org")
        assert await credentials.holder(db, link, now=NOW + clock.HOUR - 1) == ada
        with pytest.raises(errors.NotFound):
            await credentials.holder(db, link, now=NOW + clock.HOUR)


@pytest.mark.parametrize(
    "name", ["bob", "eve", "eve@example.org", "", "%", "ada@example.org' --", "\0", "\ud800", "@"]
)
async def test_for_anybody_else_nothing_is_sent(db: database.Database, name: str) -> None:
    await address(db, await people.person(db, "Ada"), "ada@example.org")
    await people.person(db, "Bob")
    assert await credentials.ask(db, name, now=NOW) is None
    assert await db.value("SELECT count(*) FROM tokens") == 0


async def test_nobodys_mailbox_is_filled(db: database.Database) -> None:
    await address(db, await people.person(db, "Ada"), "ada@example.org")
    for _ in range(credentials.MOST_MAILED):
        assert await credentials.ask(db, "ada", now=NOW)
    assert await credentials.ask(db, "ada@example.org", now=NOW) is None
    assert await credentials.link(db, "ada", now=NOW)
    assert await credentials.ask(db, "ada", now=NOW + clock.HOUR)


async def test_a_guest_has_no_password_to_forget(db: database.Database) -> None:
    cast = await people.cast(db)
    values = {"room": cast.room.id, "id": cast.bob.id}
    await db.run("UPDATE people SET guest_of = :room WHERE id = :id", values)
    with pytest.raises(errors.Invalid):
        await credentials.link(db, "bob", now=NOW)
