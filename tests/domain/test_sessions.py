"""Sessions start, are found, run out and end; every ending is numbered."""

import asyncio

import pytest

from hubbub import database, errors, signing
from hubbub.domain import clock, memberships, rooms, sessions
from tests import people
from tests.domain.conftest import Counting

pytestmark = pytest.mark.anyio

NOON = people.NOON


async def test_the_token_leads_to_the_person_and_the_table_keeps_only_its_hash(
    db: database.Database,
) -> None:
    ada = await people.person(db, "ada")
    token, session = await sessions.start(db, ada, "Browser", "127.0.0.1", now=NOON)
    assert await sessions.find(db, token, NOON) == session
    assert session.person == ada
    kept = await db.value("SELECT token_hash FROM sessions")
    assert kept == signing.token_hash(token)
    assert token not in kept


@pytest.mark.parametrize("token", ["", "x", "\0", "\ud800", "x" * 10_000])
async def test_a_made_up_token_leads_to_nobody(db: database.Database, token: str) -> None:
    assert await sessions.find(db, token) is None


async def test_finding_a_session_takes_one_query(db: database.Database, counting: Counting) -> None:
    token, _ = await sessions.start(db, await people.person(db, "ada"))
    with counting() as queries:
        assert await sessions.find(db, token)
    assert len(queries) == 1


async def test_a_session_left_alone_for_a_fortnight_has_run_out(db: database.Database) -> None:
    token, session = await sessions.start(db, await people.person(db, "ada"), now=NOON)
    just_before, at = NOON + 14 * clock.DAY - 1, NOON + 14 * clock.DAY
    assert await sessions.find(db, token, just_before)
    assert await sessions.alive(db, session.id, just_before)
    assert await sessions.find(db, token, at) is None
    assert not await sessions.alive(db, session.id, at)


async def test_a_session_in_use_runs_out_after_thirty_days(db: database.Database) -> None:
    token, session = await sessions.start(db, await people.person(db, "ada"), now=NOON)
    for day in (10, 20, 29):
        await sessions.touch(db, session, NOON + day * clock.DAY)
    found = await sessions.find(db, token, NOON + 30 * clock.DAY - 1)
    assert found is not None
    assert found.expires_at == NOON + 30 * clock.DAY
    assert await sessions.find(db, token, NOON + 30 * clock.DAY) is None


async def test_a_session_is_touched_at_most_once_an_hour(
    db: database.Database, counting: Counting
) -> None:
    _, session = await sessions.start(db, await people.person(db, "ada"), now=NOON)
    with counting() as queries:
        await sessions.touch(db, session, NOON + clock.HOUR - 1)
    assert queries == []
    await sessions.touch(db, session, NOON + clock.HOUR)
    assert await db.value("SELECT seen_at FROM sessions") == NOON + clock.HOUR


async def test_a_clock_that_jumps_back_does_not_shorten_a_session(db: database.Database) -> None:
    _, session = await sessions.start(db, await people.person(db, "ada"), now=NOON)
    await sessions.touch(db, session, NOON - clock.DAY)
    assert await db.value("SELECT seen_at FROM sessions") == NOON


async def test_an_ended_session_is_gone_and_its_ending_numbered(db: database.Database) -> None:
    ada = await people.person(db, "ada")
    token, session = await sessions.start(db, ada)
    other_token, other = await sessions.start(db, ada)
    before = await sessions.endings_head(db)
    await sessions.end(db, session.id)
    assert await sessions.find(db, token) is None
    assert not await sessions.alive(db, session.id)
    assert await sessions.endings_after(db, before) == [(before + 1, session.id)]
    assert await sessions.find(db, other_token) == other
    assert await sessions.alive(db, other.id)


async def test_ending_a_session_twice_is_the_same_as_once(db: database.Database) -> None:
    _, session = await sessions.start(db, await people.person(db, "ada"))
    await sessions.end(db, session.id)
    await sessions.end(db, session.id)
    assert await sessions.endings_head(db) == 1


async def test_all_sessions_of_a_person_end_and_nobody_elses(db: database.Database) -> None:
    ada, bo = await people.person(db, "ada"), await people.person(db, "bo")
    mine = [await sessions.start(db, ada) for _ in range(3)]
    theirs, _ = await sessions.start(db, bo)
    await sessions.end_all(db, ada.id)
    assert [await sessions.find(db, token) for token, _ in mine] == [None] * 3
    assert await sessions.find(db, theirs)
    ended = await sessions.endings_after(db, 0)
    assert [seq for seq, _ in ended] == [1, 2, 3]
    assert {session_id for _, session_id in ended} == {session.id for _, session in mine}


async def test_endings_at_once_are_numbered_without_holes(db: database.Database) -> None:
    ada = await people.person(db, "ada")
    started = [await sessions.start(db, ada) for _ in range(10)]
    await asyncio.gather(
        *(sessions.end(db, session.id) for _, session in started), sessions.end_all(db, ada.id)
    )
    ended = await sessions.endings_after(db, 0)
    assert [seq for seq, _ in ended] == list(range(1, 11))
    assert await sessions.endings_head(db) == 10


async def test_beyond_twenty_sessions_the_one_not_used_for_longest_ends(
    db: database.Database,
) -> None:
    ada = await people.person(db, "ada")
    started = [await sessions.start(db, ada, now=NOON + number) for number in range(20)]
    await sessions.touch(db, started[0][1], NOON + clock.HOUR)
    await sessions.start(db, ada, now=NOON + clock.HOUR)
    assert await db.value("SELECT count(*) FROM sessions") == 20
    assert await sessions.find(db, started[0][0], NOON + clock.HOUR)
    assert await sessions.find(db, started[1][0], NOON + clock.HOUR) is None
    assert await sessions.endings_after(db, 0) == [(1, started[1][1].id)]


async def test_logins_at_once_leave_no_more_than_twenty(db: database.Database) -> None:
    ada = await people.person(db, "ada")
    await asyncio.gather(*(sessions.start(db, ada) for _ in range(25)))
    assert await db.value("SELECT count(*) FROM sessions") == 20


async def test_sessions_that_ran_out_are_swept_as_endings(db: database.Database) -> None:
    ada = await people.person(db, "ada")
    _, old = await sessions.start(db, ada, now=NOON)
    token, _ = await sessions.start(db, ada, now=NOON + clock.DAY)
    assert await sessions.sweep(db, NOON + 14 * clock.DAY) == 1
    assert await sessions.endings_after(db, 0) == [(1, old.id)]
    assert await sessions.find(db, token, NOON + 14 * clock.DAY)


async def test_endings_older_than_any_session_are_forgotten_and_never_numbered_again(
    db: database.Database,
) -> None:
    ada = await people.person(db, "ada")
    _, first = await sessions.start(db, ada, now=NOON)
    await sessions.end(db, first.id, NOON)
    _, second = await sessions.start(db, ada, now=NOON)
    await sessions.sweep(db, NOON + 31 * clock.DAY)
    assert await sessions.endings_after(db, 0) == [(2, second.id)]
    assert await sessions.endings_head(db) == 2


async def test_hostile_headers_are_stored_as_what_is_left_of_them(db: database.Database) -> None:
    ada = await people.person(db, "ada")
    await sessions.start(db, ada, "a\0b\ud800" + "x" * 9_000, "::1")
    kept = await db.value("SELECT user_agent FROM sessions")
    assert kept.startswith("ab?x")
    assert len(kept) <= 300


async def test_the_first_login_leads_to_the_lobby_and_later_ones_do_not(
    db: database.Database,
) -> None:
    await rooms.ensure_lobby(db)
    lobby = await rooms.by_handle(db, "lobby")
    assert lobby is not None
    ada = await people.person(db, "ada")
    await sessions.start(db, ada)
    member = await memberships.find(db, lobby.id, ada.id)
    assert member is not None
    assert member.role == "member"
    await memberships.leave(db, lobby, ada)
    await sessions.start(db, ada)
    assert await memberships.find(db, lobby.id, ada.id) is None


async def test_administrators_own_the_lobby(db: database.Database) -> None:
    await rooms.ensure_lobby(db)
    lobby = await rooms.by_handle(db, "lobby")
    assert lobby is not None
    root = await people.person(db, "root", is_admin=True)
    await sessions.start(db, root)
    member = await memberships.find(db, lobby.id, root.id)
    assert member is not None
    assert member.role == "owner"


async def test_without_a_lobby_one_logs_in_all_the_same(db: database.Database) -> None:
    token, _ = await sessions.start(db, await people.person(db, "ada"))
    assert await sessions.find(db, token)


async def test_one_sees_where_one_is_signed_in_and_nobody_elses(db: database.Database) -> None:
    ada, eve = [await people.person(db, name) for name in ("ada", "eve")]
    await sessions.start(db, ada, "Laptop", "192.0.2.1", now=NOON - 15 * clock.DAY)
    _, phone = await sessions.start(db, ada, "Phone", "192.0.2.2", now=NOON)
    _, desk = await sessions.start(db, ada, "Desk", "192.0.2.3", now=NOON + 1)
    await sessions.start(db, eve, now=NOON)
    assert await sessions.places(db, ada, NOON + 2) == [
        sessions.Place(desk.id, NOON + 1, NOON + 1, "Desk", "192.0.2.3"),
        sessions.Place(phone.id, NOON, NOON, "Phone", "192.0.2.2"),
    ]


async def test_one_ends_ones_own_sessions_and_nobody_elses(db: database.Database) -> None:
    ada, eve = [await people.person(db, name) for name in ("ada", "eve")]
    token, session = await sessions.start(db, ada, now=NOON)
    before = await sessions.endings_head(db)
    assert not await sessions.end_own(db, eve, session.id, NOON)
    assert await sessions.find(db, token, NOON)
    assert await sessions.end_own(db, ada, session.id, NOON)
    assert await sessions.find(db, token, NOON) is None
    assert not await sessions.end_own(db, ada, session.id, NOON)
    assert await sessions.endings_after(db, before) == [(before + 1, session.id)]


async def test_all_but_one_session_can_be_ended(db: database.Database) -> None:
    ada = await people.person(db, "ada")
    tokens = [await sessions.start(db, ada, now=NOON) for _ in range(3)]
    kept = tokens[1][1].id
    await sessions.end_all(db, ada.id, NOON, but=kept)
    assert [bool(await sessions.find(db, token, NOON)) for token, _ in tokens] == [
        False,
        True,
        False,
    ]


async def test_a_session_that_goes_on_with_another_token_is_the_same(
    db: database.Database,
) -> None:
    old, session = await sessions.start(db, await people.person(db, "ada"), now=NOON)
    new = await sessions.renew(db, session.id, NOON + 5)
    assert new is not None
    assert await sessions.find(db, old, NOON + 5) is None
    found = await sessions.find(db, new, NOON + 5)
    assert found is not None
    assert (found.id, found.confirmed_at) == (session.id, NOON + 5)
    await sessions.end(db, session.id)
    assert await sessions.renew(db, session.id, NOON + 5) is None


async def test_an_account_that_is_shut_has_no_sessions(db: database.Database) -> None:
    ada = await people.person(db, "ada")
    token, _ = await sessions.start(db, ada, now=NOON)
    await db.run("UPDATE people SET disabled_at = 1 WHERE id = :id", {"id": ada.id})
    assert await sessions.find(db, token, NOON) is None
    with pytest.raises(errors.Forbidden):
        await sessions.start(db, ada, now=NOON)
