"""Looking after a room: each act is an event, is told, and is refused to who stands too low."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from hubbub import database, errors
from hubbub.domain import (
    accounts,
    acts,
    bans,
    clock,
    directory,
    erasure,
    events,
    history,
    invitations,
    memberships,
    messages,
    moderation,
    pace,
    permissions,
    pins,
    reactions,
    roles,
    roll,
    rooms,
    search,
    security,
    sessions,
    settings,
    subjects,
)
from hubbub.domain.messages import Draft
from tests import people
from tests.domain import conftest

pytestmark = pytest.mark.anyio

NOON = people.NOON

Act = Callable[
    [database.Database, people.Cast, accounts.Person, accounts.Person], Awaitable[object]
]


async def mute(
    db: database.Database, cast: people.Cast, by: accounts.Person, whom: accounts.Person
) -> None:
    until = clock.now() + clock.HOUR
    await moderation.mute(db, cast.room, by, whom, until=until, reason="too loud")


async def unmute(
    db: database.Database, cast: people.Cast, by: accounts.Person, whom: accounts.Person
) -> None:
    await moderation.unmute(db, cast.room, by, whom)


async def remove(
    db: database.Database, cast: people.Cast, by: accounts.Person, whom: accounts.Person
) -> None:
    await memberships.remove(db, cast.room, by, whom)


async def ban(
    db: database.Database, cast: people.Cast, by: accounts.Person, whom: accounts.Person
) -> None:
    await bans.ban(db, cast.room, by, whom, purge=True)


async def purge(
    db: database.Database, cast: people.Cast, by: accounts.Person, whom: accounts.Person
) -> None:
    await moderation.purge(db, cast.room, by, [whom.id])


async def take_down(
    db: database.Database, cast: people.Cast, by: accounts.Person, whom: accounts.Person
) -> None:
    newest = await db.value(
        "SELECT max(number) FROM messages WHERE author_id = :id", {"id": whom.id}
    )
    await moderation.take_down(db, cast.room, by, newest, reason="rude")


async def say(
    db: database.Database, cast: people.Cast, by: accounts.Person, body: str = "said", **more: int
) -> messages.Message:
    return (await messages.post(db, cast.room, by, Draft(body), **more)).message


async def told(db: database.Database, cast: people.Cast) -> list[tuple[str, str | None]]:
    """The log of acts, the newest first."""
    return [(entry.act, entry.name) for entry in await acts.latest(db, cast.room.id)]


async def promote(db: database.Database, cast: people.Cast, role: str) -> None:
    """Charlie comes in, as this."""
    await memberships.join(db, cast.room, cast.charlie)
    if role != "member":
        await roles.change(db, cast.room, cast.alice, cast.charlie, role)


# ------------------------------------------------------------------- rank


@pytest.mark.parametrize("act", [mute, remove, ban, purge, take_down])
async def test_moderators_act_on_those_below_and_on_nobody_else(
    db: database.Database, cast: people.Cast, act: Act
) -> None:
    await promote(db, cast, "moderator")
    for person in (cast.alice, cast.bob, cast.charlie):
        await say(db, cast, person)
    before = await events.head(db, cast.room.id)
    log = await told(db, cast)
    for by, whom in (
        (cast.bob, cast.alice),
        (cast.bob, cast.charlie),
        (cast.bob, cast.bob),
        (cast.charlie, cast.alice),
        (cast.charlie, cast.charlie),
        (cast.alice, cast.alice),
    ):
        with pytest.raises(errors.Forbidden):
            await act(db, cast, by, whom)
    assert await events.head(db, cast.room.id) == before, "what is refused leaves no trace"
    assert await told(db, cast) == log
    await act(db, cast, cast.charlie, cast.bob)
    assert (await told(db, cast))[0][1] == "Bob"


@pytest.mark.parametrize("act", [mute, unmute, remove, ban, purge])
async def test_outsiders_act_on_nobody(db: database.Database, cast: people.Cast, act: Act) -> None:
    await say(db, cast, cast.bob)
    root = await people.person(db, "root", is_admin=True)
    for by in (cast.charlie, root):
        with pytest.raises(errors.Forbidden, match="not a member"):
            await act(db, cast, by, cast.bob)
    assert await told(db, cast) == []


@pytest.mark.parametrize("act", [mute, remove, ban, purge, take_down])
async def test_a_right_that_was_lost_a_moment_ago_does_not_count(
    db: database.Database, cast: people.Cast, act: Act
) -> None:
    await promote(db, cast, "moderator")
    await say(db, cast, cast.bob)
    await asyncio.gather(
        roles.change(db, cast.room, cast.alice, cast.charlie, "member"),
        act(db, cast, cast.charlie, cast.bob),
        return_exceptions=True,
    )
    newest = (await acts.latest(db, cast.room.id))[0]
    assert (newest.act, newest.detail) == ("role", "member"), "nothing was done after it"


# ------------------------------------------------------------------ muting


async def test_the_muted_read_take_back_and_leave_and_nothing_else(
    db: database.Database, cast: people.Cast
) -> None:
    await say(db, cast, cast.bob)
    await mute(db, cast, cast.alice, cast.bob)
    member = await memberships.find(db, cast.room.id, cast.bob.id)
    assert member is not None
    assert member.muted_until
    assert permissions.standing(cast.bob, member) is permissions.Standing.MUTED
    with pytest.raises(errors.Forbidden, match="muted"):
        await say(db, cast, cast.bob)
    assert await conftest.kinds(db, cast.room) == ["posted", "muted"]
    assert await told(db, cast) == [("muted", "Bob")]
    await memberships.leave(db, cast.room, cast.bob)


async def test_a_mute_ends_by_itself_without_an_event(
    db: database.Database, cast: people.Cast
) -> None:
    now = clock.now()
    until = now + clock.HOUR
    await moderation.mute(db, cast.room, cast.alice, cast.bob, until=until, now=now)
    with pytest.raises(errors.Forbidden):
        await say(db, cast, cast.bob, now=until - 1)
    await say(db, cast, cast.bob, now=until)
    assert await conftest.kinds(db, cast.room) == ["muted", "posted"]
    assert not await moderation.unmute(db, cast.room, cast.alice, cast.bob, now=until)


async def test_a_mute_is_changed_and_lifted(db: database.Database, cast: people.Cast) -> None:
    for minutes in (10, 60):
        until = NOON + minutes * clock.MINUTE
        await moderation.mute(db, cast.room, cast.alice, cast.bob, until=until, now=NOON)
    [row] = await db.all("SELECT by_id, until FROM mutes")
    assert (row["by_id"], row["until"]) == (cast.alice.id, NOON + clock.HOUR)
    assert await moderation.unmute(db, cast.room, cast.alice, cast.bob, now=NOON)
    assert not await moderation.unmute(db, cast.room, cast.alice, cast.bob, now=NOON)
    await say(db, cast, cast.bob, now=NOON)
    assert await conftest.kinds(db, cast.room) == ["muted", "muted", "unmuted", "posted"]
    assert [act for act, _ in await told(db, cast)] == ["unmuted", "muted", "muted"]


async def test_leaving_and_coming_back_ends_no_mute(
    db: database.Database, cast: people.Cast
) -> None:
    await mute(db, cast, cast.alice, cast.bob)
    await memberships.leave(db, cast.room, cast.bob)
    await memberships.join(db, cast.room, cast.bob)
    with pytest.raises(errors.Forbidden, match="muted"):
        await say(db, cast, cast.bob)


@pytest.mark.parametrize("until", [NOON - 1, NOON, NOON + moderation.LONGEST_MUTE + 1])
async def test_a_mute_lasts_for_a_while(
    db: database.Database, cast: people.Cast, until: int
) -> None:
    with pytest.raises(errors.Invalid):
        await moderation.mute(db, cast.room, cast.alice, cast.bob, until=until, now=NOON)


async def test_who_is_not_in_the_room_is_neither_muted_nor_unmuted(
    db: database.Database, cast: people.Cast
) -> None:
    for act in (mute, unmute):
        with pytest.raises(errors.Invalid, match="Charlie is not in this room"):
            await act(db, cast, cast.alice, cast.charlie)
    assert await conftest.kinds(db, cast.room) == []


# ----------------------------------------------------------------- banning


async def test_for_the_banned_the_room_does_not_exist_any_more(
    db: database.Database, cast: people.Cast
) -> None:
    room = await settings.set_access(db, cast.room, cast.alice, "listed", "talk")
    await bans.ban(db, room, cast.alice, cast.bob, reason="spam")
    assert await memberships.find(db, room.id, cast.bob.id) is None
    for way in (
        rooms.open(db, room.public_id, cast.bob),
        memberships.join(db, room, cast.bob),
        messages.post(db, room, cast.bob, Draft("let me in")),
        memberships.leave(db, room, cast.bob),
    ):
        with pytest.raises(errors.NotFound):
            await way
    assert await rooms.by_handle(db, "talk", cast.bob) is None
    for person, found in ((cast.bob, 0), (cast.charlie, 1), (None, 1)):
        page = await directory.listed(db, room.title, person=person)
        assert len(page.rooms) == found
    assert await rooms.by_handle(db, "talk", cast.charlie) is not None, "for others it is there"
    assert await conftest.kinds(db, cast.room) == ["access", "banned"]


async def test_a_ban_takes_along_what_waited(db: database.Database, cast: people.Cast) -> None:
    asked = await invitations.invite(db, cast.room, cast.alice, "charlie")
    await bans.ban(db, cast.room, cast.alice, cast.charlie)
    with pytest.raises(errors.NotFound):
        await invitations.find(db, asked.id, cast.charlie)
    fresh = await rooms.by_id(db, cast.room.id)
    assert fresh is not None
    assert fresh.members == 2
    assert await told(db, cast) == [("banned", "Charlie")]


async def test_a_ban_for_a_while_ends_by_itself(db: database.Database, cast: people.Cast) -> None:
    now = clock.now()
    past = now - clock.HOUR
    await bans.ban(db, cast.room, cast.alice, cast.bob, until=now - 1, now=past)
    assert await subjects.bans(db, cast.room.id) == []
    assert len(await subjects.bans(db, cast.room.id, now=past)) == 1
    assert await memberships.join(db, cast.room, cast.bob)
    with pytest.raises(errors.Invalid):
        await bans.ban(db, cast.room, cast.alice, cast.bob, until=now, now=now)


async def test_a_ban_is_listed_with_who_when_and_why_and_lifted(
    db: database.Database, cast: people.Cast
) -> None:
    await bans.ban(db, cast.room, cast.alice, cast.bob, reason="  spam  ", now=NOON)
    await bans.ban(db, cast.room, cast.alice, cast.charlie, now=NOON + 1)
    first, second = await subjects.bans(db, cast.room.id)
    assert (second.person, second.by_name) == (cast.bob, "Alice")
    assert (second.at, second.until, second.reason) == (NOON, None, "spam")
    assert first.person == cast.charlie
    assert await subjects.bans(db, cast.room.id, limit=1, skip=1) == [second]
    assert await bans.lift(db, cast.room, cast.alice, cast.bob)
    assert not await bans.lift(db, cast.room, cast.alice, cast.bob)
    with pytest.raises(errors.Forbidden):
        await bans.lift(db, cast.room, cast.bob, cast.charlie)
    assert await memberships.join(db, cast.room, cast.bob)
    assert await conftest.kinds(db, cast.room) == ["banned", "banned", "unbanned", "joined"]


async def test_whoever_the_lobby_does_not_let_in_can_log_in_all_the_same(
    db: database.Database, cast: people.Cast
) -> None:
    await rooms.ensure_lobby(db, again=True)
    root = await people.person(db, "root", is_admin=True)
    await sessions.start(db, root)
    lobby = await rooms.by_handle(db, rooms.LOBBY)
    assert lobby is not None
    await bans.ban(db, lobby, root, cast.bob)
    await pace.lock(db, lobby, root, True)
    for person in (cast.bob, cast.charlie):
        token, _ = await sessions.start(db, person)
        assert await sessions.find(db, token) is not None
        assert await memberships.find(db, lobby.id, person.id) is None
    await pace.lock(db, lobby, root, False)
    await sessions.start(db, cast.alice)
    assert await memberships.find(db, lobby.id, cast.alice.id) is not None


async def test_who_runs_the_site_is_banned_nowhere(
    db: database.Database, cast: people.Cast
) -> None:
    root = await people.person(db, "root", is_admin=True)
    with pytest.raises(errors.Forbidden, match="root"):
        await bans.ban(db, cast.room, cast.alice, root)
    assert await subjects.bans(db, cast.room.id) == []


@pytest.mark.parametrize(
    ("until", "shut_until"),
    [
        (None, NOON + clock.DAY),
        (NOON + 9 * clock.DAY, NOON + clock.DAY),
        (NOON + clock.HOUR, NOON + clock.HOUR),
    ],
    ids=["for good", "for long", "for an hour"],
)
async def test_with_a_banned_guest_goes_their_address_for_a_day_or_as_long_as_the_ban(
    db: database.Database, cast: people.Cast, until: int | None, shut_until: int
) -> None:
    await db.run("UPDATE people SET guest_of = :room", {"room": cast.room.id})
    guest = await accounts.by_username(db, "bob")
    assert guest is not None
    for place, address in enumerate(("192.0.2.1", "192.0.2.7")):
        await sessions.start(db, guest, address=address, now=NOON + place)
    await bans.ban(db, cast.room, cast.alice, guest, until=until, now=NOON)
    [row] = await db.all("SELECT address, address_until FROM bans")
    assert (row["address"], row["address_until"]) == ("192.0.2.7", shut_until)


async def test_a_guest_who_signed_out_before_the_ban_does_not_come_back_from_there(
    db: database.Database, cast: people.Cast
) -> None:
    await db.run("UPDATE people SET guest_of = :room", {"room": cast.room.id})
    guest = await accounts.by_username(db, "bob")
    assert guest is not None
    await security.record(db, "guest came", person_id=guest.id, address="192.0.2.9")
    _, session = await sessions.start(db, guest, address="192.0.2.9")
    await sessions.end(db, session.id)
    await bans.ban(db, cast.room, cast.alice, guest)
    assert await db.value("SELECT address FROM bans") == "192.0.2.9"


async def test_who_has_an_account_is_banned_without_their_address(
    db: database.Database, cast: people.Cast
) -> None:
    await sessions.start(db, cast.bob, address="192.0.2.1")
    await bans.ban(db, cast.room, cast.alice, cast.bob)
    assert await db.value("SELECT address FROM bans") == ""


async def test_what_goes_with_a_ban_comes_after_it_and_is_of_the_last_days(
    db: database.Database, cast: people.Cast
) -> None:
    times = [NOON - bans.RECENT - 1, NOON - bans.RECENT, NOON - 1]
    for at in times:
        await say(db, cast, cast.bob, now=at)
    await say(db, cast, cast.alice, now=NOON - 1)
    await bans.ban(db, cast.room, cast.alice, cast.bob, reason="spam", purge=True, now=NOON)
    kinds = await conftest.kinds(db, cast.room)
    assert kinds[len(times) + 1 :] == ["banned", "erased", "erased"]
    bodies = await db.all("SELECT number, body FROM messages ORDER BY number")
    assert [row["body"] for row in bodies] == ["said", "", "", "said"]
    assert await told(db, cast) == [("banned", "Bob")], "one act, told once"


# ----------------------------------------------------------------- erasing


async def test_a_tombstone_says_by_whom_and_why(db: database.Database, cast: people.Cast) -> None:
    await say(db, cast, cast.bob, "rude words")
    await moderation.take_down(db, cast.room, cast.alice, 1, reason=" rude ", now=NOON)
    gone = await history.one(db, cast.room.id, 1)
    assert (gone.body, gone.deleted_at, gone.number) == ("", NOON, 1)
    assert (gone.deleted_by, gone.deleted_reason) == ("Alice", "rude")
    assert await told(db, cast) == [("took_down", "Bob")]
    for by in (cast.alice, cast.bob):
        with pytest.raises(errors.NotFound):
            await moderation.take_down(db, cast.room, by, 1)


async def test_what_is_taken_down_is_gone_with_all_that_hung_on_it(
    db: database.Database, cast: people.Cast
) -> None:
    await say(db, cast, cast.bob, "hello @alice quixotic")
    said = await history.one(db, cast.room.id, 1)
    await reactions.toggle(db, cast.room, cast.alice, said.id, "🎉")
    await pins.pin(db, cast.room, cast.alice, 1)
    await moderation.take_down(db, cast.room, cast.alice, 1)
    for table in ("reactions", "mentions"):
        assert await db.value(f"SELECT count(*) FROM {table}") == 0
    assert await pins.count(db, cast.room.id) == 0
    found = await search.find(db, cast.alice, search.parse({"q": "quixotic"}))
    assert not found.hits


async def test_who_runs_the_site_takes_down_what_is_public_and_nothing_private(
    db: database.Database, cast: people.Cast
) -> None:
    root = await people.person(db, "root", is_admin=True)
    await say(db, cast, cast.alice)
    await say(db, cast, cast.alice)
    with pytest.raises(errors.Forbidden):
        await moderation.take_down(db, cast.room, cast.charlie, 1)
    await moderation.take_down(db, cast.room, root, 1)
    assert (await history.one(db, cast.room.id, 1)).deleted_by == "root"
    await settings.set_access(db, cast.room, cast.alice, "invited")
    with pytest.raises(errors.NotFound):
        await moderation.take_down(db, cast.room, root, 2)


async def test_a_purge_erases_the_newest_first_each_an_event_in_small_transactions(
    db: database.Database, cast: people.Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasure, "AT_ONCE", 3)
    for place in range(8):
        await say(db, cast, cast.bob if place != 4 else cast.alice)
    before = await events.head(db, cast.room.id)
    assert before is not None
    await moderation.purge(db, cast.room, cast.alice, [cast.bob.id], reason="flood")
    after = await events.after(db, cast.room.id, before.seq)
    assert [event.kind for event in after] == ["erased"] * 7
    numbers = [event.message.number for event in after if event.message]
    assert numbers == [8, 7, 6, 4, 3, 2, 1]
    assert {event.seq for event in after} == set(range(before.seq + 1, before.seq + 8))
    left = await db.all("SELECT number FROM messages WHERE deleted_at IS NULL")
    assert [row["number"] for row in left] == [5]
    assert await told(db, cast) == [("purged", "Bob")], "one act, told once"
    assert await moderation.purge(db, cast.room, cast.alice, [cast.bob.id]) == []
    assert len(await told(db, cast)) == 1, "where there is nothing, nothing was done"


async def test_a_purge_of_many_leaves_out_who_stands_as_high(
    db: database.Database, cast: people.Cast
) -> None:
    await promote(db, cast, "moderator")
    for person in (cast.alice, cast.bob, cast.charlie):
        await say(db, cast, person)
    everyone = [cast.alice.id, cast.bob.id, cast.charlie.id]
    await moderation.purge(db, cast.room, cast.charlie, everyone)
    left = await db.all("SELECT author_id FROM messages WHERE deleted_at IS NULL")
    assert {row["author_id"] for row in left} == {cast.alice.id, cast.charlie.id}


async def test_a_purge_reaches_those_who_left_and_goes_back_no_further_than_asked(
    db: database.Database, cast: people.Cast
) -> None:
    for at in (NOON, NOON + 1):
        await say(db, cast, cast.bob, now=at)
    await memberships.leave(db, cast.room, cast.bob)
    await moderation.purge(db, cast.room, cast.alice, [cast.bob.id], since=NOON + 1)
    left = await db.all("SELECT number FROM messages WHERE deleted_at IS NULL")
    assert [row["number"] for row in left] == [1]


async def test_a_purge_while_people_talk_loses_no_number(
    db: database.Database, cast: people.Cast
) -> None:
    for _ in range(5):
        await say(db, cast, cast.bob)
    await asyncio.gather(
        moderation.purge(db, cast.room, cast.alice, [cast.bob.id]),
        *(say(db, cast, cast.alice) for _ in range(5)),
    )
    kinds = await conftest.kinds(db, cast.room)
    assert (kinds.count("posted"), kinds.count("erased")) == (10, 5)


async def test_a_reason_is_one_line(db: database.Database, cast: people.Cast) -> None:
    await say(db, cast, cast.bob)
    for reason in ("two\nlines", "x" * (acts.REASON_LENGTH + 1)):
        with pytest.raises(errors.Invalid):
            await moderation.take_down(db, cast.room, cast.alice, 1, reason=reason)
    assert await told(db, cast) == []


# ------------------------------------------------------------------- roles


async def test_there_may_be_several_owners_and_never_none(
    db: database.Database, cast: people.Cast
) -> None:
    with pytest.raises(errors.Conflict):
        await roles.change(db, cast.room, cast.alice, cast.alice, "member")
    await roles.change(db, cast.room, cast.alice, cast.bob, "owner")
    await asyncio.gather(
        roles.change(db, cast.room, cast.alice, cast.alice, "member"),
        roles.change(db, cast.room, cast.bob, cast.bob, "member"),
        return_exceptions=True,
    )
    owners = await db.value("SELECT count(*) FROM memberships WHERE role = 'owner'")
    assert owners == 1


@pytest.mark.parametrize("role", ["reader", "member", "moderator", "owner"])
async def test_only_owners_give_roles(db: database.Database, cast: people.Cast, role: str) -> None:
    await promote(db, cast, "moderator")
    for by in (cast.bob, cast.charlie):
        with pytest.raises(errors.Forbidden):
            await roles.change(db, cast.room, by, cast.bob, role)
    await roles.change(db, cast.room, cast.alice, cast.bob, role)
    member = await memberships.find(db, cast.room.id, cast.bob.id)
    assert member is not None
    assert member.role == role


# -------------------------------------------------------------------- roll


async def test_the_roll_is_read_in_parts_and_pages(
    db: database.Database, cast: people.Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    await promote(db, cast, "moderator")
    await mute(db, cast, cast.alice, cast.bob)

    async def names(part: str = "all", **more: object) -> list[str]:
        page = await roll.page(db, cast.room.id, part, **more)  # type: ignore[arg-type]
        return [member.person.username for member in page.people]

    assert await names() == ["Alice", "Charlie", "Bob"]
    assert await names("carers") == ["Alice", "Charlie"]
    assert await names("muted") == ["Bob"]
    assert await names("guests") == []
    assert await names("whatever") == await names()
    assert await names(named="CHAR") == ["Charlie"]
    assert await names(named="%") == []
    monkeypatch.setattr(roll, "PAGE", 2)
    first = await roll.page(db, cast.room.id)
    assert (first.before, first.after) == (None, 2)
    last = await roll.page(db, cast.room.id, skip=2)
    assert (last.before, last.after) == (0, None)
    assert [member.person.username for member in last.people] == ["Bob"]


async def test_one_is_told_about_those_a_room_has_to_do_with(
    db: database.Database, cast: people.Cast
) -> None:
    bob = await subjects.about(db, cast.room.id, "BOB")
    assert (bob.person, bob.role, bob.ban) == (cast.bob, "member", None)
    for name in ("charlie", "nobody-of-this-name"):
        with pytest.raises(errors.NotFound):
            await subjects.about(db, cast.room.id, name)
    await say(db, cast, cast.bob)
    await memberships.leave(db, cast.room, cast.bob)
    assert (await subjects.about(db, cast.room.id, "bob")).role == ""
    await bans.ban(db, cast.room, cast.alice, cast.charlie)
    assert (await subjects.about(db, cast.room.id, "charlie")).ban is not None
