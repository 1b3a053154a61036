"""What processes tell each other: reasons to look, never what there is to see.

A hint goes with the key under which a newer one takes its place as long as it was not sent.
"""

from __future__ import annotations

import re

Hint = tuple[str, str]

SESSIONS: Hint = ("sessions", "sessions")
"""Sessions were ended."""

INBOX: Hint = ("inbox", "inbox")
"""Somebody's inbox was changed."""

_HINT = re.compile(
    r"sessions|inbox|(?:choice|looked) [0-9]{1,18}|(?:room|typing)(?: [0-9]{1,18}){2}"
    r"|(?:seen|unread)(?: [0-9]{1,18}){3}",
    re.ASCII,
)


def room(room: int, seq: int) -> Hint:
    """The log of a room has reached `seq`."""
    return f"room {room} {seq}", f"room {room}"


def typing(room: int, person: int) -> Hint:
    hint = f"typing {room} {person}"
    return hint, hint


def seen(room: int, person: int, number: int) -> Hint:
    """Someone has read so far."""
    return f"seen {room} {person} {number}", f"seen {room} {person}"


def unread(room: int, person: int, number: int) -> Hint:
    """Everything beyond `number` counts as unread again, whatever was said to be seen before."""
    return f"unread {room} {person} {number}", f"seen {room} {person}"


def choice(person: int) -> Hint:
    """Somebody asked for more or less of a room."""
    return f"choice {person}", f"choice {person}"


def looked(person: int) -> Hint:
    """Somebody looks at what waits for them."""
    return f"looked {person}", f"looked {person}"


def read(text: str) -> tuple[str, list[int]] | None:
    """The kind of a hint and the numbers in it; None when it is none."""
    if not _HINT.fullmatch(text):
        return None
    kind, *words = text.split()
    return kind, [int(word) for word in words]
