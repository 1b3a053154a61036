"""What newcomers say first waits for somebody who looks after the room."""

import asyncio
import uuid

import pytest

from hubbub import database, errors
from hubbub.domain import (
    accounts,
    acts,
    clock,
    held,
    history,
    inbox,
    memberships,
    messages,
    moderation,
    pace,
    rooms,
    settings,
)
from hubbub.domain.messages import Draft
from tests import people
from tests.domain import conftest

pytestmark = pytest.mark.anyio

NOON = people.NOON


@pytest.fixture
async def newcomer(db: database.Database, cast: people.Cast) -> accounts.Person:
    """Charlie comes while the room holds."""
    await pace.hold(db, cast.room, cast.alice, True)
    await memberships.join(db, cast.room, cast.charlie)
    return cast.charlie


async def say(
    db: database.Database,
    cast: people.Cast,
    author: accounts.Person,
    body: str,
    cid: str | None = None,
) -> messages.Posted | held.Waiting:
    return await held.post(db, cast.room, author, Draft(body, cid), now=NOON)


async def waiting(db: database.Database, cast: people.Cast) -> list[str]:
    return [one.body for one in await held.waiting(db, cast.room.id)]


async def said(db: database.Database, cast: people.Cast) -> list[tuple[str, str]]:
    room = await rooms.by_id(db, cast.room.id)
    assert room is not None
    found = await history.latest(db, room.id, room.seq)
    return [(message.author_username, message.body) for message in found]


async def test_who_was_there_before_speaks_at_once(
    db: database.Database, cast: people.Cast, newcomer: accounts.Person
) -> None:
    for person in (cast.alice, cast.bob):
        assert isinstance(await say(db, cast, person, "hello"), messages.Posted)
    told = await say(db, cast, newcomer, "hello from outside", cid := str(uuid.uuid4()))
    assert told == held.Waiting(cid)
    assert await waiting(db, cast) == ["hello from outside"]
    assert [author for author, _ in await said(db, cast)] == ["Alice", "Bob"]
    # It has no place in the room: neither a number nor an event.
    assert await conftest.kinds(db, cast.room) == ["held", "joined", "posted", "posted"]


async def test_the_same_waits_once_and_at_most_three_wait(
    db: database.Database, cast: people.Cast, newcomer: accounts.Person
) -> None:
    cid = str(uuid.uuid4())
    for _ in range(3):
        assert await say(db, cast, newcomer, "one", cid) == held.Waiting(cid)
    await say(db, cast, newcomer, "two")
    await say(db, cast, newcomer, "three")
    with pytest.raises(errors.TooMany):
        await say(db, cast, newcomer, "four")
    assert await say(db, cast, newcomer, "one", cid) == held.Waiting(cid), "a retry is no fourth"
    assert await waiting(db, cast) == ["one", "two", "three"]


async def test_many_at_once_leave_three(
    db: database.Database, cast: people.Cast, newcomer: accounts.Person
) -> None:
    async def attempt(number: int) -> bool:
        try:
            await say(db, cast, newcomer, f"number {number}")
        except errors.TooMany:
            return False
        return True

    assert sum(await asyncio.gather(*(attempt(number) for number in range(12)))) == held.MOST
    assert len(await waiting(db, cast)) == held.MOST


async def test_release_says_all_of_it_in_order_and_lets_the_person_through(
    db: database.Database, cast: people.Cast, newcomer: accounts.Person
) -> None:
    cids = [str(uuid.uuid4()) for _ in range(2)]
    await say(db, cast, cast.bob, "come in")
    room = await rooms.by_id(db, cast.room.id)
    assert room is not None
    for cid, body in zip(cids, ("first", "second @bob"), strict=True):
        await held.post(db, room, newcomer, Draft(body, cid, reply_to=1), now=NOON)
    second = (await held.waiting(db, cast.room.id))[1]
    await held.release(db, cast.room, cast.alice, second.id, now=NOON + 5)
    assert await said(db, cast) == [
        ("Bob", "come in"),
        ("Charlie", "first"),
        ("Charlie", "second @bob"),
    ]
    message = await history.one(db, cast.room.id, 3)
    assert (message.cid, message.posted_at, message.mentions) == (cids[1], NOON + 5, "bob")
    assert message.quote is not None and message.quote.number == 1
    assert await waiting(db, cast) == []
    assert isinstance(await say(db, cast, newcomer, "third"), messages.Posted)
    again = await say(db, cast, newcomer, "first", cids[0])
    assert isinstance(again, messages.Posted) and (again.number, again.created) == (2, False)
    kinds = await conftest.kinds(db, cast.room)
    assert kinds == ["held", "joined", "posted", "posted", "posted", "posted"]
    assert (await acts.latest(db, cast.room.id))[0].act == "released"


async def test_what_is_dropped_is_gone_and_its_author_still_waits(
    db: database.Database, cast: people.Cast, newcomer: accounts.Person
) -> None:
    await say(db, cast, newcomer, "buy now")
    await say(db, cast, newcomer, "really")
    first, _ = await held.waiting(db, cast.room.id)
    await held.drop(db, cast.room, cast.alice, first.id)
    assert await waiting(db, cast) == ["really"]
    assert isinstance(await say(db, cast, newcomer, "and now?"), held.Waiting)
    assert await said(db, cast) == []
    assert (await acts.latest(db, cast.room.id))[0].act == "dropped"
    for decide in (held.drop, held.release):
        with pytest.raises(errors.Conflict, match="already"):
            await decide(db, cast.room, cast.alice, first.id)


async def test_two_who_decide_at_once_say_it_once(
    db: database.Database, cast: people.Cast, newcomer: accounts.Person
) -> None:
    await say(db, cast, newcomer, "once")
    (one,) = await held.waiting(db, cast.room.id)

    async def attempt() -> bool:
        try:
            await held.release(db, cast.room, cast.alice, one.id)
        except errors.Conflict:
            return False
        return True

    assert sum(await asyncio.gather(*(attempt() for _ in range(5)))) == 1
    assert await said(db, cast) == [("Charlie", "once")]


@pytest.mark.parametrize("later", range(6))
async def test_what_is_said_while_it_is_decided_is_said_too(
    db: database.Database, cast: people.Cast, newcomer: accounts.Person, later: int
) -> None:
    await say(db, cast, newcomer, "first")
    (one,) = await held.waiting(db, cast.room.id)

    async def decide() -> None:
        await asyncio.sleep(later / 2000)  # at another moment of what the other does
        await held.release(db, cast.room, cast.alice, one.id)

    told, _ = await asyncio.gather(say(db, cast, newcomer, "second"), decide())
    assert isinstance(told, messages.Posted | held.Waiting)
    assert sorted(await said(db, cast)) == [("Charlie", "first"), ("Charlie", "second")]
    assert await waiting(db, cast) == []


async def test_only_those_who_look_after_the_room_decide(
    db: database.Database, cast: people.Cast, newcomer: accounts.Person
) -> None:
    await say(db, cast, newcomer, "hello")
    (one,) = await held.waiting(db, cast.room.id)
    for person in (cast.bob, newcomer):
        for decide in (held.release, held.drop):
            with pytest.raises(errors.Forbidden, match="look after"):
                await decide(db, cast.room, person, one.id)
    other = await rooms.create(db, cast.bob, "Another room")
    with pytest.raises(errors.Conflict):
        await held.release(db, other, cast.bob, one.id)
    assert await waiting(db, cast) == ["hello"]


async def test_switching_it_on_makes_nobody_a_newcomer_who_is_there(
    db: database.Database, cast: people.Cast, newcomer: accounts.Person
) -> None:
    await pace.hold(db, cast.room, cast.alice, False)
    assert isinstance(await say(db, cast, newcomer, "open again"), messages.Posted)
    await pace.hold(db, cast.room, cast.alice, True)
    assert isinstance(await say(db, cast, newcomer, "and still"), messages.Posted)


async def test_a_newcomer_attaches_nothing_and_is_refused_what_others_are(
    db: database.Database, cast: people.Cast, newcomer: accounts.Person
) -> None:
    draft = Draft("see this", attachments=("0" * 32,))
    with pytest.raises(errors.Forbidden, match="Files"):
        await held.post(db, cast.room, newcomer, draft)
    await pace.lock(db, cast.room, cast.alice, True)
    with pytest.raises(errors.Forbidden, match="locked"):
        await say(db, cast, newcomer, "hello?")
    assert await waiting(db, cast) == []


async def test_the_muted_hold_nothing(
    db: database.Database, cast: people.Cast, newcomer: accounts.Person
) -> None:
    until = clock.now() + clock.HOUR
    await moderation.mute(db, cast.room, cast.alice, newcomer, until=until)
    with pytest.raises(errors.Forbidden, match="muted"):
        await held.post(db, cast.room, newcomer, Draft("hello?"))
    assert await waiting(db, cast) == []
    await moderation.unmute(db, cast.room, cast.alice, newcomer)
    assert isinstance(await say(db, cast, newcomer, "hello!"), held.Waiting)


async def test_what_was_accepted_is_not_held_when_its_author_is_a_newcomer_again(
    db: database.Database, cast: people.Cast, newcomer: accounts.Person
) -> None:
    cid = str(uuid.uuid4())
    first = await say(db, cast, cast.bob, "before", cid)
    await memberships.leave(db, cast.room, cast.bob)
    await memberships.join(db, cast.room, cast.bob)
    again = await say(db, cast, cast.bob, "before", cid)
    assert isinstance(first, messages.Posted) and isinstance(again, messages.Posted)
    assert (again.number, again.created) == (first.number, False)
    assert isinstance(await say(db, cast, cast.bob, "after"), held.Waiting)


async def test_in_a_locked_room_nothing_is_let_through(
    db: database.Database, cast: people.Cast, newcomer: accounts.Person
) -> None:
    await say(db, cast, newcomer, "hello")
    (one,) = await held.waiting(db, cast.room.id)
    await pace.lock(db, cast.room, cast.alice, True)
    with pytest.raises(errors.Conflict, match="cannot write"):
        await held.release(db, cast.room, cast.alice, one.id)
    assert await waiting(db, cast) == ["hello"], "it is still there to be decided about"
    assert await said(db, cast) == []


async def test_it_goes_with_its_author_and_with_the_room(
    db: database.Database, cast: people.Cast, newcomer: accounts.Person
) -> None:
    await say(db, cast, newcomer, "hello")
    await memberships.leave(db, cast.room, newcomer)
    assert await waiting(db, cast) == []
    await memberships.join(db, cast.room, newcomer)
    await say(db, cast, newcomer, "hello again")
    await memberships.remove(db, cast.room, cast.alice, newcomer)
    assert await waiting(db, cast) == []
    await memberships.join(db, cast.room, newcomer)
    await say(db, cast, newcomer, "and again")
    await settings.delete(db, cast.room, cast.alice)
    assert await waiting(db, cast) == []


async def test_those_who_decide_are_told_that_something_waits(
    db: database.Database, cast: people.Cast, newcomer: accounts.Person
) -> None:
    before = await inbox.head(db)
    await say(db, cast, newcomer, "hello")
    assert [person for _, person in await inbox.after(db, before)] == [cast.alice.id]
    assert await inbox.count(db, cast.alice.id) == 1
    (one,) = await held.waiting(db, cast.room.id)
    await held.release(db, cast.room, cast.alice, one.id)
    assert await inbox.count(db, cast.alice.id) == 0
    assert [person for _, person in await inbox.after(db, before)] == [cast.alice.id] * 2
