"""Unread: what lies beyond a pointer, and pointers that are moved forward many at a time."""

import pytest

from hubbub import database
from hubbub.domain import accounts, memberships, messages, rooms, settings, unread
from hubbub.domain.unread import Call, Head, Move
from tests import people
from tests.domain.conftest import Counting

pytestmark = pytest.mark.anyio


async def say(
    db: database.Database, room: rooms.Room, author: accounts.Person, *texts: str
) -> None:
    for text in texts:
        await messages.post(db, room, author, messages.Draft(text, sure=True))


async def standing(
    db: database.Database, person: accounts.Person, room: rooms.Room
) -> unread.Standing:
    found = (await unread.of(db, [person.id]))[person.id]
    return next(one for one in found if one.room_id == room.id)


async def pointer(db: database.Database, person: accounts.Person, room: rooms.Room) -> int:
    return (await standing(db, person, room)).read_number


async def test_what_was_said_after_one_came_is_unread(
    db: database.Database, cast: people.Cast
) -> None:
    await say(db, cast.room, cast.alice, "one", "two")
    his = await standing(db, cast.bob, cast.room)
    assert his.is_unread
    assert (his.last_number, his.read_number, his.mentions) == (2, 0, 0)
    await memberships.join(db, cast.room, cast.charlie)
    assert not (await standing(db, cast.charlie, cast.room)).is_unread


async def test_the_first_unread_message_is_found(db: database.Database, cast: people.Cast) -> None:
    assert await unread.first(db, await standing(db, cast.bob, cast.room)) is None
    await say(db, cast.room, cast.alice, "one", "two", "three")
    await unread.advance(db, {(cast.room.id, cast.bob.id): 1})
    first = await unread.first(db, await standing(db, cast.bob, cast.room))
    assert first is not None and first.number == 2 and first.posted_at > 0


async def test_a_pointer_only_goes_forward(db: database.Database, cast: people.Cast) -> None:
    await say(db, cast.room, cast.alice, "one", "two", "three")
    place = (cast.room.id, cast.bob.id)
    for seen, stands in ((2, 2), (1, 2), (3, 3), (0, 3)):
        await unread.advance(db, {place: seen})
        assert await pointer(db, cast.bob, cast.room) == stands


@pytest.mark.parametrize("number", [4, 2**53])
async def test_a_pointer_never_goes_beyond_the_newest_message(
    db: database.Database, cast: people.Cast, number: int
) -> None:
    await say(db, cast.room, cast.alice, "one", "two", "three")
    await unread.advance(db, {(cast.room.id, cast.bob.id): number})
    assert await pointer(db, cast.bob, cast.room) == 0


async def test_moving_a_pointer_makes_nobody_a_member(
    db: database.Database, cast: people.Cast
) -> None:
    await say(db, cast.room, cast.alice, "one")
    await unread.advance(db, {(cast.room.id, cast.charlie.id): 1, (10**9, cast.bob.id): 1})
    assert await memberships.find(db, cast.room.id, cast.charlie.id) is None


async def test_many_pointers_are_moved_by_few_statements(
    db: database.Database, cast: people.Cast, counting: Counting
) -> None:
    await say(db, cast.room, cast.alice, "one")
    strangers = {(cast.room.id, number): 1 for number in range(10**6, 10**6 + 399)}
    with counting() as queries:
        await unread.advance(db, {(cast.room.id, cast.bob.id): 1, **strangers})
        await unread.advance(db, {})
    assert len(queries) == 2
    assert await pointer(db, cast.bob, cast.room) == 1
    assert await pointer(db, cast.alice, cast.room) == 0


async def test_everything_beyond_a_message_is_unread_again(
    db: database.Database, cast: people.Cast
) -> None:
    await say(db, cast.room, cast.alice, "one", "@bob two", "@bob three")
    await unread.advance(db, {(cast.room.id, cast.bob.id): 3})
    assert (await standing(db, cast.bob, cast.room)).mentions == 0
    await unread.rewind(db, cast.room.id, cast.bob.id, 1)
    his = await standing(db, cast.bob, cast.room)
    assert (his.read_number, his.called) == (1, {2, 3})
    assert await pointer(db, cast.alice, cast.room) == 0
    await unread.rewind(db, cast.room.id, cast.bob.id, 0)
    assert await pointer(db, cast.bob, cast.room) == 0


async def test_mentions_are_counted_once_a_message_and_not_ones_own(
    db: database.Database, cast: people.Cast
) -> None:
    await say(db, cast.room, cast.alice, "nobody", "@bob", "@room and @bob", "@room")
    his, hers = [await standing(db, who, cast.room) for who in (cast.bob, cast.alice)]
    assert his.called == {2, 3, 4}
    assert hers.called == set()
    await unread.advance(db, {(cast.room.id, cast.bob.id): 2})
    assert (await standing(db, cast.bob, cast.room)).called == {3, 4}


async def test_a_pointer_is_moved_on_what_was_read_before(
    db: database.Database, cast: people.Cast
) -> None:
    await say(db, cast.room, cast.alice, "@bob one", "two", "@bob three")
    his = await standing(db, cast.bob, cast.room)
    assert his.read_to(0) == his
    assert (his.read_to(1).read_number, his.read_to(1).called) == (1, {3})
    assert not his.read_to(3).is_unread
    assert his.read_to(99) == his, "what is not there is not seen"


async def test_no_more_mentions_are_read_than_are_told_apart(
    db: database.Database, cast: people.Cast
) -> None:
    await say(db, cast.room, cast.alice, *(f"@bob {number}" for number in range(110)))
    his = await standing(db, cast.bob, cast.room)
    assert his.called == set(range(11, 111))


async def test_all_rooms_of_many_people_are_read_in_one_query(
    db: database.Database, cast: people.Cast, counting: Counting
) -> None:
    other = await rooms.create(db, cast.charlie, "Elsewhere", "link")
    gone = await rooms.create(db, cast.charlie, "Gone", "link")
    await settings.delete(db, gone, cast.charlie)
    await say(db, other, cast.charlie, "one")
    with counting() as queries:
        found = await unread.of(db, [cast.charlie.id, cast.bob.id, cast.bob.id, 10**9])
    assert len(queries) == 1
    assert {who: [one.room_id for one in all_] for who, all_ in found.items()} == {
        cast.bob.id: [cast.room.id],
        cast.charlie.id: [other.id],
        10**9: [],
    }
    assert await unread.of(db, []) == {}


async def test_heads_tell_how_far_rooms_have_come(db: database.Database, cast: people.Cast) -> None:
    await say(db, cast.room, cast.alice, "one", "two")
    fresh = await rooms.by_id(db, cast.room.id)
    assert fresh is not None
    assert await unread.heads(db, [fresh.id, 10**9]) == {fresh.id: Head(fresh.seq, 2)}
    await settings.delete(db, fresh, cast.alice)
    assert await unread.heads(db, [fresh.id]) == {}


async def test_new_mentions_are_those_beyond_what_is_known(
    db: database.Database, cast: people.Cast, counting: Counting
) -> None:
    room, alice, bob = cast.room, cast.alice, cast.bob
    await say(db, room, alice, "@bob one", "@room two", "@bob three")
    with counting() as queries:
        found = await unread.called(db, {room.id: 1, 10**9: 0})
    assert len(queries) == 1
    assert sorted(found, key=lambda call: call.number) == [
        Call(room.id, 2, 0, alice.id),
        Call(room.id, 3, bob.id, alice.id),
    ]
    assert await unread.called(db, {}) == []


async def test_who_came_and_went_is_told_in_order(db: database.Database, cast: people.Cast) -> None:
    room, charlie = cast.room, cast.charlie
    await memberships.join(db, room, charlie)
    await say(db, room, charlie, "hello")
    await memberships.leave(db, room, charlie)
    await memberships.join(db, room, charlie)
    expected = [Move(room.id, charlie.id, is_coming) for is_coming in (True, False, True)]
    assert await unread.moves(db, {room.id: room.seq}) == expected
    assert await unread.moves(db, {room.id: room.seq + 1}) == expected[1:]


def test_nothing_is_read_by_a_number_that_is_not_there() -> None:
    standing = unread.Standing(1, "a" * 10, 9, 4, 1, frozenset({2, 4}))
    assert standing.read_to(3) == unread.Standing(1, "a" * 10, 9, 4, 3, frozenset({4}))
    for number in (-1, 1, 5, 99):
        assert standing.read_to(number) is standing
