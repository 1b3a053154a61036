"""What is unread, in a browser: the line, the pills, the title, and what counts as seen."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser import conftest
from tests.browser.test_looks import opened

Someone = Callable[[str], conftest.Account]

# What a browser says of a window that someone looks at, and of one that nobody does.
EYES = (
    "eyes => { document.hasFocus = () => eyes; dispatchEvent(new Event(eyes ? 'focus' : 'blur')); }"
)
BLIND = "document.hasFocus = () => false;"


def read_by(account: conftest.Account, room: str) -> int:
    """How far someone has read, as a page opened now says."""
    html = account.client.get(room).text
    found = re.search(r'data-read="(\d+)"', html)
    assert found
    return int(found[1])


def wait_until_read(page: Page, account: conftest.Account, room: str, number: int) -> None:
    for _ in range(100):
        if read_by(account, room) == number:
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"read up to {read_by(account, room)}, not {number}")


def pair(someone: Someone) -> tuple[conftest.Account, conftest.Account, str, str]:
    """Two people in a room, and another room of the second."""
    ada, ben = someone("Ada"), someone("Ben")
    talk, other = ada.create("Talk"), ben.create("Other")
    ben.join(talk)
    return ada, ben, talk, other


def test_a_room_turns_bold_gets_its_number_and_is_read_again(
    page_for: conftest.Profiles, someone: Someone
) -> None:
    ada, ben, talk, other = pair(someone)
    page = opened(page_for(ben), other)
    link = page.locator(f".rooms__room[href='{talk}']")
    title = page.title()
    ada.say(talk, "hello")
    expect(link.locator(".badge")).to_have_text("unread")
    expect(page.locator("a[data-unread]")).to_have_count(1)
    weight = link.locator(".rooms__title").evaluate("one => getComputedStyle(one).fontWeight")
    assert int(weight) >= 700
    expect(page).to_have_title(f"• {title}")
    ada.say(talk, f"@{ben.name} look here")
    expect(link.locator(".badge--called")).to_have_text("1 mention")
    expect(page.locator("a[data-unread]")).to_have_count(1)
    expect(page).to_have_title(f"(1) {title}")
    expect(page.locator("#icon")).to_have_attribute("href", re.compile("icon-unread"))
    second = opened(page.context.new_page(), talk)
    expect(second.locator("#messages article")).to_have_count(2)
    expect(link.locator(".badge")).to_have_count(0)
    expect(page.locator("a[data-unread]")).to_have_count(0)
    expect(page).to_have_title(title)
    expect(page.locator("#icon")).to_have_attribute("href", re.compile("icon-(?!unread)"))
    wait_until_read(page, ben, talk, 2)
    page.reload()
    expect(link.locator(".badge")).to_have_count(0)


def test_only_what_was_before_someones_eyes_is_read(
    page_for: conftest.Profiles, someone: Someone
) -> None:
    ada, ben, talk, _ = pair(someone)
    page = page_for(ben)
    page.add_init_script(BLIND)
    opened(page, talk)
    title = page.title()
    ada.say(talk, "one", "two", "three")
    expect(page).to_have_title(f"(3) {title}")
    expect(page.locator("#divider")).to_be_visible()
    # Longer than it takes someone who looks.
    page.wait_for_timeout(2500)
    assert read_by(ben, talk) == 0
    page.evaluate(EYES, True)
    expect(page).to_have_title(title)
    wait_until_read(page, ben, talk, 3)
    assert page.locator("#divider + #m1").count() == 1, "the line stays for the visit"
    ada.say(talk, "four")
    expect(page.locator("#m4")).to_be_visible()
    wait_until_read(page, ben, talk, 4)
    assert page.locator("#divider + #m1").count() == 1
    page.evaluate(EYES, False)
    ada.say(talk, "five", "six")
    expect(page.locator("#divider + #m5")).to_have_count(1)
    expect(page).to_have_title(f"(2) {title}")


def test_a_room_with_more_than_a_screen_of_news_opens_at_the_line(
    page_for: conftest.Profiles, someone: Someone
) -> None:
    ada, ben, talk, _ = pair(someone)
    ada.say(talk, *(f"line {number}" for number in range(1, 11)))
    assert ben.client.post(f"{talk}/reading", data={"number": "5"}).status_code == 303
    ada.say(talk, *(f"line {number}" for number in range(11, 51)))
    page = opened(page_for(ben), talk)
    line, log = page.locator("#divider").bounding_box(), page.locator("#log").bounding_box()
    assert line and log
    share = (line["y"] - log["y"]) / log["height"]
    assert 0.2 < share < 0.45, share
    expect(page.locator("#fresh")).to_contain_text(re.compile(r"\d+ new messages"))
    expect(page.locator("#announcer")).to_contain_text("45 new messages")
    page.wait_for_timeout(2500)
    assert 5 < read_by(ben, talk) < 50, "as far as it was in view"
    page.locator("#fresh").click()
    expect(page.locator("#m50")).to_be_in_viewport()
    wait_until_read(page, ben, talk, 50)
    expect(page.locator("#fresh")).to_be_hidden()
    expect(page.locator("#news")).to_be_hidden()


def test_a_room_with_few_news_opens_at_its_end(
    page_for: conftest.Profiles, someone: Someone
) -> None:
    ada, ben, talk, _ = pair(someone)
    ada.say(talk, *(f"line {number}" for number in range(1, 48)))
    assert ben.client.post(f"{talk}/reading", data={"number": "45"}).status_code == 303
    page = opened(page_for(ben), talk)
    assert page.locator("#log").evaluate("log => log.scrollTop") == 0
    expect(page.locator("#divider + #m46")).to_have_count(1)
    expect(page.locator("#divider")).to_be_in_viewport()
    expect(page.locator("#m46 .message__author")).to_be_in_viewport()
    expect(page.locator("#m46.message--run")).to_have_count(0)
    expect(page.locator("#news")).to_be_hidden()
    wait_until_read(page, ben, talk, 47)


def test_news_that_are_not_loaded_are_read_by_hand_or_by_going_there(
    page_for: conftest.Profiles, someone: Someone
) -> None:
    ada, ben, talk, _ = pair(someone)
    ada.say(talk, *(f"line {number}" for number in range(1, 91)))
    page = opened(page_for(ben), talk)
    pill = page.locator("#news")
    expect(pill).to_contain_text("90 new messages since")
    page.wait_for_timeout(2500)
    assert read_by(ben, talk) == 0, "nobody has seen what came before"
    pill.get_by_role("link", name="Jump").click()
    page.wait_for_url(re.compile(r"/1$"))
    expect(page.locator("#divider")).to_be_in_viewport()
    wait_until_read(page, ben, talk, read_after_a_while(page, ben, talk))
    assert 0 < read_by(ben, talk) < 90
    opened(page, talk)
    pill.get_by_role("button", name="Mark read").click()
    expect(pill).to_be_hidden()
    wait_until_read(page, ben, talk, 90)


def read_after_a_while(page: Page, account: conftest.Account, room: str) -> int:
    for _ in range(100):
        if number := read_by(account, room):
            return number
        page.wait_for_timeout(100)
    raise AssertionError("nothing was read")


def test_escape_marks_all_read_when_nothing_else_takes_it(
    page_for: conftest.Profiles, someone: Someone
) -> None:
    ada, ben, talk, _ = pair(someone)
    ada.say(talk, *(f"line {number}" for number in range(1, 91)))
    page = opened(page_for(ben), talk)
    expect(page.locator("#body")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#body")).not_to_be_focused()
    page.get_by_role("button", name="Menu").click()
    page.keyboard.press("Escape")
    expect(page.locator("#menu")).to_be_hidden()
    expect(page.locator("#news")).to_be_visible()
    assert read_by(ben, talk) == 0
    page.keyboard.press("Escape")
    expect(page.locator("#news")).to_be_hidden()
    wait_until_read(page, ben, talk, 90)


def test_a_room_is_marked_unread_from_a_message(
    page_for: conftest.Profiles, someone: Someone
) -> None:
    ada, ben, talk, other = pair(someone)
    ada.say(talk, "one", "two", "three", "four")
    page = opened(page_for(ben), talk)
    beside = opened(page.context.new_page(), other)
    wait_until_read(page, ben, talk, 4)
    page.bring_to_front()
    page.locator("#m3").hover()
    page.locator("#m3 .message__more").click()
    page.get_by_role("button", name="Mark unread from here").click()
    expect(page.locator("#divider + #m3")).to_have_count(1)
    expect(beside.locator(f".rooms__room[href='{talk}'] .badge")).to_have_text("unread")
    ada.say(talk, "five")
    expect(page.locator("#m5")).to_be_visible()
    page.wait_for_timeout(2500)
    assert read_by(ben, talk) == 2, "the page says no more until it is opened again"
    opened(page, talk)
    wait_until_read(page, ben, talk, 5)
    expect(beside.locator(f".rooms__room[href='{talk}'] .badge")).to_have_count(0)


def test_a_pill_counts_what_came_below(page_for: conftest.Profiles, someone: Someone) -> None:
    ada, ben, talk, _ = pair(someone)
    ada.say(talk, *(f"line {number}" for number in range(1, 41)))
    assert ben.client.post(f"{talk}/reading", data={"number": "40"}).status_code == 303
    page = opened(page_for(ben), talk)
    page.locator("#log").evaluate("log => log.scrollTo(0, -300)")
    ada.say(talk, "forty-one")
    expect(page.locator("#fresh")).to_have_text("1 new message ↓")
    ada.say(talk, "forty-two")
    expect(page.locator("#fresh")).to_have_text("2 new messages ↓")
    page.locator("#fresh").click()
    expect(page.locator("#fresh")).to_be_hidden()
    wait_until_read(page, ben, talk, 42)
    page.locator("#log").evaluate("log => log.scrollTo(0, -log.clientHeight - 100)")
    expect(page.locator("#fresh")).to_have_text("Newest messages ↓")


def test_without_script_one_marks_a_room_read_by_a_button(
    page_for: conftest.Profiles, someone: Someone
) -> None:
    ada, ben, talk, other = pair(someone)
    ada.say(talk, "one", "two")
    page = page_for(ben, java_script_enabled=False)
    page.goto(talk)
    expect(page.locator("#divider")).to_be_visible()
    page.get_by_role("button", name="Mark read").click()
    expect(page).to_have_url(re.compile(f"{talk}$"))
    expect(page.locator("#divider")).to_be_hidden()
    expect(page.locator("#news")).to_have_count(0)
    page.goto(other)
    expect(page.locator(f".rooms__room[href='{talk}'] .badge")).to_have_count(0)
