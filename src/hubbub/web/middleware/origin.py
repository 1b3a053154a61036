"""Refuses what another site's page makes a browser do here (cross-site request forgery).

Browsers say where a request comes from and pages cannot change that, so no form needs a token and
every fragment is the same for everyone. A client that says nothing at all is refused, too.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from hubbub import errors, words
from hubbub.web import failures

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
OWN = frozenset({b"same-origin", b"none"})  # none: typed, bookmarked, or not from a page


class Origin:
    def __init__(self, app: ASGIApp, origins: frozenset[str]) -> None:
        self.app = app
        self.origins = frozenset(origin.encode("latin-1") for origin in origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._is_own(scope):
            await self.app(scope, receive, send)
        else:
            await failures.refuse(scope, receive, send, errors.Forbidden(_sentence()))

    def _is_own(self, scope: Scope) -> bool:
        if scope["type"] == "http" and scope["method"] not in SAFE:
            headers = dict(scope["headers"])
            site = headers.get(b"sec-fetch-site")
            return site in OWN if site is not None else headers.get(b"origin") in self.origins
        if scope["type"] == "websocket":
            # Sockets know no same-origin policy: the server has to ask.
            return dict(scope["headers"]).get(b"origin") in self.origins
        return True


def _sentence() -> str:
    return words.gettext("This was sent from another site’s page, so nothing was done.")
