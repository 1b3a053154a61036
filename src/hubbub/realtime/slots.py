"""What only the newest of counts, such as who is here: shown to those that keep up, at once, and to
the others as soon as they do."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from hubbub.realtime import frames, wire
from hubbub.realtime.room import Cursor, Seat

FragmentFor = Callable[[Seat], bytes]


class Slots:
    """The slots of one room. `is_in_step` tells whether a seat has been sent all there is."""

    def __init__(self, is_in_step: Callable[[Seat], bool]) -> None:
        self._is_in_step = is_in_step
        self._shown: dict[str, FragmentFor] = {}
        self._owed: dict[Seat, set[str]] = {}
        self._made: dict[tuple[bytes, Cursor], wire.Frame] = {}

    def show(self, slot: str, fragment_for: FragmentFor, seats: Iterable[Seat]) -> None:
        """Replace what a slot shows."""
        self._shown[slot] = fragment_for
        self._made.clear()
        for seat in seats:
            self._owed.setdefault(seat, set()).add(slot)
            self.pay(seat)

    def greet(self, seat: Seat) -> None:
        """Show a newcomer what all others see."""
        self._owed[seat] = set(self._shown)
        self.pay(seat)

    def pay(self, seat: Seat) -> None:
        """Send a seat what it missed, if it is in step now: all of it in one frame, and none for
        what is nothing to this seat."""
        owed = self._owed.get(seat)
        if not owed or not self._is_in_step(seat):
            return
        fragment = b"".join(self._shown[slot](seat) for slot in sorted(owed))
        if fragment and not seat.socket.push(self._frame(fragment, seat.cursor)):
            return
        del self._owed[seat]

    def _frame(self, fragment: bytes, cursor: Cursor) -> wire.Frame:
        """Made once for all who are shown the same at the same place."""
        key = (fragment, cursor)
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = frames.frame(fragment, cursor)
        return made

    def pay_all(self) -> None:
        self._made.clear()
        for seat in list(self._owed):
            self.pay(seat)

    def forget(self, seat: Seat) -> None:
        self._owed.pop(seat, None)
