"""Keeping a room calm, over HTTP: locked, slow, and newcomers read first."""

from __future__ import annotations

import asyncio
import uuid

import httpx2
import pytest

from hubbub.domain import memberships, messages, pace, roles, rooms
from tests import elements
from tests.web import conftest, test_guests

pytestmark = pytest.mark.anyio


async def say(client: httpx2.AsyncClient, path: str, body: str, **more: str) -> httpx2.Response:
    data = {"body": body, **more}
    return await client.post(f"{path}/messages", data=data, headers=conftest.JSON)


def state(answer: httpx2.Response) -> elements.Element:
    """The one notice above the composer."""
    return elements.parse(answer.text).one("room-state")


async def test_each_switch_leads_back_to_the_settings_and_the_room_says_how_it_is(
    house: conftest.House, scene: conftest.Scene
) -> None:
    switches = (
        ("lock", {"locked": "yes"}, "locked"),
        ("lock", {"locked": "no"}, ""),
        ("pace", {"seconds": "900"}, "Slow mode: 15 minutes between messages."),
        ("pace", {"seconds": "0"}, ""),
        ("hold", {"hold": "yes"}, "newcomers"),
        ("hold", {"hold": "no"}, ""),
    )
    for noun, data, words in switches:
        answer = await scene.alice.post(f"{scene.path}/{noun}", data=data)
        assert (answer.status_code, answer.headers["location"]) == (303, f"{scene.path}/settings")
        for client in (scene.alice, scene.bob):
            shown = state(await client.get(scene.path))
            assert (words in shown.text) and (bool(shown.text) == bool(words)), (noun, data)
    settled = await conftest.room_now(house, scene)
    assert (settled.locked_at, settled.slow_seconds, settled.holds) == (None, 0, 0)


async def test_what_newcomers_write_is_no_longer_held_by_a_button_that_says_so(
    held: conftest.Scene,
) -> None:
    page = elements.parse((await held.alice.get(f"{held.path}/settings")).text)
    (form,) = [one for one in page.named("form") if one.get("action") == f"{held.path}/hold"]
    assert [one.text for one in form.named("button")] == ["Stop holding"]


async def test_who_may_not_switch_anything(house: conftest.House, scene: conftest.Scene) -> None:
    for noun, data in (
        ("lock", {"locked": "yes"}),
        ("pace", {"seconds": "30"}),
        ("hold", {"hold": "yes"}),
    ):
        for client, status in ((scene.bob, 403), (scene.charlie, 403), (scene.nobody, 401)):
            sent = {"data": data, "headers": conftest.JSON}
            answer = await client.post(f"{scene.path}/{noun}", **sent)
            assert answer.status_code == status, (noun, answer.text)
    settled = await conftest.room_now(house, scene)
    assert (settled.locked_at, settled.slow_seconds, settled.holds) == (None, 0, 0)


async def test_a_pause_nobody_offers_comes_back_with_the_settings(
    house: conftest.House, scene: conftest.Scene
) -> None:
    for seconds in ("", "7", "-5", "x", "9" * 30):
        answer = await scene.alice.post(f"{scene.path}/pace", data={"seconds": seconds})
        assert answer.status_code == 422
        assert "Choose one of these pauses." in answer.text
    assert (await conftest.room_now(house, scene)).slow_seconds == 0


async def test_moderators_find_the_switches_that_are_theirs(
    house: conftest.House, scene: conftest.Scene
) -> None:
    cast = scene.cast
    await roles.change(house.db, cast.room, cast.alice, cast.bob, "moderator")
    for client, nouns in (
        (scene.alice, {"lock", "pace", "hold"}),
        (scene.bob, {"lock", "pace"}),
    ):
        page = elements.parse((await client.get(f"{scene.path}/settings")).text)
        actions = {form.get("action").rpartition("/")[2] for form in page.named("form")}
        assert actions & {"lock", "pace", "hold"} == nouns


# -- locked ------------------------------------------------------------------------------------


async def test_a_locked_room_keeps_the_text_and_lets_nobody_in(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await pace.lock(house.db, scene.cast.room, scene.cast.alice, True)
    refused = await scene.bob.post(f"{scene.path}/messages", data={"body": "my long text"})
    assert refused.status_code == 403
    page = elements.parse(refused.text)
    assert page.one("body").text.strip() == "my long text"
    assert "locked" in page.one("composer-error").text
    door = await scene.charlie.get(scene.path)
    assert door.status_code == 200 and "locked at the moment" in door.text
    assert not [one for one in elements.parse(door.text).named("form") if "arrival" in str(one)]
    answer = await scene.charlie.post(f"{scene.path}/arrival")
    assert answer.status_code == 403
    found = await memberships.find(house.db, scene.cast.room.id, scene.cast.charlie.id)
    assert found is None
    await pace.lock(house.db, scene.cast.room, scene.cast.alice, False)
    assert (await scene.charlie.post(f"{scene.path}/arrival")).status_code == 303


# -- slow --------------------------------------------------------------------------------------


async def test_too_soon_is_answered_in_three_forms_with_the_wait(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await pace.slow(house.db, scene.cast.room, scene.cast.alice, 300)
    first = await say(scene.bob, scene.path, "one", cid=(cid := str(uuid.uuid4())))
    assert first.status_code == 201
    asked = {"url": f"{scene.path}/messages", "data": {"body": "too soon"}}
    told = await scene.bob.post(**asked, headers=conftest.JSON)
    assert (told.status_code, "in 300 seconds" in told.json()["error"]) == (429, True)
    assert told.headers["retry-after"] == "300"
    fragment = await scene.bob.post(**asked, headers=conftest.HTMX)
    assert fragment.status_code == 429
    assert elements.parse(fragment.text).elements[0].get("data-wait") == "300"
    page = await scene.bob.post(**asked)
    assert (page.status_code, page.headers["retry-after"]) == (429, "300")
    shown = elements.parse(page.text)
    assert shown.one("body").text.strip() == "too soon"
    assert "in 300 seconds" in shown.one("composer-error").text
    assert [one.get("data-slow") for one in shown.every() if one.get("data-slow")] == ["300"]
    again = await say(scene.bob, scene.path, "one", cid=cid)
    assert (again.status_code, again.json()) == (200, first.json())


async def test_edits_are_not_slowed(house: conftest.House, scene: conftest.Scene) -> None:
    await pace.slow(house.db, scene.cast.room, scene.cast.alice, 3600)
    assert (await say(scene.bob, scene.path, "one")).status_code == 201
    answer = await scene.bob.post(f"{scene.path}/1/edition", data={"body": "two"})
    assert answer.status_code == 303
    reaction = await scene.bob.post(f"{scene.path}/1/reactions", data={"emoji": "👍"})
    assert reaction.status_code == 303


async def test_of_twenty_at_once_one_is_accepted(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await pace.slow(house.db, scene.cast.room, scene.cast.alice, 60)
    answers = await asyncio.gather(
        *(say(scene.bob, scene.path, f"number {number}") for number in range(20))
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [429] * 19


# -- held --------------------------------------------------------------------------------------


@pytest.fixture
async def held(house: conftest.House, scene: conftest.Scene) -> conftest.Scene:
    """The room reads first what newcomers say, and Charlie has come."""
    await pace.hold(house.db, scene.cast.room, scene.cast.alice, True)
    assert (await scene.charlie.post(f"{scene.path}/arrival")).status_code == 303
    return scene


async def numbers(house: conftest.House, scene: conftest.Scene) -> int:
    return (await conftest.room_now(house, scene)).last_number


async def test_what_waits_is_accepted_in_three_forms(
    house: conftest.House, held: conftest.Scene
) -> None:
    cid, path = str(uuid.uuid4()), f"{held.path}/messages"
    for _ in range(2):
        told = await say(held.charlie, held.path, "unread by others", cid=cid)
        assert told.status_code == 202
        assert (told.json()["held"], told.json()["cid"]) == (True, cid)
    fragment = await held.charlie.post(path, data={"body": "second"}, headers=conftest.HTMX)
    assert (fragment.status_code, "Waits for a moderator." in fragment.text) == (202, True)
    plain = await held.charlie.post(path, data={"body": "third"})
    assert (plain.status_code, plain.headers["location"]) == (303, held.path)
    page = await held.charlie.get(held.path)
    assert "3 messages of yours wait for a moderator" in page.text
    assert elements.parse(page.text).one("body").text.strip() == ""
    fourth = await held.charlie.post(path, data={"body": "fourth"})
    assert fourth.status_code == 429
    assert elements.parse(fourth.text).one("body").text.strip() == "fourth"
    for client in (held.alice, held.bob):
        assert "unread by others" not in (await client.get(held.path)).text
    assert await numbers(house, held) == 0


async def test_those_who_look_after_the_room_read_and_decide(
    house: conftest.House, held: conftest.Scene
) -> None:
    await say(held.charlie, held.path, "**bold** <script>")
    page = elements.parse((await held.alice.get(f"{held.path}/held")).text)
    (body,) = page.of_class("message__body")
    assert body.text.strip() == "bold <script>"
    assert [one.text for one in body.named("strong")] == ["bold"]
    (form,) = [one for one in page.named("form") if "/held/" in one.get("action")]
    nonsense = await held.alice.post(form.get("action"), data={"answer": "maybe"})
    assert nonsense.status_code == 422
    answer = await held.alice.post(form.get("action"), data={"answer": "release"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{held.path}/held")
    assert "Nothing waits here." in (await held.alice.get(f"{held.path}/held")).text
    assert await numbers(house, held) == 1
    late = await held.alice.post(form.get("action"), data={"answer": "drop"})
    assert (late.status_code, "already" in late.text) == (409, True)
    assert (await say(held.charlie, held.path, "now at once")).status_code == 201


async def test_what_is_deleted_is_gone(house: conftest.House, held: conftest.Scene) -> None:
    await say(held.charlie, held.path, "buy this")
    page = elements.parse((await held.alice.get(f"{held.path}/held")).text)
    assert [one.text for one in page.named("h1")] == ["Held messages"]
    (form,) = [one for one in page.named("form") if "/held/" in one.get("action")]
    assert [one.text for one in form.named("button")] == ["Let through", "Delete"]
    answer = await held.alice.post(form.get("action"), data={"answer": "drop"})
    assert answer.status_code == 303
    assert "buy this" not in (await held.alice.get(f"{held.path}/held")).text
    assert "buy this" not in (await held.charlie.get(held.path)).text
    assert await numbers(house, held) == 0


async def test_nobody_else_reads_or_decides(house: conftest.House, held: conftest.Scene) -> None:
    await say(held.charlie, held.path, "a secret")
    number = await house.db.value("SELECT id FROM held_messages")
    for client, status in ((held.bob, 403), (held.charlie, 403), (held.nobody, 401)):
        read = await client.get(f"{held.path}/held", headers=conftest.JSON)
        assert (read.status_code, "a secret" in read.text) == (status, False)
        sent = {"data": {"answer": "release"}, "headers": conftest.JSON}
        decided = await client.post(f"{held.path}/held/{number}", **sent)
        assert decided.status_code == status
    assert await numbers(house, held) == 0


async def test_a_newcomer_attaches_nothing(house: conftest.House, held: conftest.Scene) -> None:
    file = {"file": ("notes.txt", b"text", "text/plain")}
    alone = await held.charlie.post(f"{held.path}/attachments", files=file, headers=conftest.JSON)
    assert (alone.status_code, "first message" in alone.json()["error"]) == (403, True)
    path, data = f"{held.path}/messages", {"body": "with a file"}
    together = await held.charlie.post(path, files=file, data=data)
    assert together.status_code == 403
    assert elements.parse(together.text).one("body").text.strip() == "with a file"
    assert await house.db.value("SELECT COUNT(*) FROM attachments") == 0
    ok = await held.bob.post(f"{held.path}/attachments", files=file, headers=conftest.JSON)
    assert ok.status_code == 201, "Bob was there before"


async def test_a_guest_who_comes_is_read_first_and_may_report(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await test_guests.open_up(house, scene)
    await pace.hold(house.db, scene.cast.room, scene.cast.alice, True)
    await messages.post(house.db, scene.cast.room, scene.cast.bob, messages.Draft("welcome"))
    guest = await test_guests.come(house, scene.path, body="my first words")
    page = await guest.get(scene.path)
    assert "1 message of yours waits for a moderator" in page.text
    assert "my first words" not in (await scene.bob.get(scene.path)).text
    shown = await scene.alice.get(f"{scene.path}/held")
    assert "my first words" in shown.text and "guest " in shown.text
    assert (await guest.post(f"{scene.path}/1/report")).status_code == 303
    assert "Message 1 by Bob" in (await scene.alice.get(f"{scene.path}/reports")).text


async def test_a_room_that_is_as_usual_asks_nothing_more(
    house: conftest.House, scene: conftest.Scene
) -> None:
    draft = messages.Draft("hello")
    await messages.post(house.db, scene.cast.room, scene.cast.bob, draft)
    page = await scene.bob.get(scene.path)
    assert state(page).text == ""
    assert "of yours wait" not in page.text
    fresh = await rooms.by_id(house.db, scene.cast.room.id)
    assert fresh is not None and fresh.last_number == 1
