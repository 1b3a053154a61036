"""Many at once: the same name, the same handle, the same door, a removal in the midst of a talk."""

import asyncio
import pathlib
import re

import httpx2
import pytest

from tests import elements, servers, services, visitors
from tests.outside import conftest

pytestmark = pytest.mark.anyio


async def test_a_name_asked_for_many_times_at_once_is_given_once(server: servers.Server) -> None:
    name = conftest.fresh_name()
    people = [visitors.Person(server, name, f"{visitors.PASSWORD} {n}") for n in range(6)]
    try:
        answers = await asyncio.gather(*(person.register() for person in people))
        assert sorted(answer.status_code for answer in answers) == [303] + [409] * 5
        winner = next(n for n, answer in enumerate(answers) if answer.status_code == 303)
        logins = [await person.login() for person in people]
        assert [n for n, login in enumerate(logins) if login.status_code == 303] == [winner]
    finally:
        for person in people:
            await person.client.aclose()


async def test_a_handle_asked_for_many_times_at_once_is_given_once(
    arrive: conftest.Arrive,
) -> None:
    alice = await arrive("alice")
    fields = {"title": "Race", "access": "listed", "handle": "the-only-race"}
    answers = await asyncio.gather(*(alice.client.post("/rooms", data=fields) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [303] + [409] * 7


async def test_listed_rooms_of_one_title_made_at_once_all_get_a_handle(
    arrive: conftest.Arrive,
) -> None:
    alice = await arrive("alice")
    fields = {"title": "Same title", "access": "listed", "handle": ""}
    answers = await asyncio.gather(*(alice.client.post("/rooms", data=fields) for _ in range(6)))
    assert [answer.status_code for answer in answers] == [303] * 6
    assert len({answer.headers["location"] for answer in answers}) == 6


async def test_a_door_opened_many_times_at_once_makes_one_member(
    arrive: conftest.Arrive,
) -> None:
    alice, bob = await arrive("alice"), await arrive("bob")
    room = await alice.create("Doors")
    answers = await asyncio.gather(*(bob.open(room) for _ in range(12)))
    assert {answer.status_code for answer in answers} == {200}
    page = elements.parse((await alice.client.get(f"{room}/people")).text)
    assert page.named("main")[0].text.count("bob") == 1
    assert (await alice.act(room, "removals", username="bob")).status_code == 303
    assert (await bob.post(room, "still in by another door?")).status_code in (403, 404)


async def test_nothing_of_someone_removed_is_numbered_after_the_removal(
    arrive: conftest.Arrive,
) -> None:
    alice, bob = await arrive("alice"), await arrive("bob")
    room = await alice.create("Mid-sentence")
    await bob.join(room)
    async with bob.watching(room) as his, alice.watching(room) as hers:
        talking = [asyncio.create_task(bob.post(room, f"talking {n}")) for n in range(40)]
        await asyncio.wait(talking, return_when=asyncio.FIRST_COMPLETED)
        assert (await alice.act(room, "removals", username="bob")).status_code == 303
        fence = await alice.say(room, "bob was removed before this")
        answers = await asyncio.gather(*talking)
        numbers = [answer.json()["number"] for answer in answers if answer.status_code == 201]
        assert {answer.status_code for answer in answers} <= {201, 403, 404}
        assert max(numbers, default=0) < fence.number
        await hers.shows(fence.text)
        await his.closes(4403)
        assert fence.text not in his.texts
        stored = await alice.history(room)
        assert {m.number for m in stored if m.author == "bob"} == set(numbers)
        await hers.equals(stored)


async def test_limits_are_one_for_both_workers(
    tmp_path: pathlib.Path, redis: services.Redis
) -> None:
    limited = servers.Server(tmp_path, workers=2, broadcast=redis.url, rate_limits=True)
    with limited as server:
        async with visitors.Person(server, "alice") as alice:
            await alice.arrive()
            room = await alice.create("One limit")
            answers = []
            # A few at once: a process too busy to ask Redis in time counts by itself for a while.
            for _ in range(10):
                answers += await asyncio.gather(*(alice.post(room, f"burst {n}") for n in range(4)))
            accepted = [answer for answer in answers if answer.status_code == 201]
            assert 8 <= len(accepted) <= 14, "a burst of ten, whichever workers it reached"


@pytest.mark.parametrize(
    "cookie",
    [
        "session=",
        "session=x; session=y",
        "session=" + "x" * 6000,
        "session=\x7f\x01",
        "session=ä",
        'session="quoted; still"',
        "last_room=../../x",
        "theme=<script>",
        ";;;===;;;",
    ],
)
async def test_a_strange_cookie_is_no_session_and_no_crash(
    server: servers.Server, cookie: str
) -> None:
    async with httpx2.AsyncClient(base_url=server.url, trust_env=False) as client:
        try:
            answer = await client.get("/rooms", headers={b"Cookie": cookie.encode()})
        except httpx2.HTTPError:
            return  # what is no header at all ends the connection
        assert answer.status_code in (200, 400, 431)
        assert "<script>" not in answer.text.replace('<script src="', "")


@pytest.mark.parametrize(
    "path",
    [
        "/static/../pyproject.toml",
        "/static/..%2f..%2fpyproject.toml",
        "/static/%2e%2e/%2e%2e/etc/passwd",
        "/static//etc/passwd",
        "/static/hubbub.css%00.txt",
        "/static/",
        "/static/" + "x" * 8000,
        "/%ff%fe",
        "/r/%F0%9F%92%A9",
        "//evil.example/",
        "/r//messages",
        "/.env",
        "/data/hubbub.db",
    ],
)
async def test_a_strange_path_leads_nowhere(server: servers.Server, path: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode())
    answer = (await reader.read()).decode(errors="replace")
    writer.close()
    found = re.match(r"HTTP/1\.1 (\d+)", answer)
    assert found
    assert int(found[1]) in (303, 307, 308, 400, 404, 414), answer[:300]
    assert "evil.example" not in answer.split("\r\n\r\n")[0]
    assert "root:" not in answer
    assert "[project]" not in answer


@pytest.mark.parametrize("path", ["/", "/login", "/rooms", "/healthz", "/nowhere"])
async def test_asking_for_the_head_gets_the_head(nobody: visitors.Person, path: str) -> None:
    head, page = await nobody.client.head(path), await nobody.client.get(path)
    assert head.status_code == page.status_code
    assert head.content == b""
