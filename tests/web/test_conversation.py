"""The doors to a message that was said: for whom they open, and that all show the same bytes."""

from __future__ import annotations

import re

import httpx2
import pytest

from hubbub import database
from hubbub.domain import (
    events,
    history,
    memberships,
    messages,
    pins,
    reactions,
    revisions,
    settings,
)
from hubbub.realtime.room import Cursor
from hubbub.web import live
from tests import contents, elements, people
from tests.web import conftest

pytestmark = pytest.mark.anyio

GETS = ("1/menu", "1/reply", "1/edition", "1/erasure", "1/reactions", "pins")
POSTS: dict[str, dict[str, str]] = {
    "1/edition": {"body": "changed"},
    "1/reactions": {"emoji": "🎉"},
    "1/pin": {"pinned": "yes"},
    "1/erasure": {},
}
FORMS = ({}, conftest.HTMX, conftest.JSON)
KEPT = ("rooms", "memberships", "messages", "reactions", "mentions", "events")


async def say(
    house: conftest.House, scene: conftest.Scene, body: str = "said first", **more: int
) -> messages.Message:
    """What Alice, who owns the room and so may do everything, said."""
    room = await conftest.room_now(house, scene)
    draft = messages.Draft(body, reply_to=more.get("reply_to"))
    return (await messages.post(house.db, room, scene.cast.alice, draft)).message


async def state(db: database.Database) -> str:
    return await contents.of(db, KEPT)


async def ask(
    client: httpx2.AsyncClient, path: str, headers: dict[str, str]
) -> list[httpx2.Response]:
    """The answers of all doors."""
    gets = [await client.get(f"{path}/{door}", headers=headers) for door in GETS]
    posts = [
        await client.post(f"{path}/{door}", data=fields, headers=headers)
        for door, fields in POSTS.items()
    ]
    return gets + posts


def same(answer: httpx2.Response) -> bytes:
    """An answer without the number that names the request; the length stays."""
    return answer.content.replace(answer.headers["x-request-id"].encode(), b"0" * 16)


# -- for whom ----------------------------------------------------------------------------------


async def test_every_door_opens_for_who_may(house: conftest.House, scene: conftest.Scene) -> None:
    await say(house, scene)
    answers = await ask(scene.alice, scene.path, {})
    assert [answer.status_code for answer in answers] == [200] * len(GETS) + [303] * len(POSTS)


async def test_who_is_signed_out_is_asked_to_log_in(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await say(house, scene)
    before = await state(house.db)
    for door in GETS:
        answer = await scene.nobody.get(f"{scene.path}/{door}")
        assert answer.status_code == 303
        assert httpx2.URL(answer.headers["location"]).path == "/login"
    for headers in (conftest.HTMX, conftest.JSON):
        assert {answer.status_code for answer in await ask(scene.nobody, scene.path, headers)} == {
            401
        }
    for door, fields in POSTS.items():
        assert (await scene.nobody.post(f"{scene.path}/{door}", data=fields)).status_code == 401
    assert await state(house.db) == before


@pytest.mark.parametrize("headers", FORMS, ids=str)
async def test_who_only_holds_the_link_may_nothing_and_becomes_no_member_by_it(
    house: conftest.House, scene: conftest.Scene, headers: dict[str, str]
) -> None:
    await say(house, scene)
    before = await state(house.db)
    answers = await ask(scene.charlie, scene.path, headers)
    assert [answer.status_code for answer in answers] == [403] * len(answers)
    assert not any("said first" in answer.text for answer in answers)
    assert await state(house.db) == before


@pytest.mark.parametrize("headers", FORMS, ids=str)
async def test_of_an_invited_room_others_learn_nothing(
    house: conftest.House, staged: conftest.Staged, headers: dict[str, str]
) -> None:
    scene = await staged(house, access="invited")
    await say(house, scene)
    before = await state(house.db)
    hidden = await ask(scene.charlie, scene.path, headers)
    nothing = await ask(scene.charlie, "/r/" + "a" * 36, headers)
    assert {answer.status_code for answer in hidden} == {404}
    assert [same(answer) for answer in hidden] == [same(answer) for answer in nothing]
    assert await state(house.db) == before


async def test_who_was_removed_is_an_outsider_to_what_they_said(
    house: conftest.House, scene: conftest.Scene
) -> None:
    draft = messages.Draft("said by Bob")
    await messages.post(house.db, scene.cast.room, scene.cast.bob, draft)
    await memberships.remove(house.db, scene.cast.room, scene.cast.alice, scene.cast.bob)
    before = await state(house.db)
    answers = await ask(scene.bob, scene.path, {})
    assert {answer.status_code for answer in answers} == {403}
    assert await state(house.db) == before


@pytest.mark.parametrize("headers", FORMS, ids=str)
@pytest.mark.parametrize("number", ["0", "2", "9" * 18, "9" * 30, "x", "-1", "1.0", "%31%00"])
async def test_a_number_no_message_has_is_not_there(
    house: conftest.House, scene: conftest.Scene, number: str, headers: dict[str, str]
) -> None:
    await say(house, scene)
    before = await state(house.db)
    for door in GETS[:-1]:
        path = f"{scene.path}/{number}/{door.removeprefix('1/')}"
        assert (await scene.alice.get(path, headers=headers)).status_code == 404, door
    for door, fields in POSTS.items():
        path = f"{scene.path}/{number}/{door.removeprefix('1/')}"
        answer = await scene.alice.post(path, data=fields, headers=headers)
        assert answer.status_code == 404, door
    assert await state(house.db) == before


@pytest.mark.parametrize("headers", FORMS, ids=str)
async def test_a_tombstone_takes_nothing_more(
    house: conftest.House, scene: conftest.Scene, headers: dict[str, str]
) -> None:
    await say(house, scene)
    await revisions.erase(house.db, scene.cast.room, scene.cast.alice, 1)
    before = await state(house.db)
    for door, fields in POSTS.items():
        answer = await scene.alice.post(f"{scene.path}/{door}", data=fields, headers=headers)
        assert answer.status_code == 404, door
    for door in ("1/edition", "1/erasure", "1/reactions"):
        answer = await scene.alice.get(f"{scene.path}/{door}", headers=headers)
        assert answer.status_code == 404, door
    assert await state(house.db) == before
    for door in ("1", "1/menu", "1/reply"):
        page = await scene.bob.get(f"{scene.path}/{door}")
        assert page.status_code == 200, "its permalink still leads there"
        assert "said first" not in page.text


async def test_an_archived_room_lets_one_only_take_back_what_one_said(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await say(house, scene)
    await settings.archive(house.db, scene.cast.room, scene.cast.alice)
    statuses = [answer.status_code for answer in await ask(scene.alice, scene.path, {})]
    assert statuses == [200, 403, 403, 200, 403, 200, 403, 403, 403, 303]
    assert (await history.one(house.db, scene.cast.room.id, 1)).deleted_at


async def test_what_comes_from_another_site_changes_nothing(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await say(house, scene)
    before = await state(house.db)
    for site in ("cross-site", "same-site"):
        sent = {"Sec-Fetch-Site": site, "Origin": "https://evil.example"}
        for door, fields in POSTS.items():
            answer = await scene.alice.post(f"{scene.path}/{door}", data=fields, headers=sent)
            assert answer.status_code == 403, door
    assert await state(house.db) == before


async def test_reading_changes_nothing(house: conftest.House, scene: conftest.Scene) -> None:
    await say(house, scene)
    before = await state(house.db)
    for door in (*GETS, *POSTS):
        for headers in FORMS:
            for client in (scene.alice, scene.bob):
                await client.get(f"{scene.path}/{door}", headers=headers)
                await client.head(f"{scene.path}/{door}", headers=headers)
    assert await state(house.db) == before
    for method in ("PUT", "PATCH", "DELETE"):
        answer = await scene.alice.request(method, f"{scene.path}/1/edition", data={"body": "x"})
        assert answer.status_code == 405


@pytest.mark.parametrize("door", POSTS)
async def test_changes_have_a_limit(
    opened: conftest.Open, staged: conftest.Staged, door: str
) -> None:
    async with opened(rate_limits=True) as house:
        scene = await staged(house)
        await say(house, scene)
        for _ in range(60):
            await house.state["limits"].hit("writes", scene.cast.alice.id)
        before = await state(house.db)
        for headers in FORMS:
            answer = await scene.alice.post(
                f"{scene.path}/{door}", data=POSTS[door], headers=headers
            )
            assert answer.status_code == 429
            assert int(answer.headers["retry-after"]) > 0
        assert await state(house.db) == before


@pytest.mark.parametrize("door", POSTS)
async def test_the_live_rooms_hear_of_every_change(
    house: conftest.House, scene: conftest.Scene, door: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await say(house, scene)
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(house.state["streams"], "hint", lambda room, seq: told.append((room, seq)))
    assert (await scene.alice.post(f"{scene.path}/{door}", data=POSTS[door])).status_code == 303
    assert told == [(scene.cast.room.id, (await conftest.room_now(house, scene)).seq)]


# -- the same bytes ----------------------------------------------------------------------------


def articles(text: str) -> dict[str, str]:
    """The messages of a page as they stand there, to the byte."""
    whole = re.findall(r'(<article [^>]*id="(m\d+)".*?</article>)', text, re.DOTALL)
    return {name: part for part, name in whole}


async def frames(house: conftest.House, scene: conftest.Scene) -> dict[str, str]:
    """The messages as the live stream tells them to everyone, the last word on each."""
    log = live.Log(house.db, house.state["templates"])
    tag = await house.db.value(
        "SELECT tag FROM events WHERE room_id = :id AND seq = 1", {"id": scene.cast.room.id}
    )
    entries = await log.after(scene.cast.room.id, Cursor(1, tag), 400)
    assert entries is not None
    found: dict[str, str] = {}
    for entry in entries:
        if entry.number is not None:
            found[f"m{entry.number}"] = entry.fragment.decode()
        found |= {f"m{number}": part.decode() for number, part in entry.changes}
    return found


async def test_a_message_is_the_same_bytes_for_everyone_everywhere(
    house: conftest.House, scene: conftest.Scene
) -> None:
    db, cast = house.db, scene.cast
    await say(house, scene, "**hello** @alice, @bob and @room")
    await say(house, scene, "an answer", reply_to=1)
    await say(house, scene, "to be changed")
    await say(house, scene, "to be deleted")
    await say(house, scene, "an answer to what goes", reply_to=4)
    room = await conftest.room_now(house, scene)
    for person in (cast.alice, cast.bob):
        await reactions.toggle(db, room, person, (await history.one(db, room.id, 1)).id, "🎉")
    draft = messages.Draft("changed <b>")
    await revisions.edit(db, room, cast.alice, 3, draft, window=10**9)
    await revisions.erase(db, room, cast.alice, 4)
    await pins.pin(db, room, cast.alice, 2)
    pages = {
        f"{name}{query}{headers}": articles((await client.get(path, headers=headers)).text)
        for name, client in {"alice": scene.alice, "bob": scene.bob}.items()
        for query in ("", "/2", "/messages?before=6", "/messages?after=0")
        for headers in ({}, conftest.HTMX)
        for path in [scene.path + query]
    }
    pages["live"] = await frames(house, scene)
    truth = pages.pop("alice{}")
    assert list(truth) == ["m1", "m2", "m3", "m4", "m5"]
    for where, found in pages.items():
        assert {name: text.strip() for name, text in found.items()} == truth, where


async def test_an_edit_draws_only_so_many_bytes_of_long_answers_anew(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await say(house, scene)
    for _ in range(40):
        await say(house, scene, "*a*`b`" * 660, reply_to=1)
    before = (await events.head(house.db, scene.cast.room.id)) or events.Position(0, "")
    await scene.alice.post(f"{scene.path}/1/edition", data={"body": "changed"})
    log = live.Log(house.db, house.state["templates"])
    [entry] = await log.after(scene.cast.room.id, Cursor(before.seq, before.tag), 10) or []
    numbers = [number for number, _ in entry.changes]
    assert numbers[0] == 1
    assert numbers[1:] == list(range(41, 42 - len(numbers), -1)), "the newest come first"
    assert live.DRAWN_BYTES / 2 < entry.size <= live.DRAWN_BYTES


async def test_an_answer_to_an_act_is_the_message_as_the_page_shows_it(
    house: conftest.House, scene: conftest.Scene
) -> None:
    sent = {"data": {"body": "hello", "cid": ""}, "headers": conftest.HTMX}
    answers = [await scene.alice.post(f"{scene.path}/messages", **sent)]
    await say(house, scene, "a neighbour", reply_to=1)
    for door, fields in POSTS.items():
        answers.append(
            await scene.alice.post(f"{scene.path}/{door}", data=fields, headers=conftest.HTMX)
        )
        for client in (scene.alice, scene.bob):
            page = await client.get(scene.path)
            assert articles(page.text)["m1"] == answers[-1].text.strip(), door
        assert (await frames(house, scene))["m1"].strip() == answers[-1].text.strip(), door
    assert len({answer.text for answer in answers}) == len(answers), "each changed it"
    assert {answer.status_code for answer in answers} == {200}


# -- without a script --------------------------------------------------------------------------


@pytest.mark.parametrize("door", GETS)
async def test_every_door_is_a_whole_page_or_only_its_part(
    house: conftest.House, scene: conftest.Scene, door: str
) -> None:
    await say(house, scene)
    page = await scene.alice.get(f"{scene.path}/{door}")
    assert elements.parse(page.text).named("html")
    assert elements.parse(page.text).named("h1")
    part = await scene.alice.get(f"{scene.path}/{door}", headers=conftest.HTMX)
    assert part.status_code == 200
    assert not elements.parse(part.text).named("html")


async def test_the_menu_offers_what_one_may(house: conftest.House, scene: conftest.Scene) -> None:
    await say(house, scene)
    offers = {
        name: {
            element.get("href") or element.get("action")
            for element in elements.parse((await client.get(f"{scene.path}/1/menu")).text).every()
        }
        for name, client in {"alice": scene.alice, "bob": scene.bob}.items()
    }
    for door in ("1/edition", "1/erasure", "1/pin"):
        assert f"{scene.path}/{door}" in offers["alice"]
        assert f"{scene.path}/{door}" not in offers["bob"]
    for door in ("1/reply", "1/reactions"):
        assert f"{scene.path}/{door}" in offers["alice"] & offers["bob"]


async def test_an_answer_is_written_in_the_room_with_the_message_above_it(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await say(house, scene)
    page = elements.parse((await scene.bob.get(f"{scene.path}/1/reply")).text)
    composer = page.one("composer")
    fields = {one.get("name"): one.get("value") for one in composer.named("input")}
    assert fields["reply_to"] == "1"
    sent = {**fields, "body": "the answer"}
    assert (await scene.bob.post(composer.get("action"), data=sent)).status_code == 303
    quote = (await history.one(house.db, scene.cast.room.id, 2)).quote
    assert quote is not None
    assert (quote.number, quote.body) == (1, "said first")


async def test_a_refused_answer_comes_back_with_its_text_and_what_it_answers(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await say(house, scene)
    sent = {"body": "x" * 4_001, "reply_to": "1"}
    answer = await scene.bob.post(f"{scene.path}/messages", data=sent)
    assert answer.status_code == 422
    composer = elements.parse(answer.text).one("composer")
    assert composer.one("body").text.strip() == sent["body"]
    assert {one.get("value") for one in composer.named("input")} >= {"1"}
    for number in ("2", "0", "x", "9" * 30):
        sent = {"body": "an answer to nothing", "reply_to": number}
        answer = await scene.bob.post(f"{scene.path}/messages", data=sent)
        assert answer.status_code == 422
        assert elements.parse(answer.text).one("body").text.strip() == "an answer to nothing"
    assert await house.db.value("SELECT count(*) FROM messages") == 1


async def test_who_would_call_many_is_asked_and_the_next_send_is_meant(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await say(house, scene)
    for number in range(4):
        guest = await people.person(house.db, f"guest{number}")
        await memberships.join(house.db, scene.cast.room, guest)
    sent = {"body": "@room, look", "reply_to": "1", "cid": "6f1c0e5e-9a1f-4f37-8a49-0d4ab6f0a001"}
    path = f"{scene.path}/messages"
    for headers in (conftest.HTMX, conftest.JSON):
        answer = await scene.alice.post(path, data=sent, headers=headers)
        assert answer.status_code == 409
        assert "all 6 people" in answer.text
    page = await scene.alice.post(path, data=sent)
    assert page.status_code == 409
    assert await house.db.value("SELECT count(*) FROM messages") == 1
    composer = elements.parse(page.text).one("composer")
    assert "all 6 people" in composer.one("composer-error").text
    given = {one.get("name"): one.get("value") for one in composer.named("input")}
    assert given | {"reply_to": "1", "cid": sent["cid"], "sure": "yes"} == given
    given["body"] = composer.one("body").text.strip()
    assert (await scene.alice.post(path, data=given)).status_code == 303
    called = await history.one(house.db, scene.cast.room.id, 2)
    assert (called.mentions, called.body) == ("room", "@room, look")
