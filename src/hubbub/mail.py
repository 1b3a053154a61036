"""Mail that leaves the site: a short queue, and a few threads that speak SMTP.

Whoever writes one never waits for it, so that no answer is slower for there being somebody to
write to. What cannot be delivered now is tried again a little later, and then given up: the person
asks again.
"""

from __future__ import annotations

import asyncio
import contextlib
import email.message
import email.policy
import email.utils
import ipaddress
import logging
import smtplib
import ssl
import urllib.parse
from email.headerregistry import Address

from hubbub import config

log = logging.getLogger(__name__)

SECONDS = 10.0  # for a server to connect, and for each of its answers
AT_ONCE = 2
WAITING = 200
AGAIN_AFTER = (5.0, 60.0, 300.0)  # Servers that do not know us yet ask for a few minutes.
DRAIN_SECONDS = 5.0

Message = email.message.EmailMessage


class Mail:
    """The post office of one process. Without a mail server it is closed: `is_on` is False."""

    def __init__(self, settings: config.Config, *, again_after: tuple[float, ...] = AGAIN_AFTER):
        self._settings = settings
        self._again_after = again_after
        self._queue: asyncio.Queue[tuple[Message, int]] = asyncio.Queue(WAITING)
        self._tasks: list[asyncio.Task[None]] = []
        self._later: set[asyncio.Task[None]] = set()

    @property
    def is_on(self) -> bool:
        return bool(self._settings.smtp_url)

    async def start(self) -> None:
        if self.is_on:
            self._tasks = [asyncio.create_task(self._carry()) for _ in range(AT_ONCE)]

    async def stop(self) -> None:
        """Gives what waits a moment to leave."""
        for waiting in list(self._later):
            waiting.cancel()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS if self._tasks else 0):
                await self._queue.join()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def post(self, to: str, subject: str, text: str, *, sender: str = "") -> None:
        """Leaves a mail to be sent; never waits. `sender` is the name beside our own address.

        Raises ValueError for a line break where none may be.
        """
        message = compose(self._settings.mail_from, to, subject, text, sender=sender)
        self._put(message, 0)

    def _put(self, message: Message, tries: int) -> None:
        try:
            self._queue.put_nowait((message, tries))
        except asyncio.QueueFull:
            log.warning("too much mail is waiting; one was thrown away")

    async def _carry(self) -> None:
        while True:
            message, tries = await self._queue.get()
            try:
                await asyncio.to_thread(deliver, self._settings.smtp_url, message)
            except (OSError, smtplib.SMTPException) as error:
                self._put_off(message, tries, error)
            finally:
                self._queue.task_done()

    def _put_off(self, message: Message, tries: int, error: Exception) -> None:
        # Not the error's text: servers repeat the address in it.
        code = getattr(error, "smtp_code", "")
        log.warning("a mail could not be sent: %s %s", type(error).__name__, code)
        if tries < len(self._again_after) and not _is_final(error):
            waiting = asyncio.create_task(self._wait(self._again_after[tries], message, tries + 1))
            self._later.add(waiting)
            waiting.add_done_callback(self._later.discard)

    async def _wait(self, seconds: float, message: Message, tries: int) -> None:
        await asyncio.sleep(seconds)
        self._put(message, tries)


def _is_final(error: Exception) -> bool:
    """Whether the server would say the same another time: its codes from 500 on."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in error.recipients.values())
    return int(getattr(error, "smtp_code", 0)) >= 500


def compose(from_: str, to: str, subject: str, text: str, *, sender: str = "") -> Message:
    """A mail as plain text. Raises ValueError rather than let an address begin a new header."""
    message = Message(policy=email.policy.SMTP)
    message["From"] = Address(sender, addr_spec=from_)
    message["To"] = Address(addr_spec=to)
    message["Subject"] = subject
    message["Date"] = email.utils.localtime()
    message["Message-ID"] = email.utils.make_msgid(domain=from_.rpartition("@")[2])
    # So that nobody's absence answers: https://www.rfc-editor.org/rfc/rfc3834#section-5
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    return message


def deliver(url: str, message: Message) -> None:
    """Hands a mail to the server at `url`; blocks. Over TLS, with the server's name checked, save
    on this very machine or where `?tls=off` says so. Raises OSError, smtplib.SMTPException."""
    parts = urllib.parse.urlsplit(url)
    host = parts.hostname or ""
    with _connected(parts.scheme, host, parts.port) as server:
        if parts.scheme == "smtp" and _wants_tls(parts.query, host):
            server.starttls(context=ssl.create_default_context())
        if parts.username:
            given = (parts.username, parts.password or "")
            server.login(*map(urllib.parse.unquote, given))
        server.send_message(message)


def _connected(scheme: str, host: str, port: int | None) -> smtplib.SMTP:
    if scheme == "smtps":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(host, port or 465, timeout=SECONDS, context=context)
    return smtplib.SMTP(host, port or (25 if _is_here(host) else 587), timeout=SECONDS)


def _wants_tls(query: str, host: str) -> bool:
    return query == "tls=on" or (query != "tls=off" and not _is_here(host))


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
