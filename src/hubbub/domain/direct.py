"""Direct rooms: private ones between two people or a few, one for each set of people.

They are like other private rooms, except that nobody owns them, and nobody comes or goes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

import sqlalchemy

from hubbub import database, errors, signing, words
from hubbub.domain import accounts, clock, handles, inbox, log, rooms
from hubbub.tables import blocks, memberships, people
from hubbub.tables import rooms as table

MOST = 8
"""More people than this talk better in a room that somebody looks after."""

_MET = (
    "SELECT p.disabled_at FROM people p WHERE p.id = :person_id AND EXISTS (SELECT 1"
    " FROM memberships mine JOIN memberships theirs ON theirs.room_id = mine.room_id"
    " JOIN rooms r ON r.id = mine.room_id AND r.deleted_at IS NULL"
    " WHERE mine.person_id = :by_id AND theirs.person_id = p.id)"
)
_FREE = "UPDATE rooms SET direct_key = NULL WHERE direct_key = :key AND deleted_at IS NOT NULL"
_MEMBER = (
    "INSERT INTO memberships (room_id, person_id, role, joined_at)"
    " VALUES (:room_id, :person_id, 'member', :now)"
)


# ----------------------------------------------------------------- opening


async def find(
    db: database.Queries, by: accounts.Person, usernames: Sequence[str]
) -> rooms.Room | None:
    """The room of these people and `by`, if it was made before. Refuses what `open` refuses for
    these names, except that those who have one already keep it, whatever came between them."""
    return await _find(db, _key(await _everyone(db, by, usernames)))


async def open(
    db: database.Database,
    by: accounts.Person,
    usernames: Sequence[str],
    *,
    now: int | None = None,
) -> rooms.Room:
    """The room of these people and `by`, made when it is not there yet.

    Only with people one shares a room with: Invalid for all others, whether there are such people
    or not, and for too many or nobody at all. Forbidden, without saying why, for who cannot be
    written to, and when `by` and one of them do not want to hear each other. What two of the
    others think of each other does not count: `by` would learn of it.
    """
    everyone = await _everyone(db, by, usernames)
    key = _key(everyone)
    found = await _find(db, key)
    if found is not None:
        return found
    await _require_peace(db, by, everyone)
    try:
        return await _make(db, key, by, everyone, clock.at(now))
    except database.UniqueViolation:
        # Another of them, or another tab, was quicker.
        made = await _find(db, key)
        if made is None:
            raise
        return made


async def _everyone(
    db: database.Queries, by: accounts.Person, usernames: Sequence[str]
) -> list[accounts.Person]:
    """Those who are meant and `by`, in the order of their ids."""
    keys = sorted({accounts.fold(name) for name in usernames} - {accounts.fold(by.username)})
    if not keys:
        raise _invalid(words.gettext("Say whom you want to write to."))
    if len(keys) >= MOST:
        sentence = words.gettext("At most {number} people talk like this. Make a room instead.")
        raise _invalid(sentence.format(number=MOST))
    others = [await _person(db, by, key) for key in keys]
    return sorted([by, *others], key=lambda person: person.id)


def _key(everyone: Sequence[accounts.Person]) -> str:
    return "-".join(str(person.id) for person in everyone)


async def _person(db: database.Queries, by: accounts.Person, key: str) -> accounts.Person:
    person = await accounts.by_username(db, key)
    met = await db.one(_MET, {"by_id": by.id, "person_id": person.id}) if person else None
    if person is None or met is None:
        shown = key[: accounts.USERNAME_LENGTH[-1]]
        raise _invalid(words.gettext("You share no room with {name}.").format(name=shown))
    if person.guest_of is not None or met["disabled_at"]:
        raise _unwilling(2)
    return person


async def _require_peace(
    db: database.Queries, by: accounts.Person, everyone: Sequence[accounts.Person]
) -> None:
    ids = [person.id for person in everyone]
    query = sqlalchemy.select(blocks.c.person_id).where(
        sqlalchemy.or_(blocks.c.person_id == by.id, blocks.c.blocked_id == by.id),
        blocks.c.person_id.in_(ids),
        blocks.c.blocked_id.in_(ids),
    )
    if await db.value(query.limit(1)) is not None:
        raise _unwilling(len(everyone))


def _invalid(sentence: str) -> errors.Invalid:
    return errors.Invalid(sentence, field="usernames")


def _unwilling(number: int) -> errors.Forbidden:
    """Not why: who blocked whom is nobody's business."""
    if number > 2:
        return errors.Forbidden(words.gettext("You cannot write to these people together."))
    return errors.Forbidden(words.gettext("You cannot write to this person."))


async def _find(db: database.Queries, key: str) -> rooms.Room | None:
    row = await db.one(
        sqlalchemy.select(table).where(table.c.direct_key == key, table.c.deleted_at.is_(None))
    )
    return rooms.from_row(row) if row else None


async def _make(
    db: database.Database,
    key: str,
    by: accounts.Person,
    everyone: Sequence[accounts.Person],
    now: int,
) -> rooms.Room:
    """Who opens it comes first in its log; each of the others is added by an event of their own."""
    others = [person.id for person in everyone if person.id != by.id]
    values = _values(key, everyone, now)
    async with db.transaction() as conn:
        await conn.run(_FREE, {"key": key})
        row = await conn.one(table.insert().values(**values).returning(*table.c))
        if row is None:
            raise LookupError("the room just made did not come back")
        room = rooms.from_row(row)
        for seq, person_id in enumerate([by.id, *others], start=1):
            member = {"room_id": room.id, "person_id": person_id, "now": now}
            await conn.run(_MEMBER, member)
            kind = "created" if person_id == by.id else "added"
            await log.append(conn, room.id, seq, kind, now=now, person_id=person_id)
        await inbox.changed(conn, [by.id, *others], now=now)
    return room


def _values(key: str, everyone: Sequence[accounts.Person], now: int) -> dict[str, str | int]:
    title = _title(person.name for person in everyone)
    return {
        "public_id": signing.new_public_id(),
        "title": title,
        "title_key": handles.fold(title),
        "access": "invited",
        "direct_key": key,
        "seq": len(everyone),
        "members": len(everyone),
        "created_at": now,
    }


def _title(names: Iterable[str]) -> str:
    title = ", ".join(sorted(names, key=handles.fold))
    cut = rooms.TITLE_LENGTH - 1
    return title if len(title) <= rooms.TITLE_LENGTH else title[:cut].rstrip(", ") + "…"


# ----------------------------------------------------------------- showing


async def named(
    db: database.Queries, found: Sequence[rooms.Room], viewer_id: int
) -> list[rooms.Room]:
    """The rooms as a viewer knows them: direct ones by the names the others have now. One query,
    and none where no room is direct."""
    ids = [room.id for room in found if room.direct_key is not None]
    if not ids:
        return list(found)
    query = (
        sqlalchemy.select(memberships.c.room_id, people.c.display_name)
        .join(people, people.c.id == memberships.c.person_id)
        .where(memberships.c.room_id.in_(ids), memberships.c.person_id != viewer_id)
    )
    names: dict[int, list[str]] = {}
    for row in await db.all(query):
        names.setdefault(row["room_id"], []).append(row["display_name"])
    return [
        dataclasses.replace(room, title=_title(names[room.id])) if room.id in names else room
        for room in found
    ]
