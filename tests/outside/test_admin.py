"""The administration from outside, on two processes: what is decided reaches open pages at once."""

import asyncio
import re
import subprocess
from collections.abc import AsyncIterator, Iterator

import pytest

from tests import servers, services, visitors
from tests.outside import conftest

pytestmark = pytest.mark.anyio

SIGNED_OUT = 4401


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, redis: services.Redis
) -> Iterator[servers.Server]:
    """A server of two workers, with an administrator made the way a host does it."""
    home = tmp_path_factory.mktemp("administered")
    with servers.Server(home, workers=2, broadcast=redis.url) as server:
        subprocess.run(
            [*server.command()[:3], "create-admin", "Warden", "--password-stdin"],
            cwd=server.home,
            env=server.environment(),
            input=visitors.PASSWORD,
            text=True,
            check=True,
            capture_output=True,
        )
        yield server


@pytest.fixture
async def warden(server: servers.Server) -> AsyncIterator[visitors.Person]:
    async with visitors.Person(server, "Warden") as person:
        assert (await person.login()).status_code == 303
        yield person


async def room_id(warden: visitors.Person, title: str) -> str:
    """The number a room has in the administration."""
    page = (await warden.client.get("/admin/rooms", params={"q": title})).text
    [number] = set(re.findall(r"/admin/rooms/([0-9]+)\"", page))
    return number


async def test_who_is_disabled_hears_nothing_more_in_any_process(
    arrive: conftest.Arrive, newcomer: visitors.Person, warden: visitors.Person
) -> None:
    alice = await arrive("alice")
    room = await alice.create("Shut out")
    await newcomer.join(room)
    async with newcomer.watching(room) as one, newcomer.watching(room) as other:
        await alice.say(room, "before")
        for page in (one, other):
            await page.shows("before")
        path = f"/admin/people/{newcomer.name}/disabling"
        answer = await warden.client.post(path, data={"disabled": "yes"})
        assert answer.status_code == 303
        for page in (one, other):
            await page.closes(SIGNED_OUT)
        await alice.say(room, "after")
        for page in (one, other):
            assert page.texts == ["before"]
    assert (await newcomer.login()).status_code == 422


async def test_who_comes_into_a_private_room_to_look_is_seen_at_once(
    arrive: conftest.Arrive, warden: visitors.Person
) -> None:
    alice = await arrive("alice")
    room = await alice.create("Among ourselves", access="invited")
    await alice.say(room, "a secret")
    async with alice.watching(room) as page:
        number = await room_id(warden, "Among ourselves")
        assert (await warden.client.get(room)).status_code == 404
        answer = await warden.client.post(f"/admin/rooms/{number}/entrance")
        assert answer.status_code == 303
        await page.shows("I have entered this room as an administrator of this site.")
    assert "a secret" in (await warden.client.get(room)).text


async def test_what_is_taken_down_vanishes_from_open_pages(
    arrive: conftest.Arrive, warden: visitors.Person
) -> None:
    alice = await arrive("alice")
    room = await alice.create("Market day")
    await alice.say(room, "Buy this")
    async with alice.watching(room) as page:
        await page.shows("Buy this")
        fields = {"room_id": await room_id(warden, "Market day"), "number": "1"}
        answer = await warden.client.post("/admin/messages/removal", data=fields)
        assert answer.status_code == 303
        await page.meets(lambda: "Buy this" not in page.texts, "the message is gone")


async def test_a_name_decided_in_one_process_is_shown_by_all(
    nobody: visitors.Person, warden: visitors.Person
) -> None:
    answer = await warden.client.post("/admin/settings", data={"name": "The Tea House"})
    assert answer.status_code == 303
    seen = 0
    async with asyncio.timeout(30):
        # Each on a connection of its own, so that either process may answer.
        while seen < 20:
            page = (await nobody.client.get("/login", headers={"Connection": "close"})).text
            seen = seen + 1 if "The Tea House" in page else 0
