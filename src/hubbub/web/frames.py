"""What a browser may say over a live socket: one strict door for every frame."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

MAX_DEPTH = 4
"""htmx puts its headers one level deep; nothing honest goes further."""


class Unreadable(Exception):
    """Not a frame; `code` is what the socket closes with (RFC 6455, 7.4.1)."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


INVALID_DATA, POLICY = 1007, 1008


def read(message: Mapping[str, Any]) -> dict[str, Any]:
    """The object that an ASGI `websocket.receive` message holds.

    Text only; strict JSON without duplicate keys, NaN, NUL or lone surrogates. Raises Unreadable.
    """
    text = message.get("text")
    if text is None:
        raise Unreadable(POLICY)
    try:
        said = json.loads(text, object_pairs_hook=_unique, parse_constant=_constant)
    except (ValueError, RecursionError):
        raise Unreadable(INVALID_DATA) from None
    if not isinstance(said, dict) or not _clean(said, MAX_DEPTH):
        raise Unreadable(INVALID_DATA)
    return said


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key stands twice")
    return made


def _constant(name: str) -> None:
    raise ValueError(name)


def _clean(value: object, depth: int) -> bool:
    if isinstance(value, str):
        return "\0" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)
    if isinstance(value, dict):
        return depth > 0 and all(_clean(part, depth - 1) for item in value.items() for part in item)
    if isinstance(value, list):
        return depth > 0 and all(_clean(part, depth - 1) for part in value)
    return True


class Allowance:
    """How many frames a peer may send in a stretch of time; unused ones do not pile up."""

    def __init__(self, frames: int, seconds: float) -> None:
        self._frames = frames
        self._seconds = seconds
        self._used = 0
        self._since = 0.0

    def take(self) -> bool:
        now = time.monotonic()
        if now - self._since >= self._seconds:
            self._since, self._used = now, 0
        self._used += 1
        return self._used <= self._frames
