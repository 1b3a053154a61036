"""Messages: what one is, and posting it so that none is lost or doubled."""

# ruff: noqa: S608 - SQL is put together from constants only; values are bound.

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from hubbub import database, errors, terms, words
from hubbub.domain import (
    accounts,
    attachments,
    blocks,
    clock,
    drafts,
    log,
    mentions,
    pace,
    permissions,
    quotes,
    reactions,
    rooms,
    runs,
)
from hubbub.domain.permissions import Act

Draft = drafts.Draft


@dataclass(frozen=True, slots=True)
class Message:
    """A message as everyone sees it.

    `run` is its place in a run: see `runs`. `mentions` are the folded usernames it calls. What is
    deleted has no body, but keeps its number.
    """

    id: int
    room_id: int
    number: int
    seq: int
    author_username: str
    author_name: str
    author_picture: str | None
    body: str
    run: int
    posted_at: int
    cid: str | None
    mentions: str = ""
    edited_at: int | None = None
    deleted_at: int | None = None
    pinned_at: int | None = None
    deleted_by: str | None = None  # the name of who took it down, unless the author did
    deleted_reason: str = ""
    quote: quotes.Quote | None = None
    reactions: tuple[reactions.Reaction, ...] = ()
    attachments: tuple[attachments.Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of a draft; `created` is False when the same had been accepted before."""

    message: Message
    tag: str
    created: bool

    @property
    def number(self) -> int:
        return self.message.number

    @property
    def seq(self) -> int:
        return self.message.seq


# What is read of a message, from `messages m` and what `JOINS` joins to it.
COLUMNS = (
    "m.id, m.room_id, m.number, m.seq, a.username AS author_username,"
    " a.display_name AS author_name, a.picture AS author_picture, m.body, m.run, m.posted_at,"
    " CASE WHEN m.deleted_by_id IS NOT NULL THEN (SELECT d.display_name FROM people d"
    " WHERE d.id = m.deleted_by_id) END AS deleted_by, m.deleted_reason,"
    " m.cid, m.mentions, m.edited_at, m.deleted_at, m.pinned_at, m.reactions AS reaction_count,"
    " m.attachments AS attachment_count,"
    f" {quotes.COLUMNS}"
)
JOINS = f" LEFT JOIN people a ON a.id = m.author_id {quotes.JOINS}"
_FIELDS = tuple(field.name for field in dataclasses.fields(Message))[:-3]


def from_row(
    row: database.Record,
    reacted: tuple[reactions.Reaction, ...] = (),
    files: tuple[attachments.Attachment, ...] = (),
) -> Message:
    values: list[Any] = [row[name] for name in _FIELDS] + [quotes.from_row(row), reacted, files]
    return Message(*values)


# ----------------------------------------------------------------- posting

_ADVANCE = f"""
UPDATE rooms SET seq = seq + 1, last_number = last_number + 1,
  last_run = {runs.NEXT},
  last_author_id = :author_id, last_posted_at = :now
WHERE id = :room_id AND archived_at IS NULL AND deleted_at IS NULL
RETURNING seq, last_number, last_run, locked_at, slow_seconds, holds
"""
# Membership is read under the room's lock: whoever was removed a moment ago writes nothing. What
# was deleted has lost the digest of its body with it, so there the sender's key alone counts.
_INSERT = """
INSERT INTO messages
  (room_id, number, seq, author_id, body, run, posted_at, cid, digest, reply_to, mentions,
  attachments, words)
SELECT room_id, :number, :seq, person_id, :body, :run, :posted_at, :cid, :digest, :reply_to,
  :mentions, :attachments, :words
FROM memberships WHERE room_id = :room_id AND person_id = :author_id AND role <> 'reader'
AND (:locked = 0 OR role IN ('owner', 'moderator')) AND NOT EXISTS (
  SELECT 1 FROM mutes WHERE room_id = :room_id AND person_id = :author_id AND until > :posted_at)
AND NOT EXISTS (
  SELECT 1 FROM messages WHERE author_id = :author_id AND room_id = :room_id AND cid = :cid
  AND deleted_at IS NOT NULL)
ON CONFLICT DO NOTHING RETURNING id
"""
_ACCEPTED = f"""
SELECT {COLUMNS}, e.tag FROM messages m {JOINS}
LEFT JOIN events e ON e.room_id = m.room_id AND e.seq = m.seq
WHERE m.author_id = :author_id AND m.room_id = :room_id AND m.cid = :cid
  AND (m.digest = :digest OR m.deleted_at IS NOT NULL)
ORDER BY CASE WHEN m.digest = :digest THEN 0 ELSE 1 END LIMIT 1
"""


class _NotWritten(Exception):
    """Takes the transaction back: the room is closed, the author is not in it, or it was said."""


_ASKED_AGAIN = (
    _NotWritten,
    pace.Newcomer,
    errors.Conflict,
    errors.Forbidden,
    errors.TooMany,
)
"""After these it is looked up whether the same draft was accepted before."""


async def post(
    db: database.Queries,
    room: rooms.Room,
    author: accounts.Person,
    draft: Draft,
    *,
    now: int | None = None,
) -> Posted:
    """Says `draft` in the room, once however often the same is tried.

    A few statements and a commit; no other change of this room can come between them. Raises
    Forbidden for who is not a member and in archived rooms, Gone in deleted ones, Invalid for an
    answer to nothing, Conflict for what would call many people and is not `sure`, TooMany where
    slow mode is on, and `pace.Newcomer` for what has to be held.
    """
    at = clock.at(now)
    try:
        called = await mentions.called(db, room, author, draft.body, sure=draft.sure)
        _check_answer(room, draft)
        async with db.transaction() as conn:
            place = await _take_place(conn, room.id, author.id, draft, at)
            await _admit(conn, room, author, place, at)
            return await _write(conn, room, author, draft, called, place, at)
    except _ASKED_AGAIN as refused:
        # What was accepted once is not asked about again, nor told that the room is closed now.
        accepted = await _accepted(db, room, author, draft)
        if accepted is not None:
            return accepted
        if not isinstance(refused, _NotWritten):
            raise
        raise await _refusal(db, room, author) from None


async def _admit(
    conn: database.Connection,
    room: rooms.Room,
    author: accounts.Person,
    place: database.Record,
    now: int,
) -> None:
    """What only some rooms ask for costs only those."""
    if place["slow_seconds"] or place["holds"]:
        await pace.admit(conn, room.id, author.id, place, now)
    await blocks.require_heard(conn, room, author)


async def release(
    conn: database.Connection,
    room: rooms.Room,
    author: accounts.Person,
    draft: Draft,
    now: int,
) -> Posted:
    """Says for its author what was held, in the transaction that lets it through and after the
    room's lock was taken. Conflict when the author may not write any more."""
    accepted = await _accepted(conn, room, author, draft)
    if accepted is not None:
        return accepted
    called = await mentions.called(conn, room, author, draft.body)
    try:
        place = await _take_place(conn, room.id, author.id, draft, now)
        return await _write(conn, room, author, draft, called, place, now)
    except _NotWritten:
        raise errors.Conflict(
            words.gettext("{name} cannot write here at the moment.").format(name=author.username)
        ) from None


def _check_answer(room: rooms.Room, draft: Draft) -> None:
    if draft.reply_to is not None and not 0 < draft.reply_to <= room.last_number:
        raise errors.Invalid(
            words.gettext("The message this answers is not there."), field="reply_to"
        )


async def _write(
    conn: database.Connection,
    room: rooms.Room,
    author: accounts.Person,
    draft: Draft,
    called: mentions.Called,
    place: database.Record,
    now: int,
) -> Posted:
    seq, number, run = place["seq"], place["last_number"], place["last_run"]
    values: dict[str, Any] = {
        "room_id": room.id,
        "number": number,
        "seq": seq,
        "body": draft.body,
        "run": run,
        "posted_at": now,
        "cid": draft.cid,
        "mentions": called.text,
    }
    unseen = {**_unseen_values(room, author, draft, now), "locked": int(bool(place["locked_at"]))}
    message_id = await conn.value(_INSERT, {**values, **unseen})
    if message_id is None:
        raise _NotWritten
    files = await attachments.claim(conn, room.id, author.id, message_id, draft.attachments)
    await mentions.ping(conn, room.id, number, author.id, called)
    position = await log.append(
        conn, room.id, seq, "posted", now=now, person_id=author.id, message_id=message_id
    )
    message = Message(
        id=message_id,
        author_username=author.username,
        author_name=author.name,
        author_picture=author.picture,
        attachments=files,
        **values,
    )
    return Posted(message, position.tag, created=True)


def _unseen_values(
    room: rooms.Room, author: accounts.Person, draft: Draft, now: int
) -> dict[str, Any]:
    """What is kept with a message and not shown with it."""
    return {
        "author_id": author.id,
        "digest": draft.digest if draft.cid else None,
        "reply_to": draft.reply_to,
        "attachments": len(draft.attachments),
        "words": terms.index(draft.body, room_id=room.id, author_id=author.id, posted_at=now),
    }


async def _take_place(
    conn: database.Connection, room_id: int, author_id: int, draft: Draft, now: int
) -> database.Record:
    """The next seq and number of the room, the place in a run, and what the room asks of who
    writes."""
    values = {
        "room_id": room_id,
        "author_id": author_id,
        "now": now,
        "today": now // clock.DAY,
        "since": now - runs.PAUSE,
        "answers": 0 if draft.reply_to is None else 1,
    }
    place = await conn.one(_ADVANCE, values)
    if place is None:
        raise _NotWritten
    return place


async def _accepted(
    db: database.Queries, room: rooms.Room, author: accounts.Person, draft: Draft
) -> Posted | None:
    """What was answered to the same draft the first time."""
    if draft.cid is None:
        return None
    values = {"author_id": author.id, "room_id": room.id}
    row = await db.one(_ACCEPTED, {**values, "cid": draft.cid, "digest": draft.digest})
    return Posted(from_row(row), row["tag"] or "", created=False) if row else None


async def _refusal(
    db: database.Queries, room: rooms.Room, author: accounts.Person
) -> errors.Refusal:
    """Why nothing was written, as far as the author may know."""
    try:
        fresh, member = await rooms.open(db, room.public_id, author)
        permissions.require(permissions.standing(author, member), Act.POST, fresh)
    except errors.Refusal as refusal:
        return refusal
    # The author was let in, or the room opened again, since: the next try will do.
    return errors.Unavailable(words.gettext("Please try again."), retry_after=1)


# ----------------------------------------------------------------- finding


@dataclass(frozen=True, slots=True)
class Place:
    """Which message a number means, and whose it is: neither ever changes."""

    id: int
    author_id: int


async def locate(db: database.Queries, room_id: int, number: int) -> Place:
    """NotFound when there is no message of this number, or it was deleted."""
    row = await db.one(_LOCATE, {"room_id": room_id, "number": number})
    if row is None:
        raise permissions.unseen()
    return Place(row["id"], row["author_id"])


_LOCATE = (
    "SELECT id, author_id FROM messages"
    " WHERE room_id = :room_id AND number = :number AND deleted_at IS NULL"
)
