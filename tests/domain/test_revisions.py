"""One changes one's own message for a while, and takes it back for ever; its place stays."""

import contextlib
import pathlib
import sqlite3

import pytest

from hubbub import database, errors
from hubbub.domain import (
    accounts,
    clock,
    events,
    history,
    memberships,
    messages,
    pins,
    quotes,
    reactions,
    revisions,
    rooms,
    settings,
)
from hubbub.domain.messages import Draft
from tests import contents, people
from tests.domain import conftest

pytestmark = pytest.mark.anyio

NOON = people.NOON
CID = "6f1c0e5e-9a1f-4f37-8a49-0d4ab6f0a001"
WINDOW = 24 * clock.HOUR
SECRET = "quixotic-zygomorph-7193"


async def said(
    db: database.Database, cast: people.Cast, body: str = "first", cid: str | None = CID
) -> messages.Message:
    """What Bob said at noon."""
    return (await messages.post(db, cast.room, cast.bob, Draft(body, cid), now=NOON)).message


async def fresh(db: database.Database, cast: people.Cast) -> rooms.Room:
    """The room as it is now."""
    found = await rooms.by_id(db, cast.room.id)
    assert found is not None
    return found


async def edit(
    db: database.Database,
    cast: people.Cast,
    number: int,
    body: str = "second",
    by: accounts.Person | None = None,
    window: int = WINDOW,
    after: int = 1,
) -> bool:
    who = by or cast.bob
    draft = Draft(body)
    return await revisions.edit(db, cast.room, who, number, draft, window=window, now=NOON + after)


# ----------------------------------------------------------------- editing


async def test_an_edited_message_says_something_else_in_the_same_place(
    db: database.Database, cast: people.Cast
) -> None:
    before = await said(db, cast)
    assert await edit(db, cast, before.number, after=5)
    after = await history.one(db, cast.room.id, before.number)
    assert (after.body, after.edited_at, after.deleted_at) == ("second", NOON + 5, None)
    assert (after.number, after.seq, after.run, after.posted_at, after.cid) == (
        before.number,
        before.seq,
        before.run,
        NOON,
        CID,
    )
    assert await conftest.kinds(db, cast.room) == ["posted", "edited"]
    [_, event] = await events.after(db, cast.room.id, cast.room.seq)
    assert (event.person_id, event.message, event.at) == (cast.bob.id, after, NOON + 5)


@pytest.mark.parametrize(("after", "may"), [(-1, True), (0, True), (9, True), (10, False)])
async def test_the_window_ends_to_the_millisecond(
    db: database.Database, cast: people.Cast, after: int, may: bool
) -> None:
    message = await said(db, cast)
    assert revisions.can_edit(cast.bob, message, 10, now=NOON + after) == may
    if may:
        assert await edit(db, cast, message.number, window=10, after=after)
    else:
        with pytest.raises(errors.Forbidden, match="too old"):
            await edit(db, cast, message.number, window=10, after=after)
        assert (await history.one(db, cast.room.id, message.number)).body == "first"
    assert await conftest.kinds(db, cast.room) == ["posted", *["edited"] * may]


async def test_with_a_window_of_no_hours_nothing_is_edited_and_all_can_be_erased(
    db: database.Database, cast: people.Cast
) -> None:
    message = await said(db, cast)
    for after in (0, 1, clock.HOUR):
        assert not revisions.can_edit(cast.bob, message, 0, now=NOON + after)
        with pytest.raises(errors.Forbidden):
            await edit(db, cast, message.number, window=0, after=after)
    assert await conftest.kinds(db, cast.room) == ["posted"]
    await revisions.erase(db, cast.room, cast.bob, message.number, now=NOON + clock.DAY)


async def test_nobody_changes_what_another_said_not_even_the_owner(
    db: database.Database, cast: people.Cast
) -> None:
    message = await said(db, cast)
    admin = await people.person(db, "root", is_admin=True)
    for other in (cast.alice, cast.charlie, admin):
        assert not revisions.can_edit(other, message, WINDOW, now=NOON)
        assert not revisions.can_erase(other, message)
        with pytest.raises(errors.Forbidden, match="Only who wrote it"):
            await edit(db, cast, message.number, by=other)
        with pytest.raises(errors.Forbidden, match="Only who wrote it"):
            await revisions.erase(db, cast.room, other, message.number)
    assert await history.one(db, cast.room.id, message.number) == message
    assert await conftest.kinds(db, cast.room) == ["posted"]


async def test_an_archived_room_is_not_changed_but_what_one_wrote_can_be_taken_back(
    db: database.Database, cast: people.Cast
) -> None:
    message = await said(db, cast)
    await settings.archive(db, cast.room, cast.alice)
    with pytest.raises(errors.Forbidden, match="archived"):
        await edit(db, cast, message.number)
    await revisions.erase(db, cast.room, cast.bob, message.number)
    assert await conftest.kinds(db, cast.room) == ["posted", "archived", "erased"]


async def test_who_was_removed_changes_nothing_any_more(
    db: database.Database, cast: people.Cast
) -> None:
    message = await said(db, cast)
    await memberships.remove(db, cast.room, cast.alice, cast.bob)
    with pytest.raises(errors.Forbidden, match="not a member"):
        await edit(db, cast, message.number)
    with pytest.raises(errors.Forbidden, match="not a member"):
        await revisions.erase(db, cast.room, cast.bob, message.number)
    assert await conftest.kinds(db, cast.room) == ["posted", "removed"]
    await people.bring(db, cast.room, cast.alice, cast.bob)
    assert await edit(db, cast, message.number)


async def test_saying_the_same_again_is_no_event(db: database.Database, cast: people.Cast) -> None:
    message = await said(db, cast)
    assert not await edit(db, cast, message.number, "first")
    assert (await history.one(db, cast.room.id, message.number)).edited_at is None
    assert await conftest.kinds(db, cast.room) == ["posted"]


@pytest.mark.parametrize("number", [0, 2, -1, 2**53])
async def test_what_is_not_there_is_not_changed(
    db: database.Database, cast: people.Cast, number: int
) -> None:
    await said(db, cast)
    with pytest.raises(errors.NotFound):
        await edit(db, cast, number)
    with pytest.raises(errors.NotFound):
        await revisions.erase(db, cast.room, cast.bob, number)
    assert await conftest.kinds(db, cast.room) == ["posted"]


async def test_what_was_deleted_is_neither_edited_nor_deleted_again(
    db: database.Database, cast: people.Cast
) -> None:
    message = await said(db, cast)
    await revisions.erase(db, cast.room, cast.bob, message.number)
    gone = await history.one(db, cast.room.id, message.number)
    assert not revisions.can_edit(cast.bob, gone, WINDOW, now=NOON)
    assert not revisions.can_erase(cast.bob, gone)
    with pytest.raises(errors.NotFound):
        await edit(db, cast, message.number)
    with pytest.raises(errors.NotFound):
        await revisions.erase(db, cast.room, cast.bob, message.number)
    assert await conftest.kinds(db, cast.room) == ["posted", "erased"]


# ------------------------------------------------------------- idempotency


async def test_a_retry_finds_its_message_after_an_edit(
    db: database.Database, cast: people.Cast
) -> None:
    message = await said(db, cast)
    await edit(db, cast, message.number)
    again = await messages.post(db, cast.room, cast.bob, Draft("first", CID))
    assert (again.created, again.number, again.message.body) == (False, 1, "second")
    assert await conftest.kinds(db, cast.room) == ["posted", "edited"]


async def test_a_retry_finds_the_tombstone_after_an_erasure(
    db: database.Database, cast: people.Cast
) -> None:
    message = await said(db, cast)
    await revisions.erase(db, cast.room, cast.bob, message.number, now=NOON + 1)
    again = await messages.post(db, cast.room, cast.bob, Draft("first", CID))
    assert (again.created, again.number, again.seq) == (False, message.number, message.seq)
    assert (again.message.body, again.message.deleted_at) == ("", NOON + 1)
    assert await conftest.kinds(db, cast.room) == ["posted", "erased"]


async def test_the_cid_of_an_erased_message_is_its_authors_and_its_rooms_own(
    db: database.Database, cast: people.Cast
) -> None:
    message = await said(db, cast)
    await revisions.erase(db, cast.room, cast.bob, message.number)
    other = await messages.post(db, cast.room, cast.alice, Draft("first", CID))
    assert (other.created, other.number) == (True, 2)


# ----------------------------------------------------------------- erasing


async def test_what_is_erased_is_gone_from_every_table(
    db: database.Database, cast: people.Cast
) -> None:
    body = f"{SECRET} @alice @room"
    message = await said(db, cast, body)
    await reactions.toggle(db, cast.room, cast.alice, message.id, "🎉")
    await pins.pin(db, cast.room, cast.alice, message.number)
    digest = Draft(body).digest
    before = await contents.of(db)
    assert SECRET in before, "the test can fail"
    assert digest in before
    assert "zygomorph" in before.replace(SECRET, ""), "search knows its words"
    await revisions.erase(db, cast.room, cast.bob, message.number, now=NOON + 1)
    after = await contents.of(db)
    for trace in (SECRET, "zygomorph", "quixotic", digest, "🎉"):
        assert trace not in after
    for name in ("mentions", "reactions"):
        assert await db.value(f"SELECT count(*) FROM {name}") == 0
    gone = await history.one(db, cast.room.id, message.number)
    assert (gone.body, gone.mentions, gone.reactions, gone.quote) == ("", "", (), None)
    assert (gone.deleted_at, gone.edited_at, gone.pinned_at) == (NOON + 1, None, None)


async def test_an_edit_leaves_nothing_of_the_former_text_in_any_table(
    db: database.Database, cast: people.Cast
) -> None:
    message = await said(db, cast, SECRET)
    await edit(db, cast, message.number)
    after = await contents.of(db)
    for trace in (SECRET, "zygomorph", "quixotic"):
        assert trace not in after


def content_of(sqlite_url: str) -> bytes:
    """The bytes of a database nobody has open."""
    path = pathlib.Path(sqlite_url.removeprefix("sqlite:///"))
    with contextlib.closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.read_bytes()


async def test_what_is_erased_is_gone_from_the_file(sqlite_url: str, anyio_backend: str) -> None:
    """Not only from the rows: what was erased is overwritten. (Single words, without their order,
    leave the index with `matching.tidy`.)"""
    db = database.Database(sqlite_url)
    await db.connect()
    try:
        cast = await people.cast(db)
        # Long, so that it lies in pages of its own, and one that stays.
        for text in (SECRET, f"{SECRET} " * 150, "something that stays"):
            await messages.post(db, cast.room, cast.bob, Draft(text))
        await edit(db, cast, 1, "second", after=0)
        await revisions.erase(db, cast.room, cast.bob, 2)
        await messages.post(db, cast.room, cast.alice, Draft("something afterwards"))
    finally:
        await db.disconnect()
    content = content_of(sqlite_url)
    assert b"something that stays" in content, "the test can fail"
    assert SECRET.encode() not in content


async def test_an_erased_message_keeps_its_number_and_its_answers(
    db: database.Database, cast: people.Cast
) -> None:
    message = await said(db, cast)
    answer = Draft("an answer", reply_to=message.number)
    await messages.post(db, await fresh(db, cast), cast.alice, answer, now=NOON)
    await revisions.erase(db, cast.room, cast.bob, message.number, now=NOON + 1)
    gone, answer_now = await history.after(db, cast.room.id, 0)
    assert (gone.number, gone.seq, gone.run) == (message.number, message.seq, message.run)
    assert (gone.author_username, gone.posted_at) == ("Bob", NOON)
    assert answer_now.body == "an answer"
    assert answer_now.quote == quotes.Quote(1, "Bob", "", NOON + 1)
    assert await history.around(db, cast.room.id, message.number) == [gone, answer_now]


async def test_the_numbers_of_those_after_it_do_not_change(
    db: database.Database, cast: people.Cast
) -> None:
    for number in range(1, 4):
        await messages.post(db, cast.room, cast.bob, Draft(f"message {number}"), now=NOON + number)
    before = await history.after(db, cast.room.id, 0)
    await revisions.erase(db, cast.room, cast.bob, 1)
    after = await history.after(db, cast.room.id, 0)
    assert after[1:] == before[1:]
    posted = await messages.post(db, cast.room, cast.bob, Draft("the next"), now=NOON + 4)
    assert (posted.number, posted.message.run) == (4, 3)


async def test_a_pinned_message_that_is_erased_is_unpinned(
    db: database.Database, cast: people.Cast
) -> None:
    message = await said(db, cast)
    await pins.pin(db, cast.room, cast.alice, message.number)
    await revisions.erase(db, cast.room, cast.bob, message.number)
    assert await history.pinned(db, cast.room.id) == []
    assert await pins.count(db, cast.room.id) == 0
    assert await conftest.kinds(db, cast.room) == ["posted", "pinned", "erased"]
