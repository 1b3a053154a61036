"""Passes over the seats of one room: what is due is written, the same bytes to all who are in step.

Nothing here waits. A pass is one turn of the event loop, and a long one is continued in the next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hubbub.realtime import frames, wire
from hubbub.realtime.hub import Hub
from hubbub.realtime.room import Cohort, Cursor, Seat
from hubbub.realtime.slots import Slots

COALESCE_SECONDS = 0.02
PASS_SEATS = 2048


class Passes:
    """`is_due` says whether a seat may be sent something from the ring now. `catch_up` is asked
    for a seat, held by then, whose place after a cursor the ring no longer reaches."""

    def __init__(
        self,
        room: int,
        hub: Hub,
        slots: Slots,
        is_due: Callable[[Seat], bool],
        catch_up: Callable[[Seat, Cursor | None], None],
    ) -> None:
        self._room = room
        self._hub = hub
        self._slots = slots
        self._is_due = is_due
        self._catch_up = catch_up
        self._next: asyncio.Handle | None = None
        self._ended_at = 0.0
        self._seconds = 0.0
        self._made: dict[tuple[Cursor, bool], tuple[wire.Frame, Cursor]] = {}

    def soon(self) -> None:
        """Serve the room now, or when the time to gather changes in one frame has passed.

        Gathering costs latency and saves writes, so the time is short where a pass is short.
        """
        if self._next is None:
            loop = asyncio.get_running_loop()
            gather = min(COALESCE_SECONDS, self._seconds / 2)
            self._next = loop.call_at(max(loop.time(), self._ended_at + gather), self.run)

    def run(self) -> None:
        """The same frame to everyone in a cohort, and to others their own; then the loop's turn."""
        self.stop()
        loop = asyncio.get_running_loop()
        started = loop.time()
        self._made.clear()
        cohorts = self._hub.cohorts(self._room)
        if cohorts:
            self._lead(cohorts[0])
        alone = self._hub.due(self._room)
        for seat in alone[:PASS_SEATS]:
            self.serve(seat)
        self._ended_at = loop.time()
        self._seconds = self._ended_at - started
        if len(cohorts) > 1 or self._hub.cohorts(self._room) or len(alone) > PASS_SEATS:
            self._next = loop.call_soon(self.run)
        else:
            self._slots.pay_all()

    def stop(self) -> None:
        """No pass is planned any more."""
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _lead(self, cohort: Cohort) -> None:
        """Write one frame to all seats of a cohort. Who does not take it is served alone later."""
        entries = self._hub.pending(cohort, self._room)
        if entries is None:
            self._hub.disband(self._room, cohort)
            return
        if cohort.roll is None:
            cohort.roll = self._roll(cohort)
        frame, upto = frames.of(entries, fresh=False)
        gone, spilled = cohort.roll.write(frame)
        seat_of = self._hub.rooms[self._room].seats
        self._hub.march(self._room, cohort, upto, [seat_of[sender] for sender in gone])
        for sender in spilled:
            self._hub.sent(seat_of[sender], upto)

    def _roll(self, cohort: Cohort) -> wire.Roll:
        """The sockets of a cohort that can be written to directly; the others go alone."""
        for seat in list(cohort.seats):
            if seat.socket.descriptor < 0:
                self._hub.disband(self._room, cohort, [seat])
        return wire.Roll([seat.socket for seat in cohort.seats])

    def serve(self, seat: Seat) -> None:
        """Serve one seat from the ring for as long as its socket takes it."""
        while self._is_due(seat):
            prepared = self._prepare(seat)
            if prepared is None or not seat.socket.push(prepared[0]):
                return
            self._hub.sent(seat, prepared[1])
        self._slots.pay(seat)

    def _prepare(self, seat: Seat) -> tuple[wire.Frame, Cursor] | None:
        """The next frame for a seat and the place it leads to; None when it must catch up first."""
        key = (seat.cursor, seat.fresh)
        if key in self._made:
            return self._made[key]
        entries = self._hub.pending(seat, self._room)
        if entries is None:
            after = seat.cursor
            self._hub.hold(seat)
            self._catch_up(seat, after)
            return None
        made = self._made[key] = frames.of(entries, fresh=seat.fresh)
        return made
