"""What an answer took: the queries that were made for it, and what the database read for them.

Each query is run once more by itself, and what it reads is counted:

- by SQLite the steps of its virtual machine, in which FTS5 does not count its own work; and the
  different pages read from the file by a connection that knows none yet (on Linux only);
- by PostgreSQL the rows that tables and indexes gave or that were thrown away, as EXPLAIN ANALYZE
  tells it; and the pages asked for, each as often as it was.
"""

from __future__ import annotations

import contextlib
import contextvars
import itertools
import json
import pathlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import asyncpg
import filling

from hubbub import database
from hubbub.database import statements

Ledger = list[tuple[statements.Statement, int]]
_LEDGER: contextvars.ContextVar[Ledger | None] = contextvars.ContextVar("ledger", default=None)


def keep_books() -> None:
    """From now on each query is noted, with the number of its rows, while somebody wants it."""
    for kind in (database.Database, database.Connection):
        kind._fetch = _noting(kind._fetch)  # type: ignore[method-assign]


def _noting(fetch: Callable[..., Any]) -> Callable[..., Any]:
    async def noted(self: database.Queries, statement: statements.Statement) -> list[Any]:
        rows: list[Any] = await fetch(self, statement)
        ledger = _LEDGER.get()
        if ledger is not None:
            ledger.append((statement, len(rows)))
        return rows

    return noted


@contextlib.contextmanager
def noted() -> Iterator[Ledger]:
    """The queries made while the block runs, by what it runs."""
    ledger: Ledger = []
    noting = _LEDGER.set(ledger)
    try:
        yield ledger
    finally:
        _LEDGER.reset(noting)


async def read(url: str, asked: Sequence[statements.Statement]) -> tuple[int, int]:
    """Steps or rows, and pages."""
    if url.startswith("sqlite:"):
        return _read_by_sqlite(url.removeprefix("sqlite:///"), asked)
    return await _read_by_postgresql(url, asked)


def _read_by_sqlite(path: str, asked: Sequence[statements.Statement]) -> tuple[int, int]:
    steps = itertools.count()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA cache_size = -64000")
    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # The schema is known.
    connection.set_progress_handler(lambda: next(steps) < 0, 1)
    before = _bytes_read()
    for statement in asked:
        connection.execute(statement.sql, statement.values).fetchall()
    pages = (_bytes_read() - before) // 4096
    connection.close()
    return next(steps), pages


def _bytes_read() -> int:
    """By this thread, from files; https://man7.org/linux/man-pages/man5/proc_pid_io.5.html"""
    try:
        told = pathlib.Path("/proc/thread-self/io").read_text()
    except FileNotFoundError:
        return 0
    return int(told.split()[1])


async def _read_by_postgresql(url: str, asked: Sequence[statements.Statement]) -> tuple[int, int]:
    raw, rows, pages = await asyncpg.connect(filling.plain(url)), 0, 0
    for statement in asked:
        sql = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement.sql}"
        [[text]] = await raw.fetch(sql, *statement.values)
        plan = json.loads(text)[0]["Plan"]
        rows += sum(map(_looked_at, _nodes(plan)))
        pages += plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    await raw.close()
    return rows, pages


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from _nodes(part)


def _looked_at(node: dict[str, Any]) -> int:
    """Rows of a table or index that this part of a plan came across."""
    if not node.keys() & {"Relation Name", "Index Name"}:
        return 0
    thrown_away = ("Rows Removed by Filter", "Rows Removed by Index Recheck")
    each = node["Actual Rows"] + sum(node.get(name, 0) for name in thrown_away)
    return round(each * node["Actual Loops"])
