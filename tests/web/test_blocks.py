"""Blocking somebody for oneself: what is hidden, for whom, and from which page on."""

from __future__ import annotations

import re

import httpx2
import pytest

from hubbub.domain import messages
from tests import elements, people
from tests.web import conftest

pytestmark = pytest.mark.anyio


async def style(client: httpx2.AsyncClient, path: str) -> tuple[str, str]:
    """The address of one's own style sheet as the room's page gives it, and what it says."""
    page = elements.parse((await client.get(path)).text)
    (href,) = [
        link.get("href") for link in page.named("link") if link.get("href").startswith("/style/")
    ]
    return href, (await client.get(href)).text


def hidden(text: str) -> set[str]:
    """Whose messages a style sheet does not show."""
    rules = [line for line in text.splitlines() if line.rstrip().endswith("{ display: none; }")]
    return {name for rule in rules for name in re.findall(r'data-author="([^"]+)"', rule)}


async def block(client: httpx2.AsyncClient, name: str, blocked: str = "yes") -> httpx2.Response:
    return await client.post(f"/people/{name}/block", data={"blocked": blocked})


async def test_a_block_counts_at_the_next_page_for_the_blocker_alone(
    scene: conftest.Scene,
) -> None:
    before, text = await style(scene.bob, scene.path)
    assert hidden(text) == set()
    answer = await block(scene.bob, "Alice")
    assert (answer.status_code, answer.headers["location"]) == (303, "/profile/blocks")
    after, text = await style(scene.bob, scene.path)
    assert hidden(text) == {"Alice"}
    assert after != before, "what the browser keeps of the old one is not asked"
    assert hidden((await style(scene.alice, scene.path))[1]) == set()
    assert "Alice" in (await scene.bob.get("/profile/blocks")).text
    await block(scene.bob, "Alice", "no")
    lifted, text = await style(scene.bob, scene.path)
    assert hidden(text) == set() and lifted == before


async def test_the_message_stays_the_same_for_everyone(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await messages.post(house.db, scene.cast.room, scene.cast.alice, messages.Draft("hello"))
    await block(scene.bob, "Alice")
    drawn = [
        re.search(
            r'<article class="message.*?</article>', (await client.get(scene.path)).text, re.DOTALL
        )
        for client in (scene.alice, scene.bob)
    ]
    assert drawn[0] and drawn[1] and drawn[0][0] == drawn[1][0]


async def test_the_card_offers_it_and_its_opposite(scene: conftest.Scene) -> None:
    for wanted in ("yes", "no", "yes"):
        card = elements.parse((await scene.bob.get("/people/Alice", headers=conftest.HTMX)).text)
        (form,) = [one for one in card.named("form") if one.get("action").endswith("/block")]
        (field,) = form.named("input")
        assert (field.get("name"), field.get("value")) == ("blocked", wanted)
        sent = {"data": {"blocked": wanted}, "headers": conftest.HTMX}
        answer = await scene.bob.post(form.get("action"), **sent)
        assert (answer.status_code, answer.headers["hx-refresh"]) == (200, "true")
    own = elements.parse((await scene.bob.get("/people/Bob", headers=conftest.HTMX)).text)
    assert not [one for one in own.named("form") if one.get("action").endswith("/block")]


async def test_whom_one_cannot_block(house: conftest.House, scene: conftest.Scene) -> None:
    assert (await block(scene.bob, "Bob")).status_code == 422
    await people.person(house.db, "Dora")
    strangers = [await block(scene.bob, name) for name in ("Dora", "nobody-at-all")]
    assert [answer.status_code for answer in strangers] == [404, 404]
    assert (await block(scene.nobody, "Alice")).status_code == 401
    assert await house.db.value("SELECT COUNT(*) FROM blocks") == 0


async def test_a_block_is_lifted_even_when_no_room_is_shared_any_more(
    house: conftest.House, scene: conftest.Scene
) -> None:
    assert (await block(scene.bob, "Alice")).status_code == 303
    # The lobby, too, is a room they share.
    await house.db.run("DELETE FROM memberships WHERE person_id = :id", {"id": scene.cast.bob.id})
    assert (await scene.bob.get("/people/Alice")).status_code == 404
    assert (await block(scene.bob, "alice", "no")).status_code == 303
    assert (await block(scene.bob, "Alice", "no")).status_code == 404
    assert "You have blocked nobody." in (await scene.bob.get("/profile/blocks")).text
