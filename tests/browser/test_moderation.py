"""Looking after a room in Chromium: live, by keyboard only, without script, and clean to axe."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser import conftest
from tests.browser.test_accessibility import THEMES, Theme, violations
from tests.browser.test_journeys import tab_to
from tests.browser.test_looks import opened

Someone = Callable[[str], conftest.Account]


@pytest.fixture
def ben(someone: Someone) -> conftest.Account:
    """Somebody new for each test, about whom things are done."""
    return someone("Ben")


@pytest.fixture
def room(ada: conftest.Account, ben: conftest.Account) -> str:
    """A room of Ada's with Ben in it."""
    path = ada.create("Looked after")
    ben.join(path)
    ben.say(path, "buy my watches", "really cheap")
    return path


def act(account: conftest.Account, path: str, **fields: str) -> None:
    assert account.client.post(path, data=fields).status_code == 303


# -- live --------------------------------------------------------------------------------------


def test_what_is_done_about_somebody_is_seen_on_every_page_and_told_to_them_alone(
    page_for: conftest.Profiles, ada: conftest.Account, ben: conftest.Account, room: str
) -> None:
    hers, his = opened(page_for(ada), room), opened(page_for(ben), room)
    people = hers.locator("#people .person").filter(has_text=ben.name)
    act(ada, f"{room}/mutes", username=ben.name, minutes="60")
    told = his.locator(".told")
    expect(told).to_contain_text("You are muted here until")
    expect(people).to_contain_text("muted")
    act(ada, f"{room}/mutes/removal", username=ben.name)
    expect(told).to_have_count(1)
    expect(told).to_contain_text("You can write here again.")
    expect(people).not_to_contain_text("muted")
    act(ada, f"{room}/roles", username=ben.name, role="moderator")
    expect(told).to_contain_text("You are a moderator of this room now.")
    expect(people).to_contain_text("moderator")
    expect(hers.locator(".told")).to_have_count(0)


def test_a_banned_page_shows_nothing_of_what_went_with_it(
    page_for: conftest.Profiles, ada: conftest.Account, ben: conftest.Account, room: str
) -> None:
    page_for.expect("404")
    hers, his = opened(page_for(ada), room), opened(page_for(ben), room)
    act(ada, f"{room}/bans", username=ben.name, purge="yes", reason="spam")
    expect(hers.locator("#m1 .message__body")).to_have_text("Removed by Ada: spam")
    expect(hers.locator("#m2 .message__body")).to_have_text("Removed by Ada: spam")
    expect(his.locator("body")).to_be_visible()
    assert his.locator(".message__body--gone").count() == 0
    his.reload()
    expect(his.get_by_role("heading", level=1)).to_have_text("Nothing here")


# -- keyboard ----------------------------------------------------------------------------------


def test_by_keyboard_only_a_message_is_taken_down_and_its_author_muted(
    page_for: conftest.Profiles, ada: conftest.Account, ben: conftest.Account, room: str
) -> None:
    page = opened(page_for(ada), room)
    page.locator("#m2").focus()
    page.keyboard.press("Enter")
    card = page.locator("#card")
    expect(card).to_be_visible()
    tab_to(page, "#card a[href$='/2/erasure']")
    page.keyboard.press("Enter")
    expect(card.locator("blockquote")).to_contain_text("really cheap")
    tab_to(page, "#card [name=reason]")
    page.keyboard.type("advertising")
    page.keyboard.press("Enter")
    expect(page.locator("#m2 .message__body")).to_have_text("Removed by Ada: advertising")
    page.locator("#m1").focus()
    page.keyboard.press("Enter")
    expect(card).to_contain_text("Reply")
    tab_to(page, f"#card a[href$='/people/{ben.name}']")
    page.keyboard.press("Enter")
    expect(card).to_contain_text("Mute …")
    tab_to(page, "#card .acts summary")
    page.keyboard.press("Enter")
    tab_to(page, "#card [name=minutes]")
    page.keyboard.press("ArrowDown")
    tab_to(page, "#card [name=reason]")
    page.keyboard.type("advertising")
    page.keyboard.press("Enter")
    expect(card).to_be_hidden()
    expect(page.locator("#people .person").filter(has_text=ben.name)).to_contain_text("muted")
    page.goto(f"{room}/log")
    expect(page.locator(".deeds__deed").first).to_contain_text(f"Ada muted {ben.name} until")
    expect(page.locator(".deeds__deed").nth(1)).to_contain_text("removed message 2")


def test_without_script_somebody_is_muted_promoted_and_banned(
    page_for: conftest.Profiles, ada: conftest.Account, ben: conftest.Account, room: str
) -> None:
    page = page_for(ada, java_script_enabled=False)
    page.goto(f"{room}/people")
    page.get_by_role("link", name=f"Manage {ben.name}").click()
    page.get_by_text("Mute …").click()
    page.get_by_label("For how long").locator("visible=true").select_option("A day")
    page.get_by_label("Reason").locator("visible=true").fill("too loud")
    page.get_by_role("button", name="Mute", exact=True).click()
    expect(page.locator(".acts")).to_contain_text("Muted until")
    page.get_by_role("button", name="Unmute").click()
    expect(page.locator(".acts")).not_to_contain_text("Muted until")
    page.get_by_text("Change what they may do …").click()
    page.get_by_label("Role").locator("visible=true").select_option("moderator")
    page.get_by_role("button", name="Save the role").click()
    expect(page.locator(".person").filter(has_text=ben.name)).to_contain_text("moderator")
    page.get_by_role("link", name=f"Manage {ben.name}").click()
    page.get_by_text("Ban …").click()
    page.get_by_label("Reason").locator("visible=true").fill("spam")
    page.get_by_label("Remove all they wrote").locator("visible=true").check()
    page.get_by_role("button", name="Ban", exact=True).click()
    expect(page).to_have_url(re.compile(r"/bans$"))
    page.get_by_role("button", name=f"Lift the ban of {ben.name}").click()
    expect(page.get_by_text("Nobody is banned here.")).to_be_visible()
    page.goto(room)
    expect(page.locator("#m1 .message__body")).to_have_text("Removed by Ada: spam")
    page.goto(f"{room}/log")
    told = page.locator(".deeds__deed")
    expect(told.nth(0)).to_contain_text(f"Ada lifted the ban of {ben.name}.")
    expect(told.nth(1)).to_contain_text(f"Ada banned {ben.name}. spam")


# -- axe ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing_on_the_pages_of_those_who_look_after_a_room(
    page_for: conftest.Profiles,
    someone: Someone,
    ada: conftest.Account,
    ben: conftest.Account,
    room: str,
    theme: Theme,
) -> None:
    carla = someone("Carla")
    carla.join(room)
    act(ada, f"{room}/mutes", username=ben.name, minutes="60", reason="too loud")
    act(ada, f"{room}/bans", username=carla.name, reason="spam")
    act(ada, f"{room}/1/erasure", reason="advertising")
    hers = page_for(ada, color_scheme=theme, viewport={"width": 390, "height": 844})
    his = page_for(ben, color_scheme=theme)
    found = {}
    for page, paths in (
        (hers, ("/people", f"/people/{ben.name}", f"/people/{carla.name}", "/bans", "/log")),
        (hers, ("/rights", "/settings", "/2/erasure", "/2/menu", "/people?part=guests", "")),
        (his, ("/people", "/log", "/rights", "")),
    ):
        for path in paths:
            opened(page, room + path)
            for act_on in page.locator(".acts__act summary").all():
                act_on.click()
            found[path] = violations(page)
    assert not any(found.values()), found


def test_axe_finds_nothing_in_the_cards(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    page = opened(page_for(ada), room)
    found = {}
    for words, inside in (
        ("Remove this message …", ".erasure"),
        ("Mute, remove or ban …", ".acts"),
    ):
        page.locator("#m2").focus()
        page.keyboard.press("Enter")
        page.locator("#card").get_by_text(words).click()
        expect(page.locator(f"#card {inside}").first).to_be_visible()
        found[words] = violations(page)
        page.keyboard.press("Escape")
    page.locator("[popovertarget=menu]").click()
    page.get_by_role("link", name="What may I do here?").click()
    expect(page.locator("#card .rights").first).to_be_visible()
    found["rights"] = violations(page)
    assert not any(found.values()), found
