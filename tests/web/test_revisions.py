"""Changing and taking back what one said, through a page, a fragment, and JSON."""

from __future__ import annotations

import httpx2
import pytest

from hubbub.domain import history, messages
from tests import elements
from tests.web import conftest

pytestmark = pytest.mark.anyio


async def say(house: conftest.House, scene: conftest.Scene, body: str = "said first") -> None:
    """What Bob said."""
    await messages.post(house.db, scene.cast.room, scene.cast.bob, messages.Draft(body))


async def now(house: conftest.House, scene: conftest.Scene) -> messages.Message:
    return await history.one(house.db, scene.cast.room.id, 1)


def box(answer: httpx2.Response) -> str:
    """The text in the box, without the line break that HTML swallows."""
    return elements.parse(answer.text).one("edition-body").text.removeprefix("\n")


async def test_the_form_holds_the_text_as_it_was_typed(
    house: conftest.House, scene: conftest.Scene
) -> None:
    typed = "\n  **bold** <b> & :tada:\n```\ncode\n```"
    await say(house, scene, typed)
    kept = (await now(house, scene)).body
    for headers in ({}, conftest.HTMX):
        assert box(await scene.bob.get(f"{scene.path}/1/edition", headers=headers)) == kept


async def test_an_edit_is_answered_in_three_forms(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await say(house, scene)
    path = f"{scene.path}/1/edition"
    plain = await scene.bob.post(path, data={"body": "second"})
    assert (plain.status_code, plain.headers["location"]) == (303, f"{scene.path}/1")
    assert (await now(house, scene)).body == "second"
    fragment = await scene.bob.post(path, data={"body": "third"}, headers=conftest.HTMX)
    [article] = elements.parse(fragment.text).elements
    assert article.id == "m1"
    assert "third" in article.one("b1").text
    assert "edited" in article.one("h1").text
    told = await scene.bob.post(path, data={"body": "fourth"}, headers=conftest.JSON)
    assert (told.status_code, told.json()) == (200, {"number": 1})
    assert (await now(house, scene)).body == "fourth"


async def test_an_erasure_is_answered_in_three_forms(
    house: conftest.House, scene: conftest.Scene
) -> None:
    for _ in range(3):
        await say(house, scene)
    page = await scene.bob.get(f"{scene.path}/1/erasure")
    [form] = elements.parse(page.text).of_class("erasure")
    assert "said first" in form.text
    plain = await scene.bob.post(form.get("action"))
    assert (plain.status_code, plain.headers["location"]) == (303, f"{scene.path}/1")
    fragment = await scene.bob.post(f"{scene.path}/2/erasure", headers=conftest.HTMX)
    [article] = elements.parse(fragment.text).elements
    assert article.one("b2").text == "Message deleted"
    assert not article.of_class("message__more"), "nothing can be done with it any more"
    told = await scene.bob.post(f"{scene.path}/3/erasure", headers=conftest.JSON)
    assert (told.status_code, told.json()) == (200, {"number": 3})
    assert await house.db.value("SELECT count(*) FROM messages WHERE body <> ''") == 0


async def test_what_another_said_is_not_changed(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await say(house, scene)
    await scene.charlie.get(scene.path)
    before = await now(house, scene)
    for client, door, data in (
        (scene.alice, "edition", {"body": "changed"}),
        (scene.charlie, "edition", {"body": "changed"}),
        (scene.charlie, "erasure", {}),
    ):
        path = f"{scene.path}/1/{door}"
        for headers in ({}, conftest.HTMX, conftest.JSON):
            assert (await client.get(path, headers=headers)).status_code == 403
            answer = await client.post(path, data=data, headers=headers)
            assert answer.status_code == 403
            assert "Only who wrote it" in answer.text or door == "erasure"
    assert await now(house, scene) == before


async def test_saying_the_same_is_no_edit(house: conftest.House, scene: conftest.Scene) -> None:
    await say(house, scene)
    before = await now(house, scene)
    answer = await scene.bob.post(f"{scene.path}/1/edition", data={"body": "said first"})
    assert answer.status_code == 303
    assert await now(house, scene) == before


@pytest.mark.parametrize(
    ("body", "status"), [("x" * 4_001, 422), ("", 422), (" \n ", 422), ("nul \0 inside", 400)]
)
async def test_a_refused_edit_comes_back_in_the_box(
    house: conftest.House, scene: conftest.Scene, body: str, status: int
) -> None:
    await say(house, scene)
    before, path = await now(house, scene), f"{scene.path}/1/edition"
    answer = await scene.bob.post(path, data={"body": body})
    assert answer.status_code == status
    assert box(answer) == body
    [trouble] = elements.parse(answer.text).one("edition-error").elements
    assert trouble.get("role") == "alert"
    for headers in (conftest.HTMX, conftest.JSON):
        answer = await scene.bob.post(path, data={"body": body}, headers=headers)
        assert answer.status_code == status
        assert not elements.parse(answer.text).find("edition"), "they have kept what they sent"
    assert await now(house, scene) == before


async def test_only_what_has_files_can_be_left_without_a_word(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await say(house, scene)
    edition = {"body": "", "attachments": "a" * 32}
    answer = await scene.bob.post(f"{scene.path}/1/edition", data=edition, headers=conftest.JSON)
    assert answer.status_code == 422
    assert (await now(house, scene)).body == "said first"
    captioned = await scene.bob.post(
        f"{scene.path}/messages",
        data={"body": "a caption"},
        files={"file": ("notes.txt", b"hello", "text/plain")},
        headers=conftest.JSON,
    )
    path = f"{scene.path}/{captioned.json()['number']}/edition"
    answer = await scene.bob.post(path, data={"body": ""}, headers=conftest.JSON)
    assert answer.status_code == 200
    assert await house.db.value("SELECT body FROM messages WHERE number = 2") == ""


async def test_a_form_that_is_none_is_refused(house: conftest.House, scene: conftest.Scene) -> None:
    await say(house, scene)
    before, path = await now(house, scene), f"{scene.path}/1/edition"
    for kind in ("multipart/form-data; boundary=x", "application/json", "text/plain"):
        answer = await scene.bob.post(path, content=b"body=x", headers={"Content-Type": kind})
        assert answer.status_code == 400
    assert (await scene.bob.post(path)).status_code == 422, "no field at all"
    assert await now(house, scene) == before


async def test_an_edit_that_comes_too_fast_keeps_its_text(
    opened: conftest.Open, staged: conftest.Staged
) -> None:
    async with opened(rate_limits=True) as house:
        scene = await staged(house)
        await say(house, scene)
        for _ in range(60):
            await house.state["limits"].hit("writes", scene.cast.bob.id)
        answer = await scene.bob.post(f"{scene.path}/1/edition", data={"body": "typed with care"})
        assert answer.status_code == 429
        assert box(answer) == "typed with care"


async def test_an_edit_that_comes_too_late_keeps_its_text(
    opened: conftest.Open, staged: conftest.Staged
) -> None:
    async with opened(edit_hours=0) as house:
        scene = await staged(house)
        await say(house, scene)
        assert (await scene.bob.get(f"{scene.path}/1/edition")).status_code == 403
        answer = await scene.bob.post(f"{scene.path}/1/edition", data={"body": "typed with care"})
        assert answer.status_code == 403
        assert box(answer) == "typed with care"
        assert "too old" in answer.text
        menu = (await scene.bob.get(f"{scene.path}/1/menu")).text
        assert f"{scene.path}/1/edition" not in menu
        assert f"{scene.path}/1/erasure" in menu
        assert (await scene.bob.post(f"{scene.path}/1/erasure")).status_code == 303


async def test_a_deleted_message_keeps_its_address_and_its_answers(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await say(house, scene, "what is gone")
    sent = {"body": "the answer", "reply_to": "1"}
    assert (await scene.alice.post(f"{scene.path}/messages", data=sent)).status_code == 303
    await scene.bob.post(f"{scene.path}/1/erasure")
    page = await scene.alice.get(f"{scene.path}/1")
    tree = elements.parse(page.text)
    assert tree.one("b1").text == "Message deleted"
    assert "Message deleted" in tree.one("q2").text
    assert "what is gone" not in page.text
