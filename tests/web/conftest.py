"""The real application in this process: its lifespan, its database, and people with browsers."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import pathlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any
from unittest import mock

import httpx2
import jinja2
import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hubbub import app, config, database, passwords
from hubbub.domain import accounts, rooms, sessions
from hubbub.web import links, templating
from tests import people

HERE = "http://127.0.0.1:8000"
JSON = {"Accept": "application/json"}
HTMX = {"HX-Request": "true"}


class House:
    """One running application, and who visits it."""

    def __init__(self, settings: config.Config, asgi: ASGIApp, state: dict[str, Any]) -> None:
        self.config = settings
        self.links = links.Links(settings)
        self.url = settings.public_url or HERE
        self.state = state
        self.db: database.Database = state["db"]
        self._asgi = asgi
        self._clients: list[httpx2.AsyncClient] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As a server does it: each request has a copy of the lifespan's state."""
        await self._asgi({**scope, "state": dict(self.state)}, receive, send)

    def browser(self, address: str = "127.0.0.1", **headers: str) -> httpx2.AsyncClient:
        """Someone who is not signed in. Sends what a browser sends from our own pages."""
        own = {"Origin": self.url, "Sec-Fetch-Site": "same-origin"}
        client = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(
                app=self, client=(address, 50000), raise_app_exceptions=False
            ),
            base_url=self.url,
            headers={**own, **{name.replace("_", "-"): value for name, value in headers.items()}},
        )
        self._clients.append(client)
        return client

    async def sign_in(self, person: accounts.Person, **headers: str) -> httpx2.AsyncClient:
        token, _ = await sessions.start(self.db, person)
        client = self.browser(**headers)
        name = "__Host-session" if self.url.startswith("https") else "session"
        client.cookies.set(name, token)
        return client

    def path(self, room: rooms.Room) -> str:
        return self.links.room_path(room)

    async def knock(self, path: str, **headers: str) -> list[Message]:
        """What the application says to a socket before anything was sent over it."""
        said: list[Message] = []
        raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        heard: asyncio.Queue[Message] = asyncio.Queue()
        heard.put_nowait({"type": "websocket.connect"})

        async def send(message: Message) -> None:
            said.append(message)
            if message["type"] == "websocket.accept":
                heard.put_nowait({"type": "websocket.disconnect", "code": 1000})

        scope = {
            "type": "websocket",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "scheme": "ws",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": raw,
            "client": ("127.0.0.1", 50000),
            "server": ("127.0.0.1", 8000),
            "subprotocols": [],
        }
        await self(scope, heard.get, send)
        return said

    async def close(self) -> None:
        for client in self._clients:
            await client.aclose()


@contextlib.asynccontextmanager
async def lived(asgi: ASGIApp) -> AsyncIterator[dict[str, Any]]:
    """Runs an application's lifespan around the block, as a server would."""
    state: dict[str, Any] = {}
    heard: asyncio.Queue[Message] = asyncio.Queue()
    said: asyncio.Queue[Message] = asyncio.Queue()
    scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": state}
    task = asyncio.create_task(_run(asgi, scope, heard.get, said.put))
    heard.put_nowait({"type": "lifespan.startup"})
    started = await said.get()
    assert started["type"] == "lifespan.startup.complete", started
    try:
        yield state
    finally:
        heard.put_nowait({"type": "lifespan.shutdown"})
        stopped = await said.get()
        await task
        assert stopped["type"] == "lifespan.shutdown.complete", stopped


async def _run(asgi: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    await asgi(scope, receive, send)


Open = Callable[..., AbstractAsyncContextManager[House]]


@pytest.fixture(autouse=True)
def cheap_passwords() -> Iterator[None]:
    with mock.patch.object(passwords, "COST", 4):
        yield


class Compiled(jinja2.BytecodeCache):
    """What templates became, for all applications of a run: compiling is most of what one costs."""

    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        if code := self._code.get(bucket.key):
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        self._code[bucket.key] = bucket.bytecode_to_string()


@pytest.fixture(scope="session", autouse=True)
def compiled() -> Iterator[None]:
    plain, code = templating.environment, Compiled()

    def environment() -> jinja2.Environment:
        made = plain()
        made.bytecode_cache = code
        return made

    with mock.patch.object(templating, "environment", environment):
        yield


@pytest.fixture
def opened(sqlite_url: str, tmp_path: pathlib.Path) -> Open:
    """`async with opened(public_url=…)`: the application with these settings."""

    @contextlib.asynccontextmanager
    async def opening(**settings: Any) -> AsyncIterator[House]:
        environ = {"HUBBUB_DATA_DIR": str(tmp_path), "HUBBUB_DATABASE_URL": sqlite_url}
        plain = config.from_environment(environ, port=8000)
        chosen = {"rate_limits": False, "secret_keys": people.KEYS, **settings}
        made = dataclasses.replace(plain, **chosen)
        asgi = app.create_app(made)
        async with lived(asgi) as state:
            house = House(made, asgi, state)
            await rooms.ensure_lobby(house.db)
            try:
                yield house
            finally:
                await house.close()

    return opening


@pytest.fixture
async def house(opened: Open) -> AsyncIterator[House]:
    """The application as it is on one's own machine, without rate limits."""
    async with opened() as house:
        yield house


@dataclasses.dataclass(frozen=True)
class Scene:
    """Alice owns the room, Bob is in it, Charlie is not, Nobody is not signed in."""

    cast: people.Cast
    path: str
    alice: httpx2.AsyncClient
    bob: httpx2.AsyncClient
    charlie: httpx2.AsyncClient
    nobody: httpx2.AsyncClient


@pytest.fixture
def staged() -> Callable[..., Awaitable[Scene]]:
    """`await staged(house, access="invited")`: the people of every test, with browsers."""

    async def stage(house: House, access: str = "link") -> Scene:
        cast = await people.cast(house.db, access)
        return Scene(
            cast,
            house.path(cast.room),
            await house.sign_in(cast.alice),
            await house.sign_in(cast.bob),
            await house.sign_in(cast.charlie),
            house.browser(),
        )

    return stage


Staged = Callable[..., Awaitable[Scene]]


@pytest.fixture
async def scene(house: House, staged: Staged) -> Scene:
    return await staged(house)


async def room_now(house: House, scene: Scene) -> rooms.Room:
    """The room of the scene as it is now."""
    found = await rooms.by_id(house.db, scene.cast.room.id)
    assert found is not None
    return found
