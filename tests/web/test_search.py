"""Searching from a page: what is found and how it is shown, and what is not shown to whom."""

from __future__ import annotations

import html

import httpx2
import pytest

from hubbub.domain import messages, rooms, settings
from tests import elements
from tests.domain.test_search import say
from tests.web import conftest

pytestmark = pytest.mark.anyio

EVIL = "<mark>tide</mark> <script>alert(1)</script> \"' onclick=x &amp; {{ 7*7 }}"


def hits(answer: httpx2.Response) -> list[elements.Element]:
    assert answer.status_code == 200, (answer.status_code, answer.text[:500])
    return elements.parse(answer.text).of_class("hit")


def texts(answer: httpx2.Response) -> list[str]:
    return [hit.of_class("hit__text")[0].text for hit in hits(answer)]


def value_of(answer: httpx2.Response, field: str) -> str:
    return elements.parse(answer.text).one(field).get("value")


async def test_a_page_shows_the_words_marked_and_leads_to_the_message_in_its_place(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await say(house.db, scene.cast.room, scene.cast.alice, "low Tidé and high tides", "ebb")
    answer = await scene.bob.get(f"{scene.path}/search", params={"q": "tide"})
    [hit] = hits(answer)
    assert [mark.text for mark in hit.named("mark")] == ["Tidé", "tides"]
    assert hit.of_class("hit__text")[0].text == "low Tidé and high tides"
    [link] = hit.named("a")
    assert link.get("href") == f"{scene.path}/1"
    assert "Alice" in link.text
    assert link.named("time")[0].get("datetime") == "2026-11-20T12:00:00Z"
    assert (await scene.bob.get(link.get("href"))).status_code == 200
    assert value_of(answer, "q") == "tide"


async def test_all_rooms_one_is_in_are_searched_at_once(
    house: conftest.House, scene: conftest.Scene
) -> None:
    other = await rooms.create(house.db, scene.cast.alice, "Harbour & co", "invited")
    await say(house.db, scene.cast.room, scene.cast.bob, "tide one")
    await say(house.db, other, scene.cast.alice, "tide two")
    answer = await scene.alice.get("/search", params={"q": "tide"})
    assert texts(answer) == ["tide two", "tide one"]
    first = hits(answer)[0].named("a")[0]
    assert "Harbour & co" in first.text
    assert first.get("href") == f"{house.path(other)}/1"
    assert texts(await scene.bob.get("/search", params={"q": "tide"})) == ["tide one"]


async def test_pages_follow_each_other_by_links_that_can_be_kept(
    house: conftest.House, scene: conftest.Scene
) -> None:
    bodies = [f"tide & {number}" for number in range(45)]
    await say(house.db, scene.cast.room, scene.cast.alice, *bodies)
    for path in (f"{scene.path}/search", "/search"):
        seen: list[str] = []
        params = {"q": "tide &", "by": "alice", "since": "2026-11-20", "until": "2026-11-20"}
        answer = await scene.bob.get(path, params=params)
        while True:
            seen += texts(answer)
            links = elements.parse(answer.text).named("a")
            following = [link.get("href") for link in links if link.get("rel") == "next"]
            if not following:
                break
            await say(house.db, scene.cast.room, scene.cast.bob, "tide & meanwhile")
            answer = await scene.bob.get(following[0])
            assert value_of(answer, "by") == "alice"
        assert seen == bodies[::-1]


async def test_nothing_found_says_so_and_offers_the_other_rooms(scene: conftest.Scene) -> None:
    for path, sentence in (
        (f"{scene.path}/search", "Nothing for “néap” in this room."),
        ("/search", "Nothing for “néap” in your rooms."),
    ):
        answer = await scene.bob.get(path, params={"q": "néap"})
        assert hits(answer) == []
        assert sentence in answer.text
    answer = await scene.bob.get(f"{scene.path}/search", params={"q": "néap", "by": "alice"})
    [empty] = elements.parse(answer.text).of_class("empty")
    [link] = empty.named("a")
    assert link.get("href").startswith("/search?q=n%C3%A9ap&by=alice")


async def test_without_a_question_there_is_only_the_form(scene: conftest.Scene) -> None:
    for path in (f"{scene.path}/search", "/search"):
        answer = await scene.bob.get(path)
        assert hits(answer) == []
        assert elements.parse(answer.text).of_class("empty") == []
        assert value_of(answer, "q") == ""


@pytest.mark.parametrize("q", ["?!", '"', "***", "()", "\\", "\0", "\u202e"])
async def test_what_is_no_word_is_told_and_no_error(scene: conftest.Scene, q: str) -> None:
    for path in (f"{scene.path}/search", "/search"):
        answer = await scene.bob.get(path, params={"q": q})
        assert hits(answer) == []
        assert ("There is no word in" in answer.text) == bool(q.strip("\0"))


@pytest.mark.parametrize(
    ("field", "value"),
    [("since", "2026-13-01"), ("until", "never"), ("q", "x" * 201), ("since", "<script>")],
)
async def test_what_cannot_be_searched_comes_back_in_the_form(
    scene: conftest.Scene, field: str, value: str
) -> None:
    for path in (f"{scene.path}/search", "/search"):
        answer = await scene.bob.get(path, params={"q": "tide", field: value})
        assert answer.status_code == 422
        box = elements.parse(answer.text).one(field)
        assert (box.get("value"), box.get("aria-invalid")) == (value, "true")


@pytest.mark.parametrize("query", ["q=%ff%fe", "q=%00", "q=a&q=b", "before=%00", "by=%00&q=a"])
async def test_no_address_is_an_error(scene: conftest.Scene, query: str) -> None:
    for path in (f"{scene.path}/search", "/search"):
        assert (await scene.bob.get(f"{path}?{query}")).status_code == 200


# ----------------------------------------------------------------- may not


async def test_who_is_not_signed_in_is_led_to_the_login_and_back(scene: conftest.Scene) -> None:
    for path in (f"{scene.path}/search", "/search"):
        answer = await scene.nobody.get(f"{path}?q=tide")
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/login?next=%2F")
        assert answer.headers["location"].endswith("search%3Fq%3Dtide")


async def test_who_is_not_in_the_room_finds_nothing_in_it(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await say(house.db, scene.cast.room, scene.cast.alice, "tide")
    asked = {"q": "tide"}
    refused = await scene.charlie.get(f"{scene.path}/search", params=asked)
    assert refused.status_code == 403
    assert hits(await scene.charlie.get("/search", params=asked)) == []
    assert len(hits(await scene.bob.get("/search", params=asked))) == 1, "the test can fail"
    assert "not a member" in refused.text
    members = "SELECT count(*) FROM memberships WHERE room_id = :room_id"
    assert await house.db.value(members, {"room_id": scene.cast.room.id}) == 2


async def test_an_invited_room_cannot_be_told_from_none_by_searching(
    house: conftest.House, scene: conftest.Scene
) -> None:
    hidden = await rooms.create(house.db, scene.cast.alice, "Hidden", "invited")
    await say(house.db, hidden, scene.cast.alice, "tide")
    asked = {"q": "tide"}
    there = await scene.charlie.get(f"{house.path(hidden)}/search", params=asked)
    nowhere = await scene.charlie.get(f"{scene.path[:-1]}0/search", params=asked)
    assert (there.status_code, nowhere.status_code) == (404, 404)
    assert "tide" not in there.text
    cursor = {**asked, "before": f"{hidden.public_id}.1"}
    assert hits(await scene.charlie.get("/search", params=cursor)) == []


async def test_a_deleted_room_is_searched_by_nobody(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await say(house.db, scene.cast.room, scene.cast.alice, "tide")
    await settings.delete(house.db, scene.cast.room, scene.cast.alice)
    assert (await scene.bob.get(f"{scene.path}/search?q=tide")).status_code == 410
    assert hits(await scene.bob.get("/search?q=tide")) == []


async def test_searching_is_limited_and_the_words_are_kept(opened: conftest.Open) -> None:
    async with opened(rate_limits=True) as house:
        alice = await house.sign_in(await conftest.people.person(house.db, "Alice"))
        for _ in range(30):
            assert (await alice.get("/search?q=tide")).status_code == 200
        refused = await alice.get("/search?q=tide")
        assert (refused.status_code, value_of(refused, "q")) == (429, "tide")
        assert int(refused.headers["retry-after"]) > 0
        assert (await alice.get("/search")).status_code == 200, "the empty form costs nothing"


async def test_what_people_wrote_is_text_wherever_it_is_shown(
    house: conftest.House, scene: conftest.Scene
) -> None:
    room = await rooms.create(house.db, scene.cast.alice, EVIL[:80])
    await say(house.db, room, scene.cast.alice, EVIL)
    for path in (f"{house.path(room)}/search", "/search"):
        answer = await scene.alice.get(path, params={"q": EVIL, "by": ""})
        tree = elements.parse(answer.text)
        [hit] = tree.of_class("hit")
        assert {mark.text for mark in hit.named("mark")} >= {"tide", "script"}
        assert all(element.get("src") for element in tree.named("script"))
        assert not [element for element in tree.every() if element.get("onclick")]
        assert "<script>alert" not in answer.text
        assert "49" not in hit.text
        assert tree.one("q").get("value") == " ".join(EVIL.split())
        nothing = await scene.alice.get(path, params={"q": f"{EVIL} absent", "by": EVIL})
        assert html.escape("<script>") in nothing.text
        assert "<script>alert" not in nothing.text


async def test_a_message_that_was_posted_is_found_and_one_that_was_erased_is_not(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await messages.post(
        house.db, scene.cast.room, scene.cast.alice, messages.Draft("the spring tide")
    )
    assert texts(await scene.bob.get("/search?q=tide")) == ["the spring tide"]
    edition = {"body": "a neap instead"}
    await scene.alice.post(f"{scene.path}/1/edition", data=edition)
    assert texts(await scene.bob.get("/search?q=tide")) == []
    assert texts(await scene.bob.get("/search?q=neap")) == ["a neap instead"]
    await scene.alice.post(f"{scene.path}/1/erasure")
    assert texts(await scene.bob.get("/search?q=neap")) == []
