"""A room's days as pages, for reading back and for printing."""

import pytest

from hubbub.domain import clock, messages
from tests import elements, people
from tests.web import conftest

pytestmark = pytest.mark.anyio

DAY = "2026-11-20"


@pytest.fixture
async def said(house: conftest.House, scene: conftest.Scene) -> conftest.Scene:
    """Something was said on that day, two days before, and on the day after."""
    for days, body in ((-2, "long ago"), (0, "at noon"), (0, "<b>at noon</b>"), (1, "later")):
        at = people.NOON + days * clock.DAY
        draft = messages.Draft(body)
        await messages.post(house.db, scene.cast.room, scene.cast.alice, draft, now=at)
    return scene


def texts(page: str) -> list[str]:
    return [body.text for body in elements.parse(page).of_class("message__body")]


async def test_a_day_is_a_page_with_ways_to_its_neighbours(said: conftest.Scene) -> None:
    answer = await said.bob.get(f"{said.path}/day/{DAY}")
    assert answer.status_code == 200
    assert texts(answer.text) == ["at noon", "<b>at noon</b>"]
    tree = elements.parse(answer.text)
    ways = {link.get("rel"): link.get("href") for link in tree.named("a") if link.get("rel")}
    assert ways == {
        "prev": f"{said.path}/day/2026-11-18",
        "next": f"{said.path}/day/2026-11-21",
    }
    assert [heading.text for heading in tree.named("h1")] == ["Design talk"]
    assert [heading.text for heading in tree.of_class("day")] == ["Friday 20 November 2026"]


async def test_the_same_partial_shows_a_message_here_and_in_the_room(said: conftest.Scene) -> None:
    room, day = [await said.bob.get(said.path + at) for at in ("", f"/day/{DAY}")]
    article = day.text[day.text.index("<article") : day.text.rindex("</article>")]
    assert article in room.text


async def test_a_quiet_day_says_so(said: conftest.Scene) -> None:
    answer = await said.bob.get(f"{said.path}/day/2026-11-19")
    assert texts(answer.text) == []
    assert "Nothing was said on this day." in answer.text


async def test_latest_leads_to_the_last_day_on_which_something_was_said(
    said: conftest.Scene,
) -> None:
    answer = await said.bob.get(f"{said.path}/day/latest")
    assert answer.headers["location"] == f"{said.path}/day/2026-11-21"


async def test_a_day_can_go_on(said: conftest.Scene) -> None:
    answer = await said.bob.get(f"{said.path}/day/{DAY}?after=2")
    assert texts(answer.text) == ["<b>at noon</b>"]
    assert len(elements.parse(answer.text).of_class("day")) == 1, "it still says which day it is"


@pytest.mark.parametrize(
    "date",
    [
        "2026-13-01",
        "2026-02-30",
        "20261120",
        "2026-W47-5",
        "0000-01-01",
        "now",
        "２０２６-11-20",
        "-1",
    ],
)
async def test_what_is_no_day_is_not_there(said: conftest.Scene, date: str) -> None:
    assert (await said.bob.get(f"{said.path}/day/{date}")).status_code == 404


@pytest.mark.parametrize("date", ["0001-01-01", "9999-12-31"])
async def test_the_first_and_the_last_of_all_days_are_quiet(
    said: conftest.Scene, date: str
) -> None:
    answer = await said.bob.get(f"{said.path}/day/{date}")
    assert (answer.status_code, texts(answer.text)) == (200, [])


async def test_days_are_for_members_only(house: conftest.House, staged: conftest.Staged) -> None:
    scene = await staged(house, access="invited")
    for date in (DAY, "latest"):
        refused = await scene.charlie.get(f"{scene.path}/day/{date}")
        assert refused.status_code == 404
        assert "Design talk" not in refused.text
        assert (await scene.nobody.get(f"{scene.path}/day/{date}")).status_code == 303
    assert (await scene.bob.get(f"{scene.path}/day/{DAY}")).status_code == 200


async def test_who_holds_the_link_and_is_no_member_reads_no_day(scene: conftest.Scene) -> None:
    for date in (DAY, "latest"):
        assert (await scene.charlie.get(f"{scene.path}/day/{date}")).status_code == 403
