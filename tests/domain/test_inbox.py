"""What waits for people, how much it is, and the log by which others learn that it changed."""

import asyncio
import pathlib

import pytest

from hubbub import database, storage
from hubbub.domain import (
    accounts,
    inbox,
    invitations,
    memberships,
    retention,
    roles,
    rooms,
    settings,
)
from tests import people
from tests.domain.conftest import Counting

pytestmark = pytest.mark.anyio


async def knock(db: database.Database, cast: people.Cast, person: accounts.Person) -> None:
    link = await db.value(
        "INSERT INTO invitation_links (public_id, room_id, maker_id, role, created_at)"
        " VALUES (:public_id, :room_id, :maker_id, 'member', 1) RETURNING id",
        {
            "public_id": f"link{person.id}",
            "room_id": cast.room.id,
            "maker_id": cast.alice.id,
        },
    )
    await db.run(
        "INSERT INTO knocks (room_id, person_id, link_id, at)"
        " VALUES (:room_id, :person_id, :link_id, 1)",
        {"room_id": cast.room.id, "person_id": person.id, "link_id": link},
    )


async def hold(db: database.Database, cast: people.Cast) -> None:
    await db.run(
        "INSERT INTO held_messages (room_id, person_id, body, at)"
        " VALUES (:room_id, :person_id, 'hello', 1)",
        {"room_id": cast.room.id, "person_id": cast.bob.id},
    )


async def report(db: database.Database, cast: people.Cast, about: accounts.Person) -> None:
    await db.run(
        "INSERT INTO reports (room_id, by_id, person_id, number, at)"
        " VALUES (:room_id, :by_id, :person_id, 0, 1)",
        {"room_id": cast.room.id, "by_id": cast.charlie.id, "person_id": about.id},
    )


async def test_administrators_hear_nothing_of_reports_about_themselves(
    db: database.Database, cast: people.Cast
) -> None:
    await db.run("UPDATE people SET is_admin = 1 WHERE id <> :id", {"id": cast.charlie.id})
    await db.run("UPDATE rooms SET direct_key = 'x'")
    await db.run("UPDATE memberships SET role = 'member'")
    await report(db, cast, cast.bob)
    found = await inbox.counts(db, [cast.alice.id, cast.bob.id])
    assert found[cast.alice.id] == found[cast.bob.id] + 1
    assert await inbox.left_to_the_site(db, cast.alice.id) == 1
    assert await inbox.left_to_the_site(db, cast.bob.id) == 0


async def counted(db: database.Database, cast: people.Cast) -> tuple[int, int, int]:
    found = await inbox.counts(db, [cast.alice.id, cast.bob.id, cast.charlie.id])
    return found[cast.alice.id], found[cast.bob.id], found[cast.charlie.id]


# -- how much ----------------------------------------------------------------------------------


async def test_invitations_and_what_is_to_be_decided_are_counted(
    db: database.Database, cast: people.Cast
) -> None:
    assert await counted(db, cast) == (0, 0, 0)
    await invitations.invite(db, cast.room, cast.alice, "charlie")
    assert await counted(db, cast) == (0, 0, 1)
    for person in (cast.charlie, await people.person(db, "Dora")):
        await knock(db, cast, person)
    await hold(db, cast)
    await report(db, cast, cast.bob)
    assert await counted(db, cast) == (4, 0, 1)
    await roles.change(db, cast.room, cast.alice, cast.bob, "moderator")
    # Of a report about themselves, nobody learns.
    assert await counted(db, cast) == (4, 3, 1)


async def test_what_was_decided_is_counted_no_more(
    db: database.Database, cast: people.Cast
) -> None:
    await knock(db, cast, cast.charlie)
    await report(db, cast, cast.bob)
    await db.run("UPDATE knocks SET turned_away_at = 1")
    await db.run("UPDATE reports SET closed_at = 1")
    assert await counted(db, cast) == (0, 0, 0)
    assert await inbox.duties(db, cast.alice.id) == []


async def test_of_a_deleted_room_nothing_waits(db: database.Database, cast: people.Cast) -> None:
    await invitations.invite(db, cast.room, cast.alice, "charlie")
    await knock(db, cast, cast.charlie)
    await settings.delete(db, cast.room, cast.alice)
    assert await counted(db, cast) == (0, 0, 0)
    assert await inbox.duties(db, cast.alice.id) == []


async def test_guests_and_people_there_are_not_have_no_inbox(
    db: database.Database, cast: people.Cast
) -> None:
    values = {"id": cast.bob.id, "room_id": cast.room.id}
    await db.run("UPDATE people SET guest_of = :room_id WHERE id = :id", values)
    assert await inbox.counts(db, [cast.bob.id, cast.charlie.id, 999]) == {cast.charlie.id: 0}
    assert await inbox.counts(db, []) == {}
    assert await inbox.count(db, cast.bob.id) == 0


async def test_however_many_people_it_is_one_query(
    db: database.Database, cast: people.Cast, counting: Counting
) -> None:
    with counting() as asked:
        await counted(db, cast)
    assert len(asked) == 1


async def test_the_rooms_one_looks_after_say_what_waits_in_them(
    db: database.Database, cast: people.Cast
) -> None:
    quiet = await rooms.create(db, cast.alice, "Quiet")
    await knock(db, cast, cast.charlie)
    await hold(db, cast)
    await hold(db, cast)
    await report(db, cast, cast.bob)
    [duty] = await inbox.duties(db, cast.alice.id)
    assert (duty.public_id, duty.title) == (cast.room.public_id, "Design talk")
    assert (duty.knocks, duty.held, duty.reports) == (1, 2, 1)
    assert quiet.public_id != duty.public_id
    for person in (cast.bob, cast.charlie):
        assert await inbox.duties(db, person.id) == []


# -- the log -----------------------------------------------------------------------------------


async def test_changes_are_numbered_without_holes_in_the_order_in_which_they_become_visible(
    db: database.Database, cast: people.Cast
) -> None:
    start = await inbox.head(db)

    async def change(person_id: int, fails: bool) -> None:
        async with db.transaction() as conn:
            await inbox.changed(conn, [person_id, 1000 + person_id], now=1)
            if fails:
                raise LookupError

    results = await asyncio.gather(
        *(change(number, number % 3 == 0) for number in range(1, 31)), return_exceptions=True
    )
    assert sum(result is None for result in results) == 20
    log = await inbox.after(db, start)
    assert [seq for seq, _ in log] == list(range(start + 1, start + 41))
    assert await inbox.head(db) == start + 40
    assert await inbox.after(db, start + 39) == log[39:]
    assert await inbox.after(db, start, limit=3) == log[:3]
    assert {person % 1000 for _, person in log} == {n for n in range(1, 31) if n % 3}


async def test_telling_many_people_takes_few_statements(
    db: database.Database, counting: Counting
) -> None:
    start, many = await inbox.head(db), range(1, 2_501)
    with counting() as asked:
        async with db.transaction() as conn:
            await inbox.changed(conn, many, now=1)
            await inbox.changed(conn, [], now=1)
    assert len(asked) == 6
    log = await inbox.after(db, start, limit=3_000)
    assert log == [(start + place, person) for place, person in enumerate(many, 1)]


async def test_only_those_who_look_after_a_room_are_told_of_what_waits_there(
    db: database.Database, cast: people.Cast
) -> None:
    start = await inbox.head(db)
    async with db.transaction() as conn:
        await inbox.changed_for_moderators(conn, cast.room.id, now=1)
    assert [person for _, person in await inbox.after(db, start)] == [cast.alice.id]


async def test_whoever_comes_in_by_another_way_has_no_invitation_any_more(
    db: database.Database, cast: people.Cast
) -> None:
    await invitations.invite(db, cast.room, cast.alice, "charlie")
    await knock(db, cast, cast.charlie)
    start = await inbox.head(db)
    await memberships.join(db, cast.room, cast.charlie)
    assert await counted(db, cast) == (0, 0, 0)
    told = {person for _, person in await inbox.after(db, start)}
    assert told == {cast.alice.id, cast.charlie.id}


async def test_who_is_given_or_loses_a_role_has_more_or_less_to_decide(
    db: database.Database, cast: people.Cast
) -> None:
    await knock(db, cast, cast.charlie)
    start = await inbox.head(db)
    await roles.change(db, cast.room, cast.alice, cast.bob, "moderator")
    assert await counted(db, cast) == (1, 1, 0)
    await roles.hand_over(db, cast.room, cast.alice, "bob")
    assert await counted(db, cast) == (0, 1, 0)
    told = [person for _, person in await inbox.after(db, start)]
    assert told == [cast.bob.id, cast.alice.id, cast.bob.id]


async def test_who_is_asked_hears_when_the_room_is_archived_or_gone(
    db: database.Database, cast: people.Cast
) -> None:
    await invitations.invite(db, cast.room, cast.alice, "charlie")
    for change, left in (
        (settings.archive, 0),
        (settings.unarchive, 1),
        (settings.delete, 0),
    ):
        start = await inbox.head(db)
        await change(db, cast.room, cast.alice)
        told = {person for _, person in await inbox.after(db, start)}
        assert told == {cast.alice.id, cast.charlie.id}
        assert await inbox.count(db, cast.charlie.id) == left


async def test_old_changes_are_forgotten_and_the_numbers_go_on(
    db: database.Database, cast: people.Cast, tmp_path: pathlib.Path
) -> None:
    async with db.transaction() as conn:
        await inbox.changed(conn, [9001], now=people.NOON - inbox.RETENTION - 1)
        await inbox.changed(conn, [9002], now=people.NOON - inbox.RETENTION)
    head = await inbox.head(db)
    await retention.enforce(db, storage.Store(tmp_path), now=people.NOON)
    left = {person for _, person in await inbox.after(db, 0)}
    assert left & {9001, 9002} == {9002}
    assert await inbox.head(db) == head
