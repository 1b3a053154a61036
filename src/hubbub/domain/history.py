"""Reading what was said: page by page, around a message, and each message whole.

A message is whole with what it answers and who reacted to it. A page costs one query, and one more
for each kind of such things that any message of it has.
"""

# ruff: noqa: S608 - SQL is put together from constants only; values are bound.

from __future__ import annotations

from collections.abc import Sequence

from hubbub import database
from hubbub.domain import messages, permissions, reactions

Message = messages.Message

PAGE = 50
_BEYOND = 2**53  # No room gets there, and every driver can still write it.
_SELECT = f"SELECT {messages.COLUMNS} FROM messages m{messages.JOINS}"


async def whole(db: database.Queries, rows: Sequence[database.Record]) -> list[Message]:
    """The messages of rows that hold `messages.COLUMNS`, with all that belongs to them."""
    reacted = [row["id"] for row in rows if row["reaction_count"]]
    found = await reactions.of(db, reacted) if reacted else {}
    return [messages.from_row(row, found.get(row["id"], ())) for row in rows]


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
