"""Files that are uploaded first, and wait to be sent with a message."""

# ruff: noqa: S608 - SQL is put together from constants only; values are bound.

from __future__ import annotations

import dataclasses
import hashlib
import io
import re
import secrets
import unicodedata
from dataclasses import dataclass
from typing import BinaryIO

from hubbub import database, errors, markup, pictures, storage, words
from hubbub.domain import accounts, attachments, clock, contents, permissions, rooms
from hubbub.tables import attachments as table

NAME_LENGTH = 120
DESCRIPTION_LENGTH = 500
MEGABYTE = 1_000_000

_ENDING = re.compile(r"\.\w{1,10}$")


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much may be uploaded, in megabytes: one file, and one person in a day."""

    file_mb: int
    day_mb: int


_DESCRIBE = (
    f"UPDATE attachments SET description = :description WHERE {attachments.OWN} RETURNING id"
)
_REMOVE = f"DELETE FROM attachments WHERE {attachments.OWN} RETURNING digest"
_OF_A_DAY = (
    "SELECT COALESCE(SUM(size), 0) FROM attachments"
    " WHERE person_id = :person_id AND created_at > :since"
)


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
) -> attachments.Attachment:
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
    attachment = attachments.Attachment(
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
        await store.put(io.BytesIO(picture.preview), attachment.digest, attachments.PREVIEW)
    return attachment


def _id_in(form: str, room: rooms.Room, person: accounts.Person, digest: str) -> str:
    parts = f"{room.id} {person.id} {digest} {form}"
    return hashlib.sha256(parts.encode()).hexdigest()[:32]


async def _note(
    db: database.Database,
    room: rooms.Room,
    person: accounts.Person,
    attachment: attachments.Attachment,
    allowance: Allowance,
    now: int,
) -> None:
    """Says that the content is wanted, unless that is said already."""
    values = dataclasses.asdict(attachment) | {"previewed": int(attachment.previewed)}
    row = {**values, "room_id": room.id, "person_id": person.id, "created_at": now}
    try:
        await db.run(table.insert().values(row))
    except database.UniqueViolation:
        return
    try:
        # Once more, since others may have come at the same time.
        await _check_day(db, person, 0, allowance, now)
    except errors.TooLarge:
        await db.run(_REMOVE, attachments.own(room, person, attachment.public_id))
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
    values = {**attachments.own(room, person, public_id), "description": text}
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
    digest = await db.value(_REMOVE, attachments.own(room, person, public_id))
    if digest is None:
        raise permissions.unseen()
    await contents.sweep(db, store, [digest])
