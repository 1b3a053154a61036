"""One followed room: a reader that takes over its log, and what brings its seats up to date."""

from __future__ import annotations

import asyncio
import collections
import logging
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any

from hubbub.realtime import frames, passes, slots, wire
from hubbub.realtime.close_codes import NOT_ALLOWED, OVERLOADED, ROOM_GONE
from hubbub.realtime.hub import Attached, Discontinuity, Eviction, Hub
from hubbub.realtime.room import Cursor, Entry, Seat
from hubbub.realtime.roster import Roster
from hubbub.realtime.source import RoomGone, Source

log = logging.getLogger(__name__)

BLOCKED_SECONDS = 10.0
BREATH_SECONDS = 0.05
READ_LIMIT = 400
SETTLED_SECONDS = 5.0
"""Several polls: by then the head is past everything a page could show when it came."""

Spawn = Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"]


class Channel:
    """The asynchronous side of one room of the hub. `spawn` starts work in the background."""

    def __init__(self, room: int, hub: Hub, roster: Roster, source: Source, spawn: Spawn) -> None:
        self.room = room
        self._hub = hub
        self._roster = roster
        self._source = source
        self._spawn = spawn
        self._reader: asyncio.Task[None] | None = None
        self._read_again = False
        self._wanted = 0
        self._slots = slots.Slots(self._is_in_step)
        self._passes = passes.Passes(room, hub, self._slots, self._is_due, self.catch_up)
        self._newcomers: collections.deque[tuple[float, Seat]] = collections.deque()

    # ---------------------------------------------------------------- reading

    def look(self, seq: int) -> None:
        """The log is said to have reached `seq`: read, if that is news."""
        self._wanted = max(self._wanted, seq)
        head = self._hub.head(self.room)
        if head is not None and self._wanted > head.seq:
            self.read_soon()

    def read_soon(self) -> None:
        if self._reader is None or self._reader.done():
            self._reader = self._spawn(self._read_on())
        else:
            self._read_again = True

    async def _read_on(self) -> None:
        while True:
            self._read_again = False
            try:
                more = await self.read()
            except Exception as error:
                # The poll looks again within a second.
                log.warning("cannot read a room's log: %r", error)
                return
            if more:
                # Nobody shall fall out of the ring for a burst: what was read goes out first.
                self._passes.run()
            elif not self._read_again:
                return

    async def read(self) -> bool:
        """Take over what follows the head. True when there may be more."""
        head = self._hub.head(self.room)
        if head is None:
            return False
        entries = await self._source.after(self.room, head, READ_LIMIT)
        if self._hub.head(self.room) != head:
            return True  # Another reader was quicker; look again.
        try:
            if entries is None:
                raise Discontinuity("the log no longer holds the head")
            more = len(entries) == READ_LIMIT
            evictions = self._hub.advance(self.room, entries, more=more)
        except Discontinuity as error:
            log.warning("starting a room's log anew: %s", error)
            await self._start_anew(head)
            return False
        self._evict(evictions)
        self._note(entries)
        return more

    async def _overtake(self) -> None:
        """Read up to now, and so beyond what was just drawn of the present: whoever was removed
        before that is not seated any more."""
        while await self.read():
            self._passes.run()

    def _note(self, entries: Sequence[Entry]) -> None:
        """See to what the entries mean beside the list of messages."""
        for entry in entries:
            if entry.author is not None and self._roster.typed_out(self.room, entry.author):
                self._spawn(self.show_typing())
            if entry.joined is not None or entry.left is not None:
                self._roster.touch(self.room)
        if entries:
            self._passes.soon()

    async def _start_anew(self, stale: Cursor) -> None:
        """Another log has taken the place of the one that was followed."""
        try:
            opening = await self._source.open(self.room)
        except RoomGone:
            for seat in self.seats():
                self.close_seat(seat, ROOM_GONE)
            return
        if self._hub.head(self.room) != stale:
            return
        seats, evictions = self._hub.reset(self.room, opening.head, opening.members)
        self._evict(evictions)
        for seat in seats:
            self.catch_up(seat, None)

    # ------------------------------------------------------------------ seats

    def seats(self) -> list[Seat]:
        here = self._hub.rooms.get(self.room)
        return list(here.seats.values()) if here else []

    def _is_due(self, seat: Seat) -> bool:
        return (
            self._is_seated(seat)
            and not seat.held
            and not seat.blocked
            and seat.cursor != self._hub.head(self.room)
        )

    def _is_in_step(self, seat: Seat) -> bool:
        return not seat.held and seat.cursor == self._hub.head(self.room)

    def _is_seated(self, seat: Seat) -> bool:
        here = self._hub.rooms.get(self.room)
        return here is not None and here.seats.get(seat.socket) is seat

    def _evict(self, evictions: Iterable[Eviction]) -> None:
        """Give those who must go what was theirs before, and nothing after."""
        for eviction in evictions:
            if eviction.owed:
                frame, _ = frames.of(eviction.owed, fresh=eviction.seat.fresh)
                _sender(eviction.seat).push(frame)
            self.close_seat(eviction.seat, ROOM_GONE if eviction.room_ended else NOT_ALLOWED)

    def close_seat(self, seat: Seat, code: int) -> None:
        self.leave(seat)
        _sender(seat).finish(code)

    def leave(self, seat: Seat) -> None:
        """Give up a seat, evicted or not. Doing so twice is the same as once."""
        self._hub.detach(seat)
        self._slots.forget(seat)
        self._roster.depart(seat.room, seat.person, seat)

    def _blocked(self, seat: Seat) -> None:
        if self._is_seated(seat):
            self._hub.block(seat)

    def _writable(self, seat: Seat) -> None:
        if self._is_seated(seat):
            self._hub.unblock(seat)
            self._passes.serve(seat)

    def tidy(self, now: float) -> None:
        """Free those who have not taken a byte for too long, without waiting for them."""
        while self._newcomers and now - self._newcomers[0][0] > SETTLED_SECONDS:
            seat = self._newcomers.popleft()[1]
            if self._is_seated(seat) and not self._hub.settle(seat):
                self._newcomers.append((now, seat))
        for seat in self.seats():
            since = _sender(seat).blocked_since
            if since is not None and now - since > BLOCKED_SECONDS:
                self.close_seat(seat, OVERLOADED)

    # ------------------------------------------------------------- catching up

    def catch_up(self, seat: Seat, after: Cursor | None) -> None:
        """Bring a held seat to its place: by what the log holds after `after`, or by a snapshot."""
        self._spawn(self._catch_up(seat, after))

    async def _catch_up(self, seat: Seat, after: Cursor | None) -> None:
        upto = seat.cursor
        while after != upto:
            try:
                frame, after = await self._missed(after, upto)
                await self._overtake()
            except Exception as error:
                log.warning("cannot bring a page up to date: %r", error)
                self.close_seat(seat, OVERLOADED)
                return
            while self._is_seated(seat) and seat.blocked:  # noqa: ASYNC110 - or it is gone
                await asyncio.sleep(BREATH_SECONDS)  # Who is blocked for too long loses the seat.
            if not self._is_seated(seat) or seat.cursor != upto:
                return
            if not _sender(seat).push(frame):
                self.close_seat(seat, OVERLOADED)
                return
        self._hub.release(seat)
        self._passes.serve(seat)

    async def _missed(self, after: Cursor | None, upto: Cursor) -> tuple[wire.Frame, Cursor]:
        """What lies in (after, upto], or its first part; the room anew when that is not whole."""
        if after is not None:
            entries = await self._source.after(self.room, after, upto.seq - after.seq)
            if entries and entries[-1].cursor == upto:
                return frames.of(entries, fresh=True)
        return frames.frame(await self._source.snapshot(self.room, upto), upto), upto

    # ------------------------------------------------- only the newest counts

    def welcome(self, seat: Seat, after: Cursor | None, attached: Attached) -> None:
        """Bring a newcomer up to date, and show what is shown to all."""
        sender = _sender(seat)
        sender.on_blocked = lambda: self._blocked(seat)
        sender.on_writable = lambda: self._writable(seat)
        if sender.blocked_since is not None:
            self._blocked(seat)
        self._roster.arrive(self.room, seat.person, seat)
        if attached is Attached.LIVE:
            self._passes.serve(seat)
        else:
            self.catch_up(seat, after if attached is Attached.BACKLOG else None)
        self._newcomers.append((asyncio.get_running_loop().time(), seat))
        self._slots.greet(seat)

    async def show_people(self) -> None:
        """Show everyone who is here."""
        try:
            fragment = await self._source.people(self.room, self._roster.here(self.room))
            await self._overtake()
        except Exception as error:
            log.warning("cannot show who is here: %r", error)
            return
        self._slots.show("people", lambda seat: fragment, self.seats())

    async def show_typing(self) -> None:
        """Show who is typing: to each of those who are, only the others."""
        people = self._roster.typing(self.room)
        try:
            everyone = await self._source.typing(self.room, people)
            others = {
                own: await self._source.typing(self.room, [p for p in people if p != own])
                for own in people
            }
        except Exception as error:
            log.warning("cannot show who is typing: %r", error)
            return
        self._slots.show("typing", lambda s: others.get(s.person, everyone), self.seats())

    def show_own(self, slot: str, seats: Iterable[Seat], fragment_for: slots.FragmentFor) -> None:
        """Show some of those who are here what is so beside this room, for each by itself."""
        here = [seat for seat in seats if self._is_seated(seat)]
        self._slots.show(slot, fragment_for, here)

    def answer_beat(self, seat: Seat) -> None:
        """Tell a page that stands at the head so, which shows that the way to it is open."""
        if self._is_in_step(seat):
            _sender(seat).push(frames.frame(b"", seat.cursor))

    def stop(self) -> None:
        """Nobody is here any more."""
        self._passes.stop()


def _sender(seat: Seat) -> wire.Sender:
    sender: wire.Sender = seat.socket
    return sender
