"""One's own account from outside, on two processes: what ends, ends everywhere."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Iterator

import pytest

from tests import servers, services, visitors

pytestmark = pytest.mark.anyio

SOCKETS = 6  # Enough for both processes to have some.
NEW = "twelve herons on a weir"


@pytest.fixture(scope="module")
def pair(
    tmp_path_factory: pytest.TempPathFactory, redis: services.Redis
) -> Iterator[servers.Server]:
    folder = tmp_path_factory.mktemp("pair")
    with servers.Server(folder, workers=2, broadcast=redis.url) as server:
        yield server


@contextlib.asynccontextmanager
async def pages(
    people: list[visitors.Person], room: str, count: int
) -> AsyncIterator[list[visitors.Page]]:
    """So many pages of a room, held open by each of these people in turn."""
    async with contextlib.AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(people[place % len(people)].watching(room))
            for place in range(count)
        ]


async def endings(person: visitors.Person) -> list[str]:
    """Where one's sessions are ended, this one first."""
    page = (await person.client.get("/profile/sessions")).text
    return re.findall(r'action="(/profile/sessions/\d+/ending)"', page)


async def test_a_session_that_is_ended_elsewhere_loses_its_sockets_and_no_other_does(
    pair: servers.Server,
) -> None:
    async with visitors.Person(pair, "ada") as laptop, visitors.Person(pair, "ada") as phone:
        await laptop.arrive()
        room = await laptop.create("Ended from elsewhere")
        own = await endings(laptop)
        await phone.login()
        [theirs] = [path for path in await endings(laptop) if path not in own]
        async with pages([phone], room, SOCKETS) as lost, pages([laptop], room, 2) as kept:
            assert (await laptop.client.post(theirs)).status_code == 303
            for page in lost:
                await page.closes(4401)
            await laptop.say(room, "Still here")
            for page in kept:
                await page.shows("Still here")
            for page in lost:
                assert "Still here" not in page.texts
        assert (await phone.client.get("/profile")).status_code == 303


async def test_another_password_closes_all_sockets_but_those_of_this_session(
    pair: servers.Server,
) -> None:
    async with visitors.Person(pair, "grace") as here, visitors.Person(pair, "grace") as there:
        await here.arrive()
        room = await here.create("Another password")
        await there.login()
        async with pages([there], room, SOCKETS) as lost, pages([here], room, 2) as kept:
            form = {"current": here.password, "password": NEW}
            assert (await here.client.post("/profile/password", data=form)).status_code == 303
            for page in lost:
                await page.closes(4401)
            await here.say(room, "Still here")
            for page in kept:
                await page.shows("Still here")


async def test_an_account_that_is_deleted_is_gone_everywhere_and_the_others_see_it(
    pair: servers.Server,
) -> None:
    async with visitors.Person(pair, "edith") as leaver, visitors.Person(pair, "mary") as owner:
        for person in (leaver, owner):
            await person.arrive()
        room = await owner.create("A goodbye")
        await leaver.join(room)
        await leaver.say(room, "For a while")
        async with pages([leaver], room, SOCKETS) as lost, pages([owner], room, 2) as kept:
            form = {"messages": "erase", "username": "edith", "current": leaver.password}
            answer = await leaver.client.post("/profile/deletion", data=form)
            assert answer.headers["location"] == "/goodbye"
            for page in lost:
                await page.closes(4401)
            for page in kept:
                await page.meets(
                    lambda page=page: page.texts == [visitors.DELETED], "shows what is gone"
                )
            await owner.say(room, "Alone")
            for page in lost:
                assert "Alone" not in page.texts
        right = {"username": "edith", "password": leaver.password}
        assert (await leaver.client.post("/login", data=right)).status_code == 422
