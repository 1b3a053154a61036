"""Web Push: browsers are told of messages their people have not seen a few seconds later, and of
rooms that were opened for them.

The process that took a message sends, and no other. Never on a request's path: a message is noted,
its room comes due, the database says who is to hear of it by then, and each browser gets one
notice for the room, of the newest message it is due. An invitation is noted in the same way, and so
is the answer to a knock; both are dropped when the one they are for is seen to look.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

from hubbub import database, outgoing, webpush
from hubbub.domain import notifications, open_doors, subscriptions
from hubbub.domain.notifications import Notice, Push
from hubbub.domain.open_doors import OpenDoor
from hubbub.web import notices
from hubbub.web.templating import Templates

log = logging.getLogger(__name__)

DELAY_SECONDS = 5.0
"""Whoever looks has seen a message by then: half a second in view, two until it is said, two until
it is written."""

TTL_SECONDS = 24 * 3600
"""For so long a push service keeps what a browser that is off has not fetched."""

AT_ONCE = 8
"""So many push services are spoken to at once."""

PLACES_AT_ONCE = 8
MOST = 1_000
"""When more than this waits, what is new is not told of: pages show it all the same."""

_GONE = frozenset({404, 410})
_FOREIGN = frozenset({401, 403})


_Told = Push[Notice] | Push[OpenDoor]
_Place = tuple[int, int]
"""A room, and for whom it was opened: 0 where messages wait."""


@dataclass(slots=True)
class _Span:
    """What waits at a place: messages from `first` to `last`."""

    first: int
    last: int
    due_at: float


class Pusher:
    """`hosts` are the push services it may speak to; without any it does nothing."""

    def __init__(self, db: database.Database, templates: Templates, hosts: tuple[str, ...]) -> None:
        self._db = db
        self._templates = templates
        self._hosts = hosts
        self._keys = webpush.server_keys(templates.links.secrets) if hosts else {}
        self._waiting: dict[_Place, _Span] = {}
        self._awake = asyncio.Event()
        self._places = asyncio.Semaphore(PLACES_AT_ONCE)
        self._sends = asyncio.Semaphore(AT_ONCE)
        self._telling: set[asyncio.Task[None]] = set()

    @property
    def is_on(self) -> bool:
        return bool(self._hosts)

    @property
    def server_key(self) -> str:
        """What browsers subscribe to; empty when Web Push is off."""
        return next(reversed(self._keys), "")

    def knows(self, server_key: str) -> bool:
        return server_key in self._keys

    def reaches(self, endpoint: str) -> bool:
        """Whether this is the address of a push service that is allowed."""
        try:
            outgoing.target(endpoint, self._hosts)
        except outgoing.Refused:
            return False
        return True

    # ---------------------------------------------------------------- waiting

    def posted(self, room_id: int, number: int) -> None:
        """A message was committed here. Never waits."""
        self._note((room_id, 0), number)

    def opened(self, room_id: int, person_id: int) -> None:
        """Somebody was asked into a room here, or let in. Never waits."""
        self._note((room_id, person_id), 0)

    def looked(self, person_id: int) -> None:
        """Somebody sees what was opened for them: they need not be told."""
        for place in [place for place in self._waiting if place[1] == person_id]:
            del self._waiting[place]

    def _note(self, place: _Place, number: int) -> None:
        if not self._hosts:
            return
        span = self._waiting.get(place)
        if span is not None:
            span.first, span.last = min(span.first, number), max(span.last, number)
        elif len(self._waiting) < MOST:
            self._waiting[place] = _Span(number, number, time.monotonic() + DELAY_SECONDS)
            self._awake.set()

    async def run(self) -> None:
        """Sends what comes due, for as long as the process runs."""
        while True:
            await self._awake.wait()
            # They wait equally long, so the first to come is the first to go.
            place = next(iter(self._waiting), None)
            if place is None:
                self._awake.clear()
                continue
            span = self._waiting[place]
            await asyncio.sleep(max(0.0, span.due_at - time.monotonic()))
            await self._places.acquire()
            if self._waiting.get(place) is not span:
                # Whoever it was for looked meanwhile.
                self._places.release()
                continue
            task = asyncio.create_task(self._tell(place, self._waiting.pop(place)))
            self._telling.add(task)
            task.add_done_callback(self._told)

    def stop(self) -> None:
        """What has not been sent by now is not sent."""
        for task in self._telling:
            task.cancel()

    def _told(self, task: asyncio.Task[None]) -> None:
        self._telling.discard(task)
        self._places.release()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("cannot push: %r", error)

    # ---------------------------------------------------------------- sending

    async def _tell(self, place: _Place, span: _Span) -> None:
        pushes = await self._pushes(place, span)
        ended = await asyncio.gather(*map(self._send_in_turn, pushes))
        gone = [
            push.subscription_id for push, is_gone in zip(pushes, ended, strict=True) if is_gone
        ]
        await subscriptions.forget(self._db, gone)

    async def _pushes(self, place: _Place, span: _Span) -> Sequence[_Told]:
        room_id, person_id = place
        if person_id:
            return await open_doors.pushes(self._db, room_id, person_id)
        return await notifications.pushes(self._db, room_id, span.first, span.last)

    async def _send_in_turn(self, push: _Told) -> bool:
        """True when the browser is gone, and can be forgotten."""
        async with self._sends:
            try:
                return await self._send(push)
            except (OSError, TimeoutError, outgoing.Refused) as error:
                # Not the address: whoever holds it could write to that browser.
                log.info("a push was not taken: %s", type(error).__name__)
        return False

    async def _send(self, push: _Told) -> bool:
        key = self._keys.get(push.server_key)
        if key is None:
            return True
        where = outgoing.target(push.endpoint, self._hosts)
        sealed = webpush.seal(self._payload(push), push.p256dh, push.auth)
        links = self._templates.links
        secure = links.origin if links.secure else ""
        headers = {
            "Authorization": webpush.authorization(key, where.origin, secure, time.time()),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(TTL_SECONDS),
            "Urgency": "normal",
            # A newer one takes the place of an older one that was not fetched.
            "Topic": push.notice.public_id,
        }
        status = await outgoing.post(where, headers, sealed)
        if status >= 300:
            log.info("a push was answered by %d", status)
        return status in _GONE or (status in _FOREIGN and push.server_key != self.server_key)

    def _payload(self, push: _Told) -> bytes:
        told = notices.told(push.notice, self._templates, push.is_private)
        return json.dumps(told._asdict(), ensure_ascii=False).encode()
