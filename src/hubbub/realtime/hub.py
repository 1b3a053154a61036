"""The hub: who is owed what. A pure, synchronous state machine without I/O, clock or randomness.

For every room that has sockets in this process it keeps the place it has reached in the room's log
(`head`), the members as of that place, and a ring of the last rendered entries. A socket holds no
queue: its seat holds a cursor into the ring. Everything here happens in one step, without awaiting,
which is what makes "attach at L, then receive L + 1" free of races.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterable, Sequence
from typing import Any

from hubbub.realtime.room import Cohort, Cursor, Entry, Room, Seat

REPLAY_LIMIT = 300
"""A page further behind than this gets one snapshot instead of so many changes."""


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

    def advance(self, room: int, entries: Sequence[Entry], *, more: bool = False) -> list[Eviction]:
        """Take over what follows the head, memberships in order; return who must go.

        Entries are drawn as their subjects are by now, so what is read together with a later change
        may show it already: of that, who must go is given nothing. `more`: the log goes on.

        Raises Discontinuity, having changed nothing, when the entries do not follow the head.
        """
        here = self.rooms[room]
        for place, entry in enumerate(entries, start=here.head.seq + 1):
            if entry.cursor.seq != place:
                raise Discontinuity(f"{entry.cursor.seq} where {place} belongs")
        known = here.head.seq
        changed = max((e.cursor.seq for e in entries if not e.is_plain), default=known)
        evicted: list[Eviction] = []
        for entry in entries:
            is_clear = not more and entry.cursor.seq > changed
            evicted += self._apply_rights(here, entry, entry.cursor.seq if is_clear else known)
            here.push(entry)
        return evicted

    def _apply_rights(self, here: Room, entry: Entry, upto: int) -> list[Eviction]:
        """Apply what `entry` says about rights before it enters the ring; who loses them is still
        given what came up to `upto`."""
        if entry.joined is not None:
            here.members.add(entry.joined)
        if entry.left is not None:
            here.members.discard(entry.left)
        if entry.left is None and not entry.ends_room:
            return []
        gone = [s for s in here.seats.values() if entry.ends_room or s.person == entry.left]
        return [self._evict(here, seat, entry.ends_room, upto) for seat in gone]

    def _evict(self, here: Room, seat: Seat, room_ended: bool, upto: int) -> Eviction:
        pending = [] if seat.held else here.since(seat.cursor) or []
        owed = [entry for entry in pending if entry.cursor.seq <= upto]
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

    def disband(self, room: int, cohort: Cohort, seats: Iterable[Seat] | None = None) -> None:
        """Some seats of a cohort, or all, are on their own from now on."""
        here = self.rooms[room]
        for seat in list(cohort.seats if seats is None else seats):
            here.fall_out(seat)

    def due(self, room: int) -> list[Seat]:
        """The seats outside of cohorts that stand behind the head and may be served."""
        here = self.rooms.get(room)
        if here is None:
            return []
        head = here.head.seq
        return [s for s in here.alone if s.own_cursor.seq < head and not s.held and not s.blocked]

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

    def block(self, seat: Seat) -> None:
        """The seat's socket takes nothing for now."""
        seat.blocked = True
        self.rooms[seat.room].fall_out(seat)

    def unblock(self, seat: Seat) -> None:
        seat.blocked = False
        self.rooms[seat.room].fall_in(seat)

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
        evicted = [self._evict(here, seat, False, head.seq) for seat in strangers]
        for seat in here.seats.values():
            self.hold(seat)
        return list(here.seats.values()), evicted
