"""One emoji of one person to one message: given once, taken back, and never miscounted."""

import asyncio

import pytest

from hubbub import database, errors
from hubbub.domain import (
    accounts,
    events,
    history,
    memberships,
    messages,
    reactions,
    revisions,
    rooms,
    settings,
)
from hubbub.domain.messages import Draft
from hubbub.domain.reactions import Reaction
from hubbub.markup import emoji as emojis
from tests import people
from tests.domain import conftest

pytestmark = pytest.mark.anyio

NOON = people.NOON
NO_EMOJI = [
    "",
    "a",
    "7",
    "#",
    "©x",
    "party",
    ":tada:",
    "🎉🎉",
    "🎉 ",
    "🎉\0",
    "🇩",
    "\u200d",
    "\ufe0f",
]


@pytest.fixture
async def message(db: database.Database, cast: people.Cast) -> messages.Message:
    """Bob said something."""
    return (await messages.post(db, cast.room, cast.bob, Draft("hi"), now=NOON)).message


async def shown(db: database.Database, message: messages.Message) -> tuple[Reaction, ...]:
    """The reactions as everyone sees them, after the count of them was found right."""
    found = (await history.one(db, message.room_id, message.number)).reactions
    rows = await db.value(
        "SELECT count(*) FROM reactions WHERE message_id = :id", {"id": message.id}
    )
    kept = await db.value("SELECT reactions FROM messages WHERE id = :id", {"id": message.id})
    assert kept == rows == sum(len(reaction.usernames) for reaction in found)
    return found


async def test_the_same_again_takes_a_reaction_back(
    db: database.Database, cast: people.Cast, message: messages.Message
) -> None:
    assert await reactions.toggle(db, cast.room, cast.alice, message.id, "🎉")
    assert await shown(db, message) == (Reaction("🎉", ("Alice",), ("Alice",)),)
    assert not await reactions.toggle(db, cast.room, cast.alice, message.id, "🎉")
    assert await shown(db, message) == ()
    assert await conftest.kinds(db, cast.room) == ["posted", "reacted", "reacted"]
    log = await events.after(db, cast.room.id, cast.room.seq)
    assert [event.person_id for event in log[1:]] == [cast.alice.id] * 2
    assert log[-1].message == await history.one(db, cast.room.id, message.number)


async def test_kinds_stand_in_the_order_of_their_first_giver(
    db: database.Database, cast: people.Cast, message: messages.Message
) -> None:
    given = [(cast.bob, "🎉"), (cast.bob, "👍"), (cast.alice, "👍"), (cast.alice, "🎉")]
    for after, (person, emoji) in enumerate(given):
        await reactions.toggle(db, cast.room, person, message.id, emoji, now=NOON + after)
    both = ("Bob", "Alice")
    assert await shown(db, message) == (Reaction("🎉", both, both), Reaction("👍", both, both))
    await reactions.toggle(db, cast.room, cast.bob, message.id, "🎉", now=NOON + 9)
    assert [reaction.emoji for reaction in await shown(db, message)] == ["👍", "🎉"]


async def test_the_order_is_one_even_where_the_times_are_the_same(
    db: database.Database, cast: people.Cast, message: messages.Message
) -> None:
    for person, emoji in [(cast.alice, "👍"), (cast.bob, "🎉"), (cast.alice, "🎉")]:
        await reactions.toggle(db, cast.room, person, message.id, emoji, now=NOON)
    before = await shown(db, message)
    # Whatever the database does with its rows: PostgreSQL moves one that is written again.
    await db.run("UPDATE reactions SET at = at WHERE person_id = :id", {"id": cast.alice.id})
    assert await shown(db, message) == before


async def test_a_heart_with_and_without_its_colour_is_one_kind(
    db: database.Database, cast: people.Cast, message: messages.Message
) -> None:
    assert await reactions.toggle(db, cast.room, cast.alice, message.id, "❤")
    assert await reactions.toggle(db, cast.room, cast.bob, message.id, "❤️")
    assert [reaction.emoji for reaction in await shown(db, message)] == ["❤️"]
    assert not await reactions.toggle(db, cast.room, cast.alice, message.id, "❤️")


@pytest.mark.parametrize("text", NO_EMOJI, ids=ascii)
async def test_what_is_not_one_emoji_is_refused(
    db: database.Database, cast: people.Cast, message: messages.Message, text: str
) -> None:
    with pytest.raises(errors.Invalid) as refusal:
        await reactions.toggle(db, cast.room, cast.alice, message.id, text)
    assert refusal.value.field == "emoji"
    assert await conftest.kinds(db, cast.room) == ["posted"]


@pytest.mark.parametrize("emoji", ["👍🏽", "🇩🇪", "👨‍👩‍👧", "🏳️‍🌈", "7️⃣", "❤️‍🔥"])
async def test_emoji_of_several_parts_are_one(
    db: database.Database, cast: people.Cast, message: messages.Message, emoji: str
) -> None:
    assert await reactions.toggle(db, cast.room, cast.alice, message.id, emoji)
    assert [reaction.emoji for reaction in await shown(db, message)] == [emoji]


async def test_a_message_takes_twenty_kinds_and_any_number_of_each(
    db: database.Database, cast: people.Cast, message: messages.Message
) -> None:
    kinds = list(dict.fromkeys(found for found, _ in emojis.find("a", 60)))[: reactions.KINDS + 1]
    assert len(kinds) == 21
    for after, emoji in enumerate(kinds[:-1]):
        await reactions.toggle(db, cast.room, cast.alice, message.id, emoji, now=NOON + after)
    with pytest.raises(errors.Conflict):
        await reactions.toggle(db, cast.room, cast.bob, message.id, kinds[-1])
    assert len(await conftest.kinds(db, cast.room)) == 21, "what was refused is no event"
    assert await reactions.toggle(db, cast.room, cast.bob, message.id, kinds[0])
    assert [reaction.emoji for reaction in await shown(db, message)] == kinds[:-1]
    assert not await reactions.toggle(db, cast.room, cast.alice, message.id, kinds[1])
    assert await reactions.toggle(db, cast.room, cast.bob, message.id, kinds[-1])
    assert len(await shown(db, message)) == 20


async def test_who_may_not_reacts_to_nothing(
    db: database.Database, cast: people.Cast, message: messages.Message
) -> None:
    with pytest.raises(errors.Forbidden, match="not a member"):
        await reactions.toggle(db, cast.room, cast.charlie, message.id, "🎉")
    await reactions.toggle(db, cast.room, cast.alice, message.id, "🎉")
    await settings.archive(db, cast.room, cast.alice)
    for emoji in ("🎉", "👍"):
        with pytest.raises(errors.Forbidden, match="archived"):
            await reactions.toggle(db, cast.room, cast.alice, message.id, emoji)
    assert await shown(db, message) == (Reaction("🎉", ("Alice",), ("Alice",)),)
    assert await conftest.kinds(db, cast.room) == ["posted", "reacted", "archived"]


async def test_nothing_is_given_to_a_tombstone(
    db: database.Database, cast: people.Cast, message: messages.Message
) -> None:
    await reactions.toggle(db, cast.room, cast.alice, message.id, "🎉")
    await revisions.erase(db, cast.room, cast.bob, message.number)
    for emoji in ("🎉", "👍"):
        with pytest.raises(errors.NotFound):
            await reactions.toggle(db, cast.room, cast.alice, message.id, emoji)
    assert await shown(db, message) == ()
    assert await conftest.kinds(db, cast.room) == ["posted", "reacted", "erased"]


async def test_a_message_of_another_room_takes_none(
    db: database.Database, cast: people.Cast, message: messages.Message
) -> None:
    """Who may react in one room cannot reach into another with a number that is not its own."""
    theirs = await rooms.create(db, cast.charlie, "Elsewhere")
    with pytest.raises(errors.NotFound):
        await reactions.toggle(db, theirs, cast.charlie, message.id, "🎉")
    assert await shown(db, message) == ()


async def test_what_people_gave_stays_when_they_go(
    db: database.Database, cast: people.Cast, message: messages.Message
) -> None:
    await reactions.toggle(db, cast.room, cast.bob, message.id, "🎉")
    await memberships.leave(db, cast.room, cast.bob)
    assert await shown(db, message) == (Reaction("🎉", ("Bob",), ("Bob",)),)


async def test_the_count_does_not_drift_when_many_toggle_at_once(
    db: database.Database, cast: people.Cast, message: messages.Message
) -> None:
    everyone = [cast.alice, cast.bob, cast.charlie]
    await memberships.join(db, cast.room, cast.charlie)

    async def toggle(person: accounts.Person, emoji: str, times: int) -> None:
        for _ in range(times):
            await reactions.toggle(db, cast.room, person, message.id, emoji)

    odd = [toggle(person, emoji, 5) for person in everyone for emoji in ("🎉", "👍")]
    even = [toggle(person, "👀", 4) for person in everyone]
    # The same person with the same emoji from several tabs.
    tabs = [toggle(cast.alice, "🔥", 3) for _ in range(4)]
    await asyncio.gather(*odd, *even, *tabs)
    found = await shown(db, message)
    assert {(one.emoji, frozenset(one.usernames)) for one in found} == {
        (emoji, frozenset({"Alice", "Bob", "Charlie"})) for emoji in ("🎉", "👍")
    }
    assert (await conftest.kinds(db, cast.room)).count("reacted") == 6 * 5 + 3 * 4 + 4 * 3


async def test_an_erasure_among_reactions_leaves_none(
    db: database.Database, cast: people.Cast, message: messages.Message
) -> None:
    async def react(emoji: str) -> None:
        try:
            await reactions.toggle(db, cast.room, cast.alice, message.id, emoji)
        except errors.NotFound:
            return

    erasing = revisions.erase(db, cast.room, cast.bob, message.number)
    await asyncio.gather(*map(react, "🎉👍🔥"), erasing, *map(react, "😂👀🚀"))
    assert await shown(db, message) == ()
    assert (await conftest.kinds(db, cast.room))[-1] == "erased"


async def test_the_recent_ones_are_those_one_gave_last_each_once(
    db: database.Database, cast: people.Cast
) -> None:
    posted = [await messages.post(db, cast.room, cast.bob, Draft(str(n))) for n in range(2)]
    given = [(0, "🎉"), (0, "👍"), (1, "🔥"), (1, "🎉")]
    for after, (place, emoji) in enumerate(given):
        message = posted[place].message
        await reactions.toggle(db, cast.room, cast.alice, message.id, emoji, now=NOON + after)
    assert await reactions.recent(db, cast.alice) == ["🎉", "🔥", "👍"]
    assert await reactions.recent(db, cast.bob) == []
