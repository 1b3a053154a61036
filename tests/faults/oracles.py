"""People who talk while things break, and the questions asked afterwards.

Three oracles: the *ledger* (every accepted send is stored once, as it was promised), *convergence*
(a page that was open all along equals the stored room, with all that became of each message), and
the pages themselves, which fail as soon as a message shows twice, out of order, or behind a hole.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from tests import visitors
from tests.visitors import Message, Sent


class Crowd:
    """A room with people in it, and pages of theirs that stay open.

    Restless people also edit, delete and react to what they said.
    """

    def __init__(
        self,
        room: str,
        people: Sequence[visitors.Person],
        pages: Sequence[visitors.Page],
        *,
        restless: bool = False,
    ) -> None:
        self.room = room
        self.people = people
        self.pages = pages
        self.restless = restless
        self.sent: list[Sent] = []

    @property
    def owner(self) -> visitors.Person:
        return self.people[0]

    async def talk(self, count: int, *, seed: int, pause: float = 0.05) -> None:
        """Everyone sends `count` messages, one after the other; each until it is accepted."""
        chance = random.Random(seed)
        pauses = [[chance.uniform(0, 2 * pause) for _ in range(count)] for _ in self.people]
        async with asyncio.TaskGroup() as group:
            for person, own in zip(self.people, pauses, strict=True):
                group.create_task(self._talk(person, own))

    async def _talk(self, person: visitors.Person, pauses: Sequence[float]) -> None:
        for pause in pauses:
            await self._say(person)
            await asyncio.sleep(pause)

    async def _say(self, person: visitors.Person) -> None:
        place = len(self.sent)
        text = f"{person.name} says {place}.{random.getrandbits(40):x}"
        self.sent.append(await person.say(self.room, text))
        if self.restless:
            await self._change(person)

    async def _change(self, person: visitors.Person) -> None:
        """Change one of the last things a person said; the ledger knows what it says now."""
        own = [place for place, one in enumerate(self.sent) if one.author == person.name]
        place = random.choice(own[-4:])
        one = self.sent[place]
        if one.text == visitors.DELETED:
            return
        noun, text = random.choice(
            [
                ("reactions", one.text),
                ("edition", f"{one.text}, or rather {random.getrandbits(20):x}"),
                ("erasure", visitors.DELETED),
            ]
        )
        await person.change(self.room, f"{one.number}/{noun}", body=text, emoji="🎉")
        self.sent[place] = one._replace(text=text)

    async def talk_through(self, fault: Awaitable[None], *, pause: float = 0.05) -> None:
        """Everyone sends for as long as the fault lasts, and a little before and after it."""
        over = asyncio.Event()

        async def talk(person: visitors.Person) -> None:
            while not over.is_set():
                await self._say(person)
                await asyncio.sleep(random.uniform(0, 2 * pause))

        async with asyncio.TaskGroup() as group:
            for person in self.people:
                group.create_task(talk(person))
            await self.accepted(len(self.people))
            await fault
            await self.accepted(len(self.sent) + 2 * len(self.people))
            over.set()

    async def accepted(self, count: int, *, within: float = 60.0) -> None:
        """Wait until so many sends have been accepted."""
        await visitors.eventually(
            lambda: len(self.sent) >= count, f"{count} sends are accepted", within=within
        )

    async def all_live(self, *, within: float) -> None:
        """Every page has its socket again."""
        for page in self.pages:
            await page.is_live(within=within)

    async def converges(self, *, within: float = 20.0) -> list[Message]:
        """After a last message every page equals the room, which holds what was promised."""
        self.sent.append(await self.owner.say(self.room, "the last message"))
        whole = await self.owner.conversation(self.room)
        stored = [shown.message for shown in whole]
        check_ledger(self.sent, stored)
        for page in self.pages:
            await page.equals(whole, within=within)
        return stored


def check_ledger(sent: Sequence[Sent], stored: Sequence[Message]) -> None:
    """What was accepted is stored, once, under the promised number; and nothing else is."""
    assert [message.number for message in stored] == list(range(1, len(stored) + 1))
    promised = sorted((one.number, one.author, one.text) for one in sent)
    lost = sorted(set(promised) - set(stored))
    unknown = sorted(set(stored) - set(promised))
    assert not lost, f"accepted and not stored: {lost[:10]}"
    assert not unknown, f"stored and not accepted: {unknown[:10]}"
    assert len(promised) == len(stored)


@contextlib.asynccontextmanager
async def people(server: visitors.Host, *names: str) -> AsyncIterator[list[visitors.Person]]:
    """People who have just registered and logged in."""
    async with contextlib.AsyncExitStack() as stack:
        yield [
            await (await stack.enter_async_context(visitors.Person(server, name))).arrive()
            for name in names
        ]


NAMES = ("alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi")


@contextlib.asynccontextmanager
async def crowd(
    server: visitors.Host, *, size: int = 3, pages: int = 6, restless: bool = False
) -> AsyncIterator[Crowd]:
    """`size` people in a room of the first, with `pages` pages open between them."""
    async with people(server, *NAMES[:size]) as present, contextlib.AsyncExitStack() as stack:
        room = await present[0].create("A room that must not lose anything")
        for person in present:
            await person.join(room)
        opened = [
            await stack.enter_async_context(present[place % size].watching(room))
            for place in range(pages)
        ]
        yield Crowd(room, present, opened, restless=restless)


@contextlib.asynccontextmanager
async def neighbours(
    server: visitors.Host,
) -> AsyncIterator[tuple[visitors.Person, str, visitors.Page]]:
    """Someone with a room and a page that does not notice anything, then or afterwards."""
    async with visitors.Person(server, "alice") as alice:
        if (await alice.login()).status_code != 303:
            await alice.arrive()
        room = await alice.create("Neighbours")
        async with alice.watching(room) as page:
            yield alice, room, page
            await alice.say(room, "all is well")
            await page.shows("all is well")
            assert page.closings == []


async def in_a_thread(work: Callable[[], object]) -> None:
    """Do what takes a while without holding up the pages."""
    await asyncio.to_thread(work)
