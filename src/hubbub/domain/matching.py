"""Matching: what a search asks for, and how SQLite and PostgreSQL are asked for it.

All that is asked for is a term of the index, the author and the days too, so the index alone
says which messages are meant. The newest are looked through before it is asked: see `NEAR`.
"""

# ruff: noqa: S608 - SQL is put together from constants only; values are bound.

from __future__ import annotations

import dataclasses
import datetime
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hubbub import database, terms
from hubbub.domain import clock, days

PAGE = 20
# So many messages are looked through one by one before the index is asked. PostgreSQL's can only
# name all messages with a term at once, and SQLite's first puts together all words that begin as
# one does (80 ns for each time one was said, and 1 µs for a message looked through, measured).
# What is said often is among the newest, and the rest is few.
NEAR = {"sqlite": 250, "postgresql": 1_000}
_BEYOND = 2**53
_LIMIT = PAGE + 1  # one more tells whether there is a next page


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


def can_match(query: Query, author_id: int | None, scope: Sequence[int]) -> bool:
    """Whether any message of these rooms could be meant."""
    return all(_groups(query, author_id, scope))


def asked(
    dialect: str,
    query: Query,
    author_id: int | None,
    scope: Sequence[int],
    *,
    everywhere: bool,
    overseeing: bool = False,
) -> tuple[str, dict[str, Any]]:
    """The statement, and the values that say in it what is sought. `overseeing`: an administrator
    looks into rooms that are not private, without being in them."""
    place = (everywhere, overseeing)
    if dialect == "sqlite":
        match = _fts5(_groups(query, author_id, scope))
        sought = {"sought": _sought(query, author_id, scope), **_times(query)}
        return _FTS5[place], {"here": scope[0], "match": match, **sought}
    queries = [_tsquery(_groups(query, author_id, [room_id])) for room_id in scope]
    return _GIN[place], {"here": scope[0], "rooms": scope, "queries": queries}


def _sought(query: Query, author_id: int | None, scope: Sequence[int]) -> str:
    """For each room what the words of a message hold between blanks, if it is meant; as JSON."""
    undated = dataclasses.replace(query, since=None, until=None)
    return json.dumps(
        [
            (room_id, f" {term.text}" if term.is_prefix else f" {term.text} ")
            for room_id in scope
            for [term] in _groups(undated, author_id, [room_id])
        ]
    )


def _times(query: Query) -> dict[str, int | None]:
    """The first and the last millisecond of the days."""
    first, last = [days.start(day) if day else None for day in (query.since, query.until)]
    return {"since": first, "until": None if last is None else last + clock.DAY - 1}


def _fts5(groups: Groups) -> str:
    """https://www.sqlite.org/fts5.html#full_text_query_syntax"""
    return _joined(groups, " AND ", " OR ", lambda term: f'"{term.text}"' + "*" * term.is_prefix)


def _tsquery(groups: Groups) -> str:
    """https://www.postgresql.org/docs/current/datatype-textsearch.html#DATATYPE-TSQUERY"""
    return _joined(groups, " & ", " | ", lambda term: f"'{term.text}'" + ":*" * term.is_prefix)


def _joined(groups: Groups, all_of: str, one_of: str, write: Callable[[terms.Term], str]) -> str:
    return all_of.join(f"({one_of.join(map(write, group))})" for group in groups)


# Whoever left the room a moment ago, and whatever was erased, is not found any more.
_MEMBER = (
    "EXISTS (SELECT 1 FROM memberships s JOIN rooms r ON r.id = s.room_id"
    " WHERE s.room_id = m.room_id AND s.person_id = :person_id AND r.deleted_at IS NULL)"
)
_OPEN = (
    "EXISTS (SELECT 1 FROM rooms o WHERE o.id = m.room_id AND o.access <> 'invited'"
    " AND o.deleted_at IS NULL)"
)
_SEEN = {
    False: f"m.deleted_at IS NULL AND {_MEMBER}",
    True: f"m.deleted_at IS NULL AND ({_OPEN} OR {_MEMBER})",
}
_NUMBER = "CAST(:number AS bigint)"
_BEFORE = (
    f"COALESCE((SELECT id FROM messages WHERE room_id = :room_id AND number = {_NUMBER}),"
    f" {_BEYOND})"
)
_HIT = "m.room_id, m.number, m.posted_at, m.body, a.username, a.display_name"
_AUTHOR = "LEFT JOIN people a ON a.id = m.author_id"

_NEWEST = "SELECT id, room_id, posted_at, words FROM messages"
_NEWEST_HERE = (
    f"{_NEWEST} WHERE room_id = :here AND number < COALESCE(NULLIF({_NUMBER}, 0), {_BEYOND})"
    " ORDER BY number DESC"
)
_NEWEST_EVERYWHERE = f"{_NEWEST} WHERE id < {_BEFORE} ORDER BY id DESC"


def _found(overseeing: bool) -> str:
    """What comes twice, from near and from far, counts once."""
    return f"""
SELECT {_HIT} FROM messages m {_AUTHOR}
WHERE m.id IN (SELECT id FROM near UNION SELECT id FROM far) AND {_SEEN[overseeing]}
ORDER BY m.id DESC LIMIT {_LIMIT}
"""


def _fts5_after(newest: str, overseeing: bool) -> str:
    """FTS5 gives row ids from the newest on, one after the other, so the limit ends its work as
    well; and it is asked for nothing when the page is full already."""
    return f"""
WITH sought AS MATERIALIZED (
  SELECT json_extract(value, '$[0]') AS room_id, json_extract(value, '$[1]') AS term
  FROM json_each(:sought)
), near AS MATERIALIZED (
  SELECT m.id FROM ({newest} LIMIT {NEAR["sqlite"]}) m
  WHERE m.posted_at BETWEEN COALESCE(:since, m.posted_at) AND COALESCE(:until, m.posted_at)
  AND m.room_id IN (SELECT room_id FROM sought) AND NOT EXISTS (
    SELECT 1 FROM sought s
    WHERE s.room_id = m.room_id AND NOT instr(' ' || m.words || ' ', s.term)
  ) LIMIT {_LIMIT}
), far AS MATERIALIZED (
  SELECT rowid AS id FROM message_words WHERE rowid < {_BEFORE} AND message_words MATCH
    CASE WHEN (SELECT count(*) FROM near) < {_LIMIT} THEN :match ELSE '""' END
  ORDER BY rowid DESC LIMIT {_LIMIT}
) {_found(overseeing)}"""


def _gin_after(newest: str, overseeing: bool) -> str:
    """Both parts are closed to the planner, who knows nothing of how often a term is said: a LIMIT
    and OFFSET 0 see to that. Limits are written out, since it plans for a tenth of the table where
    it does not know one."""
    return f"""
WITH asked AS MATERIALIZED (
  SELECT room_id, CAST(query AS tsquery) AS query
  FROM unnest(CAST(:rooms AS bigint[]), CAST(:queries AS text[])) AS pairs (room_id, query)
), near AS MATERIALIZED (
  SELECT m.id FROM ({newest} LIMIT {NEAR["postgresql"]}) m
  JOIN asked ON asked.room_id = m.room_id AND m.words @@ asked.query
  ORDER BY m.id DESC LIMIT {_LIMIT}
), far AS MATERIALIZED (
  SELECT id FROM (
    SELECT m.id FROM asked JOIN messages m ON m.words @@ asked.query OFFSET 0
  ) indexed WHERE id < {_BEFORE} AND (SELECT count(*) FROM near) < {_LIMIT}
  ORDER BY id DESC LIMIT {_LIMIT}
) {_found(overseeing)}"""


# By whether all rooms are meant, and whether an administrator looks.
_PLACES = [
    ((everywhere, overseeing), _NEWEST_EVERYWHERE if everywhere else _NEWEST_HERE)
    for everywhere in (False, True)
    for overseeing in (False, True)
]
_FTS5 = {place: _fts5_after(newest, place[1]) for place, newest in _PLACES}
_GIN = {place: _gin_after(newest, place[1]) for place, newest in _PLACES}


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
