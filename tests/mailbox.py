"""A mail server of our own on a free port: keeps what it is given, in clear text or over TLS."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import email
import email.policy
import ssl
import subprocess
from collections.abc import Mapping
from email.message import EmailMessage
from pathlib import Path
from typing import Self, cast


class Mailbox:
    """`async with Mailbox() as box:` `await box.next()` is the next mail that came.

    `refusals` are answers given to who writes to an address, one after the other.
    """

    def __init__(
        self,
        *,
        certificate: Path | None = None,
        wraps: bool = False,
        login: tuple[str, str] | None = None,
        refusals: Mapping[str, list[str]] | None = None,
    ) -> None:
        self.came: asyncio.Queue[EmailMessage] = asyncio.Queue()
        self.was_encrypted: list[bool] = []
        self._refusals = refusals or {}
        self._tls = _context(certificate) if certificate else None
        self._wraps = wraps
        self._login = login
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        tls = self._tls if self._wraps else None
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=tls)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def next(self) -> EmailMessage:
        async with asyncio.timeout(20):
            return await self.came.get()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Whoever does not trust us hangs up in the middle.
        with contextlib.suppress(ssl.SSLError, ConnectionError):
            await self._talk(reader, writer)
        writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(line: str) -> None:
            writer.write(f"{line}\r\n".encode())

        encrypted, known = self._wraps, self._login is None
        say("220 a mailbox")
        while line := await reader.readline():
            verb, _, rest = line.decode().strip().partition(" ")
            match verb.upper():
                case "EHLO":
                    offered = ["250-here", "250-AUTH PLAIN"]
                    say("\r\n".join([*offered, "250-STARTTLS" if self._tls else "250-8BITMIME"]))
                    say("250 SIZE")
                case "STARTTLS":
                    say("220 go on")
                    await writer.drain()
                    assert self._tls is not None
                    await writer.start_tls(self._tls)
                    encrypted = True
                case "AUTH":
                    given = base64.b64decode(rest.partition(" ")[2]).decode().split("\0")[1:]
                    known = tuple(given) == self._login
                    say("235 welcome" if known else "535 who are you")
                case "MAIL" if not known:
                    say("530 who are you")
                case "RCPT" if answers := self._refusals.get(rest.strip("TOto:<>")):
                    say(answers.pop(0))
                case "DATA":
                    say("354 go on")
                    raw = await reader.readuntil(b"\r\n.\r\n")
                    self.was_encrypted.append(encrypted)
                    self.came.put_nowait(_parsed(raw[:-3]))
                    say("250 kept")
                case "QUIT":
                    say("221 bye")
                    break
                case _:
                    say("250 ok")
            await writer.drain()


def _parsed(raw: bytes) -> EmailMessage:
    return cast("EmailMessage", email.message_from_bytes(raw, policy=email.policy.default))


def _context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def certify(folder: Path, host: str = "localhost") -> Path:
    """A certificate for this machine, with its key, in one file; signed by nobody but itself."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", f"/CN={host}", "-addext"),
            *(f"subjectAltName=DNS:{host}", "-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    both = folder / "both.pem"
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    return both
