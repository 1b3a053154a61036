"""Deleting an account: what goes with it, what stays, and who looks after the rooms."""

import asyncio
import io
import pathlib
from typing import Any

import pytest

from hubbub import database, errors, storage
from hubbub.domain import (
    accounts,
    acts,
    departures,
    direct,
    held,
    history,
    memberships,
    messages,
    pace,
    profiles,
    reactions,
    reports,
    retention,
    roles,
    rooms,
    sessions,
    settings,
    tokens,
    uploads,
)
from tests import contents, drawings, people
from tests.domain import conftest

pytestmark = pytest.mark.anyio
NOW = people.NOON


@pytest.fixture
def store(tmp_path: pathlib.Path) -> storage.Store:
    return storage.Store(tmp_path / "files")


def files_in(folder: pathlib.Path) -> list[pathlib.Path]:
    return [path for path in (folder / "files").rglob("*") if path.is_file()]


async def say(
    db: database.Database, room: rooms.Room, who: accounts.Person, body: str, **more: Any
) -> int:
    draft = messages.Draft(body=body, **more)
    return (await messages.post(db, room, who, draft, now=NOW)).number


async def bodies(db: database.Database, room: rooms.Room) -> list[str | None]:
    """What stands in a room; None for what was erased."""
    said = await history.after(db, room.id, 0, limit=1_000)
    return [message.body if message.deleted_at is None else None for message in said]


async def parts(db: database.Database, room: rooms.Room) -> dict[str, str]:
    return {each.person.name: each.role for each in await memberships.people(db, room.id)}


async def depart(
    db: database.Database, store: storage.Store, who: accounts.Person, *, erase: bool = False
) -> departures.Seen:
    return await departures.depart(db, store, who, erase_messages=erase, now=NOW)


# ------------------------------------------------------------- the account


async def test_what_was_said_stays_under_no_name(
    db: database.Database, store: storage.Store, cast: people.Cast
) -> None:
    await say(db, cast.room, cast.bob, "I was here")
    await depart(db, store, cast.bob)
    [message] = await history.after(db, cast.room.id, 0, limit=10)
    assert message.body == "I was here"
    assert message.author_name == "Deleted account"
    assert message.author_username.startswith("deleted-")
    assert message.author_picture is None


async def test_nothing_else_tells_whose_it_was(
    db: database.Database, store: storage.Store, cast: people.Cast, tmp_path: pathlib.Path
) -> None:
    hers = {"email": "bobs@example.org", "preferences": "sound"}
    await db.run(database_update(cast.bob, **hers))
    await profiles.rename(db, cast.bob, "Bob the Builder")
    await profiles.set_picture(db, store, cast.bob, io.BytesIO(drawings.photograph()))
    await sessions.start(db, cast.bob, "Firefox", "192.0.2.7", now=NOW)
    await tokens.create(db, "password", person_id=cast.bob.id, lifetime=1_000, now=NOW)
    await depart(db, store, cast.bob)
    everything = await contents.of(db)
    for word in ("Bob", "bob", "192.0.2.7"):
        assert word not in everything
    row = await db.one("SELECT * FROM people WHERE id = :id", {"id": cast.bob.id})
    assert row is not None
    assert (row["password"], row["email"], row["picture"], row["preferences"]) == (
        "",
        None,
        None,
        "",
    )
    assert (row["disabled_at"], row["deleted_at"], row["departing"]) == (NOW, NOW, "")
    assert files_in(tmp_path) == []


def database_update(person: accounts.Person, **values: Any) -> Any:
    return accounts.people.update().where(accounts.people.c.id == person.id).values(**values)


async def test_nobody_gets_in_by_an_account_that_is_gone(
    db: database.Database, store: storage.Store, cast: people.Cast
) -> None:
    token, _ = await sessions.start(db, cast.bob, now=NOW)
    await depart(db, store, cast.bob)
    assert await sessions.find(db, token, NOW) is None
    for name in ("Bob", "deleted"):
        with pytest.raises(errors.Invalid):
            await accounts.authenticate(db, name, people.PASSWORD, people.KEYS)
    with pytest.raises(errors.Forbidden):  # Somebody whose password was being checked just then.
        await sessions.start(db, cast.bob, now=NOW)
    name = await db.value("SELECT username FROM people WHERE id = :id", {"id": cast.bob.id})
    for password in (people.PASSWORD, ""):
        with pytest.raises(errors.Invalid):
            await accounts.authenticate(db, name, password, people.KEYS)


async def test_the_name_is_free_again(
    db: database.Database, store: storage.Store, cast: people.Cast
) -> None:
    await depart(db, store, cast.bob)
    again = await people.person(db, "Bob")
    assert again.id != cast.bob.id
    assert not await memberships.find(db, cast.room.id, again.id)


async def test_the_only_administrator_cannot_go(
    db: database.Database, store: storage.Store
) -> None:
    ada = await people.person(db, "Ada", is_admin=True)
    with pytest.raises(errors.Conflict):
        await depart(db, store, ada)
    assert await accounts.authenticate(db, "Ada", people.PASSWORD, people.KEYS)
    await people.person(db, "Grace", is_admin=True)
    await depart(db, store, ada)
    assert await accounts.by_username(db, "Ada") is None


async def test_of_two_administrators_who_go_at_once_one_stays(
    db: database.Database, store: storage.Store
) -> None:
    both = [await people.person(db, name, is_admin=True) for name in ("Ada", "Grace")]
    going = [departures.begin(db, store, who, erase_messages=False) for who in both]
    outcomes = await asyncio.gather(*going, return_exceptions=True)
    assert sorted(type(each) for each in outcomes if each) == [errors.Conflict]


# --------------------------------------------------------------- the rooms


async def test_one_leaves_every_room_as_an_event_of_it(
    db: database.Database, store: storage.Store, cast: people.Cast
) -> None:
    other = await rooms.create(db, cast.charlie, "Other", now=NOW)
    await memberships.join(db, other, cast.bob, now=NOW)
    before = [await rooms.by_id(db, room.id) for room in (cast.room, other)]
    seen = await depart(db, store, cast.bob)
    for room in before:
        assert room is not None
        assert await conftest.kinds(db, room) == ["left"]
        assert seen[room.id] == room.seq + 1
        assert "Deleted account" not in await parts(db, room)


async def test_the_oldest_moderator_gets_the_room_else_the_oldest_member(
    db: database.Database, store: storage.Store, cast: people.Cast
) -> None:
    await memberships.join(db, cast.room, cast.charlie, now=NOW)
    await roles.change(db, cast.room, cast.alice, cast.charlie, "moderator", now=NOW)
    room = await rooms.by_id(db, cast.room.id)
    assert room is not None
    await depart(db, store, cast.alice)
    assert await parts(db, room) == {"Charlie": "owner", "Bob": "member"}
    assert await conftest.kinds(db, room) == ["left", "role"]
    latest = (await acts.latest(db, room.id))[0]
    assert (latest.act, latest.by_name, latest.name) == (
        "handed_over",
        "Deleted account",
        "Charlie",
    )
    await depart(db, store, cast.charlie)
    assert await parts(db, room) == {"Bob": "owner"}


async def test_a_room_with_another_owner_is_not_handed_over(
    db: database.Database, store: storage.Store, cast: people.Cast
) -> None:
    await memberships.join(db, cast.room, cast.charlie, now=NOW)
    await roles.change(db, cast.room, cast.alice, cast.bob, "owner", now=NOW)
    room = await rooms.by_id(db, cast.room.id)
    assert room is not None
    await depart(db, store, cast.alice)
    assert await parts(db, room) == {"Bob": "owner", "Charlie": "member"}
    assert await conftest.kinds(db, room) == ["left"]


async def test_an_account_that_is_shut_inherits_only_when_nobody_else_is_there(
    db: database.Database, store: storage.Store, cast: people.Cast
) -> None:
    await memberships.join(db, cast.room, cast.charlie, now=NOW + 1)
    await db.run(database_update(cast.bob, disabled_at=NOW))
    await depart(db, store, cast.alice)
    assert await parts(db, cast.room) == {"Bob": "member", "Charlie": "owner"}


async def test_a_room_with_nobody_left_ends(
    db: database.Database, store: storage.Store, cast: people.Cast
) -> None:
    own = await rooms.create(db, cast.bob, "Diary", "listed", now=NOW)
    await say(db, own, cast.bob, "Dear diary")
    seen = await depart(db, store, cast.bob)
    room = await rooms.by_id(db, own.id)
    assert room is not None
    assert (room.deleted_at, room.handle, room.members) == (NOW, None, 0)
    assert "Dear diary" not in await contents.of(db)
    assert seen[own.id] == room.seq


async def test_a_room_with_only_guests_left_ends(
    db: database.Database, store: storage.Store, cast: people.Cast
) -> None:
    await db.run(database_update(cast.bob, guest_of=cast.room.id))
    await reports.report_person(db, cast.room, cast.bob, cast.alice, "Says rude things")
    await pace.hold(db, cast.room, cast.alice, True)
    await memberships.leave(db, cast.room, cast.bob)
    await memberships.join(db, cast.room, cast.charlie)
    await held.post(db, cast.room, cast.charlie, messages.Draft("Is anybody here?"))
    await db.run(database_update(cast.charlie, guest_of=cast.room.id))
    await depart(db, store, cast.alice)
    room = await rooms.by_id(db, cast.room.id)
    assert room is not None
    assert room.deleted_at == NOW
    left = await contents.of(db)
    assert "Says rude things" not in left
    assert "Is anybody here?" not in left


async def test_the_lobby_waits_for_who_comes_next(
    db: database.Database, store: storage.Store
) -> None:
    await rooms.ensure_lobby(db)
    bob = await people.person(db, "Bob")
    await memberships.welcome(db, bob)
    await depart(db, store, bob)
    lobby = await rooms.by_handle(db, rooms.LOBBY)
    assert lobby is not None
    assert lobby.members == 0


async def test_the_lobby_is_inherited_by_administrators_only(
    db: database.Database, store: storage.Store
) -> None:
    await rooms.ensure_lobby(db)
    root = await people.person(db, "root", is_admin=True)
    bob = await people.person(db, "Bob")
    other = await people.person(db, "Other", is_admin=True)
    for each in (root, bob):
        await memberships.welcome(db, each)
    lobby = await rooms.by_handle(db, rooms.LOBBY)
    assert lobby is not None
    await depart(db, store, root)
    assert await parts(db, lobby) == {"Bob": "member"}
    await memberships.welcome(db, other)
    assert await parts(db, lobby) == {"Bob": "member", "Other": "owner"}


async def test_nobody_inherits_the_lobby_that_nobody_owned(
    db: database.Database, store: storage.Store
) -> None:
    await rooms.ensure_lobby(db)
    both = [await people.person(db, name) for name in ("Alice", "Bob")]
    for each in both:
        await memberships.welcome(db, each)
    await depart(db, store, both[1])
    lobby = await rooms.by_handle(db, rooms.LOBBY)
    assert lobby is not None
    assert await parts(db, lobby) == {"Alice": "member"}


async def test_a_deleted_room_is_left_without_a_word(
    db: database.Database, store: storage.Store, cast: people.Cast
) -> None:
    room = await settings.delete(db, cast.room, cast.alice, now=NOW)
    assert await depart(db, store, cast.bob) == {}
    assert await conftest.kinds(db, room) == []
    assert await memberships.find(db, room.id, cast.bob.id) is None


async def test_whoever_stays_in_a_direct_room_keeps_what_was_said_and_not_the_name(
    db: database.Database, store: storage.Store, cast: people.Cast
) -> None:
    pair = await direct.open(db, cast.bob, ["alice"], now=NOW)
    await say(db, pair, cast.alice, "Between us")
    assert "Alice" in pair.title
    await depart(db, store, cast.alice)
    assert await conftest.kinds(db, pair) == ["posted", "left", "titled"]
    assert await parts(db, pair) == {"Bob": "member"}
    assert await bodies(db, pair) == ["Between us"]
    left = await rooms.by_id(db, pair.id)
    assert left is not None
    assert [room.title for room in await direct.named(db, [left], cast.bob.id)] == [
        "Deleted account"
    ]
    await depart(db, store, cast.bob)
    gone = await rooms.by_id(db, pair.id)
    assert gone is not None
    assert (gone.deleted_at, gone.direct_key) == (NOW, None)
    assert "Alice" not in await contents.of(db)


async def test_a_direct_room_of_several_is_called_after_those_who_stay(
    db: database.Database, store: storage.Store, cast: people.Cast
) -> None:
    await memberships.join(db, cast.room, cast.charlie, now=NOW)
    three = await direct.open(db, cast.alice, ["bob", "charlie"], now=NOW)
    await depart(db, store, cast.bob)
    left = await rooms.by_id(db, three.id)
    assert left is not None
    assert left.title == "Alice, Charlie"


# ------------------------------------------------------- what lies around


async def test_reactions_go_and_are_counted_anew(
    db: database.Database, store: storage.Store, cast: people.Cast
) -> None:
    number = await say(db, cast.room, cast.alice, "Cake?")
    place = await messages.locate(db, cast.room.id, number)
    for who in (cast.alice, cast.bob):
        await reactions.toggle(db, cast.room, who, place.id, "🎉", now=NOW)
    await reactions.toggle(db, cast.room, cast.bob, place.id, "👍", now=NOW)
    room = await rooms.by_id(db, cast.room.id)
    assert room is not None
    await depart(db, store, cast.bob)
    message = await history.one(db, room.id, number)
    assert [(each.emoji, each.usernames) for each in message.reactions] == [("🎉", ("Alice",))]
    assert await db.value("SELECT reactions FROM messages WHERE id = :id", {"id": place.id}) == 1
    assert await conftest.kinds(db, room) == ["left", "reacted"]


async def test_what_was_blocked_muted_or_called_is_forgotten(
    db: database.Database, store: storage.Store, cast: people.Cast
) -> None:
    await say(db, cast.room, cast.alice, "@bob, come")
    bob, alice = cast.bob.id, cast.alice.id
    given = {"room_id": cast.room.id, "at": NOW, "until": NOW + 1}
    for statement, values in (
        ("INSERT INTO blocks (person_id, blocked_id, at) VALUES (:a, :b, 0)", {"a": bob, "b": 1}),
        ("INSERT INTO blocks (person_id, blocked_id, at) VALUES (:a, :b, 0)", {"a": 1, "b": bob}),
        (
            "INSERT INTO mutes (room_id, person_id, by_id, at, until)"
            " VALUES (:room_id, :person_id, :by_id, :at, :until)",
            {**given, "person_id": bob, "by_id": alice},
        ),
    ):
        await db.run(statement, values)
    await depart(db, store, cast.bob)
    left = await contents.of(db, ("mentions", "mutes", "blocks"))
    # Whoever did not want to hear them still does not: what they said may have stayed.
    assert left == f"blocks (1, {bob}, 0)"


async def test_files_that_were_never_sent_go(
    db: database.Database, store: storage.Store, cast: people.Cast, tmp_path: pathlib.Path
) -> None:
    allowance = uploads.Allowance(1, 1)
    file = io.BytesIO(b"a plan")
    await uploads.accept(db, store, cast.room, cast.bob, file, "plan.txt", allowance, now=NOW)
    await depart(db, store, cast.bob)
    assert await contents.of(db, ("attachments",)) == ""
    assert files_in(tmp_path) == []


async def test_nobody_is_asked_in_the_name_of_who_is_gone(
    db: database.Database, store: storage.Store, cast: people.Cast
) -> None:
    invitation = "INSERT INTO invitations (room_id, person_id, by_id, at) VALUES (:r, :p, :b, 0)"
    own = await rooms.create(db, cast.charlie, "Other", now=NOW)
    await db.run(invitation, {"r": cast.room.id, "p": cast.charlie.id, "b": cast.bob.id})
    await db.run(invitation, {"r": own.id, "p": cast.bob.id, "b": cast.charlie.id})
    await depart(db, store, cast.bob)
    assert await contents.of(db, ("invitations",)) == ""
    told = await db.all("SELECT person_id FROM inbox_changes ORDER BY seq DESC LIMIT 1")
    assert [row["person_id"] for row in told] == [cast.charlie.id]


# ------------------------------------------------------------ the messages


async def test_all_that_was_said_can_be_erased(
    db: database.Database, store: storage.Store, cast: people.Cast, tmp_path: pathlib.Path
) -> None:
    other = await rooms.create(db, cast.charlie, "Other", now=NOW)
    await memberships.join(db, other, cast.bob, now=NOW)
    allowance = uploads.Allowance(1, 1)
    file = io.BytesIO(b"a plan")
    sent = await uploads.accept(
        db, store, cast.room, cast.bob, file, "plan.txt", allowance, now=NOW
    )
    await say(db, cast.room, cast.alice, "Stays")
    await say(db, cast.room, cast.bob, "Goes, @alice", attachments=(sent.public_id,))
    await say(db, other, cast.bob, "Goes too")
    await memberships.leave(db, other, cast.bob, now=NOW)
    room = await rooms.by_id(db, cast.room.id)
    assert room is not None
    seen = await depart(db, store, cast.bob, erase=True)
    assert await bodies(db, cast.room) == ["Stays", None]
    assert await bodies(db, other) == [None]
    assert await conftest.kinds(db, room) == ["left", "erased"]
    assert set(seen) == {cast.room.id, other.id}
    assert "Goes" not in await contents.of(db)
    assert files_in(tmp_path) == []


async def test_many_messages_are_erased_a_few_at_a_time(
    db: database.Database,
    store: storage.Store,
    cast: people.Cast,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(departures.erasure, "AT_ONCE", 3)
    for number in range(8):
        await say(db, cast.room, cast.bob, f"Line {number}")
    sizes: list[int] = []
    wipe = departures.erasure.wipe

    async def watched(conn: database.Connection, room_id: int, found: Any, **more: Any) -> Any:
        sizes.append(len(found))
        return await wipe(conn, room_id, found, **more)

    monkeypatch.setattr(departures.erasure, "wipe", watched)
    await depart(db, store, cast.bob, erase=True)
    assert sizes == [3, 3, 2]
    assert await bodies(db, cast.room) == [None] * 8


async def test_what_stayed_at_first_can_be_erased_later(
    db: database.Database, store: storage.Store, cast: people.Cast
) -> None:
    await say(db, cast.room, cast.bob, "I was here")
    await depart(db, store, cast.bob)
    await depart(db, store, cast.bob, erase=True)
    assert await bodies(db, cast.room) == [None]


@pytest.mark.parametrize("step", ["_stop_asking", "_leave_rooms", "_erase_messages"])
async def test_a_process_that_dies_on_the_way_leaves_nobody_signed_in_and_another_goes_on(
    db: database.Database,
    store: storage.Store,
    cast: people.Cast,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    async def die(*_: Any) -> None:
        raise KeyboardInterrupt

    await say(db, cast.room, cast.bob, "I was here")
    token, _ = await sessions.start(db, cast.bob, now=NOW)
    with monkeypatch.context() as dying:
        dying.setattr(departures, step, die)
        with pytest.raises(KeyboardInterrupt):
            await depart(db, store, cast.bob, erase=True)
    assert await sessions.find(db, token, NOW) is None
    assert await accounts.by_username(db, "Bob") is None
    assert await bodies(db, cast.room) == ["I was here"]
    await retention.enforce(db, store, now=NOW)
    assert await bodies(db, cast.room) == [None]
    assert await parts(db, cast.room) == {"Alice": "owner"}
    assert await db.value("SELECT count(*) FROM people WHERE departing <> ''") == 0


async def test_doing_it_again_changes_nothing(
    db: database.Database, store: storage.Store, cast: people.Cast
) -> None:
    await say(db, cast.room, cast.bob, "I was here")
    await depart(db, store, cast.bob)
    before = await contents.of(db)
    assert await depart(db, store, cast.bob) == {}
    await departures.finish_all(db, store, now=NOW)
    assert await contents.of(db) == before
