"""Accounts from outside: register, log in, log out, and what is refused."""

import pathlib
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
import websockets

from tests import elements, servers, visitors
from tests.outside import conftest

pytestmark = pytest.mark.anyio


def field(page: str, name: str) -> elements.Element:
    """The one input with this name."""
    found = [one for one in elements.parse(page).named("input") if one.get("name") == name]
    assert found, f"no field {name!r} in {page[:500]}"
    return found[0]


async def test_registering_leads_to_the_login_with_the_name_filled_in(
    nobody: visitors.Person,
) -> None:
    answer = await nobody.register()
    assert answer.status_code == 303
    assert urlsplit(answer.headers["location"]).path == "/login"
    assert not nobody.client.cookies.get("session"), "registering does not sign in"
    page = (await nobody.client.get(answer.headers["location"])).text
    assert field(page, "username").get("value") == nobody.name
    assert (await nobody.login()).headers["location"] == "/"
    assert (await nobody.client.get("/")).status_code == 200


async def test_where_one_wanted_to_go_survives_registering_and_logging_in(
    arrive: conftest.Arrive, nobody: visitors.Person
) -> None:
    room = await (await arrive("alice")).create("Where one wanted to go")
    answer = await nobody.open(room)
    assert answer.status_code == 303
    login = urlsplit(answer.headers["location"])
    assert (login.path, parse_qs(login.query)) == ("/login", {"next": [room]})
    fields = {"username": nobody.name, "password": nobody.password, "next": room}
    answer = await nobody.client.post("/register", data=fields)
    onward = parse_qs(urlsplit(answer.headers["location"]).query)
    assert onward["next"] == [room]
    page = (await nobody.client.get(answer.headers["location"])).text
    assert field(page, "next").get("value") == room
    answer = await nobody.client.post("/login", data=fields)
    assert (answer.status_code, answer.headers["location"]) == (303, room)
    assert (await nobody.open(room)).status_code == 200


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "http:evil.example",
        "/%0d%0aSet-Cookie: a=b",
        "\r\nSet-Cookie: a=b",
    ],
)
async def test_next_never_leads_off_the_site(arrive: conftest.Arrive, elsewhere: str) -> None:
    alice = await arrive("alice")
    fields = {"username": alice.name, "password": alice.password, "next": elsewhere}
    async with visitors.Person(alice.server, alice.name) as again:
        answer = await again.client.post("/login", data=fields)
    assert answer.status_code in (303, 400, 422)
    place = urlsplit(str(answer.url.join(answer.headers.get("location", "/"))))
    assert place.netloc == urlsplit(alice.server.url).netloc
    assert "a" not in answer.cookies


@pytest.mark.parametrize(
    "password", ["", "short", "password", "12345678", "qwertyuiop", "iloveyou"]
)
async def test_a_weak_password_is_refused_and_the_name_kept(
    nobody: visitors.Person, password: str
) -> None:
    fields = {"username": nobody.name, "password": password}
    answer = await nobody.client.post("/register", data=fields)
    assert answer.status_code == 422
    assert field(answer.text, "username").get("value") == nobody.name
    assert (await nobody.login()).status_code != 303, "nothing was registered"


async def test_ones_own_name_is_no_password(nobody: visitors.Person) -> None:
    fields = {"username": nobody.name, "password": nobody.name.upper()}
    assert (await nobody.client.post("/register", data=fields)).status_code == 422


@pytest.mark.parametrize(
    "password", ["ünäßöçğł", "long " * 51, "a\u0301bc déf ghi", "🦦🐻🦊🐸🐙🦉🐝🦔"]
)
async def test_long_and_foreign_passwords_work(nobody: visitors.Person, password: str) -> None:
    nobody.password = password
    await nobody.arrive()
    assert (await nobody.client.get("/")).status_code == 200


async def test_a_password_is_compared_to_its_last_letter(nobody: visitors.Person) -> None:
    nobody.password = "otters " * 30 + "x"
    await nobody.register()
    nobody.password = "otters " * 30 + "y"
    assert (await nobody.login()).status_code in (401, 422)


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "a",
        "a" * 33,
        "a" * 100_000,
        "two words",
        "<script>",
        "nul\0name",
        "line\nbreak",
        "bidi\u202ename",
        "zero\u200bwidth",
        "-dash",
        "../up",
        "a/b",
        "e" + "\u0301" * 1000,
        "admin",
        "system",
    ],
)
async def test_a_name_nobody_can_have_is_refused(nobody: visitors.Person, name: str) -> None:
    fields = {"username": name, "password": visitors.PASSWORD}
    answer = await nobody.client.post("/register", data=fields)
    assert answer.status_code in (400, 409, 413, 422), answer.status_code


async def test_a_name_is_taken_whatever_its_case(arrive: conftest.Arrive) -> None:
    alice = await arrive("alice")
    async with visitors.Person(alice.server, "ALICE") as double:
        assert (await double.register()).status_code == 409
        double.password = alice.password
        assert (await double.login()).status_code == 303, "case does not matter at the login"


async def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(
    arrive: conftest.Arrive, nobody: visitors.Person
) -> None:
    alice = await arrive("alice")
    fields = {"username": alice.name, "password": "not hers at all"}
    wrong = await nobody.client.post("/login", data=fields)
    fields = {"username": "nosuch", "password": "not hers at all"}
    unknown = await nobody.client.post("/login", data=fields)
    assert wrong.status_code == unknown.status_code
    assert wrong.status_code in (401, 422)
    assert wrong.text.replace("alice", "nosuch") == unknown.text


async def test_every_login_has_a_token_of_its_own_that_scripts_cannot_read(
    newcomer: visitors.Person,
) -> None:
    first = newcomer.cookies
    answer = await newcomer.login()
    assert newcomer.cookies != first
    cookie = next(one for one in answer.headers.get_list("set-cookie") if "session" in one).lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "path=/" in cookie


async def test_logging_out_ends_the_session_on_the_server(newcomer: visitors.Person) -> None:
    room = await newcomer.create("Left behind")
    stolen = newcomer.cookies
    answer = await newcomer.logout()
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    async with visitors.Person(newcomer.server, newcomer.name) as thief:
        thief.client.headers["Cookie"] = stolen
        assert (await thief.post(room, "with a stolen cookie")).status_code == 401
        assert (await thief.open(room)).status_code == 303
        async with thief.bare_socket(room, cookies=stolen) as socket:
            assert await visitors.raises_close(socket) == 4401


async def test_logging_out_closes_the_sockets_of_that_session_only(
    newcomer: visitors.Person,
) -> None:
    room = await newcomer.create("Two devices")
    async with visitors.Person(newcomer.server, newcomer.name) as other_device:
        await other_device.login()
        async with newcomer.watching(room) as here, other_device.watching(room) as there:
            await newcomer.logout()
            await here.closes(4401, within=2)
            await other_device.say(room, "still here")
            await there.shows("still here")
            assert "still here" not in here.texts


async def test_one_can_end_no_session_by_getting_the_logout_page(
    newcomer: visitors.Person,
) -> None:
    answer = await newcomer.client.get("/logout")
    assert answer.status_code in (303, 405)
    assert (await newcomer.client.get("/")).status_code == 200
    assert "newcomer" in (await newcomer.client.get("/")).text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/login", "/accounts/login"),
        ("/login/", "/accounts/login/"),
        ("/register", "/accounts/register"),
        ("/register", "/register/"),
        ("/rooms", "/rooms/"),
    ],
)
async def test_addresses_answer_with_and_without_a_slash_and_under_their_old_names(
    nobody: visitors.Person, one: str, other: str
) -> None:
    answers = [await nobody.client.get(path, follow_redirects=True) for path in (one, other)]
    assert [answer.status_code for answer in answers] == [200, 200]
    titles = [elements.parse(answer.text).named("title")[0].text for answer in answers]
    assert titles[0] == titles[1]


async def test_posting_works_under_every_spelling_of_an_address(nobody: visitors.Person) -> None:
    fields = {"username": nobody.name, "password": nobody.password}
    assert (await nobody.client.post("/accounts/register/", data=fields)).status_code == 303
    answer = await nobody.client.post("/accounts/login/", data=fields)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    room = await nobody.create("Spellings")
    answer = await nobody.client.post(f"{room}/messages/", data={"body": "with a slash"})
    assert answer.status_code == 303
    assert [message.text for message in await nobody.history(room)] == ["with a slash"]
    assert (await nobody.client.post("/accounts/logout/")).status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "", "Origin": "null"},
        {"Sec-Fetch-Site": "", "Origin": ""},
    ],
)
async def test_a_form_on_another_site_changes_nothing(
    server: servers.Server, arrive: conftest.Arrive, headers: dict[str, str]
) -> None:
    alice = await arrive("alice")
    room = await alice.create("Forms of other sites")
    sent = {name: value for name, value in headers.items() if value}
    async with httpx2.AsyncClient(base_url=server.url, trust_env=False) as stranger:
        sent["Cookie"] = alice.cookies
        answer = await stranger.post(f"{room}/messages", data={"body": "forged"}, headers=sent)
        assert answer.status_code == 403
        assert (await stranger.post("/logout", headers=sent)).status_code == 403
        own = {"Cookie": alice.cookies, "Origin": server.url}
        answer = await stranger.post(f"{room}/messages", data={"body": "own"}, headers=own)
        assert answer.status_code == 303, "an old browser sends only the origin"
    assert [message.text for message in await alice.history(room)] == ["own"]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
async def test_a_socket_from_another_site_is_refused_before_it_opens(
    arrive: conftest.Arrive, origin: str
) -> None:
    alice = await arrive("alice")
    room = await alice.create("Sockets of other sites")
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with alice.bare_socket(room, origin=origin):
            pass
    assert refused.value.response.status_code == 403


async def test_a_strange_host_gets_no_page_of_the_site(server: servers.Server) -> None:
    async with httpx2.AsyncClient(base_url=server.url, trust_env=False) as client:
        answer = await client.get("/login", headers={"Host": "evil.example"})
        assert answer.status_code in (400, 421)
        assert "HUBBUB_PUBLIC_URL" in answer.text
        assert 'name="password"' not in answer.text


@pytest.mark.parametrize("path", ["/", "/login", "/nowhere", "/rooms", "/healthz", "/r/x/messages"])
async def test_every_answer_carries_the_headers_that_protect_it(
    nobody: visitors.Person, path: str
) -> None:
    headers = (await nobody.client.get(path)).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["x-frame-options"] == "DENY"
    assert "permissions-policy" in headers
    assert "server" not in headers


async def test_guessing_passwords_is_slowed_down(tmp_path: pathlib.Path) -> None:
    with servers.Server(tmp_path, rate_limits=True) as server:
        async with visitors.Person(server, "alice") as alice, visitors.Person(server, "al") as eve:
            assert (await alice.register()).status_code == 303
            eve.name, eve.password = "alice", "a guess that is wrong"
            answers = [await eve.login() for _ in range(7)]
            assert answers[-1].status_code == 429
            assert int(answers[-1].headers["retry-after"]) > 0
            assert answers[0].status_code in (401, 422)


async def test_sending_is_slowed_down_after_a_burst_and_goes_on_later(
    tmp_path: pathlib.Path,
) -> None:
    with servers.Server(tmp_path, rate_limits=True) as server:
        async with visitors.Person(server, "alice") as alice:
            await alice.arrive()
            room = await alice.create("Bursts")
            answers = [await alice.post(room, f"burst {place}") for place in range(15)]
            codes = [answer.status_code for answer in answers]
            assert codes[:10] == [201] * 10
            assert 429 in codes
            limited = answers[codes.index(429)]
            assert int(limited.headers["retry-after"]) > 0
            assert limited.json()["error"]
            sent = await alice.say(room, "later")
            stored = await alice.history(room)
            assert stored[-1] == (sent.number, "alice", "later")
            assert len(stored) == codes.count(201) + 1
