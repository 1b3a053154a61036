"""On paper: a room, and a day of it, as the browser prints them."""

import pathlib
import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import conftest
from tests.browser.test_looks import opened

SAID = 40


@pytest.fixture(scope="module")
def room(ada: conftest.Account, ben: conftest.Account) -> str:
    path = ada.create("Minutes of the harbour")
    ben.join(path)
    for number in range(1, SAID + 1):
        (ada, ben)[number // 3 % 2].say(path, f"message {number}")
    ben.say(path, "see [the plan](https://example.com/plan), or https://example.com/bare")
    ada.say(path, "```\n" + "a long line of code " * 20 + "\n```")
    return path


def printed(page: Page) -> Page:
    """The page as it goes to paper."""
    page.emulate_media(media="print")
    return page


def texts_in_sight(page: Page, selector: str) -> list[str]:
    return [one.inner_text() for one in page.locator(selector).all() if one.is_visible()]


CHROME = (
    ".rooms", ".people", "#composer", ".tool", ".typing", "#fresh", ".older", ".message__more",
    ".pills", ".code__copy", ".page__head", ".page__foot", ".pager", ".crumb", ".skip",
)  # fmt: skip


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_room_is_printed_in_order_at_its_full_height_and_without_what_is_around_it(
    page_for: conftest.Profiles, ada: conftest.Account, room: str, theme: str
) -> None:
    page = printed(opened(page_for(ada, color_scheme=theme), room))
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    for selector in CHROME:
        assert texts_in_sight(page, selector) == [], selector
    expect(page.locator("h1.room__title")).to_be_visible()
    expect(page.locator("#printed")).to_have_text(re.compile(r"day.* \d{4}"))
    tops = page.locator("#messages article").evaluate_all(
        "all => all.map((message) => message.getBoundingClientRect().top)"
    )
    assert len(tops) == SAID + 2
    assert tops == sorted(tops)
    log = page.locator("#log").bounding_box()
    assert log and log["height"] > tops[-1] - tops[0], "nothing is scrolled away"
    colours = page.evaluate(
        """() => [getComputedStyle(document.body.parentNode).backgroundColor,
            getComputedStyle(document.querySelector(".message__body")).color]"""
    )
    assert colours[0] == "rgb(255, 255, 255)"
    assert float(re.findall(r"[\d.]+", colours[1])[0]) < 0.5, "dark letters on white"


def test_each_message_says_who_and_when_in_full(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    page = printed(opened(page_for(ada), room))
    authors = texts_in_sight(page, "#messages .message__author")
    assert authors == [("Ada", "Ben")[n // 3 % 2] for n in range(1, SAID + 1)] + ["Ben", "Ada"]
    shown = page.locator("#messages .message__time time").evaluate_all(
        """all => all.map((time) => [time.title, getComputedStyle(time, "::after").content])"""
    )
    assert all(content == f'"{title}"' and "20" in title for title, content in shown)


def test_links_say_where_they_lead_unless_they_say_so_already(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    page = opened(page_for(ada), room)
    for path in (room, f"{room}/day/latest"):
        opened(page, path)
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        printed(page)
        after = page.locator("article .message__body a").evaluate_all(
            "all => all.map((link) => getComputedStyle(link, '::after').content)"
        )
        assert after == ['" (https://example.com/plan)"', "none"]


def test_on_paper_no_day_is_today(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    page = opened(page_for(ada), room)
    expect(page.locator(".day")).to_have_text("today")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    shown = (
        printed(page)
        .locator(".day")
        .evaluate(
            "day => [getComputedStyle(day).fontSize, getComputedStyle(day, '::before').content]"
        )
    )
    assert shown[0] == "0px"
    assert re.search(r"day.* \d{4}", shown[1])


def test_long_lines_of_code_are_not_cut_off(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    page = printed(opened(page_for(ada, viewport={"width": 700, "height": 900}), room))
    code = page.locator("#messages pre")
    assert code.evaluate("pre => pre.scrollWidth <= pre.clientWidth")


def test_a_day_is_printed_without_script_too(
    page_for: conftest.Profiles, ada: conftest.Account, room: str, shots: pathlib.Path
) -> None:
    page = page_for(ada, java_script_enabled=False)
    page.goto(f"{room}/day/latest")
    expect(page.locator("article")).to_have_count(SAID + 2)
    assert re.search(r"/day/\d{4}-\d\d-\d\d$", page.url)
    printed(page)
    for selector in CHROME:
        assert texts_in_sight(page, selector) == [], selector
    expect(page.get_by_role("heading", level=1)).to_have_text("Minutes of the harbour")
    expect(page.locator(".day")).to_be_visible()
    pdf = page.pdf(path=shots / "day.pdf", format="A4")
    assert 1 < pdf.count(b"/Type /Page\n") < 8


def test_a_room_takes_as_many_sheets_as_it_needs(
    page_for: conftest.Profiles, ada: conftest.Account, room: str, shots: pathlib.Path
) -> None:
    page = opened(page_for(ada), room)
    pdf = page.pdf(path=shots / "room.pdf", format="A4")
    assert 1 < pdf.count(b"/Type /Page\n") < 8
