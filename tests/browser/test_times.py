"""Times outside the conversation: the reader's own with a script, and else UTC, as they say."""

from __future__ import annotations

import datetime
import re
import subprocess
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, expect

from tests import servers
from tests.browser import conftest
from tests.browser.test_looks import opened

Someone = Callable[[str], conftest.Account]

KOLKATA = datetime.timezone(datetime.timedelta(hours=5, minutes=30))
THERE = {"timezone_id": "Asia/Kolkata", "locale": "en-US"}


@pytest.fixture(scope="module")
def room(ada: conftest.Account, ben: conftest.Account) -> str:
    """A room of Ada's with Ben in it."""
    path = ada.create("At what time")
    ben.join(path)
    return path


@pytest.fixture(scope="module")
def root(server: servers.Server) -> Iterator[conftest.Account]:
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


def moment(time: Locator) -> datetime.datetime:
    return datetime.datetime.fromisoformat(time.get_attribute("datetime") or "")


def in_full(at: datetime.datetime) -> re.Pattern[str]:
    """As a reader used to twelve hours sees it, however a browser joins the parts."""
    clock = rf"0?{at.hour % 12 or 12}:{at:%M}\s{at:%p}"
    day = rf"{at:%A},? {at.day} {at:%B} {at.year}"
    return re.compile(rf"^{day}(?: at|,) {clock}$", re.IGNORECASE)


def ban(ada: conftest.Account, room: str, name: str) -> None:
    """For a day; once more is the same."""
    answer = ada.client.post(f"{room}/bans", data={"username": name, "minutes": "1440"})
    assert answer.status_code == 303


def test_a_page_of_moderation_says_when_by_the_readers_clock(
    page_for: conftest.Profiles, ada: conftest.Account, ben: conftest.Account, room: str
) -> None:
    ban(ada, room, ben.name)
    page = page_for(ada, **THERE)
    page.goto(f"{room}/bans")
    facts = page.locator(".waiting__facts")
    until, since = facts.locator("time").all()
    expect(until).to_have_text(in_full(moment(until).astimezone(KOLKATA)))
    expect(until).to_have_attribute("title", re.compile(r"GMT\+5:30$"))
    day = moment(since).astimezone(KOLKATA)
    expect(since).to_have_text(re.compile(rf"^{day:%A},? {day.day} {day:%B} {day.year}$"))
    expect(facts).not_to_contain_text("UTC")


def test_a_table_of_the_administration_says_when_by_the_readers_clock(
    page_for: conftest.Profiles, ada: conftest.Account, root: conftest.Account
) -> None:
    page = page_for(root, **THERE)
    page.goto("/admin/people")
    since = page.get_by_role("row", name=ada.name).locator("time").first
    expect(since).to_have_text(f"{moment(since).astimezone(KOLKATA):%Y-%m-%d %H:%M}")
    expect(page.locator("main")).not_to_contain_text("UTC")


def test_what_comes_into_an_open_page_says_when_by_the_readers_clock(
    page_for: conftest.Profiles, ada: conftest.Account, someone: Someone
) -> None:
    room, cleo = ada.create("Until when"), someone("Cleo")
    cleo.join(room)
    page = opened(page_for(cleo, **THERE), room)
    fields = {"username": cleo.name, "minutes": "60"}
    assert ada.client.post(f"{room}/mutes", data=fields).status_code == 303
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("link", name="What may I do here?").click()
    until = page.locator("#card time")
    expect(until).to_have_text(in_full(moment(until).astimezone(KOLKATA)))
    expect(page.locator("#card")).not_to_contain_text("UTC")


def test_without_a_script_times_are_in_utc_and_say_so(
    page_for: conftest.Profiles,
    ada: conftest.Account,
    ben: conftest.Account,
    root: conftest.Account,
    room: str,
) -> None:
    ban(ada, room, ben.name)
    plain = {**THERE, "java_script_enabled": False}
    page = page_for(ada, **plain)
    page.goto(f"{room}/bans")
    until = page.locator(".waiting__facts time").first
    at = moment(until)
    expect(until).to_have_text(f"{at:%A} {at.day} {at:%B} {at.year}, {at:%H:%M} UTC")
    page = page_for(root, **plain)
    page.goto("/admin/people")
    since = page.get_by_role("row", name=ada.name).locator("time").first
    expect(since).to_have_text(f"{moment(since):%Y-%m-%d %H:%M} UTC")
