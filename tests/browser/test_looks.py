"""How it looks and behaves under the hand: the scroller, the composer, times, themes, phones."""

import pathlib
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import conftest
from tests.browser.test_journeys import bodies, focused, say, shows

Someone = Callable[[str], conftest.Account]

PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
}
SAID = 120


@pytest.fixture(scope="module")
def room(ada: conftest.Account, ben: conftest.Account) -> str:
    """A room with more than two pages of messages; Ada and Ben took turns by threes."""
    path = ada.create("Design talk")
    ben.join(path)
    for number in range(1, SAID + 1):
        (ada, ben)[number // 3 % 2].say(path, f"message {number}")
    return path


def is_live(page: Page) -> None:
    expect(page.locator("#live[data-state=on]")).to_be_attached()


def opened(page: Page, path: str, *, script: bool = True) -> Page:
    """The page at `path`, once it is live: Chromium complains of sockets closed too early."""
    page.goto(path)
    if script and page.locator("#beat").count():
        is_live(page)
    return page


def ends_with(page: Page, text: str) -> None:
    """Wait until this is what was said last."""
    last = page.locator("#messages .message__body").last
    expect(last).to_have_text(text, use_inner_text=True)


def top(page: Page, selector: str) -> float:
    return float(page.locator(selector).evaluate("e => e.getBoundingClientRect().top"))


def scroll(page: Page, by: int) -> None:
    """Move the log as a hand does, and wait until it has moved."""
    page.locator("#log").evaluate(
        """(log, by) => new Promise((done) => {
            log.addEventListener("scroll", () => requestAnimationFrame(done), { once: true });
            log.scrollTop += by;
        })""",
        by,
    )


def from_the_end(page: Page) -> float:
    return float(page.locator("#log").evaluate("log => -log.scrollTop"))


# -- the scroller ------------------------------------------------------------------------------


@pytest.mark.parametrize("script", [True, False])
def test_a_room_opens_at_its_newest_message(
    page_for: conftest.Profiles, ada: conftest.Account, room: str, script: bool
) -> None:
    page = page_for(ada, java_script_enabled=script)
    opened(page, room, script=script)
    expect(page.locator("#messages article").last).to_be_in_viewport()
    expect(page.locator("#messages article").first).not_to_be_in_viewport()


def test_at_the_end_one_stays_at_the_end(
    page_for: conftest.Profiles, ada: conftest.Account, ben: conftest.Account, room: str
) -> None:
    page = opened(page_for(ada), room)
    scroll(page, -60)  # within 80 pixels counts as the end
    ben.say(room, "a new message\nof three\nlines")
    ends_with(page, "a new message\nof three\nlines")
    expect(page.locator("#messages article").last).to_be_in_viewport(ratio=1)
    assert from_the_end(page) == 0
    expect(page.locator("#fresh")).to_be_hidden()


def test_what_one_reads_stays_where_it_is(
    page_for: conftest.Profiles, ada: conftest.Account, ben: conftest.Account, room: str
) -> None:
    page = opened(page_for(ada), room)
    scroll(page, -700)
    reading = page.evaluate(
        """() => [...document.querySelectorAll("#messages article")]
            .find((message) => message.getBoundingClientRect().top > 100).id"""
    )
    before = top(page, f"#{reading}")
    ben.say(room, "said further down", "and\nmore\nof\nit")
    ends_with(page, "and\nmore\nof\nit")
    assert abs(top(page, f"#{reading}") - before) <= 1
    page.locator("#fresh").click()
    expect(page.locator("#messages article").last).to_be_in_viewport()
    expect(page.locator("#fresh")).to_be_hidden()


def test_older_messages_come_in_above_without_a_jump(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    page = opened(page_for(ada), room)
    first = page.locator("#messages article").first.get_attribute("id")
    shown = page.locator("#log article[data-at]").count()
    room_above = page.locator("#log").evaluate("log => log.scrollHeight - log.clientHeight")
    scroll(page, 200 - room_above)
    before = top(page, f"#{first}")
    expect(page.locator("#log article[data-at]")).not_to_have_count(shown)
    assert abs(top(page, f"#{first}") - before) <= 1
    numbers = page.locator("#log article[data-at]").evaluate_all(
        "all => all.map(m => +m.id.slice(1))"
    )
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    assert page.locator("#messages [data-number], #history [data-number]").count() == len(numbers)


def test_ones_own_message_leads_to_the_end(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    page = opened(page_for(ada), room)
    scroll(page, -900)
    say(page, "sent from far up")
    shows(page, "sent from far up")
    expect(page.locator("#messages article").last).to_be_in_viewport()


def test_a_long_day_does_not_fill_the_page(
    page_for: conftest.Profiles, ada: conftest.Account, ben: conftest.Account
) -> None:
    path = ada.create("A long day")
    ben.join(path)
    page = opened(page_for(ada), path)
    last = ben.say(path, *(f"message {number}" for number in range(1, 621)))
    ends_with(page, f"message {last}")
    kept = page.locator("#log article[data-at]")
    expect(kept).not_to_have_count(last)
    assert 300 <= kept.count() <= 600
    assert "message--run" not in (kept.first.get_attribute("class") or "")
    first = int((kept.first.get_attribute("id") or "")[1:])
    scroll(page, -100_000)
    expect(page.locator(f"#m{first - 50}")).to_be_attached()


@pytest.mark.parametrize("script", [True, False])
def test_a_link_to_a_message_leads_there_and_marks_it(
    page_for: conftest.Profiles, ada: conftest.Account, room: str, script: bool
) -> None:
    page = page_for(ada, java_script_enabled=script)
    opened(page, f"{room}/40", script=script)
    expect(page.locator(".marked #m40")).to_be_in_viewport(ratio=1)
    assert page.locator(".marked").count() == 1
    assert focused(page, ".marked") if script else True
    # What follows is loaded on the way, without being thrown to its end.
    if script:
        scroll(page, 10_000)
        expect(page.locator("#m90")).to_be_attached()
        expect(page.locator("#m90")).not_to_be_in_viewport()
    page.get_by_role("link", name="Jump to the newest message").click()
    expect(page).to_have_url(re.compile(rf"{room}$"))
    expect(page.locator("#messages article").last).to_be_in_viewport()


# -- the composer ------------------------------------------------------------------------------


def test_the_composer_grows_to_eight_lines_and_the_log_stays_at_its_end(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    page = opened(page_for(ada), room)
    box = page.locator("#body")
    heights = []
    for lines in (1, 4, 8, 30):
        box.fill("\n".join("line" for _ in range(lines)))
        heights.append(box.evaluate("box => box.clientHeight"))
        expect(page.locator("#messages article").last).to_be_in_viewport(ratio=1)
    assert heights[0] < heights[1] < heights[2] == heights[3]
    box.fill("")
    assert box.evaluate("box => box.clientHeight") == heights[0]


def test_the_last_characters_are_counted_and_too_many_are_not_sent(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    page = opened(page_for(ada), room)
    count, button = page.locator("#count"), page.get_by_role("button", name="Send message")
    page.locator("#body").fill("🎉" * 3500)
    expect(count).to_be_hidden()
    page.locator("#body").fill("🎉" * 3990)
    expect(count).to_have_text("10")
    page.locator("#body").fill("🎉" * 4001)
    expect(count).to_have_text("-1")
    expect(button).to_have_attribute("aria-disabled", "true")
    page.locator("#body").press("Enter")
    expect(page.locator("#pending article")).to_have_count(0)
    expect(page.locator("#body")).to_have_value("🎉" * 4001)


def test_a_message_is_shown_at_once_and_replaced_by_the_accepted_one(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    page = opened(page_for(ada), room)
    held: list[Any] = []
    page.route("**/messages", lambda route: held.append(route))
    say(page, "one")
    expect(page.locator("#pending")).to_contain_text("one")
    expect(page.locator("#body")).to_have_value("")
    say(page, "two")
    expect(page.locator("#pending article")).to_have_count(2)
    with page.expect_request("**/messages"):
        held[0].continue_()
    expect(page.locator("#pending article")).to_have_count(1)
    held[1].continue_()
    shows(page, "two")
    expect(page.locator("#pending article")).to_have_count(0)
    assert bodies(page)[-2:] == ["one", "two"], "in the order they were sent in"


def test_what_is_refused_is_kept_with_its_reason(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    page = opened(page_for(ada), room)
    page_for.expect("403")
    refusal = {"status": 403, "json": {"error": "This room is locked."}}
    page.route("**/messages", lambda route: route.fulfill(**refusal))
    say(page, "said too late")
    trouble = page.locator("#pending")
    expect(trouble.get_by_role("alert")).to_have_text("This room is locked.")
    expect(trouble).to_contain_text("said too late")
    page.unroute("**/messages")
    trouble.get_by_role("button", name="Discard").click()
    expect(trouble.locator("article")).to_have_count(0)
    page.reload()
    expect(trouble.locator("article")).to_have_count(0)


def test_a_draft_stays_with_its_room_and_its_writer(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    page = opened(page_for(ada), room)
    page.locator("#body").fill("half a thought")
    opened(page, ada.create("Another room"))
    expect(page.locator("#body")).to_have_value("")
    opened(page, room)
    expect(page.locator("#body")).to_have_value("half a thought")
    say(page, "a whole thought")
    shows(page, "a whole thought")
    page.reload()
    expect(page.locator("#body")).to_have_value("")


def test_enter_does_not_send_while_a_word_is_being_composed(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    page = opened(page_for(ada), room)
    page.locator("#body").fill("にほんご")
    for options in ("isComposing: true", "keyCode: 229"):
        page.evaluate(
            f"""() => document.getElementById("body").dispatchEvent(new KeyboardEvent("keydown",
                {{ key: "Enter", bubbles: true, cancelable: true, {options} }}))"""
        )
    expect(page.locator("#pending article")).to_have_count(0)
    expect(page.locator("#body")).to_have_value("にほんご")
    page.locator("#body").press("Control+Enter")
    shows(page, "にほんご")


# -- times and days ----------------------------------------------------------------------------


def test_times_are_the_readers_own(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    utc = page_for(ada, java_script_enabled=False)
    utc.goto(room)
    iso = utc.locator("#messages time").last.get_attribute("datetime") or ""
    assert utc.locator("#messages .message__time").last.inner_text() == iso[11:16]
    page = page_for(ada, timezone_id="Asia/Kathmandu", locale="de-DE")
    opened(page, room)
    shown = page.locator("#messages .message__time time").last
    hour, minute = int(iso[11:13]), int(iso[14:16])
    there = (hour * 60 + minute + 5 * 60 + 45) % (24 * 60)
    expect(shown).to_have_text(f"{there // 60:02}:{there % 60:02}")
    expect(shown).to_have_attribute("title", re.compile(r"\b20\d\d\b"))


def test_a_day_begins_where_it_begins_for_the_reader(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    page = page_for(ada, timezone_id="UTC")
    page.clock.install()
    opened(page, f"{room}/1")
    expect(page.locator("#m1 .day")).to_have_text("today")
    expect(page.locator(".day")).to_have_count(1)
    # What is still under way would wait for two days, and give up.
    under_way = page.locator("#seen.htmx-request")
    expect(under_way).to_have_count(0)
    page.clock.fast_forward("24:00:00")
    page.clock.run_for(31_000)
    expect(page.locator("#m1 .day")).to_have_text("yesterday")
    expect(under_way).to_have_count(0)
    page.clock.fast_forward("48:00:00")
    page.clock.run_for(31_000)
    expect(page.locator("#m1 .day")).to_have_text(re.compile(r"^\w+day,? \d+ \w+( \d{4})?$"))


def test_the_lines_of_one_author_stand_under_one_name(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    page = page_for(ada)
    opened(page, f"{room}/40")
    grouped = page.locator("#m41")
    expect(grouped.locator(".avatar")).to_be_hidden()
    time = grouped.locator(".message__time")
    expect(time).to_have_css("opacity", "0")
    grouped.hover()
    expect(time).to_have_css("opacity", "1")


# -- sharing -----------------------------------------------------------------------------------


def test_the_link_is_copied_and_it_is_said(
    page_for: conftest.Profiles, ada: conftest.Account
) -> None:
    path = ada.create("Just opened")
    page = page_for(ada, permissions=["clipboard-read", "clipboard-write"])
    opened(page, path)
    panel = page.locator(".welcome")
    expect(panel).to_contain_text("first here")
    expect(panel.get_by_role("img", name="QR")).to_be_visible()
    panel.locator("button[data-done]").click()
    expect(panel.get_by_role("button", name="Copied ✓")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == ada.server.url + path
    expect(panel.get_by_role("button", name="Copy link")).to_be_visible()
    is_live(page)
    say(page, "hello")
    expect(panel).to_be_hidden()


def test_where_nothing_may_be_copied_the_link_is_selected(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    page = page_for(ada)
    page.add_init_script("delete Navigator.prototype.clipboard")
    opened(page, f"{room}/share")
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Press Ctrl+C")).to_be_visible()
    assert page.evaluate("getSelection().toString()") == ada.server.url + room
    assert focused(page, ".share__link")


# -- themes ------------------------------------------------------------------------------------


def brightness(page: Page) -> float:
    """Of the page's ground, 0 to 255."""
    return float(page.evaluate(
        """() => {
            const pen = document.createElement("canvas").getContext("2d");
            pen.fillStyle = getComputedStyle(document.documentElement).backgroundColor;
            pen.fillRect(0, 0, 1, 1);
            return pen.getImageData(0, 0, 1, 1).data[1];
        }"""
    ))  # fmt: skip


@pytest.mark.parametrize("script", [True, False])
def test_the_theme_follows_the_system_until_one_chooses(
    page_for: conftest.Profiles, script: bool
) -> None:
    page = page_for(color_scheme="dark", java_script_enabled=script)
    page.goto("/login")
    assert page.locator("html").get_attribute("data-theme") is None
    page.get_by_role("button", name="Light").click()
    expect(page).to_have_url(re.compile("/login$"))
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    if script:
        assert brightness(page) > 200
    page.get_by_role("button", name="System").click()
    expect(page.locator("html")).not_to_have_attribute("data-theme", re.compile("."))
    if script:
        assert brightness(page) < 60


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_authors_colour_can_be_read(
    page_for: conftest.Profiles, ada: conftest.Account, room: str, theme: Any
) -> None:
    page = page_for(ada, color_scheme=theme)
    opened(page, room)
    ratios = page.evaluate(
        """() => {
            const options = { willReadFrequently: true };
            const pen = document.createElement("canvas").getContext("2d", options);
            const light = (colour) => {
                pen.fillStyle = colour;
                pen.fillRect(0, 0, 1, 1);
                const [r, g, b] = [...pen.getImageData(0, 0, 1, 1).data].map((v) => v / 255)
                    .map((v) => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
                return .2126 * r + .7152 * g + .0722 * b;
            };
            const ratio = (one, other) => {
                const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
                return (high + .05) / (low + .05);
            };
            const name = document.querySelector(".message__author");
            const avatar = document.querySelector(".message .avatar");
            const ground = getComputedStyle(document.querySelector(".room")).backgroundColor;
            return Array.from({ length: 12 }, (_, hue) => {
                name.className = `message__author hue-${hue}`;
                avatar.className = `avatar hue-${hue}`;
                const style = getComputedStyle(avatar);
                return [
                    ratio(getComputedStyle(name).color, ground),
                    ratio(style.color, style.backgroundColor),
                ];
            });
        }"""
    )
    assert len({str(pair) for pair in ratios}) == 12
    assert min(min(pair) for pair in ratios) >= 4.5


# -- the start ---------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [390, 1280])
def test_the_start_page_says_what_this_is_and_lets_one_begin_at_once(
    page_for: conftest.Profiles, someone: Someone, width: int
) -> None:
    someone("Olga").create(f"Open to all {width}", access="listed")
    page = page_for(viewport={"width": width, "height": 800})
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_have_text("A room is a link.")
    expect(page.get_by_role("heading", level=1)).to_be_in_viewport()
    expect(page.get_by_role("button", name="Create a room")).to_be_in_viewport()
    expect(page.get_by_role("button", name="Join")).to_be_in_viewport()
    expect(page.get_by_role("link", name=f"Open to all {width}")).to_be_visible()
    page.get_by_label("What is the room about?").fill("Saturday’s hike")
    page.get_by_role("button", name="Create a room").click()
    expect(page).to_have_url(re.compile(r"/login\?next=.*hike"))


# -- phones ------------------------------------------------------------------------------------


def test_a_phone_shows_the_rooms_or_one_of_them(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    page = page_for(ada, **PHONE)
    opened(page, "/")
    expect(page.locator(".rooms__list")).to_be_visible()
    expect(page.locator("#log")).to_be_hidden()
    page.locator(".rooms__room").filter(has_text="Design talk").tap()
    expect(page.locator("#messages article").last).to_be_in_viewport()
    expect(page.locator(".rooms__list")).to_be_hidden()
    page.get_by_role("link", name="All rooms").tap()
    expect(page).to_have_url(re.compile(r":\d+/$"))
    page.go_back()
    expect(page.locator("#log")).to_be_visible()


@pytest.mark.parametrize("script", [True, False])
def test_a_phone_has_the_people_in_a_drawer(
    page_for: conftest.Profiles, ada: conftest.Account, room: str, script: bool
) -> None:
    page = page_for(ada, **PHONE, java_script_enabled=script)
    opened(page, room, script=script)
    expect(page.locator("#people")).to_be_hidden()
    page.locator(".room__online").tap()
    expect(page.locator("#people")).to_be_visible()
    expect(page.locator("#people")).to_contain_text("Ben")
    page.keyboard.press("Escape")
    expect(page.locator("#people")).to_be_hidden()


def test_on_a_phone_enter_makes_a_line_and_the_button_sends(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    page = opened(page_for(ada, **PHONE), room)
    assert not focused(page, "#body"), "the keyboard stays down until it is wanted"
    page.locator("#body").tap()
    page.keyboard.type("one")
    page.keyboard.press("Enter")
    page.keyboard.type("two")
    expect(page.locator("#body")).to_have_value("one\ntwo")
    page.get_by_role("button", name="Send message").tap()
    ends_with(page, "one\ntwo")
    expect(page.locator("#body")).to_be_focused()


@pytest.mark.parametrize("width", [320, 390, 600, 768, 1024, 1280, 1920])
def test_no_width_scrolls_sideways(
    page_for: conftest.Profiles, ada: conftest.Account, ben: conftest.Account, width: int
) -> None:
    path = ada.create("An unusually long title for a room that has to fit into a narrow head")
    ada.say(path, "x" * 900, f"https://example.com/{'y' * 900}")
    page = page_for(ada, viewport={"width": width, "height": 700})
    opened(page, path)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert page.locator("#log").evaluate("log => log.scrollWidth - log.clientWidth") <= 0


# -- pictures ----------------------------------------------------------------------------------


def test_pictures_of_every_page_are_taken(
    page_for: conftest.Profiles, ada: conftest.Account, room: str, shots: pathlib.Path
) -> None:
    """For the eyes: what each page looks like, narrow and wide, light and dark."""
    for width in (390, 1280):
        for theme in ("light", "dark"):
            options: Any = {"viewport": {"width": width, "height": 844}, "color_scheme": theme}
            pages = [(page_for(**options), "/"), (page_for(ada, **options), room)]
            for page, path in pages:
                opened(page, path)
                name = "start" if path == "/" else "room"
                picture = page.screenshot(path=shots / f"{name}-{width}-{theme}.png")
                assert len(picture) > 10_000, "there is something on it"
