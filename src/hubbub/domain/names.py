"""Names: who is meant by the few letters somebody remembers of what they are called.

A database folds no accents. It picks the likeliest rows by the letters it can compare; which of
them are meant, and in which order, is decided here.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy

from hubbub import database
from hubbub.domain import accounts, handles
from hubbub.tables import people

LONGEST = 50
_READ = 100
"""Rows that are read at most, however many there are to choose from."""

# In Latin script these often carry a mark, so a name that has none of them may still be meant.
_MARKED = frozenset("acdegilnorstuyz")

Condition = sqlalchemy.ColumnElement[bool]


def clean(typed: str) -> str:
    """What is sought, bounded, since folding is not linear in time."""
    return typed[:LONGEST].replace("\0", "").strip()


def pattern(text: str) -> str:
    """The text as LIKE takes it literally, with `!` to escape."""
    return "".join(f"!{letter}" if letter in "!%_" else letter for letter in text)


def scattered(letters: Iterable[str]) -> str:
    """A LIKE pattern for these letters in their order, whatever stands between them."""
    return "".join(f"%{pattern(letter)}" for letter in letters) + "%"


async def nearest(
    db: database.Queries, among: Condition, typed: str, limit: int
) -> list[accounts.Person]:
    """Those of the people `among` whose names come near to what was typed; nearest first."""
    columns = (people.c[name] for name in accounts.FIELDS)
    query = sqlalchemy.select(people.c.id.label("person_id"), *columns)
    possible = query.where(among, _possible(typed)).order_by(
        _distance(typed), people.c.username_key
    )
    found = map(accounts.from_row, await db.all(possible.limit(_READ)))
    ranked = sorted(
        (_rank(typed, person), accounts.fold(person.username), person) for person in found
    )
    return [person for rank, _, person in ranked[:limit] if rank < _NO_MATCH]


def _possible(typed: str) -> Condition:
    folded = handles.fold(typed)
    sure = [letter for letter in folded if letter.isascii() and letter not in _MARKED]
    name = sqlalchemy.func.lower(people.c.display_name)
    by_name = name.like(scattered(sure), escape="!")
    return people.c.username_key.like(scattered(folded), escape="!") | by_name


def _distance(typed: str) -> sqlalchemy.ColumnElement[int]:
    """Like `_rank`, as far as a database can tell."""
    folded = pattern(handles.fold(typed))
    key = people.c.username_key
    return sqlalchemy.case(
        (key.like(f"{folded}%", escape="!"), 0),
        (_is_spelled(typed, "") | _is_spelled(typed, "% "), 1),
        (key.like(f"%{folded}%", escape="!") | _is_spelled(typed, "%"), 2),
        else_=3,
    )


def _is_spelled(typed: str, before: str) -> Condition:
    if typed.isascii():
        name = sqlalchemy.func.lower(people.c.display_name)
        return name.like(f"{before}{pattern(typed.lower())}%", escape="!")
    # Not every database knows the small letters of every script.
    spellings = sorted({typed, typed.lower(), typed.title()})
    likes = [f"{before}{pattern(spelling)}%" for spelling in spellings]
    return sqlalchemy.or_(*(people.c.display_name.like(like, escape="!") for like in likes))


_NO_MATCH = 9


def _rank(typed: str, person: accounts.Person) -> int:
    """How near a name comes, 0 nearest: the username's beginning, a word's, then anywhere."""
    sought, name = handles.fold(typed), handles.fold(person.name)
    key = accounts.fold(person.username)
    if key.startswith(sought):
        return 0
    if f" {sought}" in f" {name}":
        return 1
    if sought in key or sought in name:
        return 2
    return 3 if _is_scattered(sought, key) or _is_scattered(sought, name) else _NO_MATCH


def _is_scattered(sought: str, text: str) -> bool:
    letters = iter(text)
    return all(letter in letters for letter in sought)
