"""An event becomes a frame: what the live rooms read from the domain, drawn with the templates.

A message is drawn by the same partial as on the page, the same bytes for everyone. What is drawn is
the subject's present state, so replaying an event is harmless.
"""

from __future__ import annotations

import collections
import logging
import os
import time
from collections.abc import Mapping, Sequence

from hubbub import database, words
from hubbub.domain import (
    accounts,
    clock,
    direct,
    events,
    history,
    inbox,
    knocks,
    memberships,
    messages,
    notifications,
    open_doors,
    pins,
    presence,
    rooms,
    sessions,
    unread,
)
from hubbub.domain.notifications import Due, Notice
from hubbub.domain.open_doors import OpenDoor
from hubbub.realtime import standing as reading
from hubbub.realtime.room import Cursor, Entry
from hubbub.realtime.source import Opening, RoomGone
from hubbub.web import notices, templating

log = logging.getLogger(__name__)

SNAPSHOT_MESSAGES = 50
LISTED_PEOPLE = 200
"""With more people than this in a room, the page shows a count and a sample."""

KNOWN_ROOMS = 10_000
ROOMS_AT_ONCE = 5_000
"""Databases take some 32,000 values in one query."""

NEW_ROOM = 5 * clock.MINUTE
"""So long after somebody came into a room, their open pages are given a link to it."""

NEW_DOOR = clock.MINUTE
"""So long after a room was opened for somebody, their open pages are told: some connect anew."""

LEASE_BEAT_SECONDS = 5.0
TOLD = frozenset({"role", "muted", "unmuted"})
"""What somebody inside may do is another now: it is shown beside the name, and told to them."""

JOINS = frozenset({"created", "joined", "added"}) | TOLD
"""Events after which people are drawn anew; whoever they are about is in the room."""

LEAVES = frozenset({"left", "removed", "banned"})
CHANGES = frozenset({"edited", "erased", "reacted", "pinned", "unpinned"})
"""Events after which a message is another than it was."""

QUOTING = frozenset({"edited", "erased"})
ANSWERS = 200
DRAWN_BYTES = 256 * 1024
"""Of so many answers to a message, up to so much, the newest are drawn anew when what they quote
changes: a word that costs its author little must not cost everyone here megabytes."""

ALL_BUT_THE_ROOM = frozenset({"posted"}) | CHANGES | JOINS | LEAVES
"""Events after which the room itself, and so the links that lead into it, is as it was."""


DRAWN_FROM_ONE_READ = ALL_BUT_THE_ROOM - CHANGES | {"titled", "topic", "archived", "unarchived"}


class Log:
    """The `realtime.source.Source` of this site. `process` names this process in the database."""

    def __init__(self, db: database.Database, templates: templating.Templates) -> None:
        self._db = db
        self._templates = templates
        self._process = f"{os.getpid()}-{os.urandom(6).hex()}"
        self._beat_at = -LEASE_BEAT_SECONDS
        self._places: dict[int, rooms.Room] = {}

    # ------------------------------------------------------------------- rooms

    async def open(self, room: int) -> Opening:
        async with self._db.snapshot() as db:
            head = await events.head(db, room)
            if head is None:
                raise RoomGone
            members = await memberships.ids(db, room)
        self._places.pop(room, None)
        return Opening(Cursor(head.seq, head.tag), frozenset(members))

    async def heads(self, rooms: Sequence[int]) -> Mapping[int, int]:
        found: dict[int, int] = {}
        for start in range(0, len(rooms), ROOMS_AT_ONCE):
            found |= await events.heads(self._db, rooms[start : start + ROOMS_AT_ONCE])
        return found

    async def after(self, room: int, cursor: Cursor, limit: int) -> list[Entry] | None:
        found = await events.after(self._db, room, cursor.seq - 1, limit + 1)
        if all(_is_one_read(event) for event in found):
            return await self._entries(self._db, room, cursor, found)
        # What takes several reads is read in one moment, so that nothing is drawn as it was only
        # after a removal that is not among these events yet.
        async with self._db.snapshot() as db:
            found = await events.after(db, room, cursor.seq - 1, limit + 1)
            return await self._entries(db, room, cursor, found)

    async def _entries(
        self, db: database.Queries, room: int, cursor: Cursor, found: list[events.Event]
    ) -> list[Entry] | None:
        if not found or (found[0].seq, found[0].tag) != (cursor.seq, cursor.tag):
            return None
        if any(event.kind not in ALL_BUT_THE_ROOM for event in found[1:]):
            self._places.pop(room, None)
        place = self._places.get(room) or await self._room(db, room)
        return [await self._entry(db, event, place) for event in found[1:]]

    async def snapshot(self, room: int, upto: Cursor) -> bytes:
        place = await self._room(self._db, room)
        newest = await history.latest(self._db, room, upto.seq, SNAPSHOT_MESSAGES)
        older = bool(newest) and newest[0].number > place.first_number
        path = self._templates.links.room_path(place)
        sentinel = (
            self._templates.render(
                "messages/_older.html", room_path=path, first_number=newest[0].number
            )
            if older
            else ""
        )
        listed = self._templates.render("messages/_list.html", messages=newest, room_path=path)
        return (_partial("#history", sentinel) + _partial("#messages", listed)).encode()

    async def _room(self, db: database.Queries, room: int) -> rooms.Room:
        found = await rooms.by_id(db, room)
        if found is None:
            raise RoomGone
        if len(self._places) >= KNOWN_ROOMS:
            self._places.clear()
        self._places[room] = found
        return found

    # ----------------------------------------------------------------- drawing

    async def _entry(self, db: database.Queries, event: events.Event, room: rooms.Room) -> Entry:
        """One event, drawn. A room never stops: what cannot be drawn says so in its place."""
        posted = event.message if event.kind == "posted" else None
        return Entry(
            cursor=Cursor(event.seq, event.tag),
            fragment=self._message(posted, room) if posted else b"",
            number=posted.number if posted else None,
            changes=await self._changes(db, event, room),
            aside=await self._aside(db, event, room),
            joined=event.person_id if event.kind in JOINS else None,
            left=event.person_id if event.kind in LEAVES else None,
            author=event.person_id if event.kind == "posted" else None,
            ends_room=event.kind == "deleted",
        )

    async def _changes(
        self, db: database.Queries, event: events.Event, room: rooms.Room
    ) -> tuple[tuple[int, bytes], ...]:
        """The messages that look different now: what the event is about, and what quotes it."""
        if event.kind not in CHANGES or event.message is None:
            return ()
        changed = [event.message]
        if event.kind in QUOTING:
            changed += await history.answers(db, room.id, event.message.number, ANSWERS)
        drawn: list[tuple[int, bytes]] = []
        size = 0
        for message in changed:
            part = self._message(message, room)
            size += len(part)
            if drawn and size > DRAWN_BYTES:
                break
            drawn.append((message.number, part))
        return tuple(drawn)

    def _message(self, message: messages.Message, room: rooms.Room) -> bytes:
        try:
            return self._templates.render(
                "messages/_message.html",
                message=message,
                room_path=self._templates.links.room_path(room),
            ).encode()
        except Exception:
            log.exception("a message cannot be drawn")
        number, sentence = message.number, words.gettext("This message cannot be shown.")
        return (
            f'<article id="m{number}" class="message" data-number="{number}">{sentence}</article>'
        ).encode()

    async def _aside(self, db: database.Queries, event: events.Event, room: rooms.Room) -> bytes:
        """What an event changes beside the list of messages."""
        draw = self._templates.render
        match event.kind:
            case "titled":
                return _partial("#room-title", draw("rooms/_title.html", room=room)).encode()
            case "topic":
                return _partial("#room-topic", draw("rooms/_topic.html", room=room)).encode()
            case "archived" | "unarchived":
                return _partial("#room-changed", draw("rooms/_changed.html", room=room)).encode()
            case "knocked":
                asking = await knocks.waiting(db, room)
                drawn = draw("knocks/_waiting.html", room=room, knocks=asking)
                return _partial("#knocks", drawn).encode()
            case "locked" | "unlocked" | "paced" | "held":
                return _partial("#room-state", draw("rooms/_state.html", room=room)).encode()
            case "pinned" | "unpinned" | "erased":
                count = await pins.count(db, room.id)
                return _partial("#pins", draw("rooms/_pins.html", pins=count)).encode()
            case kind if kind in TOLD:
                return await self._told(db, kind, room, event.person_id or 0)
        return b""

    async def _told(self, db: database.Queries, kind: str, room: rooms.Room, person: int) -> bytes:
        """Everyone is sent it, and only the pages of the one it is about have a place for it. They
        ask what follows from it, for a frame is the same for all and may be an old one."""
        member = await memberships.find(db, room.id, person)
        if member is None:
            return b""
        draw, path = self._templates.render, self._templates.links.room_path(room)
        mine = f"[data-me='{member.person.username}']"
        told = draw("rooms/_told.html", kind=kind, member=member)
        standing = draw("rooms/_standing.html", kind=kind, member=member, room_path=path)
        asks = _partial(f"{mine} #standing", standing)
        return (_partial(f"{mine} #told", told) + asks).encode()

    # ------------------------------------------------------------------ people

    async def people(self, room: int, online: frozenset[int]) -> bytes:
        place = await self._room(self._db, room)
        listed = await memberships.people(self._db, room, LISTED_PEOPLE, first=sorted(online))
        panel = self._templates.render(
            "rooms/_people.html",
            people=listed,
            online=online,
            count=place.members,
            room_path=self._templates.links.room_path(place),
        )
        count = self._templates.render("rooms/_online.html", count=len(online))
        return (_partial("#people", panel) + _partial("#online", count)).encode()

    async def typing(self, room: int, people: Sequence[int]) -> bytes:
        names = await accounts.names(self._db, people) if people else {}
        known = [names[person] for person in people if person in names]
        return _partial(
            "#typing", self._templates.render("rooms/_typing.html", names=known)
        ).encode()

    async def record(self, changes: Mapping[tuple[int, int], int]) -> bool:
        kept = True
        if time.monotonic() - self._beat_at >= LEASE_BEAT_SECONDS:
            kept = await presence.beat(self._db, self._process)
            await presence.sweep(self._db)
            self._beat_at = time.monotonic()
        if changes:
            kept = await presence.write(self._db, self._process, changes) and kept
        return kept

    async def elsewhere(self, rooms: Sequence[int]) -> Mapping[int, frozenset[int]]:
        if not rooms:
            return {}
        found = await presence.online(self._db, rooms, besides=self._process)
        return collections.defaultdict(frozenset, {r: frozenset(p) for r, p in found.items()})

    async def leave(self) -> None:
        """This process serves nobody any more."""
        await presence.release(self._db, self._process)

    # ------------------------------------------------------------------ unread

    async def standings(self, people: Sequence[int]) -> Mapping[int, list[reading.Standing]]:
        found = await unread.of(self._db, people)
        return {person: [_standing(one) for one in found[person]] for person in people}

    async def news(self, known: Mapping[int, reading.Head]) -> reading.News:
        # In one moment, so that who was removed learns of nothing that came after.
        async with self._db.snapshot() as db:
            heads = await unread.heads(db, known)
            moves = await unread.moves(db, {room: head.seq for room, head in known.items()})
            calls = await unread.called(db, {room: head.number for room, head in known.items()})
        return reading.News(
            {room: reading.Head(head.seq, head.last_number) for room, head in heads.items()},
            [reading.Call(c.room_id, c.number, c.person_id, c.author_id, c.deaf) for c in calls],
            [reading.Move(move.room_id, move.person_id, move.is_coming) for move in moves],
        )

    async def alerts(self, beyond: Mapping[int, int], people: Sequence[int]) -> list[reading.Alert]:
        found = await notifications.due(self._db, beyond, people)
        return [_alert(due, self._said_of(due)) for due in found]

    def _said_of(self, due: Due[Notice] | Due[OpenDoor]) -> notices.Told:
        return notices.told(due.notice, self._templates, due.is_private)

    async def keep(self, seen: Mapping[tuple[int, int], int]) -> None:
        await unread.advance(self._db, seen)

    async def rewind(self, room: int, person: int, number: int) -> None:
        await unread.rewind(self._db, room, person, number)

    def unread(self, view: reading.View) -> bytes:
        unread_rooms = dict(view.rooms)
        shown = self._templates.render(
            "rooms/_unread.html", read=view.read, unread=unread_rooms, alert=view.alert
        )
        return _partial("#unread", shown).encode()

    # ------------------------------------------------------------------- inbox

    async def inbox_head(self) -> int:
        return await inbox.head(self._db)

    async def inbox_changes(self, after: int) -> list[tuple[int, int]]:
        return await inbox.after(self._db, after)

    async def inboxes(self, people: Sequence[int]) -> Mapping[int, bytes]:
        counts = await inbox.counts(self._db, people)
        new = await memberships.lately(self._db, counts, clock.now() - NEW_ROOM) if counts else {}
        doors = await self._opened([who for who, count in counts.items() if count or who in new])
        return {
            person: (
                _partial("#inbox", self._inbox(count, doors.get(person, [])))
                + await self._new_rooms(person, new.get(person, []))
            ).encode()
            for person, count in counts.items()
        }

    async def _opened(self, people: Sequence[int]) -> Mapping[int, list[notices.Told]]:
        found: dict[int, list[notices.Told]] = {}
        for due in await open_doors.lately(self._db, people, clock.now() - NEW_DOOR):
            found.setdefault(due.person_id, []).append(self._said_of(due))
        return found

    def _inbox(self, count: int, told: Sequence[notices.Told]) -> str:
        badge = self._templates.render("inbox/_badge.html", inbox=count)
        return badge + (self._templates.render("inbox/_told.html", told=told) if told else "")

    async def _new_rooms(self, person: int, new: Sequence[rooms.Room]) -> str:
        """Links to rooms for pages drawn before their person came in, which do not list them."""
        drawn = ""
        for room in await direct.named(self._db, new, person):
            link = self._templates.render("inbox/_rooms.html", room=room)
            unlisted = f"#rooms-list:not(:has([data-room='{room.public_id}']))"
            drawn += _partial(unlisted, link, "afterbegin")
        return drawn

    # ---------------------------------------------------------------- sessions

    async def endings_head(self) -> int:
        return await sessions.endings_head(self._db)

    async def endings(self, after: int) -> list[tuple[int, int]]:
        return await sessions.endings_after(self._db, after)


def _is_one_read(event: events.Event) -> bool:
    """Whether all that is drawn for it came with the event itself."""
    said = event.message
    return event.kind in DRAWN_FROM_ONE_READ and not (said and (said.reactions or said.attachments))


def _standing(found: unread.Standing) -> reading.Standing:
    head = reading.Head(found.seq, found.last_number)
    return reading.Standing(
        found.room_id, found.public_id, head, found.read_number, found.called, found.quiet
    )


def _alert(due: Due[Notice], told: notices.Told) -> reading.Alert:
    place, what = due.notice, (told.title, told.text, told.href)
    return reading.Alert(place.room_id, place.number, due.person_id, *what)


def _partial(target: str, content: str, swap: str = "innerHTML") -> str:
    return f'<hx-partial hx-target="{target}" hx-swap="{swap}">{content}</hx-partial>'
