"""Rooms from outside: who gets in, who may do what, and what does not exist for whom."""

import re

import pytest

from tests import elements, servers, visitors
from tests.outside import conftest

pytestmark = pytest.mark.anyio


def plain(page: str) -> str:
    """A failure page without what differs from request to request."""
    return re.sub(r"[0-9a-f]{8,}[0-9a-f-]*", "…", page)


async def may_not(person: visitors.Person, room: str, noun: str, **fields: str) -> int:
    """Try one of the room's nouns and return the status, which must be a refusal."""
    answer = await person.act(room, noun, **fields)
    assert answer.status_code in (401, 403, 404), (noun, answer.status_code)
    return answer.status_code


async def test_whoever_creates_a_room_lands_in_it_as_its_owner(arrive: conftest.Arrive) -> None:
    alice = await arrive("alice")
    room = await alice.create("Design talk")
    assert re.fullmatch(r"/r/[a-z2-7]{36}", room)
    page = await alice.open(room)
    assert page.status_code == 200
    assert "Design talk" in page.text
    assert (await alice.act(room, "title", title="Design, renamed")).status_code == 303
    assert "Design, renamed" in (await alice.open(room)).text


async def test_a_link_makes_whoever_opens_it_a_member(arrive: conftest.Arrive) -> None:
    alice, bob = await arrive("alice"), await arrive("bob")
    room = await alice.create("Open to the link")
    assert (await bob.post(room, "before")).status_code in (403, 404)
    assert (await bob.open(room)).status_code == 200
    assert (await bob.post(room, "after")).status_code == 201


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Purpose": "prefetch", "Sec-Fetch-Dest": "document"},
        {"Purpose": "prefetch", "Sec-Fetch-Dest": "document"},
        {"Sec-Fetch-Dest": "image"},
        {"Sec-Fetch-Dest": "iframe"},
        {"Sec-Fetch-Dest": "empty"},
    ],
)
async def test_a_prefetch_or_an_embedded_image_joins_nobody(
    arrive: conftest.Arrive, headers: dict[str, str]
) -> None:
    alice, bob = await arrive("alice"), await arrive("bob")
    room = await alice.create("Prefetched")
    await bob.client.get(room, headers=headers)
    assert (await bob.post(room, "as a member?")).status_code in (403, 404)
    await bob.join(room)
    assert (await bob.post(room, "as a member!")).status_code == 201


async def test_what_one_may_not_see_answers_like_what_does_not_exist(
    arrive: conftest.Arrive,
) -> None:
    alice, charlie = await arrive("alice"), await arrive("charlie")
    hidden = await alice.create("Hidden", access="invited")
    await alice.say(hidden, "a secret")
    missing = "/r/" + "a" * 36
    for door in ("", "/messages", "/messages?before=9", "/1", "/settings", "/people", "/qr.svg"):
        answers = [await charlie.client.get(room + door) for room in (hidden, missing)]
        assert [answer.status_code for answer in answers] == [404, 404], door
        assert plain(answers[0].text) == plain(answers[1].text), door
        assert len(answers[0].content) == len(answers[1].content), door
    posts = [await charlie.post(room, "hello") for room in (hidden, missing)]
    assert [post.status_code for post in posts] == [404, 404]
    assert plain(posts[0].text) == plain(posts[1].text)
    joins = [await charlie.client.post("/join", data={"name": room}) for room in (hidden, missing)]
    assert [join.status_code for join in joins] == [404, 404]
    for noun in ("title", "topic", "access", "link", "archival", "deletion", "departure"):
        assert await may_not(charlie, hidden, noun, title="x", topic="x", access="link") == 404
    codes = []
    for room in (hidden, missing):
        async with charlie.bare_socket(room) as socket:
            codes.append(await visitors.raises_close(socket))
    assert codes[0] == codes[1]
    assert codes[0] in (4403, 4404)


async def test_an_invited_person_enters_a_private_room(arrive: conftest.Arrive) -> None:
    alice, bob = await arrive("alice"), await arrive("bob")
    room = await alice.create("By invitation", access="invited")
    assert (await bob.open(room)).status_code == 404
    answer = await alice.act(room, "invitations", username="bob")
    assert answer.status_code == 303, answer.text[:2000]
    assert (await bob.open(room)).status_code == 404, "asked is not yet in"
    [invitation] = await bob.invitations()
    answer = await bob.client.post(invitation, data={"answer": "accept"})
    assert visitors.path_of(answer.headers["location"]) == room
    assert (await bob.open(room)).status_code == 200
    assert (await bob.post(room, "here")).status_code == 201


async def test_only_listed_rooms_stand_in_the_directory(
    arrive: conftest.Arrive, nobody: visitors.Person
) -> None:
    alice = await arrive("alice")
    await alice.create("Quagga listed", access="listed")
    await alice.create("Quagga linked", access="link")
    await alice.create("Quagga invited", access="invited")
    for person in (nobody, alice):
        page = (await person.client.get("/rooms", params={"q": "QUAGGA"})).text
        main = elements.parse(page).named("main")[0].text
        assert "Quagga listed" in main
        assert "Quagga linked" not in main
        assert "Quagga invited" not in main
    assert "Quagga listed" not in (await nobody.client.get("/rooms?q=zebra")).text


@pytest.mark.parametrize("q", ["%", "_", "'", "\\", "a" * 5000, "\0", "\u202e", "%%%"])
async def test_a_strange_search_finds_nothing_and_breaks_nothing(
    nobody: visitors.Person, q: str
) -> None:
    answer = await nobody.client.get("/rooms", params={"q": q})
    assert answer.status_code in (200, 400, 422)


@pytest.mark.parametrize("number", ["0", "-1", "x", "9" * 30, "1.5", "1e9", ""])
async def test_a_strange_page_of_the_directory_breaks_nothing(
    nobody: visitors.Person, number: str
) -> None:
    answer = await nobody.client.get("/rooms", params={"page": number})
    assert answer.status_code in (200, 400, 404, 422)


async def test_a_handle_is_unique_whatever_its_case(arrive: conftest.Arrive) -> None:
    alice, bob = await arrive("alice"), await arrive("bob")
    await alice.create("First", access="listed", handle="the-otters")
    fields = {"title": "Second, kept", "access": "listed", "handle": "The-Otters"}
    answer = await bob.client.post("/rooms", data=fields)
    assert answer.status_code == 409
    assert "Second, kept" in answer.text, "what was typed is still there"


async def test_the_name_of_a_private_room_clashes_with_nothing(arrive: conftest.Arrive) -> None:
    alice, bob = await arrive("alice"), await arrive("bob")
    await alice.create("Merger", access="invited", handle="merger-2027")
    fields = {"title": "Merger", "access": "listed", "handle": "merger-2027"}
    assert (await bob.client.post("/rooms", data=fields)).status_code == 303


@pytest.mark.parametrize(
    "handle", ["a", "-a", "a b", "a/b", "x" * 60, "ä" * 200, "a\0b", "rooms", "login", "admin"]
)
async def test_a_handle_that_cannot_be_is_refused(arrive: conftest.Arrive, handle: str) -> None:
    alice = await arrive("alice")
    fields = {"title": "Handles", "access": "listed", "handle": handle}
    answer = await alice.client.post("/rooms", data=fields)
    assert answer.status_code in (400, 409, 422), answer.status_code


@pytest.mark.parametrize(
    "title", ["", "   ", "x" * 81, "x" * 60_000, "nul\0", "bidi\u202e", "a" + "\u0301" * 1000]
)
async def test_a_title_that_cannot_be_is_refused(arrive: conftest.Arrive, title: str) -> None:
    alice = await arrive("alice")
    answer = await alice.client.post("/rooms", data={"title": title, "access": "link"})
    assert answer.status_code in (400, 413, 422), answer.status_code


@pytest.mark.parametrize("access", ["", "public", "LISTED", "invited\0", "x" * 1000])
async def test_a_kind_of_access_that_does_not_exist_makes_no_open_room(
    arrive: conftest.Arrive, access: str
) -> None:
    alice = await arrive("alice")
    answer = await alice.client.post("/rooms", data={"title": "Access", "access": access})
    # An empty choice is the default, a room for whoever has its link.
    assert answer.status_code in ((303, 422) if access == "" else (400, 422))


async def test_the_join_box_takes_a_handle_a_key_and_a_whole_link(
    arrive: conftest.Arrive,
) -> None:
    alice, bob = await arrive("alice"), await arrive("bob")
    room = await alice.create("Join box", access="listed", handle="join-box")
    key = room.removeprefix("/r/")
    link = f"{alice.server.url}{room}"
    for name in ("join-box", "JOIN-BOX", "#join-box", f" {key} ", room, link, f"{link}/"):
        answer = await bob.client.post("/join", data={"name": name})
        assert answer.status_code == 303, name
        assert visitors.path_of(answer.headers["location"]) == room, name


async def test_an_unknown_handle_is_offered_to_be_created(arrive: conftest.Arrive) -> None:
    alice = await arrive("alice")
    answer = await alice.client.post("/join", data={"name": "nobody-has-this"})
    assert answer.status_code in (200, 404)
    assert "nobody-has-this" in answer.text


@pytest.mark.parametrize(
    "name", ["", " ", "x" * 70_000, "a\0b", "https://evil.example/", "/r/", "/r/../login", "😀"]
)
async def test_a_strange_name_joins_nothing(arrive: conftest.Arrive, name: str) -> None:
    alice = await arrive("alice")
    answer = await alice.client.post("/join", data={"name": name})
    assert answer.status_code in (200, 400, 404, 413, 422), answer.status_code


async def test_a_reset_link_shuts_out_strangers_and_leads_members_on(
    arrive: conftest.Arrive,
) -> None:
    alice, bob, charlie = await arrive("alice"), await arrive("bob"), await arrive("charlie")
    old = await alice.create("Reset")
    await bob.join(old)
    async with bob.watching(old) as page:
        assert (await alice.act(old, "link")).status_code == 303
        led = await bob.open(old)
        assert led.status_code == 303
        new = visitors.path_of(led.headers["location"])
        assert new != old
        assert (await charlie.open(old)).status_code == 404
        await charlie.join(new)
        await charlie.say(new, "through the new link")
        await page.shows("through the new link")


@pytest.mark.parametrize(
    "key",
    ["x", "a" * 35, "a" * 37, "A" * 36, "a" * 5000, "%00", "%2e%2e", "ä" * 36, "0" * 36, "a" * 10],
)
async def test_a_key_that_is_none_opens_nothing(arrive: conftest.Arrive, key: str) -> None:
    alice = await arrive("alice")
    assert (await alice.open(f"/r/{key}")).status_code == 404


async def test_a_key_with_one_letter_changed_opens_nothing(arrive: conftest.Arrive) -> None:
    alice, charlie = await arrive("alice"), await arrive("charlie")
    room = await alice.create("Nearly")
    for place in (3, 13, -1):
        letters = list(room)
        letters[place] = "b" if letters[place] != "b" else "c"
        assert (await charlie.open("".join(letters))).status_code == 404
    assert (await charlie.open(room)).status_code == 200


async def test_what_a_member_may_not_do(arrive: conftest.Arrive) -> None:
    alice, bob = await arrive("alice"), await arrive("bob")
    room = await alice.create("May not")
    await bob.join(room)
    for noun, fields in {
        "title": {"title": "Bob's"},
        "topic": {"topic": "Bob's"},
        "access": {"access": "listed"},
        "link": {},
        "archival": {},
        "deletion": {"title": "May not"},
        "invitations": {"username": "charlie"},
        "removals": {"username": "alice"},
    }.items():
        assert await may_not(bob, room, noun, **fields) == 403, noun
    page = (await alice.open(room)).text
    assert "Bob's" not in page
    assert (await alice.act(room, "topic", topic="What the owner says")).status_code == 303
    assert "What the owner says" in (await bob.open(room)).text


async def test_what_a_stranger_may_not_do(arrive: conftest.Arrive, nobody: visitors.Person) -> None:
    alice = await arrive("alice")
    room = await alice.create("Strangers")
    assert (await nobody.post(room, "hello")).status_code == 401
    for noun in ("title", "topic", "access", "link", "archival", "deletion", "departure"):
        answer = await nobody.act(room, noun, title="x", topic="x", access="listed")
        assert answer.status_code in (303, 401, 403, 404), noun
        if answer.status_code == 303:
            assert "/login" in answer.headers["location"]
    assert (await nobody.client.post("/rooms", data={"title": "x"})).status_code in (303, 401)
    async with nobody.bare_socket(room) as socket:
        assert await visitors.raises_close(socket) == 4401
    assert "Strangers" in (await alice.open(room)).text


async def test_whoever_left_is_out(arrive: conftest.Arrive) -> None:
    alice, bob = await arrive("alice"), await arrive("bob")
    room = await alice.create("Leaving", access="invited")
    await alice.bring(room, bob)
    async with bob.watching(room) as page, alice.watching(room) as fence:
        assert (await bob.act(room, "departure")).status_code == 303
        await alice.say(room, "after bob left")
        await fence.shows("after bob left")
        await page.closes(4403, within=2)
        assert page.texts == []
    assert (await bob.open(room)).status_code == 404
    assert (await bob.post(room, "still here?")).status_code == 404


async def test_whoever_was_removed_receives_nothing_after_it(arrive: conftest.Arrive) -> None:
    alice, bob = await arrive("alice"), await arrive("bob")
    room = await alice.create("Removal", access="invited")
    await alice.bring(room, bob)
    async with bob.watching(room) as page, alice.watching(room) as fence:
        await alice.say(room, "bob may read this")
        await page.shows("bob may read this")
        answer = await alice.act(room, "removals", username="bob")
        assert answer.status_code == 303, answer.text[:2000]
        await alice.say(room, "bob may not read this")
        await fence.shows("bob may not read this")
        await page.closes(4403, within=2)
        assert page.texts == ["bob may read this"]
    assert (await bob.open(room)).status_code == 404


async def test_the_last_owner_does_not_leave_a_room_without_one(arrive: conftest.Arrive) -> None:
    alice, bob = await arrive("alice"), await arrive("bob")
    room = await alice.create("Owners")
    await bob.join(room)
    answer = await alice.act(room, "departure")
    assert answer.status_code in (303, 409)
    heir = bob if answer.status_code == 303 else alice
    assert (await heir.act(room, "topic", topic="owned")).status_code == 303


async def test_an_archived_room_is_read_and_not_written(arrive: conftest.Arrive) -> None:
    alice, bob = await arrive("alice"), await arrive("bob")
    room = await alice.create("Archive")
    await bob.join(room)
    await bob.say(room, "kept")
    assert (await alice.act(room, "archival")).status_code == 303
    assert (await bob.post(room, "too late")).status_code in (403, 409)
    assert (await bob.open(room)).status_code == 200
    assert [message.text for message in await bob.history(room)] == ["kept"]


async def test_a_deleted_room_is_gone_for_its_members_and_was_never_there_for_others(
    arrive: conftest.Arrive,
) -> None:
    alice, bob, charlie = await arrive("alice"), await arrive("bob"), await arrive("charlie")
    room = await alice.create("Deletion")
    await bob.join(room)
    async with bob.watching(room) as page:
        answer = await alice.act(room, "deletion", title="Deletion", confirm="Deletion")
        assert answer.status_code == 303, answer.text[:2000]
        await page.closes(4404, within=3)
    assert (await bob.open(room)).status_code == 410
    assert (await charlie.open(room)).status_code == 404
    assert (await bob.post(room, "too late")).status_code in (404, 410)


async def test_only_members_get_the_picture_of_the_link(arrive: conftest.Arrive) -> None:
    alice, charlie = await arrive("alice"), await arrive("charlie")
    room = await alice.create("QR", access="invited")
    answer = await alice.client.get(f"{room}/qr.svg")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert (await charlie.client.get(f"{room}/qr.svg")).status_code == 404


async def test_everyone_starts_in_the_lobby(newcomer: visitors.Person) -> None:
    page = await newcomer.client.get("/", follow_redirects=True)
    assert page.status_code == 200
    tree = elements.parse(page.text)
    assert tree.find("messages") is not None, "the chat itself is open"
    assert "General" in page.text


async def test_the_start_page_returns_to_the_last_room_until_access_is_lost(
    arrive: conftest.Arrive, newcomer: visitors.Person
) -> None:
    alice = await arrive("alice")
    room = await alice.create("The last room")
    await newcomer.join(room)
    page = await newcomer.client.get("/", follow_redirects=True)
    assert "The last room" in elements.parse(page.text).named("h1")[0].text
    await alice.act(room, "removals", username=newcomer.name)
    page = await newcomer.client.get("/", follow_redirects=True)
    assert page.status_code == 200
    assert "The last room" not in elements.parse(page.text).named("h1")[0].text


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/healthz/", "/readyz/"])
async def test_the_process_says_that_it_lives_and_serves(
    nobody: visitors.Person, server: servers.Server, path: str
) -> None:
    assert (await nobody.client.get(path)).status_code == 200
