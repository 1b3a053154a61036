"""Bounds what a request may send, whatever length it declares. No form of ours comes near it."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hubbub import errors, words
from hubbub.web import failures

LIMIT = 64 * 1024


class Bodies:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            _check_declared(Headers(scope=scope).get("content-length", "0"))
        except errors.Refusal as refusal:
            await failures.refuse(scope, receive, send, refusal)
        else:
            await self.app(scope, _Measured(receive), send)


class _Measured:
    """Hands on a body as long as it stays within the limit."""

    def __init__(self, receive: Receive) -> None:
        self.receive = receive
        self.size = 0

    async def __call__(self) -> Message:
        message = await self.receive()
        self.size += len(message.get("body", b""))
        if self.size > LIMIT:
            raise _too_large()
        return message


def _check_declared(length: str) -> None:
    if not (length.isascii() and length.isdecimal()):
        raise errors.Malformed(words.gettext("This request could not be understood."))
    if len(length) > 9 or int(length) > LIMIT:
        raise _too_large()


def _too_large() -> errors.TooLarge:
    return errors.TooLarge(words.gettext("This is more than can be sent at once: at most 64 KiB."))
