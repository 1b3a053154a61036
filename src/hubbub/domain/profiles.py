"""How people show themselves: their name, their picture, and the page about them."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO

import sqlalchemy

from hubbub import database, errors, markup, pictures, storage, words
from hubbub.domain import accounts, contents, permissions, rooms
from hubbub.tables import memberships, people
from hubbub.tables import rooms as room_table

NAME_LENGTH = 50
_LIKE_A_MARK = re.compile(r"\(\s*guest\s+[a-z2-7]{4}\s*\)", re.IGNORECASE)
SMALL, LARGE = sorted(pictures.AVATAR)
ROOMS = 100


@dataclass(frozen=True, slots=True)
class Profile:
    """A person as another one may see them. `since` is when they came, in milliseconds UTC."""

    person: accounts.Person
    since: int
    rooms: tuple[rooms.Room, ...]  # in which both are, by title
    below: frozenset[int] = frozenset()  # the ids of those in which they stand below the viewer


async def profile(db: database.Queries, viewer: accounts.Person, username: str) -> Profile:
    """Of oneself, or of somebody with whom one shares a room. Nobody else exists: NotFound."""
    person = await accounts.by_username(db, username)
    if person is None:
        raise permissions.unseen()
    common, below = await _in_common(db, viewer, person)
    if person.id != viewer.id and not common:
        raise permissions.unseen()
    since = await db.value(sqlalchemy.select(people.c.created_at).where(people.c.id == person.id))
    return Profile(person, since, common, below)


async def _in_common(
    db: database.Queries, viewer: accounts.Person, person: accounts.Person
) -> tuple[tuple[rooms.Room, ...], frozenset[int]]:
    theirs = memberships.alias()
    query = (
        sqlalchemy.select(
            room_table, memberships.c.role.label("mine"), theirs.c.role.label("theirs")
        )
        .join(memberships, memberships.c.room_id == room_table.c.id)
        .join(theirs, theirs.c.room_id == room_table.c.id)
        .where(memberships.c.person_id == viewer.id, theirs.c.person_id == person.id)
        .where(room_table.c.deleted_at.is_(None))
        .order_by(room_table.c.title_key, room_table.c.id)
        .limit(ROOMS)
    )
    rows = await db.all(query)
    below = {row["id"] for row in rows if permissions.outranks(row["mine"], row["theirs"])}
    return tuple(map(rooms.from_row, rows)), frozenset(below)


def clean_name(name: str) -> str:
    """Invalid for what is too long, or reads like a guest's mark (see `accounts.called`)."""
    name = markup.clean_line(name, field="name", limit=NAME_LENGTH, min=0)
    if _LIKE_A_MARK.search(name):
        raise errors.Invalid(words.gettext("This reads like the mark of a guest."), field="name")
    return name


async def rename(db: database.Queries, person: accounts.Person, name: str) -> str:
    """The name others see; an empty one gives back the username. Returns it as it is kept."""
    name = clean_name(name)
    if markup.is_blank(name):
        name = person.username
    await db.run(people.update().where(people.c.id == person.id).values(display_name=name))
    return name


async def prefer(
    db: database.Queries, person: accounts.Person, choices: Mapping[str, bool]
) -> frozenset[str]:
    """Says yes or no to some words of `Person.preferences`, and leaves the others as they are.
    Returns all that are chosen now."""
    mine = people.c.id == person.id
    async with db.transaction() as conn:
        # Writing it first locks the row: choices made at once do not undo each other.
        keep = people.update().where(mine).values(preferences=people.c.preferences)
        before = await conn.value(keep.returning(people.c.preferences))
        chosen = {word for word in (before or "").split() if word not in choices}
        chosen |= {word for word, wanted in choices.items() if wanted}
        await conn.run(people.update().where(mine).values(preferences=" ".join(sorted(chosen))))
    return frozenset(chosen)


async def set_picture(
    db: database.Database, store: storage.Store, person: accounts.Person, file: BinaryIO
) -> str:
    """The middle of the picture in `file`, in two sizes; the digest they are kept under.

    Raises Invalid for what is no picture, broken or too large.
    """
    squares = await pictures.draw_avatar(file)
    digest = await storage.digest(io.BytesIO(squares[LARGE]))
    before = await _exchange(db, person, digest)
    for edge, square in squares.items():
        await store.put(io.BytesIO(square), digest, str(edge))
    if before and before != digest:
        await contents.sweep(db, store, [before])
    return digest


async def remove_picture(
    db: database.Database, store: storage.Store, person: accounts.Person
) -> None:
    before = await _exchange(db, person, None)
    if before:
        await contents.sweep(db, store, [before])


async def _exchange(
    db: database.Database, person: accounts.Person, digest: str | None
) -> str | None:
    """Points to another picture; the digest of the one before."""
    mine = people.c.id == person.id
    async with db.transaction() as conn:
        before: str | None = await conn.value(sqlalchemy.select(people.c.picture).where(mine))
        await conn.run(people.update().where(mine).values(picture=digest))
    return before


async def has_picture(db: database.Queries, digest: str) -> bool:
    """Whether somebody shows this picture; what was taken back is not there any more."""
    query = sqlalchemy.select(people.c.id).where(people.c.picture == digest).limit(1)
    return await db.value(query) is not None
