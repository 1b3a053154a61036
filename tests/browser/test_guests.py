"""A guest's whole way in a browser: one form on a slow connection, with script and without."""

from __future__ import annotations

from typing import Literal

import pytest
from playwright.sync_api import Locator, Page, Response, expect

from tests import visitors
from tests.browser import conftest
from tests.browser.test_accessibility import violations
from tests.browser.test_journeys import bodies, say, shows

SLOW = {
    "offline": False,
    "latency": 400,  # ms for each round trip
    "downloadThroughput": 400_000 / 8,  # bytes a second
    "uploadThroughput": 400_000 / 8,
}
# What the way in may cost until one can type; at these conditions some two seconds.
DOOR_REQUESTS, DOOR_BYTES = 4, 24 * 1024


@pytest.fixture(scope="module")
def room(ada: conftest.Account, ben: conftest.Account) -> str:
    path = ada.create("Open house")
    ben.join(path)
    for number in range(30):
        ada.say(path, f"Number {number}, as there are in every room")
    assert ada.client.post(f"{path}/guest-access", data={"guests": "yes"}).status_code == 303
    return path


class Visitor:
    """Somebody at the keyboard, who is counted."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.done: list[str] = []

    def types(self, text: str) -> None:
        """Into the field one is in."""
        self.page.keyboard.type(text)
        self.done.append(text)

    def presses_enter(self) -> None:
        self.page.keyboard.press("Enter")
        self.done.append("Enter")


def slow_down(page: Page) -> None:
    cdp = page.context.new_cdp_session(page)
    cdp.send("Network.enable")
    cdp.send("Network.emulateNetworkConditions", SLOW)


def message(page: Page, text: str) -> Locator:
    return page.locator("article[id^=m]").filter(has_text=text)


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_a_guest_is_read_by_the_others_after_one_form(
    page_for: conftest.Profiles, ben: conftest.Account, room: str, script: bool
) -> None:
    others = page_for(ben)
    others.goto(room)
    expect(others.locator("#live")).to_have_attribute("data-state", "on")
    page = page_for(java_script_enabled=script)
    slow_down(page)
    gwen = Visitor(page)
    text = f"Hello, I am new, {'with' if script else 'without'} script"

    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    page.goto(room, wait_until="commit")
    expect(page.locator("[name=name]")).to_be_focused()
    page.wait_for_load_state()
    assert 2 <= len(answers) <= DOOR_REQUESTS, [answer.url for answer in answers]
    assert sum(answer.request.sizes()["responseBodySize"] for answer in answers) <= DOOR_BYTES
    gwen.types("Gwen")
    page.keyboard.press("Tab")
    expect(page.locator("[name=body]")).to_be_focused()
    gwen.types(text)
    gwen.presses_enter()
    shows(others, text)

    assert len(gwen.done) == 3
    expect(message(page, text)).to_have_count(1)
    mark = message(others, text).get_attribute("data-author") or ""
    assert mark.startswith("guest~")
    expect(message(others, text).locator(".message__head")).to_contain_text(f"guest {mark[6:]}")
    expect(page.locator(".composer__as")).to_have_text(f"as Gwen · guest {mark[6:]} · change")

    settled(page, script=script)
    page.reload()
    expect(message(page, text)).to_have_count(1)
    expect(page.locator(".composer__as")).to_contain_text(mark[6:])
    settled(page, script=script)


def settled(page: Page, *, script: bool) -> None:
    """Wait for what still comes: a socket that is being opened complains when its page is left."""
    if script:
        expect(page.locator("#live")).to_have_attribute("data-state", "on")


def come(page: Page, room: str, name: str, text: str) -> None:
    page.goto(room)
    page.get_by_label("Your name").fill(name)
    page.get_by_label("Your first message").fill(text)
    page.get_by_role("button", name="Come in and say it").click()
    shows(page, text)


def test_a_guest_talks_live_and_is_marked_for_everyone(
    page_for: conftest.Profiles, ben: conftest.Account, room: str
) -> None:
    others, page = page_for(ben), page_for()
    others.goto(room)
    come(page, room, "Ben", "I am Ben, am I not?")
    shows(others, "I am Ben, am I not?")
    say(others, "No, I am")
    shows(page, "No, I am")
    say(page, "Then I am another")
    shows(others, "Then I am another")
    assert bodies(page)[-3:] == bodies(others)[-3:]
    listed = others.locator("#people .person").filter(has_text="Ben")
    expect(listed).to_have_count(2)
    expect(listed.filter(has_text="guest")).to_have_count(1)


def test_what_is_missing_is_asked_for_and_nothing_typed_is_lost(
    page_for: conftest.Profiles, room: str
) -> None:
    page_for.expect("422")
    page = page_for(java_script_enabled=False)
    page.goto(room)
    page.get_by_label("Your name").fill("\u2800")
    page.get_by_label("Your first message").fill("This took me a while to write")
    page.get_by_role("button", name="Come in and say it").click()
    expect(page.get_by_role("alert")).to_have_text("Say what to call you.")
    expect(page.get_by_label("Your name")).to_be_focused()
    page.get_by_label("Your name").fill("Gwen")
    page.get_by_label("Your name").press("Enter")
    shows(page, "This took me a while to write")


def test_a_guest_changes_their_name_and_makes_an_account(
    page_for: conftest.Profiles, room: str
) -> None:
    page = page_for()
    come(page, room, "Gwen", "First I was a guest")
    page.get_by_role("link", name="change").click()
    page.get_by_role("textbox", name="Your name").fill("Gwendolyn")
    page.get_by_role("button", name="Change your name").click()
    expect(page.locator(".composer__as")).to_contain_text("as Gwendolyn · guest")
    page.locator("[popovertarget=menu]").click()
    page.locator("#menu").get_by_role("link", name="Make an account").click()
    page.get_by_label("Username").fill("gwendolyn")
    page.get_by_label("Password").fill(visitors.PASSWORD)
    page.get_by_role("button", name="Make an account").click()
    said = message(page, "First I was a guest")
    expect(said).to_have_attribute("data-author", "gwendolyn")
    expect(said.locator(".message__head")).not_to_contain_text("guest")
    expect(page.get_by_role("link", name="New room")).to_be_visible()
    say(page, "Now I have an account")
    shows(page, "Now I have an account")


def test_without_script_too_a_guest_changes_their_name_beside_the_composer(
    page_for: conftest.Profiles, room: str
) -> None:
    page = page_for(java_script_enabled=False)
    come(page, room, "Gil", "I am Gil, for now")
    page.locator(".composer__as").get_by_role("link", name="change").click()
    page.get_by_role("textbox", name="Your name").fill("Gilbert")
    page.get_by_role("button", name="Change your name").click()
    expect(page.locator(".composer__as")).to_contain_text("as Gilbert · guest")


def test_a_guest_leaves_and_is_gone(page_for: conftest.Profiles, room: str) -> None:
    page = page_for()
    come(page, room, "Gwen", "I am only passing")
    page.locator("[popovertarget=menu]").click()
    page.locator("#menu").get_by_text("Leave this room …").click()
    page.locator("#menu").get_by_role("button", name="Leave").click()
    expect(page.get_by_role("link", name="Log in").first).to_be_visible()
    page.goto(room)
    expect(page.get_by_label("Your first message")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_a_guests_way(
    page_for: conftest.Profiles, ada: conftest.Account, room: str, theme: Literal["light", "dark"]
) -> None:
    page_for.expect("422|403")
    owner = page_for(ada, color_scheme=theme)
    owner.goto(f"{room}/settings")
    found = {"settings": violations(owner)}
    for width in (1280, 390):
        page = page_for(color_scheme=theme, viewport={"width": width, "height": 844})
        page.goto(room)
        found[f"door {width}"] = violations(page)
        page.locator("[name=name]").fill("\u2800")
        page.locator("[name=body]").fill("hello")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_be_visible()
        found[f"refused {width}"] = violations(page)
        come(page, room, "Gwen", f"Looked at {theme} {width}")
        found[f"room {width}"] = violations(page)
        for path in ("/account", "/rooms"):
            page.goto(path)
            found[f"{path} {width}"] = violations(page)
    assert not any(found.values()), found
