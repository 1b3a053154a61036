"""Doors that were opened for somebody: they were asked into a room, or let in after they knocked.

Whether they are due to hear of it is decided when they are told. An invitation that was answered or
taken back by then is not there any more, and one that does not reach them is for nobody's eyes.
"""

# ruff: noqa: S608 - SQL is put together from constants only; values are bound.

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass

from hubbub import database
from hubbub.domain import accounts, clock, inbox, notifications
from hubbub.domain.notifications import Due, Push

_ASKED = (
    "SELECT i.room_id, i.person_id, i.at, i.id AS invitation_id, a.username, a.display_name"
    " FROM invitations i JOIN rooms r ON r.id = i.room_id JOIN people a ON a.id = i.by_id"
    f" WHERE {inbox.REACHES}"
)
# Who came through a link that says one is to ask was let in by somebody.
_LET_IN = (
    "SELECT m.room_id, m.person_id, m.joined_at, 0, '', '' FROM memberships m"
    " JOIN invitation_links l ON l.id = m.link_id WHERE l.knock <> 0"
)
# Of one person and one room, and of some people since a time.
_ONE = "{0}.room_id = :room_id AND {0}.person_id = :person_id"
_SINCE = "{0}.person_id {among} AND {0}.{at} > :since"


def _opened(which: str, columns: str, more: str = "", **words: str) -> str:
    asked = f"{_ASKED} AND {which.format('i', at='at', **words)}"
    let_in = f"{_LET_IN} AND {which.format('m', at='joined_at', **words)}"
    return (
        "SELECT d.invitation_id, d.username, d.display_name, r.public_id, r.generation, r.title,"
        f" p.preferences, {columns} FROM ({asked} UNION ALL {let_in}) d"
        f" JOIN rooms r ON r.id = d.room_id JOIN people p ON p.id = d.person_id{more}"
        " WHERE r.deleted_at IS NULL AND p.disabled_at IS NULL AND p.deleted_at IS NULL"
        " AND p.guest_of IS NULL"
    )


_PUSHES = _opened(
    _ONE,
    "s.id, s.endpoint, s.p256dh, s.auth, s.server_key",
    " JOIN push_subscriptions s ON s.person_id = d.person_id",
)
_AMONG = {
    "sqlite": "IN (SELECT value FROM json_each(:people))",
    "postgresql": "= ANY(CAST(:people AS bigint[]))",
}
_LATELY = {
    dialect: _opened(_SINCE, "d.person_id", among=among) + " ORDER BY d.at, d.room_id"
    for dialect, among in _AMONG.items()
}


@dataclass(frozen=True, slots=True)
class OpenDoor:
    """A room that is open to somebody now. `public_id` and `generation` make its link; with an
    `invitation_id` of 0 they are in already, and nobody is named."""

    public_id: str
    generation: int
    room_title: str
    invitation_id: int
    by_name: str


async def lately(
    db: database.Queries, person_ids: Collection[int], since: int, *, now: int | None = None
) -> list[Due[OpenDoor]]:
    """What was opened after `since` (milliseconds UTC) for those of these people whose open pages
    are told of such, the oldest first."""
    if not person_ids:
        return []
    ids = sorted(set(person_ids))
    people = json.dumps(ids) if db.dialect == "sqlite" else ids
    values = {"people": people, "since": since, "now": clock.at(now)}
    return [
        Due(row["person_id"], _door(row), notifications.is_private(row))
        for row in await db.all(_LATELY[db.dialect], values)
        if notifications.is_told(row)
    ]


async def pushes(
    db: database.Queries, room_id: int, person_id: int, *, now: int | None = None
) -> list[Push[OpenDoor]]:
    """The browsers to be told that a room was opened for somebody, if it still is."""
    values = {"room_id": room_id, "person_id": person_id, "now": clock.at(now)}
    rows = await db.all(_PUSHES, values)
    return [notifications.addressed(row, _door(row)) for row in rows]


def _door(row: database.Record) -> OpenDoor:
    by_name = accounts.called(row["username"], row["display_name"])
    place = (row["public_id"], row["generation"], row["title"])
    return OpenDoor(*place, row["invitation_id"], by_name)
