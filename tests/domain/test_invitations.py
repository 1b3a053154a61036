"""People are asked into rooms by name, and come when they say yes."""

import asyncio

import pytest

from hubbub import database, errors
from hubbub.domain import (
    accounts,
    blocks,
    clock,
    inbox,
    invitations,
    memberships,
    moderation,
    roles,
    rooms,
    settings,
)
from tests import people
from tests.domain import conftest

pytestmark = pytest.mark.anyio


@pytest.fixture
async def cast(db: database.Database) -> people.Cast:
    """Nobody comes into this room but who is asked."""
    return await people.cast(db, "invited")


async def asked(
    db: database.Database, cast: people.Cast, by: accounts.Person | None = None
) -> invitations.Invitation:
    """Charlie is asked in, by Alice if nobody else is said."""
    made = await invitations.invite(db, cast.room, by or cast.alice, "charlie")
    return await invitations.find(db, made.id, cast.charlie)


async def is_in(db: database.Database, cast: people.Cast, person: accounts.Person) -> bool:
    return await memberships.find(db, cast.room.id, person.id) is not None


async def promote(db: database.Database, cast: people.Cast) -> None:
    await roles.change(db, cast.room, cast.alice, cast.bob, "moderator")


async def ban(db: database.Database, cast: people.Cast, person: accounts.Person) -> None:
    sql = "INSERT INTO bans (room_id, person_id, by_id, at) VALUES (:room_id, :person_id, :by, 1)"
    await db.run(sql, {"room_id": cast.room.id, "person_id": person.id, "by": cast.alice.id})


# -- asking ------------------------------------------------------------------------------------


async def test_an_owner_asks_a_person_in_by_name(db: database.Database, cast: people.Cast) -> None:
    await invitations.invite(db, cast.room, cast.alice, " CHARLIE ", now=people.NOON)
    [found] = await invitations.waiting(db, cast.charlie)
    assert (found.room, found.by, found.at) == (cast.room, cast.alice, people.NOON)
    [sent] = await invitations.sent(db, cast.room.id)
    assert (sent.person, sent.by_name, sent.at) == (cast.charlie, "Alice", people.NOON)
    assert await inbox.count(db, cast.charlie.id) == 1
    assert not await is_in(db, cast, cast.charlie)
    assert await conftest.kinds(db, cast.room) == [], "the room itself is told nothing"


async def test_who_is_asked_sees_nothing_of_the_room_before_they_accept(
    db: database.Database, cast: people.Cast
) -> None:
    await asked(db, cast)
    with pytest.raises(errors.NotFound):
        await rooms.open(db, cast.room.public_id, cast.charlie)
    assert await rooms.mine(db, cast.charlie) == []


async def test_asking_twice_is_asking_once(db: database.Database, cast: people.Cast) -> None:
    first = await invitations.invite(db, cast.room, cast.alice, "charlie", now=people.NOON)
    await promote(db, cast)
    before = await inbox.head(db)
    assert (first.person_id, first.is_new) == (cast.charlie.id, True)
    for by in (cast.alice, cast.bob):
        again = await invitations.invite(db, cast.room, by, "charlie")
        assert (again.id, again.is_new) == (first.id, False)
    [found] = await invitations.waiting(db, cast.charlie)
    assert (found.by, found.at) == (cast.alice, people.NOON)
    assert await inbox.head(db) == before


async def test_members_and_outsiders_ask_nobody(db: database.Database, cast: people.Cast) -> None:
    dora = await people.person(db, "Dora")
    with pytest.raises(errors.Forbidden):
        await invitations.invite(db, cast.room, cast.bob, "charlie")
    for person in (cast.charlie, dora):
        with pytest.raises(errors.NotFound):
            await invitations.invite(db, cast.room, person, "charlie")
    assert await invitations.waiting(db, cast.charlie) == []


async def test_who_is_not_there_in_already_or_banned_cannot_be_asked(
    db: database.Database, cast: people.Cast
) -> None:
    await ban(db, cast, cast.charlie)
    for name, refusal in {
        "nemo": errors.Invalid,
        "": errors.Invalid,
        "bob": errors.Conflict,
        "alice": errors.Conflict,
        "charlie": errors.Conflict,
    }.items():
        with pytest.raises(refusal) as refused:
            await invitations.invite(db, cast.room, cast.alice, name)
        assert refused.value.field == "username"
    assert await invitations.sent(db, cast.room.id) == []


async def test_an_archived_room_asks_nobody(db: database.Database, cast: people.Cast) -> None:
    invitation = await asked(db, cast)
    await settings.archive(db, cast.room, cast.alice)
    with pytest.raises(errors.Forbidden):
        await invitations.invite(db, cast.room, cast.alice, "charlie")
    assert await invitations.waiting(db, cast.charlie) == []
    assert await inbox.count(db, cast.charlie.id) == 0
    with pytest.raises(errors.NotFound):
        await invitations.accept(db, invitation, cast.charlie)
    await settings.unarchive(db, cast.room, cast.alice)
    assert [one.id for one in await invitations.waiting(db, cast.charlie)] == [invitation.id]


async def test_who_asked_last_counts_when_the_first_may_not_ask_any_more(
    db: database.Database, cast: people.Cast
) -> None:
    await promote(db, cast)
    await asked(db, cast, cast.bob)
    await roles.change(db, cast.room, cast.alice, cast.bob, "member")
    assert await invitations.waiting(db, cast.charlie) == []
    invitation = await asked(db, cast, cast.alice)
    assert invitation.by == cast.alice
    await invitations.accept(db, invitation, cast.charlie)
    assert await is_in(db, cast, cast.charlie)


# -- who does not want to hear from somebody ---------------------------------------------------


async def test_the_invitation_of_somebody_blocked_never_arrives_and_they_see_no_difference(
    db: database.Database, cast: people.Cast
) -> None:
    await blocks.block(db, cast.charlie, cast.alice)
    asked = await invitations.invite(db, cast.room, cast.alice, "charlie")
    assert await invitations.waiting(db, cast.charlie) == []
    assert await inbox.count(db, cast.charlie.id) == 0
    with pytest.raises(errors.NotFound):
        await invitations.find(db, asked.id, cast.charlie)
    [sent] = await invitations.sent(db, cast.room.id)
    assert sent.person == cast.charlie
    assert (await invitations.invite(db, cast.room, cast.alice, "charlie")).id == asked.id
    await invitations.withdraw(db, cast.room, cast.alice, "charlie")
    assert await invitations.sent(db, cast.room.id) == []


async def test_an_invitation_goes_with_its_sender_and_comes_back_with_them(
    db: database.Database, cast: people.Cast
) -> None:
    invitation = await asked(db, cast)
    for change, left in ((blocks.block, []), (blocks.unblock, [invitation])):
        start = await inbox.head(db)
        await change(db, cast.charlie, cast.alice)
        assert [person for _, person in await inbox.after(db, start)] == [cast.charlie.id]
        assert await invitations.waiting(db, cast.charlie) == left


async def test_somebody_blocked_does_not_stand_in_the_way_of_others(
    db: database.Database, cast: people.Cast
) -> None:
    await promote(db, cast)
    await blocks.block(db, cast.charlie, cast.bob)
    await invitations.invite(db, cast.room, cast.bob, "charlie")
    invitation = await asked(db, cast, cast.alice)
    await invitations.invite(db, cast.room, cast.bob, "charlie")
    assert await invitations.waiting(db, cast.charlie) == [invitation]


# -- answering ---------------------------------------------------------------------------------


async def test_who_accepts_is_a_member_from_the_next_place_in_the_log(
    db: database.Database, cast: people.Cast
) -> None:
    await invitations.accept(db, await asked(db, cast), cast.charlie)
    room, member = await rooms.open(db, cast.room.public_id, cast.charlie)
    assert member is not None
    assert (member.role, room.members) == ("member", 3)
    assert await conftest.kinds(db, cast.room) == ["joined"]
    assert await invitations.waiting(db, cast.charlie) == []
    assert await invitations.sent(db, cast.room.id) == []


async def test_who_declines_stays_out_and_may_be_asked_again(
    db: database.Database, cast: people.Cast
) -> None:
    invitation = await asked(db, cast)
    await invitations.decline(db, invitation, cast.charlie)
    await invitations.decline(db, invitation, cast.charlie)
    assert not await is_in(db, cast, cast.charlie)
    assert await invitations.waiting(db, cast.charlie) == []
    assert await conftest.kinds(db, cast.room) == []
    with pytest.raises(errors.NotFound):
        await invitations.accept(db, invitation, cast.charlie)
    await invitations.accept(db, await asked(db, cast), cast.charlie)
    assert await is_in(db, cast, cast.charlie)


async def test_nobody_answers_for_another(db: database.Database, cast: people.Cast) -> None:
    invitation, dora = await asked(db, cast), await people.person(db, "Dora")
    for person in (dora, cast.alice):
        with pytest.raises(errors.NotFound):
            await invitations.find(db, invitation.id, person)
        with pytest.raises(errors.NotFound):
            await invitations.accept(db, invitation, person)
        await invitations.decline(db, invitation, person)
    assert await invitations.waiting(db, cast.charlie) == [invitation]
    assert await conftest.kinds(db, cast.room) == []


async def test_what_was_taken_back_cannot_be_accepted(
    db: database.Database, cast: people.Cast
) -> None:
    invitation = await asked(db, cast)
    with pytest.raises(errors.Forbidden):
        await invitations.withdraw(db, cast.room, cast.bob, "charlie")
    for _ in range(2):
        await invitations.withdraw(db, cast.room, cast.alice, "Charlie")
    with pytest.raises(errors.NotFound):
        await invitations.accept(db, invitation, cast.charlie)
    assert not await is_in(db, cast, cast.charlie)


async def test_a_locked_room_keeps_the_invitation_for_later(
    db: database.Database, cast: people.Cast
) -> None:
    invitation, values = await asked(db, cast), {"id": cast.room.id}
    await db.run("UPDATE rooms SET locked_at = 1 WHERE id = :id", values)
    with pytest.raises(errors.Conflict):
        await invitations.accept(db, invitation, cast.charlie)
    assert not await is_in(db, cast, cast.charlie)
    await db.run("UPDATE rooms SET locked_at = NULL WHERE id = :id", values)
    await invitations.accept(db, invitation, cast.charlie)
    assert await is_in(db, cast, cast.charlie)


async def test_an_invitation_is_worth_what_who_sent_it_may_still_do(
    db: database.Database, cast: people.Cast
) -> None:
    await promote(db, cast)
    invitation = await asked(db, cast, cast.bob)
    for change in (
        roles.change(db, cast.room, cast.alice, cast.bob, "member"),
        memberships.remove(db, cast.room, cast.alice, cast.bob),
        settings.delete(db, cast.room, cast.alice),
    ):
        await change
        with pytest.raises(errors.NotFound):
            await invitations.accept(db, invitation, cast.charlie)
        with pytest.raises(errors.NotFound):
            await invitations.find(db, invitation.id, cast.charlie)
        assert not await is_in(db, cast, cast.charlie)


async def test_the_invitation_of_a_moderator_who_is_muted_waits_as_long_as_that(
    db: database.Database, cast: people.Cast
) -> None:
    await promote(db, cast)
    invitation, soon = await asked(db, cast, cast.bob), clock.now() + clock.HOUR
    await moderation.mute(db, cast.room, cast.alice, cast.bob, until=soon)
    assert await invitations.waiting(db, cast.charlie) == []
    assert await inbox.count(db, cast.charlie.id) == 0
    with pytest.raises(errors.NotFound):
        await invitations.accept(db, invitation, cast.charlie)
    assert len(await invitations.waiting(db, cast.charlie, now=soon)) == 1


async def test_the_invitation_of_somebody_whose_account_is_shut_lets_nobody_in(
    db: database.Database, cast: people.Cast
) -> None:
    await promote(db, cast)
    invitation = await asked(db, cast, cast.bob)
    await db.run("UPDATE people SET disabled_at = 1 WHERE id = :id", {"id": cast.bob.id})
    assert await invitations.waiting(db, cast.charlie) == []
    assert await inbox.count(db, cast.charlie.id) == 0
    with pytest.raises(errors.NotFound):
        await invitations.find(db, invitation.id, cast.charlie)
    await asked(db, cast, cast.alice)
    assert [each.by.id for each in await invitations.waiting(db, cast.charlie)] == [cast.alice.id]


async def test_somebody_banned_meanwhile_does_not_come_in(
    db: database.Database, cast: people.Cast
) -> None:
    invitation = await asked(db, cast)
    await ban(db, cast, cast.charlie)
    assert await invitations.waiting(db, cast.charlie) == []
    assert await inbox.count(db, cast.charlie.id) == 0
    with pytest.raises(errors.NotFound):
        await invitations.accept(db, invitation, cast.charlie)
    assert not await is_in(db, cast, cast.charlie)


# -- all at once -------------------------------------------------------------------------------


async def test_accepting_many_times_at_once_is_accepting_once(
    db: database.Database, cast: people.Cast
) -> None:
    invitation = await asked(db, cast)
    results = await asyncio.gather(
        *(invitations.accept(db, invitation, cast.charlie) for _ in range(8)),
        return_exceptions=True,
    )
    assert results.count(None) == 1
    assert {type(result) for result in results if result} == {errors.NotFound}
    assert await conftest.kinds(db, cast.room) == ["joined"]
    fresh = await rooms.by_id(db, cast.room.id)
    assert fresh is not None
    assert fresh.members == len(await memberships.ids(db, cast.room.id)) == 3


async def test_accepting_while_it_is_taken_back_is_one_or_the_other(
    db: database.Database, cast: people.Cast
) -> None:
    invitation = await asked(db, cast)
    accepted, withdrawn = await asyncio.gather(
        invitations.accept(db, invitation, cast.charlie),
        invitations.withdraw(db, cast.room, cast.alice, "charlie"),
        return_exceptions=True,
    )
    assert withdrawn is None
    assert accepted is None or isinstance(accepted, errors.NotFound)
    assert await is_in(db, cast, cast.charlie) == (accepted is None)
    assert await invitations.sent(db, cast.room.id) == []


async def test_accepting_while_who_asked_loses_the_right_to_is_in_the_order_of_the_log(
    db: database.Database, cast: people.Cast
) -> None:
    await promote(db, cast)
    invitation = await asked(db, cast, cast.bob)
    before = await rooms.by_id(db, cast.room.id)
    assert before is not None
    accepted, demoted = await asyncio.gather(
        invitations.accept(db, invitation, cast.charlie),
        roles.change(db, cast.room, cast.alice, cast.bob, "member"),
        return_exceptions=True,
    )
    assert demoted is None
    kinds = await conftest.kinds(db, before)
    assert kinds == (["joined", "role"] if accepted is None else ["role"])
    assert await is_in(db, cast, cast.charlie) == (accepted is None)


async def test_asking_many_times_at_once_is_asking_once(
    db: database.Database, cast: people.Cast
) -> None:
    await promote(db, cast)
    answers = await asyncio.gather(
        *(
            invitations.invite(db, cast.room, by, "charlie")
            for by in (cast.alice, cast.bob, cast.alice, cast.bob)
        )
    )
    assert len({asked.id for asked in answers}) == 1
    assert sum(asked.is_new for asked in answers) == 1
    assert await inbox.count(db, cast.charlie.id) == 1
