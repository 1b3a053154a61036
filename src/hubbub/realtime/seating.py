"""How a socket takes its seat: its room is followed from then on, until nobody sits there."""

from __future__ import annotations

import asyncio

from hubbub.realtime.channel import Channel, Spawn
from hubbub.realtime.clients import Client
from hubbub.realtime.hub import Attached, Hub
from hubbub.realtime.room import Cursor
from hubbub.realtime.roster import Roster
from hubbub.realtime.source import Source


class Seating:
    """`channels` are the rooms that are followed here, or about to be. `spawn` starts work in the
    background."""

    def __init__(self, hub: Hub, roster: Roster, source: Source, spawn: Spawn) -> None:
        self.channels: dict[int, Channel] = {}
        self._opening: dict[int, asyncio.Task[None]] = {}
        self._hub = hub
        self._roster = roster
        self._source = source
        self._spawn = spawn

    async def take(
        self, client: Client, room: int, after: Cursor | None, *, is_lost: bool
    ) -> Attached:
        """Seat a socket whose page stands at `after`, or nobody can tell where (`is_lost`).

        Nothing may be awaited between this and its welcome. Raises RoomGone, and what reading may
        raise.
        """
        await self._follow(room)
        if is_lost:
            return self._seat_for_snapshot(client, room)
        attached = self._hub.attach(room, client.person, client.sender, after)
        if attached is not Attached.AHEAD:
            return attached
        # The page was drawn from a newer log than this process has read so far.
        while await self.channels[room].read():
            await self._follow(room)
        await self._follow(room)
        attached = self._hub.attach(room, client.person, client.sender, after)
        if attached is not Attached.AHEAD:
            return attached
        # Still beyond what the database holds: that cursor is of another log.
        return self._seat_for_snapshot(client, room)

    def _seat_for_snapshot(self, client: Client, room: int) -> Attached:
        attached = self._hub.attach(room, client.person, client.sender, None)
        if attached is Attached.REFUSED:
            return attached
        self._hub.hold(self._hub.rooms[room].seats[client.sender])
        return Attached.SNAPSHOT

    async def _follow(self, room: int) -> None:
        """See to it that the hub follows `room`: when this returns, it does."""
        while self._hub.head(room) is None:
            if room not in self._opening:
                task = self._opening[room] = self._spawn(self._open(room))
                task.add_done_callback(lambda _: self._opening.pop(room, None))
            await asyncio.shield(self._opening[room])

    async def _open(self, room: int) -> None:
        channel = Channel(room, self._hub, self._roster, self._source, self._spawn)
        self.channels[room] = channel
        try:
            opening = await self._source.open(room)
        except BaseException:
            del self.channels[room]
            raise
        self._hub.open(room, opening.head, opening.members)
        channel.look(0)

    def tidy(self, now: float) -> None:
        """Free those who are stuck, and stop following rooms nobody is in."""
        for room, channel in list(self.channels.items()):
            channel.tidy(now)
            if self._hub.head(room) is None and room not in self._opening:
                channel.stop()
                del self.channels[room]
