"""Posting, paging, and permalinks, in each form in which they are asked for."""

from __future__ import annotations

import asyncio
import sqlite3
import uuid

import httpx2
import pytest

from hubbub.domain import events, history, messages, settings
from tests import elements, visitors
from tests.web import conftest

pytestmark = pytest.mark.anyio

STRANGE = ["-1", "x", "1.5", "1e3", "+1", " 1", "１", "", "9" * 19, "9" * 400, str(2**63)]


async def post(scene: conftest.Scene, body: str = "hello", **fields: str) -> httpx2.Response:
    data = {"body": body, **fields}
    return await scene.alice.post(f"{scene.path}/messages", data=data, headers=conftest.JSON)


async def fill(house: conftest.House, scene: conftest.Scene, amount: int) -> None:
    for number in range(1, amount + 1):
        draft = messages.Draft(f"number {number}")
        await messages.post(house.db, scene.cast.room, scene.cast.alice, draft)


def numbers(answer: httpx2.Response) -> list[int]:
    assert answer.status_code == 200, (answer.status_code, answer.text[:500])
    return [one.number for one in visitors.messages_in(elements.parse(answer.text))]


async def test_a_post_is_answered_in_three_forms(scene: conftest.Scene) -> None:
    path, cid = f"{scene.path}/messages", str(uuid.uuid4())
    first = await post(scene, cid=cid)
    assert (first.status_code, first.json()["number"], first.json()["cid"]) == (201, 1, cid)
    again = await post(scene, cid=cid)
    assert (again.status_code, again.json()) == (200, first.json())
    other = await post(scene, "another body", cid=cid)
    assert (other.status_code, other.json()["number"]) == (201, 2)
    plain = await scene.alice.post(path, data={"body": "plain"})
    assert (plain.status_code, plain.headers["location"]) == (303, scene.path)
    fragment = await scene.alice.post(path, data={"body": "htmx"}, headers=conftest.HTMX)
    assert fragment.status_code == 200
    assert "<html" not in fragment.text
    assert [one.text for one in visitors.messages_in(elements.parse(fragment.text))] == ["htmx"]


async def test_who_may_not_post_stores_nothing(
    house: conftest.House, scene: conftest.Scene
) -> None:
    path, data = f"{scene.path}/messages", {"body": "hello"}
    asked = {"data": data, "headers": conftest.JSON}
    assert (await scene.nobody.post(path, **asked)).status_code == 401
    assert (await scene.charlie.post(path, **asked)).status_code == 403
    assert await house.db.value("SELECT count(*) FROM messages") == 0
    assert (await scene.bob.post(path, **asked)).status_code == 201, "the test can fail"


async def test_a_retry_finds_what_was_accepted_before_the_room_was_archived(
    house: conftest.House, scene: conftest.Scene
) -> None:
    cid = str(uuid.uuid4())
    first = await post(scene, cid=cid)
    await settings.archive(house.db, scene.cast.room, scene.cast.alice)
    again = await post(scene, cid=cid)
    assert (again.status_code, again.json()) == (200, first.json())
    refused = await post(scene, "something new")
    assert refused.status_code == 403
    assert "archived" in refused.json()["error"]


@pytest.mark.parametrize(
    ("body", "status"), [("x" * 4001, 422), ("bell \a inside", 422), ("nul \0 inside", 400)]
)
async def test_a_refused_text_comes_back_in_the_box(
    house: conftest.House, scene: conftest.Scene, body: str, status: int
) -> None:
    cid = str(uuid.uuid4())
    answer = await scene.alice.post(f"{scene.path}/messages", data={"body": body, "cid": cid})
    assert answer.status_code == status
    tree = elements.parse(answer.text)
    assert tree.one("body").text.removeprefix("\n") == body
    assert tree.one("composer-error").get("role") == "alert"
    assert [one.get("value") for one in tree.named("input") if one.get("name") == "cid"] == [cid]
    assert await house.db.value("SELECT count(*) FROM messages") == 0


async def test_a_page_gives_each_message_a_key_of_its_own(scene: conftest.Scene) -> None:
    def cid(page: httpx2.Response) -> str:
        inputs = elements.parse(page.text).named("input")
        return next(one.get("value") for one in inputs if one.get("name") == "cid")

    keys = {cid(await scene.alice.get(scene.path)) for _ in range(3)}
    assert len({str(uuid.UUID(key)) for key in keys}) == 3
    refused = {"body": "hello", "cid": "no key"}
    answer = await scene.alice.post(f"{scene.path}/messages", data=refused)
    assert answer.status_code == 422
    assert uuid.UUID(cid(answer)), "a key that cannot be is replaced"
    assert elements.parse(answer.text).one("body").text.strip() == "hello"


async def test_sending_too_fast_keeps_the_text_and_says_how_long_to_wait(
    opened: conftest.Open, staged: conftest.Staged
) -> None:
    async with opened(rate_limits=True) as house:
        scene = await staged(house)
        codes = [(await post(scene, f"{n}")).status_code for n in range(12)]
        assert codes == [201] * 10 + [429] * 2
        page = await scene.alice.post(f"{scene.path}/messages", data={"body": "one too many"})
        assert page.status_code == 429
        assert 0 < int(page.headers["retry-after"]) <= 10
        assert elements.parse(page.text).one("body").text.strip() == "one too many"
        told = await scene.bob.post(f"{scene.path}/messages", data={"body": "hello"})
        assert told.status_code == 303, "others may"


async def test_the_room_shows_the_newest_and_a_cursor_of_the_same_moment(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await fill(house, scene, 60)
    page = await scene.alice.get(scene.path)
    assert numbers(page) == list(range(11, 61))
    head = await events.head(house.db, scene.cast.room.id)
    cursor = elements.parse(page.text).one("cursor")
    assert (cursor.get("name"), cursor.get("value")) == ("after", str(head))


async def test_history_pages_both_ways_whole_and_in_fragments(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await fill(house, scene, 130)
    for headers in ({}, conftest.HTMX):
        seen: list[int] = []
        before = 131
        while before > 1:
            address = f"{scene.path}/messages?before={before}"
            page = await scene.bob.get(address, headers=headers)
            assert ("<html" in page.text) == (not headers)
            found = numbers(page)
            assert len(found) <= history.PAGE
            seen, before = found + seen, found[0]
            shown = page.text.partition('id="messages"')[0]
            assert ("?before=" in shown) == (before > 1)
        assert seen == list(range(1, 131))
        seen = []
        while len(seen) < 130:
            after = seen[-1] if seen else 0
            page = await scene.bob.get(f"{scene.path}/messages?after={after}", headers=headers)
            seen += numbers(page)
            assert ("?after=" in page.text) == (len(seen) < 130)
        assert seen == list(range(1, 131))


async def test_a_page_that_does_not_end_at_the_newest_is_not_live(
    house: conftest.House, scene: conftest.Scene
) -> None:
    """New messages would stand right after old ones, as if nothing lay between them."""
    await fill(house, scene, 120)
    for path, live in {
        "": True,
        "/messages": True,
        "/messages?before=60": False,
        "/messages?after=60": False,
        "/messages?after=80": True,
        "/20": False,
        "/119": True,
    }.items():
        page = await scene.alice.get(scene.path + path)
        assert ("hx-ws:connect" in page.text) == live, path


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("number", STRANGE)
async def test_a_strange_place_is_refused(
    house: conftest.House, scene: conftest.Scene, side: str, number: str
) -> None:
    await fill(house, scene, 2)
    for headers in ({}, conftest.HTMX):
        address = f"{scene.path}/messages"
        answer = await scene.alice.get(address, params={side: number}, headers=headers)
        assert answer.status_code == 422


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("number", ["0", "1", "2", "3", "9" * 18])
async def test_a_place_with_nothing_beyond_it_is_an_empty_page_or_the_newest(
    house: conftest.House, scene: conftest.Scene, side: str, number: str
) -> None:
    await fill(house, scene, 2)
    address = f"{scene.path}/messages"
    fragment = await scene.alice.get(address, params={side: number}, headers=conftest.HTMX)
    low, high = (1, int(number) - 1) if side == "before" else (int(number) + 1, 2)
    assert numbers(fragment) == list(range(low, min(high, 2) + 1))
    assert numbers(await scene.alice.get(address, params={side: number}))


async def test_a_permalink_marks_its_message(house: conftest.House, scene: conftest.Scene) -> None:
    await fill(house, scene, 90)
    page = await scene.alice.get(f"{scene.path}/20")
    assert 20 in numbers(page)
    marked = elements.parse(page.text).of_class("marked")
    assert [one.get("data-number") for one in marked[0].named("article")] == ["20"]


@pytest.mark.parametrize("number", [*STRANGE, "0", "3", "9" * 18, "settings.html", "%00", "%2e%2e"])
async def test_a_permalink_to_nothing_is_not_found(
    house: conftest.House, scene: conftest.Scene, number: str
) -> None:
    await fill(house, scene, 2)
    if number:
        answer = await scene.alice.get(f"{scene.path}/{number}")
        assert answer.status_code == 404


async def test_opening_a_permalink_lets_one_in_like_the_room_itself(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await fill(house, scene, 2)
    asked = {"Sec-Fetch-Dest": "image"}
    assert "Join this room" in (await scene.charlie.get(f"{scene.path}/1", headers=asked)).text
    fragment = await scene.charlie.get(f"{scene.path}/messages?before=9", headers=conftest.HTMX)
    assert fragment.status_code == 403
    assert numbers(await scene.charlie.get(f"{scene.path}/1")) == [1, 2]


async def test_posting_costs_one_query_for_the_session_and_one_for_the_room(
    house: conftest.House, scene: conftest.Scene
) -> None:
    asked: list[str] = []
    compiled = house.db._compiler.statement

    def statement(query: object, values: object) -> object:
        asked.append(str(query))
        return compiled(query, values)  # type: ignore[arg-type]

    house.db._compiler.statement = statement  # type: ignore[assignment, method-assign]
    assert (await post(scene)).status_code == 201
    assert len(asked) == 2 + 3, "\n".join(asked)
    assert "FROM sessions" in asked[0]
    assert "FROM rooms" in asked[1]


async def test_a_locked_database_is_an_honest_503_that_keeps_the_text(
    house: conftest.House, scene: conftest.Scene
) -> None:
    other = sqlite3.connect(house.config.database_url.removeprefix("sqlite:///"))
    other.execute("BEGIN IMMEDIATE")
    path, data = f"{scene.path}/messages", {"body": "keep me"}
    page, fragment, told = await asyncio.gather(
        *[
            scene.alice.post(path, data=data, headers=headers)
            for headers in ({}, conftest.HTMX, conftest.JSON)
        ]
    )
    other.close()
    for answer in (page, fragment, told):
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
    assert elements.parse(page.text).one("body").text.strip() == "keep me"
    assert told.json()["error"] in fragment.text
    assert (await post(scene)).json()["number"] == 1, "nothing was stored, and all is well again"
