"""One followed room as the hub keeps it: its head, its members, a ring, and the seats in it."""

from __future__ import annotations

import collections
import dataclasses
import itertools
import re
from collections.abc import Mapping
from typing import Any

RING_ENTRIES = 512
RING_BYTES = 1 << 20
COHORT_SEATS = 2048
"""As many are served in one pass; then the event loop has its turn."""

_CURSOR = re.compile(r"([0-9]{1,18})\.([A-Za-z0-9]{1,16})", re.ASCII)


@dataclasses.dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a room's log. The tag tells this log from another one with the same numbers."""

    seq: int
    tag: str

    def __str__(self) -> str:
        return f"{self.seq}.{self.tag}"

    @classmethod
    def parse(cls, text: str) -> Cursor | None:
        """The cursor that `text` spells, or None when it spells none."""
        match = _CURSOR.fullmatch(text)
        return cls(int(match[1]), match[2]) if match else None


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """One change of a room, rendered once for everyone.

    `fragment` goes to the end of the list: the message `number`, if there is one. `changes` are
    messages as they are now, by number, wherever a page shows them; `aside` is what changes
    elsewhere in the page. `author` is the person whose new message this is.
    """

    cursor: Cursor
    fragment: bytes = b""
    number: int | None = None
    changes: tuple[tuple[int, bytes], ...] = ()
    aside: bytes = b""
    joined: int | None = None
    left: int | None = None
    author: int | None = None
    ends_room: bool = False

    @property
    def is_plain(self) -> bool:
        """It only adds to the room: what was there before looks and opens as it did."""
        adds = self.fragment or self.joined or self.left or self.ends_room
        return bool(adds) and not self.changes and not self.aside

    @property
    def size(self) -> int:
        return len(self.fragment) + len(self.aside) + sum(len(part) for _, part in self.changes)


@dataclasses.dataclass(slots=True, eq=False)
class Seat:
    """A socket's place in a room. Held while something else than the ring is being sent to it.

    Blocked while it takes nothing. Fresh while the page may already show what it is owed, because
    its cursor is a stale one.

    To the hub a socket is only something that can be told apart from others.
    """

    room: int
    person: int
    socket: Any
    own_cursor: Cursor
    held: bool = False
    blocked: bool = False
    fresh: bool = True
    cohort: Cohort | None = None

    @property
    def cursor(self) -> Cursor:
        return self.cohort.cursor if self.cohort is not None else self.own_cursor


@dataclasses.dataclass(slots=True, eq=False)
class Cohort:
    """Seats that go through the log in step: one cursor for all of them, moved at one stroke.

    `roll` is whatever the shell likes to keep for exactly these seats; it is gone when they change.
    """

    cursor: Cursor
    seats: dict[Seat, None] = dataclasses.field(default_factory=dict)
    roll: Any = None


@dataclasses.dataclass(slots=True, eq=False)
class Room:
    head: Cursor
    members: set[int]
    base: Cursor
    ring: collections.deque[Entry] = dataclasses.field(default_factory=collections.deque)
    ring_bytes: int = 0
    seats: dict[Any, Seat] = dataclasses.field(default_factory=dict)
    cohorts: list[Cohort] = dataclasses.field(default_factory=list)
    alone: dict[Seat, None] = dataclasses.field(default_factory=dict)

    def since(self, cursor: Cursor) -> list[Entry] | None:
        """The entries after `cursor`, or None when the ring does not reach back to it."""
        position = cursor.seq - self.base.seq
        if not 0 <= position <= len(self.ring):
            return None
        known = self.ring[position - 1].cursor if position else self.base
        if known != cursor:
            return None
        return list(itertools.islice(self.ring, position, None))

    def push(self, entry: Entry) -> None:
        if entry.changes:
            self._redraw(dict(entry.changes))
        self.ring.append(entry)
        self.ring_bytes += entry.size
        self.head = entry.cursor
        while len(self.ring) > RING_ENTRIES or self.ring_bytes > RING_BYTES:
            oldest = self.ring.popleft()
            self.ring_bytes -= oldest.size
            self.base = oldest.cursor

    def _redraw(self, drawn: Mapping[int, bytes]) -> None:
        """Let the ring tell of messages only as they are now: what was taken back is not told again
        to who comes back from a time before."""
        for place, entry in enumerate(self.ring):
            if entry.number not in drawn and not any(n in drawn for n, _ in entry.changes):
                continue
            renewed = dataclasses.replace(
                entry,
                fragment=drawn.get(entry.number or 0, entry.fragment),
                changes=tuple((n, drawn.get(n, part)) for n, part in entry.changes),
            )
            self.ring_bytes += renewed.size - entry.size
            self.ring[place] = renewed

    def fall_in(self, seat: Seat) -> None:
        """Let a seat that is served from the ring like others go in step with them."""
        if seat.held or seat.blocked or seat.fresh or seat.cohort is not None:
            return
        for cohort in self.cohorts:
            if cohort.cursor == seat.own_cursor and len(cohort.seats) < COHORT_SEATS:
                break
        else:
            if seat.own_cursor != self.head:
                return
            cohort = Cohort(self.head)
            self.cohorts.append(cohort)
        del self.alone[seat]
        cohort.seats[seat] = None
        cohort.roll = None
        seat.cohort = cohort

    def fall_out(self, seat: Seat) -> None:
        """Let a seat stand alone, where its cohort is."""
        cohort = seat.cohort
        if cohort is None:
            return
        seat.own_cursor = cohort.cursor
        seat.cohort = None
        del cohort.seats[seat]
        cohort.roll = None
        if not cohort.seats:
            self.cohorts.remove(cohort)
        self.alone[seat] = None

    def remove(self, seat: Seat) -> None:
        self.fall_out(seat)
        del self.alone[seat]
        del self.seats[seat.socket]
