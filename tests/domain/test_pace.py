"""How calm a room is kept: locked, slowed down, its newcomers read first."""

import asyncio
import uuid

import pytest

from hubbub import database, errors
from hubbub.domain import (
    acts,
    clock,
    memberships,
    messages,
    pace,
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
SECOND = clock.SECOND


async def now(db: database.Database, cast: people.Cast) -> rooms.Room:
    found = await rooms.by_id(db, cast.room.id)
    assert found is not None
    return found


async def say(
    db: database.Database, cast: people.Cast, body: str, at: int, cid: str | None = None
) -> messages.Posted:
    return await messages.post(db, cast.room, cast.bob, Draft(body, cid), now=at)


# -- changing it -------------------------------------------------------------------------------


async def test_each_change_is_one_event_and_one_act(
    db: database.Database, cast: people.Cast
) -> None:
    assert await pace.lock(db, cast.room, cast.alice, True, now=NOON)
    assert not await pace.lock(db, cast.room, cast.alice, True, now=NOON + 1), "it is so already"
    assert (await now(db, cast)).locked_at == NOON
    assert await pace.lock(db, cast.room, cast.alice, False)
    assert not await pace.lock(db, cast.room, cast.alice, False)
    assert await pace.slow(db, cast.room, cast.alice, 30)
    assert not await pace.slow(db, cast.room, cast.alice, 30)
    assert await pace.hold(db, cast.room, cast.alice, True)
    assert not await pace.hold(db, cast.room, cast.alice, True)
    room = await now(db, cast)
    assert (room.locked_at, room.slow_seconds, room.holds) == (None, 30, 1)
    assert await conftest.kinds(db, cast.room) == ["locked", "unlocked", "paced", "held"]
    told = [(entry.act, entry.detail) for entry in await acts.latest(db, cast.room.id)]
    assert told == [("held", "1"), ("paced", "30"), ("unlocked", ""), ("locked", "")]


async def test_members_change_none_of_it_and_moderators_do_not_hold(
    db: database.Database, cast: people.Cast
) -> None:
    for who, words in ((cast.bob, "look after"), (cast.charlie, "not a member")):
        with pytest.raises(errors.Forbidden, match=words):
            await pace.lock(db, cast.room, who, True)
        with pytest.raises(errors.Forbidden, match=words):
            await pace.slow(db, cast.room, who, 5)
        with pytest.raises(errors.Forbidden):
            await pace.hold(db, cast.room, who, True)
    await roles.change(db, cast.room, cast.alice, cast.bob, "moderator")
    assert await pace.lock(db, cast.room, cast.bob, True)
    assert await pace.slow(db, cast.room, cast.bob, 5)
    with pytest.raises(errors.Forbidden, match="owner"):
        await pace.hold(db, cast.room, cast.bob, True)
    assert await conftest.kinds(db, cast.room) == ["role", "locked", "paced"]


async def test_an_archived_room_and_a_pause_nobody_offers_are_refused(
    db: database.Database, cast: people.Cast
) -> None:
    for seconds in (-1, 1, 3601, 2**40):
        with pytest.raises(errors.Invalid):
            await pace.slow(db, cast.room, cast.alice, seconds)
    await settings.archive(db, cast.room, cast.alice)
    with pytest.raises(errors.Forbidden, match="archived"):
        await pace.lock(db, cast.room, cast.alice, True)
    with pytest.raises(errors.Forbidden, match="archived"):
        await pace.slow(db, cast.room, cast.alice, 5)


# -- locked ------------------------------------------------------------------------------------


async def test_in_a_locked_room_only_those_who_look_after_it_speak(
    db: database.Database, cast: people.Cast
) -> None:
    cid = str(uuid.uuid4())
    first = await say(db, cast, "before", NOON, cid)
    await pace.lock(db, cast.room, cast.alice, True)
    with pytest.raises(errors.Forbidden, match="locked"):
        await say(db, cast, "after", NOON)
    assert (await say(db, cast, "before", NOON, cid)).number == first.number, "a retry"
    draft = Draft("I look after it")
    assert (await messages.post(db, cast.room, cast.alice, draft)).number == 2
    with pytest.raises(errors.Forbidden, match="locked"):
        await memberships.join(db, cast.room, cast.charlie)
    await pace.lock(db, cast.room, cast.alice, False)
    assert await memberships.join(db, cast.room, cast.charlie)
    assert (await say(db, cast, "after", NOON)).number == 3


async def test_where_nobody_may_write_nobody_is_told_to_wait(
    db: database.Database, cast: people.Cast
) -> None:
    await pace.slow(db, cast.room, cast.alice, 60)
    await say(db, cast, "just now", NOON)
    await pace.lock(db, cast.room, cast.alice, True)
    with pytest.raises(errors.Forbidden, match="locked"):
        await say(db, cast, "too soon, and locked", NOON + 1)


# -- slow --------------------------------------------------------------------------------------


async def test_the_boundary_is_exact_and_the_wait_is_told(
    db: database.Database, cast: people.Cast
) -> None:
    await pace.slow(db, cast.room, cast.alice, 30)
    await say(db, cast, "one", NOON)
    for early, wait in ((0, 30), (1, 30), (1_000, 29), (29_000, 1), (29_999, 1)):
        with pytest.raises(errors.TooMany, match=f"in {wait} second") as refused:
            await say(db, cast, "two", NOON + early)
        assert refused.value.retry_after == wait
    assert (await say(db, cast, "two", NOON + 30 * SECOND)).number == 2
    with pytest.raises(errors.TooMany):
        await say(db, cast, "three", NOON + 60 * SECOND - 1)


async def test_going_and_coming_again_saves_nobody_the_wait(
    db: database.Database, cast: people.Cast
) -> None:
    await pace.slow(db, cast.room, cast.alice, 30)
    await say(db, cast, "one", NOON)
    await memberships.leave(db, cast.room, cast.bob)
    await memberships.join(db, cast.room, cast.bob)
    with pytest.raises(errors.TooMany):
        await say(db, cast, "two", NOON + 29 * SECOND)
    assert (await say(db, cast, "two", NOON + 30 * SECOND)).number == 2


async def test_those_who_look_after_a_slow_room_do_not_wait(
    db: database.Database, cast: people.Cast
) -> None:
    await pace.slow(db, cast.room, cast.alice, 3600)
    for number in (1, 2):
        posted = await messages.post(db, cast.room, cast.alice, Draft("hers"), now=NOON)
        assert posted.number == number
    await say(db, cast, "his", NOON)
    await roles.change(db, cast.room, cast.alice, cast.bob, "moderator")
    assert (await say(db, cast, "his own again", NOON + 1)).number == 4


async def test_what_was_accepted_is_never_told_to_wait(
    db: database.Database, cast: people.Cast
) -> None:
    await pace.slow(db, cast.room, cast.alice, 60)
    cid = str(uuid.uuid4())
    first = await say(db, cast, "once", NOON, cid)
    again = await say(db, cast, "once", NOON + 1, cid)
    assert (again.number, again.tag, again.created) == (first.number, first.tag, False)
    with pytest.raises(errors.TooMany):
        await say(db, cast, "another text under the same key", NOON + 2, cid)
    assert (await now(db, cast)).last_number == 1


async def test_what_is_refused_leaves_no_hole_and_moves_no_time(
    db: database.Database, cast: people.Cast
) -> None:
    await pace.slow(db, cast.room, cast.alice, 10)
    await say(db, cast, "one", NOON)
    for early in range(1, 10):
        with pytest.raises(errors.TooMany):
            await say(db, cast, "too soon", NOON + early * SECOND)
    assert (await say(db, cast, "two", NOON + 10 * SECOND)).number == 2
    assert await conftest.kinds(db, cast.room) == ["paced", "posted", "posted"]


async def test_of_twenty_at_once_one_is_let_through(
    db: database.Database, cast: people.Cast
) -> None:
    await pace.slow(db, cast.room, cast.alice, 300)

    async def attempt(number: int) -> int:
        try:
            return (await say(db, cast, f"number {number}", NOON + number)).number
        except errors.TooMany:
            return 0

    tried = await asyncio.gather(*(attempt(number) for number in range(20)))
    assert sorted(tried) == [0] * 19 + [1]
    assert (await now(db, cast)).last_number == 1


async def test_a_clock_that_was_set_back_keeps_nobody_waiting(
    db: database.Database, cast: people.Cast
) -> None:
    await pace.slow(db, cast.room, cast.alice, 60)
    await say(db, cast, "tomorrow", NOON + clock.DAY)
    assert (await say(db, cast, "today", NOON)).number == 2
    with pytest.raises(errors.TooMany):
        await say(db, cast, "again", NOON + 1)


async def change(db: database.Database, cast: people.Cast, number: int, body: str, at: int) -> bool:
    window = clock.DAY
    return await revisions.edit(db, cast.room, cast.bob, number, Draft(body), window=window, now=at)


async def test_a_slip_is_mended_at_once_and_nothing_said_round_the_pause_by_changing(
    db: database.Database, cast: people.Cast
) -> None:
    await pace.slow(db, cast.room, cast.alice, 30, now=NOON)
    await say(db, cast, "one", NOON)
    await say(db, cast, "two", NOON + 30 * SECOND)
    assert await change(db, cast, 2, "too", NOON + 31 * SECOND)
    for number in (1, 2):
        with pytest.raises(errors.TooMany, match="change a message again in 21 seconds") as waits:
            await change(db, cast, number, "an advert", NOON + 40 * SECOND)
        assert waits.value.retry_after == 21
    assert await change(db, cast, 1, "an advert", NOON + 61 * SECOND)
    await roles.change(db, cast.room, cast.alice, cast.bob, "moderator")
    assert await change(db, cast, 1, "who looks after it", NOON + 62 * SECOND)


async def test_who_is_held_changes_nothing_they_said_before(
    db: database.Database, cast: people.Cast
) -> None:
    await say(db, cast, "one", NOON)
    await memberships.leave(db, cast.room, cast.bob)
    await pace.hold(db, cast.room, cast.alice, True)
    await memberships.join(db, await now(db, cast), cast.bob)
    with pytest.raises(errors.Forbidden, match="once a moderator has read"):
        await change(db, cast, 1, "an advert", NOON + SECOND)
    await pace.hold(db, cast.room, cast.alice, False)
    assert await change(db, cast, 1, "a correction", NOON + SECOND)


async def test_only_slow_rooms_keep_when_somebody_spoke(
    db: database.Database, cast: people.Cast, counting: conftest.Counting
) -> None:
    asked = "SELECT said_at FROM memberships WHERE person_id = :id"
    with counting() as before:
        await say(db, cast, "at one's ease", NOON)
    assert await db.value(asked, {"id": cast.bob.id}) == 0
    assert not [query for query in before if "said_at" in query]
    await pace.slow(db, cast.room, cast.alice, 5)
    assert (await say(db, cast, "the first is free", NOON + 1)).number == 2
    assert await db.value(asked, {"id": cast.bob.id}) == NOON + 1
