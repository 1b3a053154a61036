"""Giving reactions and taking them back, through a page, a fragment, and JSON."""

from __future__ import annotations

import pytest

from hubbub.domain import history, messages, reactions
from hubbub.markup import emoji
from tests import elements, people
from tests.web import conftest

pytestmark = pytest.mark.anyio


@pytest.fixture
async def path(house: conftest.House, scene: conftest.Scene) -> str:
    """Bob said something; the address of the reactions to it."""
    await messages.post(house.db, scene.cast.room, scene.cast.bob, messages.Draft("hi"))
    return f"{scene.path}/1/reactions"


async def given(house: conftest.House, scene: conftest.Scene) -> dict[str, tuple[str, ...]]:
    found = (await history.one(house.db, scene.cast.room.id, 1)).reactions
    return {reaction.emoji: reaction.usernames for reaction in found}


async def test_a_reaction_is_answered_in_three_forms_and_taken_back_by_the_same(
    house: conftest.House, scene: conftest.Scene, path: str
) -> None:
    data = {"emoji": "🎉"}
    plain = await scene.alice.post(path, data=data)
    assert (plain.status_code, plain.headers["location"]) == (303, f"{scene.path}/1")
    assert await given(house, scene) == {"🎉": ("Alice",)}
    fragment = await scene.bob.post(path, data=data, headers=conftest.HTMX)
    [article] = elements.parse(fragment.text).elements
    pill = article.one("r1-1")
    assert (pill.text, pill.get("data-people"), pill.get("title")) == (
        "🎉 2",
        "Alice Bob",
        "Alice, Bob",
    )
    told = await scene.alice.post(path, data=data, headers=conftest.JSON)
    assert (told.status_code, told.json()) == (200, {"number": 1})
    assert await given(house, scene) == {"🎉": ("Bob",)}
    assert (await scene.bob.post(path, data=data)).status_code == 303
    assert await given(house, scene) == {}


async def test_a_pill_names_five_people_and_counts_the_others(
    house: conftest.House, scene: conftest.Scene, path: str
) -> None:
    room = scene.cast.room
    message = await history.one(house.db, room.id, 1)
    for number in range(1, 9):
        guest = await people.person(house.db, f"guest{number}")
        await house.db.run(
            "INSERT INTO memberships (room_id, person_id, role, joined_at)"
            " VALUES (:room_id, :person_id, 'member', 0)",
            {"room_id": room.id, "person_id": guest.id},
        )
        await reactions.toggle(house.db, room, guest, message.id, "🎉", now=number)
        page = elements.parse((await scene.alice.get(scene.path)).text)
        names = [f"guest{each}" for each in range(1, number + 1)]
        others = {0: "", 1: " and 1 other"}.get(max(0, number - 5), f" and {number - 5} others")
        assert page.one("r1-1").get("title") == ", ".join(names[:5]) + others
        assert page.one("r1-1").get("data-people").split() == names


@pytest.mark.parametrize("text", ["", "x", "7", "🎉🎉", "<b>", "x" * 5_000, "🎉 "])
async def test_what_is_no_emoji_is_refused(
    house: conftest.House, scene: conftest.Scene, path: str, text: str
) -> None:
    for headers in ({}, conftest.HTMX, conftest.JSON):
        answer = await scene.alice.post(path, data={"emoji": text}, headers=headers)
        assert answer.status_code == 422
        assert "Choose an emoji." in answer.text
    assert (await scene.alice.post(path)).status_code == 422
    assert await given(house, scene) == {}


async def test_one_kind_too_many_is_refused(
    house: conftest.House, scene: conftest.Scene, path: str
) -> None:
    kinds = list(dict.fromkeys(found for found, _ in emoji.find("a", 60)))[:21]
    for kind in kinds[:-1]:
        assert (await scene.alice.post(path, data={"emoji": kind})).status_code == 303
    for headers in ({}, conftest.HTMX, conftest.JSON):
        answer = await scene.bob.post(path, data={"emoji": kinds[-1]}, headers=headers)
        assert answer.status_code == 409
    assert len(await given(house, scene)) == 20


async def test_the_picker_offers_common_recent_and_sought_ones(
    house: conftest.House, scene: conftest.Scene, path: str
) -> None:
    def offered(text: str) -> list[str]:
        tree = elements.parse(text)
        return [button.get("value") for button in tree.one("found").named("button")]

    assert offered((await scene.alice.get(path)).text) == list(emoji.COMMON)
    await scene.alice.post(path, data={"emoji": "🚀"})
    assert offered((await scene.alice.get(path)).text)[0] == "🚀"
    assert offered((await scene.bob.get(path)).text) == list(emoji.COMMON), "one's own only"
    assert "🎉" in offered((await scene.bob.get(path, params={"q": "tada"})).text)
    sent = {**conftest.HTMX, "HX-Target": "ul#found"}
    part = await scene.bob.get(path, params={"q": "tada"}, headers=sent)
    assert [element.id for element in elements.parse(part.text).elements] == ["found"]
    nothing = await scene.bob.get(path, params={"q": "<script>nothing"})
    assert nothing.status_code == 200
    assert offered(nothing.text) == []
    assert "&lt;script&gt;nothing" in nothing.text
    assert (await scene.bob.get(path, params={"q": "é%_\\" * 500})).status_code == 200


async def test_who_gave_what_is_listed_by_name(
    house: conftest.House, scene: conftest.Scene, path: str
) -> None:
    for client in (scene.alice, scene.bob):
        await client.post(path, data={"emoji": "🎉"})
    [givers] = elements.parse((await scene.alice.get(path)).text).of_class("givers")
    assert "Alice, Bob" in givers.text


async def test_ones_own_style_sheet_marks_what_is_ones_own_and_nobody_elses_is_there(
    house: conftest.House, scene: conftest.Scene
) -> None:
    mine = await scene.alice.get("/style/Alice.css")
    assert mine.status_code == 200
    assert mine.headers["content-type"].startswith("text/css")
    assert "private" in mine.headers["cache-control"]
    assert '[data-people~="Alice"]' in mine.text
    assert '[data-mentions~="alice"]' in mine.text
    assert "Bob" not in mine.text
    for name in ("Bob", "alice", "nobody", "%22%5D", "Alice.css"):
        assert (await scene.alice.get(f"/style/{name}.css")).status_code == 404
    assert (await scene.nobody.get("/style/Alice.css")).status_code in (303, 401)
    linked = elements.parse((await scene.alice.get(scene.path)).text).named("link")
    assert "/style/Alice.css" in [link.get("href") for link in linked]


async def test_a_style_sheet_is_safe_for_every_name_there_can_be(house: conftest.House) -> None:
    """Usernames are letters, digits and `_.-`: nothing that ends a string of CSS."""
    person = await people.person(house.db, "a-z.0_9")
    client = await house.sign_in(person)
    text = (await client.get("/style/a-z.0_9.css")).text
    assert text.count('"a-z.0_9"') > 3
    assert text.count("{") == text.count("}")
    assert "&" not in text
    assert "<" not in text
