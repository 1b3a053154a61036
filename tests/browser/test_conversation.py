"""What becomes of messages, by two people in Chromium: by mouse, by keyboard, without script."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import conftest
from tests.browser.test_journeys import focused, say, shows
from tests.browser.test_looks import PHONE, opened, top

Someone = Callable[[str], conftest.Account]


@pytest.fixture
def room(ada: conftest.Account, ben: conftest.Account) -> str:
    """A room of Ada's with Ben in it: she says 1 and 3, he says 2."""
    path = ada.create("What becomes of messages")
    ben.join(path)
    ada.say(path, "the first of all")
    ben.say(path, "an answer of **Ben**'s")
    ada.say(path, "the last word, with `code`")
    return path


def message(page: Page, number: int) -> Locator:
    return page.locator(f"#m{number}")


def body(page: Page, number: int) -> Locator:
    return message(page, number).locator(".message__body")


def menu(page: Page, number: int) -> Locator:
    """The actions of a message, opened by the mouse."""
    message(page, number).hover()
    message(page, number).get_by_role("link", name="Actions").click()
    card = page.locator("#card")
    expect(card).to_be_visible()
    return card


def react(account: conftest.Account, room: str, number: int, emoji: str) -> None:
    answer = account.client.post(f"{room}/{number}/reactions", data={"emoji": emoji})
    assert answer.status_code == 303


# -- by mouse ----------------------------------------------------------------------------------


def test_what_is_changed_in_place_changes_for_everyone(
    page_for: conftest.Profiles, ada: conftest.Account, ben: conftest.Account, room: str
) -> None:
    hers, his = opened(page_for(ada), room), opened(page_for(ben), room)
    menu(hers, 3).get_by_role("link", name="Edit").click()
    box = hers.get_by_role("textbox", name="Your message")
    expect(box).to_be_focused()
    expect(box).to_have_value("the last word, with `code`")
    expect(body(hers, 3)).to_be_hidden()
    box.fill("the *very* last word")
    hers.get_by_role("button", name="Save").click()
    for page in (hers, his):
        expect(body(page, 3)).to_have_text("the very last word")
        expect(body(page, 3).locator("em")).to_have_text("very")
        note = message(page, 3).locator(".message__note")
        expect(note).to_have_text("edited")
        assert re.fullmatch(r"\w+ \d+ \w+ \d{4}, \d\d:\d\d UTC", note.get_attribute("title") or "")
    expect(hers.locator("#edition")).to_have_count(0)
    expect(hers.locator("#body")).to_be_focused()
    menu(his, 3)
    expect(his.locator("#card").get_by_role("link", name="Edit")).to_have_count(0)


def test_what_does_not_pass_stays_in_the_box_with_the_reason(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    page_for.expect("422")
    page = opened(page_for(ada), room)
    menu(page, 1).get_by_role("link", name="Edit").click()
    box = page.get_by_role("textbox", name="Your message")
    box.fill("x" * 4001)
    box.press("Enter")
    expect(page.locator("#edition").get_by_role("alert")).to_contain_text("4000")
    expect(box).to_have_value("x" * 4001)
    box.press("Escape")
    expect(page.locator("#edition")).to_have_count(0)
    expect(body(page, 1)).to_have_text("the first of all")


def test_somebody_elses_reaction_does_not_disturb_what_one_is_changing(
    page_for: conftest.Profiles, ada: conftest.Account, ben: conftest.Account, room: str
) -> None:
    page = opened(page_for(ada), room)
    menu(page, 3).get_by_role("link", name="Edit").click()
    box = page.get_by_role("textbox", name="Your message")
    box.fill("half a thought")
    react(ben, room, 3, "👍")
    expect(message(page, 3).locator(".pill").first).to_have_text("👍 1")
    expect(box).to_have_value("half a thought")
    expect(box).to_be_focused()


def test_a_message_is_deleted_after_a_question_and_leaves_its_place(
    page_for: conftest.Profiles, ada: conftest.Account, ben: conftest.Account, room: str
) -> None:
    ben.client.post(f"{room}/messages", data={"body": "I agree", "reply_to": "3"})
    hers, his = opened(page_for(ada), room), opened(page_for(ben), room)
    expect(message(his, 4).locator(".quote")).to_contain_text("the last word")
    card = menu(hers, 3)
    card.get_by_role("link", name="Delete …").click()
    expect(card).to_contain_text("the last word, with code")
    card.get_by_role("button", name="Delete").click()
    for page in (hers, his):
        expect(body(page, 3)).to_have_text("Message deleted")
        expect(message(page, 4).locator(".quote")).to_contain_text("Message deleted")
        expect(message(page, 3).get_by_role("link", name="Actions")).to_have_count(0)
    assert "the last word" not in his.content()


def test_a_reply_quotes_leads_back_and_marks(
    page_for: conftest.Profiles, ada: conftest.Account, ben: conftest.Account, room: str
) -> None:
    hers, his = opened(page_for(ada), room), opened(page_for(ben), room)
    menu(his, 1).get_by_role("link", name="Reply").click()
    expect(his.locator("#reply")).to_contain_text("Replying to Ada")
    expect(his.locator("#body")).to_be_focused()
    his.keyboard.type("to the first")
    his.keyboard.press("Enter")
    expect(his.locator("#reply")).to_be_empty()
    for page in (hers, his):
        expect(message(page, 4).locator(".quote")).to_contain_text("Ada the first of all")
    hers.locator("#m4 .quote a").click()
    expect(message(hers, 1)).to_be_focused()
    expect(message(hers, 1)).to_have_class(re.compile("message--lit"))
    say(his, "and another, to nobody")
    shows(hers, "and another, to nobody")
    expect(message(hers, 5).locator(".quote")).to_have_count(0)


def test_replying_to_a_selection_quotes_it(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    page = opened(page_for(ada), room)
    page.evaluate(
        """() => {
            const text = document.querySelector("#b1").firstChild, range = document.createRange();
            range.setStart(text, 4);
            range.setEnd(text, 9);
            getSelection().removeAllRanges();
            getSelection().addRange(range);
        }"""
    )
    menu(page, 1).get_by_role("link", name="Reply").click()
    expect(page.locator("#body")).to_have_value("> first\n\n")


def test_reactions_are_counted_live_and_ones_own_are_marked(
    page_for: conftest.Profiles, ada: conftest.Account, ben: conftest.Account, room: str
) -> None:
    hers, his = opened(page_for(ada), room), opened(page_for(ben), room)
    menu(his, 1).get_by_role("button", name="🎉").click()
    pill = ".pill >> nth=0"
    for page in (hers, his):
        expect(message(page, 1).locator(pill)).to_have_text("🎉 1")
    expect(message(his, 1).locator(pill)).to_have_attribute("aria-pressed", "true")
    expect(message(hers, 1).locator(pill)).to_have_attribute("aria-pressed", "false")
    borders = [
        message(page, 1).locator(pill).evaluate("e => getComputedStyle(e).borderColor")
        for page in (hers, his)
    ]
    assert borders[0] != borders[1], "without script too, by a style sheet of one's own"
    message(hers, 1).locator(pill).click()
    for page in (hers, his):
        expect(message(page, 1).locator(pill)).to_have_text("🎉 2")
        expect(message(page, 1).locator(pill)).to_have_attribute("title", "Ben, Ada")
    assert focused(hers, ".pill"), "the focus stays on what was pressed"
    message(his, 1).locator(pill).click()
    expect(message(hers, 1).locator(pill)).to_have_text("🎉 1")


def test_the_picker_finds_emoji_and_remembers_them(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    page = opened(page_for(ada), room)
    menu(page, 1).get_by_role("link", name="More reactions").click()
    search = page.get_by_role("searchbox", name="Search emoji")
    expect(search).to_be_focused()
    page.keyboard.type("rocket")
    page.locator("#found").get_by_role("button", name="🚀").click()
    expect(message(page, 1).locator(".pill").first).to_have_text("🚀 1")
    expect(page.locator("#card")).to_be_hidden()
    menu(page, 3).get_by_role("link", name="More reactions").click()
    expect(page.locator("#found button").first).to_have_text("🚀")


def test_pins_stand_in_the_header_and_lead_to_their_message(
    page_for: conftest.Profiles, ada: conftest.Account, ben: conftest.Account, room: str
) -> None:
    hers, his = opened(page_for(ada), room), opened(page_for(ben), room)
    expect(his.locator(".tool--pins")).to_be_hidden()
    menu(hers, 2).get_by_role("button", name="Pin").click()
    for page in (hers, his):
        expect(page.locator(".tool--pins")).to_have_text("1 pinned")
        expect(message(page, 2).locator(".message__note")).to_have_text("pinned")
    expect(menu(his, 1).get_by_role("button", name="Pin")).to_have_count(0)
    his.keyboard.press("Escape")
    his.locator(".tool--pins").click()
    his.locator("#card").get_by_role("link", name=re.compile("an answer")).click()
    expect(message(his, 2)).to_be_focused()
    menu(hers, 2).get_by_role("button", name="Unpin").click()
    expect(his.locator(".tool--pins")).to_be_hidden()


def test_a_mention_stands_out_for_the_one_who_is_meant(
    page_for: conftest.Profiles, ada: conftest.Account, ben: conftest.Account, room: str
) -> None:
    hers, his = opened(page_for(ada), room), opened(page_for(ben), room)
    say(hers, f"what does @{ben.name} think?")
    for page in (hers, his):
        expect(message(page, 4).locator(".mention")).to_have_text(f"@{ben.name}")
    colours = [
        message(page, 4).evaluate("e => getComputedStyle(e).backgroundColor")
        for page in (hers, his)
    ]
    assert colours[0] != colours[1]
    said = (
        message(his, 4)
        .locator(".message__head")
        .evaluate("e => getComputedStyle(e, '::after').content")
    )
    assert said == '"mentions you"', "not by colour alone"


def test_calling_a_whole_room_is_asked_about_once(
    page_for: conftest.Profiles, ada: conftest.Account, ben: conftest.Account, someone: Someone
) -> None:
    page_for.expect("409")
    path = ada.create("Many people")
    for person in (ben, *(someone(name) for name in ("Cleo", "Dan", "Eli", "Fay"))):
        person.join(path)
    hers, his = opened(page_for(ada), path), opened(page_for(ben), path)
    say(hers, "@room supper is ready")
    echo = hers.locator("#pending .message")
    expect(echo.get_by_role("alert")).to_contain_text("@room calls all 6 people here.")
    expect(his.locator("#messages .message")).to_have_count(0)
    echo.get_by_role("button", name="Retry").click()
    shows(his, "@room supper is ready")
    expect(echo).to_have_count(0)
    said = message(his, 1).locator(".message__head")
    assert said.evaluate("e => getComputedStyle(e, '::after').content") == '"mentions you"'
    say(his, "@room I may not call you all")
    shows(hers, "@room I may not call you all")
    expect(message(hers, 2).locator(".mention")).to_have_count(0)


def test_code_is_copied_by_its_button(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    page = page_for(ada, permissions=["clipboard-read", "clipboard-write"])
    ada.say(room, "```python\nfor x in y:\n    print(x)\n```")
    opened(page, room)
    message(page, 4).get_by_role("button", name="Copy").click()
    expect(page.locator("#notice")).to_have_text("Copied ✓")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.rstrip("\n") == "for x in y:\n    print(x)"


def test_the_button_that_copies_covers_no_code_on_a_phone(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    page = page_for(ada, **PHONE)
    ada.say(room, f"```\n{'a long line of code ' * 5}\n```")
    opened(page, room)
    button = page.locator(".code__copy").last.bounding_box()
    code = page.locator(".code code").last.bounding_box()
    assert button and code
    assert button["height"] >= 44
    assert button["y"] + button["height"] <= code["y"]


def test_what_is_refused_says_why(
    page_for: conftest.Profiles, ada: conftest.Account, ben: conftest.Account, room: str
) -> None:
    page_for.expect("404")
    page = opened(page_for(ben), room)
    card = menu(page, 1)
    ada.client.post(f"{room}/1/erasure")
    card.get_by_role("button", name="👍").click()
    expect(page.locator("#notice")).not_to_be_empty()


# -- by keyboard -------------------------------------------------------------------------------


def test_the_arrow_up_edits_what_one_said_last_and_escape_gives_it_back(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    page = opened(page_for(ada), room)
    page.locator("#body").focus()
    page.keyboard.press("ArrowUp")
    box = page.get_by_role("textbox", name="Your message")
    expect(box).to_be_focused()
    expect(box).to_have_value("the last word, with `code`")
    page.keyboard.type(", changed")
    page.keyboard.press("Escape")
    expect(page.locator("#edition")).to_have_count(0)
    expect(page.locator("#body")).to_be_focused()
    expect(body(page, 3)).to_have_text("the last word, with code")
    page.keyboard.press("ArrowUp")
    expect(box).to_be_focused()
    page.keyboard.type("!")
    page.keyboard.press("Enter")
    expect(body(page, 3)).to_have_text("the last word, with code!")
    expect(page.locator("#body")).to_be_focused()


def test_a_message_can_be_answered_and_deleted_by_keys_alone(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    page = opened(page_for(ada), room)
    page.locator("#log").focus()
    page.keyboard.press("ArrowUp")
    assert focused(page, "#m3")
    page.keyboard.press("Enter")
    expect(page.locator("#card")).to_be_visible()
    assert focused(page, "#card *")
    for _ in range(12):
        if focused(page, "[data-act=reply]"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#reply")).to_contain_text("Replying to Ada")
    expect(page.locator("#body")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#reply")).to_be_empty()
    page.locator("#log").focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.locator("#card")).to_be_visible()
    for _ in range(20):
        if focused(page, ".menu__item--danger"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#card").get_by_role("button", name="Delete")).to_be_focused()
    page.keyboard.press("Enter")
    expect(body(page, 3)).to_have_text("Message deleted")


# -- by touch, and without script ---------------------------------------------------------------


def test_on_a_phone_the_actions_open_from_below(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    page = opened(page_for(ada, **PHONE), room)
    message(page, 3).get_by_role("link", name="Actions").tap()
    card = page.locator("#card")
    expect(card).to_be_visible()
    box = card.bounding_box()
    assert box
    assert round(box["x"]) == 0
    assert round(box["y"] + box["height"]) == 844
    for control in card.locator(".menu__item").all():
        size = control.bounding_box()
        assert size
        assert size["height"] >= 44


def test_everything_about_a_message_works_without_script(
    page_for: conftest.Profiles, ada: conftest.Account, ben: conftest.Account, room: str
) -> None:
    page_for.expect("422")
    page = page_for(ada, java_script_enabled=False)
    page.goto(room)
    message(page, 2).get_by_role("link", name="Actions").click()
    page.get_by_role("button", name="🙏").click()
    expect(message(page, 2).locator(".pill").first).to_have_text("🙏 1")
    message(page, 2).locator(".pill").first.click()
    expect(message(page, 2).locator(".pill")).to_have_count(0)
    message(page, 2).get_by_role("link", name="Actions").click()
    page.get_by_role("link", name="Reply").click()
    expect(page.locator("#reply")).to_contain_text("Replying to Ben")
    page.locator("#body").fill("answered by a form")
    page.get_by_role("button", name="Send message").click()
    expect(message(page, 4).locator(".quote")).to_contain_text("an answer of Ben's")
    message(page, 4).get_by_role("link", name="Actions").click()
    page.get_by_role("link", name="Edit").click()
    page.get_by_role("textbox", name="Your message").fill("   ")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("Write something first")
    page.get_by_role("textbox", name="Your message").fill("changed by a form")
    page.get_by_role("button", name="Save").click()
    expect(body(page, 4)).to_have_text("changed by a form")
    message(page, 4).get_by_role("link", name="Actions").click()
    page.get_by_role("button", name="Pin").click()
    page.goto(f"{room}/pins")
    page.get_by_role("link", name=re.compile("changed by a form")).click()
    message(page, 4).get_by_role("link", name="Actions").click()
    page.get_by_role("link", name="Delete …").click()
    page.get_by_role("button", name="Delete").click()
    expect(body(page, 4)).to_have_text("Message deleted")


# -- where the eye stays ---------------------------------------------------------------------------


def test_nothing_moves_under_the_eye_when_something_above_changes(
    page_for: conftest.Profiles, ada: conftest.Account, ben: conftest.Account, room: str
) -> None:
    for number in range(100):
        ben.say(room, f"line {number}")
    page = opened(page_for(ada), room)
    page.locator("#m70").evaluate("e => e.scrollIntoView({ block: 'center' })")
    expect(message(page, 70)).to_be_in_viewport()
    before = top(page, "#m70")
    for above, below in ((54, 100), (55, 101)):
        for number in (above, below):
            react(ben, room, number, "👍")
            expect(message(page, number).locator(".pill").first).to_be_attached()
    for number in (56, 102):
        ben.client.post(f"{room}/{number}/edition", data={"body": "much\nlonger\nthan\nit\nwas"})
        expect(message(page, number)).to_contain_text("longer")
    assert abs(top(page, "#m70") - before) <= 1
