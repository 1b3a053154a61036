"""The few messages everyone should find: pinned by those who look after the room."""

import asyncio

import pytest

from hubbub import database, errors
from hubbub.domain import events, history, messages, pins, revisions, rooms, settings
from hubbub.domain.messages import Draft
from tests import people
from tests.domain import conftest

pytestmark = pytest.mark.anyio

NOON = people.NOON


async def fill(db: database.Database, cast: people.Cast, amount: int) -> None:
    for number in range(1, amount + 1):
        await messages.post(db, cast.room, cast.bob, Draft(f"message {number}"), now=NOON)


async def pinned(db: database.Database, room: rooms.Room) -> list[int]:
    """The numbers of the pinned messages, as they are listed; their count is right."""
    found = [message.number for message in await history.pinned(db, room.id)]
    assert await pins.count(db, room.id) == len(found)
    return found


async def test_a_pin_is_set_once_and_taken_once(db: database.Database, cast: people.Cast) -> None:
    await fill(db, cast, 1)
    assert await pins.pin(db, cast.room, cast.alice, 1, now=NOON + 5)
    assert not await pins.pin(db, cast.room, cast.alice, 1, now=NOON + 6)
    assert (await history.one(db, cast.room.id, 1)).pinned_at == NOON + 5
    assert await pinned(db, cast.room) == [1]
    assert await pins.unpin(db, cast.room, cast.alice, 1)
    assert not await pins.unpin(db, cast.room, cast.alice, 1)
    assert (await history.one(db, cast.room.id, 1)).pinned_at is None
    assert await pinned(db, cast.room) == []
    assert await conftest.kinds(db, cast.room) == ["posted", "pinned", "unpinned"]
    log = await events.after(db, cast.room.id, cast.room.seq)
    assert [event.person_id for event in log[1:]] == [cast.alice.id] * 2


async def test_what_was_pinned_last_is_listed_first(
    db: database.Database, cast: people.Cast
) -> None:
    await fill(db, cast, 4)
    for after, number in enumerate([2, 4, 1]):
        await pins.pin(db, cast.room, cast.alice, number, now=NOON + after)
    await pins.pin(db, cast.room, cast.alice, 3, now=NOON + 1)
    assert await pinned(db, cast.room) == [1, 4, 3, 2]


async def test_only_those_who_look_after_the_room_pin(
    db: database.Database, cast: people.Cast
) -> None:
    await fill(db, cast, 2)
    await pins.pin(db, cast.room, cast.alice, 1)
    for act, number in ((pins.pin, 2), (pins.unpin, 1)):
        with pytest.raises(errors.Forbidden, match="look after"):
            await act(db, cast.room, cast.bob, number)
        with pytest.raises(errors.Forbidden, match="not a member"):
            await act(db, cast.room, cast.charlie, number)
    assert await pinned(db, cast.room) == [1]
    await db.run(
        "UPDATE memberships SET role = 'moderator' WHERE person_id = :id", {"id": cast.bob.id}
    )
    assert await pins.pin(db, cast.room, cast.bob, 2)
    assert await pins.unpin(db, cast.room, cast.bob, 1)
    assert await pinned(db, cast.room) == [2]


async def test_an_archived_room_keeps_its_pins(db: database.Database, cast: people.Cast) -> None:
    await fill(db, cast, 2)
    await pins.pin(db, cast.room, cast.alice, 1)
    await settings.archive(db, cast.room, cast.alice)
    for act, number in ((pins.pin, 2), (pins.unpin, 1)):
        with pytest.raises(errors.Forbidden, match="archived"):
            await act(db, cast.room, cast.alice, number)
    assert await pinned(db, cast.room) == [1]


@pytest.mark.parametrize("number", [0, 3, -1, 2**53])
async def test_what_is_not_there_is_not_pinned(
    db: database.Database, cast: people.Cast, number: int
) -> None:
    await fill(db, cast, 2)
    for act in (pins.pin, pins.unpin):
        with pytest.raises(errors.NotFound):
            await act(db, cast.room, cast.alice, number)


async def test_a_tombstone_is_not_pinned(db: database.Database, cast: people.Cast) -> None:
    await fill(db, cast, 1)
    await revisions.erase(db, cast.room, cast.bob, 1)
    with pytest.raises(errors.NotFound):
        await pins.pin(db, cast.room, cast.alice, 1)
    assert await conftest.kinds(db, cast.room) == ["posted", "erased"]


async def test_a_room_has_at_most_fifty_pins(db: database.Database, cast: people.Cast) -> None:
    await fill(db, cast, 53)
    for number in range(1, 50):
        await pins.pin(db, cast.room, cast.alice, number)
    # Of several at once for the last place one finds it.
    tries = (pins.pin(db, cast.room, cast.alice, number) for number in (50, 51, 52))
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["Conflict", "Conflict", "bool"]
    assert len(await pinned(db, cast.room)) == pins.MOST
    with pytest.raises(errors.Conflict, match="Unpin one"):
        await pins.pin(db, cast.room, cast.alice, 53)
    assert not await pins.pin(db, cast.room, cast.alice, 1), "it is pinned already"
    assert await pins.unpin(db, cast.room, cast.alice, 1)
    assert await pins.pin(db, cast.room, cast.alice, 53)
    assert len(await pinned(db, cast.room)) == pins.MOST
    assert (await conftest.kinds(db, cast.room)).count("pinned") == 51


async def test_pins_are_of_one_room(db: database.Database, cast: people.Cast) -> None:
    other = await rooms.create(db, cast.alice, "Other")
    await fill(db, cast, 1)
    await messages.post(db, other, cast.alice, Draft("elsewhere"))
    await pins.pin(db, other, cast.alice, 1)
    assert await pinned(db, cast.room) == []
    assert await pinned(db, other) == [1]


async def test_an_edited_message_stays_pinned(db: database.Database, cast: people.Cast) -> None:
    await fill(db, cast, 1)
    await pins.pin(db, cast.room, cast.alice, 1, now=NOON)
    draft = Draft("better")
    await revisions.edit(db, cast.room, cast.bob, 1, draft, window=10, now=NOON + 1)
    [message] = await history.pinned(db, cast.room.id)
    assert (message.body, message.pinned_at) == ("better", NOON)
