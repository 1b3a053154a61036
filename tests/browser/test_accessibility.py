"""Everyone can use it: axe on every page, landmarks and headings, the keyboard, one announcer."""

import base64
import pathlib
import re
from collections.abc import Callable
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from tests.browser import conftest
from tests.browser.test_journeys import focused, say, shows
from tests.browser.test_looks import opened

Someone = Callable[[str], conftest.Account]
Theme = Literal["light", "dark"]

AXE = pathlib.Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
THEMES: list[Theme] = ["light", "dark"]
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)
RUN = """() => axe.run({ runOnly: { type: "tag", values: [
    "wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice" ] } })"""


@pytest.fixture(scope="module")
def room(ada: conftest.Account, ben: conftest.Account) -> str:
    path = ada.create("Everyone can use it", access="listed", handle="for-all-of-us")
    ben.join(path)
    for number in range(20):
        (ada, ben)[number // 2 % 2].say(path, f"Number {number}, see https://example.com/{number}")
    ada.client.post(f"{path}/20/reactions", data={"emoji": "👍"})
    ada.client.post(f"{path}/19/pin", data={"pinned": "yes"})
    made = ada.client.post(f"{path}/links", data={"label": "Summer course", "uses": "10"})
    assert made.headers["location"] == f"{path}/links/1"
    rich = (
        "**bold** *it* ~~gone~~ `code`\n> a quote\n\n- one\n- two\n\n```python\nx = 1  # one\n```"
    )
    picture = {"file": ("icon.png", PICTURE, "image/png")}
    upload = ada.client.post(
        f"{path}/attachments", files=picture, headers={"Accept": "application/json"}
    )
    fields = {"body": rich, "reply_to": "3", "attachments": upload.json()["id"]}
    assert ada.client.post(f"{path}/messages", data=fields).status_code == 303
    return path


def violations(page: Page) -> list[str]:
    """What axe objects to, each with where."""
    page.evaluate(AXE.read_text())
    found = page.evaluate(RUN)["violations"]
    return [
        f"{rule['id']}: {rule['help']} — {[node['html'][:160] for node in rule['nodes']]}"
        for rule in found
    ]


# -- pages -------------------------------------------------------------------------------------

SIGNED_OUT = ["/", "/login", "/login?registered=ada", "/register", "/rooms", "/nothing-here"]
SIGNED_IN = ["/", "/rooms", "/rooms?q=nothing", "/rooms/new", "/nothing-here", "/profile", "/go"]
SIGNED_IN += ["/search?q=number", "/search?q=nothing", "/go?q=all", "/shortcuts", "/people/Ada"]
SIGNED_IN += ["/inbox", "/direct"]
OF_A_ROOM = ["", "/share", "/people", "/settings", "/5", "/messages?before=10", "/pins"]
OF_A_ROOM += ["/search?q=number&by=Ada", "/day/latest", "/5/menu", "/5/edition", "/5/erasure"]
OF_A_ROOM += ["/links", "/links/1", "/links/1/poster", "/knocks"]
OF_A_ROOM += ["/5/reactions", "/5/reactions?q=rocket", "/5/reply"]


@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing_on_any_page(
    page_for: conftest.Profiles, ada: conftest.Account, room: str, theme: Theme
) -> None:
    page_for.expect("404")
    stranger, member = page_for(color_scheme=theme), page_for(ada, color_scheme=theme)
    empty = ada.create(f"Nobody has said anything, {theme}")
    visits = [(stranger, path) for path in SIGNED_OUT]
    visits += [(member, path) for path in SIGNED_IN]
    visits += [(member, room + path) for path in OF_A_ROOM]
    found = {}
    for page, path in [*visits, (member, empty)]:
        opened(page, path)
        found[path] = violations(page)
    assert not any(found.values()), found


def test_the_way_to_newer_messages_is_free_until_they_are_there(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    for size in ((1280, 720), (390, 844)):
        page = page_for(ada, viewport={"width": size[0], "height": size[1]})
        page.route("**/messages?after=*", lambda _route: None)  # they are long in coming
        opened(page, f"{room}/messages?before=10")
        page.locator("#newer a").focus()
        assert not violations(page)


@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing_on_a_phone_nor_in_what_opens(
    page_for: conftest.Profiles, ada: conftest.Account, room: str, theme: Theme
) -> None:
    page = page_for(ada, color_scheme=theme, viewport={"width": 390, "height": 844}, has_touch=True)
    opened(page, room)
    found = {"room": violations(page)}
    openers = (".room__online", "[popovertarget=menu]", "[data-dialog=share]")
    for opener in (
        *openers,
        "#m20 .message__more",
        "#m19 .message__author",
        "#m20 .pill >> nth=-1",
    ):
        page.locator(opener).click()
        expect(page.locator(":popover-open, dialog[open]").first).to_be_visible()
        found[opener] = violations(page)
        page.keyboard.press("Escape")
    opened(page, "/")
    page.locator("[popovertarget=account]").click()
    found["rooms"] = violations(page)
    assert not any(found.values()), found


def test_axe_finds_nothing_in_a_form_that_came_back(page_for: conftest.Profiles) -> None:
    page_for.expect("422")
    page = page_for()
    opened(page, "/register")
    page.get_by_label("Username").fill("a name with blanks")
    page.get_by_label("Password").fill("short")
    page.get_by_role("button", name="Register").click()
    error = page.get_by_role("alert")
    expect(error).to_be_visible()
    field = page.locator("[aria-invalid]")
    assert error.get_attribute("id") in (field.get_attribute("aria-describedby") or "").split()
    expect(field).to_be_focused()
    assert violations(page) == []


# -- structure ---------------------------------------------------------------------------------


def test_the_room_has_landmarks_headings_and_skip_links(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    page = page_for(ada, java_script_enabled=False)
    page.goto(room)
    expect(page.get_by_role("banner")).to_have_count(1)
    expect(page.get_by_role("navigation", name="Rooms")).to_have_count(1)
    expect(page.get_by_role("main")).to_have_count(1)
    expect(page.get_by_role("complementary", name="People")).to_have_count(1)
    expect(page.get_by_role("form", name="Message")).to_have_count(1)
    expect(page.get_by_role("heading", level=1)).to_have_text("Everyone can use it")
    expect(page.get_by_role("log").get_by_role("heading", level=3).first).to_contain_text("Ada")
    expect(page.get_by_role("log").get_by_role("heading", level=2)).to_have_count(1)
    targets = [link.get_attribute("href") for link in page.locator(".skip").all()]
    assert targets == ["#log", "#body", "#rooms"]
    for target in targets:
        expect(page.locator(str(target))).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.locator(".skip").first).to_be_in_viewport()


def test_a_message_is_named_by_who_when_and_what(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    page = page_for(ada)
    opened(page, room)
    snapshot = page.locator("#m2").aria_snapshot()
    assert re.search(r'article "Ada \S+.* Number 1, see https://example.com/1"', snapshot), snapshot
    grouped = page.locator("#m2")
    assert "message--run" in (grouped.get_attribute("class") or "")


def test_what_one_needs_most_is_large_enough_to_touch(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    page = page_for(ada, viewport={"width": 320, "height": 640}, has_touch=True, is_mobile=True)
    opened(page, room)
    for control in page.locator(
        ".room__head .tool:visible, .composer__send, .composer__text"
    ).all():
        box = control.bounding_box()
        assert box
        assert box["width"] >= 44, control.inner_text()
        assert box["height"] >= 44, control.inner_text()
    size = page.locator("#body").evaluate("box => parseFloat(getComputedStyle(box).fontSize)")
    assert size >= 16, "or iOS zooms in"


# -- keyboard ----------------------------------------------------------------------------------


def test_f6_goes_through_the_regions_in_order_and_back(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    page = page_for(ada)
    opened(page, room)
    page.locator("#log").focus()
    order = ["#body", "#rooms", "#head", "#log"]
    for place in order:
        page.keyboard.press("F6")
        assert focused(page, place), place
    for place in [*reversed(order[:-1]), "#log"]:
        page.keyboard.press("Shift+F6")
        assert focused(page, place), place


def test_arrows_go_from_message_to_message(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    page = page_for(ada)
    opened(page, room)
    page.locator("#log").focus()
    last = page.locator("#messages article").last.get_attribute("id") or ""
    number = int(last[1:])
    for key, at in (
        ("ArrowUp", number),
        ("ArrowUp", number - 1),
        ("ArrowDown", number),
        ("Home", 1),
        ("End", number),
    ):
        page.keyboard.press(key)
        assert focused(page, f"#m{at}"), (key, at)
        expect(page.locator(f"#m{at}")).to_be_in_viewport()
    page.keyboard.press("Tab")
    assert focused(page, f"#m{number} a"), "Tab goes into the message"
    assert page.locator("#messages article[tabindex='0']").count() == 1


def test_a_letter_that_goes_nowhere_else_goes_to_the_composer(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    page = page_for(ada)
    opened(page, room)
    page.locator("#log").focus()
    page.keyboard.type("hello")
    expect(page.locator("#body")).to_have_value("hello")
    page.keyboard.press("Escape")
    assert not focused(page, "#body")
    expect(page.locator("#body")).to_have_value("hello")
    page.keyboard.press("Control+k")
    field = page.locator("#switcher [name=q]")
    expect(field).to_be_focused()
    page.keyboard.type("/x")
    expect(field).to_have_value("/x")


def test_the_share_dialog_keeps_the_focus_and_gives_it_back(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    page = page_for(ada)
    opened(page, room)
    opener = page.locator("[data-dialog=share]")
    opener.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Share this room")
    expect(dialog).to_be_visible()
    for _ in range(8):
        page.keyboard.press("Tab")
        assert focused(page, "#share *, body"), "the page behind is out of reach"
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()


def test_the_focus_is_always_to_be_seen(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    page = page_for(ada)
    opened(page, room)
    for place in (
        "#log",
        ".rooms__room",
        ".message__time",
        "[data-dialog=share]",
        ".rooms__more a",
    ):
        page.locator(place).first.focus()
        page.keyboard.press("Shift")
        width = page.locator(place).first.evaluate("e => getComputedStyle(e).outlineWidth")
        assert width == "2px", place


# -- announcements -----------------------------------------------------------------------------


def test_only_new_messages_of_others_are_announced(
    page_for: conftest.Profiles, ada: conftest.Account, ben: conftest.Account, room: str
) -> None:
    page = page_for(ada)
    opened(page, room)
    announcer = page.locator("#announcer")
    expect(announcer).to_be_empty()
    say(page, "my own words")
    shows(page, "my own words")
    ben.say(room, "words of someone else")
    expect(announcer).to_contain_text("Ben")
    expect(announcer).to_contain_text("words of someone else")
    expect(announcer).not_to_contain_text("my own words")
    assert page.locator("#messages").get_attribute("aria-live") == "off"


def test_a_flood_is_announced_as_a_number(
    page_for: conftest.Profiles, ada: conftest.Account, ben: conftest.Account, room: str
) -> None:
    page = page_for(ada)
    opened(page, room)
    ben.say(room, *(f"flood {number}" for number in range(12)))
    shows(page, "flood 11")
    expect(page.locator("#announcer")).to_have_text(re.compile(r"^\d+ new messages$"))


# -- sizes, colours and motion -----------------------------------------------------------------


def test_nothing_is_cut_off_at_320_pixels_or_with_letters_twice_the_size(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    # What is read up to its end opens there, and not at what is new.
    ada.client.post(f"{room}/reading", data={"number": str(ada.say(room, "the end"))})
    for options in ({"width": 320, "height": 640}, {"width": 640, "height": 512}):
        page = page_for(ada, viewport=options)
        for path in ("/", room, f"{room}/settings", f"{room}/share", "/rooms", "/rooms/new"):
            opened(page, path)
            if options["width"] == 640:
                page.evaluate("document.documentElement.style.fontSize = '200%'")
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, (path, options)
            if path == room:
                expect(page.locator("#body")).to_be_in_viewport()
                expect(page.locator("#messages article").last).to_be_in_viewport()


def test_forced_colours_and_reduced_motion_are_kept_to(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    page = page_for(ada, forced_colors="active", reduced_motion="reduce")
    opened(page, room)
    current = page.locator(".rooms__room[aria-current]")
    assert current.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
    for control in (".composer__send", ".avatar >> nth=0", ".dot >> nth=0"):
        style = page.locator(control).first.evaluate("e => getComputedStyle(e).borderStyle")
        assert style == "solid", control
    moving = page.evaluate(
        """() => [...document.querySelectorAll("*")].filter((element) => {
            const style = getComputedStyle(element);
            // What takes no time does not move: so a notice goes after a while.
            return style.transitionDuration !== "0s"
                || (style.animationName !== "none" && style.animationDuration !== "0s");
        }).length"""
    )
    assert moving == 0


LISTEN = """() => {
    // What a screen reader would be told: text that comes into a live region while it is shown.
    window.told = [];
    const regions = "[aria-live]:not([aria-live=off]), [role=status], [role=alert]";
    for (const region of document.querySelectorAll(regions))
        new MutationObserver(() => {
            const text = region.innerText.trim();
            if (text && told.at(-1) !== text) told.push(text);
        }).observe(region, { childList: true, subtree: true, characterData: true });
}"""


def live_regions(page: Page) -> set[str]:
    """The ids of what the accessibility tree itself calls live."""
    session = page.context.new_cdp_session(page)
    session.send("Accessibility.enable")
    found = set()
    for node in session.send("Accessibility.getFullAXTree")["nodes"]:
        live = {p["name"]: p["value"].get("value") for p in node.get("properties", [])}.get("live")
        if live in (None, "off") or "backendDOMNodeId" not in node:
            continue
        told = session.send("DOM.describeNode", {"backendNodeId": node["backendDOMNodeId"]})
        attributes = told["node"].get("attributes", [])
        found.add(dict(zip(attributes[::2], attributes[1::2], strict=True)).get("id", "?"))
    return found


def test_each_message_is_announced_once_and_nothing_else_is(
    page_for: conftest.Profiles, ada: conftest.Account, ben: conftest.Account, room: str
) -> None:
    """History, one's own words, reactions, edits, deletions and pins are silent."""
    room = ada.create("Told once")
    ben.join(room)
    ben.say(room, *(f"history {number}" for number in range(60)))
    page = opened(page_for(ada), room)
    assert "announcer" in live_regions(page)
    assert "messages" not in live_regions(page)
    page.evaluate(LISTEN)
    page.locator("#log").evaluate("log => log.scrollTop = -log.scrollHeight")
    expect(page.locator("#m1")).to_be_attached()
    say(page, "my own words")
    shows(page, "my own words")
    ben.client.post(f"{room}/60/reactions", data={"emoji": "👍"})
    expect(page.locator("#m60 .pill").first).to_be_attached()
    ben.client.post(f"{room}/59/edition", data={"body": "changed"})
    shows(page, "changed")
    ben.client.post(f"{room}/58/erasure")
    expect(page.locator("#m58")).to_contain_text("Message deleted")
    ada.client.post(f"{room}/57/pin", data={"pinned": "yes"})
    expect(page.locator("#m57")).to_contain_text("pinned")
    ben.client.post(f"{room}/messages", data={"body": "the only news", "reply_to": "61"})
    shows(page, "the only news")
    expect(page.locator("#announcer")).to_contain_text("the only news")
    ben.client.post(f"{room}/62/reactions", data={"emoji": "👍"})
    expect(page.locator("#m62 .pill").first).to_be_attached()
    told = [text for text in page.evaluate("told") if "history" not in text]
    assert len([text for text in told if "the only news" in text]) == 1
    assert not [text for text in told if re.search(r"my own|changed|deleted|pinned|👍|⋯", text)], (
        told
    )
