"""Who is in which room, and who is typing: pure bookkeeping, told the time.

Someone who leaves is shown for a few more seconds, so that a reload or a deploy does not flap.
"""

from __future__ import annotations

import collections
from collections.abc import Hashable, Mapping

GRACE_SECONDS = 8.0
TYPING_SECONDS = 6.0
TYPING_EVERY = 2.5
"""A little less than the 3 s in which a page says it again, so that none is dropped for jitter."""

TYPING_CROWD = 50
"""Where more people than this are online, nobody is told who is typing."""


class Roster:
    def __init__(self) -> None:
        self._local: dict[int, dict[int, set[Hashable]]] = {}
        self._elsewhere: Mapping[int, frozenset[int]] = {}
        self._seen: dict[int, dict[int, float]] = {}
        self._shown: dict[int, frozenset[int]] = {}
        self._touched: set[int] = set()
        self._changes: dict[tuple[int, int], int] = {}
        self._typing: dict[int, dict[int, float]] = collections.defaultdict(dict)

    # ---------------------------------------------------------------- presence

    def arrive(self, room: int, person: int, socket: Hashable) -> None:
        sockets = self._local.setdefault(room, {}).setdefault(person, set())
        sockets.add(socket)
        self._changes[room, person] = len(sockets)

    def depart(self, room: int, person: int, socket: Hashable) -> None:
        """Forget a socket. Doing so twice is the same as once."""
        people = self._local.get(room, {})
        sockets = people.get(person)
        if sockets is None or socket not in sockets:
            return
        sockets.discard(socket)
        self._changes[room, person] = len(sockets)
        if not sockets:
            del people[person]
        if not people:
            del self._local[room]

    def elsewhere(self, rooms: Mapping[int, frozenset[int]]) -> None:
        """Who is in the rooms through other processes, as last read."""
        self._elsewhere = rooms

    def here(self, room: int) -> frozenset[int]:
        """Everyone to be shown as online in `room`."""
        return self._shown.get(room, frozenset()) | self._present(room)

    def _present(self, room: int) -> frozenset[int]:
        return frozenset(self._local.get(room, ())) | self._elsewhere.get(room, frozenset())

    def touch(self, room: int) -> None:
        """The list of people must be drawn again, whoever is online."""
        self._touched.add(room)

    def settle(self, now: float) -> list[int]:
        """Let time pass: the rooms with sockets here in which the list of people has changed."""
        changed = []
        for room in set(self._local) | set(self._seen):
            seen = self._seen.setdefault(room, {})
            seen.update(dict.fromkeys(self._present(room), now))
            for person in [p for p, last in seen.items() if now - last > GRACE_SECONDS]:
                del seen[person]
            shown = frozenset(seen)
            if shown != self._shown.get(room, frozenset()) or room in self._touched:
                changed.append(room)
            self._shown[room] = shown
            if not seen:
                del self._seen[room], self._shown[room]
        self._touched.clear()
        return [room for room in changed if room in self._local]

    def take_changes(self) -> dict[tuple[int, int], int]:
        """The numbers of sockets by (room, person) that changed since this was last asked."""
        changes, self._changes = self._changes, {}
        return changes

    def give_back(self, changes: Mapping[tuple[int, int], int]) -> None:
        """`changes` could not be recorded: they are due again, unless something newer is."""
        self._changes = {**changes, **self._changes}

    def change_all(self) -> None:
        """What was recorded is lost: all of it is due again."""
        for room, people in self._local.items():
            for person, sockets in people.items():
                self._changes.setdefault((room, person), len(sockets))

    # ------------------------------------------------------------------ typing

    def type(self, room: int, person: int, now: float) -> bool:
        """Someone is typing. True when that is news."""
        if len(self.here(room)) > TYPING_CROWD:
            return False
        news = person not in self._typing[room]
        self._typing[room][person] = now + TYPING_SECONDS
        return news

    def typed_out(self, room: int, person: int) -> bool:
        """Someone's message has come. True when they were shown as typing."""
        return self._typing[room].pop(person, None) is not None

    def typing(self, room: int) -> list[int]:
        return list(self._typing.get(room, ()))

    def stop_typing(self, now: float) -> list[int]:
        """Let time pass: the rooms in which someone is no longer typing."""
        changed = []
        for room, people in list(self._typing.items()):
            late = [person for person, until in people.items() if until <= now]
            for person in late:
                del people[person]
            if late:
                changed.append(room)
            if not people:
                del self._typing[room]
        return changed
