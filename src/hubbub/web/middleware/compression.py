"""Compresses pages, but only for requests that our own pages or the person made.

The length of a compressed page that holds both a secret and something a stranger chose tells the
stranger about the secret (BREACH). So a request from another site's page gets the plain bytes, and
so does one whose browser does not say where it comes from.
"""

from __future__ import annotations

import gzip

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LEAST = 860  # what fits into one packet anyway gains nothing
TRUSTED = frozenset({b"same-origin", b"same-site", b"none"})


class Compression:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _is_wanted(scope):
            send = _Packing(send)
        await self.app(scope, receive, send)


class _Packing:
    """Holds back the start of an answer until its body tells whether to compress."""

    def __init__(self, send: Send) -> None:
        self.send = send
        self.start: Message | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_text(message):
            self.start = message
            return
        if self.start is not None:
            start, self.start = self.start, None
            if not message.get("more_body") and len(message.get("body", b"")) >= LEAST:
                message = _packed(start, message)
            await self.send(start)
        await self.send(message)


def _packed(start: Message, message: Message) -> Message:
    body = gzip.compress(message["body"], 6, mtime=0)
    headers = MutableHeaders(raw=start["headers"])
    headers["Content-Encoding"] = "gzip"
    headers["Content-Length"] = str(len(body))
    headers.add_vary_header("Accept-Encoding")
    return {**message, "body": body}


def _is_wanted(scope: Scope) -> bool:
    headers = dict(scope["headers"])
    return b"gzip" in headers.get(b"accept-encoding", b"") and (
        headers.get(b"sec-fetch-site") in TRUSTED
    )


def _is_text(start: Message) -> bool:
    return any(
        name == b"content-type" and value.startswith(b"text/html")
        for name, value in start["headers"]
    )
