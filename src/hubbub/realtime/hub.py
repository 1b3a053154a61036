"""The hub: who is owed what. A pure, synchronous state machine without I/O, clock or randomness.

For every room that has sockets in this process it keeps the place it has reached in the room's log
(`head`), the members as of that place, and a ring of the last rendered entries. A socket holds no
queue: its seat holds a cursor into the ring. Everything here happens in one step, without awaiting,
which is what makes "attach at L, then receive L + 1" free of races.
"""

from __future__ import annotations

import collections
import dataclasses
import enum
import itertools
import re
from collections.abc import Iterable, Sequence
from typing import Any

RING_ENTRIES = 512
RING_BYTES = 1 << 20
COHORT_SEATS = 2048
"""As many are served in one pass; then the event loop has its turn."""
REPLAY_LIMIT = 300
"""A page further behind than this gets one snapshot instead of so many changes."""

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

    `clear` takes out of a page what `fragment` puts in, for a page that may already hold it.
    `author` is the person whose message this is, if it is one.
    """

    cursor: Cursor
    fragment: bytes = b""
    clear: bytes = b""
    joined: int | None = None
    left: int | None = None
    author: int | None = None
    ends_room: bool = False


@dataclasses.dataclass(slots=True, eq=False)
class Seat:
    """A socket's place in a room. Held while something else than the ring is being sent to it.
    Fresh while the page may already show what it is owed, because its cursor is a stale one.

    To the hub a socket is only something that can be told apart from others.
    """

    room: int
    person: int
    socket: Any
    own_cursor: Cursor
    held: bool = False
    fresh: bool = True
    cohort: Cohort | None = None

    @property
    def cursor(self) -> Cursor:
        return self.cohort.cursor if self.cohort is not None else self.own_cursor


@dataclasses.dataclass(slots=True, eq=False)
class Cohort:
    """Seats that go through the log in step: one cursor for all of them, moved at one stroke."""

    cursor: Cursor
    seats: dict[Seat, None] = dataclasses.field(default_factory=dict)


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
        self.ring.append(entry)
        self.ring_bytes += len(entry.fragment)
        self.head = entry.cursor
        while len(self.ring) > RING_ENTRIES or self.ring_bytes > RING_BYTES:
            oldest = self.ring.popleft()
            self.ring_bytes -= len(oldest.fragment)
            self.base = oldest.cursor

    def fall_in(self, seat: Seat) -> None:
        """Let a seat that is served from the ring like others go in step with them."""
        if seat.held or seat.fresh or seat.cohort is not None:
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
        seat.cohort = cohort

    def fall_out(self, seat: Seat, cursor: Cursor | None = None) -> None:
        """Let a seat stand alone, at `cursor` or where its cohort is."""
        cohort = seat.cohort
        if cohort is None:
            return
        seat.own_cursor = cursor or cohort.cursor
        seat.cohort = None
        del cohort.seats[seat]
        if not cohort.seats:
            self.cohorts.remove(cohort)
        self.alone[seat] = None

    def remove(self, seat: Seat) -> None:
        self.fall_out(seat)
        del self.alone[seat]
        del self.seats[seat.socket]


class Attached(enum.Enum):
    """What a socket that takes its seat is owed."""

    LIVE = "nothing, or what the ring holds"
    BACKLOG = "what the log holds between its cursor and its seat"
    SNAPSHOT = "the room as it is, for its cursor cannot be continued"
    AHEAD = "unknown: its cursor lies beyond the head that this process has read; no seat was taken"
    REFUSED = "nothing: its person is no member as of the head; no seat was taken"


class Discontinuity(Exception):
    """What was read from the log does not follow the head."""


@dataclasses.dataclass(frozen=True, slots=True)
class Eviction:
    """A seat whose person lost the right to the room. `owed` is what came before that."""

    seat: Seat
    owed: Sequence[Entry]
    room_ended: bool = False


class Hub:
    def __init__(self) -> None:
        self.rooms: dict[int, Room] = {}

    def open(self, room: int, head: Cursor, members: Iterable[int]) -> None:
        """Start following `room` from `head`, the members being those as of `head`."""
        if room not in self.rooms:
            self.rooms[room] = Room(head=head, members=set(members), base=head)

    def head(self, room: int) -> Cursor | None:
        found = self.rooms.get(room)
        return found.head if found else None

    def attach(self, room: int, person: int, socket: Any, after: Cursor | None) -> Attached:
        """Seat a socket whose page stands at `after` (None: from now on)."""
        here = self.rooms[room]
        if person not in here.members:
            return Attached.REFUSED
        if after is not None and after.seq > here.head.seq:
            return Attached.AHEAD
        # Who has no cursor has no list that could already hold something.
        seat = Seat(room, person, socket, here.head, fresh=after is not None)
        here.seats[socket] = seat
        here.alone[seat] = None
        here.fall_in(seat)
        if after is None or after == here.head:
            return Attached.LIVE
        behind = here.head.seq - after.seq
        if 0 < behind <= REPLAY_LIMIT and here.since(after) is not None:
            seat.own_cursor = after
            return Attached.LIVE
        seat.held = True
        in_ring = after.seq >= here.base.seq
        return Attached.SNAPSHOT if in_ring or behind > REPLAY_LIMIT else Attached.BACKLOG

    def detach(self, seat: Seat) -> None:
        """Give up a seat, evicted or not; a room without seats is no longer followed."""
        here = self.rooms.get(seat.room)
        if here is None:
            return
        if here.seats.get(seat.socket) is seat:
            here.remove(seat)
        if not here.seats:
            del self.rooms[seat.room]

    def advance(self, room: int, entries: Sequence[Entry]) -> list[Eviction]:
        """Take over what follows the head, memberships in order; return who must go.

        Raises Discontinuity, having changed nothing, when the entries do not follow the head.
        """
        here = self.rooms[room]
        for place, entry in enumerate(entries, start=here.head.seq + 1):
            if entry.cursor.seq != place:
                raise Discontinuity(f"{entry.cursor.seq} where {place} belongs")
        evicted: list[Eviction] = []
        for entry in entries:
            evicted += self._apply_rights(here, entry)
            here.push(entry)
        return evicted

    def _apply_rights(self, here: Room, entry: Entry) -> list[Eviction]:
        """Apply what `entry` says about rights before it enters the ring."""
        if entry.joined is not None:
            here.members.add(entry.joined)
        if entry.left is not None:
            here.members.discard(entry.left)
        if entry.left is None and not entry.ends_room:
            return []
        gone = [s for s in here.seats.values() if entry.ends_room or s.person == entry.left]
        return [self._evict(here, seat, entry.ends_room) for seat in gone]

    def _evict(self, here: Room, seat: Seat, room_ended: bool) -> Eviction:
        owed = [] if seat.held else here.since(seat.cursor) or []
        here.remove(seat)
        return Eviction(seat, owed, room_ended)

    def cohorts(self, room: int) -> list[Cohort]:
        """The cohorts that stand behind the head."""
        here = self.rooms.get(room)
        return [c for c in here.cohorts if c.cursor != here.head] if here else []

    def march(self, room: int, cohort: Cohort, upto: Cursor, stragglers: Iterable[Seat]) -> None:
        """A cohort was sent everything up to `upto`; the stragglers were not."""
        here = self.rooms[room]
        for seat in stragglers:
            here.fall_out(seat)
        cohort.cursor = upto

    def disband(self, room: int, cohort: Cohort) -> None:
        """The ring no longer reaches back to a cohort: each of its seats is on its own."""
        here = self.rooms[room]
        for seat in list(cohort.seats):
            here.fall_out(seat)

    def due(self, room: int) -> list[Seat]:
        """The seats outside of cohorts that stand behind the head and may be served."""
        here = self.rooms.get(room)
        if here is None:
            return []
        head = here.head.seq
        return [s for s in here.alone if not s.held and s.own_cursor.seq < head]

    def pending(self, place: Seat | Cohort, room: int) -> list[Entry] | None:
        """What is owed from the ring; None when the ring no longer reaches back so far."""
        return self.rooms[room].since(place.cursor)

    def sent(self, seat: Seat, upto: Cursor) -> None:
        """A seat was sent everything up to and including `upto`."""
        here = self.rooms[seat.room]
        here.fall_out(seat)
        seat.own_cursor = upto
        here.fall_in(seat)

    def settle(self, seat: Seat) -> bool:
        """The head is past whatever the page showed when it came. False until the seat is, too."""
        here = self.rooms[seat.room]
        seat.fresh = seat.fresh and (seat.held or seat.cursor != here.head)
        here.fall_in(seat)
        return not seat.fresh

    def hold(self, seat: Seat) -> None:
        """The seat waits at the head for something else than the ring."""
        here = self.rooms[seat.room]
        here.fall_out(seat)
        seat.own_cursor = here.head
        seat.held = True

    def release(self, seat: Seat) -> None:
        """What a held seat was owed has been sent: it goes on from the ring."""
        seat.held = False
        self.rooms[seat.room].fall_in(seat)

    def reset(
        self, room: int, head: Cursor, members: Iterable[int]
    ) -> tuple[list[Seat], list[Eviction]]:
        """Another log has taken the place of the one that was followed (a restored backup).

        Returns the seats that now need a snapshot, held, and those whose person is no member.
        """
        here = self.rooms[room]
        here.head = here.base = head
        here.members = set(members)
        here.ring.clear()
        here.ring_bytes = 0
        strangers = [s for s in here.seats.values() if s.person not in here.members]
        evicted = [self._evict(here, seat, room_ended=False) for seat in strangers]
        for seat in here.seats.values():
            self.hold(seat)
        return list(here.seats.values()), evicted
