"""What only the newest of counts, such as who is here: shown to those that keep up, at once, and to
the others as soon as they do."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from hubbub.realtime import wire
from hubbub.realtime.room import Seat

FrameFor = Callable[[Seat], wire.Frame]


class Slots:
    """The slots of one room. `is_in_step` tells whether a seat has been sent all there is."""

    def __init__(self, is_in_step: Callable[[Seat], bool]) -> None:
        self._is_in_step = is_in_step
        self._shown: dict[str, FrameFor] = {}
        self._owed: dict[Seat, set[str]] = {}

    def show(self, slot: str, frame_for: FrameFor, seats: Iterable[Seat]) -> None:
        """Replace what a slot shows."""
        self._shown[slot] = frame_for
        for seat in seats:
            self._owed.setdefault(seat, set()).add(slot)
            self.pay(seat)

    def greet(self, seat: Seat) -> None:
        """Show a newcomer what all others see."""
        self._owed[seat] = set(self._shown)
        self.pay(seat)

    def pay(self, seat: Seat) -> None:
        """Send a seat what it missed, if it is in step now."""
        owed = self._owed.get(seat)
        if not owed or not self._is_in_step(seat):
            return
        for slot in list(owed):
            if not seat.socket.push(self._shown[slot](seat)):
                return
            owed.discard(slot)
        del self._owed[seat]

    def pay_all(self) -> None:
        for seat in list(self._owed):
            self.pay(seat)

    def forget(self, seat: Seat) -> None:
        self._owed.pop(seat, None)
