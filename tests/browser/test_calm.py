"""Keeping a room calm, by two people in Chromium: what is seen at once, and without script."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser import conftest
from tests.browser.test_accessibility import THEMES, Theme, violations
from tests.browser.test_conversation import menu
from tests.browser.test_journeys import say, shows
from tests.browser.test_looks import opened

Someone = Callable[[str], conftest.Account]


@pytest.fixture
def room(ada: conftest.Account, ben: conftest.Account) -> str:
    """A room of Ada's with Ben in it."""
    path = ada.create("A calm place")
    ben.join(path)
    ben.say(path, "good evening")
    return path


def switch(account: conftest.Account, path: str, **fields: str) -> None:
    assert account.client.post(path, data=fields).status_code == 303


# -- seen at once ------------------------------------------------------------------------------


def test_a_lock_is_seen_within_the_open_page_and_keeps_the_text(
    page_for: conftest.Profiles, ada: conftest.Account, ben: conftest.Account, room: str
) -> None:
    page_for.expect("403")
    his = opened(page_for(ben), room)
    state = his.locator("#room-state")
    expect(state).to_be_hidden()
    hers = page_for(ada)
    hers.goto(f"{room}/settings")
    hers.get_by_role("button", name="Lock the room").click()
    expect(hers.get_by_role("status")).to_have_text("The room is locked.")
    hers.goto(room)
    expect(hers.locator("#room-state")).to_contain_text("This room is locked")
    expect(state).to_contain_text("This room is locked")
    say(his, "may I still say this?")
    stuck = his.locator("#pending .message--echo")
    expect(stuck.get_by_role("alert")).to_contain_text("locked")
    expect(stuck.locator(".message__body")).to_have_text("may I still say this?")
    switch(ada, f"{room}/lock", locked="no")
    expect(state).to_be_hidden()
    stuck.get_by_role("button", name="Retry").click()
    shows(hers, "may I still say this?")


def test_slow_mode_is_seen_live_and_the_button_counts_down_while_one_goes_on_writing(
    page_for: conftest.Profiles, ada: conftest.Account, ben: conftest.Account, room: str
) -> None:
    his, hers = opened(page_for(ben), room), opened(page_for(ada), room)
    switch(ada, f"{room}/pace", seconds="5")
    for page in (his, hers):
        slow = page.locator("#room-state [data-slow='5']")
        expect(slow).to_have_text("Slow mode: 5 seconds between messages.")
    say(his, "the first is free")
    shows(hers, "the first is free")
    button = his.locator(".composer__send")
    expect(button).to_have_attribute("data-wait", re.compile(r"[1-5] s"))
    say(his, "the second has to wait")
    expect(his.locator("#body")).to_have_value("the second has to wait")
    expect(button).to_have_attribute("data-wait", "")
    his.locator("#body").press("Enter")
    shows(hers, "the second has to wait")
    for text in ("hers at once", "and again"):
        say(hers, text)
        shows(his, text)
    switch(ada, f"{room}/pace", seconds="0")
    expect(his.locator("#room-state")).to_be_hidden()


def test_what_a_newcomer_says_is_read_live_once_it_is_let_through(
    page_for: conftest.Profiles,
    ada: conftest.Account,
    ben: conftest.Account,
    someone: Someone,
    room: str,
) -> None:
    switch(ada, f"{room}/hold", hold="yes")
    cleo = someone("Cleo")
    cleo.join(room)
    hers, his = opened(page_for(cleo), room), opened(page_for(ben), room)
    expect(hers.locator("#room-state")).to_contain_text("waits for a moderator")
    expect(his.locator("#room-state")).to_be_hidden()  # It does not concern who was here before.
    say(hers, "hello, I am *new* here")
    page = page_for(ada)
    page.goto("/inbox")
    page.get_by_role("link", name="1 message waits").click()
    expect(page.locator(".message__body")).to_have_text("hello, I am new here")
    shown = his.locator("#messages article")
    expect(shown).to_have_count(1)
    page.get_by_role("button", name="Let through").click()
    expect(page.get_by_text("Nothing waits here.")).to_be_visible()
    shows(his, "hello, I am new here")
    shows(hers, "hello, I am new here")
    expect(hers.locator("#pending .message--echo")).to_have_count(0)
    say(hers, "and now at once")
    shows(his, "and now at once")


def test_whom_one_blocks_is_not_seen_any_more_by_oneself_alone(
    page_for: conftest.Profiles, ada: conftest.Account, ben: conftest.Account, room: str
) -> None:
    hers, his = opened(page_for(ada), room), opened(page_for(ben), room)
    shows(hers, "good evening")
    hers.locator("#m1 a.message__author").click()
    with hers.expect_navigation():
        hers.locator("#card").get_by_role("button", name="Block").click()
    message = hers.locator("#m1")
    expect(message.locator(".message__body")).to_be_hidden()
    expect(message.locator(".day")).to_be_visible()
    say(his, "can you hear me?")
    shows(his, "can you hear me?")
    ada.say(room, "a fence")
    shows(hers, "a fence")
    expect(hers.get_by_text("can you hear me?")).to_be_hidden()
    hers.goto("/profile/blocks")
    hers.get_by_role("button", name=re.compile("^Unblock Ben")).click()
    expect(hers.get_by_text("You have blocked nobody.")).to_be_visible()
    opened(hers, room)
    expect(hers.get_by_text("can you hear me?")).to_be_visible()


def test_a_message_is_reported_from_its_menu_and_looked_at(
    page_for: conftest.Profiles,
    ada: conftest.Account,
    ben: conftest.Account,
    someone: Someone,
    room: str,
) -> None:
    cleo = someone("Cleo")
    cleo.join(room)
    number = ben.say(room, "something rude")
    hers = opened(page_for(cleo), room)
    menu(hers, number).get_by_role("link", name="Report …").click()
    card = hers.locator("#card")
    card.get_by_label("Why, if you like").fill("it is rude")
    card.get_by_role("button", name="Report").click()
    expect(card).to_be_hidden()
    page = page_for(ada)
    page.goto(f"{room}/reports")
    expect(page.get_by_text("it is rude")).to_be_visible()
    expect(page.locator(".message__body")).to_have_text("something rude")
    page.get_by_role("button", name="Close this report").click()
    expect(page.get_by_text("Nothing is reported here.")).to_be_visible()


# -- without script ----------------------------------------------------------------------------


def test_without_script_the_text_stays_in_the_box_and_the_page_says_why(
    page_for: conftest.Profiles, ada: conftest.Account, ben: conftest.Account, room: str
) -> None:
    page_for.expect("429|403")
    hers = page_for(ada, java_script_enabled=False)
    his = page_for(ben, java_script_enabled=False)
    hers.goto(f"{room}/settings")
    hers.get_by_label("Slow mode").select_option("1 hour")
    hers.get_by_role("button", name="Set the pause").click()
    expect(hers.get_by_label("Slow mode")).to_have_value("3600")
    hers.goto(room)
    expect(hers.locator("#room-state")).to_have_text("Slow mode: 1 hour between messages.")
    his.goto(room)
    for text in ("one", "two"):
        his.locator("#body").fill(text)
        his.get_by_role("button", name="Send message").click()
    expect(his.locator("#composer-error")).to_contain_text("you can write again in 36")
    expect(his.locator("#body")).to_have_value("two")
    switch(ada, f"{room}/lock", locked="yes")
    his.get_by_role("button", name="Send message").click()
    expect(his.locator("#composer-error")).to_contain_text("locked")
    expect(his.locator("#body")).to_have_value("two")


def test_without_script_a_newcomer_waits_and_is_let_through(
    page_for: conftest.Profiles, ada: conftest.Account, someone: Someone, room: str
) -> None:
    hers = page_for(ada, java_script_enabled=False)
    hers.goto(f"{room}/settings")
    hers.get_by_role("button", name="Hold first messages").click()
    dan = someone("Dan")
    dan.join(room)
    his = page_for(dan, java_script_enabled=False)
    his.goto(room)
    expect(his.get_by_text("What newcomers write first waits")).to_be_visible()
    his.locator("#body").fill("hello")
    his.get_by_role("button", name="Send message").click()
    expect(his.get_by_text("1 message of yours waits for a moderator")).to_be_visible()
    expect(his.get_by_text("What newcomers write first waits")).to_be_hidden()
    expect(his.locator("#room-state")).to_be_hidden()
    expect(his.locator("#body")).to_have_value("")
    hers.goto(f"{room}/held")
    hers.get_by_role("button", name="Let through").click()
    his.goto(room)
    shows(his, "hello")
    expect(his.get_by_text("of yours waits")).to_have_count(0)


# -- for everyone ------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing_on_the_new_pages(
    page_for: conftest.Profiles,
    ada: conftest.Account,
    ben: conftest.Account,
    someone: Someone,
    room: str,
    theme: Theme,
) -> None:
    eve = someone("Eve")
    switch(ada, f"{room}/hold", hold="yes")
    switch(ada, f"{room}/pace", seconds="60")
    eve.join(room)
    held = eve.client.post(f"{room}/messages", data={"body": "**wait** for `me`"})
    assert held.status_code == 303
    switch(ben, f"{room}/people/{eve.name}/report", reason="a bot?")
    switch(eve, f"{room}/1/report", reason="too loud")
    switch(ada, f"/people/{ben.name}/block", blocked="yes")
    found = {}
    visits = [
        (ada, f"{room}{path}") for path in ("", "/held", "/reports", "/settings", "/1/report")
    ]
    visits += [(ada, "/profile/blocks"), (ada, f"{room}/people/{eve.name}/report"), (eve, room)]
    visits += [(eve, f"{room}/1/report"), (ada, f"/people/{ben.name}")]
    for account, path in visits:
        page = page_for(account, color_scheme=theme, viewport={"width": 390, "height": 844})
        opened(page, path)
        found[path] = violations(page)
    switch(ada, f"/people/{ben.name}/block", blocked="no")
    assert not any(found.values()), found
