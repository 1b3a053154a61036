"""The inbox: what it shows to whom, and how it is answered."""

from __future__ import annotations

import httpx2
import pytest

from hubbub.domain import invitations, knocks, memberships, roles, rooms
from tests import elements, people
from tests.web import conftest

pytestmark = pytest.mark.anyio

PAGE = {"Accept": "text/html", "Sec-Fetch-Dest": "document"}


@pytest.fixture
async def scene(house: conftest.House, staged: conftest.Staged) -> conftest.Scene:
    """Nobody comes into this room but who is asked."""
    return await staged(house, access="invited")


async def ask(scene: conftest.Scene, name: str = "charlie") -> httpx2.Response:
    return await scene.alice.post(f"{scene.path}/invitations", data={"username": name})


async def forms(client: httpx2.AsyncClient) -> list[str]:
    """Where the invitations in the inbox are answered."""
    page = elements.parse((await client.get("/inbox")).text)
    return [form.get("action") for form in page.named("form") if form.of_class("waiting__accept")]


async def badge(client: httpx2.AsyncClient, path: str = "/inbox") -> str:
    """What the link to the inbox says, on a page as a browser asks for it."""
    page = elements.parse((await client.get(path, headers=PAGE)).text)
    [link] = [link for link in page.named("a") if link.get("href") == "/inbox"]
    return " ".join(link.text.split())


async def is_in(house: conftest.House, scene: conftest.Scene) -> bool:
    found = await memberships.find(house.db, scene.cast.room.id, scene.cast.charlie.id)
    return found is not None


# -- invitations -------------------------------------------------------------------------------


async def test_who_is_asked_finds_the_room_by_its_title_and_nothing_else_of_it(
    scene: conftest.Scene,
) -> None:
    assert (await ask(scene)).status_code == 303
    page = await scene.charlie.get("/inbox")
    assert "Design talk" in page.text
    assert "Alice (@Alice) asked you" in page.text
    assert scene.path not in page.text
    nothing = await scene.charlie.get("/r/" + "a" * 36, headers=conftest.JSON)
    for door in ("", "/people", "/messages"):
        refused = await scene.charlie.get(scene.path + door, headers=conftest.JSON)
        assert (refused.status_code, refused.text) == (404, nothing.text)


async def test_accepting_leads_into_the_room(house: conftest.House, scene: conftest.Scene) -> None:
    await ask(scene)
    [form] = await forms(scene.charlie)
    answer = await scene.charlie.post(form, data={"answer": "accept"})
    assert (answer.status_code, answer.headers["location"]) == (303, scene.path)
    assert await is_in(house, scene)
    assert await forms(scene.charlie) == []
    assert (await scene.charlie.get(scene.path)).status_code == 200
    assert (await scene.charlie.post(form, data={"answer": "accept"})).status_code == 404


async def test_declining_leads_back_and_is_told_to_nobody(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await ask(scene)
    [form] = await forms(scene.charlie)
    answer = await scene.charlie.post(form, data={"answer": "decline"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/inbox")
    assert not await is_in(house, scene)
    assert "Nothing waits for you" in (await scene.charlie.get("/inbox")).text
    assert "Invited, and not here yet" not in (await scene.alice.get(f"{scene.path}/people")).text


@pytest.mark.parametrize("answer", ["", "yes", "ACCEPT"])
async def test_what_is_no_answer_is_asked_again(
    house: conftest.House, scene: conftest.Scene, answer: str
) -> None:
    await ask(scene)
    [form] = await forms(scene.charlie)
    refused = await scene.charlie.post(form, data={"answer": answer})
    assert refused.status_code == 422
    assert [e.get("role") for e in elements.parse(refused.text).of_class("error")] == ["alert"]
    assert await forms(scene.charlie) == [form]
    assert not await is_in(house, scene)


async def test_nobody_answers_for_another_nor_learns_what_is_there(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await ask(scene)
    [form] = await forms(scene.charlie)
    answers = [
        await scene.bob.post(path, data={"answer": "accept"}, headers=conftest.JSON)
        for path in (form, "/inbox/999999", "/inbox/x", "/inbox/" + "9" * 30)
    ]
    assert {(answer.status_code, answer.text) for answer in answers} == {(404, answers[0].text)}
    assert await forms(scene.charlie) == [form]
    assert (await scene.nobody.post(form, data={"answer": "accept"})).status_code == 401
    elsewhere = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    forged = await scene.charlie.post(form, data={"answer": "accept"}, headers=elsewhere)
    assert forged.status_code == 403
    assert not await is_in(house, scene)


async def test_who_is_signed_out_is_led_through_the_login(scene: conftest.Scene) -> None:
    answer = await scene.nobody.get("/inbox", headers=PAGE)
    assert answer.status_code == 303
    assert httpx2.URL(answer.headers["location"]).params["next"] == "/inbox"


async def test_a_locked_room_says_so_and_keeps_the_invitation(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await ask(scene)
    [form] = await forms(scene.charlie)
    await house.db.run("UPDATE rooms SET locked_at = 1 WHERE id = :id", {"id": scene.cast.room.id})
    refused = await scene.charlie.post(form, data={"answer": "accept"})
    assert refused.status_code == 409
    assert "locked" in refused.text
    assert await forms(scene.charlie) == [form]


# -- asking and taking back --------------------------------------------------------------------


async def test_who_asks_sees_who_has_not_answered_and_can_take_it_back(
    scene: conftest.Scene,
) -> None:
    answer = await ask(scene)
    assert answer.headers["location"] == f"{scene.path}/people"
    page = elements.parse((await scene.alice.get(f"{scene.path}/people")).text)
    assert "Invited, and not here yet" in page.text
    [form] = [f for f in page.named("form") if f.get("action").endswith("/withdrawal")]
    members = await scene.bob.get(f"{scene.path}/people")
    assert "Invited, and not here yet" not in members.text
    assert (await scene.bob.post(form.get("action"))).status_code == 403
    assert (await scene.charlie.post(form.get("action"))).status_code == 404
    assert len(await forms(scene.charlie)) == 1
    taken = await scene.alice.post(form.get("action"))
    assert (taken.status_code, taken.headers["location"]) == (303, f"{scene.path}/people")
    assert await forms(scene.charlie) == []


async def test_a_moderator_asks_too_and_gets_a_refused_name_back(
    house: conftest.House, scene: conftest.Scene
) -> None:
    cast = scene.cast
    await roles.change(house.db, cast.room, cast.alice, cast.bob, "moderator")
    refused = await scene.bob.post(f"{scene.path}/invitations", data={"username": "nora"})
    assert refused.status_code == 422
    [box] = [b for b in elements.parse(refused.text).named("input") if b.get("aria-invalid")]
    assert box.get("value") == "nora"
    sent = await scene.bob.post(f"{scene.path}/invitations", data={"username": "charlie"})
    assert sent.status_code == 303
    assert len(await forms(scene.charlie)) == 1


async def test_asking_too_often_is_slowed_down(
    opened: conftest.Open, staged: conftest.Staged
) -> None:
    async with opened(rate_limits=True) as house:
        scene = await staged(house)
        codes = [(await ask(scene, f"nobody-{number}")).status_code for number in range(31)]
        assert codes == [422] * 30 + [429]


async def test_who_was_asked_three_times_is_left_alone_for_a_week(
    opened: conftest.Open, staged: conftest.Staged
) -> None:
    async with opened(rate_limits=True) as house:
        scene = await staged(house, access="invited")
        await people.person(house.db, "Dora")
        for name in ("charlie", "CHARLIE", " charlie "):
            assert (await ask(scene, name)).status_code == 303
            [form] = await forms(scene.charlie)
            await scene.charlie.post(form, data={"answer": "decline"})
        refused = await ask(scene)
        assert refused.status_code == 429
        assert "Leave them some days." in elements.parse(refused.text).one("add-error").text
        assert int(refused.headers["retry-after"]) > 6 * 24 * 3600
        assert await forms(scene.charlie) == []
        assert (await ask(scene, "dora")).status_code == 303


# -- what is to be decided ---------------------------------------------------------------------


async def test_those_who_look_after_a_room_are_led_to_what_waits_there(
    house: conftest.House, scene: conftest.Scene
) -> None:
    room = {"room_id": scene.cast.room.id, "person_id": scene.cast.bob.id}
    await house.db.run(
        "INSERT INTO held_messages (room_id, person_id, body, at)"
        " VALUES (:room_id, :person_id, 'hello', 1)",
        room,
    )
    await house.db.run(
        "INSERT INTO reports (room_id, by_id, person_id, number, at)"
        " VALUES (:room_id, :by_id, :person_id, 0, 1)",
        {**room, "by_id": scene.cast.charlie.id},
    )
    page = elements.parse((await scene.alice.get("/inbox")).text)
    found = {link.get("href"): link.text for link in page.named("a")}
    assert found[f"{scene.path}/held"] == "1 message waits"
    assert found[f"{scene.path}/reports"] == "1 report"
    assert await badge(scene.alice) == "Inbox 2 waiting for you"
    for client in (scene.bob, scene.charlie):
        assert "Nothing waits for you" in (await client.get("/inbox")).text


async def test_of_reports_nobody_in_a_room_can_look_at_administrators_are_told(
    house: conftest.House, scene: conftest.Scene
) -> None:
    root = await house.sign_in(await people.person(house.db, "root", is_admin=True))
    assert await badge(root) == "Inbox"
    await house.db.run(
        "INSERT INTO reports (room_id, by_id, person_id, number, at)"
        " VALUES (:room_id, :by_id, :person_id, 0, 1)",
        {
            "room_id": scene.cast.room.id,
            "by_id": scene.cast.bob.id,
            "person_id": scene.cast.alice.id,
        },
    )
    page = elements.parse((await root.get("/inbox")).text)
    assert [link.text for link in page.named("a") if link.get("href") == "/admin/reports"] == [
        "1 report"
    ]
    assert await badge(root) == "Inbox 1 waiting for you"
    assert await badge(scene.alice) == "Inbox"


# -- the number --------------------------------------------------------------------------------


async def test_every_page_says_how_much_waits(scene: conftest.Scene) -> None:
    pages = ("/inbox", "/rooms", "/", "/profile")
    assert {await badge(scene.charlie, path) for path in pages} == {"Inbox"}
    await ask(scene)
    found = {await badge(scene.charlie, path) for path in pages}
    assert found == {"Inbox 1 waiting for you"}
    assert await badge(scene.bob) == "Inbox"


async def test_the_number_in_a_room_stands_where_live_pages_change_it(
    house: conftest.House, scene: conftest.Scene
) -> None:
    other = await rooms.create(house.db, scene.cast.charlie, "Other", "invited")
    await invitations.invite(house.db, other, scene.cast.charlie, "bob")
    page = elements.parse((await scene.bob.get(scene.path, headers=PAGE)).text)
    assert page.one("inbox").text.split() == ["1", "waiting", "for", "you"]


async def test_what_is_no_page_is_not_asked_about_the_inbox(
    house: conftest.House, scene: conftest.Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    db_all = house.db.all

    async def noting(query: object, values: object = None) -> object:
        asked.append(str(query))
        return await db_all(query, values)  # type: ignore[arg-type]

    monkeypatch.setattr(house.db, "all", noting)
    for headers in (conftest.JSON, conftest.HTMX, {"Accept": "image/*"}):
        await scene.bob.get(f"{scene.path}/messages", headers=headers)
    assert [query for query in asked if "FROM invitations" in query] == []
    await scene.bob.get(scene.path, headers=PAGE)
    assert len([query for query in asked if "FROM invitations" in query]) == 1


async def test_a_knock_is_led_to(house: conftest.House, scene: conftest.Scene) -> None:
    link = await house.db.value(
        "INSERT INTO invitation_links (public_id, room_id, maker_id, role, knock, created_at)"
        " VALUES ('abc', :room_id, :maker_id, 'member', 1, 1) RETURNING id",
        {"room_id": scene.cast.room.id, "maker_id": scene.cast.alice.id},
    )
    await house.db.run(
        "INSERT INTO knocks (room_id, person_id, link_id, at)"
        " VALUES (:room_id, :person_id, :link_id, 1)",
        {"room_id": scene.cast.room.id, "person_id": scene.cast.charlie.id, "link_id": link},
    )
    page = elements.parse((await scene.alice.get("/inbox")).text)
    found = {link.get("href"): link.text for link in page.named("a")}
    assert found[f"{scene.path}/knocks"] == "1 person asks to enter"
    assert len(await knocks.waiting(house.db, scene.cast.room)) == 1
