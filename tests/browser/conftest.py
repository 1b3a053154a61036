"""A real Chromium against a real server: one of each for the tests of a file.

Most files have it without a window around the page, which takes a fifth of the processor time
for each profile; those that need more of the browser than its pages name the whole one.

`someone("Ada")` is an account, `page_for(ada)` a browser profile of their own that is signed in.
Every page fails its test when its console shows an error or it asks any other host for anything.
"""

import itertools
import pathlib
import re
from collections.abc import Callable, Iterator
from typing import Any, Self

import httpx2
import pytest
from playwright import sync_api

from tests import servers, visitors

# The same engine without a browser around it, which is most of what a window costs.
SHELL = "/usr/bin/chromium-headless-shell"
CHROMIUM = "/usr/bin/chromium"
# No sandbox: the tests run as root in containers. The rest keeps Chromium from talking to others.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 15_000  # ms; two cores may be shared with a lot
sync_api.expect.set_options(timeout=PATIENCE)


class Account:
    """Someone registered and logged in over HTTP, who can also act without a page."""

    def __init__(self, server: servers.Server, name: str) -> None:
        self.server = server
        self.name = name
        self.password = visitors.PASSWORD
        self.client = httpx2.Client(
            base_url=server.url,
            headers={"Origin": server.url, "Sec-Fetch-Site": "same-origin"},
            timeout=20,
            trust_env=False,
        )

    def arrive(self) -> Self:
        """Register and log in."""
        fields = {"username": self.name, "password": self.password}
        for path in ("/register", "/login"):
            answer = self.client.post(path, data=fields)
            assert answer.status_code == 303, (path, answer.status_code, answer.text[:2000])
        return self

    def arrive_again(self) -> None:
        """Log in again, after a session has ended."""
        fields = {"username": self.name, "password": self.password}
        assert self.client.post("/login", data=fields).status_code == 303

    def create(self, title: str, access: str = "link", handle: str = "") -> str:
        """Make a room; the path of its link."""
        fields = {"title": title, "access": access, "handle": handle}
        answer = self.client.post("/rooms", data=fields)
        assert answer.status_code == 303, (answer.status_code, answer.text[:2000])
        return visitors.path_of(answer.headers["location"])

    def join(self, room: str) -> None:
        """Open a room's link, which makes one a member."""
        answer = self.client.get(room)
        assert answer.status_code == 200, (answer.status_code, answer.text[:2000])

    def say(self, room: str, *bodies: str) -> int:
        """Send messages; the number of the last."""
        number = 0
        for body in bodies:
            answer = self.client.post(
                f"{room}/messages", data={"body": body}, headers={"Accept": "application/json"}
            )
            assert answer.status_code == 201, (answer.status_code, answer.text[:2000])
            number = answer.json()["number"]
        return number

    def cookies(self) -> list[Any]:
        """The cookies as Playwright wants them."""
        return [
            {"name": cookie.name, "value": cookie.value or "", "url": self.server.url}
            for cookie in self.client.cookies.jar
        ]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Server]:
    """A server of this file's own."""
    with servers.Server(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture(scope="module")
def program() -> str:
    """Which Chromium; a file whose tests need the whole one says so by a fixture of this name."""
    return SHELL


# For each file anew: as long as Playwright's loop is there no test may run one of its own.
@pytest.fixture(scope="module")
def browser(program: str) -> Iterator[sync_api.Browser]:
    """Debian's Chromium."""
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program,
            args=ARGUMENTS,
            # People's browsers keep pages they leave; Playwright's would not.
            ignore_default_args=["--disable-back-forward-cache"],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def someone(server: servers.Server) -> Iterator[Callable[[str], Account]]:
    """Make accounts: `someone("Ada")`; a name that is taken gets a number."""
    made: dict[str, Account] = {}

    def make(name: str) -> Account:
        names = itertools.chain([name], (f"{name}{place}" for place in itertools.count(2)))
        free = next(one for one in names if one not in made)
        made[free] = Account(server, free)
        return made[free].arrive()

    yield make
    for account in made.values():
        account.client.close()


@pytest.fixture(scope="module")
def ada(someone: Callable[[str], Account]) -> Account:
    return someone("Ada")


@pytest.fixture(scope="module")
def ben(someone: Callable[[str], Account]) -> Account:
    return someone("Ben")


class Profiles:
    """The browser profiles of one test, and what went wrong in them."""

    def __init__(self, browser: sync_api.Browser, server: servers.Server) -> None:
        self._browser = browser
        self._server = server
        self._contexts: list[sync_api.BrowserContext] = []
        self.troubles: list[str] = []
        # A test that takes the server away expects the browser to say so.
        self.expected: list[str] = []

    def __call__(self, person: Account | None = None, **options: Any) -> sync_api.Page:
        """A page in a profile of its own, signed in as the person, at no address yet."""
        context = self._browser.new_context(base_url=self._server.url, **options)
        context.set_default_timeout(PATIENCE)
        self._contexts.append(context)
        if person is not None:
            context.add_cookies(person.cookies())
        context.on("page", self._watch)
        return context.new_page()

    def expect(self, pattern: str) -> None:
        """Allow console errors that match, from here on."""
        self.expected.append(pattern)

    def _watch(self, page: sync_api.Page) -> None:
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.troubles.append(f"error in the page: {error}"))
        page.on("request", lambda request: self._asked(request.url))
        page.on("websocket", lambda socket: self._asked(socket.url))

    def _heard(self, message: sync_api.ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.troubles.append(f"{message.text} ({message.location})")

    def _asked(self, url: str) -> None:
        ours = (self._server.url, self._server.url.replace("http", "ws", 1), "data:", "blob:")
        if not url.startswith(ours):
            self.troubles.append(f"a request to another host: {url}")

    def close(self) -> None:
        for context in self._contexts:
            context.close()

    def unexpected(self) -> list[str]:
        return [
            trouble
            for trouble in self.troubles
            if not any(re.search(pattern, trouble) for pattern in self.expected)
        ]


@pytest.fixture
def page_for(browser: sync_api.Browser, server: servers.Server) -> Iterator[Profiles]:
    """Open pages: `page_for(ada)`, `page_for()` for nobody, with Playwright's context options."""
    profiles = Profiles(browser, server)
    yield profiles
    profiles.close()
    assert not profiles.unexpected(), "\n".join(profiles.unexpected())


@pytest.fixture(scope="session")
def shots(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A folder for screenshots."""
    return tmp_path_factory.mktemp("shots")
