"""Files wait until they are sent, go with one message, and are gone when nobody wants them."""

import asyncio
import io
import os
import pathlib
import time

import pytest

from hubbub import database, errors, storage
from hubbub.domain import (
    accounts,
    attachments,
    clock,
    contents,
    messages,
    profiles,
    rooms,
    settings,
    uploads,
)
from tests import drawings, people

pytestmark = pytest.mark.anyio

PLENTY = uploads.Allowance(25, 500)
NOON = people.NOON


@pytest.fixture
def store(tmp_path: pathlib.Path) -> storage.Store:
    return storage.Store(tmp_path / "files")


async def accept(
    db: database.Database,
    store: storage.Store,
    room: rooms.Room,
    person: accounts.Person,
    content: bytes = b"hello",
    name: str = "notes.txt",
    *,
    allowance: uploads.Allowance = PLENTY,
    now: int | None = None,
) -> attachments.Attachment:
    return await uploads.accept(
        db, store, room, person, io.BytesIO(content), name, allowance, now=now
    )


async def say(
    db: database.Database, room: rooms.Room, person: accounts.Person, *public_ids: str
) -> int:
    """Posts a message and gives it the files; its id."""
    posted = await messages.post(db, room, person, messages.Draft("here"))
    async with db.transaction() as conn:
        await attachments.claim(conn, room.id, person.id, posted.message.id, public_ids)
    return posted.message.id


async def there(store: storage.Store) -> list[str]:
    return sorted(
        digest for found in [s async for s in store.unchanged_for(-60)] for digest in found
    )


def make_old(store: storage.Store, digest: str) -> None:
    past = time.time() - 7200
    os.utime(store.path(digest).parent, (past, past))


# -------------------------------------------------------------- what is kept


async def test_a_file_is_kept_as_it_is(
    db: database.Database, store: storage.Store, cast: people.Cast
) -> None:
    kept = await accept(db, store, cast.room, cast.bob, b"hello", "notes.txt")
    assert (kept.name, kept.size, kept.media_type) == ("notes.txt", 5, "application/octet-stream")
    assert not kept.is_picture
    assert await store.read(kept.digest) == b"hello"
    assert await attachments.find(db, cast.room, kept.public_id, cast.bob) == kept


async def test_a_picture_is_drawn_anew_with_its_size_and_a_preview(
    db: database.Database, store: storage.Store, cast: people.Cast
) -> None:
    content = drawings.picture(1600, 1200, "JPEG", comment=b"SECRET")
    kept = await accept(db, store, cast.room, cast.bob, content, "p.jpg")
    assert (kept.media_type, kept.width, kept.height) == ("image/jpeg", 1600, 1200)
    assert kept.is_picture and kept.previewed
    assert kept.shown == (480, 360)
    stored = await store.read(kept.digest)
    assert len(stored) == kept.size
    assert b"SECRET" not in stored
    assert drawings.opened(await store.read(kept.digest, attachments.PREVIEW)).size == (960, 720)


@pytest.mark.parametrize(
    ("size", "shown"),
    [((10, 10), (10, 10)), ((2048, 10), (640, 3)), ((1, 2048), (1, 360)), ((640, 360), (640, 360))],
)
async def test_a_page_knows_how_much_place_a_picture_takes(
    size: tuple[int, int], shown: tuple[int, int]
) -> None:
    picture = attachments.Attachment("", "", "", "image/png", 1, *size, "", previewed=False)
    assert picture.shown == shown


@pytest.mark.parametrize("content", [drawings.PAGE, drawings.SVG, b"GIF89a", b"MZ\x90\0"])
async def test_what_only_its_name_calls_a_picture_is_a_file(
    db: database.Database, store: storage.Store, cast: people.Cast, content: bytes
) -> None:
    kept = await accept(db, store, cast.room, cast.bob, content, "holiday.png")
    assert kept.media_type == "application/octet-stream"
    assert not kept.is_picture


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "empty"),
        (drawings.huge_png(), "at most 25 megapixels"),
        (drawings.text_bomb_png(), "broken"),
        (drawings.photograph()[:800], "broken"),
    ],
)
async def test_what_is_refused_leaves_nothing(
    db: database.Database, store: storage.Store, cast: people.Cast, content: bytes, sentence: str
) -> None:
    with pytest.raises(errors.Invalid, match=sentence):
        await accept(db, store, cast.room, cast.bob, content)
    assert await db.value("SELECT count(*) FROM attachments") == 0
    assert await there(store) == []


async def test_a_file_and_a_day_have_limits(
    db: database.Database, store: storage.Store, cast: people.Cast
) -> None:
    small, megabyte = uploads.Allowance(1, 2), b"x" * 1_000_000
    with pytest.raises(errors.TooLarge, match="at most 1 MB"):
        await accept(db, store, cast.room, cast.bob, megabyte + b"x", allowance=small)
    for _ in range(2):
        await accept(db, store, cast.room, cast.bob, megabyte, allowance=small, now=NOON)
    with pytest.raises(errors.TooLarge, match="2 MB in a day"):
        await accept(db, store, cast.room, cast.bob, b"x", allowance=small, now=NOON + 1)
    await accept(db, store, cast.room, cast.alice, b"x", allowance=small, now=NOON + 1)
    await accept(db, store, cast.room, cast.bob, b"x", allowance=small, now=NOON + clock.DAY + 1)
    with pytest.raises(errors.Forbidden):
        await accept(db, store, cast.room, cast.bob, b"x", allowance=uploads.Allowance(0, 500))


async def test_the_limit_of_a_day_holds_for_files_that_come_at_once(
    db: database.Database, store: storage.Store, cast: people.Cast
) -> None:
    half, content = uploads.Allowance(1, 2), b"x" * 900_000
    coming = [accept(db, store, cast.room, cast.bob, content, allowance=half) for _ in range(8)]
    come = await asyncio.gather(*coming, return_exceptions=True)
    refused = [one for one in come if isinstance(one, errors.TooLarge)]
    assert len(refused) >= 6
    kept = await db.value("SELECT COALESCE(SUM(size), 0) FROM attachments")
    assert kept == (len(come) - len(refused)) * 900_000 <= 2_000_000


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("notes.txt", "notes.txt"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\Ada\\notes.txt", "notes.txt"),
        ("a\0b.txt", "ab.txt"),
        ("a\r\nSet-Cookie: x.txt", "aSet-Cookie_ x.txt"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("\ud800.png", "png"),
        (".htaccess", "htaccess"),
        ("..", "file"),
        ("", "file"),
        ("\u3164", "file"),
        ("e\u0301\u0301\u0301\u0301.txt", "file.txt"),
        ('<b>&".txt', "_b_&_.txt"),
        ("grüße  🦦.tar.gz", "grüße 🦦.tar.gz"),
        ("x" * 300 + ".txt", "x" * 116 + ".txt"),
        ("x" * 300, "x" * 120),
    ],
)
def test_a_name_is_made_harmless_and_never_refused(name: str, kept: str) -> None:
    assert uploads.clean_name(name) == kept
    assert uploads.clean_name(kept) == kept


# ------------------------------------------------------------ with a message


async def test_files_go_with_a_message_in_the_order_asked_for(
    db: database.Database, store: storage.Store, cast: people.Cast
) -> None:
    one, two, three = [
        await accept(db, store, cast.room, cast.bob, content) for content in (b"1", b"2", b"3")
    ]
    message = await say(db, cast.room, cast.bob, three.public_id, one.public_id)
    other = await say(db, cast.room, cast.bob, two.public_id)
    bare = await say(db, cast.room, cast.bob)
    found = await attachments.of(db, [message, other, bare])
    assert found == {message: (three, one), other: (two,)}
    assert await attachments.of(db, []) == {}


async def test_only_own_unsent_files_of_the_room_can_be_sent(
    db: database.Database, store: storage.Store, cast: people.Cast
) -> None:
    elsewhere = await rooms.create(db, cast.bob, "Elsewhere")
    mine = await accept(db, store, cast.room, cast.bob, b"mine")
    theirs = await accept(db, store, cast.room, cast.alice, b"theirs")
    far = await accept(db, store, elsewhere, cast.bob, b"far")
    sent = await accept(db, store, cast.room, cast.bob, b"sent")
    await say(db, cast.room, cast.bob, sent.public_id)
    for wrong in (
        [theirs.public_id],
        [far.public_id],
        [sent.public_id],
        ["0" * 32],
        ["' OR 1=1 --"],
        [mine.public_id, mine.public_id],
        [mine.public_id, theirs.public_id],
        [mine.public_id.upper()],
    ):
        with pytest.raises(errors.Invalid) as refusal:
            await say(db, cast.room, cast.bob, *wrong)
        assert refusal.value.field == "attachments"
    await say(db, cast.room, cast.bob, mine.public_id)


async def test_ten_files_are_the_most(
    db: database.Database, store: storage.Store, cast: people.Cast
) -> None:
    ids = [(await accept(db, store, cast.room, cast.bob)).public_id for _ in range(11)]
    with pytest.raises(errors.Invalid, match="At most 10"):
        await say(db, cast.room, cast.bob, *ids)
    message = await say(db, cast.room, cast.bob, *ids[:10])
    assert [one.public_id for one in (await attachments.of(db, [message]))[message]] == ids[:10]


async def test_a_file_is_found_in_its_room_only_and_unsent_by_its_owner_only(
    db: database.Database, store: storage.Store, cast: people.Cast
) -> None:
    elsewhere = await rooms.create(db, cast.bob, "Elsewhere")
    kept = await accept(db, store, cast.room, cast.bob)
    for room, person, public_id in (
        (elsewhere, cast.bob, kept.public_id),
        (cast.room, cast.alice, kept.public_id),
        (cast.room, cast.bob, "0" * 32),
        (cast.room, cast.bob, "../" + kept.public_id),
    ):
        with pytest.raises(errors.NotFound):
            await attachments.find(db, room, public_id, person)
    await say(db, cast.room, cast.bob, kept.public_id)
    assert await attachments.find(db, cast.room, kept.public_id, cast.alice) == kept
    with pytest.raises(errors.NotFound):
        await attachments.find(db, elsewhere, kept.public_id, cast.bob)


async def test_a_picture_is_described_by_its_owner_before_it_is_sent(
    db: database.Database, store: storage.Store, cast: people.Cast
) -> None:
    kept = await accept(db, store, cast.room, cast.bob, drawings.picture(), "p.png")
    with pytest.raises(errors.NotFound):
        await uploads.describe(db, cast.room, cast.alice, kept.public_id, "not mine")
    await uploads.describe(db, cast.room, cast.bob, kept.public_id, " An otter ")
    found = await attachments.find(db, cast.room, kept.public_id, cast.bob)
    assert found.description == "An otter"
    with pytest.raises(errors.Invalid):
        await uploads.describe(db, cast.room, cast.bob, kept.public_id, "x" * 501)
    await say(db, cast.room, cast.bob, kept.public_id)
    with pytest.raises(errors.NotFound):
        await uploads.describe(db, cast.room, cast.bob, kept.public_id, "too late")


# ------------------------------------------------------------------ going


async def test_one_takes_back_only_what_is_ones_own_and_not_sent(
    db: database.Database, store: storage.Store, cast: people.Cast
) -> None:
    kept = await accept(db, store, cast.room, cast.bob)
    with pytest.raises(errors.NotFound):
        await uploads.remove(db, store, cast.room, cast.alice, kept.public_id)
    await uploads.remove(db, store, cast.room, cast.bob, kept.public_id)
    assert await there(store) == []
    sent = await accept(db, store, cast.room, cast.bob)
    await say(db, cast.room, cast.bob, sent.public_id)
    with pytest.raises(errors.NotFound):
        await uploads.remove(db, store, cast.room, cast.bob, sent.public_id)
    assert await there(store) == [sent.digest]


async def test_an_erased_message_takes_its_files_along_unless_another_has_the_same(
    db: database.Database, store: storage.Store, cast: people.Cast
) -> None:
    ids = [
        (await accept(db, store, cast.room, person, content)).public_id
        for person, content in ((cast.bob, b"both"), (cast.bob, b"one"), (cast.alice, b"both"))
    ]
    message = await say(db, cast.room, cast.bob, *ids[:2])
    await say(db, cast.room, cast.alice, ids[2])
    async with db.transaction() as conn:
        digests = await attachments.erase(conn, message)
    await contents.sweep(db, store, digests)
    assert await there(store) == [await storage.digest(io.BytesIO(b"both"))]
    assert await attachments.of(db, [message]) == {}
    with pytest.raises(errors.NotFound):
        await attachments.find(db, cast.room, ids[0], cast.bob)
    assert await attachments.find(db, cast.room, ids[2], cast.bob)


async def test_what_is_never_sent_is_forgotten_after_a_day(
    db: database.Database, store: storage.Store, cast: people.Cast
) -> None:
    sent = await accept(db, store, cast.room, cast.bob, b"sent", now=NOON)
    await say(db, cast.room, cast.bob, sent.public_id)
    old = await accept(db, store, cast.room, cast.bob, b"old", now=NOON)
    new = await accept(db, store, cast.room, cast.bob, b"new", now=NOON + 1)
    for kept in (sent, old, new):
        make_old(store, kept.digest)
    await contents.tidy(db, store, now=NOON + clock.DAY + 1)
    assert await there(store) == sorted([sent.digest, new.digest])
    with pytest.raises(errors.NotFound):
        await attachments.find(db, cast.room, old.public_id, cast.bob)


async def test_a_deleted_room_and_a_crash_leave_no_files_behind(
    db: database.Database, store: storage.Store, cast: people.Cast
) -> None:
    kept = await accept(db, store, cast.room, cast.bob, b"of the room")
    await say(db, cast.room, cast.bob, kept.public_id)
    await profiles.set_picture(db, store, cast.bob, io.BytesIO(drawings.picture()))
    orphan = await storage.digest(io.BytesIO(b"orphan"))
    await store.put(io.BytesIO(b"orphan"), orphan)
    await settings.delete(db, cast.room, cast.alice)
    for digest in await there(store):
        make_old(store, digest)
    assert len(await there(store)) == 3
    await contents.tidy(db, store)
    bob = await accounts.by_username(db, "bob")
    assert bob is not None
    assert await there(store) == [bob.picture]


async def test_what_was_put_a_moment_ago_is_nobodys_orphan_yet(
    db: database.Database, store: storage.Store
) -> None:
    digest = await storage.digest(io.BytesIO(b"new"))
    await store.put(io.BytesIO(b"new"), digest)
    await contents.tidy(db, store)
    assert await there(store) == [digest]
