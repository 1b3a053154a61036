"""One's own account: where one is signed in, the password, preferences, what one wrote, the end."""

from __future__ import annotations

import json
import re

import httpx2
import pytest

from hubbub import database
from hubbub.domain import accounts, memberships, messages, sessions
from tests import elements, people
from tests.web import conftest

pytestmark = pytest.mark.anyio

NEW = "twelve herons on a weir"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"
PAGES = (
    "/profile",
    "/profile/password",
    "/profile/sessions",
    "/profile/preferences",
    "/profile/data",
    "/profile/deletion",
)
WRITES = (
    "/profile/password",
    "/profile/email",
    "/profile/email/x",
    "/profile/sessions/ending",
    "/profile/sessions/1/ending",
    "/profile/preferences",
    "/profile/deletion",
)


async def kinds(db: database.Database) -> list[str]:
    rows = await db.all("SELECT kind FROM security_events ORDER BY id")
    return [row["kind"] for row in rows]


async def is_in(client: httpx2.AsyncClient) -> bool:
    return (await client.get("/profile", headers=conftest.JSON)).status_code == 200


async def guest(house: conftest.House, scene: conftest.Scene) -> httpx2.AsyncClient:
    values = {"room": scene.cast.room.id, "id": scene.cast.bob.id}
    await house.db.run("UPDATE people SET guest_of = :room WHERE id = :id", values)
    return scene.bob


# --------------------------------------------------------------- the pages


async def test_the_pages_lead_to_each_other(scene: conftest.Scene) -> None:
    for path in PAGES[:-1]:
        page = await scene.bob.get(path)
        assert page.status_code == 200
        [here] = [
            link
            for link in elements.parse(page.text).named("a")
            if link.get("aria-current") == "page"
        ]
        assert here.get("href") == path
        for other in PAGES[:-1]:
            assert f'href="{other}"' in page.text


async def test_nobody_but_who_is_signed_in_with_an_account_has_them(
    house: conftest.House, scene: conftest.Scene
) -> None:
    visitor = await guest(house, scene)
    for path in PAGES:
        assert (await scene.nobody.get(path)).headers["location"].startswith("/login?next=")
        assert (await visitor.get(path)).status_code == 403
    for path in WRITES:
        assert (await scene.nobody.post(path, headers=conftest.JSON)).status_code == 401
        assert (await visitor.post(path, headers=conftest.JSON)).status_code == 403
        foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
        assert (await scene.alice.post(path, headers=foreign)).status_code == 403


# ---------------------------------------------------------------- sessions


async def test_sessions_are_told_by_browser_and_address_and_the_own_one_is_marked(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await sessions.start(house.db, scene.cast.bob, FIREFOX, "192.0.2.7")
    await sessions.start(house.db, scene.cast.bob, "<script>", "198.51.100.1")
    page = await scene.bob.get("/profile/sessions")
    for told in ("Firefox on Linux", "192.0.2.7", "Unknown browser", "198.51.100.1"):
        assert told in page.text
    assert page.text.count("This one, in use now.") == 1
    assert page.text.index("End all others") < page.text.index("This one, in use now.")
    assert "<script>" not in page.text.replace("<script src", "")
    assert "192.0.2.7" not in (await scene.alice.get("/profile/sessions")).text


@pytest.mark.parametrize(
    ("agent", "told"),
    [
        (FIREFOX, "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
         " Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0", "Edge on Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
         " Version/26.0 Safari/605.1.15", "Safari on macOS"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15"
         " (KHTML, like Gecko) CriOS/140.0 Mobile/15E148 Safari/604.1", "Chrome on iPhone"),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko)"
         " SamsungBrowser/28.0 Chrome/130.0 Mobile Safari/537.36", "Samsung Internet on Android"),
        ("curl/8.14.1", "Unknown browser"),
        ("My client (Linux)", "Unknown browser on Linux"),
        ("", "Unknown browser"),
    ],
)  # fmt: skip
async def test_a_browser_is_called_by_what_it_is(
    house: conftest.House, agent: str, told: str
) -> None:
    ada = await people.person(house.db, "Ada")
    await sessions.start(house.db, ada, agent)
    client = await house.sign_in(ada)
    bold = elements.parse((await client.get("/profile/sessions")).text).named("b")
    assert told in {one.text for one in bold}


async def test_one_of_ones_own_sessions_is_ended(
    house: conftest.House, scene: conftest.Scene
) -> None:
    token, phone = await sessions.start(house.db, scene.cast.bob)
    answer = await scene.bob.post(f"/profile/sessions/{phone.id}/ending")
    assert (answer.status_code, answer.headers["location"]) == (303, "/profile/sessions")
    assert await sessions.find(house.db, token) is None
    assert await is_in(scene.bob)
    assert await kinds(house.db) == ["session ended"]


async def test_the_session_in_use_is_ended_by_logging_out(scene: conftest.Scene) -> None:
    page = (await scene.bob.get("/profile/sessions")).text
    [path] = re.findall(r'action="(/profile/sessions/\d+/ending)"', page)
    answer = await scene.bob.post(path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert 'session="";' in answer.headers["set-cookie"]
    assert not await is_in(scene.bob)


async def test_another_ones_session_is_not_there(
    house: conftest.House, scene: conftest.Scene
) -> None:
    token, hers = await sessions.start(house.db, scene.cast.alice)
    answers = [
        await scene.bob.post(f"/profile/sessions/{number}/ending", headers=conftest.JSON)
        for number in (hers.id, 10**15, "x", "9" * 30)
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
    assert await sessions.find(house.db, token)


async def test_all_other_sessions_are_ended_at_once(
    house: conftest.House, scene: conftest.Scene
) -> None:
    tokens = [(await sessions.start(house.db, scene.cast.bob))[0] for _ in range(3)]
    answer = await scene.bob.post("/profile/sessions/ending")
    assert answer.status_code == 303
    assert [await sessions.find(house.db, token) for token in tokens] == [None] * 3
    assert await is_in(scene.bob)
    assert await is_in(scene.alice)


# ---------------------------------------------------------------- password


async def test_another_password_keeps_one_signed_in_here_only_by_another_token(
    house: conftest.House, scene: conftest.Scene
) -> None:
    other, _ = await sessions.start(house.db, scene.cast.bob)
    client = house.browser()
    await client.post("/login", data={"username": "bob", "password": people.PASSWORD})
    before = client.cookies["session"]
    form = {"current": people.PASSWORD, "password": NEW}
    answer = await client.post("/profile/password", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/profile/sessions")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie
    assert client.cookies["session"] != before
    assert await is_in(client)
    assert not await is_in(scene.bob)
    for gone in (other, before):
        assert await sessions.find(house.db, gone) is None
    assert await accounts.authenticate(house.db, "bob", NEW, people.KEYS)
    assert "password changed" in await kinds(house.db)


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"current": "not mine at all", "password": NEW}, "current"),
        ({"password": NEW}, "current"),
        ({"current": people.PASSWORD, "password": "short"}, "password"),
        ({"current": people.PASSWORD, "password": "password123"}, "password"),
        ({"current": people.PASSWORD}, "password"),
    ],
)
async def test_what_is_refused_changes_nothing_and_is_told_beside_its_field(
    house: conftest.House, scene: conftest.Scene, form: dict[str, str], field: str
) -> None:
    answer = await scene.bob.post("/profile/password", data=form)
    assert answer.status_code == 422
    assert elements.parse(answer.text).find(f"{field}-error")
    assert people.PASSWORD not in answer.text
    assert await accounts.authenticate(house.db, "bob", people.PASSWORD, people.KEYS)
    assert await is_in(scene.bob)
    assert await kinds(house.db) == []


async def test_guesses_at_ones_own_password_are_counted_like_logins(
    opened: conftest.Open, staged: conftest.Staged
) -> None:
    async with opened(rate_limits=True) as house:
        scene = await staged(house)
        form = {"current": "a guess", "password": NEW}
        answers = [await scene.bob.post("/profile/password", data=form) for _ in range(6)]
        assert [answer.status_code for answer in answers] == [422] * 5 + [429]
        assert int(answers[-1].headers["retry-after"]) > 0
        right = {"username": "bob", "password": people.PASSWORD}
        assert (await house.browser().post("/login", data=right)).status_code == 429


# -------------------------------------------------------------- preferences


async def test_preferences_are_kept_and_told_to_the_page_beside_those_of_others(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await house.db.run("UPDATE people SET preferences = 'sound' WHERE username = 'Bob'")
    await scene.bob.post("/profile/preferences", data={"newline": "yes", "unknown": "yes"})
    page = elements.parse((await scene.bob.get("/profile/preferences")).text)
    assert page.named("html")[0].get("data-prefers") == "newline sound"
    boxes = {box.get("name"): box for box in page.named("input")}
    assert "checked" in boxes["newline"].attributes
    assert "checked" not in boxes["nokeys"].attributes
    await scene.bob.post("/profile/preferences", data={"nokeys": "yes"})
    page = elements.parse((await scene.bob.get("/profile/preferences")).text)
    assert page.named("html")[0].get("data-prefers") == "nokeys sound"


# -------------------------------------------------------------- what one wrote


async def say(house: conftest.House, scene: conftest.Scene, body: str) -> None:
    await messages.post(house.db, scene.cast.room, scene.cast.bob, messages.Draft(body=body))


async def test_what_one_wrote_is_given_as_json(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await say(house, scene, 'First "quoted" \u2028 <b>')
    await say(house, scene, "Second\nline")
    await messages.post(house.db, scene.cast.room, scene.cast.alice, messages.Draft(body="Hers"))
    answer = await scene.bob.get("/profile/export.json")
    assert answer.headers["content-type"] == "application/json"
    assert re.fullmatch(
        r'attachment; filename="Bob-\d{4}-\d\d-\d\d\.json"', answer.headers["content-disposition"]
    )
    assert answer.headers["cache-control"] == "no-store"
    found = json.loads(answer.text)
    assert found["profile"]["username"] == "Bob"
    assert {each["title"] for each in found["rooms"]} == {"Design talk", "General"}
    assert [(each["number"], each["text"]) for each in found["messages"]] == [
        (1, 'First "quoted" \u2028 <b>'),
        (2, "Second\nline"),
    ]
    assert "Hers" not in answer.text


async def test_who_wrote_nothing_gets_json_too(scene: conftest.Scene) -> None:
    found = json.loads((await scene.charlie.get("/profile/export.json")).text)
    assert found["messages"] == []
    assert found["profile"]["username"] == "Charlie"


async def test_what_one_wrote_is_given_as_a_page_that_needs_nothing_else(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await say(house, scene, "Some **bold** words <script>alert(1)</script>")
    answer = await scene.bob.get("/profile/export.html")
    assert answer.headers["content-disposition"].startswith("attachment;")
    page = elements.parse(answer.text)
    assert [one.text for one in page.of_class("room")] == ["Design talk"]
    [message] = page.named("article")
    assert message.get("data-author") == "Bob"
    assert "<strong>bold</strong>" in answer.text
    assert "<style>" in answer.text
    assert not page.named("script")
    assert not page.named("link")
    nothing = (await scene.charlie.get("/profile/export.html")).text
    assert "Nothing that is still there." in nothing


async def test_of_a_room_one_was_removed_from_one_gets_ones_own_words_only(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await say(house, scene, "I was here")
    await memberships.remove(house.db, scene.cast.room, scene.cast.alice, scene.cast.bob)
    for path in ("/profile/export.json", "/profile/export.html"):
        given = (await scene.bob.get(path)).text
        assert "I was here" in given
        assert "Design talk" not in given
        assert scene.path.rpartition("/")[2] not in given


async def test_exports_are_for_oneself_guests_too_and_a_few_an_hour(
    opened: conftest.Open, staged: conftest.Staged
) -> None:
    async with opened(rate_limits=True) as house:
        scene = await staged(house)
        await say(house, scene, "A guest's words")
        visitor = await guest(house, scene)
        answers = [await visitor.get("/profile/export.json") for _ in range(6)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429]
        assert "A guest's words" in answers[0].json()["messages"][0]["text"]
        nobody = await scene.nobody.get("/profile/export.json", headers=conftest.JSON)
        assert nobody.status_code == 401


# ----------------------------------------------------------------- the end


def farewell(**changes: str) -> dict[str, str]:
    return {"messages": "keep", "username": "bob", "current": people.PASSWORD, **changes}


async def test_an_account_is_deleted_and_what_was_said_stays_without_a_name(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await say(house, scene, "I was here")
    answer = await scene.bob.post("/profile/deletion", data=farewell())
    assert (answer.status_code, answer.headers["location"]) == (303, "/goodbye")
    assert 'session="";' in answer.headers["set-cookie"]
    assert "Your account is deleted" in (await scene.bob.get("/goodbye")).text
    assert not await is_in(scene.bob)
    room = (await scene.alice.get(scene.path)).text
    assert "I was here" in room and "Deleted account" in room
    assert "Bob" not in room
    right = {"username": "bob", "password": people.PASSWORD}
    assert (await scene.nobody.post("/login", data=right)).status_code == 422
    assert (await scene.alice.get("/people/bob")).status_code == 404
    assert "account deleted" in await kinds(house.db)


async def test_an_account_is_deleted_with_all_that_was_said(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await say(house, scene, "I was here")
    assert (await scene.bob.post("/profile/deletion", data=farewell(messages="erase"))).is_redirect
    room = (await scene.alice.get(scene.path)).text
    assert "I was here" not in room
    assert "Message deleted" in room


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"messages": ""}, "messages"),
        ({"messages": "both"}, "messages"),
        ({"username": "alice"}, "username"),
        ({"username": ""}, "username"),
        ({"current": "not mine at all"}, "current"),
        ({"current": ""}, "current"),
    ],
)
async def test_nothing_is_deleted_until_all_is_said(
    house: conftest.House, scene: conftest.Scene, change: dict[str, str], field: str
) -> None:
    await say(house, scene, "I was here")
    answer = await scene.bob.post("/profile/deletion", data=farewell(**change))
    assert answer.status_code == 422
    page = elements.parse(answer.text)
    assert page.find(f"{field}-error")
    chosen = [box for box in page.named("input") if "checked" in box.attributes]
    assert [box.get("value") for box in chosen] == (["keep"] if field != "messages" else [])
    assert people.PASSWORD not in answer.text
    assert await is_in(scene.bob)
    assert "I was here" in (await scene.alice.get(scene.path)).text


async def test_the_only_administrator_stays(house: conftest.House) -> None:
    root = await house.sign_in(await people.person(house.db, "Root", is_admin=True))
    answer = await root.post("/profile/deletion", data=farewell(username="Root"))
    assert answer.status_code == 409
    assert "Nobody else administers this site." in answer.text
    assert await is_in(root)
