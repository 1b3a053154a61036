"""Search: the terms of every message, and the index over them that the database keeps itself."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

from hubbub import terms

revision = "0003"
down_revision = "0002"

BATCH = 1_000


Words = sa.Text().with_variant(TSVECTOR(), "postgresql")
messages = sa.table("messages", sa.column("id"), sa.column("words", Words))


def upgrade() -> None:
    op.add_column("messages", sa.Column("words", Words, nullable=False, server_default=""))
    # The index is made last: that is quicker than keeping it while it grows.
    fill_words()
    if op.get_context().dialect.name == "sqlite":
        create_fts5()
    else:
        # How quick a search is must not depend on how much was written since the last VACUUM.
        op.execute(
            "CREATE INDEX message_words ON messages USING gin (words) WITH (fastupdate = off)"
        )


def fill_words() -> None:
    """The terms of the messages that are there already."""
    connection, last = op.get_bind(), 0
    update = messages.update().where(messages.c.id == sa.bindparam("message_id"))
    while rows := connection.execute(_BATCH, {"last": last, "limit": BATCH}).all():
        connection.execute(update, [_words(row) for row in rows])
        last = rows[-1].id


_BATCH = sa.text(
    "SELECT id, room_id, author_id, posted_at, body FROM messages WHERE id > :last"
    " ORDER BY id LIMIT :limit"
)


def _words(row: Any) -> dict[str, Any]:
    given = {"room_id": row.room_id, "author_id": row.author_id, "posted_at": row.posted_at}
    return {"message_id": row.id, "words": terms.index(row.body, **given) if row.body else ""}


def create_fts5() -> None:
    """An FTS5 table without a copy of the text, and triggers that keep it.

    The terms are cut already, so the tokenizer only parts them at blanks. Neither the place of a
    term in its message nor a measure of relevance is asked for, so neither is stored. Whoever
    makes `messages` anew, as SQLite needs it for some changes, has to make the triggers anew.
    """
    op.execute(
        "CREATE VIRTUAL TABLE message_words USING fts5(words, content = 'messages',"
        " content_rowid = 'id', detail = none, columnsize = 0,"
        """ tokenize = "ascii tokenchars '_@~+#'")"""
    )
    op.execute("INSERT INTO message_words (message_words) VALUES ('rebuild')")
    added = "INSERT INTO message_words (rowid, words) VALUES (new.id, new.words);"
    taken = (
        "INSERT INTO message_words (message_words, rowid, words)"
        " VALUES ('delete', old.id, old.words);"
    )
    for name, event, act in (
        ("added", "INSERT", added),
        ("changed", "UPDATE OF words", taken + added),
        ("taken", "DELETE", taken),
    ):
        op.execute(f"CREATE TRIGGER message_words_{name} AFTER {event} ON messages BEGIN {act} END")
