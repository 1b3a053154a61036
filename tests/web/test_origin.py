"""Where a request may come from, and under which name the site answers."""

import httpx2
import pytest

from tests.web import conftest

pytestmark = pytest.mark.anyio

SITES = {"same-origin": True, "none": True, "same-site": False, "cross-site": False, "": False}


def bare(house: conftest.House, cookies: httpx2.Cookies) -> httpx2.AsyncClient:
    """A browser that says of itself only what a test adds."""
    client = house.browser()
    del client.headers["Origin"]
    del client.headers["Sec-Fetch-Site"]
    client.cookies = cookies
    return client


async def count(house: conftest.House) -> int:
    return int(await house.db.value("SELECT count(*) FROM messages"))


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize(
    "origin", [conftest.HERE, "https://evil.example", "http://127.0.0.1:8001", "null", ""]
)
async def test_what_the_browser_says_decides(
    house: conftest.House, scene: conftest.Scene, site: str, origin: str
) -> None:
    headers = {"Sec-Fetch-Site": site, "Origin": origin}
    sent = {name: value for name, value in headers.items() if value}
    client = bare(house, scene.alice.cookies)
    answer = await client.post(f"{scene.path}/messages", data={"body": "hello"}, headers=sent)
    # Only a browser that does not say where it comes from is asked for the origin instead.
    may = SITES[site] if site else origin == conftest.HERE
    assert answer.status_code == (303 if may else 403)
    assert await count(house) == int(may)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "PURGE"])
async def test_every_unsafe_method_is_asked(house: conftest.House, method: str) -> None:
    client = bare(house, httpx2.Cookies())
    assert (await client.request(method, "/logout")).status_code == 403


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::1]"])
async def test_without_a_public_address_the_loopback_names_are_the_site(
    house: conftest.House, name: str
) -> None:
    client = bare(house, httpx2.Cookies())
    headers = {"Host": f"{name}:8000", "Origin": f"http://{name}:8000"}
    assert (await client.get("/login", headers=headers)).status_code == 200
    assert (await client.post("/logout", headers=headers)).status_code == 303


@pytest.mark.parametrize(
    "host",
    ["chat.example.org", "127.0.0.1", "127.0.0.1:8001", "127.0.0.1.evil.example:8000", "", "a b"],
)
async def test_another_name_gets_a_page_that_says_what_to_set(
    house: conftest.House, host: str
) -> None:
    answer = await house.browser().get("/login", headers={"Host": host})
    assert answer.status_code == 421
    assert "HUBBUB_PUBLIC_URL" in answer.text
    assert "password" not in answer.text


async def test_behind_a_public_address_only_its_name_answers(opened: conftest.Open) -> None:
    async with opened(public_url="https://chat.example.org") as house:
        client = house.browser()
        assert (await client.get("/login")).status_code == 200
        assert (await client.get("/login", headers={"Host": "CHAT.example.org"})).status_code == 200
        for host in ("127.0.0.1:8000", "chat.example.org.evil.example", "chat.example.org:8443"):
            assert (await client.get("/login", headers={"Host": host})).status_code == 421
        client = bare(house, httpx2.Cookies())
        for origin, status in {
            "https://chat.example.org": 303,
            "http://chat.example.org": 403,
            "https://chat.example.org.evil.example": 403,
            "https://chat.example.org:8443": 403,
        }.items():
            answer = await client.post("/logout", headers={"Origin": origin})
            assert answer.status_code == status, origin


async def test_probes_are_answered_under_any_name(house: conftest.House) -> None:
    for path in ("/healthz", "/readyz"):
        answer = await house.browser().get(path, headers={"Host": "10.0.0.7"})
        assert answer.status_code == 200


async def test_a_socket_is_opened_for_our_own_pages_only(
    house: conftest.House, scene: conftest.Scene
) -> None:
    cookie = f"session={scene.alice.cookies['session']}"
    path = f"{scene.path}/live"
    own = await house.knock(path, host="127.0.0.1:8000", origin=conftest.HERE, cookie=cookie)
    assert own[0]["type"] == "websocket.accept"
    for headers in (
        {"host": "127.0.0.1:8000", "origin": "https://evil.example"},
        {"host": "127.0.0.1:8000", "origin": "null"},
        {"host": "127.0.0.1:8000"},
        {"host": "evil.example", "origin": conftest.HERE},
    ):
        said = await house.knock(path, cookie=cookie, **headers)
        assert [message["type"] for message in said] == ["websocket.close"], headers


async def test_a_socket_to_nowhere_is_refused(house: conftest.House) -> None:
    said = await house.knock("/nowhere", host="127.0.0.1:8000", origin=conftest.HERE)
    assert [message["type"] for message in said] == ["websocket.close"]
