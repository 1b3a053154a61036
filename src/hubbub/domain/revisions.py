"""What an author can still do about a message: change it for a while, or take it back for ever."""

from __future__ import annotations

from typing import Any

from hubbub import database, errors, terms, words
from hubbub.domain import (
    accounts,
    blocks,
    changes,
    clock,
    erasure,
    mentions,
    messages,
    pace,
    permissions,
    rooms,
)
from hubbub.domain.permissions import Act


def can_edit(
    person: accounts.Person, message: messages.Message, window: int, *, now: int | None = None
) -> bool:
    """Whether it is one's own, still there, and was posted less than `window` milliseconds ago."""
    return can_erase(person, message) and clock.at(now) - message.posted_at < window


def can_erase(person: accounts.Person, message: messages.Message) -> bool:
    return message.author_username == person.username and message.deleted_at is None


async def edit(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    number: int,
    draft: messages.Draft,
    *,
    window: int,
    now: int | None = None,
) -> bool:
    """Lets one's own message say something else. False when it says just that already.

    Whom it calls only now is shown, but not pinged. Raises NotFound for what is not there,
    Forbidden for what is another's or `window` milliseconds old, and what `pace.admit_change` and
    `blocks.require_heard` raise.
    """
    place, at = await _own(db, room, by, number), clock.at(now)
    called = await mentions.called(db, room, by, draft.body)
    values = {"id": place.id, "body": draft.body, "mentions": called.text, "now": at}
    try:
        async with _changing(db, room, by, Act.EDIT, "edited", place, at) as change:
            await pace.admit_change(change, since=at - window, now=at)
            await blocks.require_heard(change.conn, change.room, by)
            await _write(change.conn, values, at - window)
            await mentions.keep(change.conn, room.id, number, called)
    except changes.Unchanged:
        return False
    return True


async def _write(conn: database.Connection, values: dict[str, Any], since: int) -> None:
    row = await conn.one(_PRESENT, {"id": values["id"]})
    if row is None:
        raise permissions.unseen()
    if row["posted_at"] <= since:
        raise errors.Forbidden(
            words.gettext("This message is too old to be changed. You can still delete it.")
        )
    if row["body"] == values["body"]:
        raise changes.Unchanged
    given = {"room_id": row["room_id"], "author_id": row["author_id"]}
    sought = terms.index(values["body"], posted_at=row["posted_at"], **given)
    await conn.run(_EDIT, {**values, "words": sought})


async def erase(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    number: int,
    *,
    now: int | None = None,
) -> list[str]:
    """Takes one's own message back: its text is gone from the database, its place stays.

    Returns the digests of its files, for `contents.sweep`.
    """
    place, at = await _own(db, room, by, number), clock.at(now)
    async with _changing(db, room, by, Act.ERASE, "erased", place, at) as change:
        ids, digests = await erasure.wipe(change.conn, room.id, {place.id: number}, now=at)
        if not ids:
            raise permissions.unseen()
    return digests


async def _own(
    db: database.Queries, room: rooms.Room, by: accounts.Person, number: int
) -> messages.Place:
    place = await messages.locate(db, room.id, number)
    if place.author_id != by.id:
        raise errors.Forbidden(words.gettext("Only who wrote it can do that."))
    return place


def _changing(
    db: database.Database,
    room: rooms.Room,
    by: accounts.Person,
    act: Act,
    kind: str,
    place: messages.Place,
    now: int,
) -> Any:
    return changes.begin(db, room, by, act, kind, now=now, person_id=by.id, message_id=place.id)


_PRESENT = (
    "SELECT room_id, author_id, body, posted_at FROM messages WHERE id = :id AND deleted_at IS NULL"
)
_EDIT = (
    "UPDATE messages SET body = :body, mentions = :mentions, words = :words, edited_at = :now"
    " WHERE id = :id"
)
