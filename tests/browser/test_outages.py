"""The server dies, hangs and comes back under an open page: nothing typed or said is lost."""

import os
import re
import signal
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests import servers
from tests.browser import conftest
from tests.browser.test_journeys import bodies, say, shows

Someone = Callable[[str], conftest.Account]

OUTAGE = r"WebSocket connection|ERR_CONNECTION|ERR_EMPTY_RESPONSE|ERR_SOCKET|Failed to (load|fetch)"


@pytest.fixture
def room(someone: Someone) -> tuple[conftest.Account, conftest.Account, str]:
    """Ada's room with Ben in it."""
    ada, ben = someone("Ada"), someone("Ben")
    path = ada.create("Outages")
    ben.join(path)
    return ada, ben, path


Room = tuple[conftest.Account, conftest.Account, str]


def is_connected(page: Page, ben: conftest.Account, path: str, text: str) -> None:
    """A message of someone else arrives without a reload."""
    ben.say(path, text)
    shows(page, text)


def test_a_draft_survives_a_restart_and_missed_messages_arrive(
    page_for: conftest.Profiles, room: Room, server: servers.Server
) -> None:
    ada, ben, path = room
    page = page_for(ada)
    page.goto(path)
    is_connected(page, ben, path, "before the outage")
    page.locator("#body").press_sequentially("half a tho")
    page_for.expect(OUTAGE)
    server.kill()
    expect(page.locator("#banner")).to_be_visible()
    page.locator("#body").press_sequentially("ught")
    server.start()
    ben.say(path, "said while ada was away", "and this")
    shows(page, "and this")
    expect(page.locator("#banner")).to_be_hidden()
    expect(page.locator("#body")).to_have_value("half a thought")
    expect(page.locator("#body")).to_be_focused()
    page.locator("#body").press("Enter")
    shows(page, "half a thought")
    expect(page.locator("#body")).to_have_value("")
    said = ["before the outage", "said while ada was away", "and this", "half a thought"]
    assert bodies(page) == said
    page.reload()
    assert bodies(page) == said


def test_a_send_that_failed_stays_and_is_sent_once(
    page_for: conftest.Profiles, room: Room, server: servers.Server
) -> None:
    ada, ben, path = room
    page = page_for(ada)
    page.goto(path)
    is_connected(page, ben, path, "before")
    page_for.expect(OUTAGE)
    server.kill()
    say(page, "said into the void")
    pending = page.locator("#pending")
    expect(pending.get_by_role("button", name="Retry")).to_be_visible()
    expect(pending).to_contain_text("said into the void")
    server.start()
    expect(page.locator("#banner")).to_be_hidden()
    retry = pending.get_by_role("button", name="Retry")
    if retry.count():
        retry.first.click()
    shows(page, "said into the void")
    expect(pending).not_to_contain_text("said into the void")
    ben.say(path, "a fence")
    shows(page, "a fence")
    assert bodies(page) == ["before", "said into the void", "a fence"]


def test_a_failed_send_survives_a_reload(
    page_for: conftest.Profiles, room: Room, server: servers.Server
) -> None:
    ada, _, path = room
    page = page_for(ada)
    page.goto(path)
    say(page, "before")
    shows(page, "before")
    page_for.expect(OUTAGE)
    server.kill()
    say(page, "said before the reload")
    expect(page.locator("#pending")).to_contain_text("said before the reload")
    expect(page.locator("#pending").get_by_role("button", name="Retry")).to_be_visible()
    server.start()
    page.reload()
    in_outbox = page.locator("#pending").get_by_text("said before the reload")
    in_room = page.locator("#messages").get_by_text("said before the reload")
    in_draft = page.locator("#body")
    expect(in_outbox.or_(in_room).first).to_be_visible()
    if in_outbox.count():
        page.locator("#pending").get_by_role("button", name="Retry").first.click()
    expect(in_room).to_have_count(1)
    expect(in_draft).to_have_value("")


def test_a_server_that_hangs_is_noticed_and_left(
    page_for: conftest.Profiles, room: Room, server: servers.Server
) -> None:
    ada, ben, path = room
    page = page_for(ada)
    page.clock.install()
    page.goto(path)
    is_connected(page, ben, path, "before it hangs")
    page_for.expect(OUTAGE)
    os.kill(server.pid, signal.SIGSTOP)
    try:
        # 35 seconds without a frame are enough; the page's clock is ours to turn.
        for _ in range(42):
            page.clock.run_for(1000)
        expect(page.locator("#banner")).to_be_visible()
    finally:
        os.kill(server.pid, signal.SIGCONT)
    for _ in range(20):
        page.clock.run_for(1000)
    is_connected(page, ben, path, "after it hung")
    assert bodies(page) == ["before it hangs", "after it hung"]


def test_back_and_forward_double_nothing(page_for: conftest.Profiles, room: Room) -> None:
    ada, ben, path = room
    page = page_for(ada)
    page.goto(path)
    is_connected(page, ben, path, "one")
    for turn in range(3):
        page.goto("/rooms")
        ben.say(path, f"while away {turn}")
        page.go_back()
        shows(page, f"while away {turn}")
        is_connected(page, ben, path, f"back again {turn}")
        page.go_back()
        page.go_forward()
        is_connected(page, ben, path, f"forward again {turn}")
    said = [
        f"{what} {turn}"
        for turn in range(3)
        for what in ("while away", "back again", "forward again")
    ]
    assert bodies(page) == ["one", *said]


def test_thirty_cold_loads_all_connect(page_for: conftest.Profiles, room: Room) -> None:
    ada, ben, path = room
    for place in range(30):
        page = page_for(ada)
        page.goto(path)
        is_connected(page, ben, path, f"cold load {place}")
        page.context.close()


def test_short_outages_lose_and_double_nothing(page_for: conftest.Profiles, room: Room) -> None:
    ada, ben, path = room
    page = page_for(ada)
    page.goto(path)
    is_connected(page, ben, path, "start")
    page_for.expect(OUTAGE)
    page_for.expect("ERR_INTERNET_DISCONNECTED")
    said = ["start"]
    for place in range(8):
        # A socket that is already open outlives `set_offline`, so it is closed from inside.
        page.evaluate("() => htmx.find('#live')._htmx.ws.connection.socket.close()")
        for line in range(3):
            said.append(f"outage {place} line {line}")
            ben.say(path, said[-1])
        shows(page, said[-1])
    assert bodies(page) == said


def test_logging_out_elsewhere_is_said_and_the_draft_is_kept(
    page_for: conftest.Profiles, room: Room
) -> None:
    ada, ben, path = room
    page = page_for(ada)
    page.goto(path)
    is_connected(page, ben, path, "signed in")
    page.locator("#body").fill("a draft that must stay")
    page_for.expect("401")
    assert ada.client.post("/logout").status_code == 303
    page.wait_for_function(
        "() => location.pathname === '/login' || !document.querySelector('#banner')?.hidden"
    )
    ada.arrive_again()
    page.context.clear_cookies()
    page.context.add_cookies(ada.cookies())
    page.goto(path)
    expect(page.locator("#body")).to_have_value("a draft that must stay")
    assert re.search("signed in", page.content())
