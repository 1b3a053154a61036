"""Files in a real browser: chosen, dropped and pasted, cancelled, described, and seen by others."""

import os
import pathlib
from collections.abc import Callable

import pytest
from playwright.sync_api import FilePayload, Locator, Page, Route, expect

from tests import drawings
from tests.browser import conftest
from tests.browser.test_looks import opened

Someone = Callable[[str], conftest.Account]

PUT = """([kind, files]) => {
  const data = new DataTransfer();
  for (const [name, type, bytes] of files)
    data.items.add(new File([new Uint8Array(bytes)], name, { type }));
  const options = { bubbles: true, cancelable: true };
  const target = document.getElementById(kind === "paste" ? "body" : "log");
  if (kind === "paste")
    return target.dispatchEvent(new ClipboardEvent(kind, { ...options, clipboardData: data }));
  target.dispatchEvent(new DragEvent(kind, { ...options, dataTransfer: data }));
}"""


@pytest.fixture
def room(ada: conftest.Account, ben: conftest.Account) -> str:
    path = ada.create("Pictures of otters")
    ben.join(path)
    return path


def otter(name: str = "otter.png", width: int = 1600, height: int = 1200) -> FilePayload:
    content = drawings.picture(width, height)
    return {"name": name, "mimeType": "image/png", "buffer": content}


def notes(name: str = "notes.txt", size: int = 5) -> FilePayload:
    return {"name": name, "mimeType": "text/plain", "buffer": b"x" * size}


def put(page: Page, kind: str, *files: FilePayload) -> None:
    """Drop or paste files, as far as a script can."""
    told = [[file["name"], file["mimeType"], list(file["buffer"])] for file in files]
    page.evaluate(PUT, [kind, told])


def chips(page: Page) -> Locator:
    return page.locator("#chips .chip[data-id]")


def last(page: Page) -> Locator:
    return page.locator("#messages .message").last


def test_a_picture_and_a_file_are_chosen_sent_with_a_caption_and_seen_by_the_other(
    page_for: conftest.Profiles, ada: conftest.Account, ben: conftest.Account, room: str
) -> None:
    mine, theirs = opened(page_for(ada), room), opened(page_for(ben), room)
    mine.get_by_label("Attach files").set_input_files([otter(), notes()])
    expect(chips(mine)).to_have_count(2)
    expect(chips(mine).first).to_contain_text("otter.png")
    mine.locator("#body").fill("Look at this")
    mine.keyboard.press("Enter")
    for page in (mine, theirs):
        expect(last(page)).to_contain_text("Look at this")
        image = last(page).get_by_role("img", name="otter.png")
        expect(image).to_have_js_property("complete", True)
        assert image.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [960, 720]
        expect(last(page).get_by_role("link", name="notes.txt")).to_be_visible()
    expect(mine.locator("#chips .chip")).to_have_count(0)
    expect(mine.locator("#attached")).to_have_value("")


def test_a_picture_keeps_its_place_before_it_is_there(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    page = opened(page_for(ada), room)
    held: list[Route] = []
    page.get_by_label("Attach files").set_input_files(otter())
    expect(chips(page)).to_have_count(1)
    page.route("**/attachments/**", lambda route: held.append(route))
    page.locator(".composer__send").click()
    image = last(page).get_by_role("img", name="otter.png")
    image.wait_for(state="visible")
    before = image.bounding_box()
    assert before is not None and before["height"] > 100
    assert before["width"] / before["height"] == pytest.approx(4 / 3, abs=0.01)
    for route in held:
        route.continue_()
    page.wait_for_function("image => image.naturalWidth", arg=image.element_handle())
    after = image.bounding_box()
    assert after is not None
    assert (after["width"], after["height"]) == (before["width"], before["height"])


def test_files_are_dropped_anywhere_in_the_room_and_pasted_into_the_composer(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    page = opened(page_for(ada), room)
    put(page, "dragover", notes())
    expect(page.get_by_text("Drop files to attach them")).to_be_visible()
    put(page, "drop", notes("dropped.txt"), notes("too.txt"))
    expect(page.get_by_text("Drop files to attach them")).to_be_hidden()
    expect(chips(page)).to_have_count(2)
    put(page, "paste", otter("pasted.png", 40, 40))
    expect(chips(page)).to_have_count(3)
    page.locator(".composer__send").click()
    expect(last(page).locator(".files a")).to_have_count(3)


def test_an_upload_shows_how_far_it_is_and_can_be_cancelled(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    page = opened(page_for(ada), room)
    held: list[Route] = []
    page.route("**/attachments", lambda route: held.append(route))
    page.get_by_label("Attach files").set_input_files([notes("one.txt"), notes("two.txt")])
    bars = page.get_by_role("progressbar", name="Uploaded")
    expect(bars).to_have_count(2)
    page.locator("#body").fill("not yet")
    expect(page.locator(".composer__send")).to_have_attribute("aria-disabled", "true")
    page.get_by_role("button", name="Cancel").first.click()
    expect(bars).to_have_count(1)
    held[1].continue_()
    expect(chips(page)).to_have_count(1)
    expect(chips(page)).to_contain_text("two.txt")
    expect(page.locator(".composer__send")).to_have_attribute("aria-disabled", "false")
    page.get_by_role("button", name="Remove two.txt").click()
    expect(page.locator("#chips .chip")).to_have_count(0)


def test_what_is_refused_says_why_and_is_not_sent(
    page_for: conftest.Profiles, ada: conftest.Account, room: str, tmp_path: pathlib.Path
) -> None:
    page_for.expect("status of 422")
    page = opened(page_for(ada), room)
    broken, large = tmp_path / "broken.png", tmp_path / "large.bin"
    broken.write_bytes(drawings.picture(300, 200)[:90])
    large.touch()
    os.truncate(large, 25_000_001)
    page.get_by_label("Attach files").set_input_files([broken, large])
    refused = page.locator("#chips .chip:not([data-id])")
    expect(refused).to_have_count(2)
    expect(refused.filter(has_text="broken.png")).to_contain_text("cannot be opened")
    expect(refused.filter(has_text="large.bin")).to_contain_text("at most 25 MB")
    page.locator("#body").fill("without them")
    page.keyboard.press("Enter")
    expect(last(page)).to_contain_text("without them")
    expect(last(page).locator(".files")).to_have_count(0)


def test_ten_files_go_with_a_message_and_no_more(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    page = opened(page_for(ada), room)
    page.get_by_label("Attach files").set_input_files([notes(f"{n}.txt") for n in range(11)])
    expect(chips(page)).to_have_count(10)
    expect(page.locator("#chips")).to_contain_text("At most 10 files")


def test_a_description_is_what_a_screen_reader_says_of_a_picture(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    page = opened(page_for(ada), room)
    page.get_by_label("Attach files").set_input_files(otter())
    words = page.get_by_label("What otter.png shows")
    words.fill("An otter on its back")
    with page.expect_response("**/description"):
        words.press("Enter")
    page.locator(".composer__send").click()
    expect(last(page).get_by_role("img", name="An otter on its back")).to_be_visible()


def test_without_scripts_files_go_with_the_form(
    page_for: conftest.Profiles, ada: conftest.Account, room: str
) -> None:
    page = page_for(ada, java_script_enabled=False)
    page.goto(room)
    page.get_by_label("Attach files").set_input_files([otter(), notes()])
    page.locator("#body").fill("by hand")
    page.locator(".composer__send").click()
    expect(last(page)).to_contain_text("by hand")
    expect(last(page).locator(".files a")).to_have_count(2)
    page.get_by_label("Attach files").set_input_files(otter("alone.png"))
    page.locator(".composer__send").click()
    expect(last(page).get_by_role("img", name="alone.png")).to_be_visible()


def test_a_picture_of_oneself_is_chosen_and_seen_beside_ones_name(
    page_for: conftest.Profiles, someone: Someone, room: str
) -> None:
    cleo = someone("Cleo")
    page = page_for(cleo)
    page.goto("/profile")
    page.get_by_label("Picture", exact=True).set_input_files(otter())
    page.get_by_role("button", name="Use this picture").click()
    picture = page.get_by_role("img", name="How others see you now")
    assert "-512.webp" in (picture.get_attribute("src") or "")
    page.wait_for_function("image => image.naturalWidth === 512", arg=picture.element_handle())
    opened(page, room)
    mine = page.locator(".account .avatar img")
    page.wait_for_function("image => image.naturalWidth === 128", arg=mine.element_handle())
