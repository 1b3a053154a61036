"""One spelling for each address: a trailing slash is dropped, an older name becomes the new one.

The answer is served at once rather than by a redirect, so that forms may be sent to any spelling.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

ALIASES = {
    "/accounts/register": "/register",
    "/accounts/login": "/login",
    "/accounts/logout": "/logout",
}


class Addresses:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in {"http", "websocket"}:
            path: str = scope["path"]
            if len(path) > 1 and path.endswith("/"):
                path = path[:-1]
            scope["path"] = ALIASES.get(path, path)
        await self.app(scope, receive, send)
