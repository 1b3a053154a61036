"""Reports over HTTP: made from the menu of a message, read by those who look after the room."""

from __future__ import annotations

import httpx2
import pytest

from hubbub.domain import memberships, messages, roles
from tests import elements
from tests.web import conftest

pytestmark = pytest.mark.anyio


@pytest.fixture
async def said(house: conftest.House, scene: conftest.Scene) -> conftest.Scene:
    """Bob said something rude, and Charlie is in the room."""
    cast = scene.cast
    await messages.post(house.db, cast.room, cast.bob, messages.Draft("rude **words**"))
    await memberships.join(house.db, cast.room, cast.charlie)
    return scene


async def links(client: httpx2.AsyncClient, path: str) -> list[str]:
    page = elements.parse((await client.get(path)).text)
    return [link.get("href") for link in page.named("a")]


async def test_the_menu_of_a_message_leads_to_both_reports_one_behind_the_other(
    said: conftest.Scene,
) -> None:
    both = [f"{said.path}/1/report", f"{said.path}/people/Bob/report"]
    menu = f"{said.path}/1/menu"
    assert [link for link in await links(said.charlie, menu) if link in both] == both[:1]
    assert [link for link in await links(said.charlie, both[0]) if link in both] == both[1:]
    for who in (said.bob, said.alice):  # One's own, and what one can remove at once.
        assert not [link for link in await links(who, menu) if link in both]
    for path in both:
        shown = await said.charlie.get(path)
        assert (shown.status_code, "Report" in shown.text) == (200, True)
        card = await said.charlie.get(path, headers=conftest.HTMX)
        assert "<html" not in card.text and "</form>" in card.text


async def test_a_report_is_made_once_and_says_so_when_it_is_opened_again(
    house: conftest.House, said: conftest.Scene
) -> None:
    for path in (f"{said.path}/1/report", f"{said.path}/people/Bob/report"):
        for reason in ("first", "second"):
            made = await said.charlie.post(path, data={"reason": reason})
            assert (made.status_code, made.headers["location"]) == (303, path)
        again = await said.charlie.get(path)
        assert "You have reported this." in again.text
        assert "You have reported this." not in (await said.alice.get(path)).text
        told = await said.charlie.post(path, headers=conftest.HTMX)
        assert (told.status_code, "You have reported this." in told.text) == (200, True)
    rows = await house.db.all("SELECT number, reason FROM reports ORDER BY id")
    assert [(row["number"], row["reason"]) for row in rows] == [(1, "first"), (0, "first")]


async def test_too_long_a_reason_comes_back_in_its_field(
    house: conftest.House, said: conftest.Scene
) -> None:
    refused = await said.charlie.post(f"{said.path}/1/report", data={"reason": "x" * 251})
    assert refused.status_code == 422
    (field,) = [one for one in elements.parse(refused.text).named("input") if one.get("name")]
    assert (field.get("value"), field.get("aria-invalid")) == ("x" * 251, "true")
    assert await house.db.value("SELECT COUNT(*) FROM reports") == 0


async def test_who_may_not_report_and_what_cannot_be(
    house: conftest.House, said: conftest.Scene
) -> None:
    message, person = f"{said.path}/1/report", f"{said.path}/people/Bob/report"
    await memberships.leave(house.db, said.cast.room, said.cast.charlie)
    for client, path, status in (
        (said.nobody, message, 401),
        (said.charlie, message, 403),
        (said.charlie, person, 403),
        (said.bob, message, 403),
        (said.bob, person, 403),
        (said.alice, f"{said.path}/2/report", 404),
        (said.alice, f"{said.path}/people/Charlie/report", 404),
        (said.alice, f"{said.path}/people/nobody-at-all/report", 404),
    ):
        sent = {"data": {"reason": "r"}, "headers": conftest.JSON}
        assert (await client.post(path, **sent)).status_code == status, (path, status)
    assert await house.db.value("SELECT COUNT(*) FROM reports") == 0


async def test_those_who_look_after_the_room_read_it_and_close_it(
    house: conftest.House, said: conftest.Scene
) -> None:
    await said.charlie.post(f"{said.path}/1/report", data={"reason": "look at <this>"})
    shown = await said.alice.get(f"{said.path}/reports")
    page = elements.parse(shown.text)
    assert "Message 1 by Bob" in shown.text and "Reported by Charlie" in shown.text
    assert "look at <this>" in page.text
    (body,) = page.of_class("message__body")
    assert [one.text for one in body.named("strong")] == ["words"]
    leads = [link.get("href") for link in page.named("a")]
    for path in ("/1", "/1/erasure", "/people/Bob"):
        assert said.path + path in leads
        assert (await said.alice.get(said.path + path)).status_code == 200
    buttons = [one for one in page.every() if "button" in one.classes]
    loud = [one.text for one in buttons if "button--quiet" not in one.classes]
    assert loud == ["Remove the message …"], "the act, not the putting aside"
    for client in (said.bob, said.charlie):
        assert (await client.get(f"{said.path}/reports")).status_code == 403
    (form,) = [one for one in page.named("form") if "/reports/" in one.get("action")]
    for client in (said.bob, said.charlie):
        assert (await client.post(form.get("action"))).status_code == 403
    closed = await said.alice.post(form.get("action"))
    assert (closed.status_code, closed.headers["location"]) == (303, f"{said.path}/reports")
    assert "Nothing is reported here." in (await said.alice.get(f"{said.path}/reports")).text
    assert (await said.alice.post(f"{said.path}/reports/999")).status_code == 404


async def test_the_reported_see_nothing_of_it_even_as_moderators(
    house: conftest.House, said: conftest.Scene
) -> None:
    cast = said.cast
    await said.charlie.post(f"{said.path}/1/report")
    await roles.change(house.db, cast.room, cast.alice, cast.bob, "moderator")
    shown = await said.bob.get(f"{said.path}/reports")
    assert (shown.status_code, "Nothing is reported here." in shown.text) == (200, True)
    report_id = await house.db.value("SELECT id FROM reports")
    assert (await said.bob.post(f"{said.path}/reports/{report_id}")).status_code == 404
    assert "Reported by Charlie" in (await said.alice.get(f"{said.path}/reports")).text


async def test_there_is_a_limit_to_reports(opened: conftest.Open, staged: conftest.Staged) -> None:
    async with opened(rate_limits=True) as house:
        scene = await staged(house)
        await messages.post(house.db, scene.cast.room, scene.cast.alice, messages.Draft("one"))
        path, statuses = f"{scene.path}/1/report", []
        for _ in range(21):
            answer = await scene.bob.post(path, headers=conftest.JSON)
            statuses.append(answer.status_code)
        assert statuses[-1] == 429
        assert set(statuses[:-1]) == {200}
