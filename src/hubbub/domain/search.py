"""Search: what was said, in one room or in all rooms someone is in, the newest first.

All that is asked for is a term of the index, the author and the days too, so the index alone
says which messages are meant, and it is read from the newest on, for as long as a page is not full.
"""

# ruff: noqa: S608 - SQL is put together from constants only; values are bound.

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy

from hubbub import database, errors, markup, terms, words
from hubbub.domain import accounts, rooms
from hubbub.tables import memberships, people
from hubbub.tables import rooms as table

PAGE = 20
LENGTH = 200
# So many messages PostgreSQL looks through one by one before it asks its index, which can only
# name all messages with a term at once: what is sought often is among them, and the rest is few.
NEAR = 1_000
_BEYOND = 2**53
_LIMIT = PAGE + 1  # one more tells whether there is a next page

_CURSOR = re.compile(r"([A-Za-z0-9]{1,64})\.([0-9]{1,15})")


@dataclass(frozen=True, slots=True)
class Query:
    """What someone seeks: words, by whom, from which day to which (UTC, both included).

    `before` is the cursor of the page before.
    """

    q: str = ""
    by: str = ""
    since: datetime.date | None = None
    until: datetime.date | None = None
    before: str = ""

    @property
    def terms(self) -> tuple[terms.Term, ...]:
        return terms.sought(self.q)

    @property
    def is_blank(self) -> bool:
        """Nothing is asked for."""
        return not (self.q or self.by or self.since or self.until)

    @property
    def is_wordless(self) -> bool:
        """What stands in for words holds none."""
        return bool(self.q) and not self.terms


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
        _day(asked, "since"),
        _day(asked, "until"),
        asked.get("before", ""),
    )


def _day(asked: Mapping[str, str], field: str) -> datetime.date | None:
    text = asked.get(field, "").strip()
    try:
        return datetime.date.fromisoformat(text) if text else None
    except ValueError:
        sentence = words.gettext("Write the day like 2026-11-20.")
        raise errors.Invalid(sentence, field=field) from None


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
    if not all(_groups(query, author_id, list(scope))):
        return Results()
    sql, asked = _asked(db.dialect, query, author_id, list(scope), everywhere=room is None)
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


# ------------------------------------------------------------------ asking

# Terms, of which a message must have one of each group. A group of none finds nothing.
Groups = list[list[terms.Term]]


def _groups(query: Query, author_id: int | None, scope: Sequence[int]) -> Groups:
    groups = [[term.within(room_id) for room_id in scope] for term in query.terms]
    if query.by:
        groups.append([terms.by(room_id, author_id) for room_id in scope if author_id])
    if query.since or query.until:
        groups.append(terms.during(query.since, query.until))
    # The days are told for all rooms, so something has to name those that are meant.
    if not query.terms and not query.by:
        groups.append([terms.anything(room_id) for room_id in scope])
    return groups


def _asked(
    dialect: str, query: Query, author_id: int | None, scope: Sequence[int], *, everywhere: bool
) -> tuple[str, dict[str, Any]]:
    """The statement, and the values that say in it what is sought."""
    if dialect == "sqlite":
        return _FTS5, {"match": _fts5(_groups(query, author_id, scope))}
    queries = [_tsquery(_groups(query, author_id, [room_id])) for room_id in scope]
    sql = _GIN_EVERYWHERE if everywhere else _GIN
    return sql, {"rooms": scope, "queries": queries}


def _fts5(groups: Groups) -> str:
    """https://www.sqlite.org/fts5.html#full_text_query_syntax"""
    return _joined(groups, " AND ", " OR ", lambda term: f'"{term.text}"' + "*" * term.is_prefix)


def _tsquery(groups: Groups) -> str:
    """https://www.postgresql.org/docs/current/datatype-textsearch.html#DATATYPE-TSQUERY"""
    return _joined(groups, " & ", " | ", lambda term: f"'{term.text}'" + ":*" * term.is_prefix)


def _joined(groups: Groups, all_of: str, one_of: str, write: Callable[[terms.Term], str]) -> str:
    return all_of.join(f"({one_of.join(map(write, group))})" for group in groups)


# Whoever left the room a moment ago, and whatever was erased, is not found any more.
_SEEN = (
    "m.deleted_at IS NULL AND EXISTS (SELECT 1 FROM memberships s JOIN rooms r ON r.id = s.room_id"
    " WHERE s.room_id = m.room_id AND s.person_id = :person_id AND r.deleted_at IS NULL)"
)
_NUMBER = "CAST(:number AS bigint)"
_BEFORE = (
    f"COALESCE((SELECT id FROM messages WHERE room_id = :room_id AND number = {_NUMBER}),"
    f" {_BEYOND})"
)
_HIT = "m.room_id, m.number, m.posted_at, m.body, a.username, a.display_name"
_AUTHOR = "LEFT JOIN people a ON a.id = m.author_id"

# FTS5 gives row ids from the newest on, one after the other, so the limit ends its work as well.
# CROSS JOIN keeps the planner from beginning elsewhere.
_FTS5 = f"""
SELECT {_HIT} FROM message_words f CROSS JOIN messages m ON m.id = f.rowid {_AUTHOR}
WHERE f.message_words MATCH :match AND f.rowid < {_BEFORE} AND {_SEEN}
ORDER BY f.rowid DESC LIMIT {_LIMIT}
"""


def _gin(near: str) -> str:
    """First the newest messages one by one, then by the index, if that did not fill the page.

    Both parts are closed to the planner, who knows nothing of how often a term is said: a LIMIT
    and OFFSET 0 see to that. Limits are written out, since it plans for a tenth of the table where
    it does not know one. What comes twice counts once.
    """
    return f"""
WITH asked AS MATERIALIZED (
  SELECT room_id, CAST(query AS tsquery) AS query
  FROM unnest(CAST(:rooms AS bigint[]), CAST(:queries AS text[])) AS pairs (room_id, query)
), near AS MATERIALIZED (
  SELECT m.id FROM ({near} LIMIT {NEAR}) m
  JOIN asked ON asked.room_id = m.room_id AND m.words @@ asked.query
  ORDER BY m.id DESC LIMIT {_LIMIT}
), far AS MATERIALIZED (
  SELECT id FROM (
    SELECT m.id FROM asked JOIN messages m ON m.words @@ asked.query OFFSET 0
  ) indexed WHERE id < {_BEFORE} AND (SELECT count(*) FROM near) < {_LIMIT}
  ORDER BY id DESC LIMIT {_LIMIT}
)
SELECT {_HIT} FROM messages m {_AUTHOR}
WHERE m.id IN (SELECT id FROM near UNION SELECT id FROM far) AND {_SEEN}
ORDER BY m.id DESC LIMIT {_LIMIT}
"""


_GIN = _gin(
    "SELECT id, room_id, words FROM messages WHERE room_id = (CAST(:rooms AS bigint[]))[1]"
    f" AND number < COALESCE(NULLIF({_NUMBER}, 0), {_BEYOND}) ORDER BY number DESC"
)
_GIN_EVERYWHERE = _gin(
    f"SELECT id, room_id, words FROM messages WHERE id < {_BEFORE} ORDER BY id DESC"
)


# ------------------------------------------------------------------ tidying


async def tidy(db: database.Database) -> None:
    """Lets words that were erased leave the index itself, a few pages at a time.

    FTS5 only notes what is deleted, and forgets it when it merges (before SQLite 3.42, that is);
    PostgreSQL sees to it by itself. https://www.sqlite.org/fts5.html#the_merge_command
    """
    if db.dialect != "sqlite":
        return
    await db.run(_MERGE, {"pages": -_MERGED_PAGES})
    for _ in range(_MERGES):
        await db.run(_MERGE, {"pages": _MERGED_PAGES})


_MERGED_PAGES = 200
_MERGES = 50
_MERGE = "INSERT INTO message_words (message_words, rank) VALUES ('merge', :pages)"
