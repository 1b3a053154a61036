"""What every answer carries, whatever kind of answer it is."""

import re

import httpx2
import pytest

from hubbub.web.middleware import headers
from tests.web import conftest

pytestmark = pytest.mark.anyio


def assert_protected(answer: httpx2.Response) -> None:
    for name, value in headers.ALWAYS.items():
        assert answer.headers.get_list(name) == [value], name
    assert re.fullmatch(r"[0-9a-f]{16}", answer.headers["x-request-id"])
    assert "server" not in answer.headers


async def test_every_kind_of_answer_is_protected(scene: conftest.Scene) -> None:
    alice, room = scene.alice, scene.path
    answers = {
        200: await alice.get(room),
        201: await alice.post(f"{room}/messages", data={"body": "hello"}, headers=conftest.JSON),
        303: await scene.nobody.get(room),
        400: await alice.post(f"{room}/messages", content=b"\xff", headers=conftest.JSON),
        401: await scene.nobody.post(f"{room}/messages", data={"body": "hello"}),
        403: await scene.bob.post(f"{room}/link"),
        404: await alice.get("/nowhere"),
        405: await alice.get("/logout"),
        409: await alice.post(f"{room}/departure"),
        413: await alice.post(f"{room}/messages", data={"body": "x" * 70_000}),
        421: await alice.get("/", headers={"Host": "elsewhere.example"}),
        422: await alice.post(f"{room}/messages", data={"body": ""}),
    }
    for status, answer in answers.items():
        assert answer.status_code == status, (status, answer.text[:500])
        assert_protected(answer)
        assert answer.headers["cache-control"] == "no-store"
        assert {"Cookie", "HX-Request"} <= set(re.split(r",\s*", answer.headers["vary"]))


async def test_a_crash_is_protected_and_told_in_words(
    house: conftest.House, scene: conftest.Scene
) -> None:
    async with house.db.transaction() as connection:
        await connection.run("DROP TABLE memberships")
    page = await scene.alice.get(scene.path)
    assert page.status_code == 500
    assert_protected(page)
    assert "our mistake" in page.text
    assert page.headers["x-request-id"] in page.text
    told = await scene.alice.get(scene.path, headers=conftest.JSON)
    assert told.status_code == 500
    assert "our mistake" in told.json()["error"]
    fragment = await scene.alice.get(scene.path, headers=conftest.HTMX)
    assert fragment.status_code == 500
    assert "<html" not in fragment.text


async def test_static_files_are_protected_and_kept_for_ever(house: conftest.House) -> None:
    page = await house.browser().get("/login")
    names = re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text)
    assert len(names) >= 3
    for name in names:
        answer = await house.browser().get(name)
        assert answer.status_code == 200
        assert_protected(answer)
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert "cookie" not in answer.headers.get("vary", "").lower()
        assert len(answer.content) > 0


async def test_the_policy_allows_nothing_inline(house: conftest.House) -> None:
    policy = (await house.browser().get("/")).headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "nonce" not in policy
    assert policy.startswith("default-src 'none'; script-src 'self';")


async def test_https_is_insisted_on_where_it_is_used(
    opened: conftest.Open, house: conftest.House
) -> None:
    assert "strict-transport-security" not in (await house.browser().get("/")).headers
    async with opened(public_url="https://chat.example.org") as secure:
        answer = await secure.browser().get("/")
        assert answer.headers["strict-transport-security"].startswith("max-age=31536000")
        refused = await secure.browser().get("/", headers={"Host": "elsewhere.example"})
        assert refused.headers["strict-transport-security"].startswith("max-age=31536000")


async def test_two_requests_never_share_a_number(house: conftest.House) -> None:
    client = house.browser()
    numbers = {(await client.get("/healthz")).headers["x-request-id"] for _ in range(20)}
    assert len(numbers) == 20


async def test_crawlers_are_sent_away(house: conftest.House) -> None:
    answer = await house.browser().get("/robots.txt")
    assert answer.text == "User-agent: *\nDisallow: /\n"
    assert "noindex" in (await house.browser().get("/")).headers["x-robots-tag"]


async def test_the_icon_browsers_ask_for_by_themselves_is_there(house: conftest.House) -> None:
    answer = await house.browser().get("/favicon.ico", follow_redirects=True)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("image/")


async def test_a_head_request_is_answered_without_a_body(scene: conftest.Scene) -> None:
    for path in ("/", "/login", "/rooms", "/healthz", scene.path, f"{scene.path}/qr.svg"):
        answer = await scene.alice.head(path)
        assert answer.status_code in (200, 303), path
        assert answer.content == b""
        assert_protected(answer)


async def test_a_wrong_method_is_told_which_ones_there_are(house: conftest.House) -> None:
    answer = await house.browser().put("/login", data={"username": "x"})
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, POST"
