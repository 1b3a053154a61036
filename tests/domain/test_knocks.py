"""Asking to enter: who waits, who answers, and that only an admission uses a link up."""

import asyncio
from typing import Any

import pytest

from hubbub import database, errors
from hubbub.domain import (
    accounts,
    bans,
    clock,
    invitation_links,
    knocks,
    memberships,
    revocations,
    roles,
    rooms,
    settings,
)
from tests import people
from tests.domain import conftest

pytestmark = pytest.mark.anyio


async def make(db: database.Database, cast: people.Cast, **options: Any) -> invitation_links.Link:
    return await invitation_links.create(db, cast.room, cast.alice, knock=True, **options)


async def names(db: database.Database, room: rooms.Room) -> list[str]:
    return [knock.person.name for knock in await knocks.waiting(db, room)]


async def role(db: database.Database, room: rooms.Room, person: accounts.Person) -> str | None:
    member = await memberships.find(db, room.id, person.id)
    return member.role if member else None


async def used(db: database.Database, link: invitation_links.Link) -> int:
    found = await invitation_links.find(db, link.public_id)
    assert found is not None
    return found.used


async def told(db: database.Database, person: accounts.Person) -> int:
    """How often this person's inbox has changed."""
    query = "SELECT COUNT(*) FROM inbox_changes WHERE person_id = :id"
    return int(await db.value(query, {"id": person.id}))


async def test_who_asks_waits_and_is_let_in_as_what_the_link_grants(
    db: database.Database, cast: people.Cast
) -> None:
    link = await make(db, cast, role="reader", uses=1)
    before, bobs = await told(db, cast.alice), await told(db, cast.bob)
    assert await knocks.ask(db, link, cast.charlie)
    assert await names(db, cast.room) == ["Charlie"]
    assert await knocks.state(db, link, cast.charlie) == "waiting"
    assert (await role(db, cast.room, cast.charlie), await used(db, link)) == (None, 0)
    assert await told(db, cast.alice) == before + 1
    await knocks.admit(db, cast.room, cast.alice, cast.charlie)
    assert (await role(db, cast.room, cast.charlie), await used(db, link)) == ("reader", 1)
    assert await names(db, cast.room) == []
    assert await told(db, cast.alice) == before + 2
    assert await told(db, cast.bob) == bobs, "he answers nobody"
    came = await invitation_links.came_through(db, link)
    assert [member.person for member in came] == [cast.charlie]
    assert await conftest.kinds(db, cast.room) == ["link", "knocked", "joined", "knocked"]


async def test_asking_again_while_waiting_changes_nothing(
    db: database.Database, cast: people.Cast
) -> None:
    link = await make(db, cast)
    asked = await asyncio.gather(*(knocks.ask(db, link, cast.charlie) for _ in range(8)))
    assert asked.count(True) == 1
    assert await names(db, cast.room) == ["Charlie"]
    assert await conftest.kinds(db, cast.room) == ["link", "knocked"]


async def test_who_is_in_the_room_does_not_ask(db: database.Database, cast: people.Cast) -> None:
    link = await make(db, cast)
    assert not await knocks.ask(db, link, cast.bob)
    assert await names(db, cast.room) == []


async def test_who_is_turned_away_waits_a_while_before_asking_again(
    db: database.Database, cast: people.Cast
) -> None:
    link, at = await make(db, cast), clock.now()
    await knocks.ask(db, link, cast.charlie, now=at)
    await knocks.turn_away(db, cast.room, cast.alice, cast.charlie, now=at)
    assert await names(db, cast.room) == []
    soon, later = at + knocks.AGAIN_AFTER - 1, at + knocks.AGAIN_AFTER
    assert await knocks.state(db, link, cast.charlie, now=soon) == "turned-away"
    assert not await knocks.ask(db, link, cast.charlie, now=soon)
    another = await make(db, cast)
    assert not await knocks.ask(db, another, cast.charlie, now=soon), "by no other link either"
    assert await knocks.state(db, link, cast.charlie, now=later) == "none"
    assert await knocks.ask(db, link, cast.charlie, now=later)
    assert await names(db, cast.room) == ["Charlie"]


async def test_only_those_who_look_after_the_room_answer(
    db: database.Database, cast: people.Cast
) -> None:
    link = await make(db, cast)
    await knocks.ask(db, link, cast.charlie)
    for person in (cast.bob, cast.charlie):
        for answer in (knocks.admit, knocks.turn_away):
            with pytest.raises(errors.Forbidden):
                await answer(db, cast.room, person, cast.charlie)
    assert await names(db, cast.room) == ["Charlie"]
    await roles.change(db, cast.room, cast.alice, cast.bob, "moderator")
    await knocks.admit(db, cast.room, cast.bob, cast.charlie)
    assert await role(db, cast.room, cast.charlie) == "member"


async def test_only_who_may_promote_lets_in_somebody_who_is_to_look_after_the_room(
    db: database.Database, cast: people.Cast
) -> None:
    link = await make(db, cast, role="moderator")
    await knocks.ask(db, link, cast.charlie)
    await roles.change(db, cast.room, cast.alice, cast.bob, "moderator")
    with pytest.raises(errors.Forbidden):
        await knocks.admit(db, cast.room, cast.bob, cast.charlie)
    assert (await names(db, cast.room), await used(db, link)) == (["Charlie"], 0)
    await knocks.admit(db, cast.room, cast.alice, cast.charlie)
    assert await role(db, cast.room, cast.charlie) == "moderator"


async def test_who_does_not_ask_cannot_be_answered(
    db: database.Database, cast: people.Cast
) -> None:
    link = await make(db, cast)
    for answer in (knocks.admit, knocks.turn_away):
        with pytest.raises(errors.Invalid):
            await answer(db, cast.room, cast.alice, cast.charlie)
    await knocks.ask(db, link, cast.charlie)
    await knocks.turn_away(db, cast.room, cast.alice, cast.charlie)
    for answer in (knocks.admit, knocks.turn_away):
        with pytest.raises(errors.Invalid):
            await answer(db, cast.room, cast.alice, cast.charlie)
    assert await role(db, cast.room, cast.charlie) is None


async def test_twenty_let_in_at_once_by_the_last_use_are_one(
    db: database.Database, cast: people.Cast
) -> None:
    link = await make(db, cast, uses=1)
    crowd = [await people.person(db, f"crowd{number}") for number in range(20)]
    for person in crowd:
        assert await knocks.ask(db, link, person)
    answers = await asyncio.gather(
        *(knocks.admit(db, cast.room, cast.alice, person) for person in crowd),
        return_exceptions=True,
    )
    assert answers.count(None) == 1
    assert sum(isinstance(answer, errors.Conflict) for answer in answers) == 19
    assert await used(db, link) == 1
    assert len(await memberships.ids(db, cast.room.id)) == 3
    assert len(await names(db, cast.room)) == 19


async def test_admitted_many_times_at_once_is_admitted_once(
    db: database.Database, cast: people.Cast
) -> None:
    link = await make(db, cast)
    await knocks.ask(db, link, cast.charlie)
    answers = await asyncio.gather(
        *(knocks.admit(db, cast.room, cast.alice, cast.charlie) for _ in range(8)),
        return_exceptions=True,
    )
    assert answers.count(None) == 1
    assert await used(db, link) == 1
    assert (await conftest.kinds(db, cast.room)).count("joined") == 1


async def test_who_came_in_time_is_let_in_when_the_link_has_run_out_meanwhile(
    db: database.Database, cast: people.Cast
) -> None:
    at = clock.now()
    link = await make(db, cast, expires_at=at + clock.MINUTE)
    await knocks.ask(db, link, cast.charlie, now=at)
    await knocks.admit(db, cast.room, cast.alice, cast.charlie, now=at + clock.HOUR)
    assert await role(db, cast.room, cast.charlie) == "member"


async def test_a_link_that_admits_nobody_lets_nobody_ask(
    db: database.Database, cast: people.Cast
) -> None:
    expired = await make(db, cast, expires_at=people.NOON + 1, now=people.NOON)
    revoked, used_up = await make(db, cast), await make(db, cast, uses=1)
    await revocations.revoke(db, cast.room, cast.alice, revoked)
    dan = await people.person(db, "Dan")
    await knocks.ask(db, used_up, dan)
    await knocks.admit(db, cast.room, cast.alice, dan)
    for link in (expired, revoked, used_up):
        with pytest.raises(errors.NotFound):
            await knocks.ask(db, link, cast.charlie)
    good = await make(db, cast)
    await bans.ban(db, cast.room, cast.alice, cast.charlie)
    with pytest.raises(errors.NotFound):
        await knocks.ask(db, good, cast.charlie)
    assert await names(db, cast.room) == []


async def test_revoking_a_link_sends_those_away_who_wait_by_it(
    db: database.Database, cast: people.Cast
) -> None:
    link, other = await make(db, cast), await make(db, cast)
    dan = await people.person(db, "Dan")
    await knocks.ask(db, link, cast.charlie)
    await knocks.ask(db, other, dan)
    await revocations.revoke(db, cast.room, cast.alice, link)
    assert await names(db, cast.room) == ["Dan"]
    assert (await conftest.kinds(db, cast.room))[-1] == "knocked", "so that the room shows it"


async def test_who_comes_in_another_way_meanwhile_asks_no_more(
    db: database.Database, cast: people.Cast
) -> None:
    link = await make(db, cast, uses=1)
    await knocks.ask(db, link, cast.charlie)
    await people.bring(db, cast.room, cast.alice, cast.charlie)
    assert (await names(db, cast.room), await used(db, link)) == ([], 0)
    assert (await conftest.kinds(db, cast.room))[-2:] == ["joined", "knocked"]


async def test_who_is_banned_while_waiting_waits_no_more(
    db: database.Database, cast: people.Cast
) -> None:
    link = await make(db, cast)
    await knocks.ask(db, link, cast.charlie)
    await bans.ban(db, cast.room, cast.alice, cast.charlie)
    assert await names(db, cast.room) == []
    with pytest.raises(errors.Refusal):
        await knocks.admit(db, cast.room, cast.alice, cast.charlie)
    assert (await role(db, cast.room, cast.charlie), await used(db, link)) == (None, 0)


async def test_nobody_is_let_in_for_a_maker_who_may_not_invite_any_more(
    db: database.Database, cast: people.Cast
) -> None:
    await roles.change(db, cast.room, cast.alice, cast.bob, "moderator")
    link = await invitation_links.create(db, cast.room, cast.bob, knock=True)
    await knocks.ask(db, link, cast.charlie)
    await roles.change(db, cast.room, cast.alice, cast.bob, "member")
    with pytest.raises(errors.Conflict):
        await knocks.admit(db, cast.room, cast.alice, cast.charlie)
    await knocks.turn_away(db, cast.room, cast.alice, cast.charlie)
    assert await role(db, cast.room, cast.charlie) is None


async def test_nobody_is_let_into_a_room_that_is_shut(
    db: database.Database, cast: people.Cast
) -> None:
    link = await make(db, cast)
    await knocks.ask(db, link, cast.charlie)
    lock = "UPDATE rooms SET locked_at = :at WHERE id = :id"
    await db.run(lock, {"at": people.NOON, "id": cast.room.id})
    with pytest.raises(errors.Conflict):
        await knocks.admit(db, cast.room, cast.alice, cast.charlie)
    await db.run(lock, {"at": None, "id": cast.room.id})
    await settings.archive(db, cast.room, cast.alice)
    with pytest.raises(errors.Forbidden):
        await knocks.admit(db, cast.room, cast.alice, cast.charlie)
    assert await used(db, link) == 0
