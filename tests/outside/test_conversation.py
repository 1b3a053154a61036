"""A page that stayed, one that was away and one opened fresh hold the same conversation."""

from __future__ import annotations

import asyncio
import contextlib
import pathlib
import random
from collections.abc import AsyncIterator, Iterator

import pytest

from tests import servers, visitors
from tests.outside import conftest

pytestmark = pytest.mark.anyio

EMOJI = ("👍", "❤️", "🎉", "😂")
ACTS = {"say": 24, "answer": 22, "edit": 18, "react": 20, "erase": 10, "pin": 6}


class Talk:
    """Three people who say, answer, edit, erase, react and pin, each by a seeded chance."""

    def __init__(self, room: str, people: list[visitors.Person], seed: int) -> None:
        self.room = room
        self.people = people
        self.acts = 0
        self._said: list[int] = []
        self._own: dict[str, list[int]] = {person.name: [] for person in people}
        self._chances = [random.Random(f"{seed} {person.name}") for person in people]

    async def acted(self, count: int) -> None:
        """Everyone acts at once, until so many acts were done."""
        async with asyncio.TaskGroup() as group:
            for person, chance in zip(self.people, self._chances, strict=True):
                group.create_task(self._act(person, chance, self.acts + count))

    async def _act(self, person: visitors.Person, chance: random.Random, until: int) -> None:
        while self.acts < until:
            self.acts += 1
            [act] = chance.choices(list(ACTS), list(ACTS.values()))
            own = self._own[person.name]
            if act in ("edit", "erase") and own:
                number = chance.choice(own[-5:])
                if act == "erase":
                    own.remove(number)
                noun = "edition" if act == "edit" else "erasure"
                body = f"edited **{self.acts}** @bob"
                await self._change(person, number, noun, body=body)
            elif act == "react" and self._said:
                number = chance.choice(self._said[-8:])
                await self._change(person, number, "reactions", emoji=chance.choice(EMOJI))
            elif act == "pin" and self._said:
                number, owner = chance.choice(self._said[-8:]), self.people[0]
                await self._change(owner, number, "pin", pinned=chance.choice(["yes", "no"]))
            else:
                answered = self._said[-8:] if act == "answer" else []
                await self._say(person, chance.choice(answered) if answered else None)

    async def _say(self, person: visitors.Person, reply_to: int | None) -> None:
        answered = {"reply_to": str(reply_to)} if reply_to else {}
        answer = await person.client.post(
            f"{self.room}/messages",
            data={"body": f"{person.name} says *{self.acts}* :tada:", **answered},
            headers={"Accept": "application/json"},
        )
        assert answer.status_code == 201, answer.text
        number = answer.json()["number"]
        self._said.append(number)
        self._own[person.name].append(number)

    async def _change(self, person: visitors.Person, number: int, noun: str, **fields: str) -> None:
        answer = await person.act(self.room, f"{number}/{noun}", **fields)
        # Someone may just have deleted it; one's own nobody else deletes.
        assert answer.status_code in ((303,) if noun in ("edition", "erasure") else (303, 404))


@pytest.fixture(params=["sqlite", "postgresql"])
def house(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Iterator[servers.Server]:
    """One process on SQLite, and two workers on PostgreSQL with Redis between them."""
    more: dict[str, object] = {}
    if request.param == "postgresql":
        url, redis = (request.getfixturevalue(name) for name in ("postgres_url", "redis"))
        more = {"workers": 2, "database": url, "broadcast": redis.url}
    with servers.Server(tmp_path, **more) as server:  # type: ignore[arg-type]
        yield server


@pytest.fixture
async def people(house: servers.Server) -> AsyncIterator[list[visitors.Person]]:
    async with contextlib.AsyncExitStack() as stack:
        names = ("alice", "bob", "carol")
        come = [await stack.enter_async_context(visitors.Person(house, name)) for name in names]
        yield [await person.arrive() for person in come]


@pytest.mark.parametrize("seed", [1, 2])
async def test_all_pages_hold_the_same_after_two_hundred_acts(
    people: list[visitors.Person], seed: int
) -> None:
    alice, bob, carol = people
    room = await alice.create("A conversation")
    await bob.join(room)
    await carol.join(room)
    talk = Talk(room, people, seed)
    await talk.acted(30)
    async with contextlib.AsyncExitStack() as stack:
        stayed, dropped, away = [
            await stack.enter_async_context(person.watching(room)) for person in people
        ]
        await talk.acted(40)
        await away.close()
        for _ in range(4):
            await dropped.drop()
            await talk.acted(25)
        away.connect()
        await talk.acted(30)
        fresh = await stack.enter_async_context(bob.watching(room))
        await alice.say(room, "the last message")
        stored = await alice.conversation(room)
        assert_eventful(stored)
        for page in (stayed, dropped, away, fresh):
            await page.equals(stored)
        for page in (stayed, dropped, away):
            assert page.snapshots == 0, "what was missed came as it happened"
        assert dropped.hellos >= 2
        assert [one.message.text for one in fresh.conversation][-1] == "the last message"
        for person in people:
            assert await person.conversation(room) == stored, "the same for everyone"


def assert_eventful(stored: list[visitors.Shown]) -> None:
    """The run would prove nothing if nothing had happened."""
    assert sum(shown.edited for shown in stored) > 3
    assert sum(shown.deleted for shown in stored) > 3
    assert sum(bool(shown.reactions) for shown in stored) > 5
    assert any(shown.pinned for shown in stored)
    quotes = {shown.quote[1].partition(" ")[2] for shown in stored if shown.quote}
    assert any(quote.startswith("Message deleted") for quote in quotes)
    assert any(quote.startswith("edited") for quote in quotes)


async def test_a_page_that_was_away_for_long_gets_the_present_state_of_everything(
    people: list[visitors.Person],
) -> None:
    """More happened than is kept in memory, or is told one by one: the page is shown anew."""
    alice, bob, _ = people
    room = await alice.create("A long absence")
    await bob.join(room)
    await alice.say(room, "first")
    async with alice.watching(room) as stayed, bob.watching(room) as away:
        await away.close()
        for turn in range(105):
            for emoji in EMOJI:
                await alice.act(room, "1/reactions", emoji=emoji)
            assert (await alice.act(room, "1/edition", body=f"turn {turn}")).status_code == 303
        away.connect()
        await away.is_live()
        await bob.say(room, "the last message")
        stored = await bob.conversation(room)
        assert [shown.message.text for shown in stored] == ["turn 104", "the last message"]
        await away.equals(stored)
        assert away.snapshots == 1
        await stayed.equals(stored)


# -- one act, told at once ---------------------------------------------------------------------


async def test_each_act_is_told_to_an_open_page(arrive: conftest.Arrive) -> None:
    alice, bob = await arrive("alice"), await arrive("bob")
    room = await alice.create("Each act")
    await bob.join(room)
    async with bob.watching(room) as page:
        await alice.say(room, "first")
        answer = {"body": "an answer", "reply_to": "1"}
        assert (await bob.client.post(f"{room}/messages", data=answer)).status_code == 303
        await page.shows("an answer")
        for noun, fields, became in (
            ("1/reactions", {"emoji": "🎉"}, lambda: page.conversation[0].reactions),
            ("1/pin", {"pinned": "yes"}, lambda: page.conversation[0].pinned),
            ("1/edition", {"body": "second"}, lambda: page.conversation[0].edited),
            ("1/reactions", {"emoji": "🎉"}, lambda: not page.conversation[0].reactions),
            ("1/erasure", {}, lambda: page.conversation[0].deleted),
        ):
            assert (await alice.act(room, noun, **fields)).status_code == 303
            await page.meets(became, f"hears of {noun}")
            assert await bob.conversation(room) == page.conversation
        assert [one.message.text for one in page.conversation] == ["Message deleted", "an answer"]
        assert page.conversation[1].quote == (1, "alice Message deleted")
        assert page.slot("pins").strip() == ""


async def test_whoever_was_removed_hears_of_no_change_any_more(arrive: conftest.Arrive) -> None:
    alice, bob = await arrive("alice"), await arrive("bob")
    room = await alice.create("Removed")
    await bob.join(room)
    await alice.say(room, "what bob may read")
    async with alice.watching(room) as hers, bob.watching(room) as his:
        assert (await alice.act(room, "removals", username="bob")).status_code == 303
        assert (await alice.act(room, "1/edition", body="not for bob")).status_code == 303
        await hers.shows("not for bob")
        await his.closes(4403)
        assert his.texts == ["what bob may read"]
