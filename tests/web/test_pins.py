"""Pinning what everyone should find, and the list of it."""

from __future__ import annotations

import pytest

from hubbub.domain import history, messages, pins
from tests import elements
from tests.web import conftest

pytestmark = pytest.mark.anyio


async def fill(house: conftest.House, scene: conftest.Scene, amount: int) -> None:
    """What Bob said."""
    for number in range(1, amount + 1):
        draft = messages.Draft(f"message {number}")
        await messages.post(house.db, scene.cast.room, scene.cast.bob, draft)


async def pinned(house: conftest.House, scene: conftest.Scene) -> list[int]:
    found = await history.pinned(house.db, scene.cast.room.id)
    return sorted(message.number for message in found)


async def test_a_pin_is_answered_in_three_forms(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await fill(house, scene, 1)
    path = f"{scene.path}/1/pin"
    plain = await scene.alice.post(path, data={"pinned": "yes"})
    assert (plain.status_code, plain.headers["location"]) == (303, f"{scene.path}/1")
    assert await pinned(house, scene) == [1]
    sent = {"data": {"pinned": "no"}, "headers": conftest.HTMX}
    [article] = elements.parse((await scene.alice.post(path, **sent)).text).elements
    assert (article.id, "pinned" in article.one("h1").text) == ("m1", False)
    assert await pinned(house, scene) == []
    told = await scene.alice.post(path, data={"pinned": "yes"}, headers=conftest.JSON)
    assert (told.status_code, told.json()) == (200, {"number": 1})
    again = await scene.alice.post(path, data={"pinned": "yes"}, headers=conftest.HTMX)
    assert again.status_code == 200, "it is as it should be"
    assert "pinned" in elements.parse(again.text).one("h1").text


async def test_members_see_pins_and_set_none(house: conftest.House, scene: conftest.Scene) -> None:
    await fill(house, scene, 2)
    await pins.pin(house.db, scene.cast.room, scene.cast.alice, 1)
    for number, wanted in (("1", "no"), ("2", "yes")):
        for headers in ({}, conftest.HTMX, conftest.JSON):
            path, data = f"{scene.path}/{number}/pin", {"pinned": wanted}
            assert (await scene.bob.post(path, data=data, headers=headers)).status_code == 403
    assert await pinned(house, scene) == [1]
    assert "message 1" in (await scene.bob.get(f"{scene.path}/pins")).text


async def test_the_list_leads_to_each_message_and_the_header_to_the_list(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await fill(house, scene, 3)
    empty = await scene.bob.get(f"{scene.path}/pins")
    assert "Nothing is pinned here." in empty.text
    for number in (3, 1):
        await scene.alice.post(f"{scene.path}/{number}/pin", data={"pinned": "yes"})
    listed = elements.parse((await scene.bob.get(f"{scene.path}/pins")).text)
    links = [link.get("href") for link in listed.of_class("pinned__link")]
    assert links == [f"{scene.path}/1", f"{scene.path}/3"]
    room = elements.parse((await scene.bob.get(scene.path)).text)
    assert "2 pinned" in room.one("pins").text
    assert f"{scene.path}/pins" in [link.get("href") for link in room.named("a")]


async def test_one_pin_too_many_is_refused(house: conftest.House, scene: conftest.Scene) -> None:
    await fill(house, scene, pins.MOST + 1)
    for number in range(1, pins.MOST + 1):
        await pins.pin(house.db, scene.cast.room, scene.cast.alice, number)
    for headers in ({}, conftest.HTMX, conftest.JSON):
        path = f"{scene.path}/{pins.MOST + 1}/pin"
        answer = await scene.alice.post(path, data={"pinned": "yes"}, headers=headers)
        assert answer.status_code == 409
        assert "Unpin one first." in answer.text
    assert len(await pinned(house, scene)) == pins.MOST


async def test_an_erased_message_leaves_the_list(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await fill(house, scene, 1)
    await scene.alice.post(f"{scene.path}/1/pin", data={"pinned": "yes"})
    await scene.bob.post(f"{scene.path}/1/erasure")
    assert "Nothing is pinned here." in (await scene.bob.get(f"{scene.path}/pins")).text
    assert "pinned" not in elements.parse((await scene.bob.get(scene.path)).text).one("pins").text
