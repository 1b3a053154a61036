"""A room's log: where it ends, what came after, and what is forgotten."""

import pytest

from hubbub import database
from hubbub.domain import clock, events, history, log, messages, rooms, settings
from tests import people
from tests.domain.conftest import Counting

pytestmark = pytest.mark.anyio

NOON = people.NOON


async def test_the_head_is_the_newest_event_and_reads_as_a_cursor(
    db: database.Database, cast: people.Cast
) -> None:
    posted = await messages.post(db, cast.room, cast.bob, messages.Draft("hi"))
    head = await events.head(db, cast.room.id)
    assert head == events.Position(posted.seq, posted.tag)
    assert str(head) == f"{posted.seq}.{posted.tag}"
    assert await events.head(db, 999) is None


async def test_the_heads_of_many_rooms_come_in_one_query(
    db: database.Database, cast: people.Cast, counting: Counting
) -> None:
    other = await rooms.create(db, cast.bob, "Other")
    with counting() as queries:
        heads = await events.heads(db, [cast.room.id, other.id, 999])
    assert heads == {cast.room.id: cast.room.seq, other.id: 1}
    assert len(queries) == 1
    assert await events.heads(db, []) == {}


async def test_thousands_of_heads_are_asked_for_at_once(db: database.Database) -> None:
    assert await events.heads(db, range(1, 6_000)) == {}


async def test_what_came_after_comes_in_order_with_its_message_in_one_query(
    db: database.Database, cast: people.Cast, counting: Counting
) -> None:
    posted = await messages.post(db, cast.room, cast.bob, messages.Draft("hi"))
    await settings.rename(db, cast.room, cast.alice, "Other")
    with counting() as queries:
        found = await events.after(db, cast.room.id, 0)
    assert len(queries) == 1
    assert [event.kind for event in found] == ["created", "joined", "posted", "titled"]
    assert [event.seq for event in found] == [1, 2, 3, 4]
    assert [event.message for event in found] == [None, None, posted.message, None]
    assert {event.room_id for event in found} == {cast.room.id}
    assert [e.seq for e in await events.after(db, cast.room.id, 1, limit=2)] == [2, 3]


@pytest.mark.parametrize("seq", [5, 2**63, 10**40])
async def test_nothing_comes_after_the_end(
    db: database.Database, cast: people.Cast, seq: int
) -> None:
    assert await events.after(db, cast.room.id, seq) == []


async def test_a_tag_tells_one_log_from_another(db: database.Database, cast: people.Cast) -> None:
    head = await events.head(db, cast.room.id)
    assert head is not None
    for before in (head.seq - 1, -(10**40)):
        assert (await events.after(db, cast.room.id, before))[-1].tag == head.tag


def test_tags_are_six_letters_and_hardly_ever_the_same() -> None:
    tags = {log.new_tag() for _ in range(2_000)}
    assert len(tags) > 1_990
    assert all(len(tag) == 6 and tag.isalnum() for tag in tags)


async def test_an_event_shows_its_message_as_it_is_now_or_not_at_all(
    db: database.Database, cast: people.Cast
) -> None:
    await messages.post(db, cast.room, cast.bob, messages.Draft("erase me"))
    await settings.delete(db, cast.room, cast.alice)
    found = await events.after(db, cast.room.id, cast.room.seq)
    assert [(event.kind, event.message) for event in found] == [("posted", None), ("deleted", None)]


async def test_old_events_are_forgotten_but_never_the_newest_of_a_room(
    db: database.Database,
) -> None:
    ada = await people.person(db, "ada")
    quiet = await rooms.create(db, ada, "Quiet", now=NOON)
    busy = await rooms.create(db, ada, "Busy", now=NOON)
    for day in (1, 8, 9):
        draft = messages.Draft(f"day {day}")
        await messages.post(db, busy, ada, draft, now=NOON + day * clock.DAY)
    assert await events.trim(db, NOON + 8 * clock.DAY) == 2
    assert [event.seq for event in await events.after(db, busy.id, 0)] == [3, 4]
    assert [event.seq for event in await events.after(db, quiet.id, 0)] == [1]
    assert await events.head(db, quiet.id) is not None
    assert len(await history.after(db, busy.id, 0)) == 3
    assert await events.trim(db, NOON + 8 * clock.DAY) == 0


async def test_a_failed_change_leaves_no_hole(db: database.Database, cast: people.Cast) -> None:
    async def fail() -> None:
        async with db.transaction() as conn:
            assert await events.advance(conn, cast.room.id, "topic", now=NOON)
            raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        await fail()
    changed = await settings.set_topic(db, cast.room, cast.alice, "Next")
    assert changed.seq == cast.room.seq + 1
    found = await events.after(db, cast.room.id, cast.room.seq)
    assert [event.seq for event in found] == [changed.seq]


async def test_a_room_that_is_not_there_has_no_next_place(db: database.Database) -> None:
    async with db.transaction() as conn:
        assert await events.advance(conn, 999, "topic", now=NOON) is None


async def test_every_kind_that_is_written_is_listed(
    db: database.Database, cast: people.Cast
) -> None:
    await settings.set_topic(db, cast.room, cast.alice, "Next")
    kinds = {event.kind for event in await events.after(db, cast.room.id, 0)}
    assert kinds <= log.KINDS
