"""What open pages are told when a room was opened for somebody."""

import pytest

from hubbub.domain import invitation_links, invitations, knocks, notifications, profiles
from hubbub.web import live
from tests import elements
from tests.web import conftest

pytestmark = pytest.mark.anyio


async def told(house: conftest.House, scene: conftest.Scene) -> list[tuple[str | None, ...]]:
    """What Charlie's open pages are given to tell of: title, text, address, tag."""
    log, charlie = live.Log(house.db, house.state["templates"]), scene.cast.charlie.id
    page = elements.parse((await log.inboxes([charlie]))[charlie].decode())
    names = ("data-title", "data-text", "data-href", "data-tag")
    return [tuple(map(row.get, names)) for row in page.named("i") if row.get("data-tag")]


@pytest.mark.parametrize(
    ("is_private", "expected"),
    [
        (False, ("Alice invites you", "Design <talk>")),
        (True, ("You are invited into a room", "")),
    ],
)
async def test_an_invitation_is_told_until_it_is_answered(
    house: conftest.House, scene: conftest.Scene, is_private: bool, expected: tuple[str, str]
) -> None:
    db, cast = house.db, scene.cast
    assert await told(house, scene) == []
    await db.run("UPDATE rooms SET title = 'Design <talk>'")
    await profiles.prefer(
        db, cast.charlie, {notifications.ALERTS: True, notifications.PRIVATE: is_private}
    )
    asked = await invitations.invite(db, cast.room, cast.alice, "charlie")
    assert await told(house, scene) == [(*expected, "/inbox", f"/inbox#{asked.id}")]
    invitation = await invitations.find(db, asked.id, cast.charlie)
    await invitations.decline(db, invitation, cast.charlie)
    assert await told(house, scene) == []


async def test_being_let_in_is_told_with_the_way_into_the_room(
    house: conftest.House, scene: conftest.Scene
) -> None:
    db, cast = house.db, scene.cast
    await profiles.prefer(db, cast.charlie, {notifications.SOUND: True})
    link = await invitation_links.create(db, cast.room, cast.alice, knock=True)
    await knocks.ask(db, link, cast.charlie)
    assert await told(house, scene) == []
    await knocks.admit(db, cast.room, cast.alice, cast.charlie)
    assert await told(house, scene) == [("You were let in", "Design talk", scene.path, scene.path)]


async def test_what_came_a_while_ago_is_not_told_again(
    house: conftest.House, scene: conftest.Scene
) -> None:
    db, cast = house.db, scene.cast
    await profiles.prefer(db, cast.charlie, {notifications.ALERTS: True})
    await invitations.invite(db, cast.room, cast.alice, "charlie")
    assert len(await told(house, scene)) == 1
    values = {"at": live.NEW_DOOR}
    await db.run("UPDATE invitations SET at = at - :at", values)
    assert await told(house, scene) == []
