"""Guests at the doors: the form that lets them in, what they may open, and what they may not."""

from __future__ import annotations

import asyncio
import dataclasses
import re
import uuid
from typing import Any

import httpx2
import pytest
from starlette.routing import Route

from hubbub.domain import bans, guests, invitation_links, memberships, rooms, site
from hubbub.web import routes
from tests import elements, people
from tests.web import conftest
from tests.web.test_rooms import same

# ruff: noqa: SIM905 - a list of words is read more easily as words.

pytestmark = pytest.mark.anyio

PAGE = {"Sec-Fetch-Dest": "document", "Accept": "text/html"}


async def open_up(house: conftest.House, scene: conftest.Scene) -> conftest.Scene:
    answer = await scene.alice.post(f"{scene.path}/guest-access", data={"guests": "yes"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{scene.path}/settings")
    return scene


@pytest.fixture
async def let_in(house: conftest.House, scene: conftest.Scene) -> conftest.Scene:
    """The room of every test, whose owner lets in guests."""
    return await open_up(house, scene)


async def form(client: httpx2.AsyncClient, path: str) -> tuple[str, dict[str, str]]:
    """Where the form of a door posts to, and what is in its fields."""
    answer = await client.get(path, headers=PAGE)
    assert answer.status_code == 200, answer.text[:500]
    (found,) = (
        one for one in elements.parse(answer.text).named("form") if "guests" in one.get("action")
    )
    return found.get("action"), {one.get("name"): one.get("value") for one in found.named("input")}


async def come(
    house: conftest.House, path: str, name: str = "Gwen", body: str = "hello", **more: str
) -> httpx2.AsyncClient:
    """Somebody opens the link, fills in the form, and is in."""
    client = house.browser(**more)
    action, fields = await form(client, path)
    answer = await client.post(action, data=fields | {"name": name, "body": body})
    assert answer.status_code == 303, (answer.status_code, answer.text[:500])
    return client


def said(answer: httpx2.Response) -> list[elements.Element]:
    """The messages on a page, from top to bottom."""
    return [one for one in elements.parse(answer.text).every() if re.fullmatch(r"m\d+", one.id)]


async def everyone(house: conftest.House, scene: conftest.Scene) -> list[memberships.Member]:
    return await memberships.people(house.db, scene.cast.room.id)


async def guest_of(house: conftest.House, scene: conftest.Scene) -> memberships.Member:
    (found,) = (one for one in await everyone(house, scene) if one.role == "guest")
    return found


def led_to_login(answer: httpx2.Response, path: str) -> bool:
    if answer.status_code != 303:
        return False
    url = httpx2.URL(answer.headers["location"])
    return url.path == "/login" and url.params["next"] == path


# -- which doors are there ---------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["off", "by-room", "on"])
@pytest.mark.parametrize("switch", [False, True], ids=["switched off", "switched on"])
@pytest.mark.parametrize("access", ["link", "listed", "invited"])
async def test_the_form_is_there_where_site_and_room_let_in_guests(
    house: conftest.House, staged: conftest.Staged, access: str, switch: bool, mode: str
) -> None:
    scene = await staged(house, access)
    await guests.allow(house.db, scene.cast.room, scene.cast.alice, is_open=switch)
    house.state["site"].now = dataclasses.replace(house.state["site"].now, guests=mode)
    answer = await scene.nobody.get(scene.path, headers=PAGE)
    sent = {"name": "Gwen", "body": "hello", "cid": str(uuid.uuid4())}
    came = await scene.nobody.post(f"{scene.path}/guests", data=sent)
    if access != "invited" and (mode == "on" or (mode == "by-room" and switch)):
        assert answer.status_code == 200
        assert (came.status_code, came.headers["location"]) == (303, scene.path)
    else:
        assert led_to_login(answer, scene.path)
        assert came.status_code == 401


@pytest.mark.parametrize("noun", ["archival", "deletion", "lock"])
async def test_a_room_that_is_closed_has_no_form(
    house: conftest.House, let_in: conftest.Scene, noun: str
) -> None:
    fields = {"archived": "yes", "locked": "yes", "sure": "yes"}
    assert (await let_in.alice.post(f"{let_in.path}/{noun}", data=fields)).status_code == 303
    assert led_to_login(await let_in.nobody.get(let_in.path, headers=PAGE), let_in.path)
    sent = {"name": "Gwen", "body": "hello"}
    assert (await let_in.nobody.post(f"{let_in.path}/guests", data=sent)).status_code == 401


async def test_a_wrong_key_is_answered_like_a_right_one_of_a_room_without_guests(
    house: conftest.House, let_in: conftest.Scene
) -> None:
    closed = await rooms.create(house.db, let_in.cast.alice, "Closed")
    key = let_in.path.removeprefix("/r/")
    wrong = key[:10] + ("b" if key[10] == "a" else "a") + key[11:]
    for path in (house.path(closed), f"/r/{wrong}", "/r/" + "a" * 36, "/r/x", "/r/" + "x" * 500):
        for headers in (PAGE, conftest.HTMX, conftest.JSON):
            seen = await let_in.nobody.get(path, headers=headers)
            assert led_to_login(seen, path) if headers is PAGE else seen.status_code == 401
            fields = {"name": "Gwen", "body": "hello"}
            sent = await let_in.nobody.post(f"{path}/guests", data=fields, headers=headers)
            assert sent.status_code == 401
            assert "set-cookie" not in sent.headers


async def test_who_guessed_too_often_is_not_told_of_the_right_key(
    opened: conftest.Open, staged: conftest.Staged
) -> None:
    async with opened(rate_limits=True) as house:
        scene = await open_up(house, await staged(house))
        key = scene.path.removeprefix("/r/")
        wrong = f"/r/{key[:10]}" + ("b" if key[10] == "a" else "a") + key[11:]
        for _ in range(25):
            assert led_to_login(await scene.nobody.get(wrong, headers=PAGE), wrong)
        assert led_to_login(await scene.nobody.get(scene.path, headers=PAGE), scene.path)
        elsewhere = house.browser("192.0.2.9")
        assert (await elsewhere.get(scene.path, headers=PAGE)).status_code == 200
        # … and nobody is kept from a room that was not guessed at.
        other = await rooms.create(house.db, scene.cast.alice, "Another")
        await guests.allow(house.db, other, scene.cast.alice, is_open=True)
        assert (await scene.nobody.get(house.path(other), headers=PAGE)).status_code == 200


async def test_the_form_shows_no_message_and_no_name(
    house: conftest.House, let_in: conftest.Scene
) -> None:
    await let_in.alice.post(f"{let_in.path}/topic", data={"topic": "Chairs and lamps"})
    await let_in.alice.post(f"{let_in.path}/messages", data={"body": "between us"})
    text = (await let_in.nobody.get(let_in.path, headers=PAGE)).text
    assert "Design talk" in text
    assert "Chairs and lamps" in text
    assert "2 people talk here." in text
    assert not re.search("between us|Alice|Bob", text)
    assert await house.db.value("SELECT count(*) FROM people") == 3  # Looking makes nobody.


# -- coming in ---------------------------------------------------------------------------------


async def test_one_form_is_the_whole_way_in(house: conftest.House, let_in: conftest.Scene) -> None:
    client = await come(house, let_in.path, body="hello all")
    page = await client.get(let_in.path, headers=PAGE)
    assert page.status_code == 200
    member = await guest_of(house, let_in)
    (article,) = said(page)
    assert article.get("data-author") == member.person.username
    assert f"guest {member.person.username[-4:]}" in article.of_class("message__head")[0].text
    assert article.of_class("message__body")[0].text == "hello all"
    (seen,) = said(await let_in.bob.get(let_in.path))
    assert seen.get("data-author") == member.person.username
    assert "door" not in client.cookies


async def test_the_answer_to_a_program_is_that_to_a_message(let_in: conftest.Scene) -> None:
    cid = str(uuid.uuid4())
    fields = {"name": "Gwen", "body": "hello", "cid": cid}
    path = f"{let_in.path}/guests"
    answer = await let_in.nobody.post(path, data=fields, headers=conftest.JSON)
    assert (answer.status_code, answer.json()["cid"], answer.json()["number"]) == (201, cid, 1)
    again = await let_in.nobody.post(path, data=fields, headers=conftest.JSON)
    assert (again.status_code, again.json()["number"]) == (200, 1)


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "", "body": "hello"},
        {"name": "x" * 51, "body": "hello"},
        {"name": "Gwen", "body": ""},
        {"name": "Gwen", "body": "x" * 4001},
        {"name": "Gwen\u202e", "body": "hello"},
    ],
    ids=["no name", "a long name", "nothing said", "a long message", "a hidden turn"],
)
async def test_what_is_refused_comes_back_filled_in_and_makes_nobody(
    house: conftest.House, let_in: conftest.Scene, fields: dict[str, str]
) -> None:
    sent = fields | {"cid": str(uuid.uuid4())}
    answer = await let_in.nobody.post(f"{let_in.path}/guests", data=sent)
    assert answer.status_code == 422
    given = {
        one.get("name"): one.get("value") for one in elements.parse(answer.text).named("input")
    }
    assert {name: given[name] for name in sent} == sent
    assert 'role="alert"' in answer.text
    assert len(await everyone(house, let_in)) == 2
    assert await house.db.value("SELECT count(*) FROM messages") == 0


async def test_a_form_sent_twice_is_one_guest_and_one_message(
    house: conftest.House, let_in: conftest.Scene
) -> None:
    client = house.browser()
    action, fields = await form(client, let_in.path)
    fields |= {"name": "Gwen", "body": "hello"}
    door = dict(client.cookies)
    both = await asyncio.gather(*(client.post(action, data=fields) for _ in range(2)))
    client.cookies.clear()
    client.cookies.update(door)
    late = await client.post(action, data=fields)
    assert {answer.status_code for answer in (*both, late)} == {303}
    await guest_of(house, let_in)
    assert await house.db.value("SELECT count(*) FROM messages") == 1


async def test_who_knows_a_message_does_not_become_its_author(
    house: conftest.House, let_in: conftest.Scene
) -> None:
    """The key of a message stands on everyone's page; what makes it the same browser does not."""
    client = house.browser()
    action, fields = await form(client, let_in.path)
    fields |= {"name": "Gwen", "body": "hello"}
    await client.post(action, data=fields)
    stranger = house.browser()
    await form(stranger, let_in.path)
    assert (await stranger.post(action, data=fields)).status_code == 303
    assert len([one for one in await everyone(house, let_in) if one.role == "guest"]) == 2


async def test_a_class_comes_in_from_one_address_and_a_crowd_does_not(
    opened: conftest.Open, staged: conftest.Staged
) -> None:
    async with opened(rate_limits=True) as house:
        scene = await open_up(house, await staged(house))
        fields = {"name": "Gwen", "body": "hello"}
        path = f"{scene.path}/guests"
        told = [(await house.browser().post(path, data=fields)).status_code for _ in range(41)]
        assert told == [303] * 40 + [429]
        refused = await house.browser().post(path, data=fields | {"name": ""})
        assert refused.status_code == 422  # What is refused anyway is not counted.


async def test_an_address_that_is_kept_out_is_told_what_everyone_is_told(
    house: conftest.House, let_in: conftest.Scene
) -> None:
    await come(house, let_in.path, address="192.0.2.1")
    guest = (await guest_of(house, let_in)).person
    await bans.ban(house.db, let_in.cast.room, let_in.cast.alice, guest)
    client = house.browser("192.0.2.1")
    action, fields = await form(client, let_in.path)
    answer = await client.post(action, data=fields | {"name": "Gwen again", "body": "hello"})
    assert answer.status_code == 403
    assert "takes no new guests at the moment" in answer.text
    assert "ban" not in elements.parse(answer.text).text.lower()
    assert 'value="Gwen again"' in answer.text
    await come(house, let_in.path, address="192.0.2.2")


async def test_who_is_signed_in_says_it_as_who_they_are(
    house: conftest.House, let_in: conftest.Scene
) -> None:
    fields = {"name": "Gwen", "body": "hello"}
    for client, status in ((let_in.bob, 303), (let_in.charlie, 403)):
        answer = await client.post(f"{let_in.path}/guests", data=fields)
        assert answer.status_code == status
    assert await house.db.value("SELECT count(*) FROM messages") == 1
    assert len(await everyone(house, let_in)) == 2


async def test_what_comes_from_another_site_makes_no_guest(
    house: conftest.House, let_in: conftest.Scene
) -> None:
    headers = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    fields = {"name": "Gwen", "body": "hello"}
    answer = await let_in.nobody.post(f"{let_in.path}/guests", data=fields, headers=headers)
    assert answer.status_code == 403
    assert len(await everyone(house, let_in)) == 2


async def test_what_they_say_first_may_be_held(
    house: conftest.House, let_in: conftest.Scene
) -> None:
    await let_in.alice.post(f"{let_in.path}/hold", data={"holds": "yes"})
    client = await come(house, let_in.path, body="buy this")
    assert await house.db.value("SELECT count(*) FROM messages") == 0
    assert await house.db.value("SELECT count(*) FROM held_messages") == 1
    page = await client.get(let_in.path)
    assert page.status_code == 200
    assert "Nothing was said here yet" in page.text
    assert f"{let_in.path}/qr.svg" not in page.text


# -- by an invitation link ---------------------------------------------------------------------


async def invitation(
    house: conftest.House, scene: conftest.Scene, **more: Any
) -> tuple[invitation_links.Link, str]:
    room = await conftest.room_now(house, scene)
    link = await invitation_links.create(house.db, room, scene.cast.alice, **more)
    return link, house.links.invitation_path(link)


async def test_an_invitation_link_lets_in_a_guest_and_counts_them(
    house: conftest.House, let_in: conftest.Scene
) -> None:
    link, path = await invitation(house, let_in, uses=1)
    action, fields = await form(let_in.nobody, path)
    assert action == f"{path}/guests"
    sent = fields | {"name": "", "body": "hello"}
    assert (await let_in.nobody.post(action, data=sent)).status_code == 422
    sent |= {"name": "Gwen"}
    both = [await let_in.nobody.post(action, data=sent) for _ in range(2)]
    assert [answer.status_code for answer in both] == [303, 303]
    (through,) = await invitation_links.came_through(house.db, link)
    assert through.role == "guest"
    stranger = house.browser()
    assert led_to_login(await stranger.get(path, headers=PAGE), path)
    assert (await stranger.post(action, data=sent)).status_code == 401


@pytest.mark.parametrize(
    "more", [{"role": "reader"}, {"knock": True}], ids=["only reads", "has to ask"]
)
async def test_a_link_that_grants_less_leads_to_the_login(
    house: conftest.House, let_in: conftest.Scene, more: dict[str, Any]
) -> None:
    _, path = await invitation(house, let_in, **more)
    assert led_to_login(await let_in.nobody.get(path, headers=PAGE), path)
    fields = {"name": "Gwen", "body": "hello"}
    assert (await let_in.nobody.post(f"{path}/guests", data=fields)).status_code == 401


async def test_a_link_into_a_room_without_guests_leads_to_the_login(
    house: conftest.House, scene: conftest.Scene
) -> None:
    _, path = await invitation(house, scene)
    for there in (path, "/i/" + "a" * 36, "/i/x"):
        assert led_to_login(await scene.nobody.get(there, headers=PAGE), there)
        fields = {"name": "Gwen", "body": "hello"}
        assert (await scene.nobody.post(f"{there}/guests", data=fields)).status_code == 401


# -- what a guest may --------------------------------------------------------------------------

MAY = {
    "home:show": 303,
    "messages:day": 303,  # … to the latest one there is
    "asset:favicon": 302,
    **dict.fromkeys(
        (
            "asset:manifest asset:worker rooms:show messages:list rooms:people acts:list"
            " rights:show pins:list search:room mentions:list messages:show messages:menu"
            " messages:reply reports:person reports:message notifications:room"
            " messages:edition messages:erasure reactions:list people:show people:avatar"
            " appearance:mine emoji:list shortcuts:show guests:account accounts:login"
            " accounts:register asset:robots health:alive health:ready"
            " credentials:forgotten departures:done exports:json exports:html"
        ).split(),
        200,
    ),
}
SEE_NOTHING = {"uploads:show", "people:picture", "asset:show", "setup:show"}
SEE_NOTHING |= {"credentials:new"}
"""Here the address names what is not there."""


def doors(house: conftest.House, method: str) -> list[tuple[str, str]]:
    """The name and the path of each door one goes through by this method."""
    return [
        (route.name, route.path)
        for route in routes.routes(house.config)
        if isinstance(route, Route) and method in (route.methods or ())
    ]


async def test_a_guest_opens_their_room_and_what_belongs_to_it(
    house: conftest.House, let_in: conftest.Scene
) -> None:
    """Every door there is: a new one is closed to guests until it is opened to them here."""
    client = await come(house, let_in.path)
    name = (await guest_of(house, let_in)).person.username
    named = {"{key}": let_in.path[3:], "{number}": "1", "{username}": name, "{date}": "latest"}
    told = {}
    for door, path in doors(house, "GET"):
        for part, value in named.items():
            path = path.replace(part, value)
        answer = await client.get(re.sub(r"\{.*?\}", "1", path), headers=PAGE)
        hidden = door in SEE_NOTHING or door.startswith("admin:")
        if answer.status_code != (404 if hidden else MAY.get(door, 403)):
            told[door] = answer.status_code
        if answer.status_code == 403:
            assert '"/account"' in answer.text, door
    assert not told, told


async def test_another_room_is_for_a_guest_what_is_not_there(
    house: conftest.House, let_in: conftest.Scene
) -> None:
    client = await come(house, let_in.path)
    other = await rooms.create(house.db, let_in.cast.alice, "Another", "listed")
    await guests.allow(house.db, other, let_in.cast.alice, is_open=True)
    nothing = "a" * 36
    for headers in (PAGE, conftest.HTMX, conftest.JSON):
        for method in ("GET", "POST"):
            for _, path in doors(house, method):
                if not path.startswith("/r/{key}"):
                    continue
                path = re.sub(r"\{(?!key).*?\}", "1", path)
                answers = [
                    await client.request(method, path.replace("{key}", key), headers=headers)
                    for key in (house.links.room_key(other), nothing)
                ]
                assert {answer.status_code for answer in answers} <= {404, 403}, path
                assert same(answers[0]) == same(answers[1]), path


GUESTS_DO = {
    "messages": {"body": "more"},
    "1/reactions": {"emoji": "👍"},
    "1/edition": {"body": "changed"},
    "1/erasure": {},
    "reading": {"number": "1"},
}
GUESTS_DO_NOT = {
    "title": {"title": "Other"},
    "topic": {"topic": "Other"},
    "access": {"access": "listed"},
    "link": {},
    "archival": {},
    "deletion": {"sure": "yes"},
    "guest-access": {"guests": "yes"},
    "invitations": {"username": "Charlie"},
    "links": {"role": "member"},
    "removals": {"username": "Bob"},
    "roles": {"username": "Bob", "role": "owner"},
    "mutes": {"username": "Bob", "minutes": "5"},
    "bans": {"username": "Bob"},
    "ownership": {"username": "Bob"},
    "1/pin": {"pinned": "yes"},
}


async def test_a_guest_talks_and_looks_after_nothing(
    house: conftest.House, let_in: conftest.Scene
) -> None:
    client = await come(house, let_in.path)
    for noun, fields in GUESTS_DO_NOT.items():
        answer = await client.post(f"{let_in.path}/{noun}", data=fields)
        assert answer.status_code == 403, (noun, answer.status_code)
    for noun, fields in GUESTS_DO.items():
        answer = await client.post(f"{let_in.path}/{noun}", data=fields)
        assert answer.status_code in {303, 204}, (noun, answer.text[:500])
    for path in ("/rooms", "/join", "/profile/name"):
        assert (await client.post(path, data={"title": "x", "name": "x"})).status_code == 403


async def test_a_muted_guest_shares_nothing_either(
    house: conftest.House, let_in: conftest.Scene
) -> None:
    client = await come(house, let_in.path)
    guest = (await guest_of(house, let_in)).person.username
    fields = {"username": guest, "minutes": "60"}
    assert (await let_in.alice.post(f"{let_in.path}/mutes", data=fields)).status_code == 303
    for noun in ("share", "qr.svg"):
        assert (await client.get(f"{let_in.path}/{noun}")).status_code == 403


async def test_the_room_of_a_guest_leads_nowhere_else(
    house: conftest.House, let_in: conftest.Scene
) -> None:
    client = await come(house, let_in.path)
    home = await client.get("/", headers=PAGE)
    assert (home.status_code, home.headers["location"]) == (303, let_in.path)
    page = elements.parse((await client.get(let_in.path, headers=PAGE)).text)
    led = {one.get("href") for one in page.named("a")} | {
        one.get("action") for one in page.named("form")
    }
    assert "/account" in led
    assert f"{let_in.path}/departure" in led
    assert not led & {"/rooms", "/rooms/new", "/join", "/profile", "/go", f"{let_in.path}/share"}
    member = elements.parse((await let_in.bob.get(let_in.path, headers=PAGE)).text)
    assert "/rooms/new" in {one.get("href") for one in member.named("a")}


async def test_the_mark_stands_beside_the_name_wherever_others_read_it(
    house: conftest.House, let_in: conftest.Scene
) -> None:
    client = await come(house, let_in.path, name="Alice", body="I am Alice")
    await client.post(f"{let_in.path}/1/reactions", data={"emoji": "👍"})
    await let_in.alice.post(f"{let_in.path}/messages", data={"body": "who?", "reply_to": "1"})
    await let_in.alice.post(f"{let_in.path}/1/pin", data={"pinned": "yes"})
    username = (await guest_of(house, let_in)).person.username
    mark = f"guest {accounts_mark(username)}"
    await let_in.alice.post(f"{let_in.path}/mutes", data={"username": username, "minutes": "5"})
    for path in ("", "/people", "/pins", "/search?q=alice", "/log", "/1/reply"):
        text = elements.parse((await let_in.bob.get(f"{let_in.path}{path}")).text).text
        assert mark in text, path
    page = elements.parse((await let_in.bob.get(let_in.path)).text)
    assert mark in page.of_class("quote")[0].text
    assert mark in page.of_class("pill")[0].get("title")
    card = await let_in.bob.get(f"/people/{username}", headers=conftest.HTMX)
    assert mark in card.text
    names = await let_in.bob.get(f"{let_in.path}/names?q=ali", headers=conftest.JSON)
    assert {"username": username, "name": "Alice"} in names.json()["names"]


def accounts_mark(username: str) -> str:
    return username.partition("~")[2]


async def test_a_guest_is_called_by_their_mark(
    house: conftest.House, let_in: conftest.Scene
) -> None:
    client = await come(house, let_in.path)
    username = (await guest_of(house, let_in)).person.username
    await let_in.bob.post(f"{let_in.path}/messages", data={"body": f"~~so~~ @{username}, hi"})
    page = elements.parse((await client.get(let_in.path)).text)
    (called,) = page.of_class("mention")
    assert (called.get("data-person"), called.text) == (username, f"@{username}")
    assert called.get("href") == f"/people/{username}"
    style = await client.get(f"/style/{username}.css")
    assert f'data-person="{username}"' in style.text


# -- going, and staying ------------------------------------------------------------------------


async def test_who_leaves_is_signed_out_and_may_come_again_as_another(
    house: conftest.House, let_in: conftest.Scene
) -> None:
    client = await come(house, let_in.path)
    before = (await guest_of(house, let_in)).person.username
    answer = await client.post(f"{let_in.path}/departure")
    assert answer.status_code == 303
    assert (await client.get("/emoji?q=a")).status_code == 303
    action, fields = await form(client, let_in.path)
    fields |= {"name": "Gwen", "body": "back again"}
    assert (await client.post(action, data=fields)).status_code == 303
    assert (await guest_of(house, let_in)).person.username != before


async def test_who_is_removed_reads_nothing_any_more(
    house: conftest.House, let_in: conftest.Scene
) -> None:
    client = await come(house, let_in.path)
    username = (await guest_of(house, let_in)).person.username
    await let_in.alice.post(f"{let_in.path}/removals", data={"username": username})
    for path in (f"{let_in.path}/messages", f"{let_in.path}/1", "/account"):
        assert led_to_login(await client.get(path, headers=PAGE), path)
    assert (await client.post(f"{let_in.path}/messages", data={"body": "x"})).status_code == 401


async def test_an_account_is_made_of_a_guest(house: conftest.House, let_in: conftest.Scene) -> None:
    client = await come(house, let_in.path, body="mine")
    before = client.cookies["session"]
    page = await client.get("/account")
    assert page.status_code == 200
    fields = {"username": "Gwen", "password": people.PASSWORD}
    refused = await client.post("/account", data=fields | {"password": "short"})
    assert refused.status_code == 422
    assert 'value="Gwen"' in refused.text
    taken = await client.post("/account", data=fields | {"username": "BOB"})
    assert taken.status_code == 409
    answer = await client.post("/account", data=fields)
    assert (answer.status_code, answer.headers["location"]) == (303, let_in.path)
    assert client.cookies["session"] != before
    (article,) = said(await client.get(let_in.path))
    assert article.get("data-author") == "Gwen"
    assert "guest" not in article.of_class("message__head")[0].text
    assert (await client.get("/rooms", headers=PAGE)).status_code == 200
    lobby = await rooms.by_handle(house.db, rooms.LOBBY)
    assert lobby is not None
    assert (await client.get(house.path(lobby))).status_code == 200
    stale = house.browser()
    stale.cookies.set("session", before)
    assert led_to_login(await stale.get("/account", headers=PAGE), "/account")
    assert (await client.post("/account", data=fields)).status_code == 403


async def test_a_site_that_takes_no_accounts_says_so(
    opened: conftest.Open, staged: conftest.Staged
) -> None:
    async with opened(registration="closed") as house:
        scene = await open_up(house, await staged(house))
        client = await come(house, scene.path)
        assert "takes no new accounts" in (await client.get("/account")).text
        fields = {"username": "Gwen", "password": people.PASSWORD}
        answer = await client.post("/account", data=fields)
        assert answer.status_code == 403
        assert "takes no new accounts" in answer.text
        assert (await guest_of(house, scene)).person.guest_of is not None


async def test_only_guests_make_an_account_of_themselves(let_in: conftest.Scene) -> None:
    fields = {"username": "Robert", "password": people.PASSWORD}
    for path in ("/account", "/account/name"):
        assert (await let_in.bob.post(path, data=fields | {"name": "x"})).status_code == 403
        assert (await let_in.nobody.post(path, data=fields)).status_code == 401
    shown = await let_in.bob.get("/account")
    assert (shown.status_code, shown.headers["location"]) == (303, "/profile")


async def test_a_guest_changes_their_name_and_keeps_the_mark(
    house: conftest.House, let_in: conftest.Scene
) -> None:
    client = await come(house, let_in.path)
    mark = accounts_mark((await guest_of(house, let_in)).person.username)
    refused = await client.post("/account/name", data={"name": " "})
    assert refused.status_code == 422
    answer = await client.post("/account/name", data={"name": "Gwendolyn"})
    assert (answer.status_code, answer.headers["location"]) == (303, let_in.path)
    (article,) = said(await let_in.bob.get(let_in.path))
    (head,) = article.of_class("message__head")
    assert head.text.startswith(f"Gwendolyn guest {mark}")


# -- the switch --------------------------------------------------------------------------------


async def test_owners_have_the_switch_among_the_settings(
    house: conftest.House, scene: conftest.Scene
) -> None:
    path = f"{scene.path}/guest-access"
    assert f'action="{path}"' in (await scene.alice.get(f"{scene.path}/settings")).text
    for client, status in ((scene.bob, 403), (scene.charlie, 403), (scene.nobody, 401)):
        assert (await client.post(path, data={"guests": "yes"})).status_code == status
    assert (await conftest.room_now(house, scene)).guests == 0
    await open_up(house, scene)
    assert (
        "Stop letting guests in</button>" in (await scene.alice.get(f"{scene.path}/settings")).text
    )
    log = await scene.bob.get(f"{scene.path}/log")
    assert log.status_code == 200
    await scene.alice.post(path, data={})
    assert (await conftest.room_now(house, scene)).guests == 0


@pytest.mark.parametrize("mode", ["off", "on"])
async def test_where_the_site_decides_there_is_no_switch(
    house: conftest.House, scene: conftest.Scene, mode: str
) -> None:
    await site.decide(house.db, {"guests": mode})
    house.state["site"].now = dataclasses.replace(house.state["site"].now, guests=mode)
    house.state["templates"].show(house.state["site"].now)
    text = (await scene.alice.get(f"{scene.path}/settings")).text
    assert "guest-access" not in text
    assert "On this site" in text


async def test_who_shares_a_room_reads_whether_guests_come_in(scene: conftest.Scene) -> None:
    for guests_in, words in (("yes", "or as a guest"), ("no", "and an account here")):
        await scene.alice.post(f"{scene.path}/guest-access", data={"guests": guests_in})
        assert words in (await scene.alice.get(f"{scene.path}/share")).text
    await scene.alice.post(f"{scene.path}/guest-access", data={"guests": "yes"})
    await scene.alice.post(f"{scene.path}/access", data={"access": "invited"})
    assert (
        "Only people who are invited can enter"
        in (await scene.alice.get(f"{scene.path}/share")).text
    )
