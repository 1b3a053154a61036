"""One person who is here: the pages they have open, and how far they have read in their rooms."""

from __future__ import annotations

import dataclasses
from collections.abc import Container, Hashable

from hubbub.realtime.standing import Alert, Head, Place, View

READING_SECONDS = 60.0
"""Whoever saw something in a room so recently is reading there, through whichever process."""


@dataclasses.dataclass(slots=True)
class Page:
    """An open page: the room it is of, and what it was told last. `alerted`: its person wants to
    hear of messages while they look elsewhere."""

    room: int
    alerted: bool = False
    told: tuple[tuple[str, int], ...] | None = None
    told_read: int = -1
    told_alert: Alert | None = None

    def tell(self, view: View) -> bool:
        """Note that the page is told what is so now. False when it knows."""
        rings = view.alert is not None and view.alert != self.told_alert
        if view.rooms == self.told and view.read <= self.told_read and not rings:
            return False
        self.told, self.told_read = view.rooms, max(view.read, self.told_read)
        self.told_alert = view.alert or self.told_alert
        return True


@dataclasses.dataclass(slots=True)
class Room:
    """A room as far as it is known, and those in it who are here."""

    name: str
    head: Head
    readers: set[int] = dataclasses.field(default_factory=set)


@dataclasses.dataclass(slots=True)
class Pointer:
    """How far a person has read in a room, and which messages beyond that call them."""

    room: Room
    read: int
    called: set[int] = dataclasses.field(default_factory=set)
    quiet: bool = False
    seen_at: float = float("-inf")

    def is_recent(self, now: float) -> bool:
        """Something was seen here a moment ago."""
        return now - self.seen_at < READING_SECONDS

    def advance(self, number: int) -> None:
        self.read = max(self.read, number)
        self.called = {called for called in self.called if called > self.read}


@dataclasses.dataclass(slots=True)
class Reader:
    person: int
    pages: dict[Hashable, Page] = dataclasses.field(default_factory=dict)
    pointers: dict[int, Pointer] = dataclasses.field(default_factory=dict)
    # Seen here before this process knew that the messages are there.
    ahead: dict[int, int] = dataclasses.field(default_factory=dict)
    known: bool = False
    alert: Alert | None = None

    def saw_ahead(self, room: int, number: int) -> None:
        """They have seen a message that is not known to be there."""
        self.ahead[room] = max(number, self.ahead.get(room, 0))

    def is_reading(self, room: int, now: float) -> bool:
        """Whether they are reading in a room, or did a moment ago."""
        recently = self.pointers[room].is_recent(now)
        return recently or any(page.room == room for page in self.pages.values())

    def looks_elsewhere(self, room: int) -> bool:
        """Whether a page of another room is open."""
        return any(page.room != room for page in self.pages.values())

    def is_alerted(self) -> bool:
        return any(page.alerted for page in self.pages.values())

    def has_yet_to_see(self, alert: Alert) -> bool:
        pointer = self.pointers.get(alert.room)
        return pointer is not None and pointer.read < alert.number

    def tell(self, held: Container[Place]) -> list[Hashable]:
        """Note that all pages are told what is so now: those that did not know."""
        return [key for key, page in self.pages.items() if page.tell(self.view(page, held))]

    def view(self, page: Page, held: Container[Place]) -> View:
        """What a page is to show, where the places that are held back are not shown yet."""
        unread = [
            (pointer.room.name, len(pointer.called))
            for room, pointer in self.pointers.items()
            if room != page.room and pointer.read < pointer.room.head.number
            if (room, self.person) not in held and (pointer.called or not pointer.quiet)
        ]
        own, alert = self.pointers.get(page.room), self.alert if page.alerted else None
        read = own.read if own else 0
        unseen = alert is not None and self.has_yet_to_see(alert)
        return View(read, tuple(sorted(unread)), alert if unseen else None)
