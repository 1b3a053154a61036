"""The inbox on open pages: on two workers, with Redis and without, and answered in other tabs."""

from __future__ import annotations

import pathlib

import pytest

from tests import servers, services, visitors
from tests.outside import conftest, test_unread

pytestmark = pytest.mark.anyio


def waiting(page: visitors.Page) -> str:
    """The number at the link to the inbox, as the page was told last."""
    return page.slot("inbox").split()[0] if page.slot("inbox").split() else ""


async def says(page: visitors.Page, number: str) -> None:
    """Wait until the page shows so much, told without asking for the page again."""
    await page.meets(
        lambda: "inbox" in page.slots and waiting(page) == number, f"says {number!r}", within=10
    )


async def test_an_invitation_is_shown_on_every_open_page_of_its_person_and_no_others(
    arrive: conftest.Arrive,
) -> None:
    alice, bob, charlie = await arrive("alice"), await arrive("bob"), await arrive("charlie")
    secret = await alice.create("Secret", access="invited")
    talk = await alice.create("Talk")
    await charlie.join(talk)
    own = await bob.create("Own")
    async with bob.watching(own) as one, bob.watching(own) as two, charlie.watching(talk) as third:
        for page in (one, two, third):
            await says(page, "")
        await alice.act(secret, "invitations", username="bob")
        await says(one, "1")
        await says(two, "1")
        await alice.act(secret, "invitations/bob/withdrawal")
        await says(one, "")
        await alice.act(secret, "invitations", username="bob")
        await says(two, "1")
        [form] = await bob.invitations()
        await bob.client.post(form, data={"answer": "decline"})
        await says(one, "")
        await says(two, "")
        await alice.act(secret, "invitations", username="charlie")
        await says(third, "1")
        assert (waiting(one), waiting(two)) == ("", "")


def place_of(room: str) -> str:
    """Where a link to a room goes on a page that has none."""
    return f"rooms-list:not(:has([data-room='{room.rpartition('/')[2][:10]}']))"


async def test_a_room_entered_in_one_tab_is_listed_in_another(arrive: conftest.Arrive) -> None:
    alice, bob = await arrive("alice"), await arrive("bob")
    secret, own = await alice.create("Secret", access="invited"), await bob.create("Own")
    async with bob.watching(own) as page:
        await alice.bring(secret, bob)
        await page.meets(lambda: place_of(secret) in page.slots, "lists the room")
        assert page.slots[place_of(secret)].named("a")[0].get("href") == secret
        await alice.say(secret, "hello @bob")
        await test_unread.shows(page, secret, 1)


async def test_a_conversation_somebody_starts_is_listed_and_counted_at_once(
    arrive: conftest.Arrive,
) -> None:
    alice, bob = await arrive("alice"), await arrive("bob")
    talk = await alice.create("Talk")
    await bob.join(talk)
    async with bob.watching(talk) as page:
        answer = await alice.client.post("/direct", data={"usernames": "bob"})
        room = visitors.path_of(answer.headers["location"])
        await page.meets(lambda: place_of(room) in page.slots, "lists the conversation")
        assert "alice" in page.slots[place_of(room)].text
        await alice.say(room, "one")
        await alice.say(room, "two")
        await test_unread.shows(page, room, 2)


async def test_on_two_workers_it_is_shown_with_redis_and_without(
    tmp_path: pathlib.Path, postgres_url: str
) -> None:
    """Each page may hang at any of the workers, and each request be served by any."""
    with (
        services.Redis() as redis,
        servers.Server(tmp_path, workers=2, database=postgres_url, broadcast=redis.url) as server,
    ):
        async with visitors.Person(server, "alice") as alice, visitors.Person(server, "bob") as bob:
            await alice.arrive()
            await bob.arrive()
            secret, own = await alice.create("Secret", access="invited"), await bob.create("Own")
            pages = [bob.watching(own) for _ in range(4)]
            async with pages[0] as a, pages[1] as b, pages[2] as c, pages[3] as d:
                for gone in (False, True):
                    if gone:
                        redis.stop()
                    await alice.act(secret, "invitations", username="bob")
                    for page in (a, b, c, d):
                        await says(page, "1")
                    await alice.act(secret, "invitations/bob/withdrawal")
                    for page in (a, b, c, d):
                        await says(page, "")
