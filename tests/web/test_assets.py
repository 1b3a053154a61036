"""Files and pages on the wire: joined, named by their content, compressed where that is safe."""

from __future__ import annotations

import gzip
import pathlib

import httpx2
import pytest

from hubbub import places
from hubbub.web import assets
from tests.web import conftest

pytestmark = pytest.mark.anyio


def test_files_are_joined_and_named_by_what_is_in_them(tmp_path: pathlib.Path) -> None:
    for name, text in {
        "css/tokens.css": ":root{}",
        "css/alpha.css": ".alpha{}",
        "js/b.js": "b()",
        "js/a.js": "a()",
        "vendor/htmx-4.0.1-ws.js": "htmx()",
        "vendor/VENDORED.json": "{}",
        "icons/icon.svg": "<svg/>",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    made = assets.Assets(tmp_path)
    assert made.logical("hubbub.css").body == b":root{}.alpha{}", "tokens first"
    assert made.logical("hubbub.js").body == b"a()\nb()"
    assert made.logical("htmx.js").body == b"htmx()"
    name = made.logical("hubbub.css").name
    assert made.named(name) is made.logical("hubbub.css")
    assert made.named("hubbub.css") is None, "only names that hold a hash are kept for ever"
    assert made.named("VENDORED.json") is None
    (tmp_path / "css/alpha.css").write_text(".alpha{color:red}")
    assert assets.Assets(tmp_path).logical("hubbub.css").name != name


async def test_a_file_is_sent_compressed_to_who_takes_that(house: conftest.House) -> None:
    path = house.state["templates"].asset("hubbub.css")
    client = house.browser()
    packed = await client.get(path, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    plain = await client.get(path, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == packed.content
    assert plain.headers["vary"] == packed.headers["vary"] == "Accept-Encoding"
    assert plain.headers["content-type"] == "text/css; charset=utf-8"


@pytest.mark.parametrize("name", ["x.css", "hubbub.css", "..%2fapp.py", "%00", ".", "tokens.css"])
async def test_a_file_that_is_not_there_is_not_found(house: conftest.House, name: str) -> None:
    assert (await house.browser().get(f"/static/{name}")).status_code == 404


@pytest.mark.parametrize(
    ("site", "packed"),
    [
        ("same-origin", True),
        ("none", True),
        ("same-site", True),
        ("cross-site", False),
        ("", False),
    ],
)
async def test_a_page_is_compressed_only_for_requests_of_ones_own(
    house: conftest.House, site: str, packed: bool
) -> None:
    client = house.browser()
    del client.headers["Sec-Fetch-Site"]
    headers = {"Accept-Encoding": "gzip", **({"Sec-Fetch-Site": site} if site else {})}
    answer = await client.get("/", headers=headers)
    assert answer.status_code == 200
    assert ("content-encoding" in answer.headers) == packed
    assert answer.text.startswith("<!doctype html>")
    if packed:
        assert "Accept-Encoding" in answer.headers["vary"]
        assert int(answer.headers["content-length"]) < len(answer.content)


async def test_who_does_not_take_gzip_gets_none(house: conftest.House) -> None:
    answer = await house.browser().get("/", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in answer.headers


async def test_all_files_of_a_page_are_there_and_small(house: conftest.House) -> None:
    made = assets.Assets(places.static())
    for name in ("hubbub.css", "hubbub.js", "htmx.js", "icon.svg"):
        asset = made.logical(name)
        path = house.state["templates"].asset(name)
        assert (await house.browser().get(path)).content == asset.body
        if asset.packed:
            assert gzip.decompress(asset.packed) == asset.body


async def test_the_process_says_that_it_lives_and_can_serve(house: conftest.House) -> None:
    for path in ("/healthz", "/healthz/", "/readyz", "/readyz/"):
        answer = await house.browser().get(path)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_a_database_of_another_version_is_not_ready(house: conftest.House) -> None:
    async with house.db.transaction() as connection:
        await connection.run("UPDATE alembic_version SET version_num = 'other'")
    answer = await house.browser().get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"status": "not migrated"})
    assert (await house.browser().get("/healthz")).status_code == 200


async def test_an_empty_database_is_not_ready(house: conftest.House) -> None:
    async with house.db.transaction() as connection:
        await connection.run("DROP TABLE alembic_version")
    answer: httpx2.Response = await house.browser().get("/readyz")
    assert answer.status_code == 503
