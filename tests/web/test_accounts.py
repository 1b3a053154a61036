"""Registering, logging in and out: what is kept, what is refused, and what a session is worth."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from hubbub import signing
from hubbub.domain import sessions
from tests import elements, people
from tests.web import conftest

pytestmark = pytest.mark.anyio

ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "/\\evil.example/",
    "\\/evil.example",
    "/\t/evil.example/",
    "/\n/evil.example/",
    " //evil.example/",
    "javascript:alert(1)",
    "evil.example",
    "/" + "x" * 3000,
]


def field(page: httpx2.Response, name: str) -> str:
    found = [one for one in elements.parse(page.text).named("input") if one.get("name") == name]
    assert len(found) == 1, name
    return found[0].get("value")


def who(username: str = "Dora", password: str = people.PASSWORD, **more: str) -> dict[str, str]:
    return {"username": username, "password": password, **more}


async def kinds(house: conftest.House) -> list[str]:
    rows = await house.db.all("SELECT kind FROM security_events ORDER BY id")
    return [row["kind"] for row in rows]


async def test_registering_leads_to_the_login_and_on_from_there(house: conftest.House) -> None:
    client = house.browser()
    answer = await client.post("/register", data=who(next="/rooms?q=a"))
    assert answer.status_code == 303
    onward = urlsplit(answer.headers["location"])
    assert (onward.path, parse_qs(onward.query)["next"]) == ("/login", ["/rooms?q=a"])
    assert "set-cookie" not in answer.headers
    page = await client.get(answer.headers["location"])
    assert (field(page, "username"), field(page, "next")) == ("Dora", "/rooms?q=a")
    assert elements.parse(page.text).of_class("notice")
    answer = await client.post("/login", data=who(next="/rooms?q=a"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/rooms?q=a")
    assert await kinds(house) == ["registered", "logged in"]


async def test_what_a_link_says_of_a_new_account_is_text_and_no_notice_by_itself(
    house: conftest.House,
) -> None:
    page = await house.browser().get("/login", params={"registered": '"><script>alert(1)'})
    assert field(page, "username") == '"><script>alert(1)'
    assert "<script>alert" not in page.text
    assert not elements.parse((await house.browser().get("/login")).text).of_class("notice")


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
async def test_the_way_on_stays_on_the_site(house: conftest.House, elsewhere: str) -> None:
    await people.person(house.db, "Dora")
    client = house.browser()
    page = await client.get("/login", params={"next": elsewhere})
    assert field(page, "next") == ""
    answer = await client.post("/login", data=who(next=elsewhere))
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    answer = await client.get("/login", params={"next": elsewhere})
    assert (answer.status_code, answer.headers["location"]) == (303, "/"), "signed in already"
    answer = await house.browser().post("/register", data=who("Emil", next=elsewhere))
    assert parse_qs(urlsplit(answer.headers["location"]).query)["next"] == ["/"]


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/r/€", "/r/%E2%82%AC"),
        ("/rooms?q=caf\u00e9", "/rooms?q=caf%C3%A9"),
        ("/r/a%20b?x=1&y=%3F#m2", "/r/a%20b?x=1&y=%3F#m2"),
    ],
)
async def test_the_way_on_may_hold_letters_that_no_header_can(
    house: conftest.House, path: str, location: str
) -> None:
    await people.person(house.db, "Dora")
    client = house.browser()
    answer = await client.post("/login", data=who(next=path))
    assert (answer.status_code, answer.headers["location"]) == (303, location)
    answer = await client.get("/login", params={"next": path})
    assert (answer.status_code, answer.headers["location"]) == (303, location)


async def test_a_session_is_a_row_that_logging_out_deletes(house: conftest.House) -> None:
    await people.person(house.db, "Dora")
    client = house.browser()
    await client.post("/login", data=who())
    token = client.cookies["session"]
    row = await house.db.one("SELECT * FROM sessions")
    assert row is not None
    assert row["token_hash"] == signing.token_hash(token) != token
    answer = await client.post("/logout")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert answer.headers["clear-site-data"] == '"cache"'
    assert "session" not in client.cookies
    assert await house.db.value("SELECT count(*) FROM sessions") == 0
    assert await sessions.endings_head(house.db) == 1
    client.cookies.set("session", token)
    assert (await client.get("/rooms/new")).status_code == 303, "a stolen cookie is worth nothing"
    assert await kinds(house) == ["logged in", "logged out"]
    assert (await house.browser().post("/logout")).status_code == 303, "also when signed out"


async def test_logging_in_again_makes_a_new_session_and_ends_the_one_before(
    house: conftest.House,
) -> None:
    await people.person(house.db, "Dora")
    client = house.browser()
    await client.post("/login", data=who())
    first = client.cookies["session"]
    await client.post("/login", data=who())
    assert client.cookies["session"] != first
    assert await sessions.find(house.db, first) is None
    assert await house.db.value("SELECT count(*) FROM sessions") == 1


async def test_a_token_someone_else_chose_becomes_no_session(house: conftest.House) -> None:
    await people.person(house.db, "Dora")
    client = house.browser()
    client.cookies.set("session", "chosen-by-eve")
    await client.post("/login", data=who())
    assert await sessions.find(house.db, "chosen-by-eve") is None


async def test_the_cookie_is_as_strict_as_the_address_allows(
    opened: conftest.Open, house: conftest.House
) -> None:
    await people.person(house.db, "Dora")
    plain = (await house.browser().post("/login", data=who())).headers["set-cookie"].lower()
    assert plain.startswith("session=")
    for flag in ("httponly", "samesite=lax", "path=/", "max-age=2592000"):
        assert flag in plain
    assert "secure" not in plain
    async with opened(public_url="https://chat.example.org") as secure:
        client = secure.browser()
        cookie = (await client.post("/login", data=who())).headers["set-cookie"]
        assert cookie.startswith("__Host-session=")
        for flag in ("Secure", "HttpOnly", "SameSite=lax", "Path=/"):
            assert flag in cookie
        assert "Domain" not in cookie
        assert (await client.get("/rooms/new")).status_code == 200


@pytest.mark.parametrize(
    ("fields", "status", "blamed"),
    [
        (who("x"), 422, "username"),
        (who(password="short"), 422, "password"),
        (who(password="password1"), 422, "password"),
        (who("Alice"), 409, "username"),
        (who("nul\0"), 400, "username"),
    ],
)
async def test_a_refused_registration_comes_back_filled_in(
    house: conftest.House, fields: dict[str, str], status: int, blamed: str
) -> None:
    await people.person(house.db, "alice")
    answer = await house.browser().post("/register", data={**fields, "next": "/rooms"})
    assert answer.status_code == status
    tree = elements.parse(answer.text)
    assert tree.one(f"{blamed}-error").get("role") == "alert"
    assert field(answer, "next") == "/rooms"
    assert field(answer, "password") == "", "a password is never sent back"
    if "\0" not in fields["username"]:
        assert field(answer, "username") == fields["username"]
    told = await house.browser().post("/register", data=fields, headers=conftest.JSON)
    assert told.status_code == status
    assert told.json()["error"] == tree.one(f"{blamed}-error").text.strip()


async def test_a_closed_site_takes_no_accounts_and_lets_its_people_in(
    opened: conftest.Open,
) -> None:
    async with opened(registration="closed") as house:
        await people.person(house.db, "Dora")
        client = house.browser()
        assert (await client.get("/register")).status_code == 403
        assert (await client.post("/register", data=who("Emil"))).status_code == 403
        assert await house.db.value("SELECT count(*) FROM people") == 1
        assert (await client.post("/login", data=who())).status_code == 303


async def test_a_wrong_password_and_an_unknown_name_are_told_apart_by_nobody(
    house: conftest.House,
) -> None:
    await people.person(house.db, "Dora")
    client = house.browser()
    answers = [
        await client.post("/login", data=who(name, "wrong otters rowing"))
        for name in ("Dora", "Nora")
    ]
    assert [answer.status_code for answer in answers] == [422, 422]
    assert answers[0].text.replace("Dora", "Nora") == answers[1].text
    rows = await house.db.all("SELECT kind, person_id, detail FROM security_events ORDER BY id")
    assert [row["kind"] for row in rows] == ["login failed"] * 2
    assert [row["person_id"] is None for row in rows] == [False, True]
    assert [row["detail"] for row in rows] == ["", ""], "what was typed may be a password"


async def test_guessing_is_slowed_down_and_the_right_password_is_not(
    opened: conftest.Open,
) -> None:
    async with opened(rate_limits=True) as house:
        await people.person(house.db, "Dora")
        client = house.browser()
        for _ in range(8):
            assert (await client.post("/login", data=who())).status_code == 303
        wrong = who(password="wrong otters rowing")
        codes = [(await client.post("/login", data=wrong)).status_code for _ in range(6)]
        assert codes == [422] * 5 + [429]
        limited = await client.post("/login", data=who())
        assert limited.status_code == 429
        assert int(limited.headers["retry-after"]) > 0
        assert field(limited, "username") == "Dora", "the form is given back"
        elsewhere = house.browser(address="192.0.2.7")
        assert (await elsewhere.post("/login", data=who())).status_code == 303


async def test_guessing_is_slowed_down_however_the_name_is_spelled(opened: conftest.Open) -> None:
    async with opened(rate_limits=True) as house:
        await people.person(house.db, "Dora")
        client = house.browser()
        for spelling in ("Dora", "DORA", " dora", "dora\u3000", "\tDora  "):
            wrong = who(spelling, "wrong otters rowing")
            assert (await client.post("/login", data=wrong)).status_code == 422
        for spelling in ("Dora", "  dora", "dora\u2003"):
            assert (await client.post("/login", data=who(spelling))).status_code == 429, spelling


async def test_accounts_asked_for_at_once_are_limited_like_those_one_by_one(
    opened: conftest.Open,
) -> None:
    async with opened(rate_limits=True) as house:
        client = house.browser()
        answers = await asyncio.gather(
            *(client.post("/register", data=who(f"dora{place}")) for place in range(8))
        )
        codes = sorted(answer.status_code for answer in answers)
        assert codes == [303] * 5 + [429] * 3
        assert await house.db.value("SELECT count(*) FROM people") == 5


async def test_accounts_are_limited_by_address_and_failed_tries_are_not_counted(
    opened: conftest.Open,
) -> None:
    async with opened(rate_limits=True) as house:
        one, two = house.browser("2001:db8:1:2::3"), house.browser("2001:db8:1:2:ffff::4")
        for _ in range(7):
            assert (await one.post("/register", data=who(password="short"))).status_code == 422
        for place in range(5):
            answer = await (one, two)[place % 2].post("/register", data=who(f"dora{place}"))
            assert answer.status_code == 303
        assert (await two.post("/register", data=who("dora6"))).status_code == 429
        assert (await house.browser("2001:db8:1:3::3").get("/register")).status_code == 200
        other = house.browser("2001:db8:1:3::3")
        assert (await other.post("/register", data=who("dora7"))).status_code == 303


@pytest.mark.parametrize("door", ["/login", "/register"])
@pytest.mark.parametrize("spelling", ["{}", "{}/", "/accounts{}", "/accounts{}/"])
async def test_every_spelling_of_an_address_is_the_same_page(
    house: conftest.House, door: str, spelling: str
) -> None:
    client, path = house.browser(), spelling.format(door)
    assert (await client.get(path)).text == (await client.get(door)).text
    assert (await client.post(path, data=who("x"))).status_code == 422


async def test_logging_out_works_under_every_spelling(house: conftest.House) -> None:
    dora = await people.person(house.db, "Dora")
    for path in ("/logout", "/logout/", "/accounts/logout", "/accounts/logout/"):
        client = await house.sign_in(dora)
        assert (await client.post(path)).headers["location"] == "/login"
        assert (await client.get("/rooms/new")).status_code == 303, path


async def test_the_session_is_looked_up_for_nothing_that_is_for_everyone(
    house: conftest.House,
) -> None:
    client = house.browser()
    client.cookies.set("session", "x" * 43)
    async with house.db.transaction() as connection:
        await connection.run("DROP TABLE sessions")
    for path in ("/healthz", "/readyz", "/robots.txt", house.state["templates"].asset("icon.svg")):
        assert (await client.get(path)).status_code == 200, path
    assert (await client.get("/")).status_code == 500, "the test can fail"


async def test_the_theme_is_kept_and_leads_back_to_the_page(house: conftest.House) -> None:
    client = house.browser(referer=f"{conftest.HERE}/rooms?q=a")
    answer = await client.post("/theme", data={"theme": "dark"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/rooms?q=a")
    assert 'data-theme="dark"' in (await client.get("/")).text
    await client.post("/theme", data={"theme": '"><b>'})
    assert "data-theme" not in (await client.get("/")).text
    for referer in ("https://evil.example/x", "//evil.example", "", "http://[", "about:blank"):
        answer = await client.post("/theme", data={"theme": ""}, headers={"Referer": referer})
        assert answer.headers["location"] == "/", referer
