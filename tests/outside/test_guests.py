"""Guests from outside: read the moment they come in, and never again once they are gone."""

from __future__ import annotations

import asyncio
import contextlib
import re
import uuid
from collections.abc import AsyncIterator

import pytest

from hubbub.realtime.close_codes import NOT_ALLOWED, SIGNED_OUT
from tests import elements, servers, visitors
from tests.outside import conftest

pytestmark = pytest.mark.anyio


async def open_room(alice: visitors.Person, title: str) -> str:
    """A room whose owner lets in guests."""
    room = await alice.create(title)
    assert (await alice.act(room, "guest-access", guests="yes")).status_code == 303
    return room


@contextlib.asynccontextmanager
async def guest(
    server: servers.Server, room: str, name: str = "Gwen", body: str = "hello"
) -> AsyncIterator[visitors.Person]:
    """Somebody who came in by the form, with the browser they came with."""
    async with visitors.Person(server, name) as person:
        page = await person.open(room)
        assert page.status_code == 200
        fields = {
            one.get("name"): one.get("value") for one in elements.parse(page.text).named("input")
        }
        sent = fields | {"name": name, "body": body}
        answer = await person.client.post(f"{room}/guests", data=sent)
        assert (answer.status_code, answer.headers["location"]) == (303, room)
        seen = await person.history(room)
        person.name = next(one.author for one in reversed(seen) if "~" in one.author)
        yield person


async def test_everyone_reads_a_guest_who_comes_in_and_the_guest_reads_everyone(
    arrive: conftest.Arrive, server: servers.Server
) -> None:
    alice = await arrive("alice")
    room = await open_room(alice, "Open house")
    async with (
        alice.watching(room) as page,
        guest(server, room, body="is anybody here?") as gwen,
    ):
        await page.shows("is anybody here?")
        mark = gwen.name.partition("~")[2]
        await page.meets(lambda: f"guest {mark}" in page.slot("people"), "the mark is listed")
        async with gwen.watching(room) as theirs:
            await alice.say(room, "yes, I am")
            await theirs.shows("yes, I am")
            await gwen.say(room, "good")
            await page.shows("good")
            assert page.messages == theirs.messages
            # It survives a lost connection and a page that is opened again.
            await theirs.drop()
            await alice.say(room, "still there?")
            await theirs.shows("still there?")


@pytest.mark.parametrize("noun", ["removals", "bans", "departure"])
async def test_a_guest_who_is_gone_hears_nothing_more(
    arrive: conftest.Arrive, server: servers.Server, noun: str
) -> None:
    alice = await arrive("alice")
    room = await open_room(alice, f"Gone by {noun}")
    async with guest(server, room) as gwen, alice.watching(room) as fence:
        page = visitors.Page(gwen, room)
        await page.load()
        await page.is_live()
        talking = asyncio.create_task(talk(alice, room))
        try:
            await page.shows("tick 5")
            who = gwen if noun == "departure" else alice
            assert (await who.act(room, noun, username=gwen.name)).status_code == 303
            last = (await alice.say(room, "gone before this")).number
        finally:
            talking.cancel()
        await fence.shows("gone before this")
        await page.closes(NOT_ALLOWED)
        assert max(one.number for one in page.messages) < last
        await page.close()
        page.check()
        for path in (room, f"{room}/messages", f"{room}/1"):
            answer = await gwen.client.get(path)
            assert "tick 5" not in answer.text
        assert (await gwen.post(room, "I am still here")).status_code == 401
        async with gwen.bare_socket(room) as socket:
            await socket.wait_closed()
            assert socket.close_code == SIGNED_OUT


async def talk(person: visitors.Person, room: str) -> None:
    for number in range(10_000):
        await person.say(room, f"tick {number}")


async def test_a_guest_listens_in_no_other_room(
    arrive: conftest.Arrive, server: servers.Server
) -> None:
    alice = await arrive("alice")
    room, other = await open_room(alice, "Theirs"), await open_room(alice, "Another")
    async with guest(server, room) as gwen:
        codes = []
        for path in (other, "/r/" + "a" * 36):
            async with gwen.bare_socket(path) as socket:
                await socket.wait_closed()
                codes.append(socket.close_code)
        assert codes[0] == codes[1] not in {None, 1000}


async def test_an_account_is_another_session_and_the_same_person(
    arrive: conftest.Arrive, server: servers.Server
) -> None:
    alice = await arrive("alice")
    room = await open_room(alice, "From guest to account")
    async with guest(server, room, body="mine") as gwen, alice.watching(room) as page:
        before = visitors.Page(gwen, room)
        await before.load()
        await before.is_live()
        fields = {"username": conftest.fresh_name(), "password": visitors.PASSWORD}
        answer = await gwen.client.post("/account", data=fields)
        assert (answer.status_code, answer.headers["location"]) == (303, room)
        await before.closes(SIGNED_OUT)
        await before.close()
        await page.meets(
            lambda: not re.search(r"guest \w{4}", page.slot("people")), "nobody is a guest"
        )
        async with gwen.watching(room) as theirs:
            gwen.name = fields["username"]
            await gwen.say(room, "still mine")
            await page.shows("still mine")
            await theirs.shows("still mine")
        assert {one.author for one in await alice.history(room)} == {gwen.name}


async def test_the_last_use_of_a_link_admits_one_guest(
    arrive: conftest.Arrive, server: servers.Server
) -> None:
    alice = await arrive("alice")
    room = await open_room(alice, "One more")
    made = await alice.act(room, "links", role="member", uses="1", label="one more")
    assert made.status_code == 303
    shown = await alice.client.get(visitors.path_of(made.headers["location"]))
    token = re.search(r"/i/[a-z2-7]{36}", shown.text)
    assert token is not None
    fields = [{"name": f"Guest {n}", "body": "me", "cid": str(uuid.uuid4())} for n in range(20)]
    async with contextlib.AsyncExitStack() as stack:
        crowd = [await stack.enter_async_context(visitors.Person(server, "nobody")) for _ in fields]
        told = await asyncio.gather(
            *(
                one.client.post(f"{token[0]}/guests", data=sent)
                for one, sent in zip(crowd, fields, strict=True)
            )
        )
    assert sorted(answer.status_code for answer in told) == [303] + [401] * 19
    assert [one.text for one in await alice.history(room)] == ["me"]
