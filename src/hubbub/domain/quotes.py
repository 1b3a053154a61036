"""Quotes: the beginning of a message, as it stands above those that answer it."""

from __future__ import annotations

from dataclasses import dataclass

from hubbub import database
from hubbub.domain import accounts

LENGTH = 400
"""Of so much of a message a line is made."""

FORGOTTEN = 1
"""When what is not kept any more was deleted: nobody knows."""


@dataclass(frozen=True, slots=True)
class Quote:
    """The message that another one answers, as it is now; `body` is its beginning."""

    number: int
    author_name: str
    body: str
    deleted_at: int | None
    author_mark: str = ""  # a guest's


# What is read of it with `messages m`, and what that takes to be joined; `from_row` reads it.
COLUMNS = (
    "m.reply_to, qa.display_name AS quote_name, qa.username AS quote_username,"
    f" substr(q.body, 1, {LENGTH}) AS quote_body, q.deleted_at AS quote_deleted_at"
)
JOINS = (
    "LEFT JOIN messages q ON q.room_id = m.room_id AND q.number = m.reply_to"
    " LEFT JOIN people qa ON qa.id = q.author_id"
)


def from_row(row: database.Record) -> Quote | None:
    if row["reply_to"] is None:
        return None
    if row["quote_body"] is None:
        return Quote(row["reply_to"], "", "", FORGOTTEN)
    said = row["quote_name"], row["quote_body"], row["quote_deleted_at"]
    return Quote(row["reply_to"], *said, accounts.mark(row["quote_username"] or ""))
