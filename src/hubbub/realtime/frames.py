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

    A browser changes what it shows before it appends what is new, so each message stands in a frame
    once, as the last entry about it has it: at the end if it is new, else in its place. A fresh
    page may already show what is new, so there each clears its own place first.
    """
    entries = _within(entries)
    newest: dict[int, bytes] = {}
    for entry in entries:
        if entry.number is not None:
            newest[entry.number] = entry.fragment
        newest.update(entry.changes)
    posted = dict.fromkeys(e.number for e in entries if e.number is not None)
    parts = [_clear(number) for number in posted] if fresh else []
    parts += [_replace(n, part) for n, part in newest.items() if n not in posted]
    parts += [entry.aside for entry in entries]
    parts += [e.fragment if e.number is None else newest[e.number] for e in entries]
    upto = entries[-1].cursor
    return frame(b"".join(parts), upto), upto


def _clear(number: int) -> bytes:
    return f'<hx-partial hx-target="#m{number}" hx-swap="delete"></hx-partial>'.encode()


def _replace(number: int, fragment: bytes) -> bytes:
    opening = f'<hx-partial hx-target="#m{number}" hx-swap="outerHTML">'
    return opening.encode() + fragment + b"</hx-partial>"


def _within(entries: Sequence[Entry]) -> Sequence[Entry]:
    size = 0
    for count, entry in enumerate(entries):
        size += entry.size
        if size > FRAME_BYTES and count:
            return entries[:count]
    return entries
