"""Slots: what only the newest of counts, in as few frames as can be."""

from hubbub.realtime import slots, wire
from hubbub.realtime.room import Cursor, Seat


class Taker:
    """A socket that takes frames, unless it is stuck."""

    def __init__(self) -> None:
        self.frames: list[str] = []
        self.stuck = False

    def push(self, frame: wire.Frame) -> bool:
        if not self.stuck:
            self.frames.append(frame.payload.decode().partition("<input")[0])
        return not self.stuck


def seat() -> Seat:
    return Seat(room=1, person=1, socket=Taker(), own_cursor=Cursor(1, "aaaaaa"))


def test_all_that_is_owed_at_once_is_one_frame() -> None:
    in_step = False
    kept = slots.Slots(lambda _: in_step)
    late = seat()
    kept.show("people", lambda _: b"<people/>", [late])
    kept.show("inbox", lambda _: b"<inbox/>", [late])
    assert late.socket.frames == []
    in_step = True
    kept.pay_all()
    assert late.socket.frames == ["<inbox/><people/>"]
    kept.pay_all()
    assert len(late.socket.frames) == 1


def test_what_is_nothing_to_somebody_is_no_frame() -> None:
    kept = slots.Slots(lambda _: True)
    one, other = seat(), seat()
    kept.show("unread", lambda each: b"<unread/>" if each is one else b"", [one, other])
    assert (one.socket.frames, other.socket.frames) == (["<unread/>"], [])


def test_who_takes_nothing_is_still_owed_the_newest() -> None:
    kept = slots.Slots(lambda _: True)
    stuck = seat()
    stuck.socket.stuck = True
    for number in (b"1", b"2"):
        kept.show("people", lambda _, number=number: number, [stuck])
    stuck.socket.stuck = False
    kept.pay(stuck)
    assert stuck.socket.frames == ["2"]
