"""A room read day by day."""

import pytest

from hubbub import database
from hubbub.domain import clock, history, messages, rooms
from tests import people

pytestmark = pytest.mark.anyio

DAY = people.NOON // clock.DAY


async def said(db: database.Database, cast: people.Cast, *moments: int) -> rooms.Room:
    """A message at each of these moments."""
    for place, at in enumerate(moments, start=1):
        await messages.post(db, cast.room, cast.bob, messages.Draft(f"number {place}"), now=at)
    fresh = await rooms.by_id(db, cast.room.id)
    assert fresh is not None
    return fresh


def numbers(found: history.Day) -> list[int]:
    return [message.number for message in found.messages]


async def test_a_day_holds_what_was_said_on_it_and_knows_its_neighbours(
    db: database.Database, cast: people.Cast
) -> None:
    start = DAY * clock.DAY
    moments = (start - 3 * clock.DAY, start - 1, start, people.NOON, start + clock.DAY - 1)
    room = await said(db, cast, *moments, start + clock.DAY, start + 9 * clock.DAY)
    today = await history.of_day(db, room, DAY)
    assert numbers(today) == [3, 4, 5]
    assert (today.earlier, today.later, today.rest) == (DAY - 1, DAY + 1, None)
    quiet = await history.of_day(db, room, DAY - 2)
    assert (numbers(quiet), quiet.earlier, quiet.later) == ([], DAY - 3, DAY - 1)
    assert numbers(await history.of_day(db, room, DAY + 9)) == [7]


async def test_a_room_without_messages_has_empty_days(
    db: database.Database, cast: people.Cast
) -> None:
    empty = await history.of_day(db, cast.room, DAY)
    assert (empty.messages, empty.earlier, empty.later, empty.rest) == ((), None, None, None)


async def test_a_long_day_is_read_in_parts(db: database.Database, cast: people.Cast) -> None:
    room = await said(db, cast, *(people.NOON + number for number in range(7)))
    first = await history.of_day(db, room, DAY, limit=3)
    assert (numbers(first), first.rest) == ([1, 2, 3], 3)
    second = await history.of_day(db, room, DAY, after=3, limit=4)
    assert (numbers(second), second.rest) == ([4, 5, 6, 7], None)
    assert numbers(await history.of_day(db, room, DAY, after=2**70)) == []


async def test_each_message_is_on_one_day_even_where_a_clock_was_set_back(
    db: database.Database, cast: people.Cast
) -> None:
    steps = (0, 1, 2, -1, 3, -2, 2, 5, 4, 4, 9)
    room = await said(db, cast, *(people.NOON + step * clock.DAY for step in steps))
    days = [await history.of_day(db, room, day) for day in range(DAY - 3, DAY + 11)]
    assert [number for day in days for number in numbers(day)] == list(range(1, len(steps) + 1))


async def test_days_are_found_where_the_oldest_messages_are_not_kept_any_more(
    db: database.Database, cast: people.Cast
) -> None:
    room = await said(db, cast, *(people.NOON + half * clock.DAY // 2 for half in range(8)))
    await db.run("DELETE FROM messages WHERE number <= 3")
    days = [await history.of_day(db, room, DAY + later) for later in range(4)]
    assert [numbers(day) for day in days] == [[], [], [4, 5], [6, 7]]
