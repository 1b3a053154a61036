"""Reports: who may make them, who reads them, and who never learns of them."""

import asyncio

import pytest

from hubbub import database, errors
from hubbub.domain import (
    acts,
    inbox,
    memberships,
    messages,
    reports,
    revisions,
    roles,
    rooms,
    settings,
)
from hubbub.domain.messages import Draft
from tests import people
from tests.domain import conftest

pytestmark = pytest.mark.anyio

NOON = people.NOON


async def say(db: database.Database, cast: people.Cast, author: people.accounts.Person) -> int:
    return (await messages.post(db, cast.room, author, Draft("rude *words*"), now=NOON)).number


async def test_a_report_says_who_what_why_and_when(
    db: database.Database, cast: people.Cast
) -> None:
    await memberships.join(db, cast.room, cast.charlie)
    number = await say(db, cast, cast.charlie)
    assert await reports.report_message(db, cast.room, cast.bob, number, " rude ", now=NOON)
    assert await reports.report_person(db, cast.room, cast.bob, cast.charlie, now=NOON + 1)
    about_person, about_message = await reports.open(db, cast.room.id, cast.alice)
    assert (about_message.by_name, about_message.person.username) == ("Bob", "Charlie")
    assert (about_message.number, about_message.body) == (number, "rude *words*")
    assert (about_message.reason, about_message.at) == ("rude", NOON)
    assert (about_person.number, about_person.body) == (reports.PERSON, None)
    # As the message is now, and no event and no act tells anybody.
    await revisions.edit(
        db, cast.room, cast.charlie, number, Draft("kind words"), window=NOON, now=NOON + 2
    )
    assert (await reports.open(db, cast.room.id, cast.alice))[1].body == "kind words"
    await revisions.erase(db, cast.room, cast.charlie, number)
    assert (await reports.open(db, cast.room.id, cast.alice))[1].body is None
    assert await conftest.kinds(db, cast.room) == ["joined", "posted", "edited", "erased"]
    assert await acts.latest(db, cast.room.id) == []


async def test_the_same_report_twice_is_one_and_can_come_again_once_closed(
    db: database.Database, cast: people.Cast
) -> None:
    number = await say(db, cast, cast.bob)
    await memberships.join(db, cast.room, cast.charlie)

    async def report(reason: str) -> bool:
        return await reports.report_message(db, cast.room, cast.charlie, number, reason)

    tried = await asyncio.gather(*(report("first") for _ in range(5)))
    assert sorted(tried) == [False] * 4 + [True]
    assert not await report("second")
    (one,) = await reports.open(db, cast.room.id, cast.alice)
    assert one.reason == "first"
    assert await reports.is_open(db, cast.room.id, cast.charlie, cast.bob.id, number)
    await reports.close(db, cast.room, cast.alice, one.id)
    await reports.close(db, cast.room, cast.alice, one.id)
    assert await reports.open(db, cast.room.id, cast.alice) == []
    assert not await reports.is_open(db, cast.room.id, cast.charlie, cast.bob.id, number)
    assert await report("again")
    (again,) = await reports.open(db, cast.room.id, cast.alice)
    assert (again.id, again.reason) == (one.id, "again")


async def test_who_may_not_report_and_what_cannot_be(
    db: database.Database, cast: people.Cast
) -> None:
    number = await say(db, cast, cast.bob)
    with pytest.raises(errors.Forbidden, match="not a member"):
        await reports.report_message(db, cast.room, cast.charlie, number)
    with pytest.raises(errors.Forbidden, match="yourself"):
        await reports.report_message(db, cast.room, cast.bob, number)
    with pytest.raises(errors.NotFound):
        await reports.report_message(db, cast.room, cast.alice, number + 1)
    with pytest.raises(errors.NotFound):
        await reports.report_person(db, cast.room, cast.alice, cast.charlie)
    with pytest.raises(errors.Invalid):
        await reports.report_message(db, cast.room, cast.alice, number, "x" * 251)
    assert await reports.report_message(db, cast.room, cast.alice, number, "x" * 250)


async def test_a_reader_may_report(db: database.Database, cast: people.Cast) -> None:
    number = await say(db, cast, cast.alice)
    await roles.change(db, cast.room, cast.alice, cast.bob, "reader")
    assert await reports.report_message(db, cast.room, cast.bob, number)


async def test_whoever_is_reported_never_learns_of_it(
    db: database.Database, cast: people.Cast
) -> None:
    await memberships.join(db, cast.room, cast.charlie)
    await roles.change(db, cast.room, cast.alice, cast.bob, "moderator")
    before = await inbox.head(db)
    await reports.report_person(db, cast.room, cast.charlie, cast.bob)
    assert [person for _, person in await inbox.after(db, before)] == [cast.alice.id]
    (one,) = await reports.open(db, cast.room.id, cast.alice)
    assert await reports.open(db, cast.room.id, cast.bob) == []
    assert await inbox.counts(db, [cast.alice.id, cast.bob.id]) == {
        cast.alice.id: 1,
        cast.bob.id: 0,
    }
    assert [duty.reports for duty in await inbox.duties(db, cast.alice.id)] == [1]
    assert await inbox.duties(db, cast.bob.id) == []
    with pytest.raises(errors.NotFound):
        await reports.close(db, cast.room, cast.bob, one.id)
    assert await reports.open(db, cast.room.id, cast.alice) == [one]


async def test_only_those_who_look_after_the_room_close_a_report(
    db: database.Database, cast: people.Cast
) -> None:
    number = await say(db, cast, cast.alice)
    await memberships.join(db, cast.room, cast.charlie)
    await reports.report_person(db, cast.room, cast.charlie, cast.bob)
    (one,) = await reports.open(db, cast.room.id, cast.alice)
    for person in (cast.bob, cast.charlie):
        with pytest.raises(errors.Forbidden, match="look after"):
            await reports.close(db, cast.room, person, one.id)
    other = await rooms.create(db, cast.charlie, "Another room")
    with pytest.raises(errors.NotFound):
        await reports.close(db, other, cast.charlie, one.id)
    assert number == 1 and await reports.open(db, cast.room.id, cast.alice) == [one]


async def test_in_a_direct_room_nobody_but_the_site_reads_reports(
    db: database.Database, cast: people.Cast
) -> None:
    made = await rooms.create(db, cast.alice, "Alice and Charlie", "invited")
    await people.bring(db, made, cast.alice, cast.charlie)
    await db.run("UPDATE rooms SET direct_key = 'a pair' WHERE id = :id", {"id": made.id})
    await db.run("UPDATE memberships SET role = 'member' WHERE room_id = :id", {"id": made.id})
    room = await rooms.by_id(db, made.id)
    assert room is not None
    await messages.post(db, room, cast.alice, Draft("threats"))
    assert await reports.report_message(db, room, cast.charlie, 1)
    number = await db.value("SELECT id FROM reports")
    for person in (cast.alice, cast.charlie):
        with pytest.raises(errors.Forbidden):
            await reports.close(db, room, person, number)


async def test_reports_go_with_their_room(db: database.Database, cast: people.Cast) -> None:
    await reports.report_person(db, cast.room, cast.alice, cast.bob)
    await settings.delete(db, cast.room, cast.alice)
    assert await db.value("SELECT COUNT(*) FROM reports") == 0
