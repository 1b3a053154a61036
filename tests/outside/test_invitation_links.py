"""Invitation links from outside: taken back under live pages, raced for, and asked by."""

import asyncio
import pathlib
import re

import pytest

from tests import servers, services, visitors
from tests.outside import conftest

pytestmark = pytest.mark.anyio


async def invite(owner: visitors.Person, room: str, **fields: str) -> tuple[str, str]:
    """Makes a link; the path where it is looked after, and its own."""
    answer = await owner.act(room, "links", **{"role": "member", **fields})
    assert answer.status_code == 303, answer.text[:2000]
    looked_after = visitors.path_of(answer.headers["location"])
    page = await owner.client.get(looked_after)
    found = re.search(r"/i/[a-z2-7]{36}", page.text)
    assert found, page.text[:2000]
    return looked_after, found[0]


async def come(person: visitors.Person, link: str, room: str) -> None:
    """Presses the button behind the link, and is in the room by it."""
    answer = await person.client.post(link)
    assert (answer.status_code, answer.headers["location"]) == (303, room)


async def removes_all_who_came(
    alice: visitors.Person, bob: visitors.Person, charlie: visitors.Person
) -> None:
    """Bob and Charlie came by a link and talk; taken back, it closes their pages at once, and they
    learn of nothing that came after."""
    room = await alice.create("By one link")
    looked_after, link = await invite(alice, room)
    for person in (bob, charlie):
        await come(person, link, room)
    async with (
        alice.watching(room) as hers,
        bob.watching(room) as bobs,
        charlie.watching(room) as charlies,
    ):
        talking = [
            asyncio.create_task(person.post(room, f"talking {n}"))
            for n in range(20)
            for person in (alice, bob, charlie)
        ]
        await asyncio.wait(talking, return_when=asyncio.FIRST_COMPLETED)
        answer = await alice.act(looked_after, "revocation", remove="yes")
        assert answer.status_code == 303
        fence = await alice.say(room, "the link was taken back before this")
        await asyncio.gather(*talking)
        await hers.shows(fence.text)
        stored = await alice.history(room)
        for person, page in ((bob, bobs), (charlie, charlies)):
            await page.closes(4403)
            assert fence.text not in page.texts
            mine = [m.number for m in stored if m.author == person.name]
            assert max(mine, default=0) < fence.number
        await hers.equals(stored)
    for person in (bob, charlie):
        assert (await person.client.get(link)).status_code == 404
        assert (await person.post(room, "again?")).status_code in (403, 404)


async def test_taking_a_link_back_closes_the_pages_of_those_who_came_by_it(
    arrive: conftest.Arrive,
) -> None:
    await removes_all_who_came(*[await arrive(name) for name in ("alice", "bob", "charlie")])


@pytest.mark.parametrize("with_redis", [True, False], ids=["redis", "redis gone"])
async def test_on_two_workers_too_with_redis_or_without(
    tmp_path: pathlib.Path, with_redis: bool
) -> None:
    with services.Redis() as redis:
        server = servers.Server(tmp_path, workers=2, broadcast=redis.url)
        with server:
            alice, bob, charlie = [
                await visitors.Person(server, name).arrive() for name in ("alice", "bob", "charlie")
            ]
            if not with_redis:
                redis.kill()
            try:
                await removes_all_who_came(alice, bob, charlie)
            finally:
                for person in (alice, bob, charlie):
                    await person.client.aclose()


async def test_many_at_once_on_the_last_use_are_one(
    server: servers.Server, arrive: conftest.Arrive
) -> None:
    alice = await arrive("alice")
    room = await alice.create("One seat left", access="invited")
    looked_after, link = await invite(alice, room, uses="1")
    people = [await arrive(name) for name in ("bob", "charlie", "dan", "eve", "finn")]
    answers = await asyncio.gather(*(person.client.post(link) for person in people * 4))
    won = [n % 5 for n, answer in enumerate(answers) if answer.status_code == 303]
    assert len(set(won)) == 1, "one person is in, however often they pressed"
    assert {answer.status_code for answer in answers} == {303, 404}
    inside = [person for person in people if (await person.open(room)).status_code == 200]
    assert inside == [people[won[0]]]
    assert "1 of 1 used" in (await alice.client.get(looked_after)).text


async def test_who_asks_is_seen_at_once_on_open_pages_and_let_in_from_there(
    arrive: conftest.Arrive,
) -> None:
    alice, bob, charlie = [await arrive(name) for name in ("alice", "bob", "charlie")]
    room = await alice.create("Knock first", access="invited")
    _, link = await invite(alice, room, knock="yes")
    async with alice.watching(room) as hers:
        for person in (bob, charlie):
            assert (await person.client.post(link)).headers["location"] == link
        await hers.meets(lambda: "2 people ask to enter" in hers.slot("knocks"), "sees them both")
        assert (await bob.open(room)).status_code == 404
        answer = await alice.act(room, "knocks/bob", answer="admit")
        assert answer.status_code == 303
        await hers.meets(lambda: "charlie asks to enter" in hers.slot("knocks"), "sees one less")
        answer = await bob.client.get(link)
        assert (answer.status_code, answer.headers["location"]) == (303, room)
        async with bob.watching(room) as his:
            hello = await bob.say(room, "thank you")
            await hers.shows(hello.text)
            await his.shows(hello.text)
            await alice.act(room, "knocks/charlie", answer="turn_away")
            await hers.meets(lambda: not hers.slot("knocks").strip(), "sees nobody at the door")
    assert "Not this time" in (await charlie.client.get(link)).text
    assert (await charlie.open(room)).status_code == 404


async def test_a_guest_who_came_by_a_link_is_out_and_signed_out_when_it_is_taken_back(
    arrive: conftest.Arrive, nobody: visitors.Person
) -> None:
    alice = await arrive("alice")
    room = await alice.create("Open day")
    await alice.act(room, "guest-access", guests="yes")
    looked_after, link = await invite(alice, room, uses="1")
    door = await nobody.client.get(link)
    assert door.status_code == 200
    answer = await nobody.client.post(f"{link}/guests", data={"name": "Gwen", "body": "hello"})
    assert answer.status_code == 303, answer.text[:2000]
    async with alice.watching(room) as hers, nobody.watching(room) as theirs:
        await hers.shows("hello")
        assert "1 of 1 used" in (await alice.client.get(looked_after)).text
        answer = await alice.act(looked_after, "purge", sure="yes")
        assert answer.status_code == 303
        await theirs.is_closed()
        fence = await alice.say(room, "after the purge")
        await hers.shows(fence.text)
        await hers.meets(lambda: "hello" not in hers.texts, "shows no more of it")
        assert fence.text not in theirs.texts
        assert theirs.closed_for_good in (4401, 4403)
    assert (await nobody.client.get(room)).status_code in (200, 303), "the door, or the login"
    assert (await nobody.post(room, "still here?")).status_code == 401
