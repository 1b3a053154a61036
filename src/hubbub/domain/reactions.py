"""Reactions: one emoji of one person to one message, given and taken back."""

from __future__ import annotations

import collections
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy

from hubbub import database, errors, words
from hubbub.domain import accounts, blocks, changes, clock, permissions, rooms
from hubbub.domain.permissions import Act
from hubbub.markup import emoji as emojis
from hubbub.tables import people
from hubbub.tables import reactions as table

KINDS = 20
"""As many different emoji one message takes."""

RECENT = 8


@dataclass(frozen=True, slots=True)
class Reaction:
    """An emoji and who gave it, in the order in which they did."""

    emoji: str
    usernames: tuple[str, ...]
    names: tuple[str, ...]


async def of(db: database.Queries, message_ids: Sequence[int]) -> dict[int, tuple[Reaction, ...]]:
    """The reactions to each of the messages, in the order of their first giver; one query."""
    query = (
        sqlalchemy.select(
            table.c.message_id, table.c.emoji, people.c.username, people.c.display_name
        )
        .join(people, people.c.id == table.c.person_id)
        .where(table.c.message_id.in_(message_ids))
        .order_by(table.c.at, table.c.person_id, table.c.emoji)
    )
    found: dict[int, dict[str, list[database.Record]]] = collections.defaultdict(dict)
    for row in await db.all(query):
        found[row["message_id"]].setdefault(row["emoji"], []).append(row)
    return {message: tuple(map(_reaction, kinds.values())) for message, kinds in found.items()}


def _reaction(rows: list[database.Record]) -> Reaction:
    return Reaction(
        rows[0]["emoji"],
        tuple(row["username"] for row in rows),
        tuple(accounts.called(row["username"], row["display_name"]) for row in rows),
    )


async def recent(db: database.Queries, person: accounts.Person) -> list[str]:
    """The emoji a person gave last, each once."""
    values = {"person_id": person.id, "limit": RECENT}
    return [row["emoji"] for row in await db.all(_RECENT, values)]


async def toggle(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    message_id: int,
    emoji: str,
    *,
    now: int | None = None,
) -> bool:
    """Gives a reaction, or takes back the same one; whether it is given now.

    Raises Invalid for what is no emoji, Conflict for one kind too many, NotFound when the message
    is not of this room or was deleted meanwhile, and what `changes.begin` and
    `blocks.require_heard` raise.
    """
    whole = emojis.whole(emoji)
    if whole is None:
        raise errors.Invalid(words.gettext("Choose an emoji."), field="emoji")
    at = clock.at(now)
    values = {"message_id": message_id, "emoji": whole, "person_id": by.id}
    async with changes.begin(
        db, room, by, Act.REACT, "reacted", now=at, person_id=by.id, message_id=message_id
    ) as change:
        gone = await change.conn.value(_DELETE, values)
        if gone is None:
            await blocks.require_heard(change.conn, change.room, by)
            await _give(change.conn, values, at)
        more = 1 if gone is None else -1
        count = {"message_id": message_id, "room_id": room.id, "more": more}
        if await change.conn.value(_COUNT, count) is None:
            raise permissions.unseen()
    return gone is None


async def _give(conn: database.Connection, values: dict[str, object], now: int) -> None:
    kinds = {row["emoji"] for row in await conn.all(_KINDS, {"message_id": values["message_id"]})}
    if len(kinds) >= KINDS and values["emoji"] not in kinds:
        raise errors.Conflict(
            words.gettext("This message has as many different reactions as it can hold."),
            field="emoji",
        )
    await conn.run(_INSERT, {**values, "at": now})


_RECENT = (
    "SELECT emoji, max(at) AS last FROM reactions WHERE person_id = :person_id"
    " GROUP BY emoji ORDER BY last DESC, emoji LIMIT :limit"
)
_KINDS = "SELECT DISTINCT emoji FROM reactions WHERE message_id = :message_id"
_INSERT = (
    "INSERT INTO reactions (message_id, emoji, person_id, at)"
    " VALUES (:message_id, :emoji, :person_id, :at)"
)
_DELETE = (
    "DELETE FROM reactions WHERE message_id = :message_id AND emoji = :emoji"
    " AND person_id = :person_id RETURNING at"
)
_COUNT = (
    "UPDATE messages SET reactions = reactions + :more"
    " WHERE id = :message_id AND room_id = :room_id AND deleted_at IS NULL RETURNING id"
)
