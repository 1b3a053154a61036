"""How much waits for whoever asks for a page, since every page says so.

Counted for pages alone: fragments, pictures and what programs ask for do not show it.
"""

from __future__ import annotations

import logging

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from hubbub import errors
from hubbub.domain import inbox
from hubbub.web import responses

log = logging.getLogger(__name__)


class Inbox:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["state"]["inbox"] = await self._waiting(Request(scope))
        await self.app(scope, receive, send)

    async def _waiting(self, request: Request) -> int:
        person = request.state.person
        if person is None or person.guest_of is not None or responses.is_htmx(request):
            return 0
        if "text/html" not in request.headers.get("accept", ""):
            return 0
        try:
            return await inbox.count(request.state.db, person.id)
        except errors.Unavailable as error:
            # The page itself may still come, or says better what is wrong.
            log.warning("cannot count what waits for somebody: %r", error)
            return 0
