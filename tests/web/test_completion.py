"""What is asked while somebody types: who and which emoji is meant, and where to go."""

import httpx2
import pytest
import sqlalchemy

from hubbub.domain import memberships, rooms
from hubbub.tables import people as persons
from tests import elements
from tests.web import conftest

pytestmark = pytest.mark.anyio

HTMX, JSON = conftest.HTMX, conftest.JSON
EVIL = '<img src=x onerror="alert(1)">\' hx-get=/x'


async def rename(house: conftest.House, person_id: int, name: str) -> None:
    renamed = sqlalchemy.update(persons).where(persons.c.id == person_id)
    await house.db.run(renamed.values(display_name=name))


# -- members -----------------------------------------------------------------------------------


async def test_members_are_offered_as_options(scene: conftest.Scene) -> None:
    answer = await scene.alice.get(f"{scene.path}/names?q=bo")
    options = elements.parse(answer.text).named("li")
    assert [(one.id, one.get("role"), one.get("data-text")) for one in options] == [
        ("option-1", "option", "@Bob")
    ]
    told = await scene.alice.get(f"{scene.path}/names?q=bo", headers=JSON)
    assert told.json() == {"names": [{"username": "Bob", "name": "Bob"}]}


async def test_the_room_is_offered_to_those_who_may_call_it_only(scene: conftest.Scene) -> None:
    owner = await scene.alice.get(f"{scene.path}/names?q=room", headers=JSON)
    assert owner.json() == {"names": [{"username": "room", "name": None}]}
    assert "calls all 2 people" in (await scene.alice.get(f"{scene.path}/names?q=room")).text
    member = await scene.bob.get(f"{scene.path}/names?q=room", headers=JSON)
    assert member.json() == {"names": []}


async def test_members_are_told_to_members_only(
    house: conftest.House, staged: conftest.Staged
) -> None:
    scene = await staged(house, access="invited")
    elsewhere = await rooms.create(house.db, scene.cast.charlie, "Elsewhere")
    hidden = await scene.charlie.get(f"{scene.path}/names?q=b")
    missing = await scene.charlie.get(f"/r/{'a' * 36}/names?q=b")
    assert (hidden.status_code, missing.status_code) == (404, 404)
    assert "Bob" not in hidden.text
    assert (await scene.nobody.get(f"{scene.path}/names?q=b")).status_code == 303
    assert (await scene.bob.get(f"{house.path(elsewhere)}/names?q=b")).status_code == 403
    assert "@Bob" in (await scene.alice.get(f"{scene.path}/names?q=b")).text


async def test_who_was_removed_is_told_nothing_more(
    house: conftest.House, scene: conftest.Scene
) -> None:
    assert (await scene.bob.get(f"{scene.path}/names?q=a")).status_code == 200
    await memberships.remove(house.db, scene.cast.room, scene.cast.alice, scene.cast.bob)
    answer = await scene.bob.get(f"{scene.path}/names?q=a")
    assert answer.status_code == 403
    assert "Alice" not in answer.text


async def test_names_are_text(house: conftest.House, scene: conftest.Scene) -> None:
    await rename(house, scene.cast.bob.id, EVIL)
    for path in (f"{scene.path}/names?q=bob", "/go?q=@bob"):
        tree = elements.parse((await scene.alice.get(path, headers=HTMX)).text)
        assert EVIL in tree.text
        assert not tree.named("img")
        assert not any("hx-get" in element.attributes for element in tree.every())


# -- emoji -------------------------------------------------------------------------------------


async def test_emoji_are_offered_by_their_names(scene: conftest.Scene) -> None:
    answer = await scene.bob.get("/emoji?q=thumbsup")
    option = elements.parse(answer.text).named("li")[0]
    assert option.get("data-text").startswith("👍")
    told = await scene.bob.get("/emoji?q=thumbsup", headers=JSON)
    assert told.json()["emoji"][0]["emoji"] == option.get("data-text")
    assert (await scene.bob.get("/emoji", params={"q": EVIL})).text.strip() == ""
    assert (await scene.nobody.get("/emoji?q=thumbsup")).status_code == 303


# -- the switcher ------------------------------------------------------------------------------


async def links(client: httpx2.AsyncClient, q: str, **headers: str) -> dict[str, str]:
    """The places offered for `q`: what each is called, and where its link leads."""
    answer = await client.get("/go", params={"q": q}, headers=headers)
    assert answer.status_code == 200
    found = elements.parse(answer.text).of_class("place")
    return {place.of_class("place__name")[0].text: place.get("href") for place in found}


async def test_the_switcher_leads_to_rooms_and_people(scene: conftest.Scene) -> None:
    assert await links(scene.alice, "design") == {"Design talk": scene.path}
    assert await links(scene.alice, "bob") == {"Bob": "/people/Bob"}
    assert set(await links(scene.alice, "")) == {"Design talk", "General"}
    whole = await scene.alice.get("/go?q=design")
    part = await scene.alice.get("/go?q=design", headers=HTMX)
    assert "<html" in whole.text
    assert "<html" not in part.text
    assert 'value="design"' in whole.text


async def test_one_place_is_gone_to_at_once(scene: conftest.Scene) -> None:
    async def leads(query: str) -> str | None:
        return (await scene.alice.get(f"/go?{query}")).headers.get("location")

    assert await leads("q=design&go=yes") == scene.path
    assert await leads("q=@bob&go=yes") == "/people/Bob"
    assert await leads("q=general&go=yes") is not None, "the lobby is listed"
    for undecided in ("q=e&go=yes", "q=&go=yes", "q=&go=first", "q=nothing-like-it&go=first"):
        assert await leads(undecided) is None, undecided
    assert await leads("q=e&go=first") == scene.path
    typing = await scene.alice.get("/go?q=design&go=first", headers=HTMX)
    assert (typing.status_code, typing.headers.get("location")) == (200, None)


async def test_the_switcher_knows_nothing_one_may_not_see(
    house: conftest.House, staged: conftest.Staged
) -> None:
    scene = await staged(house, access="invited")
    lobby = await rooms.by_handle(house.db, rooms.LOBBY)
    assert lobby is not None
    assert await links(scene.charlie, "alice") == {"Alice": "/people/Alice"}, "met in the lobby"
    await memberships.leave(house.db, lobby, scene.cast.charlie)
    assert await links(scene.charlie, "design") == {}
    assert await links(scene.charlie, "alice") == {}
    assert await links(scene.charlie, "@") == {}
    answer = await scene.charlie.get("/go?q=design&go=first")
    assert answer.status_code == 200
    assert "Design talk" not in answer.text
    signed_out = await scene.nobody.get("/go?q=design")
    assert signed_out.status_code == 303
    assert "/login" in signed_out.headers["location"]


async def test_what_is_asked_while_typing_has_a_limit(
    opened: conftest.Open, staged: conftest.Staged
) -> None:
    async with opened(rate_limits=True) as house:
        scene = await staged(house)
        for _ in range(120):
            assert (await scene.bob.get("/emoji?q=x")).status_code == 200
        for path in ("/emoji?q=x", "/go?q=x", f"{scene.path}/names?q=x"):
            assert (await scene.bob.get(path)).status_code == 429, path
        assert (await scene.alice.get("/go?q=x")).status_code == 200


async def test_the_keys_are_a_page_and_a_part_of_one(scene: conftest.Scene) -> None:
    assert "<html" in (await scene.nobody.get("/shortcuts")).text
    part = await scene.bob.get("/shortcuts", headers=HTMX)
    assert "<html" not in part.text
    assert "<kbd>Ctrl K</kbd>" in part.text
