"""What drivers raise, in our words: the database does not answer, or a value is there already."""

from __future__ import annotations

import sqlite3

import asyncpg

from hubbub import errors, words

RETRY_SECONDS = 2


class UniqueViolation(Exception):
    """A value that has to be unique is there already.

    On PostgreSQL the transaction it happened in can only be rolled back: catch it outside.
    """


# The primary codes of https://www.sqlite.org/rescode.html that are no fault of the statement.
_SQLITE_AWAY = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
}
_SQLITE_UNIQUE = {sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY}

# https://www.postgresql.org/docs/current/errcodes-appendix.html: connection, resources,
# deadlock and serialisation, operator intervention, system error, and a server turned standby.
_POSTGRESQL_AWAY = ("08", "53", "40", "57", "58", "25006", "55P03")


def unavailable() -> errors.Unavailable:
    sentence = words.gettext("Hubbub is busy right now. Please try again in a moment.")
    return errors.Unavailable(sentence, retry_after=RETRY_SECONDS)


def from_sqlite(error: sqlite3.Error) -> Exception:
    code = getattr(error, "sqlite_errorcode", 0)
    if code & 0xFF in _SQLITE_AWAY:
        return unavailable()
    if code in _SQLITE_UNIQUE:
        return UniqueViolation(str(error))
    return error


def is_locked(error: sqlite3.Error) -> bool:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def from_postgresql(error: Exception) -> Exception:
    if isinstance(error, asyncpg.UniqueViolationError):
        return UniqueViolation(str(error))
    if is_lost(error) or isinstance(error, TimeoutError):
        return unavailable()
    if isinstance(error, asyncpg.PostgresError) and _code(error).startswith(_POSTGRESQL_AWAY):
        return unavailable()
    return error


def is_lost(error: Exception) -> bool:
    """Whether the connection is gone or could not be made, so that another one may do better."""
    if isinstance(error, asyncpg.PostgresError):
        return _code(error).startswith(("08", "57P"))
    if isinstance(error, asyncpg.InterfaceError):
        # "connection is closed", or "has been released" because it was lost before its first use.
        return "clos" in str(error) or "released" in str(error)
    return isinstance(error, OSError | asyncpg.InternalClientError) and not isinstance(
        error, TimeoutError
    )


def _code(error: asyncpg.PostgresError) -> str:
    return str(error.sqlstate or "")
