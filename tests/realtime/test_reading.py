"""What is unread, through the streams: what pages are told, what is asked, and what is written."""

from __future__ import annotations

import asyncio
import collections
from collections.abc import AsyncIterator, Mapping, Sequence

import pytest

from hubbub.realtime import clients, reading, standing, streams
from hubbub.realtime.room import Cursor, Entry
from hubbub.realtime.source import Opening
from tests.realtime import test_streams
from tests.realtime.test_streams import ALICE, BOB, CHARLIE, Socket, until

pytestmark = pytest.mark.anyio

TALK, OTHER = 7, 8
ROOMS = (TALK, OTHER)


class House(test_streams.Ledger):
    """Two rooms in memory, pointers into them, and a count of what was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.logs: dict[int, list[Entry]] = {room: [] for room in ROOMS}
        self.written = {(room, person): 0 for room in ROOMS for person in (ALICE, BOB)}
        self.called: list[standing.Call] = []
        self.moved: list[standing.Move] = []
        self.asked: collections.Counter[str] = collections.Counter()
        self.kept: list[dict[tuple[int, int], int]] = []

    def post(self, room: int, *called: int) -> int:
        log = self.logs[room]
        cursor, number = Cursor(len(log) + 1, f"a{len(log) + 1}"), len(log) + 1
        log.append(Entry(cursor, f"[{number}]".encode(), number, author=CHARLIE))
        self.called += [standing.Call(room, number, person, CHARLIE) for person in called]
        return number

    async def open(self, room: int) -> Opening:
        people = frozenset(person for where, person in self.written if where == room)
        return Opening(Cursor(len(self.logs[room]), f"a{len(self.logs[room])}"), people)

    async def heads(self, rooms: Sequence[int]) -> Mapping[int, int]:
        self._fail()
        self.asked["heads"] += 1
        return {room: len(self.logs[room]) for room in rooms}

    async def after(self, room: int, cursor: Cursor, limit: int) -> list[Entry] | None:
        return self.logs[room][cursor.seq : cursor.seq + limit]

    def head(self, room: int) -> standing.Head:
        return standing.Head(len(self.logs[room]), len(self.logs[room]))

    async def standings(self, people: Sequence[int]) -> Mapping[int, list[standing.Standing]]:
        self._fail()
        self.asked["standings"] += 1
        found: dict[int, list[standing.Standing]] = {person: [] for person in people}
        for (room, person), read in self.written.items():
            if person in found:
                called = [c.number for c in self.called if (c.room, c.person) == (room, person)]
                beyond = frozenset(number for number in called if number > read)
                head = self.head(room)
                found[person].append(standing.Standing(room, f"r{room}", head, read, beyond))
        return found

    async def news(self, known: Mapping[int, standing.Head]) -> standing.News:
        self._fail()
        self.asked["news"] += 1
        calls = [c for c in self.called if c.room in known and c.number > known[c.room].number]
        return standing.News({room: self.head(room) for room in known}, calls, self.moved)

    async def keep(self, seen: Mapping[tuple[int, int], int]) -> None:
        self._fail()
        self.kept.append(dict(seen))
        for place, number in seen.items():
            self.written[place] = max(number, self.written[place])

    async def rewind(self, room: int, person: int, number: int) -> None:
        self._fail()
        self.written[room, person] = number

    def unread(self, view: standing.View) -> bytes:
        rooms = ",".join(f"{name}:{mentions}" for name, mentions in view.rooms)
        return f"<unread {view.read} {rooms}>".encode()


class Site:
    def __init__(self) -> None:
        self.house = House()
        self.hints: list[str] = []
        self.streams = streams.Streams(
            self.house, lambda hint, key: self.hints.append(hint), shared=False
        )

    async def enter(self, person: int, room: int) -> tuple[clients.Client, Socket]:
        """A page of a room that has been told once what is unread."""
        socket = Socket()
        client = clients.Client(socket, person, person, 2**40)
        self.streams.connect(client)
        assert await self.streams.attach(client, room, None) is None
        await until(lambda: told(socket))
        return client, socket

    def post(self, room: int, *called: int) -> None:
        self.streams.hint(room, self.house.post(room, *called))

    def seen(self, client: clients.Client, number: int) -> None:
        assert client.seat is not None
        self.streams.reading.seen(client.seat, number)


def told(socket: Socket) -> list[str]:
    """What the page was told about unread rooms, one after the other."""
    return [frame[1 : frame.index(">")] for frame in socket.frames if frame.startswith("<unread")]


@pytest.fixture
async def site(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    monkeypatch.setattr(reading, "LEARN_SECONDS", 0.02)
    made = Site()
    await made.streams.start()
    yield made
    await made.streams.stop()


async def test_a_page_is_told_of_another_room_with_something_new(site: Site) -> None:
    _, socket = await site.enter(BOB, OTHER)
    site.post(TALK)
    await until(lambda: told(socket)[-1] == "unread 0 r7:0")


async def test_what_no_hint_told_is_found_by_the_poll(site: Site) -> None:
    _, socket = await site.enter(BOB, OTHER)
    site.house.post(TALK)
    await until(lambda: told(socket)[-1] == "unread 0 r7:0", seconds=5)


async def test_a_second_message_in_an_unread_room_is_no_frame_but_a_mention_is(
    site: Site,
) -> None:
    _, socket = await site.enter(BOB, OTHER)
    for _ in range(5):
        site.post(TALK)
    await until(lambda: told(socket)[-1] == "unread 0 r7:0")
    for _ in range(5):
        site.post(TALK)
    site.post(TALK, BOB)
    await until(lambda: told(socket)[-1] == "unread 0 r7:1")
    assert told(socket)[-2:] == ["unread 0 r7:0", "unread 0 r7:1"]
    assert len(told(socket)) <= 3


async def test_a_page_is_not_told_of_its_own_room(site: Site) -> None:
    _, own = await site.enter(BOB, TALK)
    _, other = await site.enter(ALICE, OTHER)
    for _ in range(3):
        site.post(TALK)
    await until(lambda: told(other)[-1] == "unread 0 r7:0")
    await until(lambda: own.texts == ["1", "2", "3"])
    assert told(own) == ["unread 0 "]


async def test_reading_in_one_page_clears_the_others_at_once(site: Site) -> None:
    site.house.post(TALK, BOB)
    client, reads = await site.enter(BOB, TALK)
    _, same = await site.enter(BOB, TALK)
    _, other = await site.enter(BOB, OTHER)
    assert told(other)[-1] == "unread 0 r7:1"
    site.seen(client, 1)
    assert told(other)[-1] == "unread 1 " or told(other)[-1] == "unread 0 "
    assert told(same)[-1] == "unread 1 "
    assert told(reads)[-1] == "unread 0 ", "whoever says it knows it"


async def test_another_process_is_told_and_tells(site: Site) -> None:
    site.house.post(TALK)
    client, _ = await site.enter(BOB, TALK)
    _, other = await site.enter(BOB, OTHER)
    site.seen(client, 1)
    assert site.hints[-1] == f"seen {TALK} {BOB} 1"
    site.house.post(TALK)
    site.house.post(TALK)
    site.streams.heard(f"room {TALK} 3")
    await until(lambda: told(other)[-1] == "unread 0 r7:0", seconds=6)
    site.streams.heard(f"seen {TALK} {BOB} 3")
    site.streams.heard(f"seen {TALK} {BOB} 3")
    assert told(other)[-1] == "unread 0 "
    site.house.written[TALK, BOB] = 1
    site.streams.heard(f"unread {TALK} {BOB} 1")
    assert told(other)[-1] == "unread 0 r7:0"


@pytest.mark.parametrize("number", [0, 2, 10**17])
async def test_a_forged_hint_reads_nothing_that_is_yet_to_come(site: Site, number: int) -> None:
    site.house.post(TALK)
    _, socket = await site.enter(BOB, OTHER)
    for person in (BOB, CHARLIE, 99):
        site.streams.heard(f"seen {TALK} {person} {number}")
        site.streams.heard(f"seen 99 {person} {number}")
        site.streams.heard(f"unread 99 {person} {number}")
    if number > 1:
        await until(lambda: site.house.asked["news"] > 0)
    site.post(TALK, BOB)
    await until(lambda: told(socket)[-1] == "unread 0 r7:1")
    assert site.house.kept == []


async def test_what_many_see_in_a_moment_is_written_at_once(site: Site) -> None:
    pages = [await site.enter(person, TALK) for person in (ALICE, BOB, ALICE)]
    for _ in range(50):
        site.post(TALK)
    await until(lambda: all(len(socket.texts) == 50 for _, socket in pages))
    for number in range(1, 51):
        for client, _ in pages:
            site.seen(client, number)
        await asyncio.sleep(0)
    assert site.streams.reading.unwritten(BOB) == {TALK: 50}
    await until(lambda: site.house.written[TALK, ALICE] == site.house.written[TALK, BOB] == 50)
    assert len(site.house.kept) <= 2
    await until(lambda: not site.streams.reading.unwritten(BOB))


async def test_what_was_seen_before_a_page_was_known_counts(site: Site) -> None:
    site.house.post(TALK)
    _, other = await site.enter(BOB, OTHER)
    client, _ = await site.enter(BOB, TALK)
    site.house.post(TALK)
    site.seen(client, 2)
    await until(lambda: told(other)[-1] == "unread 0 ")
    await until(lambda: site.house.written[TALK, BOB] == 2)


async def test_the_last_page_that_goes_has_its_reading_written(site: Site) -> None:
    client, _ = await site.enter(BOB, TALK)
    for number in (1, 2):
        site.post(TALK)
        site.seen(client, number)
        await until(lambda: site.house.kept or number == 2)  # noqa: B023
    site.streams.disconnect(client)
    await until(lambda: site.house.written[TALK, BOB] == 2)


async def test_what_was_seen_is_written_when_the_process_ends(site: Site) -> None:
    client, _ = await site.enter(BOB, TALK)
    site.house.post(TALK)
    site.seen(client, 1)
    await site.streams.stop()
    assert site.house.written[TALK, BOB] == 1


async def test_what_could_not_be_written_is_written_later(site: Site) -> None:
    client, _ = await site.enter(BOB, TALK)
    site.house.post(TALK)
    site.house.fails = True
    site.seen(client, 1)
    await asyncio.sleep(0.1)
    assert site.streams.reading.unwritten(BOB) == {TALK: 1}
    site.house.fails = False
    await until(lambda: site.house.written[TALK, BOB] == 1)


async def test_what_cannot_be_learnt_is_learnt_later(site: Site) -> None:
    _, socket = await site.enter(BOB, OTHER)
    site.house.fails = True
    site.post(TALK)
    await asyncio.sleep(0.1)
    site.house.fails = False
    await until(lambda: told(socket)[-1] == "unread 0 r7:0")


async def test_marking_unread_is_written_shown_and_told(site: Site) -> None:
    for _ in range(3):
        site.house.post(TALK)
    client, own = await site.enter(BOB, TALK)
    _, other = await site.enter(BOB, OTHER)
    site.seen(client, 3)
    await site.streams.reading.rewind(TALK, BOB, 1)
    assert told(other)[-1] == "unread 0 r7:0"
    assert told(own)[-1] == "unread 1 "
    assert site.hints[-1] == f"unread {TALK} {BOB} 1"
    await until(lambda: not site.streams.reading.unwritten(BOB))
    assert site.house.written[TALK, BOB] == 1, "what was seen before is not written after"


async def test_who_was_removed_learns_of_nothing_that_came_after(site: Site) -> None:
    _, his = await site.enter(BOB, OTHER)
    _, hers = await site.enter(ALICE, OTHER)
    del site.house.written[TALK, BOB]
    site.house.moved = [standing.Move(TALK, BOB, is_coming=False)]
    site.post(TALK)
    await until(lambda: told(hers)[-1] == "unread 0 r7:0")
    assert told(his) == ["unread 0 "]


async def test_hints_that_were_lost_are_made_good_after_a_resync(site: Site) -> None:
    site.house.post(TALK)
    _, socket = await site.enter(BOB, OTHER)
    site.house.written[TALK, BOB] = 1
    site.streams.resync()
    await until(lambda: told(socket)[-1] == "unread 0 ")


async def test_many_messages_are_few_questions(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for person in (ALICE, BOB):
        for room in ROOMS:
            await site.enter(person, room)
    _, socket = await site.enter(BOB, OTHER)
    before = site.house.asked.copy()
    monkeypatch.setattr(reading, "LEARN_SECONDS", 1.0)
    for _ in range(500):
        site.post(TALK)
        await asyncio.sleep(0.001)
    site.post(TALK, BOB)
    await until(lambda: told(socket)[-1] == "unread 0 r7:1")
    assert site.house.asked["news"] - before["news"] <= 10
    assert site.house.asked["standings"] - before["standings"] <= 1, "of the page that came last"
