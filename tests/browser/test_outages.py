"""The server dies, hangs and comes back under an open page: nothing typed or said is lost."""

import os
import re
import signal
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, WebSocketRoute, expect

from tests import elements, servers, services, visitors
from tests.browser import conftest
from tests.browser.test_journeys import bodies, say, shows

Someone = Callable[[str], conftest.Account]

# What Chromium and htmx write to the console about a server that is not there.
OUTAGE = r"WebSocket connection|ws:error|net::ERR_|Failed to (load|fetch)"


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


def talking(page_for: conftest.Profiles, room: Room, text: str) -> Page:
    """Ada's page, in which what Ben says just arrived."""
    ada, ben, path = room
    page = page_for(ada)
    page.goto(path)
    is_connected(page, ben, path, text)
    return page


def test_a_draft_survives_a_restart_and_missed_messages_arrive(
    page_for: conftest.Profiles, room: Room, server: servers.Server
) -> None:
    _, ben, path = room
    page = talking(page_for, room, "before the outage")
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
    _, ben, path = room
    page = talking(page_for, room, "before")
    page_for.expect(OUTAGE)
    server.kill()
    say(page, "said into the void")
    pending = page.locator("#pending")
    expect(pending.get_by_role("button", name="Retry")).to_be_visible()
    expect(pending).to_contain_text("said into the void")
    server.start()
    expect(page.locator("#banner")).to_be_hidden()
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


def test_thirty_cold_loads_all_connect(page_for: conftest.Profiles, room: Room) -> None:
    ada, ben, path = room
    for place in range(30):
        page = page_for(ada)
        page.goto(path)
        is_connected(page, ben, path, f"cold load {place}")
        page.context.close()


def test_a_first_connection_that_is_slow_brings_nobody_back(
    page_for: conftest.Profiles, room: Room
) -> None:
    ada, _, path = room
    page, sockets = page_for(ada), list[WebSocketRoute]()
    page.route_web_socket(re.compile("/live$"), lambda socket: sockets.append(socket))
    page.goto(path)
    expect(page.locator("#lost")).to_be_visible()
    page.evaluate(
        "window.said = 0; const back = document.getElementById('back');"
        "new MutationObserver(() => said += !back.hidden).observe(back, { attributes: true })"
    )
    sockets[0].send("<!-- the server's first word -->")
    expect(page.locator("#live")).to_have_attribute("data-state", "on")
    expect(page.locator("#banner")).to_be_hidden()
    assert page.evaluate("said") == 0, "nobody was told to be back"


def test_short_outages_lose_and_double_nothing(page_for: conftest.Profiles, room: Room) -> None:
    _, ben, path = room
    page = talking(page_for, room, "start")
    page_for.expect(OUTAGE)
    said = ["start"]
    for place in range(8):
        # A socket that is already open outlives `set_offline`, so it is closed from inside.
        page.evaluate("() => htmx.find('#live')._htmx.ws.connection.socket.close()")
        for line in range(3):
            said.append(f"outage {place} line {line}")
            ben.say(path, said[-1])
        shows(page, said[-1])
    assert bodies(page) == said


def test_what_is_typed_while_a_send_is_on_its_way_stays(
    page_for: conftest.Profiles, room: Room
) -> None:
    page = talking(page_for, room, "start")
    held: list[Route] = []
    page.route("**/messages", lambda route: held.append(route))
    say(page, "the first thought")
    page.locator("#body").press_sequentially("the next thou")
    services.until(lambda: ticks(page) and held, "the send is on its way")
    held[0].continue_()
    page.unroute("**/messages")
    shows(page, "the first thought")
    page.locator("#body").press_sequentially("ght")
    expect(page.locator("#body")).to_have_value("the next thought")
    page.locator("#body").press("Enter")
    shows(page, "the next thought")
    assert bodies(page) == ["start", "the first thought", "the next thought"]


def ticks(page: Page) -> bool:
    """Let Playwright handle what the browser has to say."""
    page.evaluate("() => 1")
    return True


def test_a_send_whose_answer_is_lost_is_one_message(
    page_for: conftest.Profiles, room: Room
) -> None:
    ada, ben, path = room
    page = talking(page_for, room, "start")
    page_for.expect(OUTAGE)

    def lose_the_answer(route: Route) -> None:
        route.fetch()
        route.abort("connectionreset")

    page.route("**/messages", lose_the_answer)
    say(page, "accepted, and nobody said so")
    shows(page, "accepted, and nobody said so")
    page.unroute("**/messages")
    expect(page.locator("#pending")).not_to_contain_text("accepted")
    is_connected(page, ben, path, "a fence")
    assert bodies(page) == ["start", "accepted, and nobody said so", "a fence"]
    assert [m.text for m in stored(ada, path)] == bodies(page)


def stored(person: conftest.Account, path: str) -> list[visitors.Message]:
    """The newest messages as a fresh page shows them."""
    return visitors.messages_in(elements.parse(person.client.get(path).text))


def test_a_browser_that_goes_offline_keeps_what_is_written(
    page_for: conftest.Profiles, room: Room
) -> None:
    ada, ben, path = room
    page = talking(page_for, room, "start")
    page_for.expect(OUTAGE)
    page.context.set_offline(True)
    say(page, "written in a tunnel")
    say(page, "and one more")
    expect(page.locator("#pending")).to_contain_text("written in a tunnel")
    expect(page.locator("#pending")).to_contain_text("and one more")
    ben.say(path, "while ada is in the tunnel")
    page.context.set_offline(False)
    shows(page, "written in a tunnel")
    shows(page, "and one more")
    shows(page, "while ada is in the tunnel")
    expect(page.locator("#pending")).not_to_contain_text("tunnel")
    assert sorted(bodies(page)) == sorted(m.text for m in stored(ada, path))
    assert len(bodies(page)) == 4


def test_a_message_shows_in_all_tabs_of_its_author_once(
    page_for: conftest.Profiles, room: Room
) -> None:
    ada, ben, path = room
    one = page_for(ada)
    one.goto(path)
    two = one.context.new_page()
    two.goto(path)
    say(one, "from the first tab")
    shows(two, "from the first tab")
    say(two, "from the second tab")
    shows(one, "from the second tab")
    is_connected(one, ben, path, "a fence")
    shows(two, "a fence")
    assert bodies(one) == bodies(two) == ["from the first tab", "from the second tab", "a fence"]
    for page in (one, two):
        assert page.locator("#pending").inner_text().strip() == ""


def test_logging_out_elsewhere_is_said_and_the_draft_is_kept(
    page_for: conftest.Profiles, room: Room
) -> None:
    ada, _, path = room
    page = talking(page_for, room, "signed in")
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


def test_what_an_older_page_could_not_send_is_still_there(
    page_for: conftest.Profiles, room: Room
) -> None:
    """It was kept as the text alone, before there were answers and files to go with it."""
    ada, _, path = room
    page = page_for(ada)
    page.goto(path)
    say(page, "before")
    shows(page, "before")
    page.evaluate(
        """() => {
            const { outbox } = document.querySelector("#composer").dataset;
            localStorage[outbox + crypto.randomUUID()] = "written long ago";
        }"""
    )
    page.reload()
    echo = page.locator("#pending .message")
    expect(echo).to_contain_text("written long ago")
    echo.get_by_role("button", name="Retry").click()
    shows(page, "written long ago")
    expect(echo).to_have_count(0)
