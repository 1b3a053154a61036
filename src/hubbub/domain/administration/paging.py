"""Lists that are too long for one page: what is asked of them, and one page of the answer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import sqlalchemy

from hubbub import database

T = TypeVar("T")

SIZE = 50
LAST = 10_000
Q_LENGTH = 80


@dataclass(frozen=True, slots=True)
class Asked:
    """What a list is narrowed to, in which order, and which page of it (from 1). `sort` empty: the
    list's own order."""

    q: str = ""
    show: str = ""
    sort: str = ""
    number: int = 1


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    rows: tuple[T, ...]
    number: int = 1
    has_next: bool = False


def asked(
    fields: Mapping[str, str], *, shows: Collection[str] = (), sorts: Sequence[str] = ()
) -> Asked:
    """The fields `q`, `show`, `sort` and `page` of an address. What is not known is not asked."""
    show, sort, page = (fields.get(name, "") for name in ("show", "sort", "page"))
    return Asked(
        q=" ".join(fields.get("q", "").replace("\0", " ").split())[:Q_LENGTH],
        show=show if show in shows else "",
        sort=sort if sort in sorts else "",
        number=min(int(page), LAST) if page.isascii() and page.isdigit() and len(page) < 7 else 1,
    )


async def page(
    db: database.Queries,
    query: sqlalchemy.Select[Any],
    number: int,
    made: Callable[[database.Record], T],
) -> Page[T]:
    """One query: a page, and whether another follows."""
    number = max(1, number)
    rows = await db.all(query.limit(SIZE + 1).offset((number - 1) * SIZE))
    return Page(tuple(map(made, rows[:SIZE])), number, len(rows) > SIZE)


def holds(column: sqlalchemy.ColumnElement[Any], text: str) -> sqlalchemy.ColumnElement[bool]:
    """Whether a text holds another one, whatever the case of its letters."""
    for character in "!%_":
        text = text.replace(character, f"!{character}")
    return column.ilike(f"%{text}%", escape="!")
