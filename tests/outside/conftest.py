"""One server for everything that is asked from outside, and people who are there already."""

import contextlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import httpx2
import pytest

from tests import servers, visitors

# A password check costs a quarter of a second on purpose, so people come back with their cookie.
_cookies: dict[tuple[str, str], httpx2.Cookies] = {}
_numbers = itertools.count(1)

Arrive = Callable[[str], Awaitable[visitors.Person]]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Server]:
    """A server on SQLite and the memory broker, without rate limits."""
    with servers.Server(tmp_path_factory.mktemp("outside")) as server:
        yield server


@pytest.fixture
async def arrive(server: servers.Server) -> AsyncIterator[Arrive]:
    """`await arrive("alice")`: someone signed in, the same person in every test."""
    async with contextlib.AsyncExitStack() as stack:

        async def come(name: str) -> visitors.Person:
            person = await stack.enter_async_context(visitors.Person(server, name))
            known = _cookies.get((server.url, name))
            if known is None:
                await person.arrive()
                _cookies[server.url, name] = httpx2.Cookies(person.client.cookies)
            else:
                person.client.cookies = httpx2.Cookies(known)
            return person

        yield come


@pytest.fixture
async def newcomer(server: servers.Server) -> AsyncIterator[visitors.Person]:
    """Someone new, registered and signed in, whose session a test may end."""
    async with visitors.Person(server, fresh_name()) as person:
        yield await person.arrive()


@pytest.fixture
async def nobody(server: servers.Server) -> AsyncIterator[visitors.Person]:
    """Someone who is not signed in, and not registered."""
    async with visitors.Person(server, fresh_name()) as person:
        yield person


def fresh_name() -> str:
    """A username nobody has."""
    return f"newcomer{next(_numbers)}"
