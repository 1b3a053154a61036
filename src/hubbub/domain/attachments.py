"""Files that go with messages, each as everyone sees it: sent with one, and gone with it."""

# ruff: noqa: S608 - SQL is put together from constants only; values are bound.

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy

from hubbub import database, errors, words
from hubbub.domain import accounts, permissions, rooms
from hubbub.tables import attachments as table

MOST = 10  # with one message
PREVIEW = "preview"
SHOWN = (640, 360)  # the most of a page a picture takes, in CSS pixels

_ID = re.compile(r"[0-9a-f]{32}")


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


_COLUMNS = tuple(field.name for field in dataclasses.fields(Attachment))
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM attachments"
_FIND = (
    f"{_SELECT} WHERE public_id = :public_id AND room_id = :room_id"
    " AND (message_id IS NOT NULL OR person_id = :person_id)"
)
# A file the person may still send.
OWN = (
    "public_id = :public_id AND room_id = :room_id AND person_id = :person_id"
    " AND message_id IS NULL"
)


def from_row(row: database.Record) -> Attachment:
    values = {name: row[name] for name in _COLUMNS}
    return Attachment(**{**values, "previewed": bool(row["previewed"])})


# ----------------------------------------------------------------- finding


async def find(
    db: database.Queries, room: rooms.Room, public_id: str, person: accounts.Person
) -> Attachment:
    """A file of the room that was sent, or that the person may still send. Else NotFound."""
    row = await db.one(_FIND, own(room, person, public_id))
    if row is None:
        raise permissions.unseen()
    return from_row(row)


async def of(db: database.Queries, message_ids: Iterable[int]) -> dict[int, tuple[Attachment, ...]]:
    """The files of several messages, by the message's id, in one query."""
    wanted = sorted(set(message_ids))
    if not wanted:
        return {}
    found: dict[int, list[Attachment]] = {}
    rows = await db.all(
        sqlalchemy.select(table)
        .where(table.c.message_id.in_(wanted))
        .order_by(table.c.message_id, table.c.place)
    )
    for row in rows:
        found.setdefault(row["message_id"], []).append(from_row(row))
    return {message_id: tuple(files) for message_id, files in found.items()}


def own(room: rooms.Room, person: accounts.Person, public_id: str) -> dict[str, str | int]:
    """What `OWN` asks for. NotFound for what is no id."""
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
        table.update()
        .where(
            table.c.public_id.in_(list(places)),
            table.c.room_id == room_id,
            table.c.person_id == person_id,
            table.c.message_id.is_(None),
        )
        .values(
            message_id=message_id,
            place=sqlalchemy.case(places, value=table.c.public_id),
        )
        .returning(*table.c)
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


async def erase(conn: database.Connection, *message_ids: int) -> list[str]:
    """Takes the files from messages, in the transaction that erases them. What is returned goes to
    `contents.sweep` after the commit."""
    files = table.delete().where(table.c.message_id.in_(message_ids))
    return [row["digest"] for row in await conn.all(files.returning(table.c.digest))]
