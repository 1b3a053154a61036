"""How the site is: numbers, who is here, and what it takes."""

from __future__ import annotations

import pathlib

import pytest

from hubbub import database
from hubbub.domain import clock, drafts, messages, presence, reports, rooms
from hubbub.domain.administration import overview
from tests import people
from tests.domain import conftest

pytestmark = pytest.mark.anyio


async def test_the_numbers_count_what_there_is(db: database.Database, cast: people.Cast) -> None:
    root, now = await people.person(db, "Root", is_admin=True), clock.now()
    for at in (now - 2 * clock.DAY, now - 2 * clock.HOUR, now - clock.MINUTE):
        await messages.post(db, cast.room, cast.bob, drafts.Draft("Hello"), now=at)
    gone = await rooms.create(db, cast.alice, "Gone")
    await db.run("UPDATE rooms SET deleted_at = 1 WHERE id = :id", {"id": gone.id})
    await reports.report_message(db, cast.room, cast.alice, 1, "Look")
    found = await overview.numbers(db, root, now=now)
    assert (found.people, found.guests, found.rooms) == (4, 0, 1)
    assert (found.said_in_hour, found.said_in_day, found.open_reports) == (1, 2, 1)
    assert found.database_size > 10_000


async def test_what_is_reported_about_oneself_is_not_counted(
    db: database.Database, cast: people.Cast
) -> None:
    await messages.post(db, cast.room, cast.bob, drafts.Draft("Hello"))
    await reports.report_message(db, cast.room, cast.alice, 1, "Look")
    assert (await overview.numbers(db, cast.alice)).open_reports == 1
    assert (await overview.numbers(db, cast.bob)).open_reports == 0


async def test_the_numbers_cost_two_queries_however_much_there_is(
    db: database.Database, cast: people.Cast, counting: conftest.Counting
) -> None:
    for _ in range(2):
        with counting() as queries:
            await overview.numbers(db, cast.alice)
        assert len(queries) == 2
        await messages.post(db, cast.room, cast.bob, drafts.Draft("Hello"))


async def test_people_online_are_counted_once_across_rooms_and_processes(
    db: database.Database, cast: people.Cast
) -> None:
    for process in ("one", "two"):
        await presence.beat(db, process)
        places = {(1, cast.alice.id): 1, (2, cast.alice.id): 2, (1, cast.bob.id): 1}
        await presence.write(db, process, places)
    assert await overview.online(db, set()) == 2
    assert await overview.online(db, {cast.bob.id, cast.charlie.id}) == 3


async def test_a_process_that_died_counts_for_nobody(
    db: database.Database, cast: people.Cast
) -> None:
    await presence.beat(db, "dead")
    await presence.write(db, "dead", {(1, cast.alice.id): 1})
    await db.run("UPDATE leases SET expires_at = 1")
    assert await overview.online(db, set()) == 0


async def test_the_data_folder_is_measured(tmp_path: pathlib.Path) -> None:
    (tmp_path / "files" / "ab").mkdir(parents=True)
    (tmp_path / "files" / "ab" / "one").write_bytes(b"x" * 1000)
    (tmp_path / "two").write_bytes(b"x" * 500)
    found = await overview.disk(tmp_path)
    assert found.used == 1500
    assert found.free > 0
