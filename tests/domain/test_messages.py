"""A message is accepted once, has one place in its room, and is read back as it was said."""

import asyncio
import contextlib
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub import database, errors
from hubbub.domain import (
    accounts,
    clock,
    events,
    history,
    memberships,
    messages,
    rooms,
    runs,
    settings,
)
from hubbub.domain.messages import Draft, Message
from tests import people
from tests.domain.conftest import Counting

pytestmark = pytest.mark.anyio

NOON = people.NOON
CID = "6f1c0e5e-9a1f-4f37-8a49-0d4ab6f0a001"


async def bodies(db: database.Database, room: rooms.Room) -> list[str]:
    return [message.body for message in await history.after(db, room.id, 0)]


async def assert_whole(db: database.Database, room: rooms.Room) -> list[Message]:
    """Numbers and places in the log have no holes, and each message has its one event."""
    stored = await history.after(db, room.id, 0, limit=1_000)
    assert [message.number for message in stored] == list(range(1, len(stored) + 1))
    log = await events.after(db, room.id, 0, limit=1_000)
    assert [event.seq for event in log] == list(range(1, len(log) + 1))
    assert [event.message for event in log if event.kind == "posted"] == stored
    assert all(m.seq == e.seq for e in log if (m := e.message) is not None)
    return stored


# ------------------------------------------------------------------ drafts


@pytest.mark.parametrize("body", ["", "   ", "\n\t\n", "\u200b", "\u3164\u2800", "\u00ad"])
def test_what_shows_nothing_is_not_a_message(body: str) -> None:
    with pytest.raises(errors.Invalid) as refusal:
        Draft(body)
    assert refusal.value.field == "body"


def test_a_body_has_up_to_4000_code_points_and_16_kib() -> None:
    assert len(Draft("x" * 4_000).body) == 4_000
    assert len(Draft("\U0001f389" * 4_000).body) == 4_000
    with pytest.raises(errors.Invalid):
        Draft("x" * 4_001)


@pytest.mark.parametrize("body", ["a\0b", "\ud83d"])
def test_a_body_that_cannot_be_read_is_malformed(body: str) -> None:
    with pytest.raises(errors.Malformed):
        Draft(body)


@given(st.text(max_size=300))
def test_a_draft_is_clean_or_not_there_and_cleaning_again_changes_nothing(text: str) -> None:
    try:
        draft = Draft(text)
    except errors.Invalid:
        return
    assert Draft(draft.body) == draft
    assert "\0" not in draft.body
    assert draft.body.strip()


@pytest.mark.parametrize("cid", [None, "", CID, CID.upper(), CID.replace("-", "")])
def test_a_cid_is_a_uuid_in_any_spelling_or_left_out(cid: str | None) -> None:
    assert Draft("hi", cid).cid in {None, CID}


@pytest.mark.parametrize("cid", ["1", "x" * 36, "\0", "\ud800", "9" * 10_000, 7])
def test_any_other_cid_is_refused(cid: str) -> None:
    with pytest.raises(errors.Invalid) as refusal:
        Draft("hi", cid)
    assert refusal.value.field == "cid"


# ----------------------------------------------------------------- posting


async def test_a_message_gets_the_next_number_and_the_next_place(
    db: database.Database, cast: people.Cast
) -> None:
    posted = await messages.post(db, cast.room, cast.bob, Draft("Hello, you", CID), now=NOON)
    assert posted.created
    assert (posted.number, posted.seq) == (1, cast.room.seq + 1)
    assert posted.message == Message(
        posted.message.id,
        cast.room.id,
        1,
        cast.room.seq + 1,
        "Bob",
        "Bob",
        None,
        "Hello, you",
        runs.OPENS_DAY,
        NOON,
        CID,
    )
    [event] = await events.after(db, cast.room.id, cast.room.seq)
    assert (event.kind, event.person_id, event.at) == ("posted", cast.bob.id, NOON)
    assert (event.message, event.tag) == (posted.message, posted.tag)
    await assert_whole(db, cast.room)


async def test_posting_takes_three_statements(
    db: database.Database, cast: people.Cast, counting: Counting
) -> None:
    with counting() as queries:
        await messages.post(db, cast.room, cast.bob, Draft("hi", CID))
    assert len(queries) == 3
    assert queries[0].strip().startswith("UPDATE rooms SET seq = seq + 1")


async def test_who_is_not_in_the_room_posts_nothing(
    db: database.Database, cast: people.Cast
) -> None:
    with pytest.raises(errors.Forbidden, match="not a member"):
        await messages.post(db, cast.room, cast.charlie, Draft("hi"))
    await memberships.join(db, cast.room, cast.charlie)
    await messages.post(db, cast.room, cast.charlie, Draft("hi"))
    await assert_whole(db, cast.room)


async def test_a_private_room_is_not_there_to_be_posted_to(db: database.Database) -> None:
    cast = await people.cast(db, "invited")
    with pytest.raises(errors.NotFound):
        await messages.post(db, cast.room, cast.charlie, Draft("hi"))
    assert (await messages.post(db, cast.room, cast.bob, Draft("hi"))).number == 1


# ------------------------------------------------------------- idempotency


async def test_the_same_again_answers_with_the_first_result(
    db: database.Database, cast: people.Cast
) -> None:
    first = await messages.post(db, cast.room, cast.bob, Draft("hi", CID))
    await messages.post(db, cast.room, cast.alice, Draft("something between"))
    again = await messages.post(db, cast.room, cast.bob, Draft("hi", CID))
    assert not again.created
    assert (again.message, again.tag) == (first.message, first.tag)
    assert len(await assert_whole(db, cast.room)) == 2


async def test_the_same_twenty_times_at_once_is_one_message(
    db: database.Database, cast: people.Cast
) -> None:
    posted = await asyncio.gather(
        *(messages.post(db, cast.room, cast.bob, Draft("hi", CID)) for _ in range(20))
    )
    assert sum(result.created for result in posted) == 1
    assert len({result.message for result in posted}) == 1
    assert len(await assert_whole(db, cast.room)) == 1


async def test_another_body_under_the_same_cid_is_another_message(
    db: database.Database, cast: people.Cast
) -> None:
    for body in ("hi", "hi!", "hi"):
        await messages.post(db, cast.room, cast.bob, Draft(body, CID))
    assert await bodies(db, cast.room) == ["hi", "hi!"]


async def test_a_cid_is_its_authors_and_its_rooms_own(
    db: database.Database, cast: people.Cast
) -> None:
    other = await rooms.create(db, cast.bob, "Other")
    posted = [
        await messages.post(db, cast.room, cast.bob, Draft("hi", CID)),
        await messages.post(db, cast.room, cast.alice, Draft("hi", CID)),
        await messages.post(db, other, cast.bob, Draft("hi", CID)),
    ]
    assert [result.created for result in posted] == [True] * 3
    assert [result.number for result in posted] == [1, 2, 1]


async def test_without_a_cid_every_send_is_a_message(
    db: database.Database, cast: people.Cast
) -> None:
    for _ in range(3):
        assert (await messages.post(db, cast.room, cast.bob, Draft("hi"))).created
    assert await bodies(db, cast.room) == ["hi"] * 3


async def test_what_was_accepted_stays_accepted_when_the_room_is_archived_or_left(
    db: database.Database, cast: people.Cast
) -> None:
    first = await messages.post(db, cast.room, cast.bob, Draft("hi", CID))
    await settings.archive(db, cast.room, cast.alice)
    await memberships.leave(db, cast.room, cast.bob)
    again = await messages.post(db, cast.room, cast.bob, Draft("hi", CID))
    assert (again.number, again.created) == (first.number, False)
    with pytest.raises(errors.Forbidden):
        await messages.post(db, cast.room, cast.bob, Draft("more", CID))


async def test_the_first_result_is_answered_even_when_its_event_is_forgotten(
    db: database.Database, cast: people.Cast
) -> None:
    await messages.post(db, cast.room, cast.bob, Draft("hi", CID), now=NOON)
    await messages.post(db, cast.room, cast.bob, Draft("more"), now=NOON + clock.DAY)
    await events.trim(db, NOON + clock.DAY)
    again = await messages.post(db, cast.room, cast.bob, Draft("hi", CID))
    assert (again.number, again.tag, again.created) == (1, "", False)


# ------------------------------------------------------------------- races


async def test_sends_at_once_get_numbers_without_holes_in_two_rooms(
    db: database.Database, cast: people.Cast
) -> None:
    other = await rooms.create(db, cast.alice, "Other")
    await memberships.join(db, other, cast.bob)
    sends = [
        messages.post(db, room, author, Draft(f"{author.name} {number}"))
        for number in range(12)
        for room in (cast.room, other)
        for author in (cast.alice, cast.bob)
    ]
    posted = await asyncio.gather(*sends)
    assert len({(result.message.room_id, result.number) for result in posted}) == 48
    for room in (cast.room, other):
        assert len(await assert_whole(db, room)) == 24


async def test_no_message_lands_after_its_authors_removal(
    db: database.Database, cast: people.Cast
) -> None:
    async def send(number: int) -> None:
        with contextlib.suppress(errors.Forbidden):
            await messages.post(db, cast.room, cast.bob, Draft(str(number), str(uuid.uuid4())))

    await asyncio.gather(
        *map(send, range(8)),
        memberships.remove(db, cast.room, cast.alice, cast.bob),
        *map(send, range(8, 16)),
    )
    log = await events.after(db, cast.room.id, cast.room.seq)
    assert log[-1].kind == "removed"
    assert await bodies(db, cast.room) == [e.message.body for e in log if e.message]
    with pytest.raises(errors.Forbidden):
        await messages.post(db, cast.room, cast.bob, Draft("after the removal"))
    await assert_whole(db, cast.room)


async def test_no_message_lands_after_the_room_was_archived(
    db: database.Database, cast: people.Cast
) -> None:
    async def send(author: accounts.Person) -> None:
        with contextlib.suppress(errors.Forbidden):
            await messages.post(db, cast.room, author, Draft("hi"))

    await asyncio.gather(
        *(send(author) for author in (cast.alice, cast.bob) * 3),
        settings.archive(db, cast.room, cast.alice),
        *(send(author) for author in (cast.alice, cast.bob) * 3),
    )
    log = await events.after(db, cast.room.id, cast.room.seq)
    assert log[-1].kind == "archived"
    await assert_whole(db, cast.room)


async def test_a_cancelled_send_is_there_as_a_whole_or_not_at_all(
    db: database.Database, cast: people.Cast
) -> None:
    for turns in range(12):
        task = asyncio.ensure_future(messages.post(db, cast.room, cast.bob, Draft(str(turns))))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    await messages.post(db, cast.room, cast.bob, Draft("the fence"))
    stored = await assert_whole(db, cast.room)
    assert stored[-1].body == "the fence"


# -------------------------------------------------------------------- runs


async def runs_of(
    db: database.Database, cast: people.Cast, *said: tuple[accounts.Person, int]
) -> list[int]:
    posted = [
        await messages.post(db, cast.room, author, Draft("hi"), now=NOON + after)
        for author, after in said
    ]
    return [result.message.run for result in posted]


async def test_messages_of_one_author_within_five_minutes_are_a_run(
    db: database.Database, cast: people.Cast
) -> None:
    bob, pause = cast.bob, 5 * clock.MINUTE
    assert await runs_of(db, cast, (bob, 0), (bob, 1), (bob, 1 + pause)) == [-1, 1, 2]


async def test_a_longer_pause_starts_another_run(db: database.Database, cast: people.Cast) -> None:
    bob = cast.bob
    assert await runs_of(db, cast, (bob, 0), (bob, 5 * clock.MINUTE + 1)) == [-1, 0]


async def test_another_author_starts_another_run(db: database.Database, cast: people.Cast) -> None:
    alice, bob = cast.alice, cast.bob
    assert await runs_of(db, cast, (bob, 0), (alice, 1), (alice, 2), (bob, 3)) == [-1, 0, 1, 0]


async def test_a_run_has_at_most_seven_messages(db: database.Database, cast: people.Cast) -> None:
    said = [(cast.bob, number) for number in range(16)]
    assert await runs_of(db, cast, *said) == [-1, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 4, 5, 6, 0, 1]


async def test_the_first_message_of_a_utc_day_opens_it(
    db: database.Database, cast: people.Cast
) -> None:
    midnight = 12 * clock.HOUR
    said = [(cast.bob, 0), (cast.bob, midnight - 1), (cast.bob, midnight), (cast.bob, midnight + 1)]
    assert await runs_of(db, cast, *said) == [-1, 0, -1, 1]


async def test_a_clock_that_jumps_keeps_the_order_and_starts_another_run(
    db: database.Database, cast: people.Cast
) -> None:
    said = [(cast.bob, 0), (cast.bob, -1), (cast.bob, clock.DAY), (cast.bob, 0)]
    assert await runs_of(db, cast, *said) == [-1, 0, -1, -1]
    await assert_whole(db, cast.room)


# ----------------------------------------------------------------- reading


@pytest.fixture
async def talk(db: database.Database, cast: people.Cast) -> rooms.Room:
    """A room with 30 messages."""
    for number in range(1, 31):
        await messages.post(db, cast.room, cast.bob, Draft(f"message {number}"))
    return cast.room


def numbers(found: list[Message]) -> list[int]:
    return [message.number for message in found]


async def test_the_latest_are_those_up_to_a_place_in_the_log(
    db: database.Database, talk: rooms.Room
) -> None:
    assert numbers(await history.latest(db, talk.id, talk.seq + 30, 5)) == [26, 27, 28, 29, 30]
    assert numbers(await history.latest(db, talk.id, talk.seq + 3, 5)) == [1, 2, 3]
    assert numbers(await history.latest(db, talk.id, talk.seq)) == []


async def test_history_is_paged_both_ways_by_number(
    db: database.Database, talk: rooms.Room
) -> None:
    assert numbers(await history.before(db, talk.id, 10, 3)) == [7, 8, 9]
    assert numbers(await history.before(db, talk.id, 2, 3)) == [1]
    assert numbers(await history.before(db, talk.id, 1)) == []
    assert numbers(await history.after(db, talk.id, 10, 3)) == [11, 12, 13]
    assert numbers(await history.after(db, talk.id, 29, 3)) == [30]
    assert numbers(await history.after(db, talk.id, 30)) == []


async def test_a_message_is_shown_among_its_neighbours(
    db: database.Database, talk: rooms.Room
) -> None:
    assert numbers(await history.around(db, talk.id, 15, 6)) == [13, 14, 15, 16, 17, 18]
    assert numbers(await history.around(db, talk.id, 1, 6)) == [1, 2, 3, 4]
    assert numbers(await history.around(db, talk.id, 30, 6)) == [28, 29, 30]


@pytest.mark.parametrize("number", [0, -1, 31, 2**53, 2**63, 10**30, -(10**30)])
async def test_a_number_no_message_has_is_not_found_or_an_empty_page(
    db: database.Database, talk: rooms.Room, number: int
) -> None:
    with pytest.raises(errors.NotFound):
        await history.around(db, talk.id, number)
    assert (await history.before(db, talk.id, number, 1) == []) == (number < 1)
    assert (await history.after(db, talk.id, number, 1) == []) == (number > 0)


async def test_each_page_takes_one_query(
    db: database.Database, talk: rooms.Room, counting: Counting
) -> None:
    for page in (history.latest, history.before, history.after, history.around):
        with counting() as queries:
            await page(db, talk.id, 12)
        assert len(queries) == 1


async def test_one_room_shows_nothing_of_another(
    db: database.Database, cast: people.Cast, talk: rooms.Room
) -> None:
    other = await rooms.create(db, cast.bob, "Other")
    await messages.post(db, other, cast.bob, Draft("elsewhere"))
    assert await bodies(db, other) == ["elsewhere"]
    assert "elsewhere" not in await bodies(db, talk)


@pytest.mark.parametrize(
    "body", ["<script>alert(1)</script>", "100% :sure :name", "a\nb\tc", "日本語 🎉", "'; DROP--"]
)
async def test_what_was_said_is_read_back_as_it_was(
    db: database.Database, cast: people.Cast, body: str
) -> None:
    await messages.post(db, cast.room, cast.bob, Draft(body, CID))
    assert await bodies(db, cast.room) == [body]
