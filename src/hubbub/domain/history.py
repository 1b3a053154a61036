"""Reading what was said: page by page, around a message, and each message whole.

A message is whole with what it answers, its files, and who reacted to it. A page costs one query,
and one more for each kind of such things that any message of it has.
"""

# ruff: noqa: S608 - SQL is put together from constants only; values are bound.

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hubbub import database
from hubbub.domain import attachments, clock, messages, permissions, reactions, rooms

Message = messages.Message
Room = rooms.Room

PAGE = 50
_BEYOND = 2**53  # No room gets there, and every driver can still write it.
_SELECT = f"SELECT {messages.COLUMNS} FROM messages m{messages.JOINS}"


async def whole(db: database.Queries, rows: Sequence[database.Record]) -> list[Message]:
    """The messages of rows that hold `messages.COLUMNS`, with all that belongs to them."""
    reacted = [row["id"] for row in rows if row["reaction_count"]]
    found = await reactions.of(db, reacted) if reacted else {}
    files = await attachments.of(db, [row["id"] for row in rows if row["attachment_count"]])
    return [
        messages.from_row(row, found.get(row["id"], ()), files.get(row["id"], ())) for row in rows
    ]


async def latest(
    db: database.Queries, room_id: int, upto_seq: int, limit: int = PAGE
) -> list[Message]:
    """The newest messages as of a place in the log; like all of these, in ascending order."""
    condition = "m.room_id = :room_id AND m.seq <= :seq ORDER BY m.number DESC"
    return await _descending(db, condition, room_id=room_id, seq=upto_seq, limit=limit)


async def before(
    db: database.Queries, room_id: int, number: int, limit: int = PAGE
) -> list[Message]:
    condition = "m.room_id = :room_id AND m.number < :number ORDER BY m.number DESC"
    return await _descending(db, condition, room_id=room_id, number=_bounded(number), limit=limit)


async def after(
    db: database.Queries, room_id: int, number: int, limit: int = PAGE
) -> list[Message]:
    condition = "m.room_id = :room_id AND m.number > :number ORDER BY m.number"
    values = {"room_id": room_id, "number": _bounded(number), "limit": limit}
    return await whole(db, await db.all(f"{_SELECT} WHERE {condition} LIMIT :limit", values))


async def around(
    db: database.Queries, room_id: int, number: int, limit: int = PAGE
) -> list[Message]:
    """A message among its neighbours. NotFound when there is no message of this number."""
    values = {"room_id": room_id, "number": _bounded(number)}
    rows = await db.all(_AROUND, {**values, "half": limit // 2, "rest": limit - limit // 2})
    if not any(row["number"] == number for row in rows):
        raise permissions.unseen()
    return await whole(db, sorted(rows, key=lambda row: row["number"]))


async def one(db: database.Queries, room_id: int, number: int) -> Message:
    """NotFound when there is no message of this number."""
    values = {"room_id": room_id, "number": _bounded(number)}
    found = await whole(db, await db.all(_ONE, values))
    if not found:
        raise permissions.unseen()
    return found[0]


async def answers(db: database.Queries, room_id: int, number: int, limit: int) -> list[Message]:
    """The newest answers to a message: they quote it, and change when it does."""
    values = {"room_id": room_id, "number": number, "limit": limit}
    return await whole(db, await db.all(_ANSWERS, values))


async def pinned(db: database.Queries, room_id: int) -> list[Message]:
    """Those pinned last come first."""
    return await whole(db, await db.all(_PINNED, {"room_id": room_id}))


_ONE = f"{_SELECT} WHERE m.room_id = :room_id AND m.number = :number"
_ANSWERS = (
    f"{_SELECT} WHERE m.room_id = :room_id AND m.reply_to = :number"
    " ORDER BY m.number DESC LIMIT :limit"
)
_PINNED = (
    f"{_SELECT} WHERE m.room_id = :room_id AND m.pinned_at IS NOT NULL"
    " ORDER BY m.pinned_at DESC, m.number DESC"
)


_AROUND = f"""
SELECT * FROM (
  {_SELECT} WHERE m.room_id = :room_id AND m.number <= :number ORDER BY m.number DESC LIMIT :half
) older UNION ALL SELECT * FROM (
  {_SELECT} WHERE m.room_id = :room_id AND m.number > :number ORDER BY m.number LIMIT :rest
) newer
"""


async def _descending(db: database.Queries, condition: str, **values: int) -> list[Message]:
    rows = await db.all(f"{_SELECT} WHERE {condition} LIMIT :limit", values)
    return await whole(db, rows[::-1])


def _bounded(number: int) -> int:
    return min(max(number, 0), _BEYOND)


# ------------------------------------------------------------------- by day

DAY_PAGE = 2000


@dataclass(frozen=True, slots=True)
class Day:
    """What was said in a room on one day, counted from 1970-01-01 UTC; `earlier` and `later` are
    the nearest days on which something was said, `rest` the number after which this one goes on."""

    day: int
    messages: tuple[Message, ...]
    rest: int | None
    earlier: int | None
    later: int | None


async def of_day(
    db: database.Queries, room: Room, day: int, after: int = 0, limit: int = DAY_PAGE
) -> Day:
    first = await _first_since(db, room, day * clock.DAY)
    beyond = await _first_since(db, room, (day + 1) * clock.DAY)
    values = {"room_id": room.id, "after": max(_bounded(after), first - 1), "beyond": beyond}
    found = await whole(db, await db.all(_OF_DAY, {**values, "limit": limit}))
    rest = found[-1].number if found and found[-1].number < beyond - 1 else None
    near = {"room_id": room.id, "earlier": first - 1, "later": beyond}
    days = {row["number"]: row["posted_at"] // clock.DAY for row in await db.all(_BESIDE, near)}
    return Day(day, tuple(found), rest, days.get(first - 1), days.get(beyond))


async def _first_since(db: database.Queries, room: Room, at: int) -> int:
    """The number of the first message since then, found by halving: numbers have no holes, and
    those at the beginning that are not kept any more lie before any time.

    Where a clock was set back the times are not in order. Each message is still on one day only,
    and none is left out.
    """
    values = {"room_id": room.id, "beyond": room.last_number + 1, "at": at}
    return int(await db.value(_FIRST_SINCE, values))


_FIRST_SINCE = """
WITH RECURSIVE half (low, high) AS (
  SELECT CAST(1 AS BIGINT), CAST(:beyond AS BIGINT)
  UNION ALL
  SELECT CASE WHEN m.posted_at >= :at THEN h.low ELSE (h.low + h.high) / 2 + 1 END,
    CASE WHEN m.posted_at >= :at THEN (h.low + h.high) / 2 ELSE h.high END
  FROM half h LEFT JOIN messages m ON m.room_id = :room_id AND m.number = (h.low + h.high) / 2
  WHERE h.low < h.high
)
SELECT low FROM half WHERE low >= high
"""
_OF_DAY = (
    f"{_SELECT} WHERE m.room_id = :room_id AND m.number > :after AND m.number < :beyond"
    " ORDER BY m.number LIMIT :limit"
)
_BESIDE = (
    "SELECT number, posted_at FROM messages"
    " WHERE room_id = :room_id AND (number = :earlier OR number = :later)"
)
