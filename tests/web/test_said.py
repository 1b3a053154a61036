"""What was done is told on the page it led to: once, there alone, and in our words alone."""

import httpx2
import pytest

from hubbub import config
from hubbub.web import routes, said
from tests import elements
from tests.web import conftest

pytestmark = pytest.mark.anyio

TOPIC = said.SENTENCES["rooms:topic"]


async def told(client: httpx2.AsyncClient, path: str) -> str:
    page = elements.parse((await client.get(path)).text)
    notes = [one.text for one in page.every() if "--said" in (one.get("class") or "")]
    return " ".join(notes)


async def test_what_was_done_is_told_once_on_a_room_and_on_every_other_page(
    scene: conftest.Scene,
) -> None:
    for page in (scene.path, f"{scene.path}/settings", "/rooms"):
        await scene.alice.post(f"{scene.path}/topic", data={"topic": "birds"})
        assert await told(scene.bob, page) == ""
        assert await told(scene.alice, page) == TOPIC
        assert await told(scene.alice, page) == ""


async def test_two_acts_of_one_door_are_told_apart(scene: conftest.Scene) -> None:
    for locked, sentence in (("yes", "The room is locked."), ("no", "The room is unlocked.")):
        await scene.alice.post(f"{scene.path}/lock", data={"locked": locked})
        assert await told(scene.alice, scene.path) == sentence


async def test_a_refusal_tells_nothing_of_what_was_done_before(scene: conftest.Scene) -> None:
    await scene.alice.post(f"{scene.path}/topic", data={"topic": "birds"})
    assert await told(scene.alice, "/nowhere") == ""
    assert await told(scene.alice, scene.path) == TOPIC


async def test_what_was_refused_or_asked_for_by_a_script_is_not_told(scene: conftest.Scene) -> None:
    refused = await scene.bob.post(f"{scene.path}/title", data={"title": "mine"})
    assert refused.status_code == 403
    assert said.COOKIE not in scene.bob.cookies
    for headers in (conftest.JSON, conftest.HTMX):
        await scene.alice.post(f"{scene.path}/topic", data={"topic": "birds"}, headers=headers)
        assert said.COOKIE not in scene.alice.cookies


async def test_a_made_up_cookie_says_nothing(scene: conftest.Scene) -> None:
    scene.alice.cookies.set(said.COOKIE, "You have won")
    assert await told(scene.alice, "/rooms") == ""


def test_every_sentence_belongs_to_a_door(tmp_path: object) -> None:
    settings = config.from_environment({"HUBBUB_DATA_DIR": str(tmp_path)})
    doors = {route.name for route in routes.routes(settings)}  # type: ignore[attr-defined]
    assert {name.split()[0] for name in said.SENTENCES} <= doors
