"""The administration in a browser: by keyboard only, without scripts, on a phone, in the dark."""

import re
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from tests import servers
from tests.browser import conftest
from tests.browser.test_accessibility import THEMES, violations
from tests.browser.test_journeys import tab_to

Someone = Callable[[str], conftest.Account]

PLACES = ["", "/people", "/rooms", "/messages", "/reports", "/links", "/bans", "/log", "/settings"]
PLACES += ["/people/Ada", "/people/Root", "/rooms/2", "/people?q=nobody-at-all"]
PLACES += ["/messages?room=nowhere"]
PHONE = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def root(server: servers.Server) -> Iterator[conftest.Account]:
    """Who administers the site, made the way a host does it."""
    account = conftest.Account(server, "Root")
    subprocess.run(
        [*server.command()[:3], "create-admin", "Root", "--password-stdin"],
        cwd=server.home,
        env=server.environment(),
        input=account.password,
        text=True,
        check=True,
        capture_output=True,
    )
    account.arrive_again()
    yield account
    account.client.close()


@pytest.fixture(scope="module", autouse=True)
def room(ada: conftest.Account, ben: conftest.Account) -> str:
    """A room in which something was said, reported and forbidden."""
    path = ada.create("A room with a rather long title, to see how it is shown", access="listed")
    ben.join(path)
    ben.say(path, "Buy this wonderful thing", "word " * 300)
    ada.client.post(f"{path}/1/reports", data={"reason": "Advertising"})
    return path


def headings(page: Page) -> list[str]:
    return [heading.inner_text() for heading in page.get_by_role("heading", level=1).all()]


@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing_in_the_administration(
    page_for: conftest.Profiles, root: conftest.Account, theme: Literal["light", "dark"]
) -> None:
    page_for.expect("422")
    page, found = page_for(root, color_scheme=theme), {}
    for place in PLACES:
        page.goto(f"/admin{place}")
        for summary in page.locator("main summary").all():
            summary.click()
        assert len(headings(page)) == 1, place
        found[place] = violations(page)
    page.goto("/admin/confirmation")
    found["confirmation"] = violations(page)
    assert not any(found.values()), found


@pytest.mark.parametrize("width", [720, 900, 970])
def test_the_table_of_bans_is_no_wider_than_a_tablet(
    page_for: conftest.Profiles,
    root: conftest.Account,
    ada: conftest.Account,
    someone: Someone,
    room: str,
    width: int,
) -> None:
    """It has the most columns, two of them times, which are the longest without a script."""
    name = someone("Cleo-of-the-Nile").name
    fields = {"username": name, "minutes": "1440", "reason": "spam"}
    assert ada.client.post(f"{room}/bans", data=fields).status_code == 303
    page = page_for(root, viewport={"width": width, "height": 700}, java_script_enabled=False)
    page.goto("/admin/bans")
    expect(page.get_by_role("row", name=name)).to_be_visible()
    table = page.get_by_role("table").bounding_box()
    assert table
    assert table["x"] + table["width"] <= width


def test_no_page_is_wider_than_a_phone(page_for: conftest.Profiles, root: conftest.Account) -> None:
    page_for.expect("422")
    page, found = page_for(root, viewport=PHONE, has_touch=True), {}
    for place in PLACES:
        page.goto(f"/admin{place}")
        wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert not page.evaluate(wide), place
        found[place] = violations(page)
    assert not any(found.values()), found


def test_an_account_is_disabled_by_keyboard_only(
    page_for: conftest.Profiles, root: conftest.Account, someone: Someone
) -> None:
    cleo = someone("Cleo")
    page = page_for(root)
    page.goto("/admin")
    tab_to(page, "nav a[href='/admin/people']")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/people$"))
    tab_to(page, "#q")
    page.keyboard.type(cleo.name)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"\?q="))
    tab_to(page, f"tbody a[href='/admin/people/{cleo.name}']")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/people/Cleo$"))
    tab_to(page, "form[action$='/disabling'] button")
    page.keyboard.press("Enter")
    expect(page.get_by_text("disabled").first).to_be_visible()
    assert cleo.client.get("/profile").status_code == 303


def test_a_message_is_found_and_taken_down_without_scripts(
    page_for: conftest.Profiles, root: conftest.Account, ada: conftest.Account, room: str
) -> None:
    page = page_for(root, java_script_enabled=False)
    page.goto("/admin/messages")
    page.get_by_label("Words").fill("wonderful")
    page.get_by_role("button", name="Search").click()
    said = page.get_by_role("article")
    expect(said).to_have_count(1)
    expect(said.locator("mark")).to_have_text("wonderful")
    said.locator("summary", has_text="Remove").click()
    said.get_by_label("Reason").fill("Advertising")
    said.get_by_role("button", name="Remove this message").click()
    expect(page.get_by_text("Nothing like that was said.")).to_be_visible()
    assert "wonderful" not in ada.client.get(room).text


def test_the_site_is_given_a_name_and_a_colour_by_keyboard_and_without_scripts(
    page_for: conftest.Profiles, root: conftest.Account
) -> None:
    page = page_for(root, java_script_enabled=False)
    page.goto("/admin/settings")
    page.get_by_label("Teal").focus()
    page.keyboard.press("ArrowRight")
    page.get_by_label("Name of the site").fill("The Tea House")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Saved")
    expect(page.locator("html")).to_have_attribute("data-accent", "blue")
    expect(page.locator(".brand")).to_have_text("The Tea House")


def test_after_a_while_the_password_leads_on_and_the_form_is_sent(
    page_for: conftest.Profiles, root: conftest.Account, server: servers.Server, room: str
) -> None:
    page_for.expect("403")
    page = page_for(root, java_script_enabled=False)
    page.goto("/admin/settings")
    page.get_by_label("Name of the site").fill("Typed just in time")
    forget_confirmations(server)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your password, please")
    page.get_by_label("Password").fill("not this one")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("alert")).to_have_text("This is not your password.")
    page.get_by_label("Password").fill(root.password)
    page.get_by_role("button", name="Go on").click()
    expect(page.locator(".brand")).to_have_text("Typed just in time")


def test_somebody_without_the_right_sees_that_there_is_nothing(
    page_for: conftest.Profiles, ada: conftest.Account
) -> None:
    page_for.expect("404")
    page = page_for(ada)
    page.goto("/admin")
    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing here")


def forget_confirmations(server: servers.Server) -> None:
    """As if a quarter of an hour had gone by."""
    with sqlite3.connect(server.home / "data" / "hubbub.db", timeout=10) as connection:
        connection.execute("UPDATE sessions SET confirmed_at = 0")
    connection.close()
