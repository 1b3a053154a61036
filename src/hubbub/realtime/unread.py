"""What is unread for everyone who is here, and which pages must be told: pure bookkeeping, told
the time.

A page is told what it shows beside its own room: the other rooms in which its person has not read
everything, with the number of messages that call them, and how far its own room was read through
other pages. A room that is unread already changes nothing for another message.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Iterable, Mapping, Sequence

EVERYONE = 0
"""Stands for the id of a person where a message calls the whole room."""

GRACE_SECONDS = 3.0
"""What arrives in a room that is being read elsewhere is shown as unread after so long: pages say
every two seconds what was seen."""

READING_SECONDS = 60.0
"""Whoever saw something in a room so recently is reading there, through whichever process."""

Place = tuple[int, int]
"""A room and a person."""


@dataclasses.dataclass(frozen=True, slots=True)
class Head:
    """How far a room has come: in its log, and in its messages."""

    seq: int
    number: int


@dataclasses.dataclass(frozen=True, slots=True)
class Standing:
    """How far someone has read in a room, and which messages beyond that call them."""

    room: int
    name: str
    head: Head
    read: int
    called: frozenset[int] = frozenset()
    quiet: bool = False  # only calls are shown


@dataclasses.dataclass(frozen=True, slots=True)
class Call:
    """A message calls someone, or everyone but those who are `deaf` to its author."""

    room: int
    number: int
    person: int
    author: int
    deaf: frozenset[int] = frozenset()


@dataclasses.dataclass(frozen=True, slots=True)
class Move:
    """Someone came into a room, or went."""

    room: int
    person: int
    is_coming: bool


@dataclasses.dataclass(frozen=True, slots=True)
class News:
    """What happened in the rooms that were asked for; a room without a head is gone."""

    heads: Mapping[int, Head] = dataclasses.field(default_factory=dict)
    calls: Sequence[Call] = ()
    moves: Sequence[Move] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Alert:
    """A message somebody is to hear of while they look elsewhere."""

    room: int
    number: int
    person: int
    title: str
    text: str
    href: str


@dataclasses.dataclass(frozen=True, slots=True)
class View:
    """What a page shows: how far its own room was read, (name, mentions) of unread rooms, and what
    its person is to hear of, if they asked for that."""

    read: int
    rooms: tuple[tuple[str, int], ...]
    alert: Alert | None = None


@dataclasses.dataclass(slots=True)
class _Page:
    room: int
    alerted: bool = False
    told: tuple[tuple[str, int], ...] | None = None
    told_read: int = -1
    told_alert: Alert | None = None


@dataclasses.dataclass(slots=True)
class _Room:
    name: str
    head: Head
    readers: set[int] = dataclasses.field(default_factory=set)


@dataclasses.dataclass(slots=True)
class _Pointer:
    read: int
    called: set[int]
    quiet: bool = False
    seen_at: float = float("-inf")


@dataclasses.dataclass(slots=True)
class _Reader:
    pages: dict[Hashable, _Page] = dataclasses.field(default_factory=dict)
    pointers: dict[int, _Pointer] = dataclasses.field(default_factory=dict)
    # Seen here before this process knew that the messages are there.
    ahead: dict[int, int] = dataclasses.field(default_factory=dict)
    known: bool = False
    alert: Alert | None = None


class Readers:
    def __init__(self) -> None:
        self._rooms: dict[int, _Room] = {}
        self._people: dict[int, _Reader] = {}
        self._strangers: dict[int, None] = {}
        self._stale: set[int] = set()
        self._changed: set[int] = set()
        self._held: dict[Place, float] = {}
        self._waiting: dict[Place, tuple[float, Alert]] = {}

    # ------------------------------------------------------------------ pages

    def arrive(self, person: int, page: Hashable, room: int, *, alerted: bool = False) -> None:
        """A page was opened. Where its person stands must be read, again if it was before.

        `alerted`: its person wants to hear of messages while they look elsewhere.
        """
        self._people.setdefault(person, _Reader()).pages[page] = _Page(room, alerted)
        self._strangers[person] = None

    def depart(self, person: int, page: Hashable) -> None:
        """Forget a page. Doing so twice is the same as once."""
        reader = self._people.get(person)
        if reader is None or reader.pages.pop(page, None) is None or reader.pages:
            return
        for room in list(reader.pointers):
            self._forget(person, room)
        del self._people[person]
        self._strangers.pop(person, None)
        self._changed.discard(person)

    def _forget(self, person: int, room: int) -> None:
        reader, here = self._people[person], self._rooms.get(room)
        if reader.pointers.pop(room, None) is None or here is None:
            return
        self._held.pop((room, person), None)
        self._waiting.pop((room, person), None)
        self._changed.add(person)
        here.readers.discard(person)
        if not here.readers:
            del self._rooms[room]
            self._stale.discard(room)

    # --------------------------------------------------------------- learning

    def rooms(self) -> list[int]:
        """All rooms of the people who are here."""
        return list(self._rooms)

    def look(self, room: int, seq: int, *, exactly: bool = False) -> bool:
        """The log of a room is said to have reached `seq`. True when that is news."""
        here = self._rooms.get(room)
        if here is None or (seq == here.head.seq if exactly else seq <= here.head.seq):
            return False
        self._stale.add(room)
        return True

    def refresh(self) -> None:
        """Something may have been missed: where everyone stands must be read again."""
        self._strangers.update(dict.fromkeys(self._people))

    def strangers(self, limit: int) -> list[int]:
        """People whose standings are to be read now and given to `know`."""
        asked = list(self._strangers)[:limit]
        for person in asked:
            del self._strangers[person]
        return asked

    def stale(self, limit: int) -> dict[int, Head]:
        """Rooms whose news beyond these heads are to be read now and given to `hear`."""
        asked = {room: self._rooms[room].head for room in sorted(self._stale)[:limit]}
        self._stale.difference_update(asked)
        return asked

    def wants(self) -> bool:
        """Whether there is something to be read."""
        return bool(self._strangers or self._stale)

    def again(self, people: Iterable[int], rooms: Iterable[int]) -> None:
        """What was to be read could not be read: it is due again."""
        self._strangers.update(dict.fromkeys(self._people.keys() & set(people)))
        self._stale.update(self._rooms.keys() & set(rooms))

    def know(
        self, person: int, standings: Iterable[Standing], unwritten: Mapping[int, int]
    ) -> None:
        """Where someone stands in all their rooms, unless it is to be read again by now.

        `unwritten` is how far they had read beyond that when it was asked for, by room.
        """
        reader = self._people.get(person)
        if reader is None or person in self._strangers:
            return
        found = {standing.room: standing for standing in standings}
        for room in reader.pointers.keys() - found.keys():
            self._forget(person, room)
        for room, number in unwritten.items():
            reader.ahead[room] = max(number, reader.ahead.get(room, 0))
        for standing in found.values():
            self._stand(person, reader, standing)
        reader.known = True
        reader.ahead = {room: seen for room, seen in reader.ahead.items() if room in found}
        self._changed.add(person)

    def _stand(self, person: int, reader: _Reader, standing: Standing) -> None:
        room = standing.room
        here = self._rooms.setdefault(room, _Room(standing.name, standing.head))
        here.readers.add(person)
        self.look(room, standing.head.seq)
        # What was seen a moment ago may not have been written yet.
        pointer = reader.pointers.setdefault(room, _Pointer(standing.read, set()))
        pointer.read = max(pointer.read, standing.read)
        pointer.called = {number for number in standing.called if number > pointer.read}
        pointer.quiet = standing.quiet
        if reader.ahead.get(room, 0) > here.head.number:
            self._stale.add(room)
        self._catch_up(person, room)

    def hear(self, asked: Iterable[int], news: News, now: float) -> None:
        """Take over what happened in the rooms asked for: first who is in them, then the rest."""
        for move in news.moves:
            if move.person in self._people and move.is_coming:
                self._strangers[move.person] = None
            elif move.person in self._people:
                self._forget(move.person, move.room)
        for room in asked:
            here, head = self._rooms.get(room), news.heads.get(room)
            if here is not None and head is not None:
                self._grow(room, here, head, now)
            elif here is not None:
                for person in list(here.readers):
                    self._forget(person, room)
        for call in news.calls:
            self._call(call)

    def _grow(self, room: int, here: _Room, head: Head, now: float) -> None:
        before, here.head = here.head, head
        for person in here.readers:
            reader = self._people[person]
            pointer = reader.pointers[room]
            was_read = pointer.read >= before.number
            self._catch_up(person, room)
            if head == before or all(page.room == room for page in reader.pages.values()):
                continue
            turns = was_read and pointer.read < head.number
            if turns and self._is_reading(reader, room, now):
                self._held[room, person] = now + GRACE_SECONDS
            self._changed.add(person)

    def _is_reading(self, reader: _Reader, room: int, now: float) -> bool:
        recently = now - reader.pointers[room].seen_at < READING_SECONDS
        return recently or any(page.room == room for page in reader.pages.values())

    def _catch_up(self, person: int, room: int) -> None:
        """Count what was seen before it was known to be there, or is not there at all."""
        reader = self._people[person]
        seen = reader.ahead.get(room)
        if seen is None:
            return
        if seen <= self._rooms[room].head.number:
            self._advance(reader.pointers[room], seen)
            self._changed.add(person)
        elif room in self._stale:
            return
        del reader.ahead[room]

    def _advance(self, pointer: _Pointer, number: int) -> None:
        pointer.read = max(pointer.read, number)
        pointer.called = {called for called in pointer.called if called > pointer.read}

    def _call(self, call: Call) -> None:
        here = self._rooms.get(call.room)
        if here is None:
            return
        everyone = call.person == EVERYONE
        for person in here.readers if everyone else here.readers & {call.person}:
            pointer = self._people[person].pointers[call.room]
            hears = person != call.author and person not in call.deaf
            if hears and call.number > pointer.read:
                pointer.called.add(call.number)
                self._changed.add(person)

    # --------------------------------------------------------------- alerting

    def grown(self, asked: Mapping[int, Head]) -> dict[int, int]:
        """Which of the rooms have more messages than when they were asked about: the numbers they
        had then."""
        return {
            room: head.number
            for room, head in asked.items()
            if room in self._rooms and self._rooms[room].head.number > head.number
        }

    def alerted(self, rooms: Iterable[int]) -> list[int]:
        """The people in these rooms who want to hear of messages."""
        here = {person for room in rooms for person in self._rooms[room].readers}
        return [
            person
            for person in sorted(here)
            if any(page.alerted for page in self._people[person].pages.values())
        ]

    def alert(self, alerts: Iterable[Alert], now: float) -> None:
        """People are to hear of messages. Who read there a moment ago may be about to see them."""
        for alert in alerts:
            pointer = self._pointer(alert)
            if pointer is None or pointer.read >= alert.number:
                continue
            recently = now - pointer.seen_at < READING_SECONDS
            until = now + GRACE_SECONDS if recently else now
            self._waiting[alert.room, alert.person] = (until, alert)

    def _pointer(self, alert: Alert) -> _Pointer | None:
        reader = self._people.get(alert.person)
        return reader.pointers.get(alert.room) if reader else None

    def _release(self, now: float) -> None:
        """Let those hear of messages who have not seen them by now."""
        for place, (until, alert) in list(self._waiting.items()):
            if until > now:
                continue
            del self._waiting[place]
            pointer = self._pointer(alert)
            if pointer is not None and pointer.read < alert.number:
                self._people[alert.person].alert = alert
                self._changed.add(alert.person)

    # ---------------------------------------------------------------- reading

    def seen(self, person: int, room: int, number: int, now: float, page: Hashable = None) -> bool:
        """Someone has seen a message. False when that is known to be nothing new."""
        reader = self._people.get(person)
        if reader is None:
            return False
        if page in reader.pages:
            reader.pages[page].told_read = max(reader.pages[page].told_read, number)
        pointer = reader.pointers.get(room)
        if pointer is None:
            # It is not known where they stand, or no longer.
            reader.ahead[room] = max(number, reader.ahead.get(room, 0))
            self._strangers[person] = None
            return True
        pointer.seen_at = now
        if number <= pointer.read:
            return False
        if number > self._rooms[room].head.number:
            reader.ahead[room] = max(number, reader.ahead.get(room, 0))
            self._stale.add(room)
            return True
        self._advance(pointer, number)
        if pointer.read >= self._rooms[room].head.number:
            self._held.pop((room, person), None)
        self._changed.add(person)
        return True

    def rewind(self, person: int, room: int, number: int) -> None:
        """Someone counts everything beyond `number` as unread again, as is written already."""
        reader = self._people.get(person)
        if reader is None:
            return
        reader.ahead.pop(room, None)
        self._held.pop((room, person), None)
        pointer = reader.pointers.get(room)
        if pointer is not None:
            pointer.read, pointer.seen_at = number, float("-inf")
        for page in reader.pages.values():
            if page.room == room:
                page.told_read = -1
        # Which of the messages call them was forgotten when they were read.
        self._strangers[person] = None
        self._changed.add(person)

    # ---------------------------------------------------------------- showing

    def due(self, now: float) -> list[Hashable]:
        """Let time pass: the pages that show something else than is so now."""
        for (room, person), until in list(self._held.items()):
            if until <= now:
                del self._held[room, person]
                self._changed.add(person)
        self._release(now)
        found: list[Hashable] = []
        for person in self._changed:
            reader = self._people[person]
            if reader.known:
                found += [key for key, page in reader.pages.items() if self._tell(person, page)]
        self._changed = {person for person in self._changed if not self._people[person].known}
        return found

    def _tell(self, person: int, page: _Page) -> bool:
        """Note that a page is told what is so now. False when it knows."""
        view = self._view(person, page)
        rings = view.alert is not None and view.alert != page.told_alert
        if view.rooms == page.told and view.read <= page.told_read and not rings:
            return False
        page.told, page.told_read = view.rooms, max(view.read, page.told_read)
        page.told_alert = view.alert or page.told_alert
        return True

    def view(self, person: int, page: Hashable) -> View | None:
        """What a page is to show; None as long as nobody knows."""
        reader = self._people.get(person)
        if reader is None or not reader.known or page not in reader.pages:
            return None
        return self._view(person, reader.pages[page])

    def _view(self, person: int, page: _Page) -> View:
        pointers = self._people[person].pointers
        unread = [
            (self._rooms[room].name, len(pointer.called))
            for room, pointer in pointers.items()
            if room != page.room and pointer.read < self._rooms[room].head.number
            if (room, person) not in self._held and (pointer.called or not pointer.quiet)
        ]
        own, alert = pointers.get(page.room), self._people[person].alert if page.alerted else None
        unseen = alert and (pointer := self._pointer(alert)) and pointer.read < alert.number
        read = own.read if own else 0
        return View(read, tuple(sorted(unread)), alert if unseen else None)
