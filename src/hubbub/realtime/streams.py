"""The live rooms of this process: sockets come and go, hints arrive, the clock ticks.

Knows neither domain nor templates: what is shown and where it is read come from a `Source`.
"""

from __future__ import annotations

import asyncio
import collections
import logging
import random
import time
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from hubbub.realtime import hints, inboxes, reading, roster, seating, slots
from hubbub.realtime.clients import Client, Clients
from hubbub.realtime.close_codes import NOT_ALLOWED, OVERLOADED, ROOM_GONE, SIGNED_OUT
from hubbub.realtime.hub import Attached, Hub
from hubbub.realtime.room import Cursor, Seat
from hubbub.realtime.source import RoomGone, Source

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0
HEALTHY_SECONDS = 5.0


class Streams:
    """`publish` tells the other processes: (hint, the key under which a newer one replaces it).

    `shared` says whether there are other processes. `reading` is what is unread for whom.
    `on_looked` is told who looks at what waits for them, through whichever process.
    """

    def __init__(
        self,
        source: Source,
        publish: Callable[[str, str], None],
        *,
        shared: bool,
        on_looked: Callable[[int], None] = lambda person: None,
    ) -> None:
        self._hub = Hub()
        self._roster = roster.Roster()
        self.reading = reading.Reading(source, publish, self._show_unread)
        self._inboxes = inboxes.Inboxes(source, self._show_inbox, self.reading.choice)
        self._source = source
        self._publish = publish
        self._shared = shared
        self._on_looked = on_looked
        self._seating = seating.Seating(self._hub, self._roster, source, self._spawn)
        self._channels = self._seating.channels
        self._clients = Clients()
        self._endings_seen = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._poll_now = asyncio.Event()
        self._polled_at = 0.0

    # ------------------------------------------------------------------ hints

    def hint(self, room: int, seq: int) -> None:
        """A change of `room` was committed here: look, and tell the others. Never waits."""
        self._look(room, seq)
        self._publish(*hints.room(room, seq))

    def sessions_changed(self) -> None:
        """Sessions were ended here: look which sockets that closes, and tell the others."""
        self._poll_now.set()
        self._publish(*hints.SESSIONS)

    def inbox_changed(self) -> None:
        """Somebody's inbox was changed here: look whose, and tell the others."""
        self._inboxes.look()
        self._publish(*hints.INBOX)

    def looked(self, person: int) -> None:
        """Somebody looks at what waits for them here: tell the others."""
        self._on_looked(person)
        self._publish(*hints.looked(person))

    def heard(self, hint: str) -> None:
        """A hint of another process. Whatever it says, it is only a reason to look."""
        found = hints.read(hint)
        if found is None:
            return
        kind, numbers = found
        match kind:
            case "room":
                self._look(*numbers)
            case "typing":
                self._typed(*numbers)
            case "seen":
                self.reading.read(*numbers)
            case "unread":
                self.reading.rewound(*numbers)
            case "choice":
                self.reading.choice(*numbers)
            case "looked":
                self._on_looked(*numbers)
            case "inbox":
                self._inboxes.look()
            case _:
                self._poll_now.set()

    def resync(self) -> None:
        """Hints may have been lost: ask the database at once."""
        self.reading.refresh()
        self._poll_now.set()

    def _look(self, room: int, seq: int) -> None:
        self.reading.look(room, seq)
        channel = self._channels.get(room)
        if channel is not None:
            channel.look(seq)

    # ---------------------------------------------------------------- sockets

    def connect(self, client: Client) -> None:
        """Bind a socket to its session. Validate the session after this, so that none slips by."""
        self._clients.add(client)

    def disconnect(self, client: Client) -> None:
        """Forget a socket, whatever state it was in."""
        self._clients.discard(client)
        if client.seat is not None:
            self._leave(client.seat)

    async def attach(
        self, client: Client, room: int, after: Cursor | None, *, is_lost: bool = False
    ) -> int | None:
        """Seat a socket and bring it up to date; a close code when that may not or cannot be.

        `is_lost`: the page stands somewhere, but nobody can tell where.
        """
        try:
            attached = await self._seating.take(client, room, after, is_lost=is_lost)
        except RoomGone:
            return ROOM_GONE
        except Exception as error:
            log.warning("cannot open a room: %r", error)
            return OVERLOADED
        if attached is Attached.REFUSED:
            return NOT_ALLOWED
        channel = self._channels[room]
        seat = client.seat = self._hub.rooms[room].seats[client.sender]
        self.reading.arrive(seat, alerted=client.alerted)
        self._inboxes.arrive(seat)
        channel.welcome(seat, after, attached)
        return None

    def _leave(self, seat: Seat) -> None:
        channel = self._channels.get(seat.room)
        if channel is not None:
            channel.leave(seat)
        self.reading.depart(seat)
        self._inboxes.depart(seat)

    def beat(self, client: Client) -> None:
        """Answer a heartbeat."""
        if client.seat is not None and client.seat.room in self._channels:
            self._channels[client.seat.room].answer_beat(client.seat)

    def typed(self, client: Client) -> None:
        """A person is typing: shown to the others for a few seconds."""
        seat = client.seat
        if seat is None or not client.may_type():
            return
        client.last_typed = time.monotonic()
        self._typed(seat.room, seat.person)
        self._publish(*hints.typing(seat.room, seat.person))

    def _typed(self, room: int, person: int) -> None:
        channel = self._channels.get(room)
        if channel is not None and self._roster.type(room, person, time.monotonic()):
            self._spawn(channel.show_typing())

    async def online(self, room: int) -> frozenset[int]:
        """Who is in `room` now, through this process or another."""
        here = self._roster.here(room)
        if self._shared and room not in self._channels:
            here |= (await self._source.elsewhere([room])).get(room, frozenset())
        return here

    def people(self) -> set[int]:
        """Everyone who has a room open through this process."""
        return self._clients.people()

    def _show_unread(self, seats: Iterable[Seat]) -> None:
        self._show("unread", seats, self.reading.fragment)

    def _show_inbox(self, seats: Iterable[Seat]) -> None:
        self._show("inbox", seats, self._inboxes.fragment)

    def _show(self, slot: str, seats: Iterable[Seat], fragment_for: slots.FragmentFor) -> None:
        """Show some seats, whatever their rooms, what each is to see in a slot."""
        by_room: dict[int, list[Seat]] = collections.defaultdict(list)
        for seat in seats:
            by_room[seat.room].append(seat)
        for room, here in by_room.items():
            if room in self._channels:
                self._channels[room].show_own(slot, here, fragment_for)

    # ------------------------------------------------------------------- time

    async def start(self) -> None:
        """Take note of where the logs of the whole site stand, before the first socket comes."""
        self._endings_seen = await self._source.endings_head()
        await self._inboxes.start()
        self._polled_at = time.monotonic()
        self._spawn(self._run())
        self._spawn(self.reading.learn_on())
        self._spawn(self.reading.write_on())
        self._spawn(self._inboxes.learn_on())

    async def _run(self) -> None:
        """Poll, keep the roster, free what is stuck, once a second and when there is reason to."""
        while True:
            self._poll_now.clear()
            for work in (self._poll, self._keep_roster, self._tidy):
                try:
                    await work()
                except Exception as error:
                    log.warning("%s failed: %r", work.__name__.strip("_"), error)
            # Jitter keeps processes that started together from asking together.
            pause = POLL_SECONDS * random.uniform(0.8, 1.0)  # noqa: S311
            try:
                await asyncio.wait_for(self._poll_now.wait(), pause)
            except TimeoutError:
                continue

    async def _poll(self) -> None:
        """Ask the database for ended sessions, and for the heads of the rooms served here."""
        self._inboxes.look()
        for seq, session in await self._source.endings(self._endings_seen):
            self._endings_seen = seq
            self._sign_out(self._clients.of(session))
        served = [room for room in self._channels if self._hub.head(room) is not None]
        rooms = {*served, *self.reading.rooms()}
        heads = await self._source.heads(list(rooms)) if rooms else {}
        for room in served:
            head, channel = self._hub.head(room), self._channels.get(room)
            if head is not None and channel is not None and heads.get(room) != head.seq:
                channel.read_soon()
        for room in rooms:
            self.reading.look(room, heads.get(room, 0), exactly=True)
        self._polled_at = time.monotonic()

    def _sign_out(self, bound: Iterable[Client]) -> None:
        for client in bound:
            if client.seat is not None:
                self._leave(client.seat)
            client.sender.finish(SIGNED_OUT)

    async def _keep_roster(self) -> None:
        """Record who is here, learn who is elsewhere, and show what has changed."""
        now = time.monotonic()
        self.reading.show()
        if self._shared:
            await self._exchange_presence()
        for room in self._roster.settle(now):
            if room in self._channels:
                await self._channels[room].show_people()
        for room in self._roster.stop_typing(now):
            if room in self._channels:
                await self._channels[room].show_typing()

    async def _exchange_presence(self) -> None:
        changes = self._roster.take_changes()
        try:
            if not await self._source.record(changes):
                self._roster.change_all()
            self._roster.elsewhere(await self._source.elsewhere(list(self._channels)))
        except BaseException:
            self._roster.give_back(changes)
            raise

    async def _tidy(self) -> None:
        """Free what is stuck, sign out what has expired, stop following rooms nobody is in."""
        self._seating.tidy(asyncio.get_running_loop().time())
        self._sign_out(self._clients.expired(time.time()))

    def healthy(self) -> bool:
        """The poll succeeded in the last seconds."""
        return time.monotonic() - self._polled_at < HEALTHY_SECONDS

    async def stop(self) -> None:
        """Write what is still to be written, and end what runs in the background."""
        try:
            await self.reading.write()
        except Exception as error:
            log.warning("what was read last could not be written: %r", error)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
