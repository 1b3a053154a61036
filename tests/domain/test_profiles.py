"""How people show themselves, and to whom."""

import asyncio
import io
import pathlib

import pytest

from hubbub import database, errors, storage
from hubbub.domain import accounts, profiles, rooms, settings
from tests import drawings, people

pytestmark = pytest.mark.anyio


@pytest.fixture
def store(tmp_path: pathlib.Path) -> storage.Store:
    return storage.Store(tmp_path / "files")


async def again(db: database.Database, person: accounts.Person) -> accounts.Person:
    found = await accounts.by_username(db, person.username)
    assert found is not None
    return found


async def test_one_sees_oneself_and_those_one_shares_a_room_with(
    db: database.Database, cast: people.Cast
) -> None:
    found = await profiles.profile(db, cast.alice, "BOB")
    assert found.person == cast.bob
    assert [room.id for room in found.rooms] == [cast.room.id]
    assert found.since > 0
    assert (await profiles.profile(db, cast.charlie, "Charlie")).person == cast.charlie


@pytest.mark.parametrize("name", ["Charlie", "nobody-at-all", "", "\0", "' OR 1=1 --", "x" * 999])
async def test_nobody_else_exists(db: database.Database, cast: people.Cast, name: str) -> None:
    with pytest.raises(errors.NotFound) as refusal:
        await profiles.profile(db, cast.alice, name)
    with pytest.raises(errors.NotFound) as other:
        await profiles.profile(db, cast.charlie, "Alice")
    assert refusal.value.message == other.value.message


async def test_only_rooms_in_common_are_named(db: database.Database, cast: people.Cast) -> None:
    secret = await rooms.create(db, cast.alice, "A secret", "invited")
    own = await rooms.create(db, cast.bob, "A room of Bob’s", "listed")
    seen = {room.id for room in (await profiles.profile(db, cast.bob, "Alice")).rooms}
    assert seen == {cast.room.id}
    mine = {room.id for room in (await profiles.profile(db, cast.alice, "Alice")).rooms}
    assert mine == {cast.room.id, secret.id}
    assert own.id not in mine


async def test_a_deleted_room_connects_nobody(db: database.Database, cast: people.Cast) -> None:
    await settings.delete(db, cast.room, cast.alice)
    with pytest.raises(errors.NotFound):
        await profiles.profile(db, cast.alice, "Bob")


async def test_a_name_is_one_line_of_up_to_fifty(db: database.Database, cast: people.Cast) -> None:
    assert await profiles.rename(db, cast.bob, "  Bob   the Otter ") == "Bob the Otter"
    assert (await again(db, cast.bob)).name == "Bob the Otter"
    for wrong in ("x" * 51, "a\nb", "a\u202eb", "e" + "\u0301" * 4):
        with pytest.raises(errors.Invalid) as refusal:
            await profiles.rename(db, cast.bob, wrong)
        assert refusal.value.field == "name"
    assert (await again(db, cast.bob)).name == "Bob the Otter"


@pytest.mark.parametrize("name", ["Gwen (guest ezkt)", "Gwen (GUEST  ezkt )"])
async def test_nobody_takes_a_name_that_reads_like_a_guests(
    db: database.Database, cast: people.Cast, name: str
) -> None:
    with pytest.raises(errors.Invalid) as refused:
        await profiles.rename(db, cast.bob, name)
    assert refused.value.field == "name"
    assert await profiles.rename(db, cast.bob, "Gwen (guest speaker)")


@pytest.mark.parametrize("empty", ["", "   ", "\u3164"])
async def test_an_empty_name_gives_back_the_username(
    db: database.Database, cast: people.Cast, empty: str
) -> None:
    await profiles.rename(db, cast.bob, "Robert")
    assert await profiles.rename(db, cast.bob, empty) == "Bob"
    assert (await again(db, cast.bob)).name == "Bob"


async def test_a_picture_is_kept_in_two_sizes_and_the_one_before_is_gone(
    db: database.Database, store: storage.Store, cast: people.Cast
) -> None:
    first = await profiles.set_picture(db, store, cast.bob, io.BytesIO(drawings.photograph()))
    assert (await again(db, cast.bob)).picture == first
    assert drawings.opened(await store.read(first, "512")).size == (512, 512)
    assert drawings.opened(await store.read(first, "128")).size == (128, 128)
    assert await profiles.has_picture(db, first)
    second = await profiles.set_picture(db, store, cast.bob, io.BytesIO(drawings.picture()))
    assert first != second
    assert not await store.has(first, "512")
    assert not await profiles.has_picture(db, first)
    await profiles.remove_picture(db, store, cast.bob)
    await profiles.remove_picture(db, store, cast.bob)
    assert (await again(db, cast.bob)).picture is None
    assert not await store.has(second, "128")


async def test_a_picture_two_people_have_stays_while_one_of_them_has_it(
    db: database.Database, store: storage.Store, cast: people.Cast
) -> None:
    same = [
        await profiles.set_picture(db, store, person, io.BytesIO(drawings.picture()))
        for person in (cast.alice, cast.bob, cast.bob)
    ]
    assert len(set(same)) == 1
    await profiles.remove_picture(db, store, cast.alice)
    assert await store.has(same[0], "512")
    await profiles.remove_picture(db, store, cast.bob)
    assert not await store.has(same[0], "512")


@pytest.mark.parametrize(
    "content", [b"", drawings.SVG, drawings.PAGE, drawings.huge_png(), drawings.picture()[:60]]
)
async def test_what_is_no_picture_changes_nothing(
    db: database.Database, store: storage.Store, cast: people.Cast, content: bytes
) -> None:
    before = await profiles.set_picture(db, store, cast.bob, io.BytesIO(drawings.picture(50, 50)))
    with pytest.raises(errors.Invalid) as refusal:
        await profiles.set_picture(db, store, cast.bob, io.BytesIO(content))
    assert refusal.value.field == "file"
    assert (await again(db, cast.bob)).picture == before


async def test_a_choice_leaves_the_others_as_they_are(
    db: database.Database, cast: people.Cast
) -> None:
    await profiles.prefer(db, cast.bob, {"sound": True, "newline": True})
    assert await profiles.prefer(db, cast.bob, {"newline": False, "nokeys": True}) == {
        "sound",
        "nokeys",
    }
    fresh = await accounts.by_username(db, "bob")
    assert fresh is not None
    assert fresh.preferences == "nokeys sound"
    assert fresh.prefers("sound") and not fresh.prefers("newline")
    alice = await accounts.by_username(db, "alice")
    assert alice is not None and alice.preferences == ""


async def test_choices_made_at_once_do_not_undo_each_other(
    db: database.Database, cast: people.Cast
) -> None:
    names = [f"word{number}" for number in range(8)]
    await asyncio.gather(*[profiles.prefer(db, cast.bob, {name: True}) for name in names])
    fresh = await accounts.by_username(db, "bob")
    assert fresh is not None
    assert sorted(fresh.preferences.split()) == names
