"""People come into rooms and go, each an event in the room's log."""

import asyncio
import contextlib

import pytest
import sqlalchemy

from hubbub import database, errors, tables
from hubbub.domain import (
    accounts,
    clock,
    events,
    memberships,
    moderation,
    roles,
    rooms,
    settings,
)
from tests import people

pytestmark = pytest.mark.anyio


async def changes(db: database.Database, room: rooms.Room) -> list[tuple[str, int | None]]:
    """What happened in the room since the cast was there."""
    after = await events.after(db, room.id, room.seq)
    assert [event.seq for event in after] == list(range(room.seq + 1, room.seq + 1 + len(after)))
    return [(event.kind, event.person_id) for event in after]


async def role(db: database.Database, room: rooms.Room, person: accounts.Person) -> str | None:
    member = await memberships.find(db, room.id, person.id)
    return member.role if member else None


async def assert_counted(db: database.Database, room: rooms.Room) -> None:
    fresh = await rooms.by_id(db, room.id)
    assert fresh is not None
    assert fresh.members == len(await memberships.ids(db, room.id))


async def test_who_joins_is_a_member_from_the_next_place_in_the_log(
    db: database.Database, cast: people.Cast
) -> None:
    assert await memberships.join(db, cast.room, cast.charlie)
    assert await role(db, cast.room, cast.charlie) == "member"
    assert await changes(db, cast.room) == [("joined", cast.charlie.id)]
    await assert_counted(db, cast.room)


async def test_joining_again_changes_nothing(db: database.Database, cast: people.Cast) -> None:
    for person in (cast.alice, cast.bob):
        assert not await memberships.join(db, cast.room, person)
    assert await role(db, cast.room, cast.alice) == "owner"
    assert await changes(db, cast.room) == []


async def test_joining_many_times_at_once_is_joining_once(
    db: database.Database, cast: people.Cast
) -> None:
    joined = await asyncio.gather(
        *(memberships.join(db, cast.room, cast.charlie) for _ in range(8))
    )
    assert sum(joined) == 1
    assert await changes(db, cast.room) == [("joined", cast.charlie.id)]
    await assert_counted(db, cast.room)


async def test_an_archived_room_can_still_be_entered_to_be_read(
    db: database.Database, cast: people.Cast
) -> None:
    archived = await settings.archive(db, cast.room, cast.alice)
    assert await memberships.join(db, archived, cast.charlie)


async def test_nobody_joins_a_private_room(db: database.Database) -> None:
    cast = await people.cast(db, "invited")
    root = await people.person(db, "root", is_admin=True)
    for person in (cast.charlie, root):
        with pytest.raises(errors.NotFound):
            await memberships.join(db, cast.room, person)
    assert await changes(db, cast.room) == []
    await assert_counted(db, cast.room)


async def test_a_room_made_private_a_moment_ago_lets_nobody_in(
    db: database.Database, cast: people.Cast
) -> None:
    await settings.set_access(db, cast.room, cast.alice, "invited")
    with pytest.raises(errors.NotFound):
        await memberships.join(db, cast.room, cast.charlie)
    assert await role(db, cast.room, cast.charlie) is None


async def test_a_link_reset_a_moment_ago_lets_nobody_in(
    db: database.Database, cast: people.Cast
) -> None:
    fresh = await settings.reset_link(db, cast.room, cast.alice)
    with pytest.raises(errors.NotFound):
        await memberships.join(db, cast.room, cast.charlie)
    assert await role(db, cast.room, cast.charlie) is None
    assert await memberships.join(db, fresh, cast.charlie)


async def test_who_leaves_is_gone_from_the_next_place_in_the_log(
    db: database.Database, cast: people.Cast
) -> None:
    await memberships.leave(db, cast.room, cast.bob)
    assert await role(db, cast.room, cast.bob) is None
    assert await changes(db, cast.room) == [("left", cast.bob.id)]
    await assert_counted(db, cast.room)


async def test_who_is_not_in_a_room_cannot_leave_it(
    db: database.Database, cast: people.Cast
) -> None:
    with pytest.raises(errors.Forbidden):
        await memberships.leave(db, cast.room, cast.charlie)
    assert await changes(db, cast.room) == []
    await assert_counted(db, cast.room)


async def test_the_last_owner_hands_over_before_leaving(
    db: database.Database, cast: people.Cast
) -> None:
    with pytest.raises(errors.Conflict, match="only owner"):
        await memberships.leave(db, cast.room, cast.alice)
    assert await role(db, cast.room, cast.alice) == "owner"
    heir = await roles.hand_over(db, cast.room, cast.alice, "bob")
    assert (heir.person, heir.role) == (cast.bob, "owner")
    assert await role(db, cast.room, cast.alice) == "member"
    await memberships.leave(db, cast.room, cast.alice)
    assert await changes(db, cast.room) == [("role", cast.bob.id), ("left", cast.alice.id)]
    await settings.rename(db, cast.room, cast.bob, "Mine now")


async def test_whoever_is_made_an_owner_can_speak(db: database.Database, cast: people.Cast) -> None:
    until = clock.now() + clock.HOUR
    await moderation.mute(db, cast.room, cast.alice, cast.bob, until=until)
    await roles.hand_over(db, cast.room, cast.alice, "bob")
    await memberships.leave(db, cast.room, cast.alice)
    await settings.rename(db, cast.room, cast.bob, "Mine now")


async def test_an_account_that_is_shut_owns_no_room_alone(
    db: database.Database, cast: people.Cast
) -> None:
    await roles.change(db, cast.room, cast.alice, cast.bob, "owner")
    await db.run("UPDATE people SET disabled_at = 1 WHERE username_key = 'bob'")
    with pytest.raises(errors.Conflict, match="only owner"):
        await memberships.leave(db, cast.room, cast.alice)
    with pytest.raises(errors.Invalid, match="disabled"):
        await roles.hand_over(db, cast.room, cast.alice, "bob")
    assert await role(db, cast.room, cast.alice) == "owner"


@pytest.mark.parametrize("column", ["disabled_at", "deleted_at"])
async def test_an_account_that_is_shut_comes_into_no_room(
    db: database.Database, cast: people.Cast, column: str
) -> None:
    """Its request was under way when it was shut."""
    shut = sqlalchemy.update(tables.people).where(tables.people.c.id == cast.charlie.id)
    await db.run(shut.values({column: 1}))
    assert not await memberships.join(db, cast.room, cast.charlie)
    assert await role(db, cast.room, cast.charlie) is None


async def test_only_an_owner_hands_over_and_only_to_another_member(
    db: database.Database, cast: people.Cast
) -> None:
    with pytest.raises(errors.Forbidden):
        await roles.hand_over(db, cast.room, cast.bob, "bob")
    for name in ("charlie", "alice", "nemo"):
        with pytest.raises(errors.Invalid) as refusal:
            await roles.hand_over(db, cast.room, cast.alice, name)
        assert refusal.value.field == "username"
    assert await role(db, cast.room, cast.alice) == "owner"
    assert await changes(db, cast.room) == []


async def test_a_room_never_ends_up_without_an_owner_when_everyone_leaves_at_once(
    db: database.Database, cast: people.Cast
) -> None:
    await memberships.join(db, cast.room, cast.charlie)
    async with db.transaction() as conn:
        await conn.run("UPDATE memberships SET role = 'owner'")

    async def leave(person: accounts.Person) -> bool:
        try:
            await memberships.leave(db, cast.room, person)
        except errors.Conflict:
            return False
        return True

    left = await asyncio.gather(*map(leave, (cast.alice, cast.bob, cast.charlie)))
    assert sum(left) == 2
    [last] = await memberships.people(db, cast.room.id)
    assert last.role == "owner"
    await assert_counted(db, cast.room)


async def test_a_handover_racing_the_heirs_leaving_leaves_an_owner(
    db: database.Database, cast: people.Cast
) -> None:
    async def hand_over() -> None:
        with contextlib.suppress(errors.Invalid):
            await roles.hand_over(db, cast.room, cast.alice, "bob")

    async def leave() -> None:
        with contextlib.suppress(errors.Conflict):
            await memberships.leave(db, cast.room, cast.bob)

    await asyncio.gather(hand_over(), leave())
    parts = [member.role for member in await memberships.people(db, cast.room.id)]
    assert parts.count("owner") == 1


async def test_an_owner_removes_a_member(db: database.Database, cast: people.Cast) -> None:
    await memberships.remove(db, cast.room, cast.alice, cast.bob)
    assert await role(db, cast.room, cast.bob) is None
    assert await changes(db, cast.room) == [("removed", cast.bob.id)]
    await assert_counted(db, cast.room)


async def test_members_and_outsiders_remove_nobody(
    db: database.Database, cast: people.Cast
) -> None:
    for person, victim in ((cast.bob, cast.alice), (cast.charlie, cast.bob), (cast.bob, cast.bob)):
        with pytest.raises(errors.Forbidden):
            await memberships.remove(db, cast.room, person, victim)
    assert await changes(db, cast.room) == []


async def test_a_moderator_removes_members_and_nobody_above_them(
    db: database.Database, cast: people.Cast
) -> None:
    await memberships.join(db, cast.room, cast.charlie)
    values = {"id": cast.bob.id}
    await db.run("UPDATE memberships SET role = 'moderator' WHERE person_id = :id", values)
    for above in (cast.alice, cast.bob):
        with pytest.raises(errors.Forbidden):
            await memberships.remove(db, cast.room, cast.bob, above)
    await memberships.remove(db, cast.room, cast.bob, cast.charlie)
    assert await memberships.ids(db, cast.room.id) == {cast.alice.id, cast.bob.id}
    await assert_counted(db, cast.room)


async def test_who_is_not_in_the_room_cannot_be_removed_from_it(
    db: database.Database, cast: people.Cast
) -> None:
    with pytest.raises(errors.Invalid):
        await memberships.remove(db, cast.room, cast.alice, cast.charlie)
    with pytest.raises(errors.Forbidden):
        await memberships.remove(db, cast.room, cast.alice, cast.alice)
    assert await changes(db, cast.room) == []
    await assert_counted(db, cast.room)


async def test_a_member_removed_many_times_at_once_is_removed_once(
    db: database.Database, cast: people.Cast
) -> None:
    results = await asyncio.gather(
        *(memberships.remove(db, cast.room, cast.alice, cast.bob) for _ in range(5)),
        return_exceptions=True,
    )
    assert results.count(None) == 1
    assert await changes(db, cast.room) == [("removed", cast.bob.id)]
    await assert_counted(db, cast.room)


async def test_who_was_made_a_reader_is_one_again_after_going_and_coming(
    db: database.Database, cast: people.Cast
) -> None:
    await roles.change(db, cast.room, cast.alice, cast.bob, "reader")
    await memberships.leave(db, cast.room, cast.bob)
    assert await memberships.join(db, cast.room, cast.bob)
    assert await role(db, cast.room, cast.bob) == "reader"
    await roles.change(db, cast.room, cast.alice, cast.bob, "moderator")
    await memberships.leave(db, cast.room, cast.bob)
    assert await memberships.join(db, cast.room, cast.bob)
    assert await role(db, cast.room, cast.bob) == "member"


async def test_people_come_by_role_and_name_with_some_before_all_others(
    db: database.Database, cast: people.Cast
) -> None:
    await memberships.join(db, cast.room, cast.charlie)

    async def names(limit: int = 10, first: tuple[int, ...] = ()) -> list[str]:
        found = await memberships.people(db, cast.room.id, limit, first=first)
        return [member.person.name for member in found]

    assert await names() == ["Alice", "Bob", "Charlie"]
    assert await names(first=(cast.charlie.id,)) == ["Charlie", "Alice", "Bob"]
    assert await names(1, (cast.bob.id, 999)) == ["Bob"]
    assert await memberships.people(db, 999) == []


async def test_two_rooms_do_not_mix(db: database.Database, cast: people.Cast) -> None:
    other = await rooms.create(db, cast.charlie, "Other")
    assert await memberships.ids(db, other.id) == {cast.charlie.id}
    assert await memberships.ids(db, cast.room.id) == {cast.alice.id, cast.bob.id}
    with pytest.raises(errors.Forbidden):
        await memberships.remove(db, other, cast.alice, cast.charlie)
