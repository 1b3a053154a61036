"""What the live rooms need from outside: where they read, and what draws what they send."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Protocol

from hubbub.realtime import standing
from hubbub.realtime.room import Cursor, Entry


class RoomGone(Exception):
    """The room that was asked for is not there (any more)."""


@dataclasses.dataclass(frozen=True, slots=True)
class Opening:
    """A room as its log tells it: the head and the members as of that head."""

    head: Cursor
    members: frozenset[int]


class Source(Protocol):
    """Any method may raise anything: it is tried again later, and a socket whose rights cannot be
    read is closed."""

    async def open(self, room: int) -> Opening:
        """Raises RoomGone."""

    async def heads(self, rooms: Sequence[int]) -> Mapping[int, int]:
        """The seq of each room's head; a room that is gone is left out."""

    async def after(self, room: int, cursor: Cursor, limit: int) -> list[Entry] | None:
        """What follows `cursor`, rendered; None when the log does not hold that very cursor."""

    async def snapshot(self, room: int, upto: Cursor) -> bytes:
        """A fragment that replaces the list of messages by the newest ones as of `upto`."""

    async def endings_head(self) -> int:
        """Where the log of ended sessions stands."""

    async def endings(self, after: int) -> list[tuple[int, int]]:
        """What that log holds after `after`: (seq, session), ascending."""

    async def inbox_head(self) -> int:
        """Where the log of changed inboxes stands."""

    async def inbox_changes(self, after: int) -> list[tuple[int, int]]:
        """What that log holds after `after`: (seq, person), ascending."""

    async def inboxes(self, people: Sequence[int]) -> Mapping[int, bytes]:
        """For each of these people who has an inbox, a fragment that shows what waits there, and
        the rooms they came into just now."""

    async def people(self, room: int, online: frozenset[int]) -> bytes:
        """A fragment that shows who is here."""

    async def typing(self, room: int, people: Sequence[int]) -> bytes:
        """A fragment that shows who is typing."""

    async def record(self, changes: Mapping[tuple[int, int], int]) -> bool:
        """Tell the other processes the number of sockets for each (room, person) given.

        False when what was recorded before has been lost.
        """

    async def elsewhere(self, rooms: Sequence[int]) -> Mapping[int, frozenset[int]]:
        """Who is in these rooms through other processes."""

    async def standings(self, people: Sequence[int]) -> Mapping[int, Sequence[standing.Standing]]:
        """How far each of these people has read in all their rooms."""

    async def news(self, known: Mapping[int, standing.Head]) -> standing.News:
        """What happened in these rooms beyond their heads."""

    async def alerts(
        self, beyond: Mapping[int, int], people: Sequence[int]
    ) -> Sequence[standing.Alert]:
        """Which of these people are to hear of messages beyond a number in each of these rooms."""

    async def keep(self, seen: Mapping[tuple[int, int], int]) -> None:
        """Write down how far (room, person) have read; never further back than is written."""

    async def rewind(self, room: int, person: int, number: int) -> None:
        """Write down that a person has read so far and no further."""

    def unread(self, view: standing.View) -> bytes:
        """A fragment that shows what is unread. Asked for each page by itself: no I/O."""
