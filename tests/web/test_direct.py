"""Conversations of a few people over HTTP: where they are started, and what they show."""

from __future__ import annotations

import httpx2
import pytest

from hubbub.domain import blocks, direct, memberships, messages, profiles, rooms
from tests import elements, people
from tests.web import conftest

pytestmark = pytest.mark.anyio


async def start(client: httpx2.AsyncClient, usernames: str) -> httpx2.Response:
    return await client.post("/direct", data={"usernames": usernames})


async def shown(client: httpx2.AsyncClient, path: str) -> elements.Element:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text[:2000]
    return elements.parse(answer.text)


async def test_a_name_card_leads_into_the_room_of_two(
    house: conftest.House, scene: conftest.Scene
) -> None:
    card = await shown(scene.alice, "/people/bob")
    [form] = [f for f in card.named("form") if f.get("action") == "/direct"]
    [name] = [box.get("value") for box in form.named("input")]
    answer = await start(scene.alice, name)
    assert answer.status_code == 303
    path = answer.headers["location"]
    again = await start(scene.bob, "@Alice")
    assert (again.status_code, again.headers["location"]) == (303, path)
    posted = await scene.bob.post(f"{path}/messages", data={"body": "hello"}, headers=conftest.JSON)
    assert posted.status_code == 201
    assert "hello" in (await scene.alice.get(path)).text


async def test_several_people_are_named_with_blanks_or_commas(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await memberships.join(house.db, scene.cast.room, scene.cast.charlie)
    found = {
        (await start(scene.alice, names)).headers["location"]
        for names in ("bob charlie", "Charlie,bob", " @bob ;\n@charlie, alice ")
    }
    assert len(found) == 1


async def test_there_is_a_page_to_start_one(scene: conftest.Scene) -> None:
    page = await shown(scene.alice, "/direct?usernames=bob")
    assert page.one("usernames").get("value") == "bob"
    refused = await start(scene.alice, "bob nobody-here")
    assert refused.status_code == 422
    tree = elements.parse(refused.text)
    assert tree.one("usernames").get("value") == "bob nobody-here"
    assert tree.one("usernames-error").get("role") == "alert"


async def test_who_is_not_met_is_like_nobody(house: conftest.House, scene: conftest.Scene) -> None:
    await people.person(house.db, "Stranger")  # … who never logged in, nor is in any room.
    refusals = [
        (await scene.alice.post("/direct", data={"usernames": n}, headers=conftest.JSON))
        for n in ("stranger", "nobody-x")
    ]
    assert {answer.status_code for answer in refusals} == {422}
    assert refusals[0].text.replace("stranger", "?") == refusals[1].text.replace("nobody-x", "?")


async def test_who_is_blocked_is_not_told_why(house: conftest.House, scene: conftest.Scene) -> None:
    await blocks.block(house.db, scene.cast.bob, scene.cast.alice)
    answer = await start(scene.alice, "bob")
    assert answer.status_code == 403
    assert "You cannot write to this person." in answer.text
    assert "block" not in elements.parse(answer.text).named("main")[0].text.lower()


async def test_only_those_signed_in_with_an_account_from_our_own_pages(
    house: conftest.House, scene: conftest.Scene
) -> None:
    assert (await start(scene.nobody, "bob")).status_code == 401
    await memberships.join(house.db, scene.cast.room, scene.cast.charlie)
    await house.db.run(
        "UPDATE people SET guest_of = :room WHERE id = :id",
        {"room": scene.cast.room.id, "id": scene.cast.charlie.id},
    )
    assert (await start(scene.charlie, "bob")).status_code == 403
    assert (await scene.charlie.get("/direct")).status_code == 403
    card = await shown(scene.alice, "/people/alice")
    assert [f for f in card.named("form") if f.get("action") == "/direct"] == []
    elsewhere = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    forged = await scene.alice.post("/direct", data={"usernames": "bob"}, headers=elsewhere)
    assert forged.status_code == 403
    assert await house.db.value("SELECT COUNT(*) FROM rooms WHERE direct_key IS NOT NULL") == 0


async def test_new_rooms_of_this_kind_are_limited_like_others_and_old_ones_are_not(
    opened: conftest.Open, staged: conftest.Staged
) -> None:
    async with opened(rate_limits=True) as house:
        scene = await staged(house)
        assert (await start(scene.alice, "bob")).status_code == 303
        for number in range(19):
            made = await rooms.create(house.db, scene.cast.alice, f"Room {number}")
            await house.state["limits"].hit("rooms", scene.cast.alice.id)
            assert made
        await memberships.join(house.db, scene.cast.room, scene.cast.charlie)
        assert (await start(scene.alice, "bob")).status_code == 303
        assert (await start(scene.alice, "charlie")).status_code == 429


async def test_for_others_it_does_not_exist(house: conftest.House, scene: conftest.Scene) -> None:
    room = await direct.open(house.db, scene.cast.alice, ["bob"])
    path = house.path(room)
    await memberships.join(house.db, scene.cast.room, scene.cast.charlie)
    root = await house.sign_in(await people.person(house.db, "root", is_admin=True))
    nothing = await scene.charlie.get("/r/" + "a" * 36, headers=conftest.JSON)
    for client in (scene.charlie, root):
        for door in ("", "/people", "/messages", "/share", "/settings"):
            answer = await client.get(path + door, headers=conftest.JSON)
            assert (answer.status_code, answer.text) == (404, nothing.text)
        for noun in ("archival", "deletion", "invitations", "messages"):
            answer = await client.post(f"{path}/{noun}", headers=conftest.JSON)
            assert (answer.status_code, answer.text) == (404, nothing.text), noun
    card = await scene.charlie.get("/people/bob")
    assert path not in card.text


async def test_the_room_shows_the_others_and_hides_what_cannot_be_done(
    house: conftest.House, scene: conftest.Scene
) -> None:
    room = await direct.open(house.db, scene.cast.alice, ["bob"])
    await profiles.rename(house.db, scene.cast.bob, "Robert")
    path = house.path(room)
    for client, name in ((scene.alice, "Robert"), (scene.bob, "Alice")):
        page = await shown(client, path)
        assert page.one("room-title").text.strip() == name
        [link] = [a for a in page.named("a") if a.get("data-room") == room.public_id]
        assert link.of_class("rooms__title")[0].text == name
        gone = {f"{path}/{noun}" for noun in ("departure", "share", "settings", "deletion")}
        assert not gone & {form.get("action") for form in page.named("form")}
        assert not gone & {link.get("href") for link in page.named("a")}
        assert page.find("share") is None
        assert "Send its link" not in page.text
    for noun in ("departure", "title", "invitations", "archival"):
        answer = await scene.alice.post(
            f"{path}/{noun}", data={"title": "x", "username": "charlie"}
        )
        assert answer.status_code == 403, noun
    assert (await scene.alice.get(f"{path}/share")).status_code == 403


async def test_what_is_said_there_is_counted_beside_it(
    house: conftest.House, scene: conftest.Scene
) -> None:
    room = await direct.open(house.db, scene.cast.alice, ["bob"])
    for body in ("one", "two"):
        await messages.post(house.db, room, scene.cast.alice, messages.Draft(body))
    page = await shown(scene.bob, scene.path)
    [row] = [e for e in page.one("unread").elements if e.get("data-room") == room.public_id]
    assert row.get("data-mentions") == "2"
    page = await shown(scene.alice, scene.path)
    [row] = [e for e in page.one("unread").elements if e.get("data-room") == room.public_id]
    assert row.get("data-mentions") == "0", "nobody is called by what they said themselves"


async def test_it_is_found_by_the_switcher_by_those_in_it(
    house: conftest.House, scene: conftest.Scene
) -> None:
    room = await direct.open(house.db, scene.cast.alice, ["bob"])
    await memberships.join(house.db, scene.cast.room, scene.cast.charlie)
    for client, finds in ((scene.alice, True), (scene.bob, True), (scene.charlie, False)):
        page = await client.get("/go", params={"q": "#alice"}, headers=conftest.HTMX)
        assert (house.path(room) in page.text) == finds
    links = elements.parse((await scene.alice.get("/go")).text).of_class("place")
    assert [link.text for link in links if link.get("href") == house.path(room)] == ["Bob"]
