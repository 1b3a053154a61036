"""The asynchronous side of what is unread: it learns, shows, and writes down what was seen.

What many people see in a moment is written at once, and not more often than every two seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from typing import cast

from hubbub.realtime import hints, unread
from hubbub.realtime.room import Seat
from hubbub.realtime.source import Source
from hubbub.realtime.standing import Head, Place

log = logging.getLogger(__name__)

LEARN_SECONDS = 1.0
WRITE_SECONDS = 2.0
PEOPLE_AT_ONCE = 200
ROOMS_AT_ONCE = 5_000


class Reading:
    """`show` is told the seats whose display has changed, and what each is to be shown."""

    def __init__(
        self,
        source: Source,
        publish: Callable[[str, str], None],
        show: Callable[[Iterable[Seat]], None],
    ) -> None:
        self._source = source
        self._publish = publish
        self._show = show
        self._readers = unread.Readers()
        self._awake = asyncio.Event()
        self._seen: dict[Place, int] = {}
        self._writing: dict[Place, int] = {}
        self._write_lock = asyncio.Lock()
        self._dirty = asyncio.Event()
        self._hurry = asyncio.Event()

    # ------------------------------------------------------------------ seats

    def arrive(self, seat: Seat, *, alerted: bool = False) -> None:
        self._readers.arrive(seat.person, seat, seat.room, alerted=alerted)
        self._awake.set()

    def depart(self, seat: Seat) -> None:
        self._readers.depart(seat.person, seat)
        if (seat.room, seat.person) in self._seen:
            # They may be on the way to a page that another process draws.
            self._hurry.set()

    def rooms(self) -> list[int]:
        return self._readers.rooms()

    def look(self, room: int, seq: int, *, exactly: bool = False) -> None:
        """The log of a room is said to have reached `seq`."""
        if self._readers.look(room, seq, exactly=exactly):
            self._awake.set()

    def refresh(self) -> None:
        self._readers.refresh()
        self._awake.set()

    def chose(self, person: int) -> None:
        """Somebody asked for more or less of a room here: look what, and tell the others."""
        self.choice(person)
        self._publish(*hints.choice(person))

    def choice(self, person: int) -> None:
        """Where somebody stands must be read again, if they are here."""
        self._readers.again([person], [])
        self._awake.set()

    # ---------------------------------------------------------------- reading

    def seen(self, seat: Seat, number: int) -> None:
        """A page says that its person has seen a message."""
        room, person = seat.room, seat.person
        if not self._readers.seen(person, room, number, time.monotonic(), seat):
            return
        self._seen[room, person] = max(number, self._seen.get((room, person), 0))
        self._dirty.set()
        self._publish(*hints.seen(room, person, number))
        self._turned()

    def wrote(self, room: int, person: int, number: int) -> None:
        """It was written here that someone has read so far."""
        self.read(room, person, number)
        self._publish(*hints.seen(room, person, number))

    def read(self, room: int, person: int, number: int) -> None:
        """Someone is said to have read so far."""
        if self._readers.seen(person, room, number, time.monotonic()):
            self._turned()

    async def rewind(self, room: int, person: int, number: int) -> None:
        """Count everything beyond `number` as unread again. May raise, and then nothing changed."""
        # What was seen before must not be written after.
        async with self._write_lock:
            await self._source.rewind(room, person, number)
            self.rewound(room, person, number)
        self._publish(*hints.unread(room, person, number))

    def rewound(self, room: int, person: int, number: int) -> None:
        """It is written that everything beyond `number` counts as unread again."""
        self._seen.pop((room, person), None)
        self._readers.rewind(person, room, number)
        self._turned()

    def _turned(self) -> None:
        self.show()
        self._awake.set()

    def unwritten(self, person: int) -> dict[int, int]:
        """How far someone has read in rooms, as far as that is not in the database yet."""
        both = [*self._writing.items(), *self._seen.items()]
        return {room: number for (room, who), number in both if who == person}

    # --------------------------------------------------------------- learning

    async def learn_on(self) -> None:
        """Learn what there is to learn at once, and then not again for a while."""
        while True:
            await self._awake.wait()
            self._awake.clear()
            try:
                if await self._learn():
                    self._awake.set()
            except Exception as error:
                log.warning("cannot read what is unread: %r", error)
                self._awake.set()
            await asyncio.sleep(LEARN_SECONDS)

    async def _learn(self) -> bool:
        """True when there is more."""
        people = self._readers.strangers(PEOPLE_AT_ONCE)
        known: Mapping[int, Head] = {}
        try:
            if people:
                unwritten = {person: self.unwritten(person) for person in people}
                for person, standings in (await self._source.standings(people)).items():
                    self._readers.know(person, standings, unwritten[person])
            known = self._readers.stale(ROOMS_AT_ONCE)
            if known:
                news = await self._source.news(known)
                self._readers.hear(known, news, time.monotonic())
                await self._ring(known)
        except BaseException:
            self._readers.again(people, known)
            raise
        self.show()
        return self._readers.wants()

    async def _ring(self, known: Mapping[int, Head]) -> None:
        """Let those hear of new messages who asked for that."""
        grown = self._readers.grown(known)
        people = self._readers.alerted(grown)
        if people:
            alerts = await self._source.alerts(grown, people)
            self._readers.alert(alerts, time.monotonic())

    # ---------------------------------------------------------------- showing

    def show(self) -> None:
        """Show what has changed to the pages that show something else."""
        seats = cast("list[Seat]", self._readers.due(time.monotonic()))
        if seats:
            self._show(seats)

    def fragment(self, seat: Seat) -> bytes:
        """What a page is to show; nothing as long as nobody knows."""
        view = self._readers.view(seat.person, seat)
        if view is None:
            return b""
        try:
            return self._source.unread(view)
        except Exception:
            log.exception("what is unread cannot be drawn")
        return b""

    # ---------------------------------------------------------------- writing

    async def write_on(self) -> None:
        """Write what was seen at once, and then not again for a while unless there is haste."""
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            try:
                await self.write()
            except Exception as error:
                log.warning("cannot write what was read: %r", error)
                self._dirty.set()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(WRITE_SECONDS):
                    await self._hurry.wait()
            self._hurry.clear()

    async def write(self) -> None:
        """Write what was seen. What could not be written is due again."""
        async with self._write_lock:
            if not self._seen:
                return
            self._writing, self._seen = self._seen, {}
            try:
                await self._source.keep(self._writing)
            except BaseException:
                for place, number in self._writing.items():
                    self._seen[place] = max(number, self._seen.get(place, 0))
                raise
            finally:
                self._writing = {}
