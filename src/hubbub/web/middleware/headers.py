"""The headers every answer carries, crashes included, and the number that names a request.

The policy lets a page load and run only what this site serves as a file, so that text which should
ever slip through as markup still cannot act.
"""

from __future__ import annotations

import random

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:;"
    " font-src 'self'; connect-src 'self'; media-src 'self'; manifest-src 'self';"
    " worker-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none';"
    " frame-ancestors 'none'"
)
CLOSED = (
    "accelerometer=(), autoplay=(), browsing-topics=(), camera=(),"
    " display-capture=(), encrypted-media=(), fullscreen=(), geolocation=(), gyroscope=(), hid=(),"
    " magnetometer=(), microphone=(), midi=(), payment=(), publickey-credentials-get=(),"
    " screen-wake-lock=(), serial=(), usb=(), xr-spatial-tracking=()"
)
ALWAYS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": CLOSED,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}
# Whoever says nothing about caching answers one person, in one of three forms.
PERSONAL = {"Cache-Control": "no-store", "Vary": "Cookie, HX-Request, Accept"}
SECURE = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}


class Headers:
    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self.app = app
        self.always = _raw(ALWAYS | (SECURE if secure else {}))
        self.personal = _raw({"Cache-Control": PERSONAL["Cache-Control"]})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        # Of one length always, so that two refusals differ in nothing else. It names a request and
        # guards nothing, so it need not come from the kernel.
        number = f"{random.getrandbits(64):016x}"
        scope.setdefault("state", {})["request_id"] = number

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._complete(message, number)
            await send(message)

        await self.app(scope, receive, send_with_headers)

    def _complete(self, message: Message, number: str) -> None:
        raw = message["headers"] = [*message.get("headers", []), *self.always]
        raw.append((b"x-request-id", number.encode("ascii")))
        if not any(name == b"cache-control" for name, _ in raw):
            raw.extend(self.personal)
            MutableHeaders(raw=raw).add_vary_header(PERSONAL["Vary"])


def _raw(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode("ascii"), text.encode("ascii")) for name, text in headers.items()]
