"""The contents of files, which are kept for as long as a row wants them.

A row says that a content is wanted before the content is put, and content is removed only when no
row wants it; `storage` explains why that order loses nothing.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable

import sqlalchemy

from hubbub import database, storage
from hubbub.domain import clock
from hubbub.tables import attachments, people

UNSENT_FOR = clock.DAY

_ABANDONED_AFTER = 3600.0
_BATCH = 500

_FORGET = "DELETE FROM attachments WHERE message_id IS NULL AND created_at < :before"


async def sweep(db: database.Queries, store: storage.Store, digests: Iterable[str]) -> None:
    """Removes contents that no row wants any more."""
    for digest in await _unwanted(db, digests):
        await store.remove(digest, functools.partial(_is_wanted, db, digest))


async def tidy(db: database.Queries, store: storage.Store, *, now: int | None = None) -> None:
    """Forgets what was never sent, and removes what else nobody wants: of rooms that are gone, or
    of a process that died between its commit and its `sweep`."""
    await db.run(_FORGET, {"before": clock.at(now) - UNSENT_FOR})
    async for digests in store.unchanged_for(_ABANDONED_AFTER):
        for start in range(0, len(digests), _BATCH):
            await sweep(db, store, digests[start : start + _BATCH])


async def _unwanted(db: database.Queries, digests: Iterable[str]) -> list[str]:
    asked = sorted(set(digests))
    if not asked:
        return []
    of_messages = sqlalchemy.select(attachments.c.digest).where(attachments.c.digest.in_(asked))
    of_people = sqlalchemy.select(people.c.picture).where(people.c.picture.in_(asked))
    wanted = {row[0] for row in await db.all(of_messages.union(of_people))}
    return [digest for digest in asked if digest not in wanted]


async def _is_wanted(db: database.Queries, digest: str) -> bool:
    return not await _unwanted(db, [digest])
