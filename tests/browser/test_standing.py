"""What one may do in a room changes under an open page, which follows without a reload."""

from __future__ import annotations

import asyncio
import concurrent.futures
import pathlib
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from hubbub import database
from hubbub.domain import accounts, clock, moderation, rooms
from tests import servers
from tests.browser import conftest
from tests.browser.test_accessibility import LISTEN, THEMES, Theme, violations
from tests.browser.test_journeys import say, shows
from tests.browser.test_looks import is_live, opened

Someone = Callable[[str], conftest.Account]
MUTED = "You are muted here until"
AGAIN = "You can write here again."


@pytest.fixture
def ben(someone: Someone) -> conftest.Account:
    """Somebody new for each test, about whom things are done."""
    return someone("Ben")


@pytest.fixture
def room(ada: conftest.Account, ben: conftest.Account) -> str:
    """A room of Ada's with Ben in it."""
    path = ada.create("Looked after")
    ben.join(path)
    ada.say(path, *(f"message {number}" for number in range(1, 31)))
    return path


def act(account: conftest.Account, path: str, **fields: str) -> None:
    assert account.client.post(path, data=fields).status_code == 303


def mute(server: servers.Server, path: str, person: conftest.Account, seconds: int = 600) -> None:
    """Mute, or set another end, sooner than there is a choice for. Playwright's loop runs here, so
    in a thread."""

    async def muted() -> None:
        db = database.Database(f"sqlite:///{server.database_file}")
        await db.connect()
        try:
            by = await accounts.by_username(db, "Ada")
            whom = await accounts.by_username(db, person.name)
            assert by
            assert whom
            room, _ = await rooms.open(db, path.removeprefix("/r/")[:10], by)
            until = clock.now() + seconds * clock.SECOND
            await moderation.mute(db, room, by, whom, until=until)
        finally:
            await db.disconnect()

    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, muted()).result()


def stays(page: Page) -> None:
    """From here on, one sees by `is_the_same` that the page was never left."""
    page.evaluate("window.stayed = document.querySelector('#live')")
    page.evaluate(LISTEN)


def is_the_same(page: Page) -> None:
    assert page.evaluate("window.stayed === document.querySelector('#live')")
    is_live(page)


def top(page: Page, selector: str) -> float:
    at: float = page.locator(selector).evaluate("element => element.getBoundingClientRect().top")
    return at


def told(page: Page) -> list[str]:
    """What a screen reader heard about what one may do."""
    heard: list[str] = page.evaluate("told")
    return [line for line in heard if re.match("You (are|can) ", line)]


def test_a_mute_that_runs_out_gives_the_composer_back_with_what_was_in_it(
    page_for: conftest.Profiles,
    server: servers.Server,
    ada: conftest.Account,
    ben: conftest.Account,
    room: str,
) -> None:
    page = opened(page_for(ben), room)
    page.locator("#body").fill("what I was about to say")
    stays(page)
    mute(server, room, ben)
    expect(page.locator("#told")).to_contain_text(MUTED)
    expect(page.locator("#composer")).to_be_hidden()
    expect(page.locator("a[href='#body']")).to_have_count(0)
    page.locator("#log").evaluate("log => log.scrollTop = -400")
    place = top(page, "#m18")
    mute(server, room, ben, 2)
    expect(page.locator("#composer")).to_be_visible()
    expect(page.locator("#told")).to_have_text(AGAIN)
    expect(page.locator("#body")).to_have_value("what I was about to say")
    expect(page.locator("a[href='#body']")).to_have_count(1)
    assert abs(top(page, "#m18") - place) < 2
    is_the_same(page)
    assert [line for line in told(page) if not line.startswith(MUTED)] == [AGAIN]
    page.locator("#body").press("Enter")
    shows(page, "what I was about to say")
    ada.say(room, "and live")
    shows(page, "and live")


def test_a_page_that_opened_without_a_composer_gets_one_that_works(
    page_for: conftest.Profiles,
    server: servers.Server,
    ada: conftest.Account,
    ben: conftest.Account,
    room: str,
) -> None:
    mute(server, room, ben)
    page = opened(page_for(ben), room)
    expect(page.locator("#told")).to_contain_text(MUTED)
    expect(page.locator("#composer")).to_have_count(0)
    stays(page)
    page.locator("#head").focus()
    mute(server, room, ben, 2)
    expect(page.locator("#composer")).to_be_visible()
    expect(page.locator("#head")).to_be_focused()
    assert [line for line in told(page) if not line.startswith(MUTED)] == [AGAIN]
    page.locator("#body").press_sequentially("first line")
    page.locator("#body").press("Shift+Enter")
    page.locator("#body").press_sequentially("*bold")
    expect(page.locator("#count")).to_be_hidden()
    page.locator("#body").press_sequentially("* :smil")
    expect(page.locator("#options [role=option]").first).to_be_visible()
    page.keyboard.press("Escape")
    page.locator("#body").fill("not lost by a reload")
    page.reload()
    is_live(page)
    expect(page.locator("#body")).to_have_value("not lost by a reload")
    page.locator("#body").press("Enter")
    shows(page, "not lost by a reload")


def test_files_and_replies_work_in_a_composer_that_came_later(
    page_for: conftest.Profiles, ada: conftest.Account, ben: conftest.Account, room: str
) -> None:
    act(ada, f"{room}/roles", username=ben.name, role="reader")
    page = opened(page_for(ben), room)
    expect(page.locator("#told")).to_have_text("You can read here, but not write.")
    stays(page)
    act(ada, f"{room}/roles", username=ben.name, role="member")
    expect(page.locator("#told")).to_contain_text("You are a member of this room now")
    note = {"name": "note.txt", "mimeType": "text/plain", "buffer": b"kept"}
    page.locator("#files").set_input_files(note)
    expect(page.locator("#chips [data-id]")).to_have_count(1)
    page.locator("#m30").focus()
    page.keyboard.press("Enter")
    page.locator("#card").get_by_text("Reply", exact=True).click()
    expect(page.locator("#reply")).to_contain_text("message 30")
    say(page, "with a file, to 30")
    mine = page.locator(".message[data-cid]").filter(has_text="with a file, to 30")
    expect(mine).to_contain_text("note.txt")
    expect(mine).to_contain_text("message 30")
    is_the_same(page)


def test_a_mute_that_is_lifted_early_or_made_longer_is_seen_at_once(
    page_for: conftest.Profiles,
    server: servers.Server,
    ada: conftest.Account,
    ben: conftest.Account,
    room: str,
) -> None:
    page = opened(page_for(ben), room)
    page.locator("#body").fill("a draft")
    stays(page)
    mute(server, room, ben)
    expect(page.locator("#composer")).to_be_hidden()
    mute(server, room, ben, 3600)
    expect(page.locator("#standing > *")).to_have_attribute("hx-trigger", re.compile("every 3[56]"))
    act(ada, f"{room}/mutes/removal", username=ben.name)
    expect(page.locator("#composer")).to_be_visible()
    expect(page.locator("#body")).to_have_value("a draft")
    expect(page.locator("#told")).to_have_text(AGAIN)
    expect(page.locator("#standing [hx-get]")).to_have_count(0)
    first, second, *again = told(page)
    assert first != second
    assert again == [AGAIN]
    is_the_same(page)


def test_a_role_brings_what_goes_with_it_and_takes_it_away(
    page_for: conftest.Profiles, ada: conftest.Account, ben: conftest.Account, room: str
) -> None:
    page = opened(page_for(ben), room)
    settings = page.locator("#menu a[href$='/settings']")
    stays(page)
    page.locator("[popovertarget=menu]").click()
    expect(settings).to_have_count(0)
    act(ada, f"{room}/roles", username=ben.name, role="moderator")
    expect(settings).to_be_visible()
    expect(page.locator("#knocks[hidden]")).to_have_count(0)
    page.keyboard.press("Escape")
    page.locator("#body").fill("kept")
    act(ada, f"{room}/roles", username=ben.name, role="reader")
    expect(page.locator("#composer")).to_be_hidden()
    expect(settings).to_have_count(0)
    act(ada, f"{room}/roles", username=ben.name, role="member")
    expect(page.locator("#composer")).to_be_visible()
    expect(page.locator("#body")).to_have_value("kept")
    assert [line.split(" of")[0] for line in told(page)] == [
        "You are a moderator",
        "You can read here, but not write.",
        "You are a member",
    ]
    is_the_same(page)


def test_others_ask_for_nothing_when_it_is_not_about_them(
    page_for: conftest.Profiles,
    server: servers.Server,
    ada: conftest.Account,
    ben: conftest.Account,
    room: str,
) -> None:
    hers, his = opened(page_for(ada), room), opened(page_for(ben), room)
    asked: list[str] = []
    hers.on("request", lambda request: asked.append(request.url))
    mute(server, room, ben)
    expect(his.locator("#composer")).to_be_hidden()
    ada.say(room, "after it")
    shows(hers, "after it")
    expect(hers.locator("#told")).to_be_empty()
    assert asked == []


def test_an_answer_that_does_not_come_is_asked_for_again(
    page_for: conftest.Profiles,
    server: servers.Server,
    ben: conftest.Account,
    room: str,
) -> None:
    page_for.expect("ERR_FAILED|Failed to fetch|htmx:error")
    page = opened(page_for(ben), room)
    mute(server, room, ben)
    expect(page.locator("#standing > [hx-trigger^=every]")).to_be_attached()
    failed: list[str] = []

    def fail(route: Route) -> None:
        failed.append(route.request.url)
        route.abort()

    page.route(f"**{room}", fail, times=1)
    mute(server, room, ben, 2)
    expect(page.locator("#composer")).to_be_visible(timeout=45_000)
    assert len(failed) == 1


@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing_on_a_page_without_a_composer_nor_when_it_came(
    page_for: conftest.Profiles,
    server: servers.Server,
    ada: conftest.Account,
    ben: conftest.Account,
    room: str,
    theme: Theme,
    shots: pathlib.Path,
) -> None:
    mute(server, room, ben)
    found = {}
    for width in (1280, 390):
        page = page_for(ben, color_scheme=theme, viewport={"width": width, "height": 844})
        opened(page, room)
        found[f"muted {width}"] = violations(page)
        page.screenshot(path=shots / f"muted {theme} {width}.png")
    act(ada, f"{room}/mutes/removal", username=ben.name)
    expect(page.locator("#composer")).to_be_visible()
    found["free again"] = violations(page)
    page.screenshot(path=shots / f"free again {theme}.png")
    assert not any(found.values()), found
