"""The record of what happened to accounts and rights. It only ever grows."""

from __future__ import annotations

from hubbub import database
from hubbub.domain import clock

_INSERT = (
    "INSERT INTO security_events (at, kind, person_id, room_id, address, detail)"
    " VALUES (:at, :kind, :person_id, :room_id, :address, :detail)"
)
_DETAIL_LENGTH = 300


async def record(
    db: database.Queries,
    kind: str,
    *,
    person_id: int | None = None,
    room_id: int | None = None,
    address: str = "",
    detail: str = "",
    now: int | None = None,
) -> None:
    """Never passwords, tokens, room keys or what people wrote."""
    values = {
        "at": clock.at(now),
        "kind": kind,
        "person_id": person_id,
        "room_id": room_id,
        "address": address.replace("\0", ""),
        "detail": detail[:_DETAIL_LENGTH].encode("utf-8", "replace").decode().replace("\0", ""),
    }
    await db.run(_INSERT, values)
