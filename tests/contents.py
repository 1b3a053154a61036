"""What a database holds, table by table, as text: to look for what should be gone or unchanged."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy

from hubbub import database, tables


async def of(db: database.Database, names: Iterable[str] = ()) -> str:
    """All rows of these tables, or of all tables of the schema."""
    chosen = [tables.metadata.tables[name] for name in names] or tables.metadata.sorted_tables
    found = []
    for table in chosen:
        rows = await db.all(sqlalchemy.select(table).order_by(*table.primary_key))
        found += [f"{table.name} {tuple(row)!r}" for row in rows]
    return "\n".join(found)
