"""Whoever loses a room while fifty messages a second are said in it sees nothing that came later.

On two workers, with Redis there and with Redis gone. The measure is the room's own log: the place
of the event that took the right away, and the messages that stand before it.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from tests import servers, services, visitors

pytestmark = pytest.mark.anyio

BOB = "(SELECT id FROM people WHERE username = 'bob')"
A_SECOND = 50
TALKERS = 10
BEFORE, AFTER = 60, 60  # messages on either side of what happens
PAGES = 6  # of one person, so that each worker surely has some
SOON = 3.0  # seconds: two with Redis gone, and what two busy cores need


@pytest.fixture(scope="module", params=["redis is there", "redis is gone"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[servers.Server]:
    home = tmp_path_factory.mktemp("removals")
    with (
        services.Redis() as redis,
        servers.Server(home, workers=2, broadcast=redis.url) as server,
    ):
        if request.param == "redis is gone":
            redis.kill()
        yield server


class Scene:
    """A room in which Alice and Carol talk without a pause, and Bob looks on."""

    def __init__(
        self, server: servers.Server, people: list[visitors.Person], room: str, link: str
    ) -> None:
        self.server = server
        self.alice, self.bob, self.carol = people
        self.room = room
        self.link = link
        self.said = 0
        self.refused = 0

    @contextlib.asynccontextmanager
    async def talking(self, *others: visitors.Person) -> AsyncIterator[None]:
        """`A_SECOND` messages a second for as long as the block lasts; `others` talk as well, for
        as long as they may."""
        over = asyncio.Event()

        async def talk(person: visitors.Person) -> None:
            while not over.is_set():
                answer = await person.post(self.room, f"{person.name} says {self.said}")
                if answer.status_code == 201:
                    self.said += 1
                else:
                    assert person in others, answer.text
                    self.refused += 1
                await asyncio.sleep(TALKERS / A_SECOND)

        async with asyncio.TaskGroup() as group:
            for place in range(TALKERS):
                group.create_task(talk((self.alice, self.carol)[place % 2]))
            for person in others:
                group.create_task(talk(person))
            await self.more(BEFORE)
            yield
            await self.more(AFTER)
            over.set()

    async def more(self, count: int) -> None:
        wanted = self.said + count
        await visitors.eventually(lambda: self.said >= wanted, f"{wanted} are said", within=60)

    def last_before(self, kind: str) -> int:
        """The number of the last message that was said before Bob's event of this kind."""
        return self._stored("SELECT max(number) FROM messages WHERE seq <", kind)

    def said_by_bob_after(self, kind: str) -> int:
        """How many of Bob's messages stand behind his event of this kind."""
        return self._stored(
            f"SELECT count(*) FROM messages WHERE author_id = {BOB} AND seq >", kind
        )

    def _stored(self, query: str, kind: str) -> int:
        """A number out of the newest room, as it lies on the disk."""
        room = "room_id = (SELECT max(id) FROM rooms)"
        event = f"(SELECT max(seq) FROM events WHERE {room} AND kind = ? AND person_id = {BOB})"
        where = f"file:{self.server.database_file}?mode=ro"
        with contextlib.closing(sqlite3.connect(where, uri=True)) as db:
            (found,) = db.execute(f"{query} {event} AND {room}", (kind,)).fetchone()
        return int(found or 0)


@contextlib.asynccontextmanager
async def staged(server: servers.Server) -> AsyncIterator[Scene]:
    """Bob came through an invitation link, as anybody may have."""
    async with contextlib.AsyncExitStack() as stack:
        people = []
        for name in ("alice", "bob", "carol"):
            person = await stack.enter_async_context(visitors.Person(server, name))
            if (await person.login()).status_code != 303:
                await person.arrive()
            people.append(person)
        alice, bob, carol = people
        room = await alice.create("A room with too much in it")
        await carol.join(room)
        made = await alice.act(room, "links", role="member", label="for bob")
        assert made.status_code == 303, made.text[:2000]
        page = (await alice.client.get(f"{room}/links")).text
        link = re.search(r"/links/([A-Za-z0-9]+)[/\"]", page)
        shown = await alice.client.get(f"{room}/links/{link[1]}") if link else None
        token = re.search(r"/i/[A-Za-z0-9_.-]+", shown.text) if shown else None
        assert link, page
        assert token, page
        assert (await bob.client.post(token[0])).status_code == 303
        yield Scene(server, people, room, link[1])


async def listening(pages: list[visitors.Page]) -> None:
    """Each of them hears what is said now."""
    for page in pages:
        count = len(page.messages) + 10
        await page.meets(lambda page=page, count=count: len(page.messages) >= count, "hears")


Act = Callable[[Scene], Awaitable[object]]


async def done(answer: Awaitable[object]) -> None:
    found = await answer
    assert getattr(found, "status_code", 0) == 303, found


ENDS: dict[str, tuple[str, Act]] = {
    "removed": ("removed", lambda s: done(s.alice.act(s.room, "removals", username="bob"))),
    "banned": ("banned", lambda s: done(s.alice.act(s.room, "bans", username="bob"))),
    "banned with all he said": (
        "banned",
        lambda s: done(s.alice.act(s.room, "bans", username="bob", purge="yes")),
    ),
    "left": ("left", lambda s: done(s.bob.act(s.room, "departure"))),
    "his link was revoked": (
        "removed",
        lambda s: done(s.alice.act(s.room, f"links/{s.link}/revocation", remove="yes")),
    ),
    "his link was revoked with all that was said through it": (
        "removed",
        lambda s: done(s.alice.act(s.room, f"links/{s.link}/purge", sure="yes")),
    ),
}


@pytest.mark.parametrize("end", list(ENDS))
async def test_the_highest_number_seen_is_at_most_that_of_the_removal(
    server: servers.Server, end: str
) -> None:
    kind, act = ENDS[end]
    async with staged(server) as scene, contextlib.AsyncExitStack() as stack:
        for place in range(3):
            await scene.bob.say(scene.room, f"bob says {place}")
        his = [
            await stack.enter_async_context(scene.bob.watching(scene.room)) for _ in range(PAGES)
        ]
        hers = await stack.enter_async_context(scene.alice.watching(scene.room))
        async with scene.talking():
            await listening(his)
            await act(scene)
            for page in his:
                await page.closes(4403, within=SOON)
        last = scene.last_before(kind)
        assert last >= BEFORE
        for page in his:
            shown = page.conversation
            assert max(one.message.number for one in shown) <= last
            assert not any(one.deleted for one in shown), "nothing of what followed reached it"
        whole = await scene.alice.conversation(scene.room)
        assert len(whole) >= last + AFTER
        await hers.equals(whole)


async def test_a_logout_ends_every_page(server: servers.Server) -> None:
    """No event of the room: from the moment the sockets are closed there is nothing more."""
    async with staged(server) as scene, contextlib.AsyncExitStack() as stack:
        his = [
            await stack.enter_async_context(scene.bob.watching(scene.room)) for _ in range(PAGES)
        ]
        hers = await stack.enter_async_context(scene.alice.watching(scene.room))
        async with scene.talking():
            await listening(his)
            await scene.bob.logout()
            for page in his:
                await page.closes(4401, within=SOON)
            seen = [len(page.messages) for page in his]
        fence = await scene.alice.say(scene.room, "after bob logged out")
        await hers.shows(fence.text)
        assert [len(page.messages) for page in his] == seen


@pytest.mark.parametrize(
    ("kind", "noun", "form"),
    [
        ("muted", "mutes", {"username": "bob", "minutes": "10"}),
        ("role", "roles", {"username": "bob", "role": "reader"}),
    ],
)
async def test_who_may_not_write_any_more_writes_nothing_after_that_and_reads_on(
    server: servers.Server, kind: str, noun: str, form: dict[str, str]
) -> None:
    async with staged(server) as scene, contextlib.AsyncExitStack() as stack:
        his = [
            await stack.enter_async_context(scene.bob.watching(scene.room)) for _ in range(PAGES)
        ]
        async with scene.talking(scene.bob, scene.bob, scene.bob):
            await done(scene.alice.act(scene.room, noun, **form))
        assert scene.refused > 0, "he went on trying"
        assert scene.said_by_bob_after(kind) == 0
        fence = await scene.alice.say(scene.room, "the last message")
        whole = await scene.bob.conversation(scene.room)
        for page in his:
            await page.shows(fence.text)
            await page.equals(whole)
            assert page.closings == []
