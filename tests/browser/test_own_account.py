"""One's own account in a browser: for everyone, by keyboard alone, without JavaScript, offline."""

import pathlib
from collections.abc import Callable
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from tests.browser import conftest
from tests.browser.test_accessibility import THEMES, violations
from tests.browser.test_journeys import tab_to

Someone = Callable[[str], conftest.Account]

NEW = "twelve herons on a weir"
PHONE = {"width": 375, "height": 740}
PAGES = ["/profile", "/profile/password", "/profile/sessions", "/profile/preferences"]
PAGES += ["/profile/notifications", "/profile/blocks", "/profile/data", "/profile/deletion"]
FOR_ALL = ["/password", "/password/not-a-link", "/goodbye"]


def signed_in_twice(account: conftest.Account) -> None:
    account.client.cookies.clear()
    account.arrive_again()


@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing_and_nothing_is_wider_than_a_phone(
    page_for: conftest.Profiles, ada: conftest.Account, theme: Literal["light", "dark"]
) -> None:
    page_for.expect("404")
    signed_in_twice(ada)
    member = page_for(ada, color_scheme=theme, viewport=PHONE)
    stranger = page_for(color_scheme=theme, viewport=PHONE)
    found = {}
    for page, path in [(member, path) for path in PAGES] + [(stranger, path) for path in FOR_ALL]:
        page.goto(path)
        found[path] = violations(page)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= PHONE["width"], (path, width)
    assert not any(found.values()), found


def test_axe_finds_nothing_in_forms_that_came_back(
    page_for: conftest.Profiles, ada: conftest.Account
) -> None:
    page_for.expect("422")
    page = page_for(ada)
    page.goto("/profile/deletion")
    page.get_by_label("Leave it, without my name").check()
    page.get_by_label("Type your username").fill("somebody else")
    page.get_by_label("Your password").fill("a guess")
    page.get_by_role("button", name="Delete my account").click()
    expect(page.get_by_role("alert")).to_contain_text("Type your username, Ada")
    expect(page.get_by_label("Leave it, without my name")).to_be_checked()
    expect(page.get_by_label("Type your username")).to_be_focused()
    assert violations(page) == []


def test_sessions_password_and_the_end_by_keyboard_alone_and_without_javascript(
    page_for: conftest.Profiles, someone: Someone
) -> None:
    page_for.expect("422")
    leaver = someone("Leaver")
    signed_in_twice(leaver)
    page = page_for(leaver, java_script_enabled=False)
    page.goto("/profile/sessions")
    expect(page.get_by_role("listitem")).to_have_count(2)
    tab_to_button(page, "End all others")
    expect(page.get_by_role("listitem")).to_have_count(1)

    page.goto("/profile/password")
    tab_to(page, "#current")
    page.keyboard.type(leaver.password)
    page.keyboard.press("Tab")
    page.keyboard.type(NEW)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sessions")

    page.goto("/profile/data")
    expect(page.get_by_role("link", name="As a page to read")).to_be_visible()
    page.goto("/profile/deletion")
    tab_to(page, "[value=keep]")
    page.keyboard.press("Space")
    tab_to(page, "#username")
    page.keyboard.type("leaver")
    page.keyboard.press("Tab")
    page.keyboard.type(NEW)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your account is deleted")


def tab_to_button(page: Page, name: str) -> None:
    """Reach a button as someone without a mouse does, and press it."""
    button = page.get_by_role("button", name=name)
    for _ in range(80):
        if button.evaluate("one => one === document.activeElement"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")


def test_what_one_wrote_is_read_offline(
    page_for: conftest.Profiles, ada: conftest.Account, tmp_path: pathlib.Path
) -> None:
    room = ada.create("A room to remember")
    ada.say(room, "Some **bold** words", "> quoted\n\n```python\nx = 1\n```")
    ada.client.post(f"{room}/messages", data={"body": "An answer", "reply_to": "1"})
    page = page_for(ada)
    page.goto("/profile/data")
    with page.expect_download() as started:
        page.get_by_role("link", name="As a page to read").click()
    kept = tmp_path / started.value.suggested_filename
    started.value.save_as(kept)
    assert kept.name.startswith("Ada-") and kept.suffix == ".html"

    reader = page_for(offline=True, viewport=PHONE)
    page_for.expect("net::ERR_INTERNET_DISCONNECTED")
    page_for.expect("a request to another host: file:")
    reader.goto(kept.as_uri())
    expect(reader.get_by_role("heading", name="A room to remember")).to_be_visible()
    expect(reader.locator("strong", has_text="bold")).to_be_visible()
    expect(reader.get_by_role("article")).to_have_count(3)
    expect(reader.locator(".message__more")).to_have_count(3)
    for unusable in reader.locator(".message__more").all():
        expect(unusable).to_be_hidden()
    assert reader.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
