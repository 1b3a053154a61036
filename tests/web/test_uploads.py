"""Files in a room: who may send, see and take them back, and what they can never do."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from hubbub import storage
from hubbub.domain import attachments, contents, memberships, rooms, settings
from tests import drawings, elements
from tests.web import conftest

pytestmark = pytest.mark.anyio


async def send(
    client: httpx2.AsyncClient,
    path: str,
    content: bytes = b"hello",
    name: str = "notes.txt",
    kind: str = "text/plain",
    **headers: str,
) -> httpx2.Response:
    return await client.post(
        f"{path}/attachments",
        files={"file": (name, content, kind)},
        headers={**conftest.JSON, **headers},
    )


async def sent(
    house: conftest.House, scene: conftest.Scene, content: bytes = b"hello", name: str = "notes.txt"
) -> str:
    """Bob attaches a file to a message; its path."""
    answer = await send(scene.bob, scene.path, content, name)
    assert answer.status_code == 201, answer.text
    await give(house, scene, answer.json()["id"])
    return str(answer.json()["path"])


async def give(house: conftest.House, scene: conftest.Scene, *public_ids: str) -> int:
    """Bob’s files become those of a new message of his; its id."""
    cast = scene.cast
    told = await scene.bob.post(
        f"{scene.path}/messages", data={"body": "here"}, headers=conftest.JSON
    )
    number = told.json()["number"]
    found = await house.db.value(
        "SELECT id FROM messages WHERE room_id = :room_id AND number = :number",
        {"room_id": cast.room.id, "number": number},
    )
    async with house.db.transaction() as conn:
        await attachments.claim(conn, cast.room.id, cast.bob.id, found, public_ids)
    return int(found)


async def count(house: conftest.House) -> int:
    return int(await house.db.value("SELECT count(*) FROM attachments"))


# --------------------------------------------------------------- uploading


async def test_an_upload_is_answered_in_three_forms(
    house: conftest.House, scene: conftest.Scene
) -> None:
    answer = await send(scene.bob, scene.path, drawings.picture(80, 60), "otter.png")
    assert answer.status_code == 201
    told = answer.json()
    assert told["path"] == f"{scene.path}/attachments/{told['id']}/otter.png"
    assert (told["name"], told["picture"], told["width"], told["height"]) == (
        "otter.png",
        True,
        80,
        60,
    )
    files = {"file": ("notes <b>.txt", b"hello", "text/plain")}
    path = f"{scene.path}/attachments"
    fragment = await scene.bob.post(path, files=files, headers=conftest.HTMX)
    assert fragment.status_code == 201
    assert 'class="chip" data-id="' in fragment.text
    assert "notes _b_.txt" in fragment.text
    plain = await scene.bob.post(path, files=files)
    assert (plain.status_code, plain.headers["location"]) == (303, scene.path)
    assert await count(house) == 3


async def test_who_may_not_post_uploads_nothing(
    house: conftest.House, scene: conftest.Scene
) -> None:
    large = b"x" * 100_000
    assert (await send(scene.nobody, scene.path)).status_code == 401
    assert (await send(scene.nobody, scene.path, large)).status_code == 413
    assert (await send(scene.charlie, scene.path, large)).status_code == 403
    await settings.archive(house.db, scene.cast.room, scene.cast.alice)
    assert (await send(scene.bob, scene.path, large)).status_code == 403
    assert await count(house) == 0
    await settings.unarchive(house.db, scene.cast.room, scene.cast.alice)
    assert (await send(scene.bob, scene.path, large)).status_code == 201, "the test can fail"


async def test_a_private_room_takes_no_file_from_a_stranger_and_does_not_exist_for_them(
    house: conftest.House, staged: conftest.Staged
) -> None:
    scene = await staged(house, access="invited")
    answer = await send(scene.charlie, scene.path)
    nowhere = await send(scene.charlie, f"/r/{'a' * 36}")
    assert answer.status_code == nowhere.status_code == 404
    assert answer.text == nowhere.text


async def test_a_file_beyond_the_limit_is_refused_before_and_while_it_comes(
    opened: conftest.Open, staged: conftest.Staged
) -> None:
    async with opened(upload_mb=1) as house:
        scene = await staged(house)
        assert (await send(scene.bob, scene.path, b"x" * 1_000_000)).status_code == 201
        for content in (b"x" * 1_000_001, b"x" * 1_200_000):
            answer = await send(scene.bob, scene.path, content)
            assert answer.status_code == 413
            assert "1 MB" in answer.json()["error"]

        async def endless() -> AsyncIterator[bytes]:
            yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
            for _ in range(200):
                yield b"y" * 10_000

        headers = {**conftest.JSON, "Content-Type": "multipart/form-data; boundary=x"}
        answer = await scene.bob.post(
            f"{scene.path}/attachments", content=endless(), headers=headers
        )
        assert answer.status_code == 413
        assert await count(house) == 1


async def test_only_doors_for_files_take_more_than_a_form(scene: conftest.Scene) -> None:
    large = {"file": ("a", b"x" * 100_000, "text/plain")}
    for path in ("/profile/name", "/rooms", f"{scene.path}/invitations", f"{scene.path}/topic"):
        assert (await scene.bob.post(path, files=large, headers=conftest.JSON)).status_code == 413
    body = {"body": "x" * 100_000}
    answer = await scene.bob.post(f"{scene.path}/messages", data=body, headers=conftest.JSON)
    assert answer.status_code == 413


async def test_attachments_can_be_switched_off(
    opened: conftest.Open, staged: conftest.Staged
) -> None:
    async with opened(upload_mb=0) as house:
        scene = await staged(house)
        assert (await send(scene.bob, scene.path)).status_code == 403
        assert (await send(scene.bob, scene.path, b"x" * 100_000)).status_code == 413
        assert await count(house) == 0


async def test_a_day_has_a_limit_and_so_have_ten_minutes(
    opened: conftest.Open, staged: conftest.Staged
) -> None:
    async with opened(upload_day_mb=1, rate_limits=True) as house:
        scene = await staged(house)
        assert (await send(scene.bob, scene.path, b"x" * 600_000)).status_code == 201
        answer = await send(scene.bob, scene.path, b"y" * 600_000)
        assert answer.status_code == 413
        assert "in a day" in answer.json()["error"]
        codes = [(await send(scene.bob, scene.path)).status_code for _ in range(59)]
        assert codes == [201] * 58 + [429]
        assert (await send(scene.alice, scene.path)).status_code == 201


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (drawings.huge_png(), "25 megapixels"),
        (drawings.text_bomb_png(), "broken"),
        (drawings.picture(300, 200)[:100], "broken"),
        (b"", "empty"),
    ],
)
async def test_hostile_pictures_are_refused_in_a_sentence(
    house: conftest.House, scene: conftest.Scene, content: bytes, sentence: str
) -> None:
    answer = await send(scene.bob, scene.path, content, "otter.png", "image/png")
    assert answer.status_code == 422
    assert sentence in answer.json()["error"]
    assert await count(house) == 0


async def test_a_form_without_one_file_is_refused(
    house: conftest.House, scene: conftest.Scene
) -> None:
    path = f"{scene.path}/attachments"
    two: Any = [("file", ("a", b"1", "text/plain")), ("file", ("b", b"2", "text/plain"))]
    none: Any = {"file": ("", b"", "application/octet-stream")}
    for files in (two, none):
        answer = await scene.bob.post(path, files=files, headers=conftest.JSON)
        assert answer.status_code == 422
    answer = await scene.bob.post(path, data={"file": "text"}, headers=conftest.JSON)
    assert answer.status_code == 422
    assert await count(house) == 0


async def test_a_file_cut_off_on_the_way_is_not_kept(
    house: conftest.House, scene: conftest.Scene
) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nhalf a fi'
    headers = {**conftest.JSON, "Content-Type": "multipart/form-data; boundary=x"}
    answer = await scene.bob.post(f"{scene.path}/attachments", content=body, headers=headers)
    assert answer.status_code == 400
    assert await count(house) == 0


# ---------------------------------------------------------------- fetching


async def test_a_picture_is_shown_and_asked_for_again_only_if_it_changed(
    house: conftest.House, scene: conftest.Scene
) -> None:
    path = await sent(house, scene, drawings.picture(1600, 1200, "JPEG"), "otter & pup.jpg")
    answer = await scene.alice.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["content-disposition"] == "inline; filename*=UTF-8''otter%20%26%20pup.jpg"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert drawings.opened(answer.content).size == (1600, 1200)
    small = await scene.alice.get(f"{path}?preview")
    assert small.headers["content-type"] == "image/webp"
    assert drawings.opened(small.content).size == (960, 720)
    assert small.headers["etag"] != answer.headers["etag"]
    known = {"If-None-Match": answer.headers["etag"]}
    again = await scene.alice.get(path, headers=known)
    assert (again.status_code, again.content) == (304, b"")
    assert (await scene.charlie.get(path, headers=known)).status_code == 403, "asked before"


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (drawings.PAGE, "holiday.png"),
        (drawings.PAGE, "page.html"),
        (drawings.SVG, "drawing.svg"),
        (b"GIF89a=1;alert(1)", "script.gif"),
        (b"alert(1)", "script.js"),
        (b"%PDF-1.7", "paper.pdf"),
    ],
)
async def test_whatever_is_no_picture_is_only_saved_and_never_shown(
    house: conftest.House, scene: conftest.Scene, content: bytes, name: str
) -> None:
    answer = await scene.alice.get(await sent(house, scene, content, name))
    assert answer.content == content
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == f"attachment; filename*=UTF-8''{name}"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]


async def test_a_picture_that_is_a_script_too_is_only_a_picture_afterwards(
    house: conftest.House, scene: conftest.Scene
) -> None:
    path = await sent(house, scene, drawings.polyglot_gif(), "both.gif")
    answer = await scene.alice.get(path)
    assert answer.headers["content-type"] == "image/gif"
    assert b"SECRET" not in answer.content


async def test_a_photograph_is_sent_without_where_it_was_taken(
    house: conftest.House, scene: conftest.Scene
) -> None:
    path = await sent(house, scene, drawings.photograph(), "garden.jpg")
    for address in (path, f"{path}?preview"):
        image = drawings.opened((await scene.alice.get(address)).content)
        assert len(image.getexif()) == 0


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "a\0b.txt", "invoice\u202efdp.exe", "x" * 300 + ".txt", '"><b>.txt', "–"],
)
async def test_a_strange_name_is_harmless_wherever_it_stands(
    house: conftest.House, scene: conftest.Scene, name: str
) -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="'
        + name.replace('"', "%22").encode()
        + b'"\r\n\r\nhello\r\n--x--\r\n'
    )
    headers = {**conftest.JSON, "Content-Type": "multipart/form-data; boundary=x"}
    answer = await scene.bob.post(f"{scene.path}/attachments", content=body, headers=headers)
    assert answer.status_code == 201
    kept = answer.json()["name"]
    assert 0 < len(kept) <= 120
    assert not set(kept) & set('/\\\0"<>\u202e')
    found = await scene.bob.get(answer.json()["path"])
    assert found.content == b"hello"
    assert found.headers["content-disposition"].isascii()
    assert found.headers["content-disposition"].count(";") == 1


async def test_membership_is_asked_at_every_fetch(
    house: conftest.House, scene: conftest.Scene
) -> None:
    path = await sent(house, scene, drawings.picture(), "otter.png")
    assert (await scene.bob.get(path)).status_code == 200
    assert (await scene.charlie.get(path)).status_code == 403
    assert (await scene.nobody.get(path, headers=conftest.JSON)).status_code == 401
    await memberships.remove(house.db, scene.cast.room, scene.cast.alice, scene.cast.bob)
    assert (await scene.bob.get(path)).status_code == 403
    assert (await scene.alice.get(path)).status_code == 200


async def test_in_a_private_room_what_one_may_not_fetch_does_not_exist(
    house: conftest.House, staged: conftest.Staged
) -> None:
    scene = await staged(house, access="invited")
    path = await sent(house, scene)
    nowhere = f"{scene.path}/attachments/{'0' * 32}/notes.txt"
    answers = [await scene.charlie.get(one, headers=conftest.JSON) for one in (path, nowhere)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].text == answers[1].text
    assert (await scene.alice.get(path)).status_code == 200
    await memberships.leave(house.db, scene.cast.room, scene.cast.bob)
    assert (await scene.bob.get(path, headers=conftest.JSON)).status_code == 404


async def test_a_file_is_reached_through_its_own_room_only(
    house: conftest.House, scene: conftest.Scene
) -> None:
    path = await sent(house, scene)
    other = await rooms.create(house.db, scene.cast.bob, "Elsewhere")
    assert (await scene.bob.get(path.replace(scene.path, house.path(other)))).status_code == 404
    assert (await scene.bob.get(path)).status_code == 200


async def test_what_is_not_sent_yet_is_seen_by_its_owner_alone(
    house: conftest.House, scene: conftest.Scene
) -> None:
    told = (await send(scene.bob, scene.path)).json()
    assert (await scene.bob.get(told["path"])).status_code == 200
    assert (await scene.alice.get(told["path"])).status_code == 404
    await give(house, scene, told["id"])
    assert (await scene.alice.get(told["path"])).status_code == 200


@pytest.mark.parametrize(
    "wrong", ["0" * 32, "x", "..%2F..%2Fsecret-key", "%00", "' OR 1=1 --", "A" * 32, "９" * 32]
)
async def test_an_id_that_is_none_is_nowhere(scene: conftest.Scene, wrong: str) -> None:
    answer = await scene.bob.get(f"{scene.path}/attachments/{wrong}/notes.txt")
    assert answer.status_code == 404


async def test_after_an_erasure_there_is_nothing(
    house: conftest.House, scene: conftest.Scene
) -> None:
    told = (await send(scene.bob, scene.path)).json()
    message = await give(house, scene, told["id"])
    digest = await storage.digest(io.BytesIO(b"hello"))
    assert await house.state["files"].has(digest)
    async with house.db.transaction() as conn:
        digests = await attachments.erase(conn, message)
    assert (await scene.bob.get(told["path"])).status_code == 404, "at once"
    await contents.sweep(house.db, house.state["files"], digests)
    assert not await house.state["files"].has(digest)


# ----------------------------------------------------------- before sending


async def test_one_takes_back_and_describes_only_what_is_ones_own(
    house: conftest.House, scene: conftest.Scene
) -> None:
    told = (await send(scene.bob, scene.path, drawings.picture(), "otter.png")).json()
    own = f"{scene.path}/attachments/{told['id']}"
    words = {"description": "An otter"}
    for client, *statuses in (
        (scene.alice, 404, 404),
        (scene.charlie, 403, 404),
        (scene.nobody, 401, 401),
    ):
        refused = [
            await client.post(f"{own}/description", data=words, headers=conftest.JSON),
            await client.post(f"{own}/removal", headers=conftest.JSON),
        ]
        assert [answer.status_code for answer in refused] == statuses
    done = await scene.bob.post(f"{own}/description", data=words, headers=conftest.HTMX)
    assert done.status_code == 200
    assert await house.db.value("SELECT description FROM attachments") == "An otter"
    assert (await scene.bob.post(f"{own}/removal", headers=conftest.HTMX)).status_code == 200
    assert await count(house) == 0
    assert (await scene.bob.post(f"{own}/removal", headers=conftest.JSON)).status_code == 404


async def test_files_below_a_message_keep_their_place_and_say_what_they_are(
    house: conftest.House, scene: conftest.Scene
) -> None:
    one = (await send(scene.bob, scene.path, drawings.picture(1600, 1200), "otter.png")).json()
    two = (await send(scene.bob, scene.path, b"x" * 4_200, 'a "b" <i>.txt')).json()
    message = await give(house, scene, one["id"], two["id"])
    found = await attachments.of(house.db, [message])
    shown = house.state["templates"].render(
        "uploads/_attachments.html", attachments=found[message], room_path=scene.path
    )
    tree = elements.parse(shown)
    (image,) = tree.named("img")
    assert (image.get("width"), image.get("height")) == ("480", "360")
    assert image.get("alt") == "otter.png"
    assert (image.get("src"), image.get("loading")) == (f"{one['path']}?preview", "lazy")
    links = [link.get("href") for link in tree.named("a")]
    assert links == [one["path"], two["path"]]
    assert "4.2 kB" in shown
    assert "<i>" not in shown
    for address in (*links, image.get("src")):
        assert (await scene.alice.get(address)).status_code == 200


# ------------------------------------------------------- with the form itself


async def post(
    client: httpx2.AsyncClient, scene: conftest.Scene, *names: str, **fields: str
) -> httpx2.Response:
    """A message as a page without scripts sends it."""
    files: Any = [("file", (name, name.encode(), "text/plain")) for name in names]
    files = files or [("file", ("", b"", "application/octet-stream"))]
    return await client.post(
        f"{scene.path}/messages", data=fields, files=files, headers=conftest.JSON
    )


async def names(house: conftest.House, number: int) -> list[str]:
    rows = await house.db.all(
        "SELECT a.name FROM attachments a JOIN messages m ON m.id = a.message_id"
        " WHERE m.number = :number ORDER BY a.place",
        {"number": number},
    )
    return [row["name"] for row in rows]


async def test_files_come_with_the_form_from_pages_without_scripts(
    house: conftest.House, scene: conftest.Scene
) -> None:
    first = await post(scene.bob, scene, "a.txt", "b.txt", body="two files")
    assert first.status_code == 201
    assert await names(house, first.json()["number"]) == ["a.txt", "b.txt"]
    before = (await send(scene.bob, scene.path, b"before", "before.txt")).json()["id"]
    second = await post(scene.bob, scene, "c.txt", body="", attachments=before)
    assert await names(house, second.json()["number"]) == ["before.txt", "c.txt"]
    third = await post(scene.bob, scene, body="no file chosen")
    assert await names(house, third.json()["number"]) == []
    assert (await post(scene.bob, scene, body="")).status_code == 422


@pytest.mark.parametrize("length", [{}, {"Content-Length": "200000"}], ids=["unsaid", "said"])
async def test_who_may_not_post_is_refused_before_the_files_of_a_form_are_read(
    scene: conftest.Scene, length: dict[str, str]
) -> None:
    read = 0

    async def form() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(200):
            read += 1
            yield b"y" * 1_000

    headers = {"Content-Type": "multipart/form-data; boundary=x", **length}
    answer = await scene.charlie.post(f"{scene.path}/messages", content=form(), headers=headers)
    assert answer.status_code == 403
    assert read < 5


async def test_a_form_with_files_that_is_sent_again_is_one_message(
    house: conftest.House, scene: conftest.Scene
) -> None:
    cid = "6f1c0e5e-9a1f-4f37-8a49-0d4ab6f0a001"
    tries = [post(scene.bob, scene, "a.txt", "b.txt", body="once", cid=cid) for _ in range(5)]
    answers = await asyncio.gather(*tries)
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 200, 201]
    assert {answer.json()["number"] for answer in answers} == {1}
    assert await names(house, 1) == ["a.txt", "b.txt"]
    assert await count(house) == 2
    # Another text under the same id is another message, and its files are its own.
    assert (await post(scene.bob, scene, "a.txt", body="twice", cid=cid)).json()["number"] == 2
    assert await names(house, 2) == ["a.txt"]
    assert await names(house, 1) == ["a.txt", "b.txt"]


async def test_a_form_with_files_is_no_way_around_what_one_may(
    house: conftest.House, scene: conftest.Scene
) -> None:
    assert (await post(scene.charlie, scene, "a.txt", body="x")).status_code == 403
    assert (await post(scene.nobody, scene, "a.txt", body="x")).status_code == 401
    eleven = [f"{number}.txt" for number in range(11)]
    assert (await post(scene.bob, scene, *eleven, body="x")).status_code == 422
    assert await count(house) == 0
    theirs = (await send(scene.alice, scene.path)).json()["id"]
    answer = await post(scene.bob, scene, body="x", attachments=theirs)
    assert answer.status_code == 422
    assert await house.db.value("SELECT count(*) FROM messages") == 0
    assert await house.db.value("SELECT message_id FROM attachments") is None
