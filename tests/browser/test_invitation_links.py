"""An invitation link from its making to the room: with a script, without one, by the keyboard."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import conftest


def make_link(page: Page, room: str, *, ask: bool = False) -> str:
    """Fills in the form for a link; its address, as the page shows it."""
    page.goto(f"{room}/links")
    page.get_by_label("What it is for").fill("Summer course")
    page.get_by_label("Lets in").select_option("One person")
    if ask:
        page.get_by_label("They ask before they enter").check()
    page.get_by_role("button", name="Make the link").click()
    page.wait_for_url(re.compile(r"/links/\d+$"))
    return page.get_by_label("Address of this link").input_value()


def test_a_link_leads_a_stranger_into_the_room_by_one_button(
    page_for: conftest.Profiles, ada: conftest.Account, ben: conftest.Account
) -> None:
    room = ada.create("Saturday’s hike")
    hers, his = page_for(ada), page_for(ben)
    hers.goto(room)
    hers.get_by_role("link", name="Share", exact=True).click()
    hers.locator("#share").get_by_role("link", name="Links that end").click()
    hers.wait_for_url(re.compile("/links$"))
    link = make_link(hers, room)
    his.goto(link)
    expect(his.get_by_text("Ada invites you.")).to_be_visible()
    his.get_by_role("button", name="Join this room").click()
    expect(his).to_have_url(re.compile(re.escape(room) + "$"))
    his.goto(link)
    expect(his).to_have_url(re.compile(re.escape(room) + "$"))
    hers.reload()
    expect(hers.get_by_text("used up")).to_be_visible()
    hers.get_by_text("Revoke it and remove who came by it …").click()
    hers.get_by_role("button", name="Revoke and remove").click()
    hers.wait_for_url(re.compile("/links$"))
    expect(hers.locator(".link__state")).to_have_text("revoked")


@pytest.mark.parametrize("scripted", [True, False], ids=["with a script", "without"])
def test_who_asks_waits_and_is_led_in_by_the_page_itself(
    page_for: conftest.Profiles,
    ada: conftest.Account,
    ben: conftest.Account,
    *,
    scripted: bool,
) -> None:
    room = ada.create("Knock first", access="invited")
    hers, his = [page_for(one, java_script_enabled=scripted) for one in (ada, ben)]
    link = make_link(hers, room, ask=True)
    hers.goto(room)
    his.goto(link)
    his.get_by_role("button", name="Ask to enter").click()
    expect(his.get_by_text("You asked to enter.")).to_be_visible()
    if not scripted:
        hers.goto(room)
    expect(hers.locator("#knocks")).to_contain_text("Ben asks to enter")
    hers.locator("#knocks").get_by_role("link", name="Look").click()
    hers.get_by_role("button", name="Let in").click()
    expect(his).to_have_url(re.compile(re.escape(room) + "$"))
    if scripted:
        expect(hers.locator("#card")).to_be_hidden()
    else:
        expect(hers.get_by_text("Nobody asks to enter.")).to_be_visible()
        hers.goto(room)
    expect(hers.locator("#knocks")).to_have_text("")


def test_who_is_turned_away_is_told_so_on_the_page_that_waits(
    page_for: conftest.Profiles, ada: conftest.Account, ben: conftest.Account
) -> None:
    room = ada.create("Closed circle", access="invited")
    hers, his = page_for(ada), page_for(ben)
    link = make_link(hers, room, ask=True)
    hers.goto(room)
    his.goto(link)
    his.get_by_role("button", name="Ask to enter").click()
    hers.locator("#knocks").get_by_role("link", name="Look").click()
    hers.get_by_role("button", name="Turn away").click()
    expect(his.get_by_text("Not this time")).to_be_visible()
    expect(hers.locator("#knocks")).to_have_text("")


def test_the_form_of_a_link_is_filled_in_by_keyboard_alone(
    page_for: conftest.Profiles, ada: conftest.Account
) -> None:
    room = ada.create("Keys only")
    page = page_for(ada)
    page.goto(f"{room}/links")
    page.get_by_role("radio", name="Take part").focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Tab")
    page.keyboard.type("By hand")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/links/\d+$"))
    expect(page.get_by_text("By hand")).to_be_visible()
    expect(page.get_by_text("To read")).to_be_visible()


def test_a_poster_is_one_page_of_paper(page_for: conftest.Profiles, ada: conftest.Account) -> None:
    room = ada.create(
        "A title so long that it needs two lines on any poster of this world, no less"
    )
    page = page_for(ada)
    link = make_link(page, room)
    page.get_by_role("link", name="A poster to print").click()
    expect(page.get_by_text(link)).to_be_visible()
    for size in ("A4", "Letter"):
        printed = page.pdf(format=size)
        assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1, size


def test_who_only_reads_follows_the_room_and_is_offered_no_composer(
    page_for: conftest.Profiles, ada: conftest.Account, ben: conftest.Account
) -> None:
    room = ada.create("Listen in")
    hers, his = page_for(ada), page_for(ben)
    hers.goto(f"{room}/links")
    hers.get_by_role("radio", name="Everything that is said").check()
    hers.get_by_role("button", name="Make the link").click()
    his.goto(hers.get_by_label("Address of this link").input_value())
    his.get_by_role("button", name="Join this room").click()
    expect(his.get_by_text("You can read here, but not write.")).to_be_visible()
    expect(his.locator("#composer")).to_have_count(0)
    ada.say(room, "for all who listen")
    expect(his.get_by_text("for all who listen")).to_be_visible()
    his.keyboard.press("/")
    his.keyboard.press("x")
