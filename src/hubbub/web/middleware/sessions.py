"""Who it is: the session behind the cookie, for requests and sockets alike.

The cookie holds a random token and nothing else; the session is a row in the database, so logging
out really ends it, also for a copied cookie.
"""

from __future__ import annotations

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from hubbub import errors
from hubbub.domain import clock, sessions
from hubbub.web import failures

# They answer everyone alike, and must answer when the database does not.
ANONYMOUS = frozenset({"/healthz", "/readyz", "/robots.txt", "/favicon.ico"})


def cookie_name(secure: bool) -> str:
    """With the prefix, browsers take the cookie from this very host only, and only over TLS."""
    return "__Host-session" if secure else "session"


class Sessions:
    def __init__(self, app: ASGIApp, cookie: str) -> None:
        self.app = app
        self.cookie = cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in {"http", "websocket"}:
            try:
                session = await self._found(scope)
            except errors.Unavailable as refusal:
                await failures.refuse(scope, receive, send, refusal)
                return
            scope["state"]["session"] = session
            scope["state"]["person"] = session.person if session else None
        await self.app(scope, receive, send)

    async def _found(self, scope: Scope) -> sessions.Session | None:
        path: str = scope["path"]
        if path in ANONYMOUS or path.startswith("/static/"):
            return None
        token = HTTPConnection(scope).cookies.get(self.cookie)
        if not token:
            return None
        db, now = scope["state"]["db"], clock.now()
        session = await sessions.find(db, token, now)
        if session:
            await sessions.touch(db, session, now)
        return session
