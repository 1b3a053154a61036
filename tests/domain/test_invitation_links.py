"""Links that admit: what they grant, how often, whose word they are, and how they end."""

import asyncio
from typing import Any

import pytest

from hubbub import database, errors
from hubbub.domain import (
    accounts,
    acts,
    bans,
    clock,
    invitation_links,
    memberships,
    messages,
    moderation,
    revocations,
    roles,
    rooms,
    sessions,
    settings,
)
from tests import people
from tests.domain import conftest

pytestmark = pytest.mark.anyio


async def make(db: database.Database, cast: people.Cast, **options: Any) -> invitation_links.Link:
    return await invitation_links.create(db, cast.room, cast.alice, **options)


async def again(db: database.Database, link: invitation_links.Link) -> invitation_links.Link:
    found = await invitation_links.find(db, link.public_id)
    assert found is not None
    return found


async def role(db: database.Database, room: rooms.Room, person: accounts.Person) -> str | None:
    member = await memberships.find(db, room.id, person.id)
    return member.role if member else None


async def crowd(db: database.Database, count: int) -> list[accounts.Person]:
    return [await people.person(db, f"crowd{number}") for number in range(count)]


async def told(db: database.Database, room: rooms.Room) -> list[tuple[str, str]]:
    """What the room's log of acts says, the oldest first."""
    return [(entry.act, entry.detail) for entry in reversed(await acts.latest(db, room.id))]


async def refused(
    db: database.Database, link: invitation_links.Link, person: accounts.Person
) -> None:
    """The link is for this person as one that was never made, and counts nothing."""
    before = (await again(db, link)).used
    with pytest.raises(errors.NotFound):
        await invitation_links.offered(db, link, person)
    with pytest.raises(errors.NotFound):
        await invitation_links.redeem(db, link, person)
    assert (await again(db, link)).used == before


# -- making --------------------------------------------------------------------------------------


async def test_a_link_is_kept_as_it_was_made_and_the_room_is_told(
    db: database.Database, cast: people.Cast
) -> None:
    later = clock.now() + clock.DAY
    link = await make(
        db, cast, role="reader", label=" For  the class ", expires_at=later, uses=10, knock=True
    )
    assert (link.role, link.label, link.expires_at, link.uses, link.knock, link.used) == (
        "reader", "For the class", later, 10, True, 0,
    )  # fmt: skip
    assert await again(db, link) == link
    assert await invitation_links.one(db, cast.room, link.id) == link
    assert await told(db, cast.room) == [("link_made", "For the class")]


async def test_a_link_is_one_of_its_own_room_only(db: database.Database, cast: people.Cast) -> None:
    link = await make(db, cast)
    other = await rooms.create(db, cast.alice, "Another")
    assert await invitation_links.of_room(db, other) == []
    for room, number in ((other, link.id), (cast.room, link.id + 1)):
        with pytest.raises(errors.NotFound):
            await invitation_links.one(db, room, number)


async def test_members_and_outsiders_make_no_links(
    db: database.Database, cast: people.Cast
) -> None:
    for person in (cast.bob, cast.charlie):
        with pytest.raises(errors.Forbidden):
            await invitation_links.create(db, cast.room, person)
    assert await invitation_links.of_room(db, cast.room) == []
    assert await conftest.kinds(db, cast.room) == []


async def test_only_who_may_promote_makes_links_to_look_after_the_room(
    db: database.Database, cast: people.Cast
) -> None:
    await roles.change(db, cast.room, cast.alice, cast.bob, "moderator")
    assert (await invitation_links.create(db, cast.room, cast.bob)).role == "member"
    with pytest.raises(errors.Forbidden):
        await invitation_links.create(db, cast.room, cast.bob, role="moderator")
    assert (await make(db, cast, role="moderator")).role == "moderator"


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"role": "owner"}, "role"),
        ({"role": "guest"}, "role"),
        ({"label": "x" * 61}, "label"),
        ({"label": "two\nlines"}, "label"),
        ({"expires_at": people.NOON}, "expires"),
        ({"uses": 0}, "uses"),
        ({"uses": 10_001}, "uses"),
    ],
    ids=str,
)
async def test_what_a_link_cannot_be_is_refused(
    db: database.Database, cast: people.Cast, options: dict[str, Any], field: str
) -> None:
    with pytest.raises(errors.Invalid) as refusal:
        await make(db, cast, now=people.NOON, **options)
    assert refusal.value.field == field
    assert await invitation_links.of_room(db, cast.room) == []


async def test_a_room_has_so_many_links_that_admit_and_no_more(
    db: database.Database, cast: people.Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invitation_links, "ACTIVE", 2)
    first, second = await make(db, cast), await make(db, cast)
    with pytest.raises(errors.Conflict):
        await make(db, cast)
    await revocations.revoke(db, cast.room, cast.alice, first)
    third = await make(db, cast)
    listed = await invitation_links.of_room(db, cast.room)
    assert [link.id for link in listed] == [third.id, second.id, first.id]


# -- using ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("granted", invitation_links.ROLES)
async def test_who_comes_through_a_link_has_what_it_grants(
    db: database.Database, cast: people.Cast, granted: str
) -> None:
    link = await make(db, cast, role=granted)
    assert (await invitation_links.offered(db, link, cast.charlie)).id == cast.room.id
    assert await invitation_links.redeem(db, link, cast.charlie)
    assert await role(db, cast.room, cast.charlie) == granted
    assert (await again(db, link)).used == 1
    came = await invitation_links.came_through(db, link)
    assert [member.person for member in came] == [cast.charlie]
    assert await conftest.kinds(db, cast.room) == ["link", "joined"]


async def test_a_link_leads_into_a_private_room_too(db: database.Database) -> None:
    cast = await people.cast(db, "invited")
    link = await make(db, cast)
    assert await invitation_links.redeem(db, link, cast.charlie)
    assert await role(db, cast.room, cast.charlie) == "member"


async def test_who_is_in_the_room_uses_nothing_up_and_stays_what_they_are(
    db: database.Database, cast: people.Cast
) -> None:
    link = await make(db, cast, role="reader", uses=1)
    for person in (cast.alice, cast.bob):
        assert not await invitation_links.redeem(db, link, person)
    assert (await again(db, link)).used == 0
    assert await role(db, cast.room, cast.bob) == "member"
    assert await role(db, cast.room, cast.alice) == "owner"


async def test_twenty_at_once_on_the_last_use_are_one(
    db: database.Database, cast: people.Cast
) -> None:
    link = await make(db, cast, uses=1)
    crowding = await crowd(db, 20)
    answers = await asyncio.gather(
        *(invitation_links.redeem(db, link, person) for person in crowding),
        return_exceptions=True,
    )
    assert answers.count(True) == 1
    assert sum(isinstance(answer, errors.NotFound) for answer in answers) == 19
    winner = crowding[answers.index(True)]
    assert [one.person for one in await invitation_links.came_through(db, link)] == [winner]
    assert (await again(db, link)).used == 1
    assert await conftest.kinds(db, cast.room) == ["link", "joined"]
    fresh = await rooms.by_id(db, cast.room.id)
    assert fresh is not None
    assert fresh.members == len(await memberships.ids(db, cast.room.id)) == 3


async def test_one_person_twenty_times_at_once_uses_one_up(
    db: database.Database, cast: people.Cast
) -> None:
    link = await make(db, cast, uses=5)
    answers = await asyncio.gather(
        *(invitation_links.redeem(db, link, cast.charlie) for _ in range(20))
    )
    assert answers.count(True) == 1
    assert (await again(db, link)).used == 1
    assert await conftest.kinds(db, cast.room) == ["link", "joined"]


async def test_whatever_became_of_a_link_it_admits_nobody(
    db: database.Database, cast: people.Cast
) -> None:
    dan = await people.person(db, "Dan")
    expired = await make(db, cast, expires_at=people.NOON + 1, now=people.NOON)
    used_up, revoked, good = (
        await make(db, cast, uses=1),
        await make(db, cast),
        await make(db, cast),
    )
    assert await invitation_links.redeem(db, used_up, dan)
    await revocations.revoke(db, cast.room, cast.alice, revoked)
    dead = {"expired": expired, "used-up": used_up, "revoked": revoked}
    for state, link in dead.items():
        assert (await again(db, link)).state == state
        await refused(db, link, cast.charlie)
    assert (await again(db, good)).state == "active"
    assert await invitation_links.redeem(db, good, cast.charlie)


async def test_a_link_is_good_until_the_very_moment_it_ends(
    db: database.Database, cast: people.Cast
) -> None:
    end = people.NOON + clock.HOUR
    link = await make(db, cast, expires_at=end, now=people.NOON)
    dan = await people.person(db, "Dan")
    assert await invitation_links.redeem(db, link, dan, now=end - 1)
    with pytest.raises(errors.NotFound):
        await invitation_links.redeem(db, link, cast.charlie, now=end)


async def test_a_room_that_takes_nobody_in_takes_nobody_in_by_a_link(
    db: database.Database, cast: people.Cast
) -> None:
    link = await make(db, cast, role="moderator")
    lock = "UPDATE rooms SET locked_at = :at WHERE id = :id"
    await db.run(lock, {"at": people.NOON, "id": cast.room.id})
    await refused(db, link, cast.charlie)
    await db.run(lock, {"at": None, "id": cast.room.id})
    await settings.archive(db, cast.room, cast.alice)
    await refused(db, link, cast.charlie)
    await settings.unarchive(db, cast.room, cast.alice)
    await invitation_links.offered(db, link, cast.charlie)
    await settings.delete(db, cast.room, cast.alice)
    await refused(db, link, cast.charlie)


async def test_the_banned_come_in_by_no_link(db: database.Database, cast: people.Cast) -> None:
    link = await make(db, cast)
    await bans.ban(db, cast.room, cast.alice, cast.charlie)
    await refused(db, link, cast.charlie)
    await bans.lift(db, cast.room, cast.alice, cast.charlie)
    assert await invitation_links.redeem(db, link, cast.charlie)


@pytest.mark.parametrize("fate", ["demoted", "muted", "removed", "banned", "disabled"])
async def test_a_link_is_no_better_than_its_maker(
    db: database.Database, cast: people.Cast, fate: str
) -> None:
    room, alice, bob = cast.room, cast.alice, cast.bob
    await roles.change(db, room, alice, bob, "moderator")
    link = await invitation_links.create(db, room, bob)
    assert (await invitation_links.offered(db, link, cast.charlie)).id == room.id
    match fate:
        case "demoted":
            await roles.change(db, room, alice, bob, "member")
        case "muted":
            await moderation.mute(db, room, alice, bob, until=clock.now() + clock.DAY)
        case "removed":
            await memberships.remove(db, room, alice, bob)
        case "banned":
            await bans.ban(db, room, alice, bob)
        case "disabled":
            disable = "UPDATE people SET disabled_at = :at WHERE id = :id"
            await db.run(disable, {"at": people.NOON, "id": bob.id})
    await refused(db, link, cast.charlie)


async def test_who_owns_the_room_no_more_makes_no_moderators_by_an_older_link(
    db: database.Database, cast: people.Cast
) -> None:
    high, low = await make(db, cast, role="moderator"), await make(db, cast)
    await roles.change(db, cast.room, cast.alice, cast.bob, "owner")
    await roles.change(db, cast.room, cast.bob, cast.alice, "moderator")
    await refused(db, high, cast.charlie)
    assert await invitation_links.redeem(db, low, cast.charlie)


# -- taking back ---------------------------------------------------------------------------------


async def test_who_was_given_a_lower_role_gets_no_higher_one_by_an_older_link(
    db: database.Database, cast: people.Cast
) -> None:
    older = await make(db, cast, role="moderator")
    await invitation_links.redeem(db, older, cast.charlie)
    await roles.change(db, cast.room, cast.alice, cast.charlie, "member", now=older.created_at + 1)
    await memberships.leave(db, cast.room, cast.charlie)
    assert await invitation_links.redeem(db, older, cast.charlie)
    assert await role(db, cast.room, cast.charlie) == "member"
    await memberships.leave(db, cast.room, cast.charlie)
    newer = await make(db, cast, role="moderator", now=older.created_at + 2)
    await invitation_links.redeem(db, newer, cast.charlie)
    assert await role(db, cast.room, cast.charlie) == "moderator"


async def test_a_moderator_who_was_removed_is_none_again_by_the_same_link(
    db: database.Database, cast: people.Cast
) -> None:
    older = await make(db, cast, role="moderator")
    await invitation_links.redeem(db, older, cast.charlie)
    at = older.created_at + 1
    await memberships.remove(db, cast.room, cast.alice, cast.charlie, now=at)
    assert await invitation_links.redeem(db, older, cast.charlie)
    assert await role(db, cast.room, cast.charlie) == "member"
    await memberships.leave(db, cast.room, cast.charlie)
    newer = await make(db, cast, role="moderator", now=at + 1)
    await invitation_links.redeem(db, newer, cast.charlie)
    assert await role(db, cast.room, cast.charlie) == "moderator"


async def test_who_was_let_in_to_read_is_no_more_by_the_rooms_own_link(
    db: database.Database, cast: people.Cast
) -> None:
    reading, writing = await make(db, cast, role="reader"), await make(db, cast)
    before = await told(db, cast.room)

    async def again() -> str | None:
        await memberships.leave(db, cast.room, cast.charlie)
        assert await memberships.join(db, cast.room, cast.charlie)
        return await role(db, cast.room, cast.charlie)

    await invitation_links.redeem(db, reading, cast.charlie)
    assert [await again(), await again()] == ["reader", "reader"]
    assert await told(db, cast.room) == before, "a crowd of readers hides nothing"
    await memberships.leave(db, cast.room, cast.charlie)
    await invitation_links.redeem(db, writing, cast.charlie)
    assert await again() == "member"


async def test_revoking_leaves_those_who_came_unless_asked_to_remove_them(
    db: database.Database, cast: people.Cast
) -> None:
    link = await make(db, cast, label="Fair")
    await invitation_links.redeem(db, link, cast.charlie)
    assert await revocations.revoke(db, cast.room, cast.alice, link) == []
    assert await role(db, cast.room, cast.charlie) == "member"
    removed = await revocations.revoke(db, cast.room, cast.alice, link, remove=True)
    assert removed == [cast.charlie.id]
    assert await role(db, cast.room, cast.charlie) is None
    assert await role(db, cast.room, cast.bob) == "member"
    assert await conftest.kinds(db, cast.room) == ["link", "joined", "link", "link", "removed"]
    assert await told(db, cast.room) == [
        ("link_made", "Fair"), ("link_revoked", "Fair"), ("removed", ""),
    ]  # fmt: skip


async def test_a_crowd_is_removed_to_the_last_and_counted(
    db: database.Database, cast: people.Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revocations, "REMOVED_AT_ONCE", 3)
    link = await make(db, cast)
    came = await crowd(db, 7)
    for person in came:
        await invitation_links.redeem(db, link, person)
    removed = await revocations.revoke(db, cast.room, cast.alice, link, remove=True)
    assert removed == [person.id for person in came]
    fresh = await rooms.by_id(db, cast.room.id)
    assert fresh is not None
    assert fresh.members == len(await memberships.ids(db, cast.room.id)) == 2
    assert (await conftest.kinds(db, cast.room)).count("removed") == 7


async def test_who_stands_no_lower_than_who_revokes_stays(
    db: database.Database, cast: people.Cast
) -> None:
    high, low = await make(db, cast, role="moderator"), await make(db, cast)
    dan, eve = await people.person(db, "Dan"), await people.person(db, "Eve")
    await invitation_links.redeem(db, high, dan)
    await invitation_links.redeem(db, low, eve)
    await roles.change(db, cast.room, cast.alice, cast.bob, "moderator")
    assert await revocations.revoke(db, cast.room, cast.bob, high, remove=True) == []
    assert await role(db, cast.room, dan) == "moderator"
    assert await revocations.revoke(db, cast.room, cast.bob, low, remove=True) == [eve.id]
    assert await revocations.revoke(db, cast.room, cast.alice, high, remove=True) == [dan.id]


async def test_members_and_outsiders_take_no_link_back(
    db: database.Database, cast: people.Cast
) -> None:
    link = await make(db, cast)
    dan = await people.person(db, "Dan")
    await invitation_links.redeem(db, link, dan)
    for person in (cast.bob, cast.charlie, dan):
        for remove in (False, True):
            with pytest.raises(errors.Forbidden):
                await revocations.revoke(db, cast.room, person, link, remove=remove)
        with pytest.raises(errors.Forbidden):
            await revocations.purge(db, cast.room, person, link)
    assert (await again(db, link)).state == "active"
    assert await role(db, cast.room, dan) == "member"


async def test_guests_who_are_removed_are_signed_out_by_it(
    db: database.Database, cast: people.Cast
) -> None:
    link = await make(db, cast)
    guest = await people.person(db, "Gwen")
    await db.run(
        "UPDATE people SET guest_of = :room_id WHERE id = :id",
        {"room_id": cast.room.id, "id": guest.id},
    )
    known = await accounts.by_username(db, "Gwen")
    assert known is not None
    assert await invitation_links.redeem(db, link, known)
    assert await invitation_links.redeem(db, link, cast.charlie)
    assert await role(db, cast.room, known) == "guest"
    theirs, _ = await sessions.start(db, known)
    others, _ = await sessions.start(db, cast.charlie)
    assert await sessions.find(db, theirs)
    await revocations.revoke(db, cast.room, cast.alice, link, remove=True)
    assert await sessions.find(db, theirs) is None
    assert await sessions.find(db, others), "an account is signed in as before"


async def test_purging_erases_what_was_said_by_those_who_came_and_nothing_else(
    db: database.Database, cast: people.Cast
) -> None:
    link = await make(db, cast, label="Leaked")
    dan = await people.person(db, "Dan")
    for person in (cast.charlie, dan):
        await invitation_links.redeem(db, link, person)
    for person in (cast.bob, cast.charlie, dan, cast.charlie):
        await messages.post(db, cast.room, person, messages.Draft(f"from {person.name}"))
    await revocations.purge(db, cast.room, cast.alice, link)
    rows = await db.all(
        "SELECT body, deleted_at FROM messages WHERE room_id = :id ORDER BY number",
        {"id": cast.room.id},
    )
    assert [row["body"] for row in rows] == ["from Bob", "", "", ""]
    assert [row["deleted_at"] is None for row in rows] == [True, False, False, False]
    assert [await role(db, cast.room, one) for one in (cast.charlie, dan)] == [None, None]
    assert (await again(db, link)).state == "revoked"
    assert ("link_purged", "Leaked") in await told(db, cast.room)
    kinds = await conftest.kinds(db, cast.room)
    assert kinds.index("removed") < kinds.index("erased"), "they learn nothing of it"
