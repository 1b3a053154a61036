"""The roll of a room: its people a page at a time, all or some of them, and one by name."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy

from hubbub import database
from hubbub.domain import accounts, clock, memberships, names, rooms
from hubbub.tables import memberships as table
from hubbub.tables import people

PAGE = 100
PARTS = ("all", "carers", "guests", "muted")
"""Whom one may want to see: everyone, who looks after the room, who has no account or may only
read, who is muted."""

_ROLES = {"carers": ("owner", "moderator"), "guests": ("guest", "reader")}


@dataclass(frozen=True, slots=True)
class Page:
    """Some of a room's people, which were asked for, and whether there are more after them."""

    people: list[rooms.Member]
    part: str
    named: str
    skip: int
    more: bool

    @property
    def before(self) -> int | None:
        """Where the page before this one begins."""
        return max(0, self.skip - PAGE) if self.skip else None

    @property
    def after(self) -> int | None:
        return self.skip + PAGE if self.more else None


async def page(
    db: database.Queries, room_id: int, part: str = "all", *, named: str = "", skip: int = 0
) -> Page:
    """Owners, then moderators, then the others, each by name; `named` is a part of one."""
    query = memberships.listed(room_id)
    part = part if part in PARTS else "all"
    if part in _ROLES:
        query = query.where(table.c.role.in_(_ROLES[part]))
    if part == "muted":
        query = query.where(memberships.MUTED_UNTIL.is_not(None))
    if sought := names.clean(named):
        like, name = f"{names.pattern(sought.lower())}%", people.c.display_name
        by_name = sqlalchemy.func.lower(name).like(f"%{like}", escape="!")
        query = query.where(people.c.username_key.like(like, escape="!") | by_name)
    rows = await db.all(query.limit(PAGE + 1).offset(skip).params(now=clock.now()))
    found = [rooms.member_from_row(row) for row in rows]
    return Page(found[:PAGE], part, sought, skip, len(found) > PAGE)


async def find(db: database.Queries, room_id: int, username: str) -> rooms.Member | None:
    """The member of this name, however it is written."""
    person = await accounts.by_username(db, username)
    return await memberships.find(db, room_id, person.id) if person else None
