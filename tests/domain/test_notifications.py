"""Notifications: who is due to hear of a message, and who is not."""

import pytest

from hubbub import database, errors
from hubbub.domain import (
    accounts,
    blocks,
    direct,
    memberships,
    messages,
    notifications,
    profiles,
    revisions,
    rooms,
    sessions,
    subscriptions,
    unread,
)
from tests import people
from tests.domain.conftest import Counting

pytestmark = pytest.mark.anyio


async def say(
    db: database.Database, room: rooms.Room, author: accounts.Person, text: str = "hello"
) -> int:
    return (await messages.post(db, room, author, messages.Draft(text, sure=True))).number


async def due(db: database.Database, room: rooms.Room, *people: accounts.Person) -> set[str]:
    """Who of these is due to hear of something in the room."""
    names = {person.id: person.username for person in people}
    return {names[one.person_id] for one in await notifications.due(db, {room.id: 0}, list(names))}


async def put_in(db: database.Database, cast: people.Cast) -> None:
    await memberships.join(db, cast.room, cast.charlie)


@pytest.mark.parametrize(
    ("level", "text", "hears"),
    [
        ("", "hello", False),
        ("", "hello @bob", True),
        ("", "hello @room", True),
        ("", "hello @charlie", False),
        ("all", "hello", True),
        ("mentions", "hello", False),
        ("mentions", "hello @bob", True),
        ("nothing", "hello @bob", False),
        ("nothing", "hello", False),
    ],
)
async def test_one_hears_of_as_much_of_a_room_as_one_chose(
    db: database.Database, cast: people.Cast, level: str, text: str, hears: bool
) -> None:
    await put_in(db, cast)
    await notifications.choose(db, cast.room, cast.bob, level)
    await say(db, cast.room, cast.alice, text)
    found = await due(db, cast.room, cast.alice, cast.bob)
    assert found == ({"Bob"} if hears else set())


async def test_there_are_no_other_levels_and_only_the_own_one_is_changed(
    db: database.Database, cast: people.Cast
) -> None:
    await put_in(db, cast)
    with pytest.raises(errors.Invalid):
        await notifications.choose(db, cast.room, cast.bob, "loud")
    await notifications.choose(db, cast.room, cast.bob, "all")
    for person, level in ((cast.bob, "all"), (cast.charlie, ""), (cast.alice, "")):
        member = await memberships.find(db, cast.room.id, person.id)
        assert member is not None and member.notify == level


async def test_in_a_direct_room_one_hears_of_everything_unless_one_chose_less(
    db: database.Database, cast: people.Cast
) -> None:
    room = await direct.open(db, cast.alice, ["Bob"])
    await say(db, room, cast.alice)
    assert await due(db, room, cast.alice, cast.bob) == {"Bob"}
    await notifications.choose(db, room, cast.bob, "nothing")
    assert await due(db, room, cast.alice, cast.bob) == set()


async def test_who_wrote_it_read_it_or_is_not_here_is_not_due(
    db: database.Database, cast: people.Cast
) -> None:
    await put_in(db, cast)
    for person in (cast.alice, cast.bob, cast.charlie):
        await notifications.choose(db, cast.room, person, "all")
    number = await say(db, cast.room, cast.alice)
    everyone = (cast.alice, cast.bob, cast.charlie)
    assert await due(db, cast.room, *everyone) == {"Bob", "Charlie"}
    await unread.advance(db, {(cast.room.id, cast.bob.id): number})
    assert await due(db, cast.room, *everyone) == {"Charlie"}
    await memberships.leave(db, cast.room, cast.charlie)
    assert await due(db, cast.room, *everyone) == set()


async def test_whom_one_does_not_want_to_hear_one_is_not_told_of(
    db: database.Database, cast: people.Cast
) -> None:
    await notifications.choose(db, cast.room, cast.bob, "all")
    await say(db, cast.room, cast.alice)
    assert await due(db, cast.room, cast.bob) == {"Bob"}
    await blocks.block(db, cast.bob, cast.alice)
    assert await due(db, cast.room, cast.bob) == set()


async def test_of_what_was_taken_back_nobody_hears(
    db: database.Database, cast: people.Cast
) -> None:
    await notifications.choose(db, cast.room, cast.bob, "all")
    number = await say(db, cast.room, cast.alice)
    assert await due(db, cast.room, cast.bob) == {"Bob"}
    await revisions.erase(db, cast.room, cast.alice, number)
    assert await due(db, cast.room, cast.bob) == set()


async def test_of_several_messages_the_newest_is_told_in_two_queries(
    db: database.Database, cast: people.Cast, counting: Counting
) -> None:
    await notifications.choose(db, cast.room, cast.bob, "all")
    await profiles.prefer(db, cast.bob, {notifications.PRIVATE: True})
    for text in ("one", "two", "three"):
        await say(db, cast.room, cast.alice, text)
    with counting() as queries:
        (found,) = await notifications.due(db, {cast.room.id: 1}, [cast.bob.id])
    assert len(queries) == 2
    notice = found.notice
    assert (notice.number, notice.body, notice.author_name) == (3, "three", "Alice")
    assert (notice.room_title, notice.is_direct, found.is_private) == ("Design talk", False, True)
    assert await notifications.due(db, {cast.room.id: 3}, [cast.bob.id]) == []


# -- browsers ------------------------------------------------------------------------------------


async def browser(db: database.Database, person: accounts.Person, place: str) -> int:
    _, session = await sessions.start(db, person)
    given = {"endpoint": place, "p256dh": "p", "auth": "a", "server_key": "k"}
    await subscriptions.subscribe(db, person, session.id, given)
    return session.id


async def told(db: database.Database, room: rooms.Room) -> list[str]:
    return sorted(push.endpoint for push in await notifications.pushes(db, room.id, 1, 1_000))


async def test_each_browser_of_who_is_due_is_told_and_no_other(
    db: database.Database, cast: people.Cast
) -> None:
    await put_in(db, cast)
    for person, place in (
        (cast.alice, "a"),
        (cast.bob, "b1"),
        (cast.bob, "b2"),
        (cast.charlie, "c"),
    ):
        await browser(db, person, place)
    await notifications.choose(db, cast.room, cast.bob, "all")
    await say(db, cast.room, cast.alice)
    assert await told(db, cast.room) == ["b1", "b2"]
    (push, _) = await notifications.pushes(db, cast.room.id, 1, 1)
    assert (push.p256dh, push.auth, push.server_key) == ("p", "a", "k")
    assert await notifications.pushes(db, cast.room.id, 2, 9) == []
    await subscriptions.forget(db, [push.subscription_id])
    assert len(await told(db, cast.room)) == 1


async def test_who_signs_out_in_a_browser_is_told_nothing_there(
    db: database.Database, cast: people.Cast
) -> None:
    first, _ = await browser(db, cast.bob, "b1"), await browser(db, cast.bob, "b2")
    await sessions.end(db, first)
    assert await subscriptions.endpoints(db, cast.bob) == ["b2"]
    await sessions.end_all(db, cast.bob.id)
    assert await subscriptions.endpoints(db, cast.bob) == []


async def test_a_browser_is_whose_it_is_now_and_only_they_can_stop_it(
    db: database.Database, cast: people.Cast
) -> None:
    await browser(db, cast.bob, "shared")
    await browser(db, cast.alice, "shared")
    assert await subscriptions.endpoints(db, cast.bob) == []
    await subscriptions.unsubscribe(db, cast.bob, "shared")
    await subscriptions.unsubscribe(db, cast.alice, "\0")
    assert await subscriptions.endpoints(db, cast.alice) == ["shared"]
    await subscriptions.unsubscribe(db, cast.alice, "shared")
    assert await subscriptions.endpoints(db, cast.alice) == []


async def test_a_session_that_is_over_or_somebody_elses_subscribes_nothing(
    db: database.Database, cast: people.Cast
) -> None:
    _, session = await sessions.start(db, cast.bob)
    given = {"endpoint": "x", "p256dh": "p", "auth": "a", "server_key": "k"}
    await subscriptions.subscribe(db, cast.alice, session.id, given)
    assert await subscriptions.endpoints(db, cast.alice) == []
    await sessions.end(db, session.id)
    await subscriptions.subscribe(db, cast.bob, session.id, given)
    assert await subscriptions.endpoints(db, cast.bob) == []


async def test_of_more_than_ten_browsers_the_oldest_give_way(
    db: database.Database, cast: people.Cast
) -> None:
    await browser(db, cast.alice, "other")
    for place in range(12):
        await browser(db, cast.bob, f"b{place}")
    assert await subscriptions.endpoints(db, cast.bob) == [f"b{n}" for n in range(2, 12)]
    assert await subscriptions.endpoints(db, cast.alice) == ["other"]


async def test_a_room_one_wants_to_hear_nothing_of_is_shown_only_for_a_call(
    db: database.Database, cast: people.Cast
) -> None:
    await notifications.choose(db, cast.room, cast.bob, "nothing")
    await say(db, cast.room, cast.alice)
    (stands,) = (await unread.of(db, [cast.bob.id]))[cast.bob.id]
    assert stands.quiet and stands.is_unread and not stands.is_shown
    await say(db, cast.room, cast.alice, "hello @bob")
    (stands,) = (await unread.of(db, [cast.bob.id]))[cast.bob.id]
    assert stands.is_shown and stands.mentions == 1
    assert stands.read_to(1).quiet
