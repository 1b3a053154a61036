"""Web Push from several processes: each message is told once, by the one that took it, and nobody
who looks through another."""

import pathlib

import httpx2
import pytest

from tests import receivers, servers, services, visitors

pytestmark = pytest.mark.anyio

ROOMS = 12


async def test_of_several_processes_the_one_that_took_a_message_tells_of_it(
    tmp_path_factory: pytest.TempPathFactory, redis: services.Redis
) -> None:
    with receivers.PushService() as service:
        home = tmp_path_factory.mktemp("push")
        settings = {"HUBBUB_PUSH_HOSTS": service.host}
        with servers.Server(home, workers=2, broadcast=redis.url, settings=settings) as server:
            async with visitors.Person(server, "ada") as ada, visitors.Person(server, "ben") as ben:
                await ada.arrive()
                await ben.arrive()
                browser = await _subscribed(ben, service)
                said = {await _said(ada, ben, f"Room {n}") for n in range(ROOMS)}
                told = [browser.open(one.body)["href"] for one in service.wait(ROOMS, 30)]
                assert (len(told), set(told)) == (ROOMS, said)
                last = await _said(ada, ben, "fence")
                told = [browser.open(one.body)["href"] for one in service.wait(ROOMS + 1, 30)]
                assert told[ROOMS:] == [last], "and once only"


async def test_who_looks_through_another_process_is_not_told_what_waits_for_them(
    tmp_path: pathlib.Path, redis: services.Redis
) -> None:
    with receivers.PushService() as service:
        settings = {"HUBBUB_PUSH_HOSTS": service.host, "HUBBUB_DATA_DIR": str(tmp_path / "data")}
        one = servers.Server(tmp_path / "one", broadcast=redis.url, settings=settings)
        other = servers.Server(tmp_path / "other", broadcast=redis.url, settings=settings)
        with one, other:
            async with visitors.Person(one, "ada") as ada, visitors.Person(other, "ben") as ben:
                await ada.arrive()
                await ben.arrive()
                browser = await _subscribed(ben, service)
                async with ben.watching(await ben.create("His own")) as page:
                    await _ask(ada, "seen")
                    await page.send(op="look")
                    await _ask(ada, "not seen")
                    told = [browser.open(sent.body)["text"] for sent in service.wait(1, 30)]
                    assert told == ["not seen"]


async def _subscribed(person: visitors.Person, service: receivers.PushService) -> receivers.Browser:
    """A browser of theirs that is told."""
    page = (await person.client.get("/profile/notifications")).text
    key = page.partition('name="server_key" value="')[2].partition('"')[0]
    browser = service.browser(person.name)
    answer = await person.client.post("/push/subscriptions", data=browser.form(key))
    assert answer.status_code == 303
    return browser


async def _ask(ada: visitors.Person, title: str) -> None:
    """Ben is asked into a room of this title."""
    room = await ada.create(title, access="invited")
    assert (await ada.act(room, "invitations", username="ben")).status_code == 303


async def _said(ada: visitors.Person, ben: visitors.Person, title: str) -> str:
    """A message in a room of its own, over a connection of its own; where it is."""
    made = await ada.client.post("/rooms", data={"title": title, "access": "link"})
    path = visitors.path_of(made.headers["location"])
    await ben.client.get(path)
    assert (
        await ben.client.post(f"{path}/notifications", data={"level": "all"})
    ).status_code == 303
    async with httpx2.AsyncClient(
        base_url=ada.client.base_url,
        cookies=ada.client.cookies,
        headers=ada.client.headers,
        trust_env=False,
    ) as fresh:
        answer = await fresh.post(
            f"{path}/messages", data={"body": "hi"}, headers={"Accept": "application/json"}
        )
    return f"{path}/{answer.json()['number']}"
