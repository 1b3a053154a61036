"""Leases: what a process wrote counts for as long as it lives."""

import pytest

from hubbub import database
from hubbub.domain import clock, presence
from tests import people
from tests.domain.conftest import Counting

pytestmark = pytest.mark.anyio


async def expire(db: database.Database, process: str, ago: int) -> None:
    """As if the process had been silent since its lease ran out `ago` milliseconds ago."""
    values = {"process": process, "at": await db.now_ms() - ago}
    await db.run("UPDATE leases SET expires_at = :at WHERE process = :process", values)


async def test_people_are_online_through_any_process_with_a_lease(db: database.Database) -> None:
    assert not await presence.beat(db, "one")
    assert not await presence.beat(db, "two")
    assert await presence.write(db, "one", {(7, 1): 1, (7, 2): 2, (8, 1): 1})
    assert await presence.write(db, "two", {(7, 2): 1, (7, 3): 1})
    assert await presence.online(db, [7, 8, 9]) == {7: {1, 2, 3}, 8: {1}, 9: set()}
    assert await presence.online(db, [7], besides="one") == {7: {2, 3}}
    assert await presence.online(db, []) == {}


async def test_who_has_no_socket_left_in_a_process_is_not_there_through_it(
    db: database.Database,
) -> None:
    await presence.beat(db, "one")
    await presence.write(db, "one", {(7, 1): 2, (7, 2): 1})
    await presence.write(db, "one", {(7, 1): 1, (7, 2): 0})
    assert await presence.online(db, [7]) == {7: {1}}


async def test_what_a_dead_process_wrote_counts_for_nothing(db: database.Database) -> None:
    await presence.beat(db, "one")
    await presence.write(db, "one", {(7, 1): 1})
    await expire(db, "one", ago=1)
    assert await presence.online(db, [7]) == {7: set()}


async def test_a_lease_from_a_clock_that_ran_ahead_counts_for_nothing(
    db: database.Database,
) -> None:
    await presence.beat(db, "dead")
    await presence.write(db, "dead", {(7, 1): 1})
    await expire(db, "dead", ago=-clock.DAY)
    assert await presence.online(db, [7]) == {7: set()}
    await presence.beat(db, "dead")
    assert await presence.online(db, [7]) == {7: {1}}


async def test_a_process_that_was_only_paused_finds_its_rows_again(db: database.Database) -> None:
    await presence.beat(db, "one")
    await presence.write(db, "one", {(7, 1): 1})
    await expire(db, "one", ago=1)
    await presence.sweep(db)
    assert await presence.beat(db, "one")
    assert await presence.online(db, [7]) == {7: {1}}


async def test_a_process_that_was_swept_is_told_so_and_writes_nothing(
    db: database.Database,
) -> None:
    await presence.beat(db, "one")
    await presence.write(db, "one", {(7, 1): 1})
    await expire(db, "one", ago=presence.LEASE + 1)
    await presence.sweep(db)
    assert await db.value("SELECT count(*) FROM presence") == 0
    assert not await presence.write(db, "one", {(7, 1): 1})
    assert not await presence.beat(db, "one")
    assert await presence.write(db, "one", {(7, 1): 1})
    assert await presence.online(db, [7]) == {7: {1}}


async def test_a_beat_makes_the_lease_last_by_the_databases_clock(db: database.Database) -> None:
    await presence.beat(db, "one")
    before = await db.now_ms()
    assert await presence.beat(db, "one")
    until = await db.value("SELECT expires_at FROM leases")
    assert before + presence.LEASE <= until <= await db.now_ms() + presence.LEASE


async def test_an_orderly_end_takes_everything_back_at_once(db: database.Database) -> None:
    for process in ("one", "two"):
        await presence.beat(db, process)
        await presence.write(db, process, {(7, 1): 1})
    await presence.release(db, "one")
    assert await presence.online(db, [7]) == {7: {1}}
    await presence.release(db, "two")
    assert await presence.online(db, [7]) == {7: set()}


async def test_asking_for_many_rooms_takes_no_more_than_two_queries(
    db: database.Database, cast: people.Cast, counting: Counting
) -> None:
    with counting() as queries:
        await presence.online(db, [cast.room.id, *range(100, 300)])
    assert len(queries) <= 2
