"""Passwords: which are refused, and how they are kept.

Kept is bcrypt over base64 of HMAC-SHA-384 with a key from the instance's secret: bcrypt reads at
most 72 bytes, and a stolen table is worthless without the secret. The work is done in threads, at
most one for each core but one, with a short queue, so that logins never starve the chat.
"""

from __future__ import annotations

import asyncio
import base64
import functools
import gzip
import hmac
import os
import threading
import unicodedata
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple, TypeVar

import bcrypt

from hubbub import places, signing, words
from hubbub.errors import Invalid, Malformed, Unavailable

COST = 12  # 0.23 s on a core of 2026
MIN_LENGTH = 8
MAX_LENGTH = 256

SCHEME = "hmac384"
THREADS = max(1, len(os.sched_getaffinity(0)) - 1)
QUEUE = 8 * THREADS  # About two seconds of waiting.
RETRY_AFTER = 2

# A salt and a hash that belong to no password, checked when there is nobody to check.
_NOBODY = "abcdefghijklmnopqrstuu" + "abcdefghijklmnopqrstuvwxyzabcde"

_T = TypeVar("_T")


class Verdict(NamedTuple):
    """`rehash`: the password is right, but kept by an older scheme, cost or secret."""

    ok: bool
    rehash: bool

    def __bool__(self) -> bool:
        return self.ok  # A bare tuple would always be true.


def check_rules(password: str, username: str, site_name: str) -> None:
    """Raise Invalid or Malformed for a password that should not be used."""
    _check_readable(password)
    if len(password) < MIN_LENGTH:
        sentence = words.gettext("Use at least {number} characters.")
        raise _refused(sentence.format(number=MIN_LENGTH))
    if len(password) > MAX_LENGTH:
        sentence = words.gettext("Use at most {number} characters.")
        raise _refused(sentence.format(number=MAX_LENGTH))
    folded = unicodedata.normalize("NFC", password).casefold()
    if folded in {username.casefold(), site_name.casefold()}:
        raise _refused(words.gettext("Use something other than a name as the password."))
    if folded in _common() or len(set(folded)) == 1:
        raise _refused(words.gettext("Many people use this password. Choose another one."))


async def hash(password: str, keys: Sequence[str]) -> str:
    """What to keep of a password. Raises Unavailable when too many are waiting."""
    pepper, cost = signing.password_pepper(keys), COST
    return await _in_thread(lambda: _hash(password, pepper, cost))


async def verify(password: str, stored: str | None, keys: Sequence[str]) -> Verdict:
    """Whether the password is the stored one; None costs the same work and is never right.

    Raises Unavailable when too many are waiting.
    """
    peppers, cost = signing.password_peppers(keys), COST
    return await _in_thread(lambda: _verify(password, stored, peppers, cost))


def _hash(password: str, pepper: bytes, cost: int) -> str:
    kept = bcrypt.hashpw(_digest(password, pepper), bcrypt.gensalt(cost))
    return SCHEME + kept.decode("ascii")


def _verify(password: str, stored: str | None, peppers: Sequence[bytes], cost: int) -> Verdict:
    known = stored is not None and stored.startswith(f"{SCHEME}$")
    nobody = f"$2b${cost:02d}${_NOBODY}"
    kept = stored.removeprefix(SCHEME) if stored is not None and known else nobody
    # The newest first: after a rotation only passwords not used since cost a second try.
    for pepper in reversed(peppers):
        if bcrypt.checkpw(_digest(password, pepper), kept.encode("ascii")) and known:
            newest = pepper is peppers[-1] and kept.startswith(f"$2b${cost:02d}$")
            return Verdict(ok=True, rehash=not newest)
    return Verdict(ok=False, rehash=False)


def _digest(password: str, pepper: bytes) -> bytes:
    # The same letters typed on another keyboard may arrive composed differently. Normalising is
    # quadratic, so what is too long to be anyone's password stays as it is.
    if len(password) <= MAX_LENGTH:
        password = unicodedata.normalize("NFC", password)
    mac = hmac.digest(pepper, password.encode("utf-8", "surrogatepass"), "sha384")
    return base64.b64encode(mac)  # 64 bytes, and never a NUL


def _check_readable(password: str) -> None:
    try:
        password.encode()
    except UnicodeEncodeError as error:
        sentence = words.gettext("The password has characters that cannot be read.")
        raise Malformed(sentence, field="password") from error
    if "\0" in password:
        raise Malformed(
            words.gettext("The password has characters that cannot be read."), field="password"
        )


def _refused(sentence: str) -> Invalid:
    return Invalid(sentence, field="password")


@functools.cache
def _common() -> frozenset[str]:
    """More than 20,000 passwords found in many leaks, folded; see the licence beside the file."""
    with gzip.open(places.data() / "common-passwords.txt.gz", "rt", encoding="utf-8") as file:
        return frozenset(file.read().split("\n"))


class _Threads:
    """A few threads with a queue that says no instead of growing."""

    def __init__(self, threads: int, queue: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="password")
        # Counts across threads, and so across event loops too.
        self._places = threading.BoundedSemaphore(threads + queue)

    async def run(self, work: Callable[[], _T]) -> _T:
        if not self._places.acquire(blocking=False):
            sentence = words.gettext("Many people are logging in right now. Try again in a moment.")
            raise Unavailable(sentence, retry_after=RETRY_AFTER)
        future = self._pool.submit(work)
        # Whoever asked may be gone before the work is done; the place is free only afterwards.
        future.add_done_callback(self._leave)
        return await asyncio.wrap_future(future)

    def _leave(self, _: Future[_T]) -> None:
        self._places.release()


_threads = functools.cache(lambda: _Threads(THREADS, QUEUE))


async def _in_thread(work: Callable[[], _T]) -> _T:
    return await _threads().run(work)
