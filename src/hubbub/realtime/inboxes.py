"""What waits for those who are here, beside whatever room they look at: learnt when it changes, and
shown to the pages that show something else."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable

from hubbub.realtime.room import Seat
from hubbub.realtime.source import Source

log = logging.getLogger(__name__)

LEARN_SECONDS = 0.25
PEOPLE_AT_ONCE = 500


class Inboxes:
    """`show` is told the seats whose display has changed; `fragment` is what each is to show.
    `changed` is told afterwards for whom something changed: they may be in other rooms than before.
    """

    def __init__(
        self,
        source: Source,
        show: Callable[[Iterable[Seat]], None],
        changed: Callable[[int], None],
    ) -> None:
        self._source = source
        self._show = show
        self._changed = changed
        self._head = 0
        self._seats: dict[int, set[Seat]] = {}
        self._asked: dict[int, None] = {}  # whose inbox is to be read, in the order of asking
        self._known: dict[int, bytes] = {}
        self._told: dict[Seat, bytes] = {}
        self._awake = asyncio.Event()

    async def start(self) -> None:
        """Take note of where the log of changes stands, before the first socket comes."""
        self._head = await self._source.inbox_head()

    # ------------------------------------------------------------------ seats

    def arrive(self, seat: Seat) -> None:
        """Nobody knows how old the page is, so it is told what is so now."""
        self._seats.setdefault(seat.person, set()).add(seat)
        self._asked[seat.person] = None
        self._awake.set()

    def depart(self, seat: Seat) -> None:
        """Forget a page. Doing so twice is the same as once."""
        self._told.pop(seat, None)
        here = self._seats.get(seat.person, set())
        here.discard(seat)
        if not here:
            for kept in (self._seats, self._asked, self._known):
                kept.pop(seat.person, None)

    def look(self) -> None:
        """The log of changes may have grown."""
        self._awake.set()

    # --------------------------------------------------------------- learning

    async def learn_on(self) -> None:
        """Learn what there is to learn at once, and then not again for a moment."""
        while True:
            await self._awake.wait()
            self._awake.clear()
            try:
                await self._learn()
            except Exception as error:
                # The poll asks again within a second.
                log.warning("cannot read what waits for people: %r", error)
            else:
                if self._asked:
                    self._awake.set()
            await asyncio.sleep(LEARN_SECONDS)

    async def _learn(self) -> None:
        changed: set[int] = set()
        for seq, person in await self._source.inbox_changes(self._head):
            self._head = seq
            if person in self._seats:
                self._asked[person] = None
                changed.add(person)
        people = list(self._asked)[:PEOPLE_AT_ONCE]
        if not people:
            return
        for person in people:
            del self._asked[person]
        try:
            found = await self._source.inboxes(people)
        except BaseException:
            self._asked |= dict.fromkeys(person for person in people if person in self._seats)
            raise
        for person in people:
            self._know(person, found.get(person, b""))
        for person in changed:
            self._changed(person)

    def _know(self, person: int, fragment: bytes) -> None:
        seats = self._seats.get(person)
        if not seats:
            return
        self._known[person] = fragment
        due = [seat for seat in seats if self._told.get(seat, b"") != fragment]
        if due:
            self._show(due)

    # ---------------------------------------------------------------- showing

    def fragment(self, seat: Seat) -> bytes:
        """What a page is to show; nothing as long as nobody knows."""
        fragment = self._known.get(seat.person, b"")
        if seat in self._seats.get(seat.person, ()):
            self._told[seat] = fragment
        return fragment
