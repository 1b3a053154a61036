"""Notifications as pages: how much of a room one hears, and by what."""

from __future__ import annotations

import json

import pytest

from hubbub.domain import accounts, memberships, messages
from tests import elements
from tests.web import conftest

pytestmark = pytest.mark.anyio


def ticked_in(page: str) -> list[elements.Element]:
    return [each for each in elements.parse(page).named("input") if "checked" in each.attributes]


async def level(house: conftest.House, scene: conftest.Scene) -> str:
    member = await memberships.find(house.db, scene.cast.room.id, scene.cast.bob.id)
    assert member is not None
    return member.notify


@pytest.mark.parametrize("chosen", ["all", "mentions", "nothing", ""])
async def test_one_chooses_how_much_of_a_room_one_hears_and_sees_what_was_chosen(
    house: conftest.House, scene: conftest.Scene, chosen: str
) -> None:
    path = f"{scene.path}/notifications"
    answer = await scene.bob.post(path, data={"level": chosen})
    assert (answer.status_code, answer.headers["location"]) == (303, scene.path)
    assert await level(house, scene) == chosen
    for page in (await scene.bob.get(path), await scene.bob.get(path, headers=conftest.HTMX)):
        assert [each.get("value") for each in ticked_in(page.text)] == [chosen]
    words = {"all": "everything", "mentions": "mentions", "nothing": "none", "": "Notifications"}
    menu = elements.parse((await scene.bob.get(scene.path)).text).one("menu")
    (item,) = [link for link in menu.named("a") if link.get("href") == path]
    assert words[chosen] in item.text


async def test_what_is_no_level_changes_nothing(
    house: conftest.House, scene: conftest.Scene
) -> None:
    for fields in ({"level": "loud"}, {}):
        answer = await scene.bob.post(f"{scene.path}/notifications", data=fields)
        assert answer.status_code == 422
    assert await level(house, scene) == ""


async def test_only_members_choose(house: conftest.House, staged: conftest.Staged) -> None:
    scene = await staged(house, access="invited")
    path = f"{scene.path}/notifications"
    for who, status in ((scene.charlie, 404), (scene.nobody, 401)):
        assert (await who.post(path, data={"level": "all"})).status_code == status
    assert (await scene.charlie.get(path)).status_code == 404


async def test_who_is_only_at_the_door_chooses_nothing(scene: conftest.Scene) -> None:
    answer = await scene.charlie.post(f"{scene.path}/notifications", data={"level": "all"})
    assert answer.status_code == 403


async def test_a_room_one_wants_to_hear_nothing_of_is_dimmed_and_shows_only_calls(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await scene.bob.post(f"{scene.path}/notifications", data={"level": "nothing"})
    made = await scene.bob.post("/rooms", data={"title": "Elsewhere"})
    here = made.headers["location"]

    async def link() -> elements.Element:
        page = elements.parse((await scene.bob.get(here)).text)
        links = page.of_class("rooms__room")
        name = scene.cast.room.public_id
        return next(link for link in links if link.get("data-room") == name)

    for text, mark in (("hello", ""), ("hello @bob", "1 mention")):
        draft = messages.Draft(text)
        await messages.post(house.db, scene.cast.room, scene.cast.alice, draft)
        shown = await link()
        assert "data-quiet" in shown.attributes
        assert mark in shown.text and ("data-unread" in shown.attributes) is bool(mark)
    await scene.bob.post(f"{scene.path}/notifications", data={"level": ""})
    assert "data-quiet" not in (await link()).attributes


async def test_one_chooses_by_what_one_is_told(
    house: conftest.House, scene: conftest.Scene
) -> None:
    path = "/profile/notifications"

    async def chosen() -> set[str]:
        return {each.get("name") for each in ticked_in((await scene.bob.get(path)).text)}

    assert await chosen() == set()
    for ticked in ({"sound", "private"}, {"alerts"}, set[str]()):
        answer = await scene.bob.post(path, data=dict.fromkeys(ticked, "yes"))
        assert (answer.status_code, answer.headers["location"]) == (303, path)
        assert await chosen() == ticked
        bob = await accounts.by_username(house.db, "bob")
        assert bob is not None and set(bob.preferences.split()) == ticked
        room = (await scene.bob.get(scene.path)).text
        assert ("alerts" in room.split("</head>")[0]) is bool(ticked & {"sound", "alerts"})
    assert (await scene.nobody.post(path, data={})).status_code == 401


async def test_the_page_asks_the_browser_for_nothing_by_itself(scene: conftest.Scene) -> None:
    page = elements.parse((await scene.bob.get("/profile/notifications")).text)
    assert "hidden" in page.one("ask").attributes


async def test_the_site_can_be_installed(house: conftest.House, scene: conftest.Scene) -> None:
    page = elements.parse((await scene.nobody.get("/login")).text)
    (link,) = [link for link in page.named("link") if link.get("rel") == "manifest"]
    answer = await scene.nobody.get(link.get("href"))
    assert answer.headers["content-type"] == "application/manifest+json"
    told = json.loads(answer.text)
    assert (told["name"], told["start_url"], told["display"]) == ("Hubbub", "/", "standalone")
    sizes = {icon["sizes"] for icon in told["icons"]}
    assert {"192x192", "512x512"} <= sizes
    for icon in told["icons"]:
        assert (await scene.nobody.get(icon["src"])).status_code == 200
    assert [meta.get("name") for meta in page.named("meta")].count("theme-color") == 2


async def test_the_service_worker_is_at_the_root_is_small_and_keeps_no_pages(
    scene: conftest.Scene,
) -> None:
    answer = await scene.nobody.get("/sw.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "no-cache"
    assert len(answer.content) < 1024
    assert "caches" not in answer.text and "fetch" not in answer.text
