"""The pointer of each person in each room: the door that moves it, and what pages show of it."""

from __future__ import annotations

from unittest import mock

import httpx2
import pytest

from hubbub.domain import accounts, memberships, messages, rooms
from tests import elements, people
from tests.web import conftest

pytestmark = pytest.mark.anyio


async def say(
    house: conftest.House, room: rooms.Room, author: accounts.Person, *texts: str
) -> None:
    for text in texts:
        await messages.post(house.db, room, author, messages.Draft(text, sure=True))


async def pointer(house: conftest.House, scene: conftest.Scene) -> int:
    found = await memberships.find(house.db, scene.cast.room.id, scene.cast.bob.id)
    assert found is not None
    return found.read_number


async def mark(scene: conftest.Scene, who: httpx2.AsyncClient, **fields: str) -> httpx2.Response:
    return await who.post(f"{scene.path}/reading", data=fields, headers=conftest.HTMX)


async def shown(who: httpx2.AsyncClient, path: str) -> elements.Element:
    answer = await who.get(path)
    assert answer.status_code == 200, (answer.status_code, answer.text[:500])
    return elements.parse(answer.text)


async def test_one_reads_up_to_a_message_and_unreads_from_another(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await say(house, scene.cast.room, scene.cast.alice, "one", "two", "three")
    for fields, stands in (
        ({"number": "2"}, 2),
        ({"number": "1"}, 2),
        ({"number": "3"}, 3),
        ({"unread": "2"}, 1),
        ({"unread": "1"}, 0),
    ):
        answer = await mark(scene, scene.bob, **fields)
        assert (answer.status_code, answer.content) == (204, b"")
        assert await pointer(house, scene) == stands


async def test_a_form_without_script_leads_back_to_the_room(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await say(house, scene.cast.room, scene.cast.alice, "one")
    page = await shown(scene.bob, scene.path)
    form = page.one("news")
    fields = {field.get("name"): field.get("value") for field in form.named("input")}
    answer = await scene.bob.post(form.get("action"), data=fields)
    assert (answer.status_code, answer.headers["location"]) == (303, scene.path)
    assert await pointer(house, scene) == 1
    assert (await shown(scene.bob, scene.path)).find("news") is None


@pytest.mark.parametrize("number", ["", "0", "4", "-1", "x", "１", "9" * 18, "9" * 400])
@pytest.mark.parametrize("field", ["number", "unread"])
async def test_what_is_no_message_moves_nothing(
    house: conftest.House, scene: conftest.Scene, field: str, number: str
) -> None:
    await say(house, scene.cast.room, scene.cast.alice, "one", "two", "three")
    await mark(scene, scene.bob, number="2")
    answer = await mark(scene, scene.bob, **{field: number})
    assert answer.status_code == 422
    assert await pointer(house, scene) == 2


async def test_who_is_not_in_the_room_moves_nothing(
    house: conftest.House, staged: conftest.Staged
) -> None:
    scene = await staged(house, access="invited")
    await say(house, scene.cast.room, scene.cast.alice, "one")
    for fields in ({"number": "1"}, {"unread": "1"}):
        assert (await mark(scene, scene.nobody, **fields)).status_code == 401
        assert (await mark(scene, scene.charlie, **fields)).status_code == 404
    assert await pointer(house, scene) == 0
    assert await memberships.find(house.db, scene.cast.room.id, scene.cast.charlie.id) is None


async def test_who_only_holds_the_link_moves_nothing(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await say(house, scene.cast.room, scene.cast.alice, "one")
    assert (await mark(scene, scene.charlie, number="1")).status_code == 403
    assert await memberships.find(house.db, scene.cast.room.id, scene.cast.charlie.id) is None


async def test_nobody_moves_the_pointer_of_another(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await say(house, scene.cast.room, scene.cast.alice, "one")
    theirs = {"person_id": str(scene.cast.bob.id), "person": "bob", "username": "bob"}
    assert (await mark(scene, scene.alice, number="1", **theirs)).status_code == 204
    assert await pointer(house, scene) == 0


async def test_reading_is_limited_like_every_write(
    opened: conftest.Open, staged: conftest.Staged
) -> None:
    async with opened(rate_limits=True) as house:
        scene = await staged(house)
        codes = [(await mark(scene, scene.bob, number="1")).status_code for _ in range(61)]
        assert set(codes[:60]) == {422}
        assert codes[60] == 429


async def test_a_page_marks_the_rooms_in_which_something_is_unread(
    house: conftest.House, scene: conftest.Scene
) -> None:
    cast = scene.cast
    quiet = await rooms.create(house.db, cast.alice, "Quiet", "link")
    await people.bring(house.db, quiet, cast.alice, cast.bob)
    page = await shown(scene.bob, house.path(quiet))
    assert [link for link in page.named("a") if "data-unread" in link.attributes] == []

    await say(house, cast.room, cast.alice, "one")
    page = await shown(scene.bob, house.path(quiet))
    [link] = [link for link in page.named("a") if "data-unread" in link.attributes]
    assert link.get("href") == scene.path
    assert [one.text for one in link.of_class("badge")] == ["unread"]
    [_, row] = page.one("unread").elements
    assert (row.get("data-room"), row.get("data-mentions")) == (cast.room.public_id, "0")

    await say(house, cast.room, cast.alice, "@bob two", "@room three")
    page = await shown(scene.bob, house.path(quiet))
    [link] = [link for link in page.named("a") if "data-unread" in link.attributes]
    assert [one.text for one in link.of_class("badge--called")] == ["2 mentions"]


async def test_the_line_stands_before_the_first_unread_message(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await say(house, scene.cast.room, scene.cast.alice, "one", "two", "three")
    await mark(scene, scene.bob, number="1")
    page = await shown(scene.bob, scene.path)
    inside = [part.id for part in page.one("messages").elements]
    assert inside == ["m1", "divider", "m2", "m3"]
    assert "2 new messages since" in page.one("news").text
    assert page.one("unread").elements[0].get("data-read") == "1"
    await mark(scene, scene.bob, number="3")
    page = await shown(scene.bob, scene.path)
    assert "hidden" in page.one("divider").attributes
    assert page.find("news") is None


async def test_what_is_not_loaded_is_a_link_away(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await say(house, scene.cast.room, scene.cast.alice, *(f"{n}" for n in range(1, 61)))
    await mark(scene, scene.bob, number="4")
    page = await shown(scene.bob, scene.path)
    news = page.one("news")
    assert "hidden" not in news.attributes
    assert "56 new messages" in news.text
    assert [link.get("href") for link in news.named("a")] == [f"{scene.path}/5"]
    there = await shown(scene.bob, f"{scene.path}/5")
    inside = [part.id for part in there.one("messages").elements]
    assert inside[inside.index("divider") + 1] == "marked"
    seen = there.one("seen")
    assert seen.get("hx-post") == f"{scene.path}/reading"
    assert "hx-ws:send" not in seen.attributes


async def test_a_plain_form_reads_what_it_posts_and_other_posts_write_nothing(
    house: conftest.House, scene: conftest.Scene
) -> None:
    path, data = f"{scene.path}/messages", {"body": "hello"}
    with mock.patch("hubbub.domain.unread.advance") as advance:
        await scene.bob.post(path, data=data, headers=conftest.JSON)
        await scene.bob.post(path, data=data, headers=conftest.HTMX)
    assert not advance.called
    assert await pointer(house, scene) == 0
    assert (await scene.bob.post(path, data=data)).status_code == 303
    assert await pointer(house, scene) == 3
    assert (await shown(scene.bob, scene.path)).find("news") is None


async def test_opening_a_room_reads_nothing(house: conftest.House, scene: conftest.Scene) -> None:
    await say(house, scene.cast.room, scene.cast.alice, "one")
    for path in (scene.path, f"{scene.path}/1", f"{scene.path}/messages?before=2"):
        await shown(scene.bob, path)
    assert await pointer(house, scene) == 0


async def test_an_empty_field_unreads_nothing(house: conftest.House, scene: conftest.Scene) -> None:
    await say(house, scene.cast.room, scene.cast.alice, "one", "two", "three")
    assert (await mark(scene, scene.bob, unread="", number="2")).status_code == 204
    assert await pointer(house, scene) == 2
