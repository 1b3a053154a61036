"""Rooms full of messages, put straight into the tables as posting would have left them.

They differ in nothing but their length: every day has the same fifty messages by the same four
people, in other words.
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import random
import sqlite3
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

import asyncpg
import sqlalchemy
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from hubbub import database, terms
from hubbub.domain import accounts, clock, log, memberships, rooms
from hubbub.tables import events, mentions, messages, reactions
from hubbub.tables import rooms as table

A_DAY = 50  # messages; as many as a page has, so that every page holds a day's worth
BATCH = 1_000
PINS = 10
COMMON, RARE = "tide", "xylophone"
PASSWORD = "nine calm otters rowing"

YESTERDAY = clock.now() // clock.DAY - 1
_SYLLABLES = ["ba", "fo", "ke", "lo", "mu", "ni", "po", "ra", "se", "vu", "wa", "zi"]
VOCABULARY = ["".join(parts) for parts in itertools.product(_SYLLABLES, repeat=3)]
random.Random(0).shuffle(VOCABULARY)  # Each letter begins as many words that are said often.
# The n-th word is said about 1/n times as often as the first (Zipf).
_WEIGHTS = list(itertools.accumulate(1 / (rank + 10) for rank in range(len(VOCABULARY))))


@dataclasses.dataclass(frozen=True)
class Place:
    """A room of so many messages, who talks there, and who reads."""

    size: int
    room: rooms.Room
    authors: list[accounts.Person]
    reader: accounts.Person

    def day(self, number: int) -> int:
        """On which day a message was posted, counted from 1970; the newest are of yesterday."""
        return YESTERDAY - (self.size - number) // A_DAY


async def furnish(db: database.Database, url: str, name: str, size: int) -> Place:
    """A room with its people, made the usual way, and its messages, put straight into tables."""
    keys = ("only for the time of the benchmark, and long enough",)
    people = [
        await accounts.register(db, f"{first}-{name}", PASSWORD, keys)
        for first in ("ada", "bea", "cleo", "dora", "reader")
    ]
    made = await rooms.create(db, people[0], f"A {name} room")
    for person in people[1:]:
        await memberships.join(db, made, person)
    fresh = await rooms.by_id(db, made.id)
    assert fresh
    place = Place(size, fresh, people[:4], people[4])
    engine = create_async_engine(url.replace("sqlite:", "sqlite+aiosqlite:", 1))
    first_id = await db.value("SELECT coalesce(max(id), 0) + 1 FROM messages")
    for start in range(1, size + 1, BATCH):
        numbers = range(start, min(start + BATCH, size + 1))
        async with engine.begin() as connection:
            await _say(connection, place, numbers, first_id - 1)
    async with engine.begin() as connection:
        await _advance(connection, place)
    await engine.dispose()
    return place


async def _say(
    connection: AsyncConnection, place: Place, numbers: Sequence[int], before: int
) -> None:
    """What posting these messages, reacting to them and pinning them would have written."""
    said = [_message(place, number, before + number) for number in numbers]
    await connection.execute(messages.insert(), said)
    await connection.execute(events.insert(), [_event(row) for row in said])
    for some, rows in (
        (reactions, [row for message in said for row in _reactions(place, message)]),
        (mentions, [_mention(place, row) for row in said if row["mentions"]]),
    ):
        if rows:
            await connection.execute(some.insert(), rows)


def _message(place: Place, number: int, message_id: int) -> dict[str, Any]:
    luck, spot, pinned = random.Random(number), (number - 1) % A_DAY, _is_pinned(place, number)
    body, author = _body(place, number, luck), place.authors[spot // 2 % 4]
    # Two by one author, then nothing for a while.
    minutes = 8 * 60 + spot // 2 * 20 + spot % 2
    at = place.day(number) * clock.DAY + minutes * clock.MINUTE
    return {
        "id": message_id,
        "room_id": place.room.id,
        "number": number,
        "seq": place.room.seq + number,
        "author_id": author.id,
        "body": body,
        "run": -1 if spot == 0 else spot % 2,
        "posted_at": at,
        "cid": str(uuid.UUID(int=luck.getrandbits(128), version=4)),
        "digest": hashlib.sha256(body.encode()).hexdigest(),
        "reply_to": _answered(number, spot),
        "mentions": place.reader.username if spot == 12 else "",
        "reactions": 3 if spot in {5, 25, 45} else 0,
        "pinned_at": at + 1 if pinned else None,
        "pinned_by_id": place.authors[0].id if pinned else None,
        "words": terms.index(body, room_id=place.room.id, author_id=author.id, posted_at=at),
    }


def _body(place: Place, number: int, luck: random.Random) -> str:
    """From three words to some forty; some of it marked up, some of it code."""
    spot = (number - 1) % A_DAY
    said = luck.choices(VOCABULARY, cum_weights=_WEIGHTS, k=3 + spot * 7 % 17)
    if spot % 10 == 3:
        said[0] = f"**{said[0]}**"
    if spot == 12:
        said[0] = f"@{place.reader.username}"
    if spot == 17:
        said.append("\n```python\nfor word in sought:\n    print(word, len(word))\n```")
    if spot == 40:
        said += luck.choices(VOCABULARY, cum_weights=_WEIGHTS, k=30)
    if spot % 2 == 0:
        said.insert(1, COMMON)
    if number in {place.size // 4, place.size // 2, place.size * 3 // 4}:
        said[1:1] = [RARE, COMMON]
    return " ".join(said)


def _answered(number: int, spot: int) -> int | None:
    """One answers what was said a moment ago, another what was said long before."""
    return {10: max(number - 7, 1), 30: number // 2}.get(spot)


def _is_pinned(place: Place, number: int) -> bool:
    return number % (place.size // PINS) == 0


def _event(message: dict[str, Any]) -> dict[str, Any]:
    return {
        "room_id": message["room_id"],
        "seq": message["seq"],
        "tag": log.new_tag(),
        "kind": "posted",
        "message_id": message["id"],
        "person_id": message["author_id"],
        "at": message["posted_at"],
    }


def _reactions(place: Place, message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for person, emoji in zip(place.authors[: message["reactions"]], "👍👍🎉", strict=False):
        at = message["posted_at"] + person.id
        yield {"message_id": message["id"], "emoji": emoji, "person_id": person.id, "at": at}


def _mention(place: Place, message: dict[str, Any]) -> dict[str, Any]:
    values = {name: message[name] for name in ("room_id", "number", "author_id")}
    return {**values, "person_id": place.reader.id}


async def _advance(connection: AsyncConnection, place: Place) -> None:
    """The room's head, and what happened there after all of this: the pins and reactions."""
    newest = _message(place, place.size, 0)
    here = messages.c.room_id == place.room.id
    changed = sqlalchemy.select(messages.c.id, messages.c.author_id, messages.c.pinned_at).where(
        here, messages.c.pinned_at.is_not(None) | (messages.c.reactions > 0)
    )
    rows = [row._asdict() for row in await connection.execute(changed)]
    later = [
        _event(
            {
                **row,
                "room_id": place.room.id,
                "seq": newest["seq"] + step,
                "posted_at": newest["posted_at"] + step,
            }
        )
        | {"kind": "pinned" if row["pinned_at"] else "reacted"}
        for step, row in enumerate(rows, start=1)
    ]
    await connection.execute(events.insert(), later)
    head = {
        "seq": newest["seq"] + len(later),
        "last_number": place.size,
        "last_author_id": newest["author_id"],
        "last_posted_at": newest["posted_at"],
        "last_run": newest["run"],
    }
    await connection.execute(table.update().where(table.c.id == place.room.id).values(**head))


async def settle(url: str) -> None:
    """What a database does by itself before long."""
    if url.startswith("sqlite:"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        return
    raw = await asyncpg.connect(plain(url))
    await raw.execute("VACUUM ANALYZE")
    await raw.close()


def plain(url: str) -> str:
    """The address as PostgreSQL's driver reads it."""
    return url.replace("postgresql+asyncpg:", "postgresql:", 1)
