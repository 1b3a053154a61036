"""People as the server sees them from outside: what they send, and a page that stays open.

Everything here rests on the public contract alone: addresses, fields, statuses, ids in the page.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import re
import socket
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

import httpx2
import websockets
from websockets.asyncio.client import ClientConnection, connect

from tests import elements

T = TypeVar("T")

PASSWORD = "nine calm otters rowing"
DELETED = "Message deleted"
# The close codes after which the page connects again, as the page's htmx-config says.
COME_BACK = frozenset({1000, 1001, 1005, 1006, 1011, 1012, 1013, 1014})


class Host(Protocol):
    """What a visitor needs of a server: its address. It stays the same when it restarts."""

    @property
    def url(self) -> str: ...


class Message(NamedTuple):
    """A message as a page shows it."""

    number: int
    author: str
    text: str


class Shown(NamedTuple):
    """A message with all that became of it. `quote` is what it answers and what is shown of that;
    `reactions` are emoji with the usernames of those who gave them."""

    message: Message
    edited: bool
    deleted: bool
    pinned: bool
    quote: tuple[int, str] | None
    reactions: tuple[tuple[str, str], ...]


class Sent(NamedTuple):
    """What the server promised when it accepted a message."""

    number: int
    author: str
    text: str
    cid: str
    tries: int


async def eventually(condition: Callable[[], T], what: str, *, within: float = 20.0) -> T:
    """Wait until the condition holds; its value then."""
    deadline = time.monotonic() + within
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within:g} s: {what}")
        await asyncio.sleep(0.02)


def message_of(article: elements.Element) -> Message:
    """Read one `#m{number}` element."""
    number = int(article.get("data-number"))
    assert article.id == f"m{number}", f"{article.id} is numbered {number}"
    bodies = article.of_class("message__body")
    assert len(bodies) == 1, f"{article.id} has {len(bodies)} bodies"
    return Message(number, article.get("data-author"), bodies[0].text.strip())


def shown_of(article: elements.Element) -> Shown:
    """Read one `#m{number}` element and what surrounds its text."""
    message = message_of(article)
    notes = {note.text for note in article.of_class("message__note")}
    pills = [pill for pill in article.of_class("pill") if pill.get("name") == "emoji"]
    for pill in pills:
        assert pill.text == f"{pill.get('value')} {len(pill.get('data-people').split())}"
    return Shown(
        message,
        edited="edited" in notes,
        deleted=bool(article.of_class("message__body--gone")),
        pinned="pinned" in notes,
        quote=_quote_of(article),
        reactions=tuple((pill.get("value"), pill.get("data-people")) for pill in pills),
    )


def _quote_of(article: elements.Element) -> tuple[int, str] | None:
    links = article.of_class("quote__link")
    if not links:
        return None
    return int(links[0].get("data-jump").removeprefix("m")), links[0].text


def shown_in(tree: elements.Element) -> list[Shown]:
    """All messages in a piece of a page, as they stand there, whole."""
    return [shown_of(part) for part in tree.every() if re.fullmatch(r"m\d+", part.id)]


def messages_in(tree: elements.Element) -> list[Message]:
    """All messages in a piece of a page, as they stand there."""
    return [shown.message for shown in shown_in(tree)]


class Person:
    """Someone with a browser's cookies and headers, but no screen."""

    def __init__(self, server: Host, name: str, password: str = PASSWORD) -> None:
        self.server = server
        self.name = name
        self.password = password
        self.client = httpx2.AsyncClient(
            base_url=server.url,
            headers={"Origin": server.url, "Sec-Fetch-Site": "same-origin"},
            timeout=httpx2.Timeout(20.0),
            limits=httpx2.Limits(max_connections=50),
            trust_env=False,
        )

    async def __aenter__(self) -> Person:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.aclose()

    # -- accounts -----------------------------------------------------------------------------

    async def register(self) -> httpx2.Response:
        return await self._patiently("/register")

    async def login(self) -> httpx2.Response:
        return await self._patiently("/login")

    async def _patiently(self, path: str) -> httpx2.Response:
        # Password work is queued on purpose and refused with 503 when the queue is full.
        fields = {"username": self.name, "password": self.password}
        for _ in range(40):
            answer = await self.client.post(path, data=fields)
            if answer.status_code != 503:
                return answer
            await asyncio.sleep(0.25)
        return answer

    async def arrive(self) -> Person:
        """Register and log in."""
        registered = await self.register()
        assert registered.status_code == 303, (registered.status_code, registered.text[:2000])
        logged_in = await self.login()
        assert logged_in.status_code == 303, (logged_in.status_code, logged_in.text[:2000])
        return self

    async def logout(self) -> httpx2.Response:
        return await self.client.post("/logout")

    @property
    def cookies(self) -> str:
        """The Cookie header a browser would send."""
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.client.cookies.jar)

    # -- rooms --------------------------------------------------------------------------------

    async def create(self, title: str, access: str = "link", handle: str = "") -> str:
        """Make a room; the path of its link."""
        fields = {"title": title, "access": access, "handle": handle}
        answer = await self.client.post("/rooms", data=fields)
        assert answer.status_code == 303, (answer.status_code, answer.text[:2000])
        return path_of(answer.headers["location"])

    async def open(self, room: str) -> httpx2.Response:
        """Open a room's link in the address bar; that makes one a member where it may."""
        return await self.client.get(room, headers={"Sec-Fetch-Dest": "document"})

    async def join(self, room: str) -> str:
        """Open a room and expect to be let in; its path."""
        answer = await self.open(room)
        assert answer.status_code == 200, (answer.status_code, answer.text[:2000])
        return room

    async def act(self, room: str, noun: str, **fields: str) -> httpx2.Response:
        """Post one of the room's nouns: `departure`, `removals`, `title` …"""
        return await self.client.post(f"{room}/{noun}", data=fields)

    async def bring(self, room: str, other: Person) -> None:
        """Ask somebody into a room, who comes."""
        asked = await self.act(room, "invitations", username=other.name)
        assert asked.status_code == 303, (asked.status_code, asked.text[:2000])
        [form] = await other.invitations()
        answer = await other.client.post(form, data={"answer": "accept"})
        assert answer.status_code == 303, (answer.status_code, answer.text[:2000])
        assert path_of(answer.headers["location"]) == room

    async def invitations(self) -> list[str]:
        """Where the invitations that wait in the inbox are answered."""
        answer = await self.client.get("/inbox")
        assert answer.status_code == 200, (answer.status_code, answer.text[:2000])
        forms = elements.parse(answer.text).named("form")
        return [form.get("action") for form in forms if form.of_class("waiting__accept")]

    # -- messages -----------------------------------------------------------------------------

    async def post(self, room: str, body: str, cid: str | None = None) -> httpx2.Response:
        """Send once, as a program does; the answer whatever it is."""
        fields = {"body": body} if cid is None else {"body": body, "cid": cid}
        accept = {"Accept": "application/json"}
        return await self.client.post(f"{room}/messages", data=fields, headers=accept)

    async def say(
        self, room: str, body: str, *, cid: str | None = None, within: float = 60.0
    ) -> Sent:
        """Send until it is accepted, always under the same `cid`, as the page's outbox does."""
        cid = cid or str(uuid.uuid4())
        answer, tries = await self._insist(lambda: self.post(room, body, cid), {200, 201}, within)
        told = answer.json()
        assert told["cid"] == cid, told
        return Sent(told["number"], self.name, body, cid, tries)

    async def change(self, room: str, noun: str, *, within: float = 60.0, **fields: str) -> None:
        """Post one of a message's nouns (`5/edition`, `5/erasure` …) until it is accepted, or a
        try that was not answered turns out to have deleted it."""
        await self._insist(lambda: self.act(room, noun, **fields), {303, 404}, within)

    async def _insist(
        self, send: Callable[[], Awaitable[httpx2.Response]], accepted: set[int], within: float
    ) -> tuple[httpx2.Response, int]:
        """Try until the answer is one of those accepted; that answer, and the number of tries."""
        deadline = time.monotonic() + within
        tries, trouble = 0, ""
        while time.monotonic() < deadline:
            tries += 1
            try:
                answer = await send()
            except httpx2.HTTPError as error:
                trouble = repr(error)
            else:
                if answer.status_code in accepted:
                    return answer, tries
                trouble = f"{answer.status_code} {answer.text[:300]}"
                assert answer.status_code in (429, 502, 503), trouble
            await asyncio.sleep(min(0.1 * tries, 1.0))
        raise AssertionError(f"not accepted within {within:g} s; last: {trouble}")

    async def history(self, room: str) -> list[Message]:
        """Everything the room holds, paged back to the first message over HTTP."""
        return [shown.message for shown in await self.conversation(room)]

    async def conversation(self, room: str) -> list[Shown]:
        """Like `history`, with all that became of each message."""
        known = await self._page(room)
        while known and known[0].message.number > 1:
            before = known[0].message.number
            older = await self._page(f"{room}/messages", before=before)
            assert older, f"there is nothing before {before}"
            last = older[-1].message.number
            assert last == before - 1, f"{last} stands before {before}"
            known = older + known
        return known

    async def _page(self, path: str, **params: int) -> list[Shown]:
        answer = await self.client.get(path, params=params)
        assert answer.status_code == 200, (answer.status_code, answer.text[:2000])
        return shown_in(elements.parse(answer.text))

    # -- live ---------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def watching(self, room: str) -> AsyncIterator[Page]:
        """A page of the room, open and connected for as long as the block lasts."""
        page = Page(self, room)
        await page.load()
        try:
            await page.is_live()
            yield page
        finally:
            await page.close()
        page.check()

    @contextlib.asynccontextmanager
    async def bare_socket(
        self, room: str, *, origin: str | None = None, cookies: str | None = None
    ) -> AsyncIterator[ClientConnection]:
        """A bare socket to the room, for what no page would do."""
        async with self.connection(room, origin=origin, cookies=cookies) as socket:
            yield socket

    def connection(
        self,
        room: str,
        *,
        origin: str | None = None,
        cookies: str | None = None,
        sock: socket.socket | None = None,
    ) -> connect:
        """A connection to be entered, with the person's cookie and the page's origin."""
        through: dict[str, Any] = {} if sock is None else {"sock": sock}
        cookies = self.cookies if cookies is None else cookies
        return connect(
            f"{self.server.url.replace('http', 'ws', 1)}{room}/live",
            origin=websockets.Origin(origin or self.server.url),
            additional_headers={"Cookie": cookies} if cookies else {},
            compression=None,
            proxy=None,
            ping_interval=None,
            open_timeout=10,
            close_timeout=1,
            max_size=4 * 2**20,
            **through,
        )


class Page:
    """A room's page held open, doing to itself what htmx does with each frame.

    It fails by itself when a message shows twice, out of order, or with a hole before it.
    """

    def __init__(self, person: Person, room: str) -> None:
        self.person = person
        self.room = room
        self.cursor = ""
        self.older: list[Shown] = []
        self.newer: list[Shown] = []
        self.slots: dict[str, elements.Element] = {}
        self.frames = 0
        self.snapshots = 0
        self.hellos = 0
        self.live = False
        self.closings: list[tuple[int, str]] = []
        self.refusals: list[str] = []
        self.last_frame = 0.0
        self._fault: BaseException | None = None
        self._socket: ClientConnection | None = None
        self._task: asyncio.Task[None] | None = None

    # -- what a test looks at -----------------------------------------------------------------

    @property
    def messages(self) -> list[Message]:
        """What the page shows, from top to bottom."""
        return [shown.message for shown in self.conversation]

    @property
    def conversation(self) -> list[Shown]:
        """The same with all that became of each message."""
        return self.older + self.newer

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.messages]

    def slot(self, name: str) -> str:
        """The text of a part that only shows what is so now: `typing`, `online`, `people` …"""
        return self.slots[name].text if name in self.slots else ""

    @property
    def closed_for_good(self) -> int | None:
        """The close code after which the page does not come back, once it came."""
        code = self.closings[-1][0] if self.closings else None
        return code if code is not None and code not in COME_BACK else None

    def check(self) -> None:
        """Raise what the page found wrong, if anything."""
        if self._fault is not None:
            raise AssertionError(f"the page of {self.person.name} broke") from self._fault

    async def shows(self, text: str, *, within: float = 20.0) -> None:
        """Wait until a message with this text is there."""
        await self.meets(lambda: text in self.texts, f"shows {text!r}", within=within)

    async def closes(self, code: int, *, within: float = 5.0) -> None:
        """Wait until the server has closed the socket for good, with this code."""
        await self.meets(lambda: self.closed_for_good == code, f"closes: {code}", within=within)

    async def holds(self, count: int, *, within: float = 20.0) -> None:
        """Wait until so many messages are there."""
        await self.meets(lambda: len(self.messages) == count, f"holds {count}", within=within)

    async def is_closed(self, *, within: float = 5.0) -> None:
        """Wait until the server has closed the socket, whether for good or not."""
        await self.meets(lambda: self.closings, "is closed", within=within)

    async def is_live(self, *, within: float = 20.0) -> None:
        """Wait until the socket is open and the server has answered its hello."""
        await self.meets(lambda: self.live, "is live", within=within)

    async def equals(self, stored: Sequence[Message | Shown], *, within: float = 20.0) -> None:
        """Wait until the page shows the end of the room exactly as it is stored."""
        try:
            await self.meets(lambda: self.covers(stored), "equals the room", within=within)
        except AssertionError as error:
            shown = set(self._like(stored))
            missing = [message for message in stored if message not in shown]
            error.add_note(f"shown {len(shown)} of {len(stored)}, not shown: {missing[-20:]}")
            raise

    def covers(self, stored: Sequence[Message | Shown]) -> bool:
        """Does the page show the newest messages of the room, without a hole?"""
        shown = self._like(stored)
        return shown == [*stored[-len(shown) :]] if shown else not stored

    def _like(self, stored: Sequence[Message | Shown]) -> Sequence[Message | Shown]:
        """What the page shows, as whole as `stored` is."""
        whole = any(isinstance(message, Shown) for message in stored)
        return self.conversation if whole else self.messages

    async def meets(
        self, condition: Callable[[], object], what: str, *, within: float = 20.0
    ) -> None:
        """Wait for something about this page."""

        def holds() -> bool:
            self.check()
            return bool(condition())

        try:
            await eventually(holds, f"the page of {self.person.name} {what}", within=within)
        except AssertionError as error:
            error.add_note(
                f"live: {self.live}, closings: {self.closings[-3:]}, refusals: "
                f"{self.refusals[-2:]}, messages: {len(self.messages)}, frames: {self.frames}"
            )
            raise

    # -- what a browser does ------------------------------------------------------------------

    async def load(self) -> None:
        """Read the page and start its socket."""
        answer = await self.person.open(self.room)
        assert answer.status_code == 200, (answer.status_code, answer.text[:2000])
        tree = elements.parse(answer.text)
        self.cursor = tree.one("cursor").get("value")
        self.newer = shown_in(tree.one("messages"))
        self.older = shown_in(tree.one("history"))
        self._check_order()
        self.connect()

    def connect(self) -> None:
        """Start the socket, and keep it."""
        self._task = asyncio.create_task(self._stay(), name=f"page of {self.person.name}")

    async def close(self) -> None:
        """Close the tab."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self.live = False

    async def drop(self) -> None:
        """Lose the connection without a word, and let the page find its way back."""
        if self._socket is not None:
            self._socket.transport.abort()

    async def send(self, **frame: object) -> None:
        """Send a frame on the page's own socket."""
        assert self._socket is not None, "the page has no socket"
        await self._socket.send(json.dumps(frame))

    async def _stay(self) -> None:
        attempt = 0
        try:
            while self.closed_for_good is None:
                try:
                    async with self.person.connection(self.room) as socket:
                        attempt = 0
                        await self._talk(socket)
                    self.closings.append((socket.close_code or 1006, socket.close_reason or ""))
                except (OSError, TimeoutError, websockets.InvalidHandshake, EOFError) as error:
                    self.refusals.append(repr(error))
                    self.refusals = self.refusals[-50:]
                finally:
                    self.live = False
                attempt += 1
                delay = min(0.5 * 2 ** (attempt - 1), 15.0)
                await asyncio.sleep(delay * random.uniform(0.7, 1.3))
        except Exception as error:
            self._fault = error

    async def _talk(self, socket: ClientConnection) -> None:
        self._socket = socket
        beats = asyncio.create_task(self._beat(socket))
        try:
            self.hellos += 1
            await socket.send(json.dumps({"op": "hello", "after": self.cursor}))
            # A page that missed nothing hears nothing; the beat's echo shows that it is seated.
            await socket.send('{"op":"beat"}')
            async for frame in socket:
                assert isinstance(frame, str), "a binary frame"
                self.apply(frame)
        except websockets.ConnectionClosed:
            pass
        finally:
            beats.cancel()
            self._socket = None

    async def _beat(self, socket: ClientConnection) -> None:
        with contextlib.suppress(websockets.ConnectionClosed):
            while True:
                await asyncio.sleep(25)
                await socket.send('{"op":"beat"}')

    # -- what htmx does -----------------------------------------------------------------------

    def apply(self, frame: str) -> None:
        """Do to the page what the frame says: partials, then the new messages, then the cursor."""
        self.frames += 1
        self.last_frame = time.monotonic()
        tree = elements.parse(frame)
        for part in tree.elements:
            if part.tag == "hx-partial":
                self._swap(part)
        for part in tree.elements:
            if part.tag == "article":
                self.newer.append(shown_of(part))
            elif part.id == "cursor":
                assert part.get("hx-swap-oob") == "true", frame
                self.cursor = part.get("value")
                self.live = True
            else:
                assert part.tag == "hx-partial", f"{part.tag} in a frame: {frame[:500]}"
        self._check_order()

    def _swap(self, part: elements.Element) -> None:
        target, how = part.get("hx-target").removeprefix("#"), part.get("hx-swap")
        if how == "delete":
            self._replace(int(target.removeprefix("m")), [])
        elif how == "outerHTML":
            [shown] = shown_in(part)
            assert shown.message.number == int(target.removeprefix("m")), target
            self._replace(shown.message.number, [shown])
        elif target == "messages":
            assert how == "innerHTML", how
            self.newer = shown_in(part)
            self.snapshots += 1
        elif target == "history":
            self.older = shown_in(part)
        else:
            self.slots[target] = part

    def _replace(self, number: int, new: list[Shown]) -> None:
        """Put these where the message of this number is, if it is on the page."""
        for shown in (self.older, self.newer):
            for place, one in enumerate(shown):
                if one.message.number == number:
                    shown[place : place + 1] = new

    def _check_order(self) -> None:
        numbers = [message.number for message in self.messages]
        expected = list(range(numbers[0], numbers[0] + len(numbers))) if numbers else []
        assert numbers == expected, f"{self.person.name} sees {numbers[-30:]}"


async def raises_close(socket: ClientConnection, *, within: float = 5.0) -> int:
    """Read until the server closes the socket; the code it gave."""
    async with asyncio.timeout(within):
        try:
            while True:
                await socket.recv()
        except websockets.ConnectionClosed:
            return socket.close_code or 1006


def path_of(location: str) -> str:
    """The path of an address, whether it came whole or not."""
    return re.sub(r"^https?://[^/]+", "", location)
