"""Rooms are made, found by those who may, and changed by those who may."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import pytest

from hubbub import database, errors
from hubbub.domain import (
    directory,
    events,
    history,
    invitations,
    memberships,
    messages,
    rooms,
    settings,
)
from hubbub.domain.rooms import Room
from tests import people
from tests.domain.conftest import Counting

pytestmark = pytest.mark.anyio

Change = Callable[[database.Database, Room, "people.accounts.Person"], Awaitable[Room]]

CHANGES: dict[str, Change] = {
    "titled": lambda db, room, by: settings.rename(db, room, by, "New title"),
    "topic": lambda db, room, by: settings.set_topic(db, room, by, "What it is about"),
    "access": lambda db, room, by: settings.set_access(db, room, by, "invited"),
    "link": settings.reset_link,
    "archived": settings.archive,
    "unarchived": settings.unarchive,
    "deleted": settings.delete,
}


async def kinds(db: database.Database, room: Room) -> list[str]:
    return [event.kind for event in await events.after(db, room.id, 0)]


# ------------------------------------------------------------------ making


async def test_a_new_room_has_an_owner_and_the_first_place_in_its_log(
    db: database.Database,
) -> None:
    ada = await people.person(db, "ada")
    room = await rooms.create(db, ada, "  Design talk ", now=people.NOON)
    assert (room.title, room.access, room.handle) == ("Design talk", "link", None)
    assert (room.seq, room.last_number, room.members, room.generation) == (1, 0, 1, 0)
    assert await rooms.open(db, room.public_id, ada) == (
        room,
        rooms.Member(ada, "owner", people.NOON),
    )
    [created] = await events.after(db, room.id, 0)
    assert (created.seq, created.kind, created.person_id) == (1, "created", ada.id)


async def test_titles_need_not_be_unique(db: database.Database) -> None:
    ada = await people.person(db, "ada")
    one, other = [await rooms.create(db, ada, "Talk", "link") for _ in range(2)]
    assert one.public_id != other.public_id


@pytest.mark.parametrize("title", ["", "   ", "x" * 81, "a\u202eb", "a\nb", "e" + "\u0301" * 9])
async def test_a_bad_title_is_refused_and_nothing_is_made(
    db: database.Database, title: str
) -> None:
    ada = await people.person(db, "ada")
    with pytest.raises(errors.Invalid) as refusal:
        await rooms.create(db, ada, title)
    assert refusal.value.field == "title"
    assert await db.value("SELECT count(*) FROM rooms") == 0


async def test_access_is_one_of_three(db: database.Database) -> None:
    ada = await people.person(db, "ada")
    with pytest.raises(errors.Invalid) as refusal:
        await rooms.create(db, ada, "Talk", "public")
    assert refusal.value.field == "access"


async def test_only_listed_rooms_have_a_handle(db: database.Database) -> None:
    ada = await people.person(db, "ada")
    assert (await rooms.create(db, ada, "Talk", "listed")).handle == "talk"
    assert (await rooms.create(db, ada, "Talk", "link", "talk-two")).handle is None
    assert (await rooms.create(db, ada, "Talk", "invited", "talk-three")).handle is None


async def test_a_handle_that_was_asked_for_and_is_taken_is_a_conflict(
    db: database.Database,
) -> None:
    ada = await people.person(db, "ada")
    await rooms.create(db, ada, "One", "listed", "Café")
    with pytest.raises(errors.Conflict) as refusal:
        await rooms.create(db, ada, "Two", "listed", "CAFE")
    assert refusal.value.field == "handle"


async def test_a_handle_made_from_the_title_gets_an_ending_instead(db: database.Database) -> None:
    ada = await people.person(db, "ada")
    made = [await rooms.create(db, ada, "Talk", "listed") for _ in range(3)]
    handles = [room.handle or "" for room in made]
    assert handles[0] == "talk"
    assert all(handle.startswith("talk-") for handle in handles[1:])
    assert len(set(handles)) == 3


async def test_a_private_room_cannot_clash_with_anything(db: database.Database) -> None:
    ada, bo = await people.person(db, "ada"), await people.person(db, "bo")
    await rooms.create(db, ada, "Secret plans", "invited", "secret-plans")
    assert (await rooms.create(db, bo, "Secret plans", "listed")).handle == "secret-plans"


async def test_the_lobby_is_made_once(db: database.Database) -> None:
    await asyncio.gather(*(rooms.ensure_lobby(db) for _ in range(5)))
    assert await db.value("SELECT count(*) FROM rooms") == 1
    lobby = await rooms.by_handle(db, "Lobby")
    assert lobby is not None
    assert (lobby.title, lobby.access, lobby.members) == ("General", "listed", 0)
    assert await kinds(db, lobby) == ["created"]


async def test_a_site_with_rooms_gets_no_lobby(db: database.Database) -> None:
    await rooms.create(db, await people.person(db, "ada"), "Talk")
    await rooms.ensure_lobby(db)
    assert await rooms.by_handle(db, "lobby") is None


# ----------------------------------------------------------------- finding


@pytest.mark.parametrize("access", ["link", "listed"])
async def test_an_open_room_opens_for_members_and_for_others(
    db: database.Database, access: str
) -> None:
    cast = await people.cast(db, access)
    for person, role in ((cast.alice, "owner"), (cast.bob, "member"), (cast.charlie, None)):
        room, member = await rooms.open(db, cast.room.public_id, person)
        assert room == cast.room
        assert (member.role if member else None) == role


async def test_an_invited_room_is_there_for_its_members_and_for_nobody_else(
    db: database.Database,
) -> None:
    cast = await people.cast(db, "invited")
    root = await people.person(db, "root", is_admin=True)
    for member in (cast.alice, cast.bob):
        assert (await rooms.open(db, cast.room.public_id, member))[0] == cast.room
    for other in (cast.charlie, root, None):
        with pytest.raises(errors.NotFound):
            await rooms.open(db, cast.room.public_id, other)


async def test_what_may_not_be_seen_answers_like_what_is_not_there(db: database.Database) -> None:
    cast = await people.cast(db, "invited")
    with pytest.raises(errors.NotFound) as unseen:
        await rooms.open(db, cast.room.public_id, cast.charlie)
    with pytest.raises(errors.NotFound) as missing:
        await rooms.open(db, "a" * 10, cast.charlie)
    assert unseen.value.message == missing.value.message


@pytest.mark.parametrize("public_id", ["", "a", "a\0" * 5, "\ud800" * 10, "é" * 10, "a" * 11])
async def test_what_cannot_be_an_id_finds_nothing(db: database.Database, public_id: str) -> None:
    ada = await people.person(db, "ada")
    with pytest.raises(errors.NotFound):
        await rooms.open(db, public_id, ada)


async def test_opening_a_room_takes_one_query(
    db: database.Database, cast: people.Cast, counting: Counting
) -> None:
    with counting() as queries:
        await rooms.open(db, cast.room.public_id, cast.bob)
    assert len(queries) == 1


async def test_a_listed_room_is_found_by_its_handle_in_any_spelling(
    db: database.Database,
) -> None:
    ada = await people.person(db, "ada")
    room = await rooms.create(db, ada, "Café", "listed")
    for name in ("cafe", " CAFÉ ", "#Cafe"):
        assert await rooms.by_handle(db, name) == room
    for name in ("caf", "cafes", "", "\0", "%", "ca_e"):
        assert await rooms.by_handle(db, name) is None


async def test_the_directory_lists_listed_rooms_only(db: database.Database) -> None:
    ada = await people.person(db, "ada")
    for access in rooms.ACCESS:
        await rooms.create(db, ada, f"A {access} room", access)
    archived = await rooms.create(db, ada, "Old", "listed")
    await settings.archive(db, archived, ada)
    deleted = await rooms.create(db, ada, "Gone", "listed")
    await settings.delete(db, deleted, ada)
    page = await directory.listed(db)
    assert [room.title for room in page.rooms] == ["A listed room"]
    assert (page.number, page.has_next) == (1, False)


async def test_the_directory_is_paged_by_title(db: database.Database) -> None:
    ada = await people.person(db, "ada")
    for number in reversed(range(directory.PAGE + 3)):
        await rooms.create(db, ada, f"room {number:02}", "listed")
    first, second = await directory.listed(db, "", 1), await directory.listed(db, "", 2)
    assert (len(first.rooms), first.has_next) == (directory.PAGE, True)
    assert (len(second.rooms), second.has_next) == (3, False)
    titles = [room.title for room in first.rooms + second.rooms]
    assert titles == [f"room {number:02}" for number in range(directory.PAGE + 3)]
    for number in (3, 10**18):
        assert (await directory.listed(db, "", number)).rooms == ()
    assert (await directory.listed(db, "", -1)).number == 1


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("CAFE", {"Café Müller"}),
        ("müller", {"Café Müller"}),
        ("100%", {"100% fun"}),
        ("%", {"100% fun"}),
        ("_", set()),
        ("!", {"Hey!"}),
        ("heyho", {"Hey!"}),
        ("  ", {"Café Müller", "100% fun", "Hey!"}),
        ("\0nothing\ud800"[:8], set()),
    ],
)
async def test_the_directory_is_searched_by_name_and_takes_signs_literally(
    db: database.Database, q: str, found: set[str]
) -> None:
    ada = await people.person(db, "ada")
    await rooms.create(db, ada, "Café Müller", "listed")
    await rooms.create(db, ada, "100% fun", "listed")
    await rooms.create(db, ada, "Hey!", "listed", "heyho")
    assert {room.title for room in (await directory.listed(db, q)).rooms} == found


async def test_my_rooms_come_by_recent_activity_and_without_those_of_others(
    db: database.Database,
) -> None:
    ada, bo = await people.person(db, "ada"), await people.person(db, "bo")
    first, second, third = [
        await rooms.create(db, ada, title, now=people.NOON + number)
        for number, title in enumerate(("first", "second", "third"))
    ]
    await rooms.create(db, bo, "not mine")
    await messages.post(db, second, ada, messages.Draft("hi"), now=people.NOON + 10)
    await settings.delete(db, third, ada)
    assert [room.title for room in await rooms.mine(db, ada)] == ["second", "first"]
    assert [room.id for room in await rooms.mine(db, ada, limit=1)] == [second.id]
    await memberships.join(db, first, bo)
    assert {room.title for room in await rooms.mine(db, bo)} == {"not mine", "first"}


# ---------------------------------------------------------------- changing


@pytest.mark.parametrize("kind", list(CHANGES))
async def test_the_owner_may_and_the_change_is_the_next_event(
    db: database.Database, cast: people.Cast, kind: str
) -> None:
    before = cast.room.seq
    changed = await CHANGES[kind](db, cast.room, cast.alice)
    assert changed.seq == before + 1
    assert await rooms.by_id(db, cast.room.id) == changed
    [event] = await events.after(db, cast.room.id, before)
    assert (event.seq, event.kind, event.person_id) == (before + 1, kind, cast.alice.id)


@pytest.mark.parametrize("kind", list(CHANGES))
async def test_others_may_not_and_nothing_changes(
    db: database.Database, cast: people.Cast, kind: str
) -> None:
    root = await people.person(db, "root", is_admin=True)
    admins = {"archived", "unarchived", "deleted"}
    for person in (cast.bob, cast.charlie, *([] if kind in admins else [root])):
        with pytest.raises(errors.Forbidden):
            await CHANGES[kind](db, cast.room, person)
    assert await rooms.by_id(db, cast.room.id) == cast.room
    assert await events.after(db, cast.room.id, cast.room.seq) == []


@pytest.mark.parametrize("kind", list(CHANGES))
async def test_to_an_outsider_a_private_room_is_not_there_to_be_changed(
    db: database.Database, kind: str
) -> None:
    cast = await people.cast(db, "invited")
    with pytest.raises(errors.NotFound):
        await CHANGES[kind](db, cast.room, cast.charlie)
    with pytest.raises(errors.NotFound):
        await settings.set_access(db, cast.room, cast.charlie, "listed")
    assert await rooms.by_id(db, cast.room.id) == cast.room


async def test_a_renamed_room_is_found_by_its_new_title(db: database.Database) -> None:
    ada = await people.person(db, "ada")
    room = await rooms.create(db, ada, "Before", "listed")
    renamed = await settings.rename(db, room, ada, "After")
    assert (renamed.title, renamed.handle) == ("After", "before")
    assert (await directory.listed(db, "after")).rooms == (renamed,)


async def test_a_topic_is_set_and_taken_away(db: database.Database, cast: people.Cast) -> None:
    assert (await settings.set_topic(db, cast.room, cast.alice, " Forms ")).topic == "Forms"
    assert (await settings.set_topic(db, cast.room, cast.alice, "")).topic == ""
    with pytest.raises(errors.Invalid) as refusal:
        await settings.set_topic(db, cast.room, cast.alice, "x" * 251)
    assert refusal.value.field == "topic"


async def test_a_room_that_is_no_longer_listed_lets_its_handle_go(db: database.Database) -> None:
    ada = await people.person(db, "ada")
    room = await rooms.create(db, ada, "Talk", "listed")
    for access in ("link", "invited"):
        changed = await settings.set_access(db, room, ada, access)
        assert (changed.access, changed.handle) == (access, None)
    assert (await rooms.create(db, ada, "Talk", "listed")).handle == "talk"
    again = await settings.set_access(db, changed, ada, "listed")
    assert again.handle is not None
    assert again.handle.startswith("talk-")


async def test_a_listed_room_keeps_its_handle_or_gets_the_one_asked_for(
    db: database.Database,
) -> None:
    ada = await people.person(db, "ada")
    room = await rooms.create(db, ada, "Talk", "listed", "my-talk")
    assert (await settings.set_access(db, room, ada, "listed")).handle == "my-talk"
    assert (await settings.set_access(db, room, ada, "listed", "our-talk")).handle == "our-talk"
    await rooms.create(db, ada, "Other", "listed", "taken")
    with pytest.raises(errors.Conflict) as refusal:
        await settings.set_access(db, room, ada, "listed", "TAKEN")
    assert refusal.value.field == "handle"


async def test_each_reset_makes_another_generation_of_the_link(
    db: database.Database, cast: people.Cast
) -> None:
    once = await settings.reset_link(db, cast.room, cast.alice)
    twice = await settings.reset_link(db, once, cast.alice)
    assert (once.generation, twice.generation) == (1, 2)


async def test_an_archived_room_can_be_read_left_and_opened_again_but_not_changed(
    db: database.Database, cast: people.Cast
) -> None:
    await messages.post(db, cast.room, cast.bob, messages.Draft("before"))
    archived = await settings.archive(db, cast.room, cast.alice)
    for attempt in (
        lambda: messages.post(db, archived, cast.bob, messages.Draft("after")),
        lambda: settings.rename(db, archived, cast.alice, "Other"),
        lambda: settings.set_topic(db, archived, cast.alice, "Other"),
        lambda: invitations.invite(db, archived, cast.alice, "charlie"),
    ):
        with pytest.raises(errors.Forbidden, match="archived"):
            await attempt()
    assert [m.body for m in await history.latest(db, archived.id, archived.seq)] == ["before"]
    await memberships.leave(db, archived, cast.bob)
    assert (await settings.unarchive(db, archived, cast.alice)).archived_at is None
    posted = await messages.post(db, archived, cast.alice, messages.Draft("again"))
    assert posted.number == 2


async def test_a_deleted_room_is_gone_for_its_members_and_was_never_there_for_others(
    db: database.Database,
) -> None:
    cast = await people.cast(db, "listed")
    await messages.post(db, cast.room, cast.bob, messages.Draft("erase me"))
    assert await rooms.by_handle(db, "design-talk") is not None
    await settings.delete(db, cast.room, cast.alice)
    for member in (cast.alice, cast.bob):
        with pytest.raises(errors.Gone, match="Design talk"):
            await rooms.open(db, cast.room.public_id, member)
    with pytest.raises(errors.NotFound):
        await rooms.open(db, cast.room.public_id, cast.charlie)
    assert await db.value("SELECT count(*) FROM messages") == 0
    assert await rooms.by_handle(db, "design-talk") is None
    assert (await rooms.create(db, cast.charlie, "Design talk", "listed")).handle == "design-talk"
    assert (await kinds(db, cast.room))[-1] == "deleted"


@pytest.mark.parametrize("kind", list(CHANGES))
async def test_nothing_can_be_done_in_a_deleted_room(
    db: database.Database, cast: people.Cast, kind: str
) -> None:
    deleted = await settings.delete(db, cast.room, cast.alice)
    with pytest.raises(errors.Gone):
        await CHANGES[kind](db, cast.room, cast.alice)
    with pytest.raises(errors.NotFound):
        await CHANGES[kind](db, cast.room, cast.charlie)
    with pytest.raises(errors.Gone):
        await messages.post(db, cast.room, cast.bob, messages.Draft("too late"))
    with pytest.raises(errors.NotFound):
        await memberships.join(db, cast.room, cast.charlie)
    assert await rooms.by_id(db, cast.room.id) == deleted


async def test_changes_at_once_each_get_a_place_of_their_own(
    db: database.Database, cast: people.Cast
) -> None:
    await asyncio.gather(
        *(settings.rename(db, cast.room, cast.alice, f"Title {number}") for number in range(10)),
        *(messages.post(db, cast.room, cast.bob, messages.Draft(str(n))) for n in range(10)),
        *(settings.reset_link(db, cast.room, cast.alice) for _ in range(5)),
    )
    after = await events.after(db, cast.room.id, cast.room.seq)
    assert [event.seq for event in after] == list(range(cast.room.seq + 1, cast.room.seq + 26))
    room = await rooms.by_id(db, cast.room.id)
    assert room is not None
    assert (room.seq, room.generation, room.last_number) == (cast.room.seq + 25, 5, 10)


async def test_changes_that_race_a_deletion_come_before_it_or_not_at_all(
    db: database.Database, cast: people.Cast
) -> None:
    async def rename(number: int) -> None:
        with contextlib.suppress(errors.Gone):
            await settings.rename(db, cast.room, cast.alice, f"Title {number}")

    await asyncio.gather(
        *(rename(number) for number in range(5)),
        settings.delete(db, cast.room, cast.alice),
        *(rename(number) for number in range(5)),
    )
    assert (await kinds(db, cast.room))[-1] == "deleted"
    assert (await kinds(db, cast.room)).count("deleted") == 1
