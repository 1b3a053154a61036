"""Guests: which rooms let them in, what one is, how they stay, go, and become an account."""

from __future__ import annotations

import asyncio
import dataclasses
import re
from typing import Any

import pytest
import sqlalchemy

from hubbub import database, errors
from hubbub.domain import (
    accounts,
    bans,
    changes,
    clock,
    guests,
    history,
    invitation_links,
    memberships,
    mentions,
    messages,
    pace,
    permissions,
    roles,
    rooms,
    sessions,
    settings,
    strays,
)
from hubbub.tables import people as persons
from tests import people
from tests.domain.conftest import kinds
from tests.people import NOON

pytestmark = pytest.mark.anyio

CID = "7d444840-9dc0-11d1-b245-5ffdce74fad2"
TOKEN = "what the browser sends once more"


async def opened(db: database.Database, cast: people.Cast) -> rooms.Room:
    """The room, with the switch for guests on."""
    return await guests.allow(db, cast.room, cast.alice, is_open=True)


async def come(
    db: database.Database, room: rooms.Room, name: str = "Gwen", **more: Any
) -> guests.Entry:
    return await guests.enter(db, room, name, "by-room", **more)


async def count(db: database.Database) -> int:
    query = sqlalchemy.select(sqlalchemy.func.count()).select_from(persons)
    return int(await db.value(query.where(persons.c.guest_of.is_not(None))))


# -- which rooms -------------------------------------------------------------------------------

STATES: dict[str, dict[str, Any]] = {
    "link": {},
    "listed": {"access": "listed"},
    "invited": {"access": "invited"},
    "archived": {"archived_at": NOON},
    "locked": {"locked_at": NOON},
    "deleted": {"deleted_at": NOON},
    "direct": {"access": "invited", "direct_key": "1 2"},
}


@pytest.mark.parametrize("mode", ["off", "by-room", "on"])
@pytest.mark.parametrize("switch", [0, 1], ids=["switched off", "switched on"])
@pytest.mark.parametrize("state", STATES)
def test_guests_come_where_site_and_room_let_them(state: str, switch: int, mode: str) -> None:
    plain: dict[str, Any] = dict.fromkeys(rooms.Room.__dataclass_fields__)
    room = rooms.Room(**{**plain, "access": "link", "guests": switch, **STATES[state]})
    is_open = state in {"link", "listed"} and (mode == "on" or (mode == "by-room" and switch == 1))
    assert guests.may_enter(room, mode) is is_open


async def test_the_switch_is_off_until_an_owner_ticks_it(
    db: database.Database, cast: people.Cast
) -> None:
    assert cast.room.guests == 0
    with pytest.raises(errors.Forbidden):
        await come(db, cast.room)
    with pytest.raises(errors.Forbidden):
        await guests.allow(db, cast.room, cast.bob, is_open=True)
    room = await opened(db, cast)
    assert room.guests == 1
    await come(db, room)
    assert await kinds(db, cast.room) == ["guests", "joined"]
    shut = await guests.allow(db, room, cast.alice, is_open=False)
    with pytest.raises(errors.Forbidden):
        await come(db, shut)


async def test_what_changed_since_the_page_was_opened_counts(
    db: database.Database, cast: people.Cast
) -> None:
    room = await opened(db, cast)
    await settings.reset_link(db, room, cast.alice)
    with pytest.raises(errors.Forbidden):
        await come(db, room)
    fresh = await rooms.by_id(db, room.id)
    assert fresh is not None
    await settings.archive(db, fresh, cast.alice)
    with pytest.raises(errors.Forbidden):
        await come(db, fresh)
    assert await count(db) == 0


# -- what a guest is ---------------------------------------------------------------------------


async def test_a_guest_is_a_person_with_a_mark_and_a_session(
    db: database.Database, cast: people.Cast
) -> None:
    room = await opened(db, cast)
    came = await come(db, room, "  Gwen  of\u00a0Wales ", now=NOON, address="192.0.2.1")
    assert came.person.name == "Gwen of Wales"
    assert re.fullmatch(r"guest~[a-z2-7]{4}", came.person.username)
    assert accounts.mark(came.person.username) == came.person.username[-4:]
    assert came.person.guest_of == room.id
    member = await memberships.find(db, room.id, came.person.id)
    assert member is not None
    assert (member.role, member.read_number) == ("guest", room.last_number)
    session = await sessions.find(db, came.token, NOON)
    assert session is not None
    assert session.person == came.person
    fresh = await rooms.by_id(db, room.id)
    assert fresh is not None
    assert fresh.members == room.members + 1


async def test_two_of_one_name_are_told_apart(db: database.Database, cast: people.Cast) -> None:
    room = await opened(db, cast)
    one, other = await come(db, room), await come(db, room)
    assert one.person.name == other.person.name
    assert one.person.username != other.person.username


@pytest.mark.parametrize("name", ["", "   ", "\u2800", "x" * 51, "Al\u202eice", "two\nlines"])
async def test_a_guest_says_what_to_call_them(
    db: database.Database, cast: people.Cast, name: str
) -> None:
    room = await opened(db, cast)
    with pytest.raises(errors.Invalid) as refused:
        await come(db, room, name)
    assert refused.value.field == "name"
    assert await count(db) == 0


async def test_nobody_has_or_gets_a_name_like_a_guests(
    db: database.Database, cast: people.Cast
) -> None:
    with pytest.raises(errors.Invalid):
        await accounts.register(db, "guest~k3f9", people.PASSWORD, people.KEYS)
    came = await come(db, await opened(db, cast))
    for password in ("", guests.NO_PASSWORD, people.PASSWORD):
        with pytest.raises(errors.Invalid):
            await accounts.authenticate(db, came.person.username, password, people.KEYS)


async def test_a_guest_writes_reads_and_is_called(db: database.Database, cast: people.Cast) -> None:
    room = await opened(db, cast)
    guest = (await come(db, room)).person
    posted = await messages.post(db, room, guest, messages.Draft("hello @bob"))
    found = await history.one(db, room.id, posted.number)
    assert (found.author_username, found.mentions) == (guest.username, "bob")
    fresh = await rooms.by_id(db, room.id)
    assert fresh is not None
    body = f"hi @{guest.username.upper()}, and @guest~aaaa"
    called = await mentions.called(db, fresh, cast.bob, body)
    assert called == mentions.Called((guest.username,), (guest.id,))
    answer = messages.Draft("which?", reply_to=posted.number)
    number = (await messages.post(db, fresh, cast.bob, answer)).number
    quote = (await history.one(db, room.id, number)).quote
    assert quote is not None
    assert quote.author_mark == accounts.mark(guest.username)
    names = await accounts.names(db, [guest.id, cast.bob.id])
    assert names == {guest.id: f"Gwen (guest {quote.author_mark})", cast.bob.id: "Bob"}


async def test_what_a_guest_says_first_is_held_where_it_is_so_for_newcomers(
    db: database.Database, cast: people.Cast
) -> None:
    room = await opened(db, cast)
    async with changes.begin(db, room, cast.alice, permissions.Act.HOLD, "held", holds=1) as change:
        room = change.room
    guest = (await come(db, room)).person
    with pytest.raises(pace.Newcomer):
        await messages.post(db, room, guest, messages.Draft("hello"))


# -- twice the same ----------------------------------------------------------------------------


async def test_the_same_form_sent_twice_is_one_guest(
    db: database.Database, cast: people.Cast
) -> None:
    room = await opened(db, cast)
    first, second = [await come(db, room, token=TOKEN, now=NOON + i) for i in (0, 1000)]
    assert (first.person, first.token) == (second.person, second.token)
    assert await count(db) == 1


async def test_the_same_form_sent_twice_at_once_is_one_guest(
    db: database.Database, cast: people.Cast
) -> None:
    room = await opened(db, cast)
    came = await asyncio.gather(*(come(db, room, token=TOKEN) for _ in range(8)))
    assert len({entry.person for entry in came}) == 1
    assert await count(db) == 1
    assert await kinds(db, room) == ["joined"]


async def test_long_afterwards_the_same_form_is_another_guest(
    db: database.Database, cast: people.Cast
) -> None:
    room = await opened(db, cast)
    first = await come(db, room, token=TOKEN, now=NOON)
    second = await come(db, room, token=TOKEN, now=NOON + guests.AGAIN)
    assert first.person != second.person
    assert first.token != second.token


# -- going -------------------------------------------------------------------------------------


async def test_who_leaves_is_signed_out(db: database.Database, cast: people.Cast) -> None:
    room = await opened(db, cast)
    came, stays = await come(db, room), await come(db, room)
    await memberships.leave(db, room, came.person)
    assert await sessions.find(db, came.token) is None
    assert await sessions.find(db, stays.token) is not None


async def test_who_is_removed_is_signed_out_and_comes_back_as_another(
    db: database.Database, cast: people.Cast
) -> None:
    room = await opened(db, cast)
    came = await come(db, room, token=TOKEN)
    await memberships.remove(db, room, cast.alice, came.person)
    assert await sessions.find(db, came.token) is None
    again = await come(db, room, token=TOKEN)
    assert again.person.username != came.person.username


async def test_who_was_taken_out_is_no_member_by_being_quick(
    db: database.Database, cast: people.Cast
) -> None:
    """As when the request that joins began before the one that removed was done."""
    room = await opened(db, cast)
    came = await come(db, room)
    await memberships.remove(db, room, cast.alice, came.person)
    with pytest.raises(errors.NotFound):
        await memberships.join(db, room, came.person)
    assert await memberships.find(db, room.id, came.person.id) is None


async def test_who_is_banned_does_not_come_back_from_there_for_a_day(
    db: database.Database, cast: people.Cast
) -> None:
    room = await opened(db, cast)
    came = await come(db, room, address="192.0.2.1", now=NOON)
    await bans.ban(db, room, cast.alice, came.person, now=NOON)
    assert await sessions.find(db, came.token, NOON) is None
    with pytest.raises(errors.Forbidden) as refused:
        await come(db, room, address="192.0.2.1", now=NOON + clock.HOUR)
    with pytest.raises(errors.Forbidden) as closed:
        await come(db, dataclasses.replace(room, generation=9))
    assert refused.value.message == closed.value.message  # It does not say that it is a ban.
    await come(db, room, address="192.0.2.2", now=NOON + clock.HOUR)
    await come(db, room, address="", now=NOON + clock.HOUR)
    await come(db, room, address="192.0.2.1", now=NOON + clock.DAY + 1)


async def test_a_ban_from_one_room_keeps_nobody_from_another(
    db: database.Database, cast: people.Cast
) -> None:
    room = await opened(db, cast)
    came = await come(db, room, address="192.0.2.1")
    await bans.ban(db, room, cast.alice, came.person)
    other = await rooms.create(db, cast.alice, "Another")
    other = await guests.allow(db, other, cast.alice, is_open=True)
    await come(db, other, address="192.0.2.1")


async def test_a_room_that_is_deleted_signs_its_guests_out(
    db: database.Database, cast: people.Cast
) -> None:
    room = await opened(db, cast)
    came = await come(db, room)
    await settings.delete(db, room, cast.alice)
    assert await sessions.find(db, came.token) is None


# -- by an invitation link ---------------------------------------------------------------------


async def test_a_link_counts_the_guest_it_lets_in(db: database.Database, cast: people.Cast) -> None:
    room = await opened(db, cast)
    link = await invitation_links.create(db, room, cast.alice, uses=1)
    came = await come(db, room, through=guests.through(link))
    member = await memberships.find(db, room.id, came.person.id)
    assert member is not None
    assert member.role == "guest"
    (through,) = await invitation_links.came_through(db, link)
    assert through.person.id == came.person.id
    with pytest.raises(errors.NotFound):
        await come(db, room, through=guests.through(link))
    assert await count(db) == 1


@pytest.mark.parametrize("more", [{"role": "reader"}, {"knock": True}], ids=["reads", "knocks"])
async def test_a_link_that_grants_less_asks_for_an_account(
    db: database.Database, cast: people.Cast, more: dict[str, Any]
) -> None:
    room = await opened(db, cast)
    link = await invitation_links.create(db, room, cast.alice, **more)
    with pytest.raises(errors.NotFound):
        await come(db, room, through=guests.through(link))
    assert await count(db) == 0


async def test_a_link_of_who_may_not_invite_any_more_lets_in_no_guest(
    db: database.Database, cast: people.Cast
) -> None:
    room = await opened(db, cast)
    await roles.change(db, room, cast.alice, cast.bob, "moderator")
    link = await invitation_links.create(db, room, cast.bob)
    await roles.change(db, room, cast.alice, cast.bob, "member")
    with pytest.raises(errors.NotFound):
        await come(db, room, through=guests.through(link))


# -- an account --------------------------------------------------------------------------------


async def settle(
    db: database.Database, came: guests.Entry, username: str = "Gwen", **more: Any
) -> guests.Entry:
    return await guests.settle(db, came.person, username, people.PASSWORD, people.KEYS, **more)


async def test_an_account_is_the_same_person_with_another_session(
    db: database.Database,
) -> None:
    await rooms.ensure_lobby(db)
    room = await opened(db, await people.cast(db))
    came = await come(db, room, "Gwen of Wales")
    posted = await messages.post(db, room, came.person, messages.Draft("mine"))
    became = await settle(db, came)
    assert became.person.id == came.person.id
    assert (became.person.username, became.person.name) == ("Gwen", "Gwen of Wales")
    assert became.person.guest_of is None
    found = await history.one(db, room.id, posted.number)
    assert (found.author_username, found.body) == ("Gwen", "mine")
    member = await memberships.find(db, room.id, came.person.id)
    assert member is not None
    assert member.role == "member"
    assert await sessions.find(db, came.token) is None
    assert await sessions.find(db, became.token) is not None
    lobby = await rooms.by_handle(db, rooms.LOBBY)
    assert lobby is not None
    assert await memberships.find(db, lobby.id, became.person.id) is not None
    assert await accounts.authenticate(db, "gwen", people.PASSWORD, people.KEYS) == became.person


async def test_a_name_is_given_once(db: database.Database, cast: people.Cast) -> None:
    room = await opened(db, cast)
    with pytest.raises(errors.Conflict):
        await settle(db, await come(db, room), "bob")
    two = [await come(db, room) for _ in range(2)]
    became = await asyncio.gather(*(settle(db, one) for one in two), return_exceptions=True)
    assert sorted(type(one).__name__ for one in became) == ["Conflict", "Entry"]
    (other,) = (one for one, its in zip(two, became, strict=True) if isinstance(its, Exception))
    assert await sessions.find(db, other.token) is not None  # … and stays a guest.


async def test_who_was_taken_out_meanwhile_becomes_nothing(
    db: database.Database, cast: people.Cast
) -> None:
    room = await opened(db, cast)
    came = await come(db, room)
    await bans.ban(db, room, cast.alice, came.person)
    with pytest.raises(errors.Conflict):
        await settle(db, came)
    became = await come(db, room)
    await settle(db, became)
    with pytest.raises(errors.Conflict):
        await settle(db, became, "Gwendolyn")


async def test_a_guest_is_made_nothing_more_without_an_account(
    db: database.Database, cast: people.Cast
) -> None:
    room = await opened(db, cast)
    came = await come(db, room)
    for role in ("moderator", "owner", "member"):
        with pytest.raises(errors.Forbidden):
            await roles.change(db, room, cast.alice, came.person, role)
    await settle(db, came)
    await roles.change(db, room, cast.alice, came.person, "moderator")


async def test_another_name_keeps_the_mark(db: database.Database, cast: people.Cast) -> None:
    came = await come(db, await opened(db, cast))
    await guests.rename(db, came.person, "Gwendolyn")
    found = await accounts.by_username(db, came.person.username)
    assert found is not None
    assert found.name == "Gwendolyn"
    with pytest.raises(errors.Invalid):
        await guests.rename(db, came.person, " ")


# -- long gone ---------------------------------------------------------------------------------


async def test_guests_who_are_signed_in_no_more_are_taken_out(
    db: database.Database, cast: people.Cast
) -> None:
    room = await opened(db, cast)
    silent, author, here = [await come(db, room, now=NOON) for _ in range(3)]
    posted = await messages.post(db, room, author.person, messages.Draft("mine"))
    for gone in (silent, author):
        await sessions.end_all(db, gone.person.id)
    later = NOON + 2 * clock.HOUR
    await strays.sweep(db, now=later)
    assert await memberships.find(db, room.id, silent.person.id) is None
    assert await memberships.find(db, room.id, here.person.id) is not None
    assert await kinds(db, room) == ["joined", "joined", "joined", "posted", "left", "left"]
    assert await count(db) == 3
    await strays.sweep(db, now=NOON + strays.KEPT + 1)
    assert await accounts.by_username(db, silent.person.username) is None
    assert await accounts.by_username(db, here.person.username) is not None
    found = await history.one(db, room.id, posted.number)
    assert found.author_name == "Gwen"


async def test_two_processes_that_sweep_at_once_take_a_guest_out_once(
    db: database.Database, cast: people.Cast
) -> None:
    room = await opened(db, cast)
    came = [await come(db, room, now=NOON) for _ in range(5)]
    for gone in came:
        await sessions.end_all(db, gone.person.id)
    await asyncio.gather(*(strays.sweep(db, now=NOON + 2 * clock.HOUR) for _ in range(3)))
    assert await kinds(db, room) == ["joined"] * 5 + ["left"] * 5


async def test_the_session_of_who_was_removed_is_swept(
    db: database.Database, cast: people.Cast
) -> None:
    room = await opened(db, cast)
    came, stays = await come(db, room), await come(db, room)
    await memberships.remove(db, room, cast.alice, came.person)
    assert await sessions.sweep(db) == 1
    assert await sessions.find(db, stays.token) is not None
