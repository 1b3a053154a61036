"""Who and what is meant by a few letters: in mentions, and in the switcher."""

import pytest
import sqlalchemy

from hubbub import database
from hubbub.domain import accounts, memberships, mentions, rooms, settings, switcher
from hubbub.tables import people as persons
from tests import people

pytestmark = pytest.mark.anyio


async def named(
    db: database.Database, username: str, name: str, *within: rooms.Room
) -> accounts.Person:
    """Someone who shows themselves by another name, and is in these rooms."""
    person = await people.person(db, username)
    renamed = sqlalchemy.update(persons).where(persons.c.id == person.id)
    await db.run(renamed.values(display_name=name))
    for room in within:
        assert await memberships.join(db, room, person)
    return person


async def meant(
    db: database.Database, cast: people.Cast, typed: str, by: accounts.Person | None = None
) -> list[str]:
    room = await rooms.by_id(db, cast.room.id)
    viewer = await memberships.find(db, cast.room.id, (by or cast.bob).id)
    assert room is not None and viewer is not None
    found = await mentions.candidates(db, room, viewer, typed)
    return [candidate.username for candidate in found]


async def test_beginnings_of_usernames_come_first_then_of_names_then_the_rest(
    db: database.Database, cast: people.Cast
) -> None:
    await named(db, "zara", "Ana Maria", cast.room)
    await named(db, "mar10", "Somebody", cast.room)
    await named(db, "omar", "Nobody", cast.room)
    await named(db, "m-a-x-r", "Else", cast.room)
    assert await meant(db, cast, "mar") == ["mar10", "zara", "omar", "m-a-x-r"]
    assert await meant(db, cast, "ANA M") == ["zara"]


@pytest.mark.parametrize(
    ("typed", "username"),
    [("zoe", "nine"), ("Zoë", "nine"), ("mull", "ten"), ("ив", "ivan"), ("Ив", "ivan")],
)
async def test_accents_and_case_make_no_difference(
    db: database.Database, cast: people.Cast, typed: str, username: str
) -> None:
    await named(db, "nine", "ZOË Adams", cast.room)
    await named(db, "ten", "Jürgen Müller", cast.room)
    await named(db, "ivan", "Иван", cast.room)
    assert (await meant(db, cast, typed))[0] == username


@pytest.mark.parametrize("typed", ["%", "_", "!", "a%", "\\", "'", "\0", "🙂", "x" * 5000])
async def test_characters_of_patterns_stand_for_themselves(
    db: database.Database, cast: people.Cast, typed: str
) -> None:
    await named(db, "other", "One with a 100% !_ name", cast.room)
    found = await meant(db, cast, typed)
    assert found == (["other"] if typed in {"%", "_", "!", "a%"} else found)
    assert "bob" not in found or typed == "\0"


async def test_only_members_are_meant(db: database.Database, cast: people.Cast) -> None:
    assert await meant(db, cast, "charl") == []
    await memberships.join(db, cast.room, cast.charlie)
    assert await meant(db, cast, "charl") == ["Charlie"]


async def test_the_whole_room_is_offered_to_those_who_may_call_it(
    db: database.Database, cast: people.Cast
) -> None:
    await named(db, "roomy", "Roomy", cast.room)
    assert await meant(db, cast, "ro", cast.bob) == ["roomy"]
    assert await meant(db, cast, "ro", cast.alice) == ["roomy", "room"]
    assert await meant(db, cast, "room", cast.alice) == ["room", "roomy"]
    assert "room" in await meant(db, cast, "", cast.alice)
    assert "room" not in await meant(db, cast, "oom", cast.alice)
    await settings.archive(db, cast.room, cast.alice)
    assert await meant(db, cast, "room", cast.alice) == ["roomy"]


async def crowd(db: database.Database, room: rooms.Room, count: int) -> None:
    rows = [
        {
            "username": f"guest{number}",
            "username_key": f"guest{number}",
            "display_name": f"Person {number}",
            "password": "-",
            "created_at": people.NOON,
        }
        for number in range(count)
    ]
    await db.run(sqlalchemy.insert(persons).values(rows))
    await db.run(
        "INSERT INTO memberships (room_id, person_id, role, joined_at)"
        " SELECT :room_id, id, 'member', 0 FROM people WHERE username_key LIKE :key",
        {"room_id": room.id, "key": "guest%"},
    )


async def test_in_a_crowd_few_rows_are_read_and_the_nearest_are_found(
    db: database.Database, cast: people.Cast
) -> None:
    await crowd(db, cast.room, 500)
    await named(db, "zz-last", "Persephone Guestless", cast.room)
    assert len(await meant(db, cast, "g")) == 8
    assert await meant(db, cast, "perse") == ["zz-last"]
    assert "zz-last" in await meant(db, cast, "guestl")


# -- the switcher ------------------------------------------------------------------------------


async def leads(
    db: database.Database, person: accounts.Person, q: str
) -> tuple[list[str], list[str]]:
    found = await switcher.find(db, person, q)
    return [room.title for room in found.rooms], [other.username for other in found.people]


async def test_without_letters_it_leads_to_where_something_was_said_last(
    db: database.Database, cast: people.Cast
) -> None:
    for number in range(20):
        await rooms.create(db, cast.alice, f"Room {number}", now=people.NOON + number)
    titles, others = await leads(db, cast.alice, "")
    assert len(titles) == switcher.SHOWN
    assert titles == [room.title for room in await rooms.mine(db, cast.alice, switcher.SHOWN)]
    assert others == []
    assert await leads(db, cast.alice, "#") == (titles, [])
    assert await leads(db, cast.alice, "@") == ([], ["Bob"])


async def test_ones_own_rooms_come_before_listed_ones_and_these_before_people(
    db: database.Database, cast: people.Cast
) -> None:
    await rooms.create(db, cast.charlie, "Design for all", "listed")
    await rooms.create(db, cast.alice, "The café of Design")
    await named(db, "designer", "Dee", cast.room)
    both = (["Design talk", "The café of Design", "Design for all"], ["designer"])
    assert await leads(db, cast.alice, "design") == both
    assert await leads(db, cast.alice, "#design") == (both[0], [])
    assert await leads(db, cast.alice, "@design") == ([], both[1])
    assert (await leads(db, cast.alice, "CAFE"))[0] == ["The café of Design"]
    assert (await leads(db, cast.alice, "dtlk"))[0] == ["Design talk"]


async def test_it_knows_no_room_one_may_not_see_and_nobody_one_never_met(
    db: database.Database, cast: people.Cast
) -> None:
    for access in ("invited", "link", "listed"):
        await rooms.create(db, cast.bob, f"Secret {access}", access)
    closed = await rooms.create(db, cast.bob, "Secret of the past", "listed")
    await settings.archive(db, closed, cast.bob)
    gone = await rooms.create(db, cast.bob, "Secret that is gone", "listed")
    await settings.delete(db, gone, cast.bob)
    assert await leads(db, cast.charlie, "secret") == (["Secret listed"], [])
    assert await leads(db, cast.charlie, "@") == ([], [])
    assert await leads(db, cast.charlie, "bob") == ([], [])
    assert len((await leads(db, cast.bob, "secret"))[0]) == 4
    assert await leads(db, cast.bob, "alice") == ([], ["Alice"])


async def test_a_deleted_room_is_no_acquaintance(db: database.Database, cast: people.Cast) -> None:
    await settings.delete(db, cast.room, cast.alice)
    assert await leads(db, cast.bob, "alice") == ([], [])


@pytest.mark.parametrize("q", ["%", "_", "#%", "@_", "!", "'", "\0", "##@", "x" * 5000])
async def test_nothing_typed_into_it_is_an_error(
    db: database.Database, cast: people.Cast, q: str
) -> None:
    found = await switcher.find(db, cast.alice, q)
    assert found.q == q
