"""A message calls members, the whole room only by those who may, and each of them once."""

import asyncio
import dataclasses

import pytest

from hubbub import database, errors
from hubbub.domain import (
    accounts,
    events,
    history,
    memberships,
    mentions,
    messages,
    revisions,
    rooms,
)
from hubbub.domain.messages import Draft
from tests import people
from tests.domain import conftest

pytestmark = pytest.mark.anyio

NOON = people.NOON
WINDOW = 3_600_000
CID = "6f1c0e5e-9a1f-4f37-8a49-0d4ab6f0a001"


async def post(
    db: database.Database,
    cast: people.Cast,
    body: str,
    by: accounts.Person | None = None,
    *,
    sure: bool = False,
) -> messages.Message:
    room = await rooms.by_id(db, cast.room.id)
    assert room is not None
    draft = Draft(body, sure=sure)
    return (await messages.post(db, room, by or cast.bob, draft, now=NOON)).message


async def edit(db: database.Database, cast: people.Cast, number: int, body: str) -> None:
    draft = Draft(body)
    await revisions.edit(db, cast.room, cast.bob, number, draft, window=WINDOW, now=NOON)


async def pings(db: database.Database, number: int = 1) -> list[int]:
    """The ids of those for whom a message counts; 0 is everyone."""
    query = "SELECT person_id FROM mentions WHERE number = :number ORDER BY person_id"
    return [row["person_id"] for row in await db.all(query, {"number": number})]


async def crowd(db: database.Database, cast: people.Cast, size: int) -> None:
    """So many people in the room."""
    for number in range(size - 2):
        await memberships.join(db, cast.room, await people.person(db, f"member{number}"))


async def make_moderator(db: database.Database, cast: people.Cast) -> None:
    """Bob looks after the room too."""
    await db.run(
        "UPDATE memberships SET role = 'moderator' WHERE person_id = :id", {"id": cast.bob.id}
    )


# ------------------------------------------------------------------ whom


async def test_members_are_called_in_any_case(db: database.Database, cast: people.Cast) -> None:
    message = await post(db, cast, "@ALICE, @alice and @Alice: see this")
    assert message.mentions == "alice"
    assert await pings(db) == [cast.alice.id]
    assert (await history.one(db, cast.room.id, 1)).mentions == "alice"


@pytest.mark.parametrize("body", ["@charlie", "@nobody.here", "alice", "alice@bob.example", "@"])
async def test_who_is_not_in_the_room_is_not_called(
    db: database.Database, cast: people.Cast, body: str
) -> None:
    assert (await post(db, cast, body)).mentions == ""
    assert await pings(db) == []
    await memberships.join(db, cast.room, cast.charlie)
    later = await post(db, cast, "@charlie")
    assert later.mentions == "charlie", "the test can fail"


@pytest.mark.parametrize(
    "body", ["`@alice`", "```\n@alice\n```", "~~~\n@alice", "``a ` @alice``", "> @alice"]
)
async def test_nobody_is_called_in_code_or_in_a_quote(
    db: database.Database, cast: people.Cast, body: str
) -> None:
    assert (await post(db, cast, body)).mentions == ""
    assert await pings(db) == []
    assert (await post(db, cast, f"{body}\n\n```\n@alice")).mentions == ""


async def test_oneself_is_shown_and_not_pinged(db: database.Database, cast: people.Cast) -> None:
    message = await post(db, cast, "@bob and @alice")
    assert message.mentions == "alice bob"
    assert await pings(db) == [cast.alice.id]


async def test_fifty_names_cost_one_statement(
    db: database.Database, cast: people.Cast, counting: conftest.Counting
) -> None:
    await crowd(db, cast, 12)
    with counting() as one:
        await post(db, cast, "@alice")
    with counting() as many:
        await post(db, cast, " ".join(f"@member{n}" for n in range(10)))
    assert len(one) == len(many)
    assert len(await pings(db, 2)) == 10


# ------------------------------------------------------------- everyone


async def test_only_those_who_look_after_the_room_call_all_of_it(
    db: database.Database, cast: people.Cast
) -> None:
    assert (await post(db, cast, "@room")).mentions == ""
    assert (await post(db, cast, "@room", cast.alice)).mentions == "room"
    await make_moderator(db, cast)
    assert (await post(db, cast, "@room")).mentions == "room"
    assert [await pings(db, number) for number in (1, 2, 3)] == [[], [0], [0]]


async def test_calling_more_than_five_people_has_to_be_meant(
    db: database.Database, cast: people.Cast
) -> None:
    await crowd(db, cast, 5)
    assert (await post(db, cast, "@room", cast.alice)).mentions == "room"
    await memberships.join(db, cast.room, cast.charlie)
    before = await conftest.kinds(db, cast.room)
    with pytest.raises(errors.Conflict, match="all 6 people") as refusal:
        await post(db, cast, "@room", cast.alice)
    assert refusal.value.field == "sure"
    assert await conftest.kinds(db, cast.room) == before
    assert await pings(db, 2) == []
    sure = await post(db, cast, "@room", cast.alice, sure=True)
    assert (sure.number, sure.mentions) == (2, "room")
    assert await pings(db, 2) == [0]


async def test_who_may_not_call_the_room_is_not_asked_either(
    db: database.Database, cast: people.Cast
) -> None:
    await crowd(db, cast, 6)
    assert (await post(db, cast, "@room")).mentions == ""
    assert (await post(db, cast, "`@room`", cast.alice)).mentions == ""


async def test_a_person_called_room_is_not_everyone(
    db: database.Database, cast: people.Cast
) -> None:
    """Only administrators get such a name, and `data-mentions="room"` lights up for all."""
    await memberships.join(db, cast.room, await people.person(db, "room", is_admin=True))
    assert (await post(db, cast, "@room")).mentions == ""
    assert await pings(db) == []


# ----------------------------------------------------------------- edits


async def test_an_edit_pings_nobody_new_and_forgets_whom_it_calls_no_more(
    db: database.Database, cast: people.Cast
) -> None:
    await memberships.join(db, cast.room, cast.charlie)
    await post(db, cast, "@alice")
    await edit(db, cast, 1, "@alice and @charlie")
    assert (await history.one(db, cast.room.id, 1)).mentions == "alice charlie"
    assert await pings(db) == [cast.alice.id]
    await edit(db, cast, 1, "@charlie")
    assert (await history.one(db, cast.room.id, 1)).mentions == "charlie"
    assert await pings(db) == []
    await edit(db, cast, 1, "@alice")
    assert await pings(db) == []


async def test_an_edit_neither_asks_nor_calls_the_whole_room(
    db: database.Database, cast: people.Cast
) -> None:
    await crowd(db, cast, 6)
    await make_moderator(db, cast)
    await post(db, cast, "hello")
    await edit(db, cast, 1, "@room hello")
    assert (await history.one(db, cast.room.id, 1)).mentions == "room"
    assert await pings(db) == []
    await post(db, cast, "@room", sure=True)
    await edit(db, cast, 2, "@alice")
    assert await pings(db, 2) == []


async def test_an_erased_message_calls_nobody(db: database.Database, cast: people.Cast) -> None:
    await post(db, cast, "@alice")
    await revisions.erase(db, cast.room, cast.bob, 1)
    assert (await history.one(db, cast.room.id, 1)).mentions == ""
    assert await pings(db) == []


async def test_a_retry_pings_once(db: database.Database, cast: people.Cast) -> None:
    draft = Draft("@alice", CID)
    await asyncio.gather(*(messages.post(db, cast.room, cast.bob, draft) for _ in range(5)))
    assert await db.value("SELECT count(*) FROM mentions") == 1
    assert await conftest.kinds(db, cast.room) == ["posted"]
    [event] = await events.after(db, cast.room.id, cast.room.seq)
    assert event.message is not None
    assert event.message.mentions == "alice"


async def test_what_was_accepted_once_is_not_asked_about_again(
    db: database.Database, cast: people.Cast
) -> None:
    """The room grew between a try whose answer was lost and the next one."""
    draft = Draft("@room supper is ready", CID)
    first = await messages.post(db, cast.room, cast.alice, draft)
    grown = dataclasses.replace(cast.room, members=mentions.MANY + 1)
    again = await messages.post(db, grown, cast.alice, draft)
    assert (again.number, again.created) == (first.number, False)
    other = Draft("@room and now?", CID)
    with pytest.raises(errors.Conflict):
        await messages.post(db, grown, cast.alice, other)
