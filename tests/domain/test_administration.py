"""What those who run the site see of it and do for it: accounts, rooms, links, reports, bans."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from hubbub import database, errors
from hubbub.domain import (
    accounts,
    acts,
    bans,
    clock,
    credentials,
    drafts,
    history,
    memberships,
    messages,
    reports,
    revisions,
    rooms,
    search,
    security,
    sessions,
    settings,
)
from hubbub.domain.administration import bans as banned
from hubbub.domain.administration import (
    entrance,
    journal,
    links,
    paging,
    people,
)
from hubbub.domain.administration import messages as said
from hubbub.domain.administration import reports as queue
from hubbub.domain.administration import rooms as overseen
from tests import people as persons
from tests.domain import conftest

pytestmark = pytest.mark.anyio

ALL = paging.Asked()
SECRET = "the colour of the parrot"


@pytest.fixture
async def root(db: database.Database, cast: persons.Cast) -> accounts.Person:
    return await persons.person(db, "Root", is_admin=True)


@pytest.fixture
async def private(db: database.Database, cast: persons.Cast) -> rooms.Room:
    """A private room in which Alice told a secret."""
    room = await rooms.create(db, cast.alice, "The quiet room", "invited")
    await messages.post(db, room, cast.alice, drafts.Draft(SECRET))
    return await now(db, room)


async def now(db: database.Database, room: rooms.Room) -> rooms.Room:
    found = await rooms.by_id(db, room.id)
    assert found is not None
    return found


async def account(db: database.Database, person: accounts.Person) -> people.Account:
    return await people.find(db, person.username)


async def direct(db: database.Database, *, between: list[accounts.Person]) -> rooms.Room:
    room = await rooms.create(db, between[0], "Alice and Bob", "invited")
    await persons.bring(db, room, between[0], between[1])
    await db.run("UPDATE rooms SET direct_key = '1 2' WHERE id = :id", {"id": room.id})
    await messages.post(db, room, between[0], drafts.Draft(SECRET))
    return await now(db, room)


# -- people ------------------------------------------------------------------------------------


async def names(db: database.Database, **asked: str) -> list[str]:
    wanted = paging.asked(asked, shows=[*people.SHOWS], sorts=[*people.SORTS])
    return [row.person.username for row in (await people.listed(db, wanted)).rows]


async def test_people_are_found_narrowed_and_ordered(
    db: database.Database, cast: persons.Cast, root: accounts.Person
) -> None:
    assert await names(db) == ["Alice", "Bob", "Charlie", "Root"]
    assert await names(db, sort="newest") == ["Root", "Charlie", "Bob", "Alice"]
    assert await names(db, q="LI") == ["Alice", "Charlie"]
    assert await names(db, q="@bob") == ["Bob"]
    assert await names(db, q="%") == [], "what stands for anything elsewhere is a letter here"
    await db.run("UPDATE people SET display_name = 'Bertrand' WHERE username_key = 'bob'")
    assert await names(db, q="bertr") == ["Bob"]
    assert await names(db, show="admins") == ["Root"]
    await sessions.start(db, cast.charlie, now=persons.NOON)
    await sessions.start(db, cast.bob, now=persons.NOON + 1)
    assert await names(db, show="never") == ["Alice", "Root"]
    assert await names(db, sort="seen") == ["Bob", "Charlie", "Alice", "Root"]
    await people.disable(db, root, await account(db, cast.alice))
    assert await names(db, show="disabled") == ["Alice"]


async def test_guests_are_a_list_of_their_own(db: database.Database, cast: persons.Cast) -> None:
    await db.run("UPDATE people SET guest_of = 1 WHERE username_key = 'charlie'")
    assert await names(db) == ["Alice", "Bob"]
    assert await names(db, show="guests") == ["Charlie"]


async def test_what_is_asked_and_not_known_is_not_asked(db: database.Database) -> None:
    strange = {"show": "everything", "sort": "'; --", "page": "-1", "q": "a\0b " * 50}
    asked = paging.asked(strange, shows=[*people.SHOWS], sorts=[*people.SORTS])
    assert (asked.show, asked.sort, asked.number) == ("", "", 1)
    assert len(asked.q) <= paging.Q_LENGTH
    assert "\0" not in asked.q


async def test_a_list_has_pages(
    db: database.Database, cast: persons.Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "SIZE", 2)
    first = await people.listed(db, ALL)
    assert ([row.person.username for row in first.rows], first.has_next) == (["Alice", "Bob"], True)
    second = await people.listed(db, paging.Asked(number=2))
    assert ([row.person.username for row in second.rows], second.has_next) == (["Charlie"], False)
    assert (await people.listed(db, paging.Asked(number=paging.LAST))).rows == ()


async def test_the_page_of_a_person_names_no_private_room(
    db: database.Database, cast: persons.Cast, private: rooms.Room
) -> None:
    await sessions.start(db, cast.alice, "A browser", "192.0.2.1")
    found = await people.details(db, cast.alice.id)
    listed = [(part.title, part.role) for part in found.rooms]
    assert ("Design talk", "owner") in listed
    assert not [title for title, _ in listed if title == private.title]
    assert (found.private_rooms, found.messages) == (1, 1)
    [session] = found.sessions
    assert (session.user_agent, session.address) == ("A browser", "192.0.2.1")
    with pytest.raises(errors.NotFound):
        await people.find(db, "nobody\0")


async def test_who_is_disabled_is_signed_out_and_told_nothing_at_the_login(
    db: database.Database, cast: persons.Cast, root: accounts.Person
) -> None:
    token, _ = await sessions.start(db, cast.bob)
    handed = await credentials.link(db, "Bob")
    await people.disable(db, root, await account(db, cast.bob))
    assert await sessions.find(db, token) is None
    said_to: list[str] = []
    for password in (persons.PASSWORD, "not the password"):
        with pytest.raises(errors.Invalid) as refused:
            await accounts.authenticate(db, "Bob", password, persons.KEYS)
        said_to.append(refused.value.message)
    assert len(set(said_to)) == 1
    await people.enable(db, root, await account(db, cast.bob))
    with pytest.raises(errors.NotFound):
        await credentials.holder(db, handed)
    assert (await accounts.authenticate(db, "Bob", persons.PASSWORD, persons.KEYS)).id


async def test_a_new_right_takes_a_new_token(
    db: database.Database, cast: persons.Cast, root: accounts.Person
) -> None:
    for change, is_admin in ((people.promote, True), (people.demote, False)):
        token, _ = await sessions.start(db, cast.bob)
        await change(db, root, await account(db, cast.bob))
        assert await sessions.find(db, token) is None
        assert (await account(db, cast.bob)).person.is_admin is is_admin


async def test_there_is_always_an_administrator(
    db: database.Database, cast: persons.Cast, root: accounts.Person
) -> None:
    with pytest.raises(errors.Conflict):
        await people.demote(db, root, await account(db, root))
    with pytest.raises(errors.Conflict):
        await people.disable(db, root, await account(db, root))
    await people.promote(db, root, await account(db, cast.bob))
    bob = (await account(db, cast.bob)).person
    await people.disable(db, root, await account(db, bob))
    with pytest.raises(errors.Conflict):
        await people.demote(db, root, await account(db, root))
    assert (await account(db, root)).person.is_admin


async def test_two_who_take_the_right_from_each_other_at_once_do_not_both_succeed(
    db: database.Database, cast: persons.Cast, root: accounts.Person
) -> None:
    for _ in range(5):
        await db.run("UPDATE people SET is_admin = 1 WHERE username_key IN ('root', 'bob')")
        one, two = await account(db, root), await account(db, cast.bob)
        await asyncio.gather(
            people.demote(db, one.person, two),
            people.demote(db, two.person, one),
            return_exceptions=True,
        )
        assert await db.value("SELECT COUNT(*) FROM people WHERE is_admin = 1") == 1


Act = Callable[[database.Database, accounts.Person, people.Account], Awaitable[None]]


@pytest.mark.parametrize("act", [people.disable, people.enable, people.promote, people.demote])
async def test_who_is_no_administrator_any_more_changes_no_account(
    db: database.Database, cast: persons.Cast, root: accounts.Person, act: Act
) -> None:
    before = await account(db, cast.charlie)
    await db.run("UPDATE people SET is_admin = 0 WHERE username_key = 'root'")
    for by in (root, cast.bob):
        with pytest.raises(errors.NotFound):
            await act(db, by, before)
    assert await account(db, cast.charlie) == before


async def test_the_lobby_belongs_to_those_who_administer_the_site(
    db: database.Database, cast: persons.Cast, root: accounts.Person
) -> None:
    await rooms.ensure_lobby(db, again=True)
    lobby = await rooms.by_handle(db, rooms.LOBBY)
    assert lobby is not None
    await memberships.welcome(db, cast.bob)
    for act, role in ((people.promote, "owner"), (people.demote, "member")):
        await act(db, root, await account(db, cast.bob))
        member = await memberships.find(db, lobby.id, cast.bob.id)
        assert member is not None
        assert member.role == role
    with pytest.raises(errors.Forbidden):
        await settings.rename(db, lobby, cast.bob, "Mine")


async def test_neither_guests_nor_the_disabled_are_promoted(
    db: database.Database, cast: persons.Cast, root: accounts.Person
) -> None:
    await db.run("UPDATE people SET guest_of = 1 WHERE username_key = 'charlie'")
    await people.disable(db, root, await account(db, cast.bob))
    for person in (cast.bob, cast.charlie):
        with pytest.raises(errors.Conflict):
            await people.promote(db, root, await account(db, person))
        assert not (await account(db, person)).person.is_admin


# -- rooms -------------------------------------------------------------------------------------


async def titles(db: database.Database, **asked: str) -> list[str]:
    wanted = paging.asked(asked, shows=[*overseen.SHOWS], sorts=[*overseen.SORTS])
    return [row.title for row in (await overseen.listed(db, wanted)).rows]


async def test_rooms_are_found_narrowed_and_ordered(
    db: database.Database, cast: persons.Cast, private: rooms.Room, root: accounts.Person
) -> None:
    await rooms.create(db, cast.bob, "Book club", "listed", "books")
    assert await titles(db) == ["The quiet room", "Book club", "Design talk"]
    assert await titles(db, sort="title") == ["Book club", "Design talk", "The quiet room"]
    assert await titles(db, sort="members") == ["Design talk", "Book club", "The quiet room"]
    assert await titles(db, show="invited") == ["The quiet room"]
    assert await titles(db, q="BOOKS") == ["Book club"]
    await overseen.lock(db, cast.room, root, True)
    assert await titles(db, show="locked") == ["Design talk"]
    await settings.archive(db, private, root, overseeing=True)
    assert await titles(db, show="archived") == ["The quiet room"]
    await settings.delete(db, private, root, overseeing=True)
    assert await titles(db, q="quiet") == []


@pytest.mark.parametrize("text", ["", "\0", "book\0club", "9" * 30, "%", "é" * 5_000])
async def test_what_names_no_room_finds_none(
    db: database.Database, private: rooms.Room, text: str
) -> None:
    assert await overseen.called(db, text) is None
    assert await overseen.called(db, str(private.id)) is not None


async def test_a_direct_room_shows_only_that_it_is_there(
    db: database.Database, cast: persons.Cast, root: accounts.Person
) -> None:
    room = await direct(db, between=[cast.alice, cast.bob])
    assert await titles(db, show="direct") == [""]
    assert await titles(db, q="alice and") == []
    # Nor where it would stand among others.
    assert (await titles(db, sort="title"))[0] == ""
    await db.run("UPDATE rooms SET title_key = 'zoe' WHERE direct_key IS NOT NULL")
    assert (await titles(db, sort="title"))[0] == ""
    found = await overseen.find(db, room.id)
    assert (await overseen.details(db, found, root)).keepers == ()
    for act in (
        overseen.lock(db, room, root, True),
        settings.archive(db, room, root, overseeing=True),
        settings.delete(db, room, root, overseeing=True),
        entrance.enter(db, room, root),
    ):
        with pytest.raises((errors.NotFound, errors.Forbidden)):
            await act
    assert await now(db, room) == room


async def test_administrators_close_rooms_also_where_they_are_plain_members(
    db: database.Database, cast: persons.Cast, root: accounts.Person
) -> None:
    await persons.bring(db, cast.room, cast.alice, root)
    room = await overseen.lock(db, cast.room, root, True)
    assert room.locked_at
    room = await overseen.lock(db, room, root, False)
    assert room.locked_at is None
    room = await settings.archive(db, room, root, overseeing=True)
    assert room.archived_at
    told = await acts.latest(db, room.id)
    assert [entry.act for entry in told][:3] == ["archived", "unlocked", "locked"]
    for act in (settings.archive, settings.unarchive, settings.delete):
        with pytest.raises(errors.Forbidden):
            await act(db, room, cast.bob, overseeing=True)


# -- entering ----------------------------------------------------------------------------------


async def test_entering_a_private_room_is_said_there_and_in_the_log(
    db: database.Database, cast: persons.Cast, private: rooms.Room, root: accounts.Person
) -> None:
    await entrance.enter(db, private, root, address="192.0.2.1")
    member = await memberships.find(db, private.id, root.id)
    assert member is not None
    assert member.role == "moderator"
    assert await conftest.kinds(db, private) == ["added", "posted"]
    [_, notice] = await history.after(db, private.id, 0)
    assert (notice.author_username, notice.body) == ("Root", entrance.notice())
    [line], _ = await journal.latest(db, journal.Asked())
    assert (line.kind, line.username, line.room_id) == ("private room entered", "Root", private.id)
    assert line.address == "192.0.2.1"


async def test_that_somebody_entered_stays_known_without_the_notice(
    db: database.Database, cast: persons.Cast, private: rooms.Room, root: accounts.Person
) -> None:
    posted = await entrance.enter(db, private, root)
    await revisions.erase(db, private, root, posted.number)
    await memberships.leave(db, private, root)
    [entry] = await acts.latest(db, private.id)
    assert (entry.act, entry.by_name) == ("entered", "Root")


async def test_nobody_enters_a_private_room_unseen(
    db: database.Database, cast: persons.Cast, private: rooms.Room, root: accounts.Person
) -> None:
    """Where the notice cannot be posted, nobody came in."""
    archived = await settings.archive(db, private, root, overseeing=True)
    with pytest.raises(errors.Forbidden):
        await entrance.enter(db, archived, root)
    assert await memberships.find(db, private.id, root.id) is None
    assert await conftest.kinds(db, private) == ["archived"]
    assert (await journal.latest(db, journal.Asked()))[0] == []


async def test_only_administrators_enter_and_only_private_rooms_and_once(
    db: database.Database, cast: persons.Cast, private: rooms.Room, root: accounts.Person
) -> None:
    with pytest.raises(errors.NotFound):
        await entrance.enter(db, private, cast.charlie)
    with pytest.raises(errors.Forbidden):
        await entrance.enter(db, cast.room, root)
    await entrance.enter(db, private, root)
    with pytest.raises(errors.Conflict):
        await entrance.enter(db, private, root)
    assert len(await history.after(db, private.id, 0)) == 2


# -- messages ----------------------------------------------------------------------------------


async def bodies(db: database.Database, viewer: accounts.Person, **asked: str) -> list[str]:
    room = await overseen.called(db, asked.pop("room", "")) if "room" in asked else None
    found = await said.find(db, viewer, search.parse(asked), room)
    return [hit.body for hit in found.results.hits]


async def test_messages_are_found_by_room_person_day_and_word(
    db: database.Database, cast: persons.Cast, root: accounts.Person
) -> None:
    other = await rooms.create(db, cast.bob, "Book club", "listed", "books")
    for room, person, text, at in (
        (cast.room, cast.alice, "high tide", persons.NOON),
        (cast.room, cast.bob, "low tide", persons.NOON + clock.DAY),
        (other, cast.bob, "a novel", persons.NOON + clock.DAY),
    ):
        await messages.post(db, room, person, drafts.Draft(text), now=at)
    assert await bodies(db, root) == ["a novel", "low tide", "high tide"]
    assert await bodies(db, root, q="tide") == ["low tide", "high tide"]
    assert await bodies(db, root, by="bob") == ["a novel", "low tide"]
    assert await bodies(db, root, room="books") == ["a novel"]
    assert await bodies(db, root, room=str(cast.room.id), by="Bob") == ["low tide"]
    assert await bodies(db, root, until="2026-11-20") == ["high tide"]
    assert await bodies(db, root, since="2026-11-21", q="tide") == ["low tide"]
    assert await bodies(db, root, by="nobody") == []


async def test_messages_of_private_rooms_are_found_by_their_members_only(
    db: database.Database, cast: persons.Cast, private: rooms.Room, root: accounts.Person
) -> None:
    hidden = await direct(db, between=[cast.alice, cast.bob])
    await messages.post(db, cast.room, cast.alice, drafts.Draft("in the open"))
    for room in ("", str(private.id), str(hidden.id)):
        for asked in ({"q": "parrot"}, {"by": "alice"}, {"since": "2020-01-01"}, {}):
            assert SECRET not in await bodies(db, root, room=room, **asked)
    assert await bodies(db, root) == ["in the open"]
    await entrance.enter(db, private, root)
    assert await bodies(db, root, q="parrot") == [SECRET]
    await memberships.leave(db, private, root)
    assert await bodies(db, root, q="parrot") == []


async def test_a_page_of_messages_leads_to_the_next(
    db: database.Database, cast: persons.Cast, root: accounts.Person
) -> None:
    for number in range(25):
        await messages.post(db, cast.room, cast.alice, drafts.Draft(f"tide {number}"))
    first = await said.find(db, root, search.parse({}))
    assert len(first.results.hits) == search.PAGE
    rest = await bodies(db, root, before=str(first.results.next))
    assert rest == [f"tide {number}" for number in range(4, -1, -1)]


async def test_finding_messages_costs_two_queries(
    db: database.Database,
    cast: persons.Cast,
    root: accounts.Person,
    counting: conftest.Counting,
) -> None:
    for _ in range(2):
        await messages.post(db, cast.room, cast.alice, drafts.Draft("tide"))
        await rooms.create(db, cast.alice, "One more")
        with counting() as queries:
            await bodies(db, root, q="tide")
        assert len(queries) == 2


async def test_an_administrator_takes_a_message_down_and_says_why(
    db: database.Database, cast: persons.Cast, root: accounts.Person
) -> None:
    await messages.post(db, cast.room, cast.alice, drafts.Draft("spam"))
    await persons.bring(db, cast.room, cast.alice, root)
    await said.take_down(db, cast.room, root, 1, reason="Advertising")
    message = await history.one(db, cast.room.id, 1)
    assert (message.body, message.deleted_by, message.deleted_reason) == ("", "Root", "Advertising")
    [entry] = [each for each in await acts.latest(db, cast.room.id) if each.act == "took_down"]
    assert (entry.by_name, entry.number, entry.reason) == ("Root", 1, "Advertising")
    with pytest.raises(errors.NotFound):
        await said.take_down(db, cast.room, root, 1)


async def test_nothing_is_taken_down_in_private_rooms_nor_by_others(
    db: database.Database, cast: persons.Cast, private: rooms.Room, root: accounts.Person
) -> None:
    await messages.post(db, cast.room, cast.alice, drafts.Draft("spam"))
    with pytest.raises(errors.NotFound):
        await said.take_down(db, private, root, 1)
    with pytest.raises(errors.Forbidden):
        await said.take_down(db, cast.room, cast.bob, 1)
    for room in (private, cast.room):
        assert (await history.one(db, room.id, 1)).deleted_at is None


# -- links, reports, bans ----------------------------------------------------------------------


async def make_link(db: database.Database, cast: persons.Cast, label: str, **more: int) -> int:
    values = {"uses": None, "used": 0, "expires_at": None, **more}
    return int(
        await db.value(
            "INSERT INTO invitation_links (public_id, room_id, maker_id, role, label, created_at,"
            " uses, used, expires_at) VALUES (:label, :room_id, :maker_id, 'member', :label, 1,"
            " :uses, :used, :expires_at) RETURNING id",
            {"label": label, "room_id": cast.room.id, "maker_id": cast.alice.id, **values},
        )
    )


async def states(db: database.Database, **asked: str) -> dict[str, str]:
    wanted = paging.asked(asked, shows=[*links.SHOWS], sorts=[*links.SORTS])
    return {link.label: link.state for link in (await links.listed(db, wanted)).rows}


async def test_links_are_listed_with_what_became_of_them_and_revoked_once(
    db: database.Database, cast: persons.Cast, root: accounts.Person
) -> None:
    good = await make_link(db, cast, "poster", uses=2, used=1)
    await make_link(db, cast, "spent", uses=1, used=1)
    await make_link(db, cast, "late", expires_at=5)
    assert await states(db) == {"late": "expired", "spent": "used", "poster": "good"}
    assert await states(db, show="good") == {"poster": "good"}
    assert await states(db, show="ended") == {"late": "expired", "spent": "used"}
    assert await states(db, q="post") == {"poster": "good"}
    with pytest.raises(errors.NotFound):
        await links.revoke(db, cast.alice, good)
    assert await links.revoke(db, root, good) == cast.room.id
    assert (await states(db))["poster"] == "revoked"
    [told] = [entry for entry in await acts.latest(db, cast.room.id) if entry.act == "link_revoked"]
    assert (told.by_name, told.detail) == ("Root", "poster")
    assert await conftest.kinds(db, cast.room) == ["link"]
    for link_id in (good, 999, None):
        with pytest.raises(errors.NotFound):
            await links.revoke(db, root, link_id)


async def test_reports_of_all_rooms_are_one_queue_without_what_private_rooms_say(
    db: database.Database, cast: persons.Cast, private: rooms.Room, root: accounts.Person
) -> None:
    await persons.bring(db, private, cast.alice, cast.bob)
    await messages.post(db, cast.room, cast.alice, drafts.Draft("in the open"))
    room = await now(db, cast.room)
    await reports.report_message(db, room, cast.bob, 1, "Rude")
    await reports.report_message(db, await now(db, private), cast.bob, 1, "Rude too")
    page = await queue.listed(db, root, ALL)
    assert [(each.reason, each.body) for each in page.rows] == [
        ("Rude too", None),
        ("Rude", "in the open"),
    ]
    assert (await queue.listed(db, cast.alice, ALL)).rows == (), "nobody is told of themselves"
    with pytest.raises(errors.NotFound):
        await queue.close(db, cast.alice, page.rows[0].id)
    await queue.close(db, root, page.rows[0].id)
    [left] = (await queue.listed(db, root, ALL)).rows
    assert left.reason == "Rude"
    [closed] = (await queue.listed(db, root, paging.Asked(show="closed"))).rows
    assert closed.closed_by == "Root"
    with pytest.raises(errors.NotFound):
        await queue.close(db, root, closed.id)


async def test_of_a_direct_conversation_just_the_message_that_was_reported_is_shown(
    db: database.Database, cast: persons.Cast, root: accounts.Person
) -> None:
    room = await direct(db, between=[cast.alice, cast.bob])
    await messages.post(db, room, cast.alice, drafts.Draft("and this was not"))
    await reports.report_message(db, await now(db, room), cast.bob, 1, "Rude")
    [report] = (await queue.listed(db, root, ALL)).rows
    assert (report.room_title, report.body, report.is_private) == ("", SECRET, False)


async def test_bans_of_all_rooms_are_listed_and_lifted_and_the_room_is_told(
    db: database.Database, cast: persons.Cast, root: accounts.Person
) -> None:
    await bans.ban(db, cast.room, cast.alice, cast.bob, reason="Shouting")
    [ban] = (await banned.listed(db, ALL)).rows
    assert (ban.username, ban.room_title, ban.by_name, ban.reason) == (
        "Bob",
        "Design talk",
        "Alice",
        "Shouting",
    )
    assert (await banned.listed(db, paging.Asked(show="past"))).rows == ()
    with pytest.raises(errors.NotFound):
        await banned.lift(db, cast.charlie, cast.room.id, cast.bob.id)
    await banned.lift(db, root, cast.room.id, cast.bob.id)
    assert (await banned.listed(db, ALL)).rows == ()
    assert (await acts.latest(db, cast.room.id))[0].act == "unbanned"
    room = await now(db, cast.room)
    for room_id, person_id in ((room.id, cast.bob.id), (999, 1), (None, None)):
        with pytest.raises(errors.NotFound):
            await banned.lift(db, root, room_id, person_id)
    assert await now(db, room) == room, "what was not lifted left no event"


# -- the log -----------------------------------------------------------------------------------


async def kinds(db: database.Database, **asked: str) -> list[str]:
    lines, _ = await journal.latest(db, journal.parse(asked))
    return [line.kind for line in lines]


async def test_the_log_is_narrowed_by_kind_person_and_day(
    db: database.Database, cast: persons.Cast
) -> None:
    for kind, person, at in (
        ("logged in", cast.alice, persons.NOON),
        ("logged out", cast.alice, persons.NOON + clock.DAY),
        ("logged in", cast.bob, persons.NOON + 2 * clock.DAY),
    ):
        await security.record(db, kind, person_id=person.id, now=at)
    assert await kinds(db) == ["logged in", "logged out", "logged in"]
    assert await kinds(db, kind="logged out") == ["logged out"]
    assert await kinds(db, by="@ALICE") == ["logged out", "logged in"]
    assert await kinds(db, by="nobody") == []
    assert await kinds(db, since="2026-11-21", until="2026-11-21") == ["logged out"]
    assert await journal.kinds(db) == ["logged in", "logged out"]
    with pytest.raises(errors.Invalid):
        journal.parse({"since": "yesterday"})


async def test_the_log_has_pages(db: database.Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "SIZE", 2)
    for number in range(5):
        await security.record(db, f"kind {number}")
    seen, before = [], ""
    while True:
        lines, older = await journal.latest(db, journal.parse({"before": before}))
        seen.append([line.kind for line in lines])
        if older is None:
            break
        before = str(older)
    assert seen == [["kind 4", "kind 3"], ["kind 2", "kind 1"], ["kind 0"]]
