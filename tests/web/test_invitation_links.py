"""The doors of invitation links: who makes and ends them, who comes in by them, and who asks."""

from __future__ import annotations

import dataclasses
import re
from typing import Any
from xml.etree import ElementTree

import httpx2
import pytest

from hubbub import signing
from hubbub.domain import (
    bans,
    invitation_links,
    knocks,
    memberships,
    messages,
    revocations,
    roles,
    rooms,
    settings,
)
from tests import elements, people
from tests.web import conftest

pytestmark = pytest.mark.anyio

UNKNOWN = "/i/" + "a" * 36
FIELDS = {"role": "member", "label": "Fair", "expires": "week", "uses": "10"}


def same(answer: httpx2.Response) -> bytes:
    """An answer without the number that names the request; the length stays."""
    return answer.content.replace(answer.headers["x-request-id"].encode(), b"0" * 16)


async def make(
    house: conftest.House, scene: conftest.Scene, **options: Any
) -> tuple[invitation_links.Link, str]:
    """A link of Alice's, and its path."""
    cast = scene.cast
    link = await invitation_links.create(house.db, cast.room, cast.alice, **options)
    return link, house.links.invitation_path(link)


async def role(house: conftest.House, scene: conftest.Scene, name: str) -> str | None:
    person = getattr(scene.cast, name)
    member = await memberships.find(house.db, scene.cast.room.id, person.id)
    return member.role if member else None


async def moderate(house: conftest.House, scene: conftest.Scene) -> None:
    """Bob looks after the room too."""
    cast = scene.cast
    await roles.change(house.db, cast.room, cast.alice, cast.bob, "moderator")


# -- making --------------------------------------------------------------------------------------


async def test_a_link_is_made_by_a_form_and_shown_with_all_that_is_needed_to_hand_it_on(
    house: conftest.House, scene: conftest.Scene
) -> None:
    page = await scene.alice.get(f"{scene.path}/links")
    assert page.status_code == 200
    answer = await scene.alice.post(f"{scene.path}/links", data={**FIELDS, "knock": "yes"})
    assert answer.status_code == 303
    shown = await scene.alice.get(answer.headers["location"])
    [link] = await invitation_links.of_room(house.db, scene.cast.room)
    address = house.url + house.links.invitation_path(link)
    assert (link.role, link.label, link.uses, link.knock) == ("member", "Fair", 10, True)
    assert link.expires_at is not None
    for text in (address, "Fair", "0 of 10 used", "active", "they ask first"):
        assert text in shown.text
    assert address in (await scene.alice.get(f"{scene.path}/links")).text
    assert f"{scene.path}/links" in (await scene.alice.get(f"{scene.path}/share")).text
    assert f"{scene.path}/links" not in (await scene.bob.get(f"{scene.path}/share")).text


async def test_the_picture_and_the_poster_lead_to_the_link(
    house: conftest.House, scene: conftest.Scene
) -> None:
    link, path = await make(house, scene)
    picture = await scene.alice.get(f"{scene.path}/links/{link.id}/qr.svg")
    assert picture.headers["content-type"] == "image/svg+xml"
    assert ElementTree.fromstring(picture.content).tag.endswith("svg")
    poster = await scene.alice.get(f"{scene.path}/links/{link.id}/poster")
    assert "Design talk" in poster.text
    assert house.url + path in poster.text
    assert f"/links/{link.id}/qr.svg" in poster.text


@pytest.mark.parametrize(
    "wrong",
    [
        {"role": "owner"},
        {"label": "x" * 61},
        {"expires": "tomorrow"},
        {"uses": "0"},
        {"uses": "many"},
        {"uses": "99999999999"},
    ],
    ids=str,
)
async def test_a_form_that_is_refused_comes_back_as_it_was_filled_in(
    house: conftest.House, scene: conftest.Scene, wrong: dict[str, str]
) -> None:
    answer = await scene.alice.post(
        f"{scene.path}/links", data={**FIELDS, "label": "Kept & safe", "knock": "yes", **wrong}
    )
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert elements.parse(answer.text).named("details")[0].get("open") is not None
    if "label" not in wrong:
        assert 'value="Kept &amp; safe"' in answer.text
    assert await invitation_links.of_room(house.db, scene.cast.room) == []


async def test_only_those_who_look_after_the_room_have_to_do_with_its_links(
    house: conftest.House, scene: conftest.Scene
) -> None:
    link, _ = await make(house, scene)
    gets = ["links", f"links/{link.id}", f"links/{link.id}/qr.svg", f"links/{link.id}/poster"]
    posts = ["links", f"links/{link.id}/revocation", f"links/{link.id}/purge"]
    answers = [*(f"knocks/{name}" for name in ("charlie", "nemo"))]
    for client, status in ((scene.bob, 403), (scene.charlie, 403), (scene.nobody, 401)):
        for noun in [*gets, "knocks"]:
            answer = await client.get(f"{scene.path}/{noun}")
            assert answer.status_code == (303 if status == 401 else status), noun
        for noun in [*posts, *answers]:
            fields = {**FIELDS, "sure": "yes", "remove": "yes", "answer": "admit"}
            answer = await client.post(f"{scene.path}/{noun}", data=fields)
            assert answer.status_code == status, noun
    [kept] = await invitation_links.of_room(house.db, scene.cast.room)
    assert kept == link
    await moderate(house, scene)
    for noun in [*gets, "knocks"]:
        assert (await scene.bob.get(f"{scene.path}/{noun}")).status_code == 200


async def test_a_link_of_another_room_is_not_there(
    house: conftest.House, scene: conftest.Scene
) -> None:
    other = await rooms.create(house.db, scene.cast.alice, "Another")
    link = await invitation_links.create(house.db, other, scene.cast.alice)
    for number in (str(link.id), "999", "x", "-1", "9" * 30):
        answers = [
            await scene.alice.get(f"{scene.path}/links/{number}"),
            await scene.alice.get(f"{scene.path}/links/{number}/qr.svg"),
            await scene.alice.post(f"{scene.path}/links/{number}/revocation"),
            await scene.alice.post(f"{scene.path}/links/{number}/purge", data={"sure": "yes"}),
        ]
        assert {answer.status_code for answer in answers} == {404}


async def test_who_cannot_promote_neither_makes_nor_sees_a_link_that_does(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await moderate(house, scene)
    link, path = await make(house, scene, role="moderator")
    answer = await scene.bob.post(f"{scene.path}/links", data={**FIELDS, "role": "moderator"})
    assert answer.status_code == 403
    for door in ("links", f"links/{link.id}"):
        assert path in (await scene.alice.get(f"{scene.path}/{door}")).text
        page = await scene.bob.get(f"{scene.path}/{door}")
        assert page.status_code == 200
        assert path not in page.text
    for door in ("qr.svg", "poster"):
        assert (await scene.bob.get(f"{scene.path}/links/{link.id}/{door}")).status_code == 403
        assert (await scene.alice.get(f"{scene.path}/links/{link.id}/{door}")).status_code == 200
    assert (await scene.bob.post(f"{scene.path}/links/{link.id}/revocation")).status_code == 303


# -- opening and going in ------------------------------------------------------------------------


async def test_opening_a_link_tells_who_invites_and_changes_nothing(
    house: conftest.House, scene: conftest.Scene
) -> None:
    link, path = await make(house, scene, uses=1, label="Not for their eyes")
    for _ in range(2):
        page = await scene.charlie.get(path)
        assert page.status_code == 200
        assert "Design talk" in page.text
        assert "Alice" in page.text
        assert "Not for their eyes" not in page.text
        assert scene.path not in page.text, "the room's own key is not given away"
    assert await role(house, scene, "charlie") is None
    found = await invitation_links.find(house.db, link.public_id)
    assert found is not None and found.used == 0
    answer = await scene.charlie.post(path)
    assert (answer.status_code, answer.headers["location"]) == (303, scene.path)
    assert await role(house, scene, "charlie") == "member"


@pytest.mark.parametrize("granted", invitation_links.ROLES)
async def test_one_is_told_what_a_link_grants_and_gets_just_that(
    house: conftest.House, scene: conftest.Scene, granted: str
) -> None:
    _, path = await make(house, scene, role=granted)
    says = {"reader": "You can read what", "member": "read and write", "moderator": "look after"}
    assert says[granted] in (await scene.charlie.get(path)).text
    await scene.charlie.post(path)
    assert await role(house, scene, "charlie") == granted
    logged = "SELECT detail FROM security_events WHERE kind = 'joined by link'"
    assert await house.db.value(logged) == f"as {granted}"
    composer = elements.parse((await scene.charlie.get(scene.path)).text).find("composer")
    assert (composer is None) == (granted == "reader"), "nobody is offered what is refused"


async def test_who_is_in_the_room_is_led_to_it_and_uses_nothing_up(
    house: conftest.House, scene: conftest.Scene
) -> None:
    link, path = await make(house, scene, uses=1)
    for client in (scene.alice, scene.bob):
        for answer in (await client.get(path), await client.post(path)):
            assert (answer.status_code, answer.headers["location"]) == (303, scene.path)
    found = await invitation_links.find(house.db, link.public_id)
    assert found is not None and found.used == 0
    await scene.charlie.post(path)
    answer = await scene.charlie.get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, scene.path), "though used up"


async def test_who_is_signed_out_is_led_through_the_login_whatever_the_link(
    house: conftest.House, scene: conftest.Scene
) -> None:
    _, path = await make(house, scene)
    for link in (path, UNKNOWN, "/i/x"):
        answer = await scene.nobody.get(link)
        assert answer.status_code == 303
        assert httpx2.URL(answer.headers["location"]).params["next"] == link
        assert (await scene.nobody.post(link)).status_code == 401


async def test_whatever_keeps_a_link_from_admitting_the_answer_is_the_same(
    house: conftest.House, scene: conftest.Scene
) -> None:
    db, cast = house.db, scene.cast
    expired, used_up, revoked, fine = [
        await make(house, scene, **options)
        for options in (
            {"expires_at": people.NOON + 1, "now": people.NOON}, {"uses": 1}, {}, {},
        )
    ]  # fmt: skip
    dan = await people.person(db, "Dan")
    await invitation_links.redeem(db, used_up[0], dan)
    await revocations.revoke(db, cast.room, cast.alice, revoked[0])
    paths = [expired[1], used_up[1], revoked[1]]
    for name, fate in (("locked", None), ("archived", settings.archive), ("gone", settings.delete)):
        room = await rooms.create(db, cast.alice, f"A room that is {name}")
        link = await invitation_links.create(db, room, cast.alice)
        paths.append(house.links.invitation_path(link))
        if fate:
            await fate(db, room, cast.alice)
        else:
            lock = "UPDATE rooms SET locked_at = 1 WHERE id = :id"
            await db.run(lock, {"id": room.id})
    other = await rooms.create(db, cast.alice, "Not for Charlie")
    await bans.ban(db, other, cast.alice, cast.charlie)
    banned = await invitation_links.create(db, other, cast.alice)
    wrong = fine[1][:13] + ("b" if fine[1][13] == "a" else "a") + fine[1][14:]
    paths += [house.links.invitation_path(banned), UNKNOWN, wrong, "/i/x", "/i/" + "x" * 500]
    for headers in ({}, conftest.HTMX, conftest.JSON):
        for method in ("GET", "POST"):
            answers = [await scene.charlie.request(method, p, headers=headers) for p in paths]
            assert {answer.status_code for answer in answers} == {404}
            assert len({same(answer) for answer in answers}) == 1
            assert len({tuple(answer.headers) for answer in answers}) == 1
    assert (await scene.charlie.get(fine[1])).status_code == 200, "the test can fail"


async def test_guessing_links_is_slowed_down(
    opened: conftest.Open, staged: conftest.Staged
) -> None:
    async with opened(rate_limits=True) as house:
        scene = await staged(house)
        _, path = await make(house, scene)
        for _ in range(20):
            assert (await scene.charlie.get(UNKNOWN)).status_code == 404
        answers = [await scene.charlie.get(link) for link in (UNKNOWN, path)]
        assert {answer.status_code for answer in answers} == {429}, "a right guess is not told"
        assert (await scene.bob.get(path)).status_code == 303, "who is in is not kept out"


async def test_opening_a_link_that_is_over_keeps_nobody_from_another(
    opened: conftest.Open, staged: conftest.Staged
) -> None:
    async with opened(rate_limits=True) as house:
        scene = await staged(house)
        over, spent = await make(house, scene)
        _, good = await make(house, scene)
        await revocations.revoke(house.db, scene.cast.room, scene.cast.alice, over)
        answers = [(await scene.charlie.get(spent)).status_code for _ in range(25)]
        assert answers == [404] * 20 + [429] * 5, "slowed down like a link that never was"
        assert (await scene.charlie.get(good)).status_code == 200


async def test_another_sites_page_makes_nobody_enter_and_takes_no_link_back(
    house: conftest.House, scene: conftest.Scene
) -> None:
    link, path = await make(house, scene)
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    answers = [
        await scene.charlie.post(path, headers=foreign),
        await scene.alice.post(f"{scene.path}/links", data=FIELDS, headers=foreign),
        await scene.alice.post(f"{scene.path}/links/{link.id}/revocation", headers=foreign),
        await scene.alice.post(f"{scene.path}/links/{link.id}/purge", headers=foreign),
        await scene.alice.post(f"{scene.path}/knocks/charlie", headers=foreign),
    ]
    assert {answer.status_code for answer in answers} == {403}
    assert await role(house, scene, "charlie") is None
    assert await invitation_links.of_room(house.db, scene.cast.room) == [link]


async def test_a_stolen_database_and_a_rooms_key_open_no_link(
    house: conftest.House, scene: conftest.Scene
) -> None:
    link, _ = await make(house, scene)
    others = [
        signing.invitation_token(("another secret",), link.public_id),
        signing.room_key(people.KEYS, link.public_id, 0),
    ]
    for token in others:
        assert (await scene.charlie.get(f"/i/{token}")).status_code == 404


async def test_a_link_made_with_an_older_secret_still_opens(
    opened: conftest.Open, staged: conftest.Staged
) -> None:
    async with opened(secret_keys=(*people.KEYS, "a newer secret, as long as a real one")) as house:
        scene = await staged(house)
        link, path = await make(house, scene)
        older = "/i/" + signing.invitation_token(people.KEYS, link.public_id)
        assert older != path
        for address in (older, path):
            assert (await scene.charlie.get(address)).status_code == 200


async def test_a_pasted_link_leads_to_its_door(
    house: conftest.House, scene: conftest.Scene
) -> None:
    _, path = await make(house, scene)
    for pasted in (path, house.url + path, path.removeprefix("/i/"), f"{house.url}{path}?x#y"):
        for client in (scene.charlie, scene.nobody):
            answer = await client.post("/join", data={"name": pasted})
            assert (answer.status_code, answer.headers["location"]) == (303, path), pasted
    answer = await scene.charlie.post("/join", data={"name": "https://evil.example" + path})
    assert answer.status_code == 422


async def test_a_guest_of_another_room_learns_of_no_link(
    house: conftest.House, scene: conftest.Scene
) -> None:
    _, path = await make(house, scene)
    other = await rooms.create(house.db, scene.cast.alice, "Another")
    await memberships.join(house.db, other, scene.cast.charlie)
    guest_of = "UPDATE people SET guest_of = :room_id WHERE id = :id"
    await house.db.run(guest_of, {"room_id": other.id, "id": scene.cast.charlie.id})
    for method in ("GET", "POST"):
        answers = [await scene.charlie.request(method, link) for link in (path, UNKNOWN)]
        assert {answer.status_code for answer in answers} == {403}
        assert len({same(answer) for answer in answers}) == 1
    assert await role(house, scene, "charlie") is None


# -- taking back ---------------------------------------------------------------------------------


async def test_a_link_is_taken_back_with_or_without_those_who_came(
    house: conftest.House, scene: conftest.Scene
) -> None:
    link, path = await make(house, scene)
    await scene.charlie.post(path)
    door = f"{scene.path}/links/{link.id}"
    assert "Charlie" in (await scene.alice.get(door)).text
    answer = await scene.alice.post(f"{door}/revocation")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{scene.path}/links")
    assert await role(house, scene, "charlie") == "member"
    shown = await scene.alice.get(door)
    assert "revoked" in shown.text
    assert path not in shown.text
    await scene.alice.post(f"{door}/revocation", data={"remove": "yes"})
    assert await role(house, scene, "charlie") is None
    assert (await scene.charlie.get(path)).status_code == 404


async def test_everything_that_came_by_a_link_is_erased_by_who_is_sure(
    house: conftest.House, scene: conftest.Scene
) -> None:
    link, path = await make(house, scene)
    await scene.charlie.post(path)
    await messages.post(house.db, scene.cast.room, scene.cast.charlie, messages.Draft("spam spam"))
    await messages.post(house.db, scene.cast.room, scene.cast.bob, messages.Draft("fine words"))
    door = f"{scene.path}/links/{link.id}/purge"
    answer = await scene.alice.post(door)
    assert answer.status_code == 422
    assert "spam spam" in (await scene.alice.get(scene.path)).text
    assert (await scene.alice.post(door, data={"sure": "yes"})).status_code == 303
    page = await scene.alice.get(scene.path)
    assert "spam spam" not in page.text
    assert "fine words" in page.text
    assert await role(house, scene, "charlie") is None


# -- knocking ------------------------------------------------------------------------------------


async def test_who_asks_waits_at_the_door_until_somebody_opens_it(
    house: conftest.House, scene: conftest.Scene
) -> None:
    _, path = await make(house, scene, knock=True)
    assert "Ask to enter" in (await scene.charlie.get(path)).text
    answer = await scene.charlie.post(path)
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    waiting = await scene.charlie.get(path)
    assert "You asked to enter" in waiting.text
    assert 'http-equiv="refresh"' in waiting.text, "without a script the page looks again itself"
    assert (await scene.charlie.get(path, headers=conftest.HTMX)).status_code == 204
    room = await scene.alice.get(scene.path)
    assert re.search(r"<b dir=\"auto\">Charlie</b> asks to enter", room.text)
    assert "asks to enter" not in (await scene.bob.get(scene.path)).text
    page = await scene.alice.get(f"{scene.path}/knocks")
    assert "Charlie" in page.text
    answer = await scene.alice.post(f"{scene.path}/knocks/charlie", data={"answer": "admit"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{scene.path}/knocks")
    polled = await scene.charlie.get(path, headers=conftest.HTMX)
    assert polled.headers["hx-redirect"] == scene.path
    answer = await scene.charlie.get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, scene.path)
    assert await role(house, scene, "charlie") == "member"


async def test_who_is_turned_away_is_told_so_kindly_and_asks_in_vain_for_a_while(
    house: conftest.House, scene: conftest.Scene
) -> None:
    _, path = await make(house, scene, knock=True)
    await scene.charlie.post(path)
    for answer in ("", "perhaps"):
        refused = await scene.alice.post(f"{scene.path}/knocks/charlie", data={"answer": answer})
        assert refused.status_code == 422
    done = await scene.alice.post(
        f"{scene.path}/knocks/charlie", data={"answer": "turn_away"}, headers=conftest.HTMX
    )
    assert done.status_code == 204
    for headers in ({}, conftest.HTMX):
        told = await scene.charlie.get(path, headers=headers)
        assert told.status_code == 200
        assert "Not this time" in told.text
        assert "every 2s" not in told.text
    assert (await scene.charlie.post(path)).status_code == 303
    assert await knocks.waiting(house.db, scene.cast.room) == []


async def test_an_answer_to_who_does_not_ask_is_refused(
    house: conftest.House, scene: conftest.Scene
) -> None:
    for name, status in (("charlie", 422), ("bob", 422), ("nemo", 404), ("%00", 404)):
        for answer in ("admit", "turn_away"):
            refused = await scene.alice.post(f"{scene.path}/knocks/{name}", data={"answer": answer})
            assert refused.status_code == status, (name, answer)
    assert await role(house, scene, "charlie") is None


async def test_a_name_at_the_door_is_text_and_nothing_else(
    house: conftest.House, scene: conftest.Scene
) -> None:
    link, _ = await make(house, scene, knock=True)
    rename = "UPDATE people SET display_name = :name WHERE id = :id"
    nasty = "<img src=x onerror=alert(1)>"
    await house.db.run(rename, {"name": nasty, "id": scene.cast.charlie.id})
    await knocks.ask(house.db, link, dataclasses.replace(scene.cast.charlie, name=nasty))
    for door in ("", "/knocks"):
        page = await scene.alice.get(scene.path + door)
        assert "&lt;img src=x" in page.text
        assert "<img src=x" not in page.text
