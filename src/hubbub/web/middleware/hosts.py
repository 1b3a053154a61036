"""Answers only under the site's own names, which come from the settings.

A foreign name is either a mistake in the settings, which the answer explains, or an attempt to
reach a local server through someone's browser (DNS rebinding), which it stops.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from hubbub import errors, words
from hubbub.web import failures

# Load balancers ask by address. These doors tell nothing and change nothing.
PROBES = frozenset({"/healthz", "/readyz"})


class Misdirected(errors.Refusal):
    """421 (RFC 9110): this server is not the one for that name."""

    status = 421


class Hosts:
    def __init__(self, app: ASGIApp, hosts: frozenset[str], is_public: bool) -> None:
        self.app = app
        self.hosts = hosts
        self.is_public = is_public

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in {"http", "websocket"} and not self._is_ours(scope):
            await failures.refuse(scope, receive, send, Misdirected(self._sentence()))
        else:
            await self.app(scope, receive, send)

    def _is_ours(self, scope: Scope) -> bool:
        if scope["path"] in PROBES:
            return True
        names = [value for name, value in scope["headers"] if name == b"host"]
        return len(names) == 1 and names[0].decode("latin-1").lower() in self.hosts

    def _sentence(self) -> str:
        if self.is_public:
            return words.gettext(
                "This server does not answer to this name. Whoever runs it has set another one"
                " in HUBBUB_PUBLIC_URL."
            )
        return words.gettext(
            "This server answers only on this machine until HUBBUB_PUBLIC_URL is set to the"
            " address people open, like https://chat.example.org."
        )
