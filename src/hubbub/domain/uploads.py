"""What goes with messages: files that are uploaded first, sent with a message, and gone with it.

A row says that a content is wanted before the content is put, and content is removed only when no
row wants it; `storage` explains why that order loses nothing.
"""

# ruff: noqa: S608 - SQL is put together from constants only; values are bound.

from __future__ import annotations

import dataclasses
import functools
import hashlib
import io
import re
import secrets
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import sqlalchemy

from hubbub import database, errors, markup, pictures, storage, words
from hubbub.domain import accounts, clock, permissions, rooms
from hubbub.tables import attachments, people

MOST = 10  # with one message
NAME_LENGTH = 120
DESCRIPTION_LENGTH = 500
UNSENT_FOR = clock.DAY
MEGABYTE = 1_000_000
PREVIEW = "preview"
SHOWN = (640, 360)  # the most of a page a picture takes, in CSS pixels

_ID = re.compile(r"[0-9a-f]{32}")
_ENDING = re.compile(r"\.\w{1,10}$")
_ABANDONED_AFTER = 3600.0
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file with a message. What is no picture has no width."""

    public_id: str
    name: str
    description: str
    media_type: str
    size: int  # in bytes
    width: int
    height: int
    digest: str
    previewed: bool

    @property
    def is_picture(self) -> bool:
        return self.width > 0

    @property
    def shown(self) -> tuple[int, int]:
        """Width and height a picture has in a message, so that the page can keep the place."""
        shrunk = max(1.0, self.width / SHOWN[0], self.height / SHOWN[1])
        return max(1, round(self.width / shrunk)), max(1, round(self.height / shrunk))


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much may be uploaded, in megabytes: one file, and one person in a day."""

    file_mb: int
    day_mb: int


_COLUMNS = tuple(field.name for field in dataclasses.fields(Attachment))
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM attachments"
_FIND = (
    f"{_SELECT} WHERE public_id = :public_id AND room_id = :room_id"
    " AND (message_id IS NOT NULL OR person_id = :person_id)"
)
_OWN = (
    "public_id = :public_id AND room_id = :room_id AND person_id = :person_id"
    " AND message_id IS NULL"
)
_DESCRIBE = f"UPDATE attachments SET description = :description WHERE {_OWN} RETURNING id"
_REMOVE = f"DELETE FROM attachments WHERE {_OWN} RETURNING digest"
_FORGET = "DELETE FROM attachments WHERE message_id IS NULL AND created_at < :before"
_OF_A_DAY = (
    "SELECT COALESCE(SUM(size), 0) FROM attachments"
    " WHERE person_id = :person_id AND created_at > :since"
)


def from_row(row: database.Record) -> Attachment:
    values = {name: row[name] for name in _COLUMNS}
    return Attachment(**{**values, "previewed": bool(row["previewed"])})


# --------------------------------------------------------------- uploading


async def accept(
    db: database.Database,
    store: storage.Store,
    room: rooms.Room,
    person: accounts.Person,
    file: BinaryIO,
    name: str,
    allowance: Allowance,
    *,
    form: str = "",
    now: int | None = None,
) -> Attachment:
    """Keeps a file until it is sent. A picture is drawn anew and shown; all else is downloaded.

    `form` says which form it came with, and where: sent again, that is the same file. The caller
    has let the person in. TooLarge beyond what is allowed, Invalid for what is empty or a broken
    picture.
    """
    at = clock.at(now)
    await check(db, person, _size(file), allowance, now=at)
    picture = await pictures.draw(file)
    content = io.BytesIO(picture.data) if picture else file
    digest = await storage.digest(content)
    attachment = Attachment(
        public_id=_id_in(form, room, person, digest) if form else secrets.token_hex(16),
        name=clean_name(name),
        description="",
        media_type=picture.media_type if picture else "application/octet-stream",
        size=_size(content),
        width=picture.width if picture else 0,
        height=picture.height if picture else 0,
        digest=digest,
        previewed=bool(picture and picture.preview),
    )
    await _note(db, room, person, attachment, allowance, at)
    await store.put(content, attachment.digest)
    if picture and picture.preview:
        await store.put(io.BytesIO(picture.preview), attachment.digest, PREVIEW)
    return attachment


def _id_in(form: str, room: rooms.Room, person: accounts.Person, digest: str) -> str:
    parts = f"{room.id} {person.id} {digest} {form}"
    return hashlib.sha256(parts.encode()).hexdigest()[:32]


async def _note(
    db: database.Database,
    room: rooms.Room,
    person: accounts.Person,
    attachment: Attachment,
    allowance: Allowance,
    now: int,
) -> None:
    """Says that the content is wanted, unless that is said already."""
    values = dataclasses.asdict(attachment) | {"previewed": int(attachment.previewed)}
    row = {**values, "room_id": room.id, "person_id": person.id, "created_at": now}
    try:
        await db.run(attachments.insert().values(row))
    except database.UniqueViolation:
        return
    try:
        # Once more, since others may have come at the same time.
        await _check_day(db, person, 0, allowance, now)
    except errors.TooLarge:
        await db.run(_REMOVE, _own(room, person, attachment.public_id))
        raise


async def check(
    db: database.Queries,
    person: accounts.Person,
    size: int,
    allowance: Allowance,
    *,
    now: int | None = None,
) -> None:
    """TooLarge when so many bytes are more than the person may upload."""
    if allowance.file_mb == 0:
        raise errors.Forbidden(words.gettext("Files cannot be attached on this site."))
    if size == 0:
        raise errors.Invalid(words.gettext("This file is empty."), field="file")
    if size > allowance.file_mb * MEGABYTE:
        raise too_large(allowance.file_mb)
    await _check_day(db, person, size, allowance, clock.at(now))


async def _check_day(
    db: database.Queries, person: accounts.Person, more: int, allowance: Allowance, now: int
) -> None:
    values = {"person_id": person.id, "since": now - clock.DAY}
    if int(await db.value(_OF_A_DAY, values)) + more > allowance.day_mb * MEGABYTE:
        sentence = words.gettext("You can attach {number} MB in a day, and this would be more.")
        raise errors.TooLarge(sentence.format(number=allowance.day_mb))


def too_large(file_mb: int) -> errors.TooLarge:
    sentence = words.gettext("This file is too large: at most {number} MB.")
    return errors.TooLarge(sentence.format(number=file_mb), field="file")


def clean_name(name: str) -> str:
    """A file's name as it is kept and offered for saving: no folders, nothing that cannot be seen,
    nothing that turns the writing direction, and not too long. Never refuses."""
    last = re.split(r"[/\\]", name)[-1]
    seen = "".join(letter for letter in last if unicodedata.category(letter)[0] != "C")
    seen = re.sub(r'[<>:"|?*]', "_", seen).strip(" .")
    ending = _ENDING.search(seen)
    if len(seen) > NAME_LENGTH:
        kept = ending[0] if ending else ""
        seen = seen[: NAME_LENGTH - len(kept)] + kept
    try:
        return markup.clean_line(seen, field="file", limit=NAME_LENGTH)
    except errors.Invalid:
        return "file" + (ending[0] if ending and ending[0].isascii() else "")


def _size(file: BinaryIO) -> int:
    return file.seek(0, io.SEEK_END)


# ----------------------------------------------------------- before sending


async def describe(
    db: database.Queries,
    room: rooms.Room,
    person: accounts.Person,
    public_id: str,
    description: str,
) -> None:
    """Says what is in a picture, for those who do not see it. NotFound once it is sent."""
    text = markup.clean_line(description, field="description", limit=DESCRIPTION_LENGTH, min=0)
    values = {**_own(room, person, public_id), "description": text}
    if await db.value(_DESCRIBE, values) is None:
        raise permissions.unseen()


async def remove(
    db: database.Queries,
    store: storage.Store,
    room: rooms.Room,
    person: accounts.Person,
    public_id: str,
) -> None:
    """Takes back one's own file before it is sent. NotFound for any other."""
    digest = await db.value(_REMOVE, _own(room, person, public_id))
    if digest is None:
        raise permissions.unseen()
    await sweep(db, store, [digest])


def _own(room: rooms.Room, person: accounts.Person, public_id: str) -> dict[str, str | int]:
    if not _ID.fullmatch(public_id):
        raise permissions.unseen()
    return {"public_id": public_id, "room_id": room.id, "person_id": person.id}


# ---------------------------------------------------------- with a message


async def claim(
    conn: database.Connection,
    room_id: int,
    person_id: int,
    message_id: int,
    public_ids: Sequence[str],
) -> tuple[Attachment, ...]:
    """Gives files to the message that is being posted, in this order, in its transaction.

    Invalid unless each is the person's own, of this room, and not sent yet.
    """
    if not public_ids:
        return ()
    check_ids(public_ids)
    places = {public_id: place for place, public_id in enumerate(public_ids)}
    rows = await conn.all(
        attachments.update()
        .where(
            attachments.c.public_id.in_(list(places)),
            attachments.c.room_id == room_id,
            attachments.c.person_id == person_id,
            attachments.c.message_id.is_(None),
        )
        .values(
            message_id=message_id,
            place=sqlalchemy.case(places, value=attachments.c.public_id),
        )
        .returning(*attachments.c)
    )
    if len(rows) != len(places):
        raise _not_there()
    return tuple(map(from_row, sorted(rows, key=lambda row: places[row["public_id"]])))


def check_ids(public_ids: Sequence[str], more: int = 0) -> None:
    """Invalid for what cannot be files of one message, whatever is in the database; `more` of them
    have no id yet."""
    if len(public_ids) + more > MOST:
        sentence = words.gettext("At most {number} files go with one message.")
        raise errors.Invalid(sentence.format(number=MOST), field="attachments")
    if len(set(public_ids)) != len(public_ids) or not all(map(_ID.fullmatch, public_ids)):
        raise _not_there()


def _not_there() -> errors.Invalid:
    return errors.Invalid(
        words.gettext("One of the files is not there any more. Attach it again."),
        field="attachments",
    )


async def of(db: database.Queries, message_ids: Iterable[int]) -> dict[int, tuple[Attachment, ...]]:
    """The files of several messages, by the message's id, in one query."""
    wanted = sorted(set(message_ids))
    if not wanted:
        return {}
    found: dict[int, list[Attachment]] = {}
    rows = await db.all(
        sqlalchemy.select(attachments)
        .where(attachments.c.message_id.in_(wanted))
        .order_by(attachments.c.message_id, attachments.c.place)
    )
    for row in rows:
        found.setdefault(row["message_id"], []).append(from_row(row))
    return {message_id: tuple(files) for message_id, files in found.items()}


async def find(
    db: database.Queries, room: rooms.Room, public_id: str, person: accounts.Person
) -> Attachment:
    """A file of the room that was sent, or that the person may still send. Else NotFound."""
    row = await db.one(_FIND, _own(room, person, public_id))
    if row is None:
        raise permissions.unseen()
    return from_row(row)


async def erase(conn: database.Connection, *message_ids: int) -> list[str]:
    """Takes the files from messages, in the transaction that erases them. What is returned goes to
    `sweep` after the commit."""
    files = attachments.delete().where(attachments.c.message_id.in_(message_ids))
    return [row["digest"] for row in await conn.all(files.returning(attachments.c.digest))]


# ---------------------------------------------------------------- tidying


async def sweep(db: database.Queries, store: storage.Store, digests: Iterable[str]) -> None:
    """Removes contents that no row wants any more."""
    for digest in await _unwanted(db, digests):
        await store.remove(digest, functools.partial(_is_wanted, db, digest))


async def tidy(db: database.Queries, store: storage.Store, *, now: int | None = None) -> None:
    """Forgets what was never sent, and removes what else nobody wants: of rooms that are gone, or
    of a process that died between its commit and its `sweep`."""
    await db.run(_FORGET, {"before": clock.at(now) - UNSENT_FOR})
    async for digests in store.unchanged_for(_ABANDONED_AFTER):
        for start in range(0, len(digests), _BATCH):
            await sweep(db, store, digests[start : start + _BATCH])


async def _unwanted(db: database.Queries, digests: Iterable[str]) -> list[str]:
    asked = sorted(set(digests))
    if not asked:
        return []
    of_messages = sqlalchemy.select(attachments.c.digest).where(attachments.c.digest.in_(asked))
    of_people = sqlalchemy.select(people.c.picture).where(people.c.picture.in_(asked))
    wanted = {row[0] for row in await db.all(of_messages.union(of_people))}
    return [digest for digest in asked if digest not in wanted]


async def _is_wanted(db: database.Queries, digest: str) -> bool:
    return not await _unwanted(db, [digest])
