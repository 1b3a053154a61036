"""One line in the log for each request, with the route's name: paths hold the keys of rooms."""

from __future__ import annotations

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hubbub import logs

# Asked every few seconds by machines; a line each would bury the others.
SILENT = frozenset({"health:alive", "health:ready"})


class Journal:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 500

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_and_note)
        finally:
            _write(scope, status, time.perf_counter() - started)


def _write(scope: Scope, status: int, seconds: float) -> None:
    name = getattr(scope.get("route"), "name", "-")
    if name not in SILENT:
        logs.request(
            route=name,
            method=scope["method"],
            status=status,
            seconds=seconds,
            request_id=scope["state"]["request_id"],
        )
