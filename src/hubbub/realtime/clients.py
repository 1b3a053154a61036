"""The sockets of this process, by the session each is bound to: what ends a session ends them."""

from __future__ import annotations

import collections
import dataclasses
import time

from hubbub.realtime import roster, wire
from hubbub.realtime.room import Seat


@dataclasses.dataclass(slots=True, eq=False)
class Client:
    """One socket with what it is bound to. `expires_at` in seconds since the epoch; `alerted`: its
    person wants to hear of messages while they look elsewhere."""

    sender: wire.Sender
    person: int
    session: int
    expires_at: float
    alerted: bool = False
    seat: Seat | None = None
    last_typed: float = 0.0

    def may_type(self) -> bool:
        """Whether it is time to show again that they are typing."""
        return self.seat is not None and time.monotonic() - self.last_typed >= roster.TYPING_EVERY


class Clients:
    def __init__(self) -> None:
        self._by_session: dict[int, set[Client]] = collections.defaultdict(set)

    def add(self, client: Client) -> None:
        self._by_session[client.session].add(client)

    def discard(self, client: Client) -> None:
        """Forget a socket. Doing so twice is the same as once."""
        bound = self._by_session.get(client.session, set())
        bound.discard(client)
        if not bound:
            self._by_session.pop(client.session, None)

    def of(self, session: int) -> list[Client]:
        return list(self._by_session.get(session, ()))

    def expired(self, now: float) -> list[Client]:
        """Those whose session has run out. `now` in seconds since the epoch."""
        return [client for client in self._all() if client.expires_at <= now]

    def people(self) -> set[int]:
        """Everyone who sits in a room."""
        return {client.person for client in self._all() if client.seat is not None}

    def _all(self) -> list[Client]:
        return [client for bound in self._by_session.values() for client in bound]
