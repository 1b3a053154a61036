"""Back and forward, while others go on talking: what is kept and what is loaded again agree."""

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser import conftest
from tests.browser.test_journeys import bodies, shows
from tests.browser.test_outages import Room, Someone, is_connected


@pytest.fixture(scope="module")
def program() -> str:
    """The browser itself keeps the pages one leaves."""
    return conftest.CHROMIUM


@pytest.fixture
def room(someone: Someone) -> Room:
    """Ada's room with Ben in it."""
    ada, ben = someone("Ada"), someone("Ben")
    path = ada.create("Back and forward")
    ben.join(path)
    return ada, ben, path


def test_back_and_forward_double_nothing(page_for: conftest.Profiles, room: Room) -> None:
    ada, ben, path = room
    page = page_for(ada)
    go_back_and_forward(page, ben, path)
    assert not page.evaluate("() => window.restored"), "`no-store` pages are loaded again"


def test_a_page_kept_by_the_browser_doubles_nothing_when_it_comes_back(
    page_for: conftest.Profiles, room: Room
) -> None:
    ada, ben, path = room
    page = page_for(ada)

    def allow_to_keep(route: Route) -> None:
        answer = route.fetch()
        kept = {n: v for n, v in answer.headers.items() if n.lower() != "cache-control"}
        route.fulfill(response=answer, headers=kept)

    # Some browsers keep even what says `no-store`; ours does when it is not said.
    page.context.grant_permissions(["local-network-access"])
    page.route(f"**{path}", allow_to_keep)
    go_back_and_forward(page, ben, path)
    assert page.evaluate("() => window.restored"), "it came out of the back/forward cache"


def go_back_and_forward(page: Page, ben: conftest.Account, path: str) -> None:
    """Leave the page and come back, three times, while someone goes on talking."""
    page.add_init_script("addEventListener('pageshow', e => { window.restored = e.persisted })")
    page.goto("/rooms")
    page.goto(path)
    is_connected(page, ben, path, "one")
    said = ["one"]
    for turn in range(3):
        said += [f"while away {turn}", f"back again {turn}", f"forward again {turn}"]
        page.goto("/rooms")
        ben.say(path, said[-3])
        page.go_back(wait_until="commit")
        shows(page, said[-3])
        is_connected(page, ben, path, said[-2])
        page.go_back(wait_until="commit")
        expect(page.locator("#live")).to_have_count(0)
        page.wait_for_function("() => document.readyState === 'complete'")
        page.go_forward(wait_until="commit")
        is_connected(page, ben, path, said[-1])
    assert bodies(page) == said
