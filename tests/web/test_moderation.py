"""The doors of those who look after a room: pages, cards, plain forms, and what they refuse."""

from __future__ import annotations

import pathlib
import re

import httpx2
import pytest

from hubbub.domain import (
    acts,
    clock,
    history,
    memberships,
    messages,
    permissions,
    roles,
    roll,
    rooms,
    subjects,
)
from tests import contents, elements, people
from tests.web import conftest

pytestmark = pytest.mark.anyio

ROOT = pathlib.Path(__file__).resolve().parents[2]
HOW = ({}, conftest.HTMX, conftest.JSON)


async def say(house: conftest.House, scene: conftest.Scene, body: str = "said") -> None:
    await messages.post(house.db, scene.cast.room, scene.cast.bob, messages.Draft(body))


async def bob(house: conftest.House, scene: conftest.Scene) -> rooms.Member | None:
    return await memberships.find(house.db, scene.cast.room.id, scene.cast.bob.id)


async def acts_told(house: conftest.House, scene: conftest.Scene) -> list[str]:
    return [entry.act for entry in await acts.latest(house.db, scene.cast.room.id)]


def forms(answer: httpx2.Response) -> dict[str, elements.Element]:
    """The forms of an answer by where they go."""
    found = elements.parse(answer.text).named("form")
    return {form.get("action").rpartition("/r/")[2].partition("/")[2]: form for form in found}


def same(answer: httpx2.Response) -> str:
    """An answer but for the number of its request."""
    return re.sub(r"Request [0-9a-f]{16}", "", answer.text)


# -------------------------------------------------------------------- card


async def test_a_card_offers_what_one_may_do_about_a_person(scene: conftest.Scene) -> None:
    for headers in ({}, conftest.HTMX):
        answer = await scene.alice.get(f"{scene.path}/people/BOB", headers=headers)
        assert answer.status_code == 200
        offered = set(forms(answer)) & {"mutes", "removals", "bans", "roles"}
        assert offered == {"mutes", "removals", "bans", "roles"}
        assert ("<html" in answer.text) == (not headers)


async def test_the_page_about_a_person_is_called_by_their_name(scene: conftest.Scene) -> None:
    page = elements.parse((await scene.alice.get(f"{scene.path}/people/bob")).text)
    assert [one.text for one in page.named("h1")] == ["Manage Bob"]
    assert page.named("title")[0].text.startswith("Manage Bob – ")


async def test_moderators_are_offered_no_roles_and_nothing_about_those_above(
    house: conftest.House, scene: conftest.Scene
) -> None:
    cast = scene.cast
    await roles.change(house.db, cast.room, cast.alice, cast.bob, "moderator")
    await memberships.join(house.db, cast.room, cast.charlie)
    card = await scene.bob.get(f"{scene.path}/people/charlie", headers=conftest.HTMX)
    assert set(forms(card)) == {"mutes", "removals", "bans"}
    for name in ("alice", "bob"):
        card = await scene.bob.get(f"{scene.path}/people/{name}", headers=conftest.HTMX)
        assert not forms(card)
        assert "or above" in card.text


async def test_a_card_is_for_those_who_look_after_the_room_and_about_those_in_it(
    house: conftest.House, scene: conftest.Scene
) -> None:
    assert (await scene.bob.get(f"{scene.path}/people/alice")).status_code == 403
    assert (await scene.charlie.get(f"{scene.path}/people/alice")).status_code == 403
    nobody = await scene.alice.get(f"{scene.path}/people/nobody-of-this-name")
    known = await scene.alice.get(f"{scene.path}/people/charlie")
    assert (nobody.status_code, known.status_code) == (404, 404)
    assert same(nobody) == same(known), "who has an account is not told here"


async def test_a_name_card_leads_on_to_those_acts_in_the_rooms_one_looks_after(
    house: conftest.House, scene: conftest.Scene
) -> None:
    way = f"{scene.path}/people/Bob"
    assert way in (await scene.alice.get("/people/bob", headers=conftest.HTMX)).text
    theirs = (await scene.bob.get("/people/alice", headers=conftest.HTMX)).text
    assert scene.path in theirs
    assert f"{scene.path}/people" not in theirs
    cast = scene.cast
    await roles.change(house.db, cast.room, cast.alice, cast.bob, "owner")
    assert way not in (await scene.alice.get("/people/bob", headers=conftest.HTMX)).text


async def test_a_room_is_handed_over_from_the_card_but_not_to_oneself(
    house: conftest.House, scene: conftest.Scene
) -> None:
    assert "ownership" not in forms(await scene.alice.get(f"{scene.path}/people/alice"))
    form = forms(await scene.alice.get(f"{scene.path}/people/bob"))["ownership"]
    await scene.alice.post(form.get("action"), data={"username": "Bob"}, headers=conftest.HTMX)
    member = await bob(house, scene)
    assert member is not None
    assert member.role == "owner"


# ------------------------------------------------------------------- doors


async def test_muting_and_unmuting_in_three_forms(
    house: conftest.House, scene: conftest.Scene
) -> None:
    for headers, status in zip(HOW, (303, 204, 200), strict=True):
        form = {"username": "bob", "minutes": "60", "reason": "too loud"}
        before = clock.now()
        answer = await scene.alice.post(f"{scene.path}/mutes", data=form, headers=headers)
        assert answer.status_code == status
        muted = await bob(house, scene)
        assert muted is not None
        assert muted.muted_until is not None
        assert before + clock.HOUR <= muted.muted_until <= clock.now() + clock.HOUR
        lift = {"username": "bob"}
        answer = await scene.alice.post(f"{scene.path}/mutes/removal", data=lift, headers=headers)
        assert answer.status_code == status
        free = await bob(house, scene)
        assert free is not None
        assert free.muted_until is None
    assert await acts_told(house, scene) == ["unmuted", "muted"] * 3


async def test_the_muted_are_refused_what_they_may_not_and_told_until_when(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await say(house, scene)
    await scene.alice.post(f"{scene.path}/mutes", data={"username": "bob", "minutes": "10"})
    for door, form in (
        ("messages", {"body": "hello"}),
        ("1/edition", {"body": "else"}),
        ("1/reactions", {"emoji": "🎉"}),
    ):
        answer = await scene.bob.post(f"{scene.path}/{door}", data=form, headers=conftest.JSON)
        assert answer.status_code == 403
        assert "muted" in answer.json()["error"]
    assert "You are muted until" in (await scene.bob.get(f"{scene.path}/rights")).text
    [told] = elements.parse((await scene.bob.get(scene.path)).text).of_class("told")
    assert "muted here until" in told.text
    assert not elements.parse((await scene.alice.get(scene.path)).text).of_class("told")
    assert (await scene.bob.post(f"{scene.path}/1/erasure")).status_code == 303
    assert (await scene.bob.post(f"{scene.path}/departure")).status_code == 303


async def test_a_ban_shuts_every_door_with_the_answer_for_no_room(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await say(house, scene)
    form = {"username": "bob", "reason": "spam", "purge": "yes"}
    answer = await scene.alice.post(f"{scene.path}/bans", data=form)
    assert answer.headers["location"] == f"{scene.path}/bans"
    missing = house.links.room_path(
        rooms.Room(0, "a" * 10, 0, "", "", "link", None, 0, 0, 0, 0, None, None)
    )
    for path in ("", "/1", "/people", "/log", "/rights", "/search?q=said", "/arrival", "/messages"):
        method = "POST" if path in {"/arrival", "/messages"} else "GET"
        for headers in HOW:
            theirs = await scene.bob.request(method, scene.path + path, headers=headers)
            none = await scene.bob.request(method, missing + path, headers=headers)
            assert theirs.status_code == none.status_code == 404
            assert same(theirs) == same(none)
    assert (await history.one(house.db, scene.cast.room.id, 1)).body == ""
    assert "@Bob" in (await scene.alice.get(f"{scene.path}/bans")).text
    await scene.alice.post(f"{scene.path}/bans/removal", data={"username": "bob"})
    assert (await scene.bob.get(scene.path)).status_code == 200


async def test_a_ban_takes_files_out_of_the_store(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await scene.bob.post(
        f"{scene.path}/messages",
        data={"body": "a file"},
        files={"file": ("notes.txt", b"unwanted", "text/plain")},
        headers=conftest.JSON,
    )
    [digest] = [row["digest"] for row in await house.db.all("SELECT digest FROM attachments")]
    files = house.state["files"]
    assert await files.has(digest)
    await scene.alice.post(f"{scene.path}/bans", data={"username": "bob", "purge": "yes"})
    assert await house.db.value("SELECT count(*) FROM attachments") == 0
    assert not await files.has(digest)
    assert digest not in await contents.of(house.db)


async def test_a_guest_who_is_banned_is_signed_out_by_it(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await house.db.run(
        "UPDATE people SET guest_of = :room WHERE username = 'Bob'", {"room": scene.cast.room.id}
    )
    assert (await scene.bob.get(scene.path)).status_code == 200
    await scene.alice.post(f"{scene.path}/bans", data={"username": "bob"})
    assert (await scene.bob.get(scene.path)).headers["location"].startswith("/login")
    assert (await scene.bob.get("/profile")).headers["location"].startswith("/login")


async def test_who_has_an_account_stays_signed_in(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await scene.alice.post(f"{scene.path}/bans", data={"username": "bob"})
    assert (await scene.bob.get("/rooms")).status_code == 200


async def test_somebody_who_was_never_here_is_banned_by_name(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await scene.alice.post(f"{scene.path}/bans", data={"username": "Charlie", "minutes": "1440"})
    assert (await scene.charlie.get(scene.path)).status_code == 404
    [ban] = await subjects.bans(house.db, scene.cast.room.id)
    assert ban.until is not None
    assert ban.until - ban.at == pytest.approx(clock.DAY, abs=clock.MINUTE)


async def test_a_role_is_given_by_an_owner_and_told(
    house: conftest.House, scene: conftest.Scene
) -> None:
    form = {"username": "bob", "role": "moderator"}
    assert (await scene.bob.post(f"{scene.path}/roles", data=form)).status_code == 403
    assert (await scene.alice.post(f"{scene.path}/roles", data=form)).status_code == 303
    member = await bob(house, scene)
    assert member is not None
    assert member.role == "moderator"
    kinds = await house.db.all("SELECT kind FROM security_events")
    assert "role changed in room" in [row["kind"] for row in kinds]
    last = {"username": "alice", "role": "member"}
    refused = await scene.alice.post(f"{scene.path}/roles", data=last)
    assert refused.status_code == 409
    assert "only owner" in refused.text


@pytest.mark.parametrize(
    ("door", "form", "status"),
    [
        ("mutes", {"username": "bob", "minutes": "never"}, 422),
        ("mutes", {"username": "bob", "minutes": "999999999999"}, 422),
        ("mutes", {"username": "charlie", "minutes": "10"}, 422),
        ("mutes", {"username": "alice", "minutes": "10"}, 403),
        ("mutes", {"username": "bob", "minutes": "10", "reason": "x" * 251}, 422),
        ("mutes", {}, 422),
        ("bans", {"username": "nobody-of-this-name", "reason": "why"}, 422),
        ("bans", {"username": "alice"}, 403),
        ("bans", {"username": "bob", "minutes": "0"}, 422),
        ("removals", {"username": "charlie"}, 422),
        ("removals", {"username": "bob", "reason": "a\nb"}, 422),
        ("roles", {"username": "bob", "role": "emperor"}, 422),
        ("roles", {"username": "charlie", "role": "member"}, 422),
    ],
)
async def test_what_is_refused_comes_back_with_one_sentence(
    house: conftest.House, scene: conftest.Scene, door: str, form: dict[str, str], status: int
) -> None:
    before = await conftest.room_now(house, scene)
    for headers in HOW:
        answer = await scene.alice.post(f"{scene.path}/{door}", data=form, headers=headers)
        assert answer.status_code == status
    page = await scene.alice.post(f"{scene.path}/{door}", data=form)
    alerts = [one for one in elements.parse(page.text).every() if one.get("role") == "alert"]
    assert len(alerts) == 1
    if form.get("reason") == "why":
        typed = {one.get("value") for one in elements.parse(page.text).named("input")}
        assert {"why", "nobody-of-this-name"} <= typed
    assert await conftest.room_now(house, scene) == before


# --------------------------------------------------------------- tombstones


async def test_a_tombstone_is_drawn_with_who_and_why(
    house: conftest.House, scene: conftest.Scene
) -> None:
    for _ in range(3):
        await say(house, scene, "<rude>")
    form = forms(await scene.alice.get(f"{scene.path}/1/erasure"))["1/erasure"]
    assert "Bob wrote this." in form.text
    await scene.alice.post(f"{scene.path}/1/erasure", data={"reason": "<b>rude"})
    await scene.alice.post(f"{scene.path}/2/erasure", headers=conftest.HTMX)
    await scene.bob.post(f"{scene.path}/3/erasure", data={"reason": "not mine to give"})
    page = elements.parse((await scene.charlie.get(scene.path)).text)
    assert page.one("b1").text == "Removed by Alice: <b>rude"
    assert page.one("b2").text == "Removed by Alice"
    assert page.one("b3").text == "Message deleted"


async def test_the_menu_offers_to_take_down_only_what_stands_below(
    house: conftest.House, scene: conftest.Scene
) -> None:
    cast, db = scene.cast, house.db
    await say(house, scene)
    await messages.post(db, cast.room, cast.alice, messages.Draft("the owner's"))

    async def offered(client: httpx2.AsyncClient, number: int) -> tuple[bool, bool]:
        text = (await client.get(f"{scene.path}/{number}/menu", headers=conftest.HTMX)).text
        return "/erasure" in text, "Mute, remove or ban" in text

    assert await offered(scene.alice, 1) == (True, True)
    assert await offered(scene.alice, 2) == (True, False)
    assert await offered(scene.bob, 1) == (True, False)
    assert await offered(scene.bob, 2) == (False, False)
    await roles.change(db, cast.room, cast.alice, cast.bob, "moderator")
    assert await offered(scene.bob, 2) == (False, False)
    assert (await scene.bob.get(f"{scene.path}/2/erasure")).status_code == 403
    await scene.charlie.get(scene.path)
    await memberships.leave(db, cast.room, cast.bob)
    assert await offered(scene.charlie, 1) == (False, False), "who left is no prey for members"
    assert (await scene.charlie.get(f"{scene.path}/1/erasure")).status_code == 403


async def test_who_runs_the_site_takes_down_without_being_in_the_room(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await say(house, scene)
    root = await house.sign_in(await people.person(house.db, "root", is_admin=True))
    assert (await root.get(f"{scene.path}/1/erasure")).status_code == 200
    assert (await root.get(f"{scene.path}/1/edition")).status_code == 403
    assert (await root.post(f"{scene.path}/1/erasure", headers=conftest.JSON)).status_code == 200
    assert (await history.one(house.db, scene.cast.room.id, 1)).deleted_by == "root"
    assert (await root.get(f"{scene.path}/9/erasure")).status_code == 404


# --------------------------------------------------------------------- log


async def test_members_read_what_was_done_and_nobody_else_does(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await say(house, scene)
    path = scene.path
    await scene.alice.post(f"{path}/1/erasure", data={"reason": "rude"})
    await scene.alice.post(f"{path}/title", data={"title": "Another title"})
    await scene.alice.post(f"{path}/mutes", data={"username": "bob", "minutes": "10"})
    page = await scene.bob.get(f"{path}/log")
    [told] = elements.parse(page.text).of_class("deeds")
    sentences = [deed.text for deed in told.elements]
    assert "Alice muted Bob until" in sentences[0]
    assert "Alice changed the title to “Another title”." in sentences[1]
    assert "Alice removed message 1 by Bob." in sentences[2]
    assert "rude" in sentences[2]
    assert (await scene.charlie.get(f"{path}/log")).status_code == 403


async def test_an_invitation_link_is_told_by_its_label_where_it_has_one(
    scene: conftest.Scene,
) -> None:
    for label in ("Fair", ""):
        fields = {"role": "member", "label": label, "expires": "week", "uses": "10"}
        made = await scene.alice.post(f"{scene.path}/links", data=fields)
        assert made.status_code == 303
    page = await scene.bob.get(f"{scene.path}/log")
    [told] = elements.parse(page.text).of_class("deeds")
    newest, before, *_ = [deed.text for deed in told.elements]
    assert "Alice made an invitation link without a label." in newest
    assert "Alice made the invitation link “Fair”." in before


async def test_acts_there_are_no_words_for_break_no_page(
    house: conftest.House, scene: conftest.Scene
) -> None:
    room = scene.cast.room
    values = {"room": room.id, "by": 999, "act": "something_new"}
    await house.db.run(
        "INSERT INTO acts (room_id, at, by_id, act) VALUES (:room, 1, :by, :act)", values
    )
    for act in ("muted", "banned", "took_down", "purged", "role", "paced", "link_made", "access"):
        await house.db.run(
            "INSERT INTO acts (room_id, at, by_id, act) VALUES (:room, 1, :by, :act)",
            {**values, "act": act},
        )
    page = await scene.bob.get(f"{scene.path}/log")
    assert page.status_code == 200
    assert "Somebody did something here: something new." in page.text


async def test_every_act_that_is_recorded_has_its_sentence() -> None:
    """Nothing anyone writes into the log falls through to the words for what is unknown."""
    template = (ROOT / "templates/acts/_sentence.html").read_text()
    sources = (ROOT / "src/hubbub").rglob("*.py")
    text = "\n".join(path.read_text() for path in sources)
    recorded = set(re.findall(r"acts\.record\(\s*change,\s*\"([a-z_]+)\"", text))
    # Those whose name is put together where they are recorded.
    recorded |= {"titled", "topic", "access", "link", "archived", "unarchived", "locked"}
    recorded |= {"unlocked", "paced", "held", "link_revoked", "link_purged"}
    assert len(recorded) > 20
    assert {act for act in recorded if f'"{act}"' not in template} == set()


async def test_the_log_is_read_in_pages(
    house: conftest.House, scene: conftest.Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acts, "PAGE", 2)
    for title in ("one", "two", "three"):
        await scene.alice.post(f"{scene.path}/title", data={"title": title})
    first = elements.parse((await scene.bob.get(f"{scene.path}/log")).text)
    [older] = [link for link in first.named("a") if link.get("rel") == "next"]
    second = await scene.bob.get(f"{scene.path}/log{older.get('href')}")
    assert "“one”" in second.text
    assert "“two”" not in second.text


# ------------------------------------------------------------------ people


async def test_the_page_of_people_shows_parts_and_pages(
    house: conftest.House, scene: conftest.Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roll, "PAGE", 1)
    await scene.alice.post(f"{scene.path}/mutes", data={"username": "bob", "minutes": "10"})
    for client, manages in ((scene.alice, True), (scene.bob, False)):
        page = await client.get(f"{scene.path}/people")
        [further] = [one for one in elements.parse(page.text).named("a") if one.get("rel")]
        second = await client.get(f"{scene.path}/people{further.get('href')}")
        [person] = elements.parse(second.text).of_class("person")
        assert "Bob" in person.text
        assert "muted" in person.text
        assert (f"{scene.path}/people/Bob" in second.text) == manages
    muted = await scene.bob.get(f"{scene.path}/people", params={"part": "muted"})
    assert [one.text for one in elements.parse(muted.text).of_class("person__name")] == ["Bob"]
    odd = await scene.bob.get(f"{scene.path}/people", params={"part": "x", "skip": "x", "q": "%"})
    assert odd.status_code == 200


async def test_settings_show_only_what_one_may_decide(
    house: conftest.House, scene: conftest.Scene
) -> None:
    cast = scene.cast
    path = f"{scene.path}/settings"
    assert (await scene.bob.get(path)).status_code == 403
    await roles.change(house.db, cast.room, cast.alice, cast.bob, "moderator")
    theirs = set(forms(await scene.bob.get(path)))
    assert "topic" in theirs
    assert not theirs & {"title", "access", "archival", "deletion", "ownership", "link"}
    root = await house.sign_in(await people.person(house.db, "root", is_admin=True))
    theirs = set(forms(await root.get(path)))
    assert {"archival", "deletion"} <= theirs
    assert not theirs & {"title", "topic", "access", "ownership", "link"}
    owners = set(forms(await scene.alice.get(path)))
    assert {"title", "topic", "access", "archival", "deletion", "ownership", "link"} <= owners


async def test_what_one_may_do_is_told_as_the_gate_has_it(
    house: conftest.House, scene: conftest.Scene
) -> None:
    for client, standing, sentence in (
        (scene.alice, permissions.Standing.OWNER, "You are an owner of this room."),
        (scene.bob, permissions.Standing.MEMBER, "You are a member of this room."),
    ):
        for headers in ({}, conftest.HTMX):
            page = await client.get(f"{scene.path}/rights", headers=headers)
            assert sentence in page.text
            told = elements.parse(page.text).of_class("rights__right")
            refused = [one for one in told if "rights__right--not" in one.classes]
            may = {act for act in permissions.Act if standing in permissions.TABLE[act]}
            assert len(told) - len(refused) == len(may - {permissions.Act.JOIN})
    assert (await scene.charlie.get(f"{scene.path}/rights")).status_code == 403


async def test_a_page_that_asks_again_hears_of_the_end_of_a_mute_and_not_before(
    scene: conftest.Scene,
) -> None:
    async def over() -> bool:
        page = elements.parse((await scene.bob.get(scene.path, headers=conftest.HTMX)).text)
        silent = page.one("standing").elements[0].get("data-silent", "no") == ""
        assert silent != bool(page.one("writing").elements)
        return page.find("unmuted") is not None

    await scene.alice.post(f"{scene.path}/mutes", data={"username": "Bob", "minutes": "10"})
    assert not await over()
    await scene.alice.post(f"{scene.path}/mutes/removal", data={"username": "Bob"})
    assert await over()


async def test_who_is_muted_is_offered_no_composer_until_they_may_write_again(
    scene: conftest.Scene,
) -> None:
    async def offered() -> tuple[bool, bool]:
        page = elements.parse((await scene.bob.get(scene.path)).text)
        skips = {link.get("href") for link in page.named("a")}
        return any(one.get("id") == "composer" for one in page.every()), "#body" in skips

    assert await offered() == (True, True)
    await scene.alice.post(f"{scene.path}/mutes", data={"username": "Bob", "minutes": "10"})
    assert await offered() == (False, False)
    await scene.alice.post(f"{scene.path}/mutes/removal", data={"username": "Bob"})
    assert await offered() == (True, True)
