"""Search: what was said, in one room or in all rooms someone is in, the newest first.

What is asked for and how the database is asked for it stands in `matching`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy

from hubbub import database, errors, markup, terms, words
from hubbub.domain import accounts, days, matching, rooms
from hubbub.tables import memberships, people
from hubbub.tables import rooms as table

Query = matching.Query

PAGE = matching.PAGE
LENGTH = 200

_CURSOR = re.compile(r"([A-Za-z0-9]{1,64})\.([0-9]{1,15})")


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that was found. `snippet` is the part of it that shows why."""

    room: rooms.Room
    number: int
    author_username: str
    author_name: str
    posted_at: int
    body: str
    snippet: tuple[terms.Piece, ...]


@dataclass(frozen=True, slots=True)
class Results:
    """A page of hits; `next` is the cursor for the page after it, where there is one."""

    hits: tuple[Hit, ...] = ()
    next: str | None = None


# ----------------------------------------------------------------- reading


def parse(asked: Mapping[str, str]) -> Query:
    """The fields `q`, `by`, `since`, `until` and `before`. Raises Invalid for what is too long,
    and for what is no day."""
    q = " ".join(asked.get("q", "").replace("\0", " ").split())
    if len(q) > LENGTH:
        sentence = words.ngettext(
            "Use at most {number} character.", "Use at most {number} characters.", LENGTH
        )
        raise errors.Invalid(sentence.format(number=LENGTH), field="q")
    return Query(
        q,
        asked.get("by", "").replace("\0", " ").strip().removeprefix("@"),
        days.asked(asked, "since"),
        days.asked(asked, "until"),
        asked.get("before", ""),
    )


# ----------------------------------------------------------------- finding


async def find(
    db: database.Queries,
    person: accounts.Person,
    query: Query,
    *,
    room: rooms.Room | None = None,
) -> Results:
    """A page of what `person` may see of what `query` asks for, in `room` or in all their rooms.

    Two queries: the rooms they are in, and the messages there, which are read under the same
    condition once more. Being an administrator opens no room.
    """
    if query.is_blank or query.is_wordless:
        return Results()
    scope, author_id = await _scope(db, person, query.by, room)
    if not matching.can_match(query, author_id, list(scope)):
        return Results()
    return await page(db, person, query, author_id, scope, everywhere=room is None)


async def page(
    db: database.Queries,
    person: accounts.Person,
    query: Query,
    author_id: int | None,
    scope: Mapping[int, rooms.Room],
    *,
    everywhere: bool,
    overseeing: bool = False,
) -> Results:
    """A page of what can match in the rooms of `scope`, by their ids. `overseeing`: an
    administrator looks into rooms that are not private, without being in them."""
    sql, asked = matching.asked(
        db.dialect,
        query,
        author_id,
        list(scope),
        everywhere=everywhere,
        overseeing=overseeing,
    )
    room_id, number = _cursor(query.before, scope)
    values = {"person_id": person.id, "room_id": room_id, "number": number}
    rows = await db.all(sql, {**asked, **values})
    hits = tuple(_hit(scope[row["room_id"]], row, query) for row in rows[:PAGE])
    last = f"{hits[-1].room.public_id}.{hits[-1].number}" if len(rows) > PAGE else None
    return Results(hits, last)


async def _scope(
    db: database.Queries, person: accounts.Person, by: str, room: rooms.Room | None
) -> tuple[dict[int, rooms.Room], int | None]:
    """The rooms to search, of those the person is in; and whose messages."""
    author = sqlalchemy.select(people.c.id).where(people.c.username_key == accounts.fold(by))
    select = (
        sqlalchemy.select(table, author.scalar_subquery().label("author_id"))
        .join(memberships, memberships.c.room_id == table.c.id)
        .where(memberships.c.person_id == person.id, table.c.deleted_at.is_(None))
    )
    if room is not None:
        select = select.where(table.c.id == room.id)
    rows = await db.all(select)
    author_id = rows[0]["author_id"] if rows and by else None
    return {row["id"]: rooms.from_row(row) for row in rows}, author_id


def _cursor(text: str, scope: Mapping[int, rooms.Room]) -> tuple[int, int]:
    """The message that ended the page before; none when it cannot be read any more."""
    found = _CURSOR.fullmatch(text)
    if found:
        for room in scope.values():
            if room.public_id == found[1]:
                return room.id, int(found[2])
    return 0, 0


def _hit(room: rooms.Room, row: database.Record, query: Query) -> Hit:
    text = markup.excerpt(row["body"], limit=len(row["body"]))
    return Hit(
        room=room,
        number=row["number"],
        author_username=row["username"],
        author_name=row["display_name"],
        posted_at=row["posted_at"],
        body=row["body"],
        snippet=tuple(terms.marked(text, query.terms)),
    )
