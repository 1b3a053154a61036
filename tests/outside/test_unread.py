"""Unread from outside: what open pages are told, how soon, and what it costs the database."""

from __future__ import annotations

import asyncio
import contextlib
import pathlib
import sqlite3

import pytest

from tests import elements, servers, services, visitors
from tests.outside import conftest

pytestmark = pytest.mark.anyio

AT_ONCE = 2.0
"""Reading in one page clears the others within so many seconds."""


def told(page: visitors.Page) -> dict[str, int]:
    """The rooms the page was told to mark, and the mentions in each."""
    shown = page.slots.get("unread")
    rows = [row for row in shown.elements if row.get("data-room")] if shown else []
    return {row.get("data-room"): int(row.get("data-mentions")) for row in rows}


async def shows(
    page: visitors.Page, room: str, mentions: int | None, *, within: float = 20.0
) -> None:
    """Wait until a page marks a room with so many mentions, or not at all (None)."""

    await page.meets(
        lambda: "unread" in page.slots and beside(page, room) == mentions,
        f"shows {mentions} beside {room}",
        within=within,
    )


def beside(page: visitors.Page, room: str) -> int | None:
    """The mentions a page was told to show beside a room, None if that is not marked."""
    # The name by which pages are told of a room is how its key begins.
    marked = [number for name, number in told(page).items() if room.startswith(f"/r/{name}")]
    return marked[0] if marked else None


async def links(person: visitors.Person, room: str) -> dict[str, bool]:
    """The rooms beside a page that is opened now, and whether each is marked as unread."""
    tree = elements.parse((await person.open(room)).text)
    rooms = [link for link in tree.one("rooms").named("a") if link.get("data-room")]
    return {link.get("href"): "data-unread" in link.attributes for link in rooms}


async def test_a_message_marks_its_room_in_a_page_of_another(arrive: conftest.Arrive) -> None:
    alice, bob = await arrive("alice"), await arrive("bob")
    talk, other = await alice.create("Talk"), await bob.create("Other")
    await bob.join(talk)
    async with bob.watching(other) as page:
        await shows(page, talk, None)
        await alice.say(talk, "hello")
        await shows(page, talk, 0)
        await alice.say(talk, "@bob hello")
        await shows(page, talk, 1)
        await alice.say(talk, "@bob and again")
        await shows(page, talk, 2)
    assert (await links(bob, other))[talk]


async def test_a_second_message_in_an_unread_room_costs_no_frame(arrive: conftest.Arrive) -> None:
    alice, bob = await arrive("alice"), await arrive("bob")
    talk, other = await alice.create("Talk"), await bob.create("Other")
    await bob.join(talk)
    async with bob.watching(other) as page:
        await alice.say(talk, "one")
        await shows(page, talk, 0)
        await page.meets(lambda: "people" in page.slots, "is told who is here")
        frames = page.frames
        for number in range(20):
            await alice.say(talk, f"line {number}")
        await alice.say(talk, "@bob the fence")
        await shows(page, talk, 1)
        assert page.frames == frames + 1


async def test_reading_in_one_page_clears_the_others(arrive: conftest.Arrive) -> None:
    alice, bob = await arrive("alice"), await arrive("bob")
    talk, other = await alice.create("Talk"), await bob.create("Other")
    await bob.join(talk)
    async with (
        bob.watching(other) as page,
        bob.watching(talk) as reads,
        bob.watching(talk) as same,
        alice.watching(talk) as hers,
    ):
        sent = await alice.say(talk, "@bob hello")
        await shows(page, talk, 1)
        await reads.shows("@bob hello")
        await reads.send(op="seen", number=str(sent.number))
        await shows(page, talk, None, within=AT_ONCE)
        await same.meets(
            lambda: read_number(same) == sent.number, "knows it was read", within=AT_ONCE
        )
        assert read_number(reads) == read_number(hers) == 0, "neither is told what it knows"
    assert not (await links(bob, other))[talk]


def read_number(page: visitors.Page) -> int:
    """How far the page was told that its own room is read."""
    return int(page.slots["unread"].elements[0].get("data-read")) if "unread" in page.slots else 0


async def test_one_is_not_told_of_what_one_is_reading(arrive: conftest.Arrive) -> None:
    alice, bob = await arrive("alice"), await arrive("bob")
    talk, other = await alice.create("Talk"), await bob.create("Other")
    fence = await alice.create("Fence")
    await bob.join(talk)
    await bob.join(fence)
    async with bob.watching(other) as page, bob.watching(talk) as reads:
        await shows(page, talk, None)
        for number in range(1, 6):
            await alice.say(talk, f"line {number}")
            await reads.shows(f"line {number}")
            await reads.send(op="seen", number=number)
        await alice.say(fence, "hello")
        await shows(page, fence, 0)
        assert beside(page, talk) is None


async def test_marking_unread_and_read_by_hand_is_shown_at_once(arrive: conftest.Arrive) -> None:
    alice, bob = await arrive("alice"), await arrive("bob")
    talk, other = await alice.create("Talk"), await bob.create("Other")
    await bob.join(talk)
    for line in ("one", "@bob two", "three"):
        await alice.say(talk, line)
    async with bob.watching(other) as page:
        await shows(page, talk, 1)
        await bob.act(talk, "reading", number="3")
        await shows(page, talk, None, within=AT_ONCE)
        await bob.act(talk, "reading", unread="2")
        await shows(page, talk, 1)
        await bob.act(talk, "reading", number="2")
        await shows(page, talk, 0, within=AT_ONCE)


@pytest.mark.parametrize("number", [99, "99", -1, 0, "x", 1.5, None, True, [1], {}, "9" * 400])
async def test_what_a_page_cannot_have_seen_reads_nothing(
    arrive: conftest.Arrive, number: object
) -> None:
    alice, bob = await arrive("alice"), await arrive("bob")
    talk, other = await alice.create("Talk"), await bob.create("Other")
    await bob.join(talk)
    await alice.say(talk, "one")
    async with bob.watching(other) as page, bob.watching(talk) as reads:
        await reads.send(op="seen", number=number, room=1, person=1)
        await alice.say(talk, "two")
        await reads.shows("two")
        await alice.say(talk, "@bob three")
        await shows(page, talk, 1)
        await page.send(op="seen", number=2)
        await alice.say(talk, "@bob four")
        await shows(page, talk, 2)
    assert (await links(bob, other))[talk]


async def test_who_was_removed_is_told_nothing_of_what_came_after(
    arrive: conftest.Arrive,
) -> None:
    alice, bob = await arrive("alice"), await arrive("bob")
    talk, other = await alice.create("Talk", access="invited"), await bob.create("Other")
    fence = await alice.create("Fence")
    await alice.bring(talk, bob)
    await bob.join(fence)
    async with bob.watching(other) as page:
        await alice.say(talk, "hello")
        await shows(page, talk, 0)
        await bob.act(talk, "reading", number="1")
        await shows(page, talk, None)
        removed = await alice.act(talk, "removals", username="bob")
        assert removed.status_code == 303
        await alice.say(talk, "@bob are you here?")
        await alice.say(fence, "hello")
        await shows(page, fence, 0)
        assert beside(page, talk) is None


async def test_a_room_joined_in_another_tab_is_learnt(arrive: conftest.Arrive) -> None:
    alice, bob = await arrive("alice"), await arrive("bob")
    talk, other = await alice.create("Talk"), await bob.create("Other")
    async with bob.watching(other) as page:
        await alice.say(talk, "before")
        async with bob.watching(talk):
            pass
        await alice.say(talk, "after")
        await shows(page, talk, 0)


async def test_no_message_costs_a_write_for_each_who_reads_it(
    tmp_path: pathlib.Path,
) -> None:
    members, messages = 20, 50
    with servers.Server(tmp_path) as server:
        async with contextlib.AsyncExitStack() as stack:
            people = [visitors.Person(server, f"reader{number}") for number in range(members)]
            for person in people:
                await stack.enter_async_context(person)
                await person.arrive()
            room = await people[0].create("Many readers")
            pages = []
            for person in people:
                await person.join(room)
                pages.append(await stack.enter_async_context(person.watching(room)))
            database = sqlite3.connect(f"{tmp_path}/data/hubbub.db")
            stack.callback(database.close)
            database.execute("CREATE TABLE moved (number)")
            database.execute(
                "CREATE TRIGGER count_moves AFTER UPDATE OF read_number ON memberships"
                " BEGIN INSERT INTO moved VALUES (new.read_number); END"
            )
            database.commit()
            for number in range(1, messages + 1):
                await people[0].say(room, f"line {number}")
                for page in pages:
                    await page.shows(f"line {number}")
                    await page.send(op="seen", number=number)

            def all_read() -> bool:
                query = "SELECT count(*) FROM memberships WHERE read_number = ?"
                return database.execute(query, (messages,)).fetchone()[0] == members

            await visitors.eventually(all_read, "all pointers are written")
            [moved] = database.execute("SELECT count(*) FROM moved").fetchone()
            assert moved <= members * messages / 4


async def test_pages_on_two_workers_agree_with_redis_and_after_it(
    tmp_path: pathlib.Path, postgres_url: str
) -> None:
    with (
        services.Redis() as redis,
        servers.Server(tmp_path, workers=2, database=postgres_url, broadcast=redis.url) as server,
    ):
        async with (
            visitors.Person(server, "alice") as alice,
            visitors.Person(server, "bob") as bob,
            contextlib.AsyncExitStack() as stack,
        ):
            await alice.arrive()
            await bob.arrive()
            talk, other = await alice.create("Talk"), await bob.create("Other")
            await bob.join(talk)
            # So many that some are with either worker.
            beside = [await stack.enter_async_context(bob.watching(other)) for _ in range(6)]
            reads = await stack.enter_async_context(bob.watching(talk))
            for number in range(1, 4):
                await alice.say(talk, f"@bob {number}")
                async with asyncio.TaskGroup() as group:
                    for page in beside:
                        group.create_task(shows(page, talk, 1))
                await reads.send(op="seen", number=number)
                async with asyncio.TaskGroup() as group:
                    for page in beside:
                        group.create_task(shows(page, talk, None, within=AT_ONCE))
            redis.stop()
            await alice.say(talk, "@bob without Redis")
            for page in beside:
                await shows(page, talk, 1)
