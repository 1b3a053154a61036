"""What somebody wrote, for themselves: all of it, and nothing of others."""

import pytest

from hubbub import database
from hubbub.domain import (
    accounts,
    clock,
    exports,
    memberships,
    messages,
    reactions,
    revisions,
    rooms,
    runs,
    settings,
)
from tests import people
from tests.domain.conftest import Counting

pytestmark = pytest.mark.anyio
NOW = people.NOON


async def say(
    db: database.Database,
    room: rooms.Room,
    who: accounts.Person,
    body: str,
    reply_to: int | None = None,
) -> int:
    fresh = await rooms.by_id(db, room.id)
    assert fresh is not None
    draft = messages.Draft(body=body, reply_to=reply_to)
    return (await messages.post(db, fresh, who, draft, now=NOW)).number


async def written(db: database.Database, who: accounts.Person) -> list[tuple[str | None, str]]:
    """Room by room what is given to somebody: the room's title, and the text."""
    return [
        (batch.room.title if batch.room else None, each.body)
        async for batch in exports.written(db, who)
        for each in batch.messages
    ]


async def test_one_gets_what_one_wrote_in_all_rooms_and_nothing_of_others(
    db: database.Database, cast: people.Cast
) -> None:
    other = await rooms.create(db, cast.bob, "Other", "invited", now=NOW)
    await say(db, cast.room, cast.alice, "Not mine")
    await say(db, cast.room, cast.bob, "One")
    await say(db, other, cast.bob, "Two")
    await say(db, cast.room, cast.bob, "Three")
    assert await written(db, cast.bob) == [
        ("Design talk", "One"),
        ("Design talk", "Three"),
        ("Other", "Two"),
    ]
    assert await written(db, cast.charlie) == []


async def test_what_was_taken_back_is_not_there(db: database.Database, cast: people.Cast) -> None:
    number = await say(db, cast.room, cast.bob, "Slip")
    await say(db, cast.room, cast.bob, "Stays")
    await revisions.erase(db, cast.room, cast.bob, number, now=NOW)
    assert await written(db, cast.bob) == [("Design talk", "Stays")]


async def test_of_a_room_that_was_left_one_gets_ones_own_words_and_nothing_later(
    db: database.Database, cast: people.Cast
) -> None:
    question = await say(db, cast.room, cast.alice, "What was asked")
    number = await say(db, cast.room, cast.bob, "I was here", question)
    place = await messages.locate(db, cast.room.id, number)
    await reactions.toggle(db, cast.room, cast.alice, place.id, "👍", now=NOW)
    [inside] = [batch async for batch in exports.written(db, cast.bob)]
    assert inside.messages[0].quote is not None
    assert inside.messages[0].quote.body == "What was asked"
    assert inside.messages[0].reactions
    await memberships.remove(db, cast.room, cast.alice, cast.bob, now=NOW)
    await settings.rename(db, cast.room, cast.alice, "A new secret", now=NOW)
    [batch] = [batch async for batch in exports.written(db, cast.bob)]
    [message] = batch.messages
    assert (batch.room, batch.place, message.body) == (None, cast.room.public_id, "I was here")
    assert message.quote is not None
    assert (message.quote.number, message.quote.body) == (question, "")
    assert message.reactions == ()
    told = repr(batch)
    for later in ("A new secret", "What was asked", "Alice"):
        assert later not in told


async def test_many_messages_come_in_batches_each_for_a_few_queries(
    db: database.Database,
    cast: people.Cast,
    counting: Counting,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exports, "BATCH", 3)
    for number in range(8):
        await say(db, cast.room, cast.alice, "Between")
        await say(db, cast.room, cast.bob, f"Line {number}")
    with counting() as queries:
        sizes = [len(batch.messages) async for batch in exports.written(db, cast.bob)]
    assert sizes == [3, 3, 2]
    assert len(queries) <= 4 + len(sizes) + 1


async def test_each_day_on_which_one_wrote_is_said_once(
    db: database.Database, cast: people.Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "BATCH", 2)
    for day in (0, 1, 1, 1, 3):
        for who in (cast.alice, cast.bob):
            draft = messages.Draft(body=f"On day {day}")
            await messages.post(db, cast.room, who, draft, now=NOW + day * clock.DAY)
    opens = [
        (each.body, each.run == runs.OPENS_DAY)
        async for batch in exports.written(db, cast.bob)
        for each in batch.messages
    ]
    assert opens == [
        ("On day 0", True),
        ("On day 1", True),
        ("On day 1", False),
        ("On day 1", False),
        ("On day 3", True),
    ]


async def test_an_account_is_given_with_its_memberships(
    db: database.Database, cast: people.Cast
) -> None:
    own = await rooms.create(db, cast.bob, "Own", now=NOW)
    gone = await rooms.create(db, cast.bob, "Gone", now=NOW)
    await settings.delete(db, gone, cast.bob, now=NOW)
    await db.run("UPDATE people SET email = 'bob@example.org' WHERE username = 'Bob'")
    account = await exports.account(db, cast.bob)
    assert account.email == "bob@example.org"
    titles = {(each.room.title, each.role) for each in account.memberships}
    assert titles == {("Design talk", "member"), ("Own", "owner")}
    assert own.id in {each.room.id for each in account.memberships}
