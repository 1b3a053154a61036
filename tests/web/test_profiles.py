"""The page about a person, their picture and their name: what is seen of them, and by whom."""

from __future__ import annotations

import re

import httpx2
import pytest

from hubbub.domain import accounts, direct
from tests import drawings, elements, people
from tests.web import conftest

pytestmark = pytest.mark.anyio


async def draw(client: httpx2.AsyncClient, content: bytes, name: str = "me.png") -> httpx2.Response:
    files = {"file": (name, content, "image/png")}
    return await client.post("/profile/picture", files=files)


async def picture_of(house: conftest.House, username: str) -> str | None:
    found = await house.db.value(
        "SELECT picture FROM people WHERE username = :name", {"name": username}
    )
    return None if found is None else str(found)


async def test_a_person_has_a_page_and_a_card(scene: conftest.Scene) -> None:
    page = await scene.alice.get("/people/bob")
    assert page.status_code == 200
    assert page.text.startswith("<!doctype html>")
    assert "@Bob" in page.text
    assert "Design talk" in page.text
    card = await scene.alice.get("/people/Bob", headers=conftest.HTMX)
    assert "<html" not in card.text
    assert 'data-text="@Bob "' in card.text
    own = await scene.bob.get("/people/bob", headers=conftest.HTMX)
    assert "data-act" not in own.text
    assert 'href="/profile"' in own.text


async def test_a_conversation_of_two_is_called_by_the_other_name_alone(
    house: conftest.House, scene: conftest.Scene
) -> None:
    room = await direct.open(house.db, scene.cast.alice, ["bob"])
    for client, other, title in ((scene.alice, "bob", "Bob"), (scene.bob, "alice", "Alice")):
        card = elements.parse((await client.get(f"/people/{other}", headers=conftest.HTMX)).text)
        links = {one.get("href"): one.text for one in card.named("a")}
        assert links[house.links.room_path(room)] == title


async def test_who_shares_no_room_sees_nothing_not_even_that_there_is_somebody(
    house: conftest.House, scene: conftest.Scene
) -> None:
    # Dora never logged in, and so is not in the lobby.
    dora = await people.person(house.db, "Dora")
    for path in ("/people/{}", "/people/{}/avatar.svg"):
        stranger = await scene.alice.get(path.format("dora"), headers=conftest.JSON)
        nobody = await scene.alice.get(path.format("nobody-here"), headers=conftest.JSON)
        assert (stranger.status_code, stranger.text) == (nobody.status_code, nobody.text)
        assert stranger.status_code == 404
        signed_out = await scene.nobody.get(path.format("alice"), headers=conftest.JSON)
        assert signed_out.status_code == 401
    await people.bring(house.db, scene.cast.room, scene.cast.alice, dora)
    assert (await scene.alice.get("/people/dora")).status_code == 200


async def test_a_name_is_changed_and_comes_back_when_it_is_refused(
    house: conftest.House, scene: conftest.Scene
) -> None:
    answer = await scene.bob.post("/profile/name", data={"name": "Bob <b>the</b> Otter"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/profile")
    page = await scene.alice.get("/people/bob")
    assert "Bob &lt;b&gt;the&lt;/b&gt; Otter" in page.text
    refused = await scene.bob.post("/profile/name", data={"name": "x" * 51})
    assert refused.status_code == 422
    tree = elements.parse(refused.text)
    assert tree.one("name").get("value") == "x" * 51
    assert tree.one("name-error").get("role") == "alert"
    assert (await scene.nobody.post("/profile/name", data={"name": "x"})).status_code == 401
    kept = await house.db.value("SELECT display_name FROM people WHERE username = 'Bob'")
    assert kept == "Bob <b>the</b> Otter"


async def test_a_picture_is_seen_in_two_sizes_by_those_who_are_signed_in(
    house: conftest.House, scene: conftest.Scene
) -> None:
    answer = await draw(scene.bob, drawings.photograph())
    assert (answer.status_code, answer.headers["location"]) == (303, "/profile")
    digest = await picture_of(house, "Bob")
    for edge in (512, 128):
        path = f"/pictures/{digest}-{edge}.webp"
        shown = await scene.alice.get(path)
        assert shown.headers["content-type"] == "image/webp"
        assert shown.headers["cache-control"] == "private, max-age=31536000, immutable"
        image = drawings.opened(shown.content)
        assert image.size == (edge, edge)
        assert len(image.getexif()) == 0
        assert (await scene.nobody.get(path, headers=conftest.JSON)).status_code == 401
    assert f"/pictures/{digest}-512.webp" in (await scene.alice.get("/people/bob")).text
    assert f"/pictures/{digest}-128.webp" in (await scene.bob.get(scene.path)).text


async def test_a_picture_taken_back_is_gone(house: conftest.House, scene: conftest.Scene) -> None:
    await draw(scene.bob, drawings.picture())
    path = f"/pictures/{await picture_of(house, 'Bob')}-512.webp"
    assert (await scene.alice.get(path)).status_code == 200
    assert (await scene.bob.post("/profile/picture/removal")).status_code == 303
    assert (await scene.alice.get(path)).status_code == 404
    assert await picture_of(house, "Bob") is None


async def test_a_picture_door_shows_nothing_but_pictures_of_people(
    house: conftest.House, scene: conftest.Scene
) -> None:
    files = {"file": ("otter.png", drawings.picture(), "image/png")}
    await scene.bob.post(f"{scene.path}/attachments", files=files)
    digest = await house.db.value("SELECT digest FROM attachments")
    for name in (
        f"{digest}-512.webp",
        f"{digest}-itself.webp",
        f"{'0' * 64}-512.webp",
        "..%2F..%2Fsecret-key",
        "%00",
        f"{digest}-512.webp%0A",
    ):
        assert (await scene.bob.get(f"/pictures/{name}")).status_code == 404


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (drawings.SVG, "Choose a picture"),
        (drawings.PAGE, "Choose a picture"),
        (drawings.huge_png(), "25 megapixels"),
        (drawings.picture()[:60], "broken"),
        (b"", "Choose a picture"),
    ],
)
async def test_what_is_no_picture_is_refused_beside_its_field(
    house: conftest.House, scene: conftest.Scene, content: bytes, sentence: str
) -> None:
    refused = await draw(scene.bob, content)
    assert refused.status_code == 422
    error = elements.parse(refused.text).one("file-error")
    assert sentence in error.text
    assert await picture_of(house, "Bob") is None


async def test_a_picture_has_a_limit_whether_attachments_have_one_or_not(
    opened: conftest.Open, staged: conftest.Staged
) -> None:
    async with opened(upload_mb=0) as house:
        scene = await staged(house)
        noise = drawings.picture(600, 400) + b"x" * 9_000_000
        assert (await draw(scene.bob, noise)).status_code == 303
        answer = await draw(scene.bob, noise + b"x" * 2_000_000)
        assert answer.status_code == 413
        assert "10 MB" in answer.text
        assert (await draw(scene.nobody, drawings.picture())).status_code == 401


async def test_initials_are_drawn_in_a_colour_of_ones_own(
    house: conftest.House, scene: conftest.Scene
) -> None:
    await scene.bob.post("/profile/name", data={"name": "<script> &Otter"})
    answer = await scene.alice.get("/people/bob/avatar.svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert "<script" not in answer.text
    assert ">SO</text>" in answer.text


async def test_initials_can_be_read_on_every_colour(house: conftest.House) -> None:
    """WCAG 2.2, 1.4.3: at least 4.5 to 1 for each of the colours people have."""
    seen = set()
    for number in range(500):
        username = f"user{number}"
        someone = accounts.Person(number, username, "A B", is_admin=False)
        drawn = house.state["templates"].render("people/avatar.svg", person=someone)
        found = re.search(r"hsl\((\d+), (\d+)%, (\d+)%\)", drawn)
        assert found
        hue, saturation, lightness = map(int, found.groups())
        seen.add(hue)
        assert 1.05 / (luminance(hue, saturation / 100, lightness / 100) + 0.05) >= 4.5
    assert len(seen) == 12


def luminance(hue: int, saturation: float, lightness: float) -> float:
    def channel(n: int) -> float:
        k = (n + hue / 30) % 12
        value = lightness - saturation * min(lightness, 1 - lightness) * max(
            -1, min(k - 3, 9 - k, 1)
        )
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    return 0.2126 * channel(0) + 0.7152 * channel(8) + 0.0722 * channel(4)
