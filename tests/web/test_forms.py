"""What may stand in a request: forms of either kind, in UTF-8, small, and without files."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.web import conftest

pytestmark = pytest.mark.anyio

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=x"


async def send(scene: conftest.Scene, content: bytes, kind: str = URLENCODED) -> httpx2.Response:
    headers = {**conftest.JSON, "Content-Type": kind}
    return await scene.alice.post(f"{scene.path}/messages", content=content, headers=headers)


async def bodies(house: conftest.House) -> list[str]:
    rows = await house.db.all("SELECT body FROM messages ORDER BY id")
    return [row["body"] for row in rows]


def multipart(*parts: tuple[str, bytes], boundary: bytes = b"x") -> bytes:
    found = b""
    for head, value in parts:
        disposition = f"Content-Disposition: form-data; {head}".encode()
        found += b"--" + boundary + b"\r\n" + disposition + b"\r\n\r\n" + value + b"\r\n"
    return found + b"--" + boundary + b"--\r\n"


async def test_a_multipart_form_is_as_good_as_any(
    house: conftest.House, scene: conftest.Scene
) -> None:
    for kind in (
        "multipart/form-data; boundary=x",
        'Multipart/Form-Data; boundary="x"',
        "multipart/form-data; charset=utf-16; boundary=x",
        "multipart/form-data; charset=punycode; boundary=x",
    ):
        content = multipart(('name="body"', "grüße 🦦".encode()))
        assert (await send(scene, content, kind)).status_code == 201, kind
    assert await bodies(house) == ["grüße 🦦"] * 4


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (multipart(('name="body"; filename="a.txt"', b"hello")), MULTIPART),
        (multipart(('name="body"', b"\xff\xfe")), MULTIPART),
        (
            multipart(('name="body"', b"a"), ('name="body"', b"b")),
            "multipart/form-data; boundary=x",
        ),
        (multipart(("x", b"hello")), MULTIPART),
        (multipart(*[(f'name="f{n}"', b"") for n in range(99)]), MULTIPART),
        (b"--x\r\nbroken", MULTIPART),
        (b"--x--", "multipart/form-data"),
        (b"--x--", "multipart/form-data; boundary="),
        (b"body=%FF", URLENCODED),
        (b"body=\xff", URLENCODED),
        (b"body=%ED%A0%80", URLENCODED),
        (b"body=a&body=b", URLENCODED),
        (b"&".join(b"f%d=" % n for n in range(99)), URLENCODED),
        (b'{"body": "hello"}', "application/json"),
        (b"body=hello", "text/plain"),
        (b"body=hello", ""),
    ],
)
async def test_what_is_no_form_of_ours_is_refused_in_words(
    house: conftest.House, scene: conftest.Scene, content: bytes, kind: str
) -> None:
    answer = await send(scene, content, kind)
    assert answer.status_code == 400
    assert len(answer.json()["error"]) > 20
    assert await bodies(house) == []


async def test_64_kib_is_the_most(house: conftest.House, scene: conftest.Scene) -> None:
    fits = b"body=hello&x=" + b"y" * (64 * 1024 - 13)
    assert (await send(scene, fits)).status_code == 201
    answer = await send(scene, fits + b"y")
    assert answer.status_code == 413
    assert "64 KiB" in answer.json()["error"]
    assert await bodies(house) == ["hello"]


async def test_what_declares_no_length_is_measured(
    house: conftest.House, scene: conftest.Scene
) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"body="
        for _ in range(100):
            yield b"y" * 1024

    headers = {**conftest.JSON, "Content-Type": URLENCODED}
    path = f"{scene.path}/messages"
    answer = await scene.alice.post(path, content=chunks(), headers=headers)
    assert answer.status_code == 413
    assert await bodies(house) == []


@pytest.mark.parametrize("length", ["99999999999999999999999", "-1", "1e3", "", "ten"])
async def test_a_strange_length_is_refused(scene: conftest.Scene, length: str) -> None:
    headers = {"Content-Length": length, "Content-Type": URLENCODED}
    answer = await scene.alice.post(f"{scene.path}/messages", content=b"x", headers=headers)
    assert answer.status_code in (400, 413)


async def test_a_get_may_not_carry_a_flood_either(scene: conftest.Scene) -> None:
    answer = await scene.alice.request("GET", "/rooms", content=b"x" * 70_000)
    assert answer.status_code == 413


async def test_a_page_is_told_in_the_form_it_reads(scene: conftest.Scene) -> None:
    path, refused = f"{scene.path}/messages", {"body": ""}
    page = await scene.alice.post(path, data=refused)
    fragment = await scene.alice.post(path, data=refused, headers=conftest.HTMX)
    told = await scene.alice.post(path, data=refused, headers=conftest.JSON)
    assert [answer.status_code for answer in (page, fragment, told)] == [422] * 3
    assert page.text.startswith("<!doctype html>")
    assert fragment.text.startswith("<p class=")
    assert told.json() == {"error": told.json()["error"]}
    assert told.json()["error"] in fragment.text
    browser = {"Accept": "text/html,application/xhtml+xml,application/json;q=0.5,*/*;q=0.1"}
    answer = await scene.alice.post(path, data=refused, headers=browser)
    assert answer.headers["content-type"].startswith("text/html")
