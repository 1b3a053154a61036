"""Bounds what a request may send, whatever length it declares.

No form of ours comes near the limit, except the few that carry files, for those who are signed in.
"""

from __future__ import annotations

import re

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hubbub import errors, words
from hubbub.web import failures

LIMIT = 64 * 1024
MEGABYTE = 1_000_000
PICTURE_MB = 10  # of a person, which is made small in any case

_ATTACHED = re.compile(r"/r/[^/]+/(?:attachments|messages)")


class Bodies:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        megabytes = self._megabytes(scope, headers)
        try:
            _check_declared(headers.get("content-length", "0"), megabytes)
        except errors.Refusal as refusal:
            await failures.refuse(scope, receive, send, refusal)
        else:
            await self.app(scope, _Measured(receive, megabytes), send)

    def _megabytes(self, scope: Scope, headers: Headers) -> int:
        """How large the files of a request may be, all of them together."""
        kind = headers.get("content-type", "").lower()
        if scope["state"].get("person") is None or not kind.startswith("multipart/form-data"):
            return 0
        if scope["path"] == "/profile/picture":
            return PICTURE_MB
        if not _ATTACHED.fullmatch(scope["path"]):
            return 0
        allowed: int = scope["state"]["site"].now.upload_mb
        return allowed


class _Measured:
    """Hands on a body as long as it stays within the limit."""

    def __init__(self, receive: Receive, megabytes: int) -> None:
        self.receive = receive
        self.megabytes = megabytes
        self.size = 0

    async def __call__(self) -> Message:
        message = await self.receive()
        self.size += len(message.get("body", b""))
        if self.size > _most(self.megabytes):
            raise _too_large(self.megabytes)
        return message


def _most(megabytes: int) -> int:
    """In bytes: the files, and beside them as much as any form may hold."""
    return megabytes * MEGABYTE + LIMIT


def _check_declared(length: str, megabytes: int) -> None:
    if not (length.isascii() and length.isdecimal()):
        raise errors.Malformed(words.gettext("This request could not be understood."))
    if len(length) > 12 or int(length) > _most(megabytes):
        raise _too_large(megabytes)


def _too_large(megabytes: int) -> errors.TooLarge:
    if megabytes == 0:
        sentence = words.gettext("This is more than can be sent at once: at most 64 KiB.")
        return errors.TooLarge(sentence)
    sentence = words.gettext("This is more than can be sent at once: at most {number} MB.")
    return errors.TooLarge(sentence.format(number=megabytes))
