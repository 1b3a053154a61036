"""Messages are read whole: what they answer as it is now, who reacted, and at the same cost."""

import re
from collections.abc import Sequence

import pytest

from hubbub import database, errors
from hubbub.domain import (
    accounts,
    events,
    history,
    messages,
    pins,
    quotes,
    reactions,
    revisions,
    rooms,
)
from hubbub.domain.messages import Draft
from tests import people
from tests.domain import conftest

pytestmark = pytest.mark.anyio

NOON = people.NOON


async def fresh(db: database.Database, cast: people.Cast) -> rooms.Room:
    """The room as it is now."""
    found = await rooms.by_id(db, cast.room.id)
    assert found is not None
    return found


async def post(
    db: database.Database,
    cast: people.Cast,
    body: str,
    reply_to: int | None = None,
    by: accounts.Person | None = None,
) -> messages.Message:
    room, draft = await fresh(db, cast), Draft(body, reply_to=reply_to)
    return (await messages.post(db, room, by or cast.bob, draft, now=NOON)).message


# ----------------------------------------------------------------- answers


@pytest.mark.parametrize("number", [0, -1, 3, 2**53])
async def test_an_answer_to_nothing_is_refused(
    db: database.Database, cast: people.Cast, number: int
) -> None:
    for body in ("one", "two"):
        await post(db, cast, body)
    with pytest.raises(errors.Invalid) as refusal:
        await post(db, cast, "an answer", number)
    assert refusal.value.field == "reply_to"
    assert await conftest.kinds(db, cast.room) == ["posted", "posted"]


async def test_an_answer_quotes_what_it_answers(db: database.Database, cast: people.Cast) -> None:
    await post(db, cast, "the question")
    posted = await post(db, cast, "the answer", 1, cast.alice)
    assert posted.quote is None, "whoever posts is given what is kept, not what is shown"
    found = await history.one(db, cast.room.id, 2)
    assert found.quote == quotes.Quote(1, "Bob", "the question", None)
    [event] = await events.after(db, cast.room.id, cast.room.seq + 1)
    assert event.message == found


async def test_the_quote_is_of_the_same_room(db: database.Database, cast: people.Cast) -> None:
    other = await rooms.create(db, cast.alice, "Other")
    await messages.post(db, other, cast.alice, Draft("a secret elsewhere"))
    await post(db, cast, "the question")
    await post(db, cast, "the answer", 1)
    assert (await history.one(db, cast.room.id, 2)).quote == quotes.Quote(
        1, "Bob", "the question", None
    )


async def test_a_quote_shows_what_its_message_says_now(
    db: database.Database, cast: people.Cast
) -> None:
    await post(db, cast, "first")
    await post(db, cast, "the answer", 1)
    draft = Draft("second")
    await revisions.edit(db, cast.room, cast.bob, 1, draft, window=10, now=NOON + 1)
    assert (await history.one(db, cast.room.id, 2)).quote == quotes.Quote(1, "Bob", "second", None)
    await revisions.erase(db, cast.room, cast.bob, 1, now=NOON + 2)
    assert (await history.one(db, cast.room.id, 2)).quote == quotes.Quote(1, "Bob", "", NOON + 2)


async def test_what_was_deleted_can_still_be_answered(
    db: database.Database, cast: people.Cast
) -> None:
    await post(db, cast, "first")
    await revisions.erase(db, cast.room, cast.bob, 1, now=NOON + 2)
    await post(db, cast, "the answer", 1)
    assert (await history.one(db, cast.room.id, 2)).quote == quotes.Quote(1, "Bob", "", NOON + 2)


async def test_of_a_long_message_only_the_beginning_is_quoted(
    db: database.Database, cast: people.Cast
) -> None:
    await post(db, cast, "ä" * 4_000)
    await post(db, cast, "the answer", 1)
    quote = (await history.one(db, cast.room.id, 2)).quote
    assert quote is not None
    assert quote.body == "ä" * quotes.LENGTH


async def test_an_answer_starts_a_run_of_its_own(db: database.Database, cast: people.Cast) -> None:
    said = [await post(db, cast, "x", reply_to) for reply_to in (None, None, 1, None, 2, 2, None)]
    assert [message.run for message in said] == [-1, 1, 0, 1, 0, 0, 1]


async def test_the_newest_answers_to_a_message_are_found(
    db: database.Database, cast: people.Cast
) -> None:
    for reply_to in (None, None, 1, 2, 1, 1):
        await post(db, cast, "x", reply_to)
    found = await history.answers(db, cast.room.id, 1, 2)
    assert [message.number for message in found] == [6, 5]
    assert await history.answers(db, cast.room.id, 6, 2) == []


# ------------------------------------------------------------------- pages


async def test_a_message_is_the_same_wherever_it_is_read(
    db: database.Database, cast: people.Cast
) -> None:
    for reply_to in (None, 1, 1):
        message = await post(db, cast, "hello @alice", reply_to)
        await reactions.toggle(db, cast.room, cast.alice, message.id, "🎉", now=NOON)
    await reactions.toggle(db, cast.room, cast.bob, message.id, "👍", now=NOON + 1)
    await pins.pin(db, cast.room, cast.alice, 3, now=NOON + 3)
    await revisions.edit(db, cast.room, cast.bob, 3, Draft("bye"), window=10, now=NOON + 4)
    whole, room_id = await history.one(db, cast.room.id, 3), cast.room.id
    assert whole.quote
    assert len(whole.reactions) == 2
    assert (whole.body, whole.edited_at, whole.pinned_at) == ("bye", NOON + 4, NOON + 3)
    head = await events.head(db, room_id)
    assert head is not None
    pages: list[Sequence[messages.Message]] = [
        await history.latest(db, room_id, head.seq),
        await history.before(db, room_id, 4),
        await history.after(db, room_id, 2),
        await history.around(db, room_id, 3),
        await history.answers(db, room_id, 1, 1),
        await history.pinned(db, room_id),
        (await history.of_day(db, await fresh(db, cast), NOON // 86_400_000)).messages,
        [e.message for e in await events.after(db, room_id, 0) if e.message],
    ]
    for page in pages:
        assert [message for message in page if message.number == 3][:1] == [whole]


# Written by one statement: as what `messages.post` writes, some thousand times.
_MANY = """
WITH RECURSIVE n (i) AS (
  SELECT CAST(:first AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < :last
)
INSERT INTO messages (room_id, number, seq, author_id, body, run, posted_at, reply_to, reactions)
SELECT r.id, i, i, CAST(:author_id AS BIGINT), 'message', 0, r.created_at,
  CASE WHEN i > 1 AND i % 3 = 0 THEN i - 1 END, CASE WHEN i % 2 = 0 THEN 1 ELSE 0 END
FROM n JOIN rooms r ON r.id = :room_id
"""
_REACTED = (
    "INSERT INTO reactions (message_id, emoji, person_id, at)"
    " SELECT id, CAST(:emoji AS TEXT), author_id, posted_at FROM messages WHERE reactions > 0"
    " ON CONFLICT DO NOTHING"
)


async def fill(db: database.Database, cast: people.Cast, first: int, last: int) -> None:
    """Messages, every third of them an answer, every second with a reaction."""
    given = {"room_id": cast.room.id, "author_id": cast.bob.id}
    await db.run(_MANY, {**given, "first": first, "last": last})
    await db.run(_REACTED, {"emoji": "🎉"})
    await db.run("UPDATE rooms SET seq = :last, last_number = :last", {"last": last})


async def test_a_page_costs_the_same_in_a_large_room_as_in_a_small_one(
    db: database.Database, cast: people.Cast, counting: conftest.Counting
) -> None:
    async def costs(last: int) -> dict[str, list[str]]:
        room_id, seen = cast.room.id, {}
        for name, reading in {
            "latest": lambda: history.latest(db, room_id, last),
            "before": lambda: history.before(db, room_id, last - 5),
            "after": lambda: history.after(db, room_id, 5),
            "around": lambda: history.around(db, room_id, last // 2),
        }.items():
            with counting() as queries:
                found = await reading()
            assert len(found) == history.PAGE
            assert any(message.quote for message in found)
            assert any(message.reactions for message in found)
            seen[name] = [re.sub(r"IN \(.*?\)", "IN (…)", query) for query in queries]
        return seen

    await fill(db, cast, 1, 60)
    small = await costs(60)
    assert {len(queries) for queries in small.values()} == {2}
    await fill(db, cast, 61, 5_000)
    assert await costs(5_000) == small


async def test_a_page_without_reactions_does_not_ask_for_them(
    db: database.Database, cast: people.Cast, counting: conftest.Counting
) -> None:
    await post(db, cast, "hello")
    with counting() as queries:
        await history.after(db, cast.room.id, 0)
    assert len(queries) == 1
