"""Makes SQL text and arguments out of what the domain asks for.

`databases` compiles every query anew, which costs more than most queries take to run. Here a
SQLAlchemy query is compiled once for its shape, the way SQLAlchemy's own engine does it, and SQL
written as text is passed on with as good as no work at all. Both name their values `:name`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import util
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.dialects.sqlite import pysqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement

Values = Mapping[str, Any]

# How many shapes of queries are remembered; the product has about a hundred.
_KEPT = 500

# A name after one colon; `::text` is a cast and `'12:30'` has a digit before its colon.
_NAME = re.compile(r"(?<![:\w]):([A-Za-z_]\w*)")
_WRITE = re.compile(r"\b(INSERT|UPDATE|DELETE|REPLACE)\b", re.IGNORECASE)


class Statement(NamedTuple):
    """What a driver runs: `values` are by name for SQLite and by place for PostgreSQL."""

    sql: str
    values: Values | Sequence[Any]
    writes: bool


class Compiler:
    """Compiles for one dialect: `sqlite` or `postgresql`."""

    def __init__(self, dialect: str) -> None:
        self._dialect = _dialect(dialect)
        self._by_place = dialect == "postgresql"
        self._compiled: util.LRUCache[Any, Any] = util.LRUCache(_KEPT)
        self._texts: dict[str, _Text] = {}

    def statement(self, query: ClauseElement | str, values: Values | None) -> Statement:
        if isinstance(query, str):
            return self._text(query, values or {})
        return self._core(query, values or {})

    def _text(self, query: str, values: Values) -> Statement:
        text = self._texts.get(query)
        if text is None:
            if len(self._texts) >= _KEPT:
                self._texts.clear()
            text = self._texts[query] = _Text.of(query, self._by_place)
        if text.names is None:
            return Statement(text.sql, values, text.writes)
        return Statement(text.sql, [values[name] for name in text.names], text.writes)

    def _core(self, query: ClauseElement, values: Values) -> Statement:
        # The same steps as sqlalchemy.engine.default; they have no public name.
        compiled, extracted, collected, _ = query._compile_w_cache(
            self._dialect, compiled_cache=self._compiled, column_keys=sorted(values)
        )
        if not isinstance(compiled, SQLCompiler):
            return Statement(str(compiled), {} if not self._by_place else [], True)
        arguments = compiled.construct_params(
            values, extracted_parameters=extracted, _collected_params=collected
        )
        sql = compiled.string
        places: Sequence[str] | None = compiled.positiontup
        processors: Mapping[str, Any] = compiled._bind_processors
        if compiled.post_compile_params or compiled.literal_execute_params:
            expanded = compiled._process_parameters_for_postcompile(arguments)
            sql, places = expanded.statement, expanded.positiontup
            processors = {**processors, **expanded.processors}
            arguments.update(expanded.additional_parameters)
        for name in processors.keys() & arguments.keys():
            arguments[name] = processors[name](arguments[name])
        writes = bool(compiled.isinsert or compiled.isupdate or compiled.isdelete)
        if self._by_place:
            return Statement(sql, _in_order(arguments, places or ()), writes)
        return Statement(sql, arguments, writes)


class _Text(NamedTuple):
    sql: str
    names: tuple[str, ...] | None
    writes: bool

    @classmethod
    def of(cls, query: str, by_place: bool) -> _Text:
        writes = _WRITE.search(query) is not None
        if not by_place:
            return cls(query, None, writes)
        names = tuple(dict.fromkeys(_NAME.findall(query)))
        places = {name: f"${place}" for place, name in enumerate(names, start=1)}
        return cls(_NAME.sub(lambda found: places[found[1]], query), names, writes)


def _dialect(name: str) -> Dialect:
    if name == "sqlite":
        return pysqlite.dialect(paramstyle="named")
    return asyncpg.dialect()  # type: ignore[no-untyped-call]


def _in_order(arguments: Values, places: Iterable[str]) -> list[Any]:
    return [arguments[place] for place in places]
