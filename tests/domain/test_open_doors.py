"""Rooms that were opened for somebody: who is due to hear of it, and who is not."""

from collections.abc import Awaitable, Callable

import pytest

from hubbub import database
from hubbub.domain import (
    accounts,
    blocks,
    invitation_links,
    invitations,
    knocks,
    memberships,
    notifications,
    open_doors,
    profiles,
    roles,
    rooms,
    settings,
)
from tests import people
from tests.domain.conftest import Counting
from tests.domain.test_notifications import browser

pytestmark = pytest.mark.anyio


async def ask(db: database.Database, cast: people.Cast) -> None:
    await invitations.invite(db, cast.room, cast.alice, "charlie")


async def knock(db: database.Database, cast: people.Cast, *, asks: bool = True) -> None:
    link = await invitation_links.create(db, cast.room, cast.alice, knock=asks)
    come = knocks.ask if asks else invitation_links.redeem
    assert await come(db, link, cast.charlie)


async def let_in(db: database.Database, cast: people.Cast) -> None:
    await knock(db, cast)
    await knocks.admit(db, cast.room, cast.alice, cast.charlie)


async def answer(db: database.Database, cast: people.Cast, *, yes: bool) -> None:
    [invitation] = await invitations.waiting(db, cast.charlie)
    reply = invitations.accept if yes else invitations.decline
    await reply(db, invitation, cast.charlie)


async def told(db: database.Database, cast: people.Cast) -> list[str]:
    found = await open_doors.pushes(db, cast.room.id, cast.charlie.id)
    return sorted(push.endpoint for push in found)


async def shown(db: database.Database, *whom: accounts.Person, since: int = 0) -> list[str]:
    found = await open_doors.lately(db, [person.id for person in whom], since)
    return [due.notice.room_title for due in found]


@pytest.fixture
async def cast(db: database.Database) -> people.Cast:
    """Charlie has two browsers that are told, and wants open pages to tell of what comes."""
    cast = await people.cast(db, "invited")
    for person, place in ((cast.bob, "b"), (cast.charlie, "c1"), (cast.charlie, "c2")):
        await browser(db, person, place)
    for person in (cast.bob, cast.charlie):
        await profiles.prefer(db, person, {notifications.ALERTS: True})
    return cast


# -- who is -----------------------------------------------------------------------------------


async def test_who_is_asked_in_is_told_in_each_of_their_browsers_and_nobody_else_is(
    db: database.Database, cast: people.Cast
) -> None:
    await ask(db, cast)
    assert await told(db, cast) == ["c1", "c2"]
    assert await open_doors.pushes(db, cast.room.id, cast.bob.id) == []
    (push, _) = await open_doors.pushes(db, cast.room.id, cast.charlie.id)
    door = push.notice
    assert (door.room_title, door.by_name) == ("Design talk", "Alice")
    assert (door.public_id, door.generation) == (cast.room.public_id, cast.room.generation)
    [invitation] = await invitations.waiting(db, cast.charlie)
    assert door.invitation_id == invitation.id
    [due] = await open_doors.lately(db, [cast.bob.id, cast.charlie.id], 0)
    assert (due.person_id, due.notice, due.is_private) == (cast.charlie.id, door, False)


async def test_who_knocked_is_told_when_they_are_let_in_and_not_by_whom(
    db: database.Database, cast: people.Cast
) -> None:
    await knock(db, cast)
    assert (await told(db, cast), await shown(db, cast.charlie)) == ([], [])
    await knocks.admit(db, cast.room, cast.alice, cast.charlie)
    assert await told(db, cast) == ["c1", "c2"]
    [due] = await open_doors.lately(db, [cast.charlie.id], 0)
    assert (due.notice.room_title, due.notice.by_name) == ("Design talk", "")
    assert due.notice.invitation_id == 0


async def test_that_somebody_wants_no_text_shown_is_known(
    db: database.Database, cast: people.Cast
) -> None:
    await profiles.prefer(db, cast.charlie, {notifications.PRIVATE: True})
    await ask(db, cast)
    [due] = await open_doors.lately(db, [cast.charlie.id], 0)
    pushes = await open_doors.pushes(db, cast.room.id, cast.charlie.id)
    assert [due.is_private, *(push.is_private for push in pushes)] == [True, True, True]


async def test_open_pages_are_told_of_what_is_new_the_oldest_first_in_one_query(
    db: database.Database, cast: people.Cast, counting: Counting
) -> None:
    for place, title in enumerate(("First", "Second", "Third")):
        room = await rooms.create(db, cast.alice, title)
        at = people.NOON + place
        await invitations.invite(db, room, cast.alice, "charlie", now=at)
        await invitations.invite(db, room, cast.alice, "bob", now=at)
    with counting() as queries:
        assert await shown(db, cast.charlie, since=people.NOON) == ["Second", "Third"]
    assert len(queries) == 1
    assert await shown(db, since=0) == []


async def test_open_pages_of_who_did_not_ask_for_it_are_told_nothing(
    db: database.Database, cast: people.Cast
) -> None:
    await ask(db, cast)
    for word, is_on, expected in (
        (notifications.ALERTS, False, []),
        (notifications.SOUND, True, ["Design talk"]),
    ):
        await profiles.prefer(db, cast.charlie, {word: is_on})
        assert await shown(db, cast.charlie) == expected
    assert await told(db, cast) == ["c1", "c2"], "a browser that is told was asked for by itself"


# -- who is not (any more) --------------------------------------------------------------------


async def block(db: database.Database, cast: people.Cast) -> None:
    await blocks.block(db, cast.charlie, cast.alice)


async def withdraw(db: database.Database, cast: people.Cast) -> None:
    await invitations.withdraw(db, cast.room, cast.alice, "charlie")


async def accept(db: database.Database, cast: people.Cast) -> None:
    await answer(db, cast, yes=True)


async def decline(db: database.Database, cast: people.Cast) -> None:
    await answer(db, cast, yes=False)


async def delete(db: database.Database, cast: people.Cast) -> None:
    await settings.delete(db, cast.room, cast.alice)


async def demote(db: database.Database, cast: people.Cast) -> None:
    await roles.hand_over(db, cast.room, cast.alice, "bob")
    await roles.change(db, cast.room, cast.bob, cast.alice, "member")


async def disable(db: database.Database, cast: people.Cast) -> None:
    await db.run("UPDATE people SET disabled_at = 1 WHERE id = :id", {"id": cast.charlie.id})


async def disable_sender(db: database.Database, cast: people.Cast) -> None:
    await db.run("UPDATE people SET disabled_at = 1 WHERE id = :id", {"id": cast.alice.id})


async def remove(db: database.Database, cast: people.Cast) -> None:
    await memberships.remove(db, cast.room, cast.alice, cast.charlie)


Change = Callable[[database.Database, people.Cast], Awaitable[None]]


@pytest.mark.parametrize(
    ("opened", "change"),
    [
        (ask, block), (ask, withdraw), (ask, accept), (ask, decline), (ask, delete), (ask, demote),
        (ask, disable), (ask, disable_sender), (let_in, disable), (let_in, remove),
        (let_in, delete),
    ],
)  # fmt: skip
async def test_nobody_is_told_of_what_is_not_so_any_more(
    db: database.Database, cast: people.Cast, opened: Change, change: Change
) -> None:
    await opened(db, cast)
    assert (await told(db, cast), await shown(db, cast.charlie)) == (["c1", "c2"], ["Design talk"])
    await change(db, cast)
    assert (await told(db, cast), await shown(db, cast.charlie)) == ([], [])


async def test_who_came_in_by_themselves_or_was_turned_away_is_told_nothing(
    db: database.Database, cast: people.Cast
) -> None:
    await knock(db, cast)
    await knocks.turn_away(db, cast.room, cast.alice, cast.charlie)
    assert (await told(db, cast), await shown(db, cast.charlie)) == ([], [])
    await knock(db, cast, asks=False)
    assert await memberships.find(db, cast.room.id, cast.charlie.id)
    assert (await told(db, cast), await shown(db, cast.charlie)) == ([], [])


async def test_guests_are_told_nothing(db: database.Database, cast: people.Cast) -> None:
    await let_in(db, cast)
    values = {"id": cast.charlie.id, "room_id": cast.room.id}
    await db.run("UPDATE people SET guest_of = :room_id WHERE id = :id", values)
    assert (await told(db, cast), await shown(db, cast.charlie)) == ([], [])


async def test_who_is_let_in_learns_of_it_on_their_open_pages(
    db: database.Database, cast: people.Cast
) -> None:
    await knock(db, cast)
    count = "SELECT COUNT(*) FROM inbox_changes WHERE person_id = :id"
    before = await db.value(count, {"id": cast.charlie.id})
    await knocks.admit(db, cast.room, cast.alice, cast.charlie)
    assert await db.value(count, {"id": cast.charlie.id}) == before + 1
