"""What a frame says: some changes of the page, and then where the page stands."""

from __future__ import annotations

from collections.abc import Sequence

from hubbub.realtime import wire
from hubbub.realtime.room import Cursor, Entry

FRAME_BYTES = 256 * 1024


def frame(fragment: bytes, cursor: Cursor) -> wire.Frame:
    """A frame that ends with the hidden input which the page's next hello will bring along."""
    place = (
        f'<input type="hidden" id="cursor" name="after" value="{cursor}"'
        ' autocomplete="off" hx-swap-oob="true">'
    )
    return wire.Frame(fragment + place.encode())


def of(entries: Sequence[Entry], *, fresh: bool) -> tuple[wire.Frame, Cursor]:
    """As many of the first entries as fit into one frame, at least one, and where they lead to.

    A fresh page may already show them, so each clears its own place first.
    """
    entries = _within(entries)
    parts = [e.clear + e.fragment for e in entries] if fresh else [e.fragment for e in entries]
    upto = entries[-1].cursor
    return frame(b"".join(parts), upto), upto


def _within(entries: Sequence[Entry]) -> Sequence[Entry]:
    size = 0
    for count, entry in enumerate(entries):
        size += len(entry.fragment) + len(entry.clear)
        if size > FRAME_BYTES and count:
            return entries[:count]
    return entries
