"""Messages that are not kept any more, where that is decided."""

from __future__ import annotations

import io
import pathlib

import pytest

from hubbub import database, storage
from hubbub.domain import (
    clock,
    drafts,
    expiry,
    history,
    memberships,
    messages,
    reactions,
    retention,
    rooms,
    search,
    uploads,
)
from tests import people

pytestmark = pytest.mark.anyio

NOW = people.NOON
OLD = NOW - 40 * clock.DAY


@pytest.fixture
def files(tmp_path: pathlib.Path) -> storage.Store:
    return storage.Store(tmp_path / "files")


async def say(db: database.Database, cast: people.Cast, text: str, at: int) -> None:
    await messages.post(db, cast.room, cast.bob, drafts.Draft(text), now=at)


async def numbers(db: database.Database, cast: people.Cast) -> list[int]:
    return [message.number for message in await history.after(db, cast.room.id, 0, 1000)]


async def test_messages_are_kept_for_ever_unless_it_is_decided(
    db: database.Database, cast: people.Cast, files: storage.Store
) -> None:
    await say(db, cast, "old", OLD)
    await retention.enforce(db, files, now=NOW)
    assert await numbers(db, cast) == [1]
    await retention.enforce(db, files, keep_days=30, now=NOW)
    assert await numbers(db, cast) == []


async def test_what_is_older_goes_in_batches_and_numbers_go_on(
    db: database.Database,
    cast: people.Cast,
    files: storage.Store,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(expiry, "AT_ONCE", 3)
    for _ in range(7):
        await say(db, cast, "old", OLD)
    for _ in range(2):
        await say(db, cast, "new", NOW)
    assert await expiry.expire(db, files, NOW - clock.DAY) == 7
    assert await numbers(db, cast) == [8, 9]
    assert await expiry.expire(db, files, NOW - clock.DAY) == 0
    room = await rooms.by_id(db, cast.room.id)
    assert room is not None
    assert (room.first_number, room.last_number) == (8, 9)
    await say(db, cast, "newer", NOW)
    assert await numbers(db, cast) == [8, 9, 10]


async def test_what_stays_has_no_holes_where_a_clock_was_set_back(
    db: database.Database, cast: people.Cast, files: storage.Store
) -> None:
    for at in (OLD, NOW, OLD, NOW):
        await say(db, cast, "text", at)
    await expiry.expire(db, files, NOW - clock.DAY)
    assert await numbers(db, cast) == [2, 3, 4], "the third waits for the second"


async def test_files_reactions_mentions_and_words_go_with_it(
    db: database.Database, cast: people.Cast, files: storage.Store
) -> None:
    allowance = uploads.Allowance(1, 10)
    kept = await uploads.accept(
        db, files, cast.room, cast.bob, io.BytesIO(b"text"), "a.txt", allowance
    )
    draft = drafts.Draft("seashell @Alice", attachments=(kept.public_id,))
    await messages.post(db, cast.room, cast.bob, draft, now=OLD)
    await reactions.toggle(db, cast.room, cast.alice, 1, "👍")
    assert await files.has(kept.digest)
    await expiry.expire(db, files, NOW)
    for table in ("messages", "attachments", "reactions", "mentions"):
        assert await db.value(f"SELECT COUNT(*) FROM {table}") == 0, table
    assert not await files.has(kept.digest)
    assert (await search.find(db, cast.alice, search.Query("seashell"))).hits == ()


async def test_an_answer_to_what_is_gone_says_so(
    db: database.Database, cast: people.Cast, files: storage.Store
) -> None:
    await say(db, cast, "a question", OLD)
    room = await rooms.by_id(db, cast.room.id)
    assert room is not None
    await messages.post(db, room, cast.alice, drafts.Draft("an answer", reply_to=1), now=NOW)
    await expiry.expire(db, files, NOW - clock.DAY)
    [answer] = await history.after(db, cast.room.id, 0)
    assert answer.quote is not None
    assert answer.quote.deleted_at
    assert answer.quote.body == ""


async def test_days_are_found_where_the_beginning_is_gone(
    db: database.Database, cast: people.Cast, files: storage.Store
) -> None:
    for at in (OLD, OLD, OLD + clock.DAY, NOW - 2 * clock.DAY, NOW, NOW):
        await say(db, cast, "text", at)
    await expiry.expire(db, files, NOW - 3 * clock.DAY)
    room = await rooms.by_id(db, cast.room.id)
    assert room is not None
    day = await history.of_day(db, room, NOW // clock.DAY)
    assert [message.number for message in day.messages] == [5, 6]
    assert day.earlier == NOW // clock.DAY - 2
    earliest = await history.of_day(db, room, OLD // clock.DAY)
    assert earliest.messages == ()


async def test_what_is_gone_is_not_unread_any_more(
    db: database.Database, cast: people.Cast, files: storage.Store
) -> None:
    for at in (OLD, OLD, NOW):
        await say(db, cast, "text", at)
    before = await memberships.find(db, cast.room.id, cast.alice.id)
    assert before is not None
    assert before.read_number == 0
    await expiry.expire(db, files, NOW - clock.DAY)
    after = await memberships.find(db, cast.room.id, cast.alice.id)
    assert after is not None
    assert after.read_number == 2
