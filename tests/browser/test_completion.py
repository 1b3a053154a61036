"""Writing with help: names and emoji completed, marks put around words; all by keyboard."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser import conftest
from tests.browser.test_accessibility import violations
from tests.browser.test_journeys import bodies, focused, shows
from tests.browser.test_looks import opened

Someone = Callable[[str], conftest.Account]


@pytest.fixture(scope="module")
def room(ada: conftest.Account, ben: conftest.Account, someone: Someone) -> str:
    path = ada.create("Names")
    for member in (ben, someone("Bella"), someone("Zoe")):
        member.join(path)
    return path


@pytest.fixture
def page(page_for: conftest.Profiles, ada: conftest.Account, room: str) -> Page:
    page = opened(page_for(ada), room)
    page.locator("#body").focus()
    return page


def offered(page: Page, *texts: str) -> None:
    """Wait until exactly these are offered."""
    expect(
        page.locator("#options .option__more, #options .option__name:only-of-type")
    ).to_have_text(list(texts))


def chosen(page: Page) -> str:
    """What is announced as the choice: the option the textarea points to."""
    active = page.locator("#body").get_attribute("aria-activedescendant")
    option = page.locator(f"#{active}[aria-selected=true]")
    return option.get_attribute("data-text") or ""


def test_a_name_is_completed_by_keyboard_and_nothing_is_sent_meanwhile(page: Page) -> None:
    page.keyboard.type("hi @be")
    offered(page, "@Bella", "@Ben")
    expect(page.get_by_role("listbox", name="Suggestions")).to_be_visible()
    box = page.get_by_role("combobox", name="Message Names")
    expect(box).to_have_attribute("aria-expanded", "true")
    expect(box).to_have_attribute("aria-controls", "options")
    assert chosen(page) == "@Bella"
    page.keyboard.press("ArrowDown")
    assert chosen(page) == "@Ben"
    page.keyboard.press("ArrowDown")
    assert chosen(page) == "@Bella"
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.locator("#body")).to_have_value("hi @Ben ")
    expect(page.locator("#options")).to_be_hidden()
    expect(page.get_by_role("textbox", name="Message Names")).to_be_focused()
    assert bodies(page) == []
    page.keyboard.press("Control+Z")
    expect(page.locator("#body")).to_have_value("hi @be")


def test_tab_takes_the_choice_in_the_middle_of_a_text(page: Page) -> None:
    page.keyboard.type("ask  today")
    for _ in " today":
        page.keyboard.press("ArrowLeft")
    page.keyboard.type("@zo")
    offered(page, "@Zoe")
    page.keyboard.press("Tab")
    expect(page.locator("#body")).to_have_value("ask @Zoe  today")
    assert focused(page, "#body")
    assert page.evaluate("document.activeElement.selectionStart") == len("ask @Zoe ")
    page.keyboard.press("Tab")
    assert not focused(page, "#body"), "Tab leaves when nothing is offered"


def test_escape_closes_the_list_and_only_then_leaves(page: Page) -> None:
    page.keyboard.type("@b")
    offered(page, "@Bella", "@Ben")
    page.keyboard.press("Escape")
    expect(page.locator("#options")).to_be_hidden()
    assert focused(page, "#body")
    expect(page.locator("#body")).to_have_value("@b")
    page.keyboard.press("Escape")
    assert not focused(page, "#body")


def test_the_list_stands_right_above_the_composer(page: Page) -> None:
    page.keyboard.type("@b")
    offered(page, "@Bella", "@Ben")
    above = page.locator("#options").bounding_box()
    below = page.locator(".composer__box").bounding_box()
    assert above and below
    assert 0 <= below["y"] - above["y"] - above["height"] <= 8


def test_the_mouse_takes_one_too(page: Page) -> None:
    page.keyboard.type("@b")
    page.locator("#options li", has_text="@Ben").click()
    expect(page.locator("#body")).to_have_value("@Ben ")
    assert focused(page, "#body")


def test_emoji_are_completed_by_their_names(page: Page) -> None:
    page.keyboard.type("well :t")
    page.keyboard.type("ada")
    expect(page.locator("#options li").first).to_contain_text(":tada:")
    page.keyboard.press("Enter")
    expect(page.locator("#body")).to_have_value("well 🎉 ")
    page.keyboard.press("Enter")
    shows(page, "well 🎉")


@pytest.mark.parametrize("text", ["mail ada@b", "at 10:30", "`@b", "```\n@b", "https:be"])
def test_nothing_is_offered_where_no_name_is_meant(page: Page, text: str) -> None:
    page.locator("#body").fill(text)
    page.locator("#body").press("End")
    # What is offered for this comes after anything that would be offered for the former.
    page.locator("#body").evaluate("box => box.dispatchEvent(new Event('input', {bubbles: true}))")
    with page.expect_response(lambda answer: "/names?q=zo" in answer.url):
        assert page.locator("#options li").count() == 0
        page.locator("#body").fill("@zo")
    offered(page, "@Zoe")


def test_a_server_that_does_not_answer_hinders_nobody(page: Page) -> None:
    page.route("**/names?*", lambda route: None)
    with page.expect_request("**/names?*"):
        page.keyboard.type("for @zoe")
    page.keyboard.press("Enter")
    shows(page, "for @zoe")
    page.unroute_all()


def test_axe_finds_nothing_in_the_open_list(page: Page) -> None:
    page.keyboard.type("@b")
    offered(page, "@Bella", "@Ben")
    # HTML gives a textarea no other role; ARIA gives a combobox to what is typed into.
    found = [one for one in violations(page) if not one.startswith("aria-allowed-role")]
    assert found == []


def test_a_name_is_completed_in_the_edit_box(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    ada.say(room, "to be changed")
    page = opened(page_for(ada), room)
    page.locator("#body").focus()
    page.keyboard.press("ArrowUp")
    box = page.locator("#edition-body")
    expect(box).to_be_focused()
    page.keyboard.press("Control+End")
    page.keyboard.type(" @zo")
    offered(page, "@Zoe")
    page.keyboard.press("Enter")
    expect(box).to_have_value("to be changed @Zoe ")
    page.keyboard.press("Enter")
    expect(page.locator("#messages")).to_contain_text("to be changed @Zoe")


# -- marks -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("*", "one *two*"),
        ("_", "one _two_"),
        ("`", "one `two`"),
        ("(", "one (two)"),
        ('"', 'one "two"'),
        ("Control+b", "one **two**"),
        ("Control+i", "one *two*"),
        ("Control+Shift+C", "one `two`"),
    ],
)
def test_a_selection_is_put_between_marks_and_stays_selected(
    page: Page, key: str, text: str
) -> None:
    page.keyboard.type("one two")
    for _ in "two":
        page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press(key)
    expect(page.locator("#body")).to_have_value(text)
    assert page.evaluate("getSelection().toString()") == "two"
    page.keyboard.press("Control+Z")
    expect(page.locator("#body")).to_have_value("one two")


def test_marks_without_a_selection_are_letters(page: Page) -> None:
    page.keyboard.type('*_`"(')
    expect(page.locator("#body")).to_have_value('*_`"(')


PASTE = """(box, text) => {
    const data = new DataTransfer();
    data.setData("text/plain", text);
    return box.dispatchEvent(new ClipboardEvent("paste",
        { clipboardData: data, bubbles: true, cancelable: true }));
}"""


@pytest.mark.parametrize(
    ("selected", "pasted", "text"),
    [
        ("two", " https://example.com/a ", "one [two](https://example.com/a)"),
        ("two", "no address", None),
        ("two", "javascript:alert(1)", None),
        ("", "https://example.com/a", None),
        ("https://example.com/b", "https://example.com/a", None),
    ],
)
def test_an_address_pasted_over_words_becomes_their_link(
    page: Page, selected: str, pasted: str, text: str | None
) -> None:
    page.keyboard.type(f"one {selected}")
    for _ in selected:
        page.keyboard.press("Shift+ArrowLeft")
    left_to_the_browser = page.locator("#body").evaluate(PASTE, pasted)
    assert left_to_the_browser == (text is None)
    expect(page.locator("#body")).to_have_value(text or f"one {selected}")
