"""The shell around the hub: a log in memory as its source, sockets that note what they get."""

from __future__ import annotations

import asyncio
import collections
import re
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import Any

import pytest

from hubbub.realtime import channel, clients, close_codes, frames, standing, streams, wire
from hubbub.realtime.room import Cursor, Entry
from hubbub.realtime.source import Opening, RoomGone

pytestmark = pytest.mark.anyio

ROOM = 7
ALICE, BOB, CHARLIE = 1, 2, 3


class Ledger:
    """A room's log with everything a `Source` answers, and faults on request."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.ended: list[tuple[int, int]] = []
        self.changed: list[tuple[int, int]] = []
        self.waiting: collections.Counter[int] = collections.Counter()
        self.stood = 0
        self.without_inbox: set[int] = set()
        self.inbox_reads: list[list[int]] = []
        self.recorded: dict[tuple[int, int], int] = {}
        self.others: frozenset[int] = frozenset()
        self.fails = False
        self.failed = 0
        self.reads = 0
        self.generation = "a"
        self.trimmed = 0
        for person in (ALICE, BOB):
            self.write(joined=person)

    def write(self, text: str = "", **rights: Any) -> Cursor:
        seq = len(self.entries) + 1
        cursor = Cursor(seq, f"{self.generation}{seq}")
        fragment = f"[{text}]".encode() if text else b""
        number = seq if text else None
        self.entries.append(Entry(cursor, fragment, number, **rights))
        return cursor

    def members(self) -> frozenset[int]:
        found: set[int] = set()
        for entry in self.entries:
            found = (found | {entry.joined or 0}) - {entry.left or 0}
        return frozenset(found - {0})

    def wait(self, person: int, waiting: int) -> None:
        """So much waits for a person from now on."""
        self.waiting[person] = waiting
        self.changed.append((len(self.changed) + 1, person))

    async def open(self, room: int) -> Opening:
        self._fail()
        if room != ROOM or not self.entries:
            raise RoomGone
        return Opening(self.entries[-1].cursor, self.members())

    async def heads(self, rooms: Sequence[int]) -> Mapping[int, int]:
        self._fail()
        return {ROOM: len(self.entries)}

    async def after(self, room: int, cursor: Cursor, limit: int) -> list[Entry] | None:
        self._fail()
        self.reads += 1
        if not self.trimmed < cursor.seq <= len(self.entries):
            return None
        if self.entries[cursor.seq - 1].cursor != cursor:
            return None
        return self.entries[cursor.seq : cursor.seq + limit]

    async def snapshot(self, room: int, upto: Cursor) -> bytes:
        return f"<snapshot {upto.seq}>".encode()

    async def endings_head(self) -> int:
        return len(self.ended)

    async def endings(self, after: int) -> list[tuple[int, int]]:
        return self.ended[after:]

    async def inbox_head(self) -> int:
        return len(self.changed)

    async def inbox_changes(self, after: int) -> list[tuple[int, int]]:
        self._fail()
        return self.changed[after:]

    async def inboxes(self, people: Sequence[int]) -> Mapping[int, bytes]:
        self._fail()
        self.inbox_reads.append(sorted(people))
        having = [person for person in people if person not in self.without_inbox]
        return {person: b"<inbox %d>" % self.waiting[person] for person in having}

    async def people(self, room: int, online: frozenset[int]) -> bytes:
        return f"<people {_listed(online)}>".encode()

    async def typing(self, room: int, people: Sequence[int]) -> bytes:
        return f"<typing {_listed(people)}>".encode()

    async def record(self, changes: Mapping[tuple[int, int], int]) -> bool:
        self.recorded.update(changes)
        return True

    async def elsewhere(self, rooms: Sequence[int]) -> Mapping[int, frozenset[int]]:
        return {ROOM: self.others}

    async def standings(self, people: Sequence[int]) -> Mapping[int, list[standing.Standing]]:
        self.stood += 1
        return {person: [] for person in people}

    async def news(self, known: Mapping[int, standing.Head]) -> standing.News:
        return standing.News()

    async def keep(self, seen: Mapping[tuple[int, int], int]) -> None:
        self._fail()

    async def rewind(self, room: int, person: int, number: int) -> None:
        self._fail()

    def unread(self, view: standing.View) -> bytes:
        return f"<unread {view.read} {view.rooms}>".encode()

    def _fail(self) -> None:
        if self.fails:
            self.failed += 1
            raise ConnectionError("the database is away")


def _listed(people: Iterable[int]) -> str:
    return ",".join(map(str, sorted(people)))


class Socket:
    """Takes frames until it is told to be stuck."""

    def __init__(self) -> None:
        self.frames: list[str] = []
        self.code: int | None = None
        self.descriptor = -1
        self.blocked_since: float | None = None
        self.on_blocked: Callable[[], None] = lambda: None
        self.on_writable: Callable[[], None] = lambda: None

    def push(self, frame: wire.Frame) -> bool:
        if self.blocked_since is not None or self.code is not None:
            return False
        self.frames.append(frame.payload.decode())
        return True

    def finish(self, code: int) -> None:
        self.code = self.code or code

    def spill(self, rest: bytes) -> None:
        raise AssertionError("nothing was written past this socket")

    def block(self, *, seconds_ago: float = 0.0) -> None:
        self.blocked_since = asyncio.get_running_loop().time() - seconds_ago
        self.on_blocked()

    def unblock(self) -> None:
        self.blocked_since = None
        self.on_writable()

    def shows(self, fragment: str) -> bool:
        return any(frame.startswith(fragment) for frame in self.frames)

    @property
    def texts(self) -> list[str]:
        return re.findall(r"\[(\w+)]", "".join(self.frames))

    @property
    def cursor(self) -> str:
        return re.findall(r'value="([^"]+)"', "".join(self.frames))[-1]


class Site:
    def __init__(self, *, shared: bool = False) -> None:
        self.ledger = Ledger()
        self.hints: list[str] = []
        self.streams = streams.Streams(
            self.ledger, lambda hint, key: self.hints.append(hint), shared=shared
        )

    async def enter(
        self, person: int, after: Cursor | None = None, *, session: int = 0, is_lost: bool = False
    ) -> tuple[clients.Client, Socket, int | None]:
        socket = Socket()
        client = clients.Client(socket, person, session or person, time.time() + 3600)
        self.streams.connect(client)
        code = await self.streams.attach(client, ROOM, after, is_lost=is_lost)
        return client, socket, code

    def say(self, text: str) -> Cursor:
        cursor = self.ledger.write(text)
        self.streams.hint(ROOM, cursor.seq)
        return cursor


async def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    made = Site()
    await made.streams.start()
    yield made
    await made.streams.stop()


@pytest.fixture
async def shared() -> AsyncIterator[Site]:
    made = Site(shared=True)
    await made.streams.start()
    yield made
    await made.streams.stop()


async def test_everyone_is_given_the_same_in_the_same_order(site: Site) -> None:
    sockets = [(await site.enter(person))[1] for person in (ALICE, BOB, ALICE)]
    words = [f"w{number}" for number in range(50)]
    for word in words:
        site.say(word)
    await until(lambda: all(len(socket.texts) == 50 for socket in sockets))
    assert [socket.texts for socket in sockets] == [words] * 3
    assert {socket.cursor for socket in sockets} == {str(site.ledger.entries[-1].cursor)}


async def test_what_no_hint_told_is_found_by_the_poll(site: Site) -> None:
    _, socket, _ = await site.enter(ALICE)
    site.ledger.write("silent")
    await until(lambda: socket.texts == ["silent"], seconds=3)


async def test_lost_doubled_and_reordered_hints_change_nothing(site: Site) -> None:
    _, socket, _ = await site.enter(ALICE)
    for number in range(5):
        site.ledger.write(f"w{number}")
    for seq in (7, 3, 7, 5, 1_000_000, 3):
        site.streams.heard(f"room {ROOM} {seq}")
    await until(lambda: len(socket.texts) == 5)
    site.say("fence")
    await until(lambda: socket.texts[-1:] == ["fence"])
    assert socket.texts == [f"w{number}" for number in range(5)] + ["fence"]


@pytest.mark.parametrize(
    "hint", ["", "room", "room x y", "room 7 -1", "room ٧ ٣", "typing 7", "seen 7 1", "x" * 999]
)
async def test_a_hint_that_makes_no_sense_does_nothing(site: Site, hint: str) -> None:
    _, socket, _ = await site.enter(ALICE)
    site.streams.heard(hint)
    site.say("fence")
    await until(lambda: socket.texts == ["fence"])
    assert socket.code is None


async def test_a_page_that_was_away_is_given_what_it_missed_from_the_log(site: Site) -> None:
    cursor = site.ledger.entries[-1].cursor
    for number in range(20):
        site.ledger.write(f"w{number}")
    _, socket, _ = await site.enter(BOB, cursor)
    await until(lambda: len(socket.texts) == 20)
    cleared = re.findall(r'"#m(\d+)" hx-swap="delete"', "".join(socket.frames))
    clears = [int(number) for number in cleared]
    assert clears == list(range(cursor.seq + 1, cursor.seq + 21)), "each clears its place first"
    told = "".join(socket.frames)
    assert told.index("delete") < told.index("[w0][w1][w2]")


@pytest.mark.parametrize(
    "cursor", [Cursor(2, "wrong"), Cursor(999, "a999"), Cursor(0, "a0")], ids=str
)
async def test_a_cursor_of_another_log_is_answered_with_a_snapshot(
    site: Site, cursor: Cursor
) -> None:
    site.ledger.write("here")
    _, socket, code = await site.enter(BOB, cursor)
    assert code is None
    await until(lambda: any("<snapshot 3>" in frame for frame in socket.frames))
    site.say("next")
    await until(lambda: socket.texts == ["next"])


async def test_a_page_too_far_behind_gets_one_snapshot(site: Site) -> None:
    cursor = site.ledger.entries[-1].cursor
    for number in range(1_000):
        site.ledger.write(f"w{number}")
    _, socket, _ = await site.enter(BOB, cursor)
    await until(lambda: any("<snapshot 1002>" in frame for frame in socket.frames))
    assert socket.texts == []


async def test_a_trimmed_log_is_answered_with_a_snapshot(site: Site) -> None:
    cursor = site.ledger.entries[-1].cursor
    for number in range(10):
        site.ledger.write(f"w{number}")
    site.ledger.trimmed = 5
    _, socket, _ = await site.enter(BOB, cursor)
    await until(lambda: any("<snapshot 12>" in frame for frame in socket.frames))


async def test_a_cursor_that_cannot_be_read_is_answered_with_a_snapshot(site: Site) -> None:
    _, socket, _ = await site.enter(BOB, None, is_lost=True)
    await until(lambda: any("<snapshot 2>" in frame for frame in socket.frames))


async def test_a_restored_backup_replaces_what_every_page_shows(site: Site) -> None:
    _, socket, _ = await site.enter(ALICE)
    for number in range(5):
        site.say(f"w{number}")
    await until(lambda: len(socket.texts) == 5)
    site.ledger.entries = site.ledger.entries[:3]
    site.ledger.generation = "b"
    await until(lambda: any("<snapshot 3>" in frame for frame in socket.frames), seconds=4)
    site.say("after")
    await until(lambda: socket.texts[-1] == "after")


async def test_a_page_drawn_by_a_quicker_process_is_waited_for(site: Site) -> None:
    await site.enter(ALICE)
    ahead = site.ledger.write("unread")
    _, socket, _ = await site.enter(BOB, ahead)
    site.say("next")
    await until(lambda: socket.texts == ["next"])
    assert not any("<snapshot" in frame for frame in socket.frames)


async def test_nobody_but_members_gets_a_seat(site: Site) -> None:
    _, socket, code = await site.enter(CHARLIE)
    assert code == close_codes.NOT_ALLOWED
    _, member, _ = await site.enter(ALICE)
    site.say("secret")
    await until(lambda: member.texts == ["secret"])
    assert socket.frames == []


async def test_a_removed_member_receives_nothing_after_the_removal(site: Site) -> None:
    _, alice, _ = await site.enter(ALICE)
    _, bob, _ = await site.enter(BOB)
    site.ledger.write("before")
    site.ledger.write(left=BOB)
    site.say("after")
    await until(lambda: alice.texts == ["before", "after"])
    assert bob.texts == ["before"]
    assert bob.code == close_codes.NOT_ALLOWED


async def test_a_removed_member_is_not_given_what_was_changed_after_the_removal(site: Site) -> None:
    _, alice, _ = await site.enter(ALICE)
    _, bob, _ = await site.enter(BOB)
    site.say("known")
    await until(lambda: bob.texts == ["known"])
    # Drawn when all three are read, so it shows what it was changed to.
    site.ledger.write("changed")
    site.ledger.write(left=BOB)
    site.ledger.write(changes=((4, b"[changed]"),))
    site.streams.hint(ROOM, 6)
    await until(lambda: bob.code == close_codes.NOT_ALLOWED)
    assert bob.texts == ["known"]
    await until(lambda: alice.texts == ["known", "changed"])


async def test_a_snapshot_that_is_drawn_after_a_removal_is_not_given(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def snapshot(room: int, upto: Cursor) -> bytes:
        site.ledger.write(left=BOB)
        return b"<snapshot>[after]"

    monkeypatch.setattr(site.ledger, "snapshot", snapshot)
    _, bob, _ = await site.enter(BOB, is_lost=True)
    await until(lambda: bob.code == close_codes.NOT_ALLOWED)
    assert bob.texts == []


async def test_a_list_of_people_that_is_drawn_after_a_removal_is_not_given(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, bob, _ = await site.enter(BOB)
    await until(lambda: bob.shows("<people 2>"))

    async def people(room: int, online: frozenset[int]) -> bytes:
        site.ledger.write(left=BOB)
        return b"<people after>"

    monkeypatch.setattr(site.ledger, "people", people)
    await site.enter(ALICE)
    await until(lambda: bob.code == close_codes.NOT_ALLOWED)
    assert not bob.shows("<people after>")


async def test_the_end_of_a_room_ends_its_sockets(site: Site) -> None:
    _, alice, _ = await site.enter(ALICE)
    site.ledger.entries.append(Entry(Cursor(3, "a3"), ends_room=True))
    site.streams.hint(ROOM, 3)
    await until(lambda: alice.code == close_codes.ROOM_GONE)


async def test_a_session_that_ended_closes_its_sockets_and_no_others(site: Site) -> None:
    _, ended, _ = await site.enter(ALICE, session=11)
    _, kept, _ = await site.enter(ALICE, session=12)
    site.ledger.ended.append((1, 11))
    site.streams.sessions_changed()
    await until(lambda: ended.code == close_codes.SIGNED_OUT, seconds=0.5)
    site.say("secret")
    await until(lambda: kept.texts == ["secret"])
    assert (ended.texts, kept.code) == ([], None)
    assert "sessions" in site.hints


async def test_a_session_that_ran_out_closes_its_socket(site: Site) -> None:
    client, socket, _ = await site.enter(ALICE)
    client.expires_at = time.time() - 1
    await until(lambda: socket.code == close_codes.SIGNED_OUT, seconds=3)


async def test_rights_that_cannot_be_read_end_the_socket(site: Site) -> None:
    site.ledger.fails = True
    _, socket, code = await site.enter(ALICE)
    assert code == close_codes.OVERLOADED
    assert socket.frames == []


async def test_a_database_that_comes_back_loses_nothing(site: Site) -> None:
    _, socket, _ = await site.enter(ALICE)
    site.ledger.fails = True
    site.say("meanwhile")
    site.streams.heard(f"room {ROOM} 3")
    site.ledger.fails = False
    await until(lambda: socket.texts == ["meanwhile"], seconds=3)


async def test_a_blocked_socket_waits_at_its_place_and_holds_nobody_up(site: Site) -> None:
    _, quick, _ = await site.enter(ALICE)
    _, slow, _ = await site.enter(BOB)
    slow.block()
    for number in range(30):
        site.say(f"w{number}")
    await until(lambda: len(quick.texts) == 30)
    assert slow.texts == []
    slow.unblock()
    assert slow.texts == quick.texts


async def test_a_socket_blocked_for_too_long_is_dropped(site: Site) -> None:
    _, slow, _ = await site.enter(BOB)
    slow.block(seconds_ago=channel.BLOCKED_SECONDS + 1)
    await until(lambda: slow.code == close_codes.OVERLOADED, seconds=3)


async def test_who_fell_out_of_the_ring_is_brought_back_from_the_log(site: Site) -> None:
    _, slow, _ = await site.enter(BOB)
    _, quick, _ = await site.enter(ALICE)
    slow.block()
    for number in range(600):
        site.say(f"w{number}")
    await until(lambda: len(quick.texts) == 600)
    slow.unblock()
    await until(lambda: len(slow.texts) == 600)
    assert slow.texts == quick.texts


async def test_a_room_nobody_is_in_is_no_longer_read(site: Site) -> None:
    client, _, _ = await site.enter(ALICE)
    site.streams.disconnect(client)
    await until(lambda: not site.streams._channels, seconds=3)
    reads = site.ledger.reads
    site.say("unheard")
    await asyncio.sleep(0)
    assert site.ledger.reads == reads
    _, socket, _ = await site.enter(ALICE, Cursor(2, "a2"))
    await until(lambda: socket.texts == ["unheard"])


async def test_who_is_here_is_shown_to_all_and_who_left_is_kept_for_a_moment(site: Site) -> None:
    _, alice, _ = await site.enter(ALICE)
    bob, _, _ = await site.enter(BOB)
    await until(lambda: alice.shows("<people 1,2>"), seconds=3)
    site.streams.disconnect(bob)
    assert await site.streams.online(ROOM) == {ALICE, BOB}


async def test_who_is_here_through_another_process_is_shown_too(shared: Site) -> None:
    shared.ledger.others = frozenset({CHARLIE})
    _, alice, _ = await shared.enter(ALICE)
    await until(lambda: alice.shows("<people 1,3>"), seconds=3)
    assert shared.ledger.recorded == {(ROOM, ALICE): 1}


async def test_typing_is_shown_to_the_others_and_ended_by_the_message(site: Site) -> None:
    _, alice, _ = await site.enter(ALICE)
    writing, bob, _ = await site.enter(BOB)
    site.streams.typed(writing)
    await until(lambda: alice.shows("<typing 2>"))
    assert bob.shows("<typing >")
    assert f"typing {ROOM} {BOB}" in site.hints
    site.ledger.entries.append(Entry(Cursor(3, "a3"), b"[hi]", author=BOB))
    site.streams.hint(ROOM, 3)
    await until(lambda: alice.frames[-1].startswith("<typing >"))


async def test_typing_is_told_at_most_every_few_seconds(site: Site) -> None:
    await site.enter(ALICE)
    writing, _, _ = await site.enter(BOB)
    for _ in range(50):
        site.streams.typed(writing)
    assert len([hint for hint in site.hints if hint.startswith("typing")]) == 1


async def test_every_frame_tells_the_page_where_it_stands(site: Site) -> None:
    _, alice, _ = await site.enter(ALICE)
    writing, _, _ = await site.enter(BOB, Cursor(1, "a1"))
    site.streams.typed(writing)
    site.say("hello")
    await until(lambda: alice.shows("<people 1,2>") and alice.texts == ["hello"], seconds=3)
    assert all(re.search(r'id="cursor" name="after" value="\d+\.a\d+"', f) for f in alice.frames)


async def test_what_does_not_fit_into_one_frame_comes_in_several(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "FRAME_BYTES", 25)
    cursor = site.ledger.entries[-1].cursor
    for number in range(30):
        site.ledger.write(f"w{number}")
    _, socket, _ = await site.enter(BOB, cursor)
    await until(lambda: len(socket.texts) == 30)
    assert len(socket.frames) > 5
    assert socket.texts == [f"w{number}" for number in range(30)]


async def test_what_was_taken_back_is_not_told_again_from_the_ring(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "FRAME_BYTES", 25)
    _, alice, _ = await site.enter(ALICE)
    before = site.ledger.entries[-1].cursor
    site.say("secret")
    for number in range(5):
        site.say(f"w{number}")
    await until(lambda: "w4" in alice.texts)
    site.ledger.write(changes=((3, b"[gone]"),))
    site.streams.hint(ROOM, 9)
    await until(lambda: "gone" in alice.texts)
    _, bob, _ = await site.enter(BOB, before)
    await until(lambda: bob.texts.count("gone") == 2)
    assert "secret" not in bob.texts
    assert bob.shows("<hx-partial"), "the ring, and no snapshot"


async def test_a_beat_is_answered_with_the_place_of_the_page(site: Site) -> None:
    client, socket, _ = await site.enter(ALICE)
    site.streams.beat(client)
    assert socket.cursor == "2.a2"
