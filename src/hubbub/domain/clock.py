"""What time it is: integer milliseconds UTC, the only kind of time that is stored."""

from __future__ import annotations

import time

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def now() -> int:
    return time.time_ns() // 1_000_000


def at(moment: int | None) -> int:
    """The moment given, or now: what an optional `now` argument means everywhere."""
    return now() if moment is None else moment
