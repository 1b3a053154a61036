"""What is unread for everyone who is here, and which pages must be told: pure bookkeeping, told
the time.

A page is told what it shows beside its own room: the other rooms in which its person has not read
everything, with the number of messages that call them, and how far its own room was read through
other pages. A room that is unread already changes nothing for another message.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping

from hubbub.realtime.reader import Page, Pointer, Reader, Room
from hubbub.realtime.standing import EVERYONE, Alert, Call, Head, News, Place, Standing, View

GRACE_SECONDS = 3.0
"""What arrives in a room that is being read elsewhere is shown as unread after so long: pages say
every two seconds what was seen."""


class Readers:
    def __init__(self) -> None:
        self._rooms: dict[int, Room] = {}
        self._people: dict[int, Reader] = {}
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
        reader = self._people.setdefault(person, Reader(person))
        reader.pages[page] = Page(room, alerted)
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
            if room in self._stale:
                # Something happened there since this was asked for: they may be back.
                self._stale.discard(room)
                self._strangers[person] = None

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
            reader.saw_ahead(room, number)
        for standing in found.values():
            self._stand(reader, standing)
        reader.known = True
        reader.ahead = {room: seen for room, seen in reader.ahead.items() if room in found}
        self._changed.add(person)

    def _stand(self, reader: Reader, standing: Standing) -> None:
        room = standing.room
        here = self._rooms.setdefault(room, Room(standing.name, standing.head))
        here.readers.add(reader.person)
        self.look(room, standing.head.seq)
        # What was seen a moment ago may not have been written yet.
        pointer = reader.pointers.setdefault(room, Pointer(here, standing.read))
        pointer.read = max(pointer.read, standing.read)
        pointer.called = {number for number in standing.called if number > pointer.read}
        pointer.quiet = standing.quiet
        if reader.ahead.get(room, 0) > here.head.number:
            self._stale.add(room)
        self._catch_up(reader, room)

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

    def _grow(self, room: int, here: Room, head: Head, now: float) -> None:
        before, here.head = here.head, head
        for person in here.readers:
            reader = self._people[person]
            pointer = reader.pointers[room]
            was_read = pointer.read >= before.number
            self._catch_up(reader, room)
            if head == before or not reader.looks_elsewhere(room):
                continue
            turns = was_read and pointer.read < head.number
            if turns and reader.is_reading(room, now):
                self._held[room, person] = now + GRACE_SECONDS
            self._changed.add(person)

    def _catch_up(self, reader: Reader, room: int) -> None:
        """Count what was seen before it was known to be there, or is not there at all."""
        seen = reader.ahead.get(room)
        if seen is None:
            return
        if seen <= self._rooms[room].head.number:
            reader.pointers[room].advance(seen)
            self._changed.add(reader.person)
        elif room in self._stale:
            return
        del reader.ahead[room]

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
        return [person for person in sorted(here) if self._people[person].is_alerted()]

    def alert(self, alerts: Iterable[Alert], now: float) -> None:
        """People are to hear of messages. Who read there a moment ago may be about to see them."""
        for alert in alerts:
            reader = self._people.get(alert.person)
            if reader is None or not reader.has_yet_to_see(alert):
                continue
            recently = reader.pointers[alert.room].is_recent(now)
            until = now + GRACE_SECONDS if recently else now
            self._waiting[alert.room, alert.person] = (until, alert)

    def _release(self, now: float) -> None:
        """Let those hear of messages who have not seen them by now."""
        for place, (until, alert) in list(self._waiting.items()):
            if until > now:
                continue
            del self._waiting[place]
            reader = self._people.get(alert.person)
            if reader is not None and reader.has_yet_to_see(alert):
                reader.alert = alert
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
            reader.saw_ahead(room, number)
            self._strangers[person] = None
            return True
        pointer.seen_at = now
        if number <= pointer.read:
            return False
        if number > pointer.room.head.number:
            reader.saw_ahead(room, number)
            self._stale.add(room)
            return True
        pointer.advance(number)
        if pointer.read >= pointer.room.head.number:
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
                found += reader.tell(self._held)
        self._changed = {person for person in self._changed if not self._people[person].known}
        return found

    def view(self, person: int, page: Hashable) -> View | None:
        """What a page is to show; None as long as nobody knows."""
        reader = self._people.get(person)
        if reader is None or not reader.known or page not in reader.pages:
            return None
        return reader.view(reader.pages[page], self._held)
