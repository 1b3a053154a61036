"""Getting about by keyboard: the switcher, the rooms before and after, the list of all keys."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests import services
from tests.browser import conftest
from tests.browser.test_accessibility import violations
from tests.browser.test_journeys import focused
from tests.browser.test_looks import opened


@pytest.fixture(scope="module")
def rooms(ada: conftest.Account, ben: conftest.Account) -> dict[str, str]:
    """Four rooms, by title; Ben is in the first."""
    made = {title: ada.create(title) for title in ("Harbour", "Heath", "Island", "Mountain")}
    ben.join(made["Harbour"])
    return made


@pytest.fixture
def page(page_for: conftest.Profiles, ada: conftest.Account, rooms: dict[str, str]) -> Page:
    return opened(page_for(ada), rooms["Harbour"])


def places(page: Page, *titles: str) -> None:
    expect(page.locator(".place__name")).to_have_text(list(titles))


def arrives(page: Page, path: str) -> None:
    page.wait_for_url(re.compile(re.escape(path) + "$"))
    if page.locator("#beat").count():
        expect(page.locator("#live[data-state=on]")).to_be_attached()


def test_a_few_letters_and_enter_lead_to_a_room(page: Page, rooms: dict[str, str]) -> None:
    page.locator("#body").focus()
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog", name="Go to")).to_be_visible()
    expect(page.locator(".place")).to_have_count(5)  # the lobby is one of them
    page.keyboard.type("isl")
    places(page, "Island")
    page.keyboard.press("Enter")
    arrives(page, rooms["Island"])


def test_arrows_go_through_the_places_and_letters_back_to_the_box(
    page: Page, rooms: dict[str, str]
) -> None:
    page.keyboard.press("Control+k")
    page.keyboard.type("h")
    expect(page.locator(".place__name").first).to_have_text("Harbour")
    page.keyboard.press("ArrowDown")
    assert focused(page, ".places li:nth-child(1) a")
    page.keyboard.press("ArrowDown")
    assert focused(page, ".places li:nth-child(2) a")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    assert focused(page, "#switcher [name=q]")
    page.keyboard.press("ArrowDown")
    page.keyboard.type("ea")
    expect(page.locator("#switcher [name=q]")).to_have_value("hea")
    places(page, "Heath")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    arrives(page, rooms["Heath"])


class Late:
    """The server's answers to the switcher, kept back until they are let through."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._held: list[Route] = []
        page.route("**/go?*", lambda route: self._held.append(route))

    def come(self) -> None:
        """Let the newest answer through, and wait until it is on the page."""
        services.until(self._asked, "it is asked for")
        self._page.evaluate("document.querySelector('.places').dataset.old = ''")
        self._held.pop().continue_()
        expect(self._page.locator("[data-old]")).to_have_count(0)

    def _asked(self) -> bool:
        self._page.wait_for_timeout(20)  # the browser is heard only while we wait
        return bool(self._held)


@pytest.fixture
def late(page: Page) -> Late:
    """The open switcher shows two places, and gets no more answers by itself."""
    page.keyboard.press("Control+k")
    page.keyboard.type("h")
    places(page, "Harbour", "Heath")
    return Late(page)


def test_an_answer_that_comes_late_leaves_the_focus_where_it_is(page: Page, late: Late) -> None:
    for key in ("ArrowDown", "ArrowUp", "ArrowDown"):
        page.keyboard.press(key)
    late.come()
    assert focused(page, ".places li:nth-child(1) a")


def test_letters_reach_the_box_when_the_place_one_stood_on_is_gone(page: Page, late: Late) -> None:
    page.keyboard.type("e")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    late.come()
    places(page, "Heath")
    page.keyboard.type("a")
    expect(page.locator("#switcher [name=q]")).to_have_value("hea")


def test_escape_gives_the_focus_back_and_the_next_time_starts_anew(page: Page) -> None:
    page.locator("#body").focus()
    page.keyboard.type("half a sentence")
    page.keyboard.press("Control+k")
    page.keyboard.type("@be")
    places(page, "Ben")
    page.keyboard.press("Escape")
    expect(page.locator("#switcher")).to_be_hidden()
    expect(page.locator("#body")).to_be_focused()
    expect(page.locator("#body")).to_have_value("half a sentence")
    page.keyboard.press("Control+k")
    page.keyboard.type("moun")
    places(page, "Mountain")
    page.keyboard.press("Control+k")
    expect(page.locator("#switcher [name=q]")).to_have_value("moun")


def test_a_person_is_found_too(page: Page) -> None:
    page.keyboard.press("Control+k")
    page.keyboard.type("ben")
    places(page, "Ben")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/people/Ben$"))


def test_alt_and_arrows_lead_to_the_rooms_before_and_after(page: Page) -> None:
    links = page.locator(".rooms__room")
    hrefs = [str(link.get_attribute("href")) for link in links.all()]
    here = next(at for at, one in enumerate(links.all()) if one.get_attribute("aria-current"))
    page.locator("#body").focus()
    page.keyboard.press("Alt+ArrowDown")
    arrives(page, hrefs[(here + 1) % len(hrefs)])
    page.locator("#body").focus()
    page.keyboard.press("Alt+ArrowUp")
    arrives(page, hrefs[here])


def test_alt_shift_and_arrows_lead_to_unread_rooms_only(
    page: Page, ada: conftest.Account, rooms: dict[str, str]
) -> None:
    links = page.locator(".rooms__room")
    for link in links.all():
        link.evaluate("link => link.removeAttribute('data-unread')")
    page.keyboard.press("Alt+Shift+ArrowDown")  # nothing is unread: one stays
    page.locator(".rooms__room", has_text="Mountain").evaluate("link => link.dataset.unread = 2")
    page.keyboard.press("Alt+Shift+ArrowUp")
    arrives(page, rooms["Mountain"])


def test_a_question_mark_shows_the_keys_unless_one_is_writing(page: Page) -> None:
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    page.locator("#log").focus()
    page.keyboard.press("?")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("table", name="Writing")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator("#log")).to_be_focused()
    page.locator("#body").focus()
    page.keyboard.type("why? because / and k")
    expect(page.locator("#body")).to_have_value("why? because / and k")
    expect(dialog).to_be_hidden()
    page.keyboard.press("Control+k")
    page.keyboard.type("?")
    expect(page.locator("#switcher [name=q]")).to_have_value("?")
    expect(dialog).to_be_hidden()
    page.keyboard.press("Escape")
    page.locator("#body").focus()
    page.keyboard.press("Control+/")
    expect(dialog).to_be_visible()


def test_axe_finds_nothing_in_what_opens(page: Page) -> None:
    page.keyboard.press("Control+k")
    expect(page.locator(".place").first).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("Control+/")
    expect(page.locator("#shortcuts table").first).to_be_visible()
    assert violations(page) == []


def test_without_script_it_is_a_page_with_a_form(
    page_for: conftest.Profiles, ada: conftest.Account, rooms: dict[str, str]
) -> None:
    page = page_for(ada, java_script_enabled=False)
    page.goto("/go")
    expect(page.locator(".place")).to_have_count(5)
    expect(page.locator("[name=q]")).to_be_focused()
    page.keyboard.type("h")
    page.keyboard.press("Enter")
    expect(page.locator(".place__name").nth(1)).to_have_text("Heath")
    page.locator("[name=q]").fill("heath")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(re.escape(rooms["Heath"])))
    page.goto("/shortcuts")
    expect(page.get_by_role("table", name="Writing")).to_be_visible()


def test_axe_finds_nothing_on_the_pages(
    page_for: conftest.Profiles, ada: conftest.Account, rooms: dict[str, str]
) -> None:
    page = page_for(ada)
    for path in ("/go", "/go?q=h", "/shortcuts", f"{rooms['Heath']}/day/2026-11-20"):
        opened(page, path)
        assert violations(page) == [], path
