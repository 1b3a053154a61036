"""Secrets that are good for one use: setting up the site, a new password, an e-mail address.

Whoever holds one has it from a link; the database keeps its hash, so a stolen table opens nothing.
What is unknown, used or past its time is all the same: None.
"""

from __future__ import annotations

from dataclasses import dataclass

from hubbub import database, signing
from hubbub.domain import clock

KINDS = frozenset({"setup", "password", "email"})

_INSERT = (
    "INSERT INTO tokens (token_hash, kind, person_id, detail, created_at, expires_at)"
    " VALUES (:token_hash, :kind, :person_id, :detail, :now, :expires_at)"
)
_GOOD = "token_hash = :token_hash AND kind = :kind AND expires_at > :now"
_PEEK = f"SELECT person_id, detail, expires_at FROM tokens WHERE {_GOOD}"  # noqa: S608
# Two who come at once wait for each other here: the row goes to one of them only.
_REDEEM = f"DELETE FROM tokens WHERE {_GOOD} RETURNING person_id, detail, expires_at"  # noqa: S608
_FORGET = "DELETE FROM tokens WHERE kind = :kind"
_SWEEP = "DELETE FROM tokens WHERE expires_at <= :now"


@dataclass(frozen=True, slots=True)
class Token:
    """What a secret is good for: `person_id` is whose it is, if it is anyone's; `detail` depends on
    the kind. `expires_at` is in milliseconds UTC."""

    person_id: int | None
    detail: str
    expires_at: int


async def create(
    db: database.Queries,
    kind: str,
    *,
    person_id: int | None = None,
    detail: str = "",
    lifetime: int,
    now: int | None = None,
) -> str:
    """A new secret of 256 random bits, good for `lifetime` milliseconds."""
    if kind not in KINDS:
        raise ValueError(kind)
    at, token = clock.at(now), signing.new_token()
    values = {
        "token_hash": signing.token_hash(token),
        "kind": kind,
        "person_id": person_id,
        "detail": detail,
        "now": at,
        "expires_at": at + lifetime,
    }
    await db.run(_INSERT, values)
    return token


async def peek(
    db: database.Queries, kind: str, token: str, *, now: int | None = None
) -> Token | None:
    """What the secret is good for, without using it."""
    return _from_row(await db.one(_PEEK, _values(kind, token, now)))


async def redeem(
    conn: database.Connection, kind: str, token: str, *, now: int | None = None
) -> Token | None:
    """Uses the secret, in the transaction of what it is good for: taken back with it."""
    return _from_row(await conn.one(_REDEEM, _values(kind, token, now)))


async def forget(conn: database.Queries, kind: str, person_id: int | None = None) -> None:
    """All secrets of a kind, or those of one person, open nothing any more."""
    if person_id is None:
        await conn.run(_FORGET, {"kind": kind})
    else:
        await conn.run(
            f"{_FORGET} AND person_id = :person_id", {"kind": kind, "person_id": person_id}
        )


async def sweep(db: database.Queries, *, now: int | None = None) -> None:
    """Forgets what is past its time."""
    await db.run(_SWEEP, {"now": clock.at(now)})


def _values(kind: str, token: str, now: int | None) -> dict[str, str | int]:
    return {"token_hash": signing.token_hash(token), "kind": kind, "now": clock.at(now)}


def _from_row(row: database.Record | None) -> Token | None:
    return Token(row["person_id"], row["detail"], row["expires_at"]) if row else None
