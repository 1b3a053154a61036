"""What people do in a browser, from the first visit on: by mouse, by keyboard, without script."""

import itertools
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests import servers, visitors
from tests.browser import conftest

Someone = Callable[[str], conftest.Account]

_names = itertools.count(1)


@pytest.fixture(scope="module")
def program() -> str:
    """What all rests on, in the browser that people use."""
    return conftest.CHROMIUM


def new_name(stem: str) -> str:
    return f"{stem}-{next(_names)}"


def fill_in(page: Page, name: str, button: str) -> None:
    """The form for an account: at registering, and again at logging in."""
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(visitors.PASSWORD)
    page.get_by_role("button", name=button).click()


def bodies(page: Page) -> list[str]:
    """The texts the page shows, in the order of the page; what is pending is not among them."""
    return [
        text.strip() for text in page.locator("article[id^=m] .message__body").all_inner_texts()
    ]


def say(page: Page, text: str) -> None:
    """Type into the composer and press Enter."""
    page.locator("#body").fill(text)
    page.locator("#body").press("Enter")


def shows(page: Page, text: str) -> None:
    """Wait until a message with this text is there, from the server, and once."""
    message = page.locator("article[id^=m] .message__body").get_by_text(text, exact=True)
    expect(message).to_have_count(1)


def create_room(page: Page, title: str) -> str:
    """Make a room by its form; the address one lands at."""
    page.goto("/rooms/new")
    page.get_by_label("Title").fill(title)
    page.get_by_role("button", name="Create the room").click()
    page.wait_for_url(re.compile(r"/r/[a-z2-7]{36}$"))
    return page.url


def test_two_people_meet_through_a_link_and_talk(page_for: conftest.Profiles) -> None:
    ada, ben = page_for(), page_for()
    name, other = new_name("ada"), new_name("ben")
    ada.goto("/register")
    fill_in(ada, name, "Register")
    expect(ada.get_by_label("Username")).to_have_value(name)
    fill_in(ada, name, "Log in")
    expect(ada.locator("#messages")).to_be_attached()
    create_room(ada, "Saturday’s hike")
    link = ada.locator(".share__link").first.input_value()

    ben.goto(link)
    expect(ben).to_have_url(re.compile("/login"))
    ben.get_by_role("link", name="Register").last.click()
    fill_in(ben, other, "Register")
    fill_in(ben, other, "Log in")
    expect(ben).to_have_url(link)

    say(ada, "hello, is anyone here?")
    shows(ben, "hello, is anyone here?")
    expect(ada.locator("#body")).to_have_value("")
    expect(ada.locator("#body")).to_be_focused()
    say(ben, "I am: which train?")
    shows(ada, "I am: which train?")
    say(ada, "the one at 8:12")
    shows(ben, "the one at 8:12")
    said = ["hello, is anyone here?", "I am: which train?", "the one at 8:12"]
    assert bodies(ada) == bodies(ben) == said
    ben.reload()
    assert bodies(ben) == said
    expect(ada.locator("#pending article, #pending .message")).to_have_count(0)


def focused(page: Page, selector: str) -> bool:
    return bool(page.evaluate("s => document.activeElement.matches(s)", selector))


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until this has the focus, as someone without a mouse does."""
    for _ in range(80):
        if focused(page, selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not lead to {selector}")


def test_the_keyboard_is_enough(page_for: conftest.Profiles) -> None:
    page = page_for()
    name = new_name("kim")
    page.goto("/")
    tab_to(page, "a[href^='/register']")
    page.keyboard.press("Enter")
    for button in ("/register", "/login"):
        page.wait_for_url(re.compile(button))
        tab_to(page, "input[name=username]")
        page.keyboard.press("Control+A")
        page.keyboard.type(name)
        page.keyboard.press("Tab")
        page.keyboard.type(visitors.PASSWORD)
        page.keyboard.press("Enter")
    page.wait_for_selector("#messages", state="attached")
    tab_to(page, "a[href='/rooms/new']")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/rooms/new"))
    tab_to(page, "input[name=title]")
    page.keyboard.type("By keyboard")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/r/"))
    expect(page.locator("#body")).to_be_focused()
    page.keyboard.type("first line")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("second line")
    page.keyboard.press("Enter")
    expect(page.locator("article[id^=m]")).to_have_count(1)
    assert bodies(page) == ["first line\nsecond line"]
    expect(page.locator("#body")).to_be_focused()
    page.keyboard.type("   ")
    page.keyboard.press("Enter")
    page.keyboard.press("Control+A")
    page.keyboard.type("one more")
    page.keyboard.press("Enter")
    expect(page.locator("article[id^=m]")).to_have_count(2)
    assert bodies(page)[1] == "one more", "blanks alone are not sent"
    page.keyboard.press("Tab")
    assert not focused(page, "#body"), "Tab leaves the composer"
    for _ in range(8):
        page.keyboard.press("F6")
        if focused(page, "#log, #log *"):
            break
    assert focused(page, "#log, #log *"), "F6 leads to the messages"
    page.keyboard.press("/")
    expect(page.locator("#body")).to_be_focused()


def test_it_all_works_without_javascript(page_for: conftest.Profiles, someone: Someone) -> None:
    ada = someone("Ada")
    room = ada.create("A room with a past", access="listed", handle=new_name("past"))
    ada.say(room, *(f"message {place}" for place in range(1, 121)))
    page = page_for(java_script_enabled=False)
    name = new_name("noscript")
    page.goto("/")
    page.get_by_role("link", name="Register").first.click()
    fill_in(page, name, "Register")
    fill_in(page, name, "Log in")

    page.goto("/rooms")
    page.get_by_role("link", name="A room with a past").click()
    if page.get_by_role("button", name="Join").count():
        page.get_by_role("button", name="Join").first.click()
    assert bodies(page)[-1] == "message 120"
    seen = {*bodies(page)}
    while page.get_by_role("link", name="Older messages").count():
        page.get_by_role("link", name="Older messages").click()
        seen |= {*bodies(page)}
    assert seen == {f"message {place}" for place in range(1, 121)}

    page.goto(room)
    page.locator("#body").fill("without a script")
    page.get_by_role("button", name="Send message").click()
    assert bodies(page)[-1] == "without a script"
    page_for.expect("422")
    page.locator("#body").fill("too long " * 500)
    page.get_by_role("button", name="Send message").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert page.locator("#body").input_value().strip() == ("too long " * 500).strip()

    create_room(page, "Made without a script")
    page.locator("#join-name").fill(ada.server.url + room)
    page.locator("form[action='/join'] button").click()
    expect(page).to_have_url(ada.server.url + room)
    page.goto("/")
    page.get_by_text("Your account").click()
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url(re.compile("/login"))
    page.goto(room)
    expect(page).to_have_url(re.compile("/login"))


def test_one_sees_who_is_here_and_who_is_typing(
    page_for: conftest.Profiles, someone: Someone
) -> None:
    ada, ben = someone("Ada"), someone("Ben")
    room = ada.create("Presence")
    ben.join(room)
    hers = page_for(ada)
    hers.goto(room)
    expect(hers.locator("#online")).to_contain_text("1")
    his = page_for(ben)
    his.goto(room)
    expect(hers.locator("#online")).to_contain_text("2", timeout=20_000)
    his.locator("#body").press_sequentially("thinking", delay=30)
    expect(hers.locator("#typing")).to_contain_text(ben.name)
    expect(his.locator("#typing")).not_to_contain_text(ben.name)
    his.locator("#body").press("Enter")
    shows(hers, "thinking")
    expect(hers.locator("#typing")).not_to_contain_text(ben.name)
    his.close()
    expect(hers.locator("#online")).to_contain_text("1", timeout=25_000)


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '<div hx-get="/logout" hx-trigger="load">x</div>',
    '<hx-partial hx-target="#messages" hx-swap="innerHTML">gone</hx-partial>',
    '<template hx type="partial" hx-target="#messages">gone</template>',
    '<input type="hidden" id="cursor" value="1.x" hx-swap-oob="true">',
    '<form hx-ws:send hx-trigger="load" hx-vals=\'{"op":"hello","after":""}\'></form>',
    "</article></main><h1>mine</h1>",
    "javascript:alert(1)",
    "\u202ebackwards",
]


def test_hostile_text_is_only_text(page_for: conftest.Profiles, someone: Someone) -> None:
    ada, eve = someone("Ada"), someone("Eve")
    room = ada.create("<b>Hostile</b> & co")
    eve.join(room)
    page = page_for(ada)
    page.on("dialog", lambda dialog: page_for.troubles.append(f"a dialog: {dialog.message}"))
    page.goto(room)
    for text in HOSTILE:
        eve.say(room, text)
    eve.say(room, "a fence")
    shows(page, "a fence")
    live = bodies(page)
    page.reload()
    assert live == bodies(page) == [*HOSTILE, "a fence"]
    assert page.locator("h1").all_inner_texts() == ["<b>Hostile</b> & co"]
    assert page.locator(".message__body :not(a):not(br)").count() == 0
    expect(page.locator("#messages article")).to_have_count(len(HOSTILE) + 1)


def test_a_long_talk_is_read_back_to_its_beginning(
    page_for: conftest.Profiles, someone: Someone
) -> None:
    ada = someone("Ada")
    room = ada.create("A long talk")
    ada.say(room, *(f"message {place}" for place in range(1, 161)))
    page = page_for(ada)
    page.goto(room)
    shows(page, "message 160")
    for _ in range(10):
        page.locator("#log").evaluate("log => log.scrollTo(0, -log.scrollHeight)")
        page.wait_for_timeout(100)
        if page.locator("#m1").count():
            break
    expect(page.locator("#m1")).to_be_attached()
    expect(page.locator("#live article[id^=m]")).to_have_count(160)
    assert bodies(page) == [f"message {place}" for place in range(1, 161)]
    expect(page.locator("#older")).to_have_count(0)


def test_a_room_that_was_left_says_so_in_every_tab(
    page_for: conftest.Profiles, someone: Someone, server: servers.Server
) -> None:
    ada, ben = someone("Ada"), someone("Ben")
    room = ada.create("Removal")
    ben.join(room)
    page = page_for(ben)
    page_for.expect("404")
    page.goto(room)
    ada.say(room, "ben is here")
    shows(page, "ben is here")
    answer = ada.client.post(f"{room}/removals", data={"username": ben.name})
    assert answer.status_code == 303
    ada.say(room, "ben is gone")
    page.wait_for_function("() => !document.querySelector('#live[hx-ws\\\\:connect]')"
                           " || !document.querySelector('#banner')?.hidden")  # fmt: skip
    assert "ben is gone" not in page.content()
