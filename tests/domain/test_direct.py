"""Direct rooms: one for every few people, and for nobody else."""

import asyncio

import pytest
import sqlalchemy

from hubbub import database, errors, tables
from hubbub.domain import (
    accounts,
    blocks,
    direct,
    events,
    inbox,
    memberships,
    messages,
    permissions,
    profiles,
    rooms,
    settings,
    unread,
)
from hubbub.domain.permissions import Act
from tests import people
from tests.domain.conftest import Counting

pytestmark = pytest.mark.anyio


async def said(
    db: database.Database, room: rooms.Room, by: accounts.Person, *bodies: str
) -> messages.Posted:
    for body in bodies:
        posted = await messages.post(db, room, by, messages.Draft(body))
    return posted


async def calls(db: database.Database, person: accounts.Person, room: rooms.Room) -> int:
    """How many messages the room counts for somebody."""
    [standing] = [
        one for one in (await unread.of(db, [person.id]))[person.id] if one.room_id == room.id
    ]
    return standing.mentions


# -- opening -----------------------------------------------------------------------------------


async def test_two_people_get_a_private_room_that_nobody_owns(
    db: database.Database, cast: people.Cast
) -> None:
    room = await direct.open(db, cast.alice, [" BOB "])
    assert (room.access, room.handle, room.title) == ("invited", None, "Alice, Bob")
    assert room.members == 2
    members = await memberships.people(db, room.id)
    assert {(one.person.name, one.role) for one in members} == {
        ("Alice", "member"),
        ("Bob", "member"),
    }
    log = await events.after(db, room.id, 0)
    assert [(event.kind, event.person_id) for event in log] == [
        ("created", cast.alice.id),
        ("added", cast.bob.id),
    ]
    assert room.seq == 2
    for person in (cast.charlie, await people.person(db, "root", is_admin=True)):
        with pytest.raises(errors.NotFound):
            await rooms.open(db, room.public_id, person)


async def test_the_same_people_have_the_same_room_whoever_opens_it(
    db: database.Database, cast: people.Cast
) -> None:
    assert await direct.find(db, cast.bob, ["alice"]) is None
    room = await direct.open(db, cast.alice, ["bob"])
    assert await direct.open(db, cast.bob, ["alice", "ALICE", "bob"]) == room
    assert await direct.find(db, cast.bob, ["alice"]) == room
    await memberships.join(db, cast.room, cast.charlie)
    three = await direct.open(db, cast.charlie, ["bob", "alice"])
    assert three.id != room.id
    assert three.title == "Alice, Bob, Charlie"
    assert await direct.open(db, cast.bob, ["alice", "charlie"]) == three


async def test_opening_the_same_many_times_at_once_makes_one_room(
    db: database.Database, cast: people.Cast
) -> None:
    opened = await asyncio.gather(
        *(direct.open(db, cast.alice, ["bob"]) for _ in range(10)),
        *(direct.open(db, cast.bob, ["alice"]) for _ in range(10)),
    )
    assert len({room.id for room in opened}) == 1
    assert await db.value("SELECT COUNT(*) FROM rooms WHERE direct_key IS NOT NULL") == 1
    assert await memberships.ids(db, opened[0].id) == {cast.alice.id, cast.bob.id}
    assert len(await events.after(db, opened[0].id, 0)) == 2


async def test_everyone_in_it_hears_of_it(db: database.Database, cast: people.Cast) -> None:
    before = await inbox.head(db)
    room = await direct.open(db, cast.alice, ["bob"], now=people.NOON)
    told = {person_id for _, person_id in await inbox.after(db, before)}
    assert told == {cast.alice.id, cast.bob.id}
    found = await memberships.lately(db, [cast.bob.id, cast.charlie.id], people.NOON - 1)
    assert room in found[cast.bob.id]
    assert cast.charlie.id not in found
    assert room not in (await memberships.lately(db, [cast.bob.id], people.NOON)).get(
        cast.bob.id, []
    ), "not newer than itself"


# -- with whom ---------------------------------------------------------------------------------


async def test_only_with_people_one_shares_a_room_with(
    db: database.Database, cast: people.Cast
) -> None:
    """Of others it is not even told whether they are there."""
    refusals = set()
    for name in ("charlie", "nobody-x", "", "a b", "\0", "x" * 100_000):
        for attempt in (direct.open, direct.find):
            with pytest.raises(errors.Invalid) as refused:
                await attempt(db, cast.alice, ["bob", name])
            assert refused.value.field == "usernames"
            if name in {"charlie", "nobody-x"}:
                refusals.add(refused.value.message.replace(name, "?"))
    assert len(refusals) == 1
    await memberships.join(db, cast.room, cast.charlie)
    assert await direct.open(db, cast.alice, ["charlie"])


async def test_a_room_that_was_deleted_is_shared_no_more(
    db: database.Database, cast: people.Cast
) -> None:
    await settings.delete(db, cast.room, cast.alice)
    with pytest.raises(errors.Invalid):
        await direct.open(db, cast.alice, ["bob"])


async def test_not_with_oneself_alone_nor_with_too_many(
    db: database.Database, cast: people.Cast
) -> None:
    names = [f"person{number}" for number in range(direct.MOST)]
    for name in names:
        await people.bring(db, cast.room, cast.alice, await people.person(db, name))
    for wrong in ([], ["alice"], [" Alice "], names):
        with pytest.raises(errors.Invalid):
            await direct.open(db, cast.alice, wrong)
    room = await direct.open(db, cast.alice, names[1:])
    assert room.members == direct.MOST
    assert len(room.title) <= rooms.TITLE_LENGTH


async def test_guests_and_those_whose_account_is_closed_are_not_written_to(
    db: database.Database, cast: people.Cast
) -> None:
    bob = sqlalchemy.update(tables.people).where(tables.people.c.id == cast.bob.id)
    for column, value, refusal in (
        ("guest_of", cast.room.id, errors.Forbidden),
        ("disabled_at", 1, errors.Forbidden),
        ("deleted_at", 1, errors.Invalid),  # There is nobody of this name any more.
    ):
        await db.run(bob.values({column: value}))
        with pytest.raises(refusal):
            await direct.open(db, cast.alice, ["bob"])
        await db.run(bob.values({column: None}))
    assert await direct.open(db, cast.alice, ["bob"])


@pytest.mark.parametrize("blocker", ["alice", "bob"])
async def test_not_when_one_of_two_does_not_want_to_hear_the_other(
    db: database.Database, cast: people.Cast, blocker: str
) -> None:
    pair = [cast.alice, cast.bob] if blocker == "alice" else [cast.bob, cast.alice]
    await blocks.block(db, *pair)
    for by, name in ((cast.alice, "bob"), (cast.bob, "alice")):
        with pytest.raises(errors.Forbidden, match="You cannot write to this person"):
            await direct.open(db, by, [name])
    await memberships.join(db, cast.room, cast.charlie)
    with pytest.raises(errors.Forbidden, match="together"):
        await direct.open(db, pair[1], [pair[0].username, "charlie"])
    assert await db.value("SELECT COUNT(*) FROM rooms WHERE direct_key IS NOT NULL") == 0
    # A third one would learn from a refusal who blocks whom.
    assert await direct.open(db, cast.charlie, ["alice", "bob"])
    await blocks.unblock(db, *pair)
    assert await direct.open(db, cast.alice, ["bob"])


async def test_a_room_that_is_there_stays_whatever_came_between_its_people(
    db: database.Database, cast: people.Cast
) -> None:
    room = await direct.open(db, cast.alice, ["bob"])
    await blocks.block(db, cast.alice, cast.bob)
    assert await direct.open(db, cast.bob, ["alice"]) == room
    with pytest.raises(errors.Forbidden):
        await said(db, room, cast.bob, "do you hear me?")


# -- what can be done there --------------------------------------------------------------------


async def test_nobody_comes_goes_or_changes_it(db: database.Database, cast: people.Cast) -> None:
    room = await direct.open(db, cast.alice, ["bob"])
    for act in Act:
        if act in permissions.CLOSED_WHEN_DIRECT or act not in {
            Act.SEE, Act.POST, Act.ATTACH, Act.TYPE, Act.EDIT, Act.REACT, Act.ERASE, Act.REPORT,
            Act.LOG,
        }:  # fmt: skip
            assert not permissions.can(permissions.Standing.MEMBER, act, room), act
    with pytest.raises(errors.Forbidden):
        await memberships.leave(db, room, cast.alice)
    with pytest.raises(errors.Forbidden):
        await memberships.remove(db, room, cast.alice, cast.bob)
    with pytest.raises(errors.Forbidden):
        await settings.rename(db, room, cast.alice, "Ours")
    assert await memberships.ids(db, room.id) == {cast.alice.id, cast.bob.id}


async def test_an_open_conversation_is_a_room_two_share(
    db: database.Database, cast: people.Cast
) -> None:
    """Who met in a room and talk now still know each other when the room is gone."""
    room = await direct.open(db, cast.alice, ["bob"])
    await settings.delete(db, cast.room, cast.alice)
    assert [one.id for one in (await profiles.profile(db, cast.bob, "alice")).rooms] == [room.id]
    assert await direct.open(db, cast.bob, ["alice"]) == room


async def test_of_a_deleted_one_the_same_people_can_make_another(
    db: database.Database, cast: people.Cast
) -> None:
    room = await direct.open(db, cast.alice, ["bob"])
    await db.run("UPDATE rooms SET deleted_at = 1 WHERE id = :id", {"id": room.id})
    another = await direct.open(db, cast.alice, ["bob"])
    assert another.id != room.id
    assert await direct.open(db, cast.bob, ["alice"]) == another


# -- what is unread ----------------------------------------------------------------------------


async def test_every_message_counts_for_all_but_its_author(
    db: database.Database, cast: people.Cast
) -> None:
    await memberships.join(db, cast.room, cast.charlie)
    room = await direct.open(db, cast.alice, ["bob", "charlie"])
    await said(db, room, cast.alice, "one", "two, @bob", "three")
    assert [await calls(db, person, room) for person in (cast.alice, cast.bob, cast.charlie)] == [
        0,
        3,
        3,
    ]
    await unread.advance(db, {(room.id, cast.bob.id): 2})
    assert await calls(db, cast.bob, room) == 1


async def test_only_who_is_named_is_shown_as_called(
    db: database.Database, cast: people.Cast
) -> None:
    room = await direct.open(db, cast.alice, ["bob"])
    assert (await said(db, room, cast.alice, "hello")).message.mentions == ""
    assert (await said(db, room, cast.alice, "hello @bob")).message.mentions == "bob"


async def test_who_blocked_the_author_is_not_counted_for(
    db: database.Database, cast: people.Cast
) -> None:
    await memberships.join(db, cast.room, cast.charlie)
    room = await direct.open(db, cast.alice, ["bob", "charlie"])
    await blocks.block(db, cast.bob, cast.alice)
    await said(db, room, cast.alice, "one", "@bob two")
    assert (await calls(db, cast.bob, room), await calls(db, cast.charlie, room)) == (0, 2)


async def test_other_rooms_pay_nothing_for_it(
    db: database.Database, cast: people.Cast, counting: Counting
) -> None:
    with counting() as asked:
        await said(db, cast.room, cast.alice, "hello")
    assert not [query for query in asked if "mentions (" in query or "blocks" in query]
    assert await calls(db, cast.bob, cast.room) == 0


# -- by name -----------------------------------------------------------------------------------


async def test_each_sees_it_by_the_names_the_others_have_now(
    db: database.Database, cast: people.Cast, counting: Counting
) -> None:
    room = await direct.open(db, cast.alice, ["bob"])
    await profiles.rename(db, cast.bob, "Robert")
    for person, title in ((cast.alice, "Robert"), (cast.bob, "Alice")):
        with counting() as asked:
            found = await direct.named(db, [cast.room, room], person.id)
        assert [one.title for one in found] == ["Design talk", title]
        assert len(asked) == 1
    with counting() as asked:
        assert await direct.named(db, [cast.room], cast.alice.id) == [cast.room]
    assert asked == []
