"""The live stream from outside: what it tells, to whom, and what it ignores."""

import asyncio
import json

import pytest

from tests import elements, servers, visitors
from tests.outside import conftest

pytestmark = pytest.mark.anyio


async def test_everyone_in_the_room_sees_a_message_in_every_tab(arrive: conftest.Arrive) -> None:
    alice, bob = await arrive("alice"), await arrive("bob")
    room = await alice.create("Tabs")
    await bob.join(room)
    async with (
        alice.watching(room) as first,
        alice.watching(room) as second,
        bob.watching(room) as third,
    ):
        await alice.say(room, "hello")
        await bob.say(room, "hello back")
        for page in (first, second, third):
            await page.shows("hello back")
            assert page.messages == [(1, "alice", "hello"), (2, "bob", "hello back")]


async def test_a_message_reaches_an_open_page_at_once(arrive: conftest.Arrive) -> None:
    alice, bob = await arrive("alice"), await arrive("bob")
    room = await alice.create("At once")
    await bob.join(room)
    async with bob.watching(room) as page:
        waits = []
        for place in range(20):
            clock = asyncio.get_running_loop().time()
            await alice.say(room, f"tick {place}")
            await page.shows(f"tick {place}")
            waits.append(asyncio.get_running_loop().time() - clock)
        # The poll alone would take half a second on average.
        assert sorted(waits)[10] < 0.3, waits


async def test_a_page_that_was_away_gets_what_it_missed_in_order(arrive: conftest.Arrive) -> None:
    alice, bob = await arrive("alice"), await arrive("bob")
    room = await alice.create("Away")
    await bob.join(room)
    async with bob.watching(room) as page:
        await alice.say(room, "before")
        await page.shows("before")
        for place in range(5):
            await page.drop()
            for line in range(7):
                await alice.say(room, f"missed {place} {line}")
            await page.shows(f"missed {place} 6")
        await page.equals(await alice.history(room))
        assert page.hellos == 6


async def test_a_stale_cursor_doubles_nothing(arrive: conftest.Arrive) -> None:
    alice = await arrive("alice")
    room = await alice.create("Stale cursor")
    async with alice.watching(room) as page:
        stale = page.cursor
        for line in range(9):
            await alice.say(room, f"line {line}")
        await page.shows("line 8")
        page.cursor = stale
        await page.drop()
        await page.meets(lambda: page.hellos == 2 and page.live, "is back")
        await page.equals(await alice.history(room))


async def test_an_empty_cursor_means_from_now_on(arrive: conftest.Arrive) -> None:
    alice = await arrive("alice")
    room = await alice.create("From now on")
    await alice.say(room, "earlier")
    async with alice.bare_socket(room) as socket:
        await socket.send('{"op":"hello","after":""}')
        await socket.send('{"op":"beat"}')
        first = elements.parse(str(await asyncio.wait_for(socket.recv(), 5)))
        assert visitors.messages_in(first) == []
        await alice.say(room, "later")
        shown: list[visitors.Message] = []
        while not shown:
            shown = visitors.messages_in(
                elements.parse(str(await asyncio.wait_for(socket.recv(), 5)))
            )
        assert shown == [(2, "alice", "later")]


async def test_nothing_comes_before_the_hello(arrive: conftest.Arrive) -> None:
    alice = await arrive("alice")
    room = await alice.create("Before hello")
    async with alice.bare_socket(room) as silent, alice.watching(room) as fence:
        await silent.send('{"op":"beat"}')
        await silent.send('{"op":"typing"}')
        await alice.say(room, "unheard")
        await fence.shows("unheard")
        await silent.send('{"op":"hello","after":""}')
        await alice.say(room, "heard")
        heard: list[visitors.Message] = []
        while not heard:
            frame = elements.parse(str(await asyncio.wait_for(silent.recv(), 5)))
            heard = visitors.messages_in(frame)
        assert "heard" in [message.text for message in heard]
        assert [message.text for message in heard if message.text == "unheard"] == []


async def test_a_beat_is_answered_with_the_cursor(arrive: conftest.Arrive) -> None:
    alice = await arrive("alice")
    room = await alice.create("Beats")
    async with alice.watching(room) as page:
        before = page.frames
        await page.send(op="beat")
        await page.meets(lambda: page.frames > before, "hears the beat's echo", within=3)


async def test_keys_nobody_knows_are_ignored(arrive: conftest.Arrive) -> None:
    alice = await arrive("alice")
    room = await alice.create("Unknown keys")
    async with alice.watching(room) as page:
        await page.send(op="beat", extra="x", HEADERS={"HX-Request": "true"}, deep={"a": [1]})
        await alice.say(room, "all is well")
        await page.shows("all is well")
        assert page.closings == []


async def test_a_renamed_room_is_renamed_on_open_pages(arrive: conftest.Arrive) -> None:
    alice, bob = await arrive("alice"), await arrive("bob")
    room = await alice.create("Old name")
    await bob.join(room)
    async with bob.watching(room) as page:
        await alice.act(room, "title", title="New <name>")
        await alice.act(room, "topic", topic="New & topic")
        await page.meets(
            lambda: (
                "New <name>" in page.slot("room-title") and "New & topic" in page.slot("room-topic")
            ),
            "shows the new title and topic",
            within=5,
        )


async def test_one_sees_who_is_here_and_who_went(arrive: conftest.Arrive) -> None:
    alice, bob = await arrive("alice"), await arrive("bob")
    room = await alice.create("Who is here")
    await bob.join(room)

    async with alice.watching(room) as page:
        async with bob.watching(room):
            await page.meets(lambda: "2" in page.slot("online"), "shows two people", within=15)
        # Eight seconds of grace, so that a reload does not flap.
        await page.meets(lambda: "1" in page.slot("online"), "shows one again", within=20)


async def test_one_sees_who_is_typing_and_oneself_not(arrive: conftest.Arrive) -> None:
    alice, bob = await arrive("alice"), await arrive("bob")
    room = await alice.create("Typing")
    await bob.join(room)
    async with alice.watching(room) as hers, bob.watching(room) as his:
        await his.send(op="typing")
        await hers.meets(lambda: "bob" in hers.slot("typing"), "shows that bob types", within=5)
        await bob.say(room, "typed")
        await hers.meets(lambda: "bob" not in hers.slot("typing"), "shows it no more", within=5)
        assert "bob" not in his.slot("typing")


async def test_a_stranger_gets_a_close_code_that_ends_the_trying(
    arrive: conftest.Arrive, nobody: visitors.Person, server: servers.Server
) -> None:
    alice, charlie = await arrive("alice"), await arrive("charlie")
    room = await alice.create("Strange sockets")
    async with nobody.bare_socket(room) as socket:
        assert await visitors.raises_close(socket) == 4401
    async with charlie.bare_socket(room) as socket:
        assert await visitors.raises_close(socket) in (4403, 4404)
    async with charlie.bare_socket("/r/" + "a" * 36) as socket:
        assert await visitors.raises_close(socket) in (4403, 4404)
    async with charlie.bare_socket(room, cookies="session=nonsense") as socket:
        assert await visitors.raises_close(socket) == 4401


async def test_the_frame_of_a_message_ends_with_the_cursor(arrive: conftest.Arrive) -> None:
    alice = await arrive("alice")
    room = await alice.create("Frames")
    async with alice.bare_socket(room) as socket:
        await socket.send(json.dumps({"op": "hello", "after": ""}))
        await alice.say(room, "in a frame")
        while True:
            tree = elements.parse(str(await asyncio.wait_for(socket.recv(), 5)))
            if visitors.messages_in(tree):
                break
        last = tree.elements[-1]
        assert (last.id, last.get("name"), last.get("hx-swap-oob")) == ("cursor", "after", "true")
