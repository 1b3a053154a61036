"""The inbox and conversations in Chromium: seen at once, by keyboard only, and without scripts."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import conftest
from tests.browser.test_accessibility import THEMES, Theme, violations
from tests.browser.test_looks import opened

Someone = Callable[[str], conftest.Account]


def ask(owner: conftest.Account, room: str, guest: conftest.Account) -> None:
    answer = owner.client.post(f"{room}/invitations", data={"username": guest.name})
    assert answer.status_code == 303, answer.text[:2000]


def tab_to(page: Page, name: str) -> None:
    """Go on with the Tab key until what has this accessible name is focused."""
    target = page.get_by_role("button", name=name, exact=True).or_(
        page.get_by_role("link", name=name)
    )
    for _ in range(60):
        page.keyboard.press("Tab")
        if target.first.evaluate("(element) => element === document.activeElement"):
            return
    raise AssertionError(f"the Tab key does not lead to {name!r}")


def number(page: Page) -> Any:
    return page.locator("#inbox .badge")


def test_an_invitation_is_seen_at_once_and_accepted_by_keyboard(
    page_for: conftest.Profiles, someone: Someone
) -> None:
    ada, eve = someone("Ada"), someone("Eve")
    own, secret = eve.create("My own"), ada.create("Secret garden", access="invited")
    page = page_for(eve)
    opened(page, own)
    expect(number(page)).to_have_count(0)
    ask(ada, secret, eve)
    expect(number(page)).to_contain_text("1 waiting for you")
    page.get_by_label("Message My own").press("Escape")
    tab_to(page, "Inbox 1 waiting for you")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Inbox")).to_be_visible()
    tab_to(page, "Accept")
    room = page.locator(":focus").get_attribute("aria-describedby")
    expect(page.locator(f"[id='{room}']")).to_have_text("Secret garden")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Secret garden")).to_be_visible()
    expect(number(page)).to_have_count(0)


def test_an_invitation_is_declined_without_scripts(
    page_for: conftest.Profiles, someone: Someone
) -> None:
    ada, eve = someone("Ada"), someone("Eve")
    secret = ada.create("Secret garden", access="invited")
    ask(ada, secret, eve)
    page = page_for(eve, java_script_enabled=False)
    page.goto("/")
    page.get_by_role("link", name="Inbox").click()
    page.get_by_role("button", name="Decline").click()
    expect(page.get_by_text("Nothing waits for you.")).to_be_visible()
    assert eve.client.get(secret).status_code == 404


def test_whoever_asked_takes_it_back_by_keyboard(
    page_for: conftest.Profiles, someone: Someone
) -> None:
    ada, eve = someone("Ada"), someone("Eve")
    own, secret = eve.create("My own"), ada.create("Secret garden", access="invited")
    hers, other = page_for(ada), page_for(eve)
    opened(other, own)
    hers.goto(f"{secret}/people")
    hers.get_by_label("Invite a person by username").fill(eve.name)
    hers.keyboard.press("Enter")
    expect(number(other)).to_contain_text("1")
    tab_to(hers, f"Take back the invitation of {eve.name}")
    hers.keyboard.press("Enter")
    expect(number(other)).to_have_count(0)
    expect(hers.get_by_text("Invited, and not here yet")).to_have_count(0)


def test_a_conversation_is_opened_from_a_name_and_listed_on_the_others_page(
    page_for: conftest.Profiles, someone: Someone
) -> None:
    ada, eve = someone("Ada"), someone("Eve")
    talk = ada.create("Talk")
    eve.join(talk)
    hers, other = page_for(ada), page_for(eve)
    opened(other, talk)
    opened(hers, talk)
    hers.locator("#people").get_by_role("link", name=eve.name).click()
    hers.locator("#card").get_by_role("button", name="Message").click()
    expect(hers.get_by_role("heading", level=1, name=eve.name)).to_be_visible()
    link = other.locator("#rooms-list").get_by_role("link", name=ada.name)
    expect(link).to_be_visible()
    hers.get_by_label(f"Message {eve.name}").fill("Are you there?")
    hers.keyboard.press("Enter")
    expect(link.locator(".badge--called")).to_contain_text("1")
    # Told again whatever came, no page lists it twice.
    hers.get_by_label(f"Message {eve.name}").fill("Hello?")
    hers.keyboard.press("Enter")
    expect(link.locator(".badge--called")).to_contain_text("2")
    expect(link).to_have_count(1)
    link.click()
    expect(other.get_by_text("Are you there?")).to_be_visible()
    expect(other.get_by_role("heading", level=1, name=ada.name)).to_be_visible()


def test_a_conversation_is_started_without_scripts(
    page_for: conftest.Profiles, someone: Someone
) -> None:
    page_for.expect("422")
    ada, eve = someone("Ada"), someone("Eve")
    eve.join(ada.create("Talk"))
    page = page_for(ada, java_script_enabled=False)
    page.goto("/direct")
    page.get_by_label("With whom").fill("nobody-here")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("You share no room with nobody-here.")
    page.get_by_label("With whom").fill(eve.name)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name=eve.name)).to_be_visible()


@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing_in_the_inbox_nor_in_conversations(
    page_for: conftest.Profiles, someone: Someone, theme: Theme
) -> None:
    ada, eve = someone("Ada"), someone("Eve")
    own = eve.create("My own")
    ada.join(own)
    for title in ("Secret garden", "Another one"):
        ask(ada, ada.create(title, access="invited"), eve)
    ask(eve, own, someone("Dora"))
    started = eve.client.post("/direct", data={"usernames": ada.name})
    page, found = page_for(eve, color_scheme=theme), {}
    for path in ("/inbox", "/direct", started.headers["location"], f"{own}/people", own):
        opened(page, path)
        found[path] = violations(page)
    phone = page_for(eve, color_scheme=theme, viewport={"width": 390, "height": 844})
    for path in ("/", "/inbox"):
        opened(phone, path)
        found[f"{path} on a phone"] = violations(phone)
    assert not any(found.values()), found
