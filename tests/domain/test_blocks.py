"""Whom somebody does not want to hear, and what follows for those two alone."""

import asyncio

import pytest

from hubbub import database, errors
from hubbub.domain import blocks, memberships, messages, reactions, revisions, rooms, unread
from hubbub.domain.messages import Draft
from tests import people

pytestmark = pytest.mark.anyio

NOON = people.NOON


async def calls(db: database.Database, person: people.accounts.Person) -> int:
    return sum(one.mentions for one in (await unread.of(db, [person.id]))[person.id])


async def say(
    db: database.Database, room: rooms.Room, author: people.accounts.Person, body: str
) -> messages.Posted:
    return await messages.post(db, room, author, Draft(body), now=NOON)


async def test_a_block_is_set_once_and_lifted_once(
    db: database.Database, cast: people.Cast
) -> None:
    tried = await asyncio.gather(*(blocks.block(db, cast.bob, cast.alice) for _ in range(5)))
    assert sorted(tried) == [False] * 4 + [True]
    assert await blocks.blocked(db, cast.bob) == [cast.alice]
    assert await blocks.blocked(db, cast.alice) == []
    assert await blocks.has_blocked(db, cast.bob.id, cast.alice.id)
    assert await blocks.unblock(db, cast.bob, cast.alice)
    assert not await blocks.unblock(db, cast.bob, cast.alice)
    assert await blocks.blocked(db, cast.bob) == []
    assert not await blocks.has_blocked(db, cast.bob.id, cast.alice.id)


async def test_nobody_blocks_themselves(db: database.Database, cast: people.Cast) -> None:
    with pytest.raises(errors.Invalid, match="yourself"):
        await blocks.block(db, cast.bob, cast.bob)


async def test_the_version_is_another_whenever_the_list_is(
    db: database.Database, cast: people.Cast
) -> None:
    seen = [await blocks.version(db, cast.bob)]
    assert seen == [""]
    await blocks.block(db, cast.bob, cast.alice, now=NOON)
    seen.append(await blocks.version(db, cast.bob))
    await blocks.block(db, cast.bob, cast.charlie, now=NOON + 1)
    seen.append(await blocks.version(db, cast.bob))
    await blocks.unblock(db, cast.bob, cast.alice)
    seen.append(await blocks.version(db, cast.bob))
    await blocks.block(db, cast.bob, cast.alice, now=NOON + 2)
    seen.append(await blocks.version(db, cast.bob))
    await blocks.unblock(db, cast.bob, cast.charlie)
    seen.append(await blocks.version(db, cast.bob))
    assert len(set(seen)) == len(seen)
    assert await blocks.version(db, cast.alice) == ""


async def test_their_mentions_do_not_count_before_or_after(
    db: database.Database, cast: people.Cast
) -> None:
    await say(db, cast.room, cast.bob, "@alice, look")
    await say(db, cast.room, cast.bob, "@alice, look again")
    assert await calls(db, cast.alice) == 2
    await blocks.block(db, cast.alice, cast.bob)
    assert await calls(db, cast.alice) == 0
    posted = await say(db, cast.room, cast.bob, "@alice, why do you not answer")
    assert posted.message.mentions == "alice", "nothing tells Bob"
    assert await calls(db, cast.alice) == 0
    await say(db, cast.room, cast.alice, "@bob is called all the same")
    assert await calls(db, cast.bob) == 1
    await blocks.unblock(db, cast.alice, cast.bob)
    await say(db, cast.room, cast.bob, "@alice, thank you")
    assert await calls(db, cast.alice) == 1


async def test_a_call_of_the_whole_room_is_not_heard_by_who_blocked_its_author(
    db: database.Database, cast: people.Cast
) -> None:
    await memberships.join(db, cast.room, cast.charlie)
    await blocks.block(db, cast.bob, cast.alice)
    await say(db, cast.room, cast.alice, "@room, come and see")
    assert await calls(db, cast.bob) == 0
    assert await calls(db, cast.charlie) == 1
    (call,) = await unread.called(db, {cast.room.id: 0})
    assert (call.person_id, call.deaf) == (0, {cast.bob.id})
    await blocks.unblock(db, cast.bob, cast.alice)
    assert await calls(db, cast.bob) == 1
    assert [call.deaf for call in await unread.called(db, {cast.room.id: 0})] == [frozenset()]


async def direct(db: database.Database, *persons: people.accounts.Person) -> rooms.Room:
    made = await rooms.create(db, persons[0], "A conversation", "invited")
    for person in persons[1:]:
        await people.bring(db, made, persons[0], person)
    await db.run("UPDATE rooms SET direct_key = 'them' WHERE id = :id", {"id": made.id})
    await db.run("UPDATE memberships SET role = 'member' WHERE room_id = :id", {"id": made.id})
    found = await rooms.by_id(db, made.id)
    assert found is not None
    return found


async def test_in_a_conversation_of_two_the_blocked_one_cannot_write(
    db: database.Database, cast: people.Cast
) -> None:
    room = await direct(db, cast.alice, cast.bob)
    cid = "00000000-0000-4000-8000-000000000001"
    first = await messages.post(db, room, cast.bob, Draft("hello", cid))
    await blocks.block(db, cast.alice, cast.bob)
    with pytest.raises(errors.Forbidden, match=r"^You cannot write to this person\.$"):
        await say(db, room, cast.bob, "why?")
    again = await messages.post(db, room, cast.bob, Draft("hello", cid))
    assert (again.number, again.created) == (first.number, False)
    with pytest.raises(errors.Forbidden):
        await revisions.edit(db, room, cast.bob, 1, Draft("hello?"), window=10**15)
    assert (await say(db, room, cast.alice, "that is why")).number == 2
    with pytest.raises(errors.Forbidden):
        await reactions.toggle(db, room, cast.bob, first.message.id, "👍")
    assert (await say(db, cast.room, cast.bob, "in another room")).number == 1
    await blocks.unblock(db, cast.alice, cast.bob)
    assert (await say(db, room, cast.bob, "thank you")).number == 3


async def test_an_account_that_is_shut_is_answered_like_one_that_blocks(
    db: database.Database, cast: people.Cast
) -> None:
    room = await direct(db, cast.alice, cast.bob)
    await db.run("UPDATE people SET disabled_at = 1 WHERE id = :id", {"id": cast.alice.id})
    with pytest.raises(errors.Forbidden, match=r"^You cannot write to this person\.$"):
        await say(db, room, cast.bob, "are you there?")


async def test_among_three_everyone_can_write(db: database.Database, cast: people.Cast) -> None:
    room = await direct(db, cast.alice, cast.bob, cast.charlie)
    await blocks.block(db, cast.alice, cast.bob)
    assert (await say(db, room, cast.bob, "hello you two")).number == 1
