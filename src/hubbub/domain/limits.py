"""How much of something one person or one address may do, shared by all processes through Redis.

Every rule is a moving window: at most `amount` in any `seconds`. Sending once a second with
bursts of ten is ten in any ten seconds. When Redis does not answer, each process counts for
itself and allows half as much, so that an outage opens no door.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import hashlib
import math
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import limits
import redis.asyncio
from limits.aio import storage, strategies
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from hubbub import config, errors, words

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR

REDIS_SECONDS = 0.25
REDIS_AWAY_SECONDS = 5.0
REDIS_CONNECTIONS = 20
_TIDY_AT = 10_000


@dataclass(frozen=True, slots=True)
class Rule:
    """At most `amount` in any `seconds`, counted for the last `keys` of the keys given (0: for
    all of them together). With `misses`, an `attempt` that succeeds does not count."""

    amount: int
    seconds: int
    keys: int = 0
    misses: bool = False


# The keys that go with each name stand beside it. Addresses come as the web floor makes them:
# an IPv6 customer is a whole /64.
RULES: Mapping[str, tuple[Rule, ...]] = {
    "login": (  # account, address
        Rule(5, 15 * MINUTE),
        Rule(30, 10 * MINUTE, keys=1, misses=True),  # A school logs in from one address.
    ),
    "register": (Rule(5, HOUR),),  # address
    "resets": (Rule(10, HOUR),),  # address; of those who forgot their password
    "mails": (Rule(5, HOUR),),  # person; to an address that is not confirmed
    "exports": (Rule(5, HOUR),),  # person
    "links": (Rule(20, 10 * MINUTE),),  # address; only wrong guesses are counted
    "guests": (Rule(40, 10 * MINUTE),),  # address; a class of thirty comes in from one
    "messages": (Rule(10, 10),),  # person
    "rooms": (Rule(20, HOUR),),  # person
    "joins": (Rule(60, HOUR),),  # person
    "invitations": (Rule(30, HOUR),),  # person
    "asked": (Rule(3, 7 * DAY),),  # room, username; a no is not to be argued with
    "reports": (Rule(20, HOUR),),  # person
    "uploads": (Rule(60, 10 * MINUTE),),  # person
    "search": (Rule(30, MINUTE),),  # person
    "writes": (Rule(60, MINUTE),),  # person; everything else that changes something
    "lookups": (Rule(120, MINUTE),),  # person; what is asked while typing
}


class Limits:
    """The counters of one process, or of all of them when there is a Redis."""

    def __init__(self, settings: config.Config) -> None:
        self._on = settings.rate_limits
        self._local = _Local()
        shared = settings.broadcast_url.startswith(("redis://", "rediss://"))
        self._shared = _Shared(settings.broadcast_url) if shared and self._on else None

    async def close(self) -> None:
        if self._shared:
            await self._shared.close()

    async def hit(self, name: str, *keys: str | int) -> None:
        """Counts one. TooMany, with the seconds to wait, when that is over a limit."""
        for rule, key in self._rules(name, keys):
            await self._take(rule, key)

    async def check(self, name: str, *keys: str | int) -> None:
        """TooMany when the next `hit` would be; counts nothing."""
        for rule, key in self._rules(name, keys):
            await self._look(rule, key)

    @contextlib.asynccontextmanager
    async def attempt(self, name: str, *keys: str | int) -> AsyncIterator[None]:
        """For guesses: counts before the block, since many may be made at once, and forgives
        what was counted for all keys together when the block succeeds."""
        rules = list(self._rules(name, keys))
        for rule, key in rules:
            await (self._look(rule, key) if rule.misses else self._take(rule, key))
        try:
            yield
        except errors.Unavailable:
            raise
        except errors.Refusal:
            for rule, key in rules:
                if rule.misses:
                    await self._take(rule, key)
            raise
        for rule, key in rules:
            if not rule.misses:
                await self._forget(rule, key)

    def _rules(self, name: str, keys: tuple[str | int, ...]) -> Iterator[tuple[Rule, str]]:
        if not self._on:
            return
        for place, rule in enumerate(RULES[name]):
            yield rule, _key(name, place, keys[-rule.keys :])

    async def _take(self, rule: Rule, key: str) -> None:
        wait = None
        if self._shared:
            wait = await self._shared.take(rule, key)
        if wait is None:
            wait = self._local.take(self._alone(rule), key)
        _refuse(wait)

    async def _look(self, rule: Rule, key: str) -> None:
        wait = None
        if self._shared:
            wait = await self._shared.wait(rule, key)
        if wait is None:
            wait = self._local.wait(self._alone(rule), key)
        _refuse(wait)

    async def _forget(self, rule: Rule, key: str) -> None:
        self._local.forget(key)
        if self._shared:
            await self._shared.forget(rule, key)

    def _alone(self, rule: Rule) -> Rule:
        """What one process allows by itself."""
        if self._shared is None:
            return rule
        return Rule(max(1, rule.amount // 2), rule.seconds)


def _key(name: str, place: int, keys: tuple[str | int, ...]) -> str:
    """A short name for a counter; a hash, since what people type goes in."""
    text = "\0".join(map(str, keys)).encode("utf-8", "replace")
    return f"{name}.{place}.{hashlib.sha256(text).hexdigest()[:32]}"


def _refuse(wait: float) -> None:
    if wait <= 0:
        return
    seconds = math.ceil(wait)
    sentence = words.ngettext(
        "That was a lot in a short time. Try again in {number} second.",
        "That was a lot in a short time. Try again in {number} seconds.",
        seconds,
    )
    raise errors.TooMany(sentence.format(number=seconds), retry_after=seconds)


class _Local:
    """Moving windows in this process: for each key, when the last few times were."""

    def __init__(self) -> None:
        self._times: dict[str, collections.deque[float]] = {}
        self._ends: dict[str, float] = {}
        self._tidy_at = _TIDY_AT

    def take(self, rule: Rule, key: str) -> float:
        """Counts one and answers 0, or answers the seconds to wait."""
        wait = self.wait(rule, key)
        if wait > 0:
            return wait
        now = time.monotonic()
        times = self._times.get(key)
        if times is None or times.maxlen != rule.amount:
            times = self._times[key] = collections.deque(times or (), maxlen=rule.amount)
        times.append(now)
        self._ends[key] = now + rule.seconds
        if len(self._times) > self._tidy_at:
            self._tidy(now)
        return 0.0

    def wait(self, rule: Rule, key: str) -> float:
        times = self._times.get(key)
        if times is None or len(times) < rule.amount:
            return 0.0
        return max(0.0, times[-rule.amount] + rule.seconds - time.monotonic())

    def forget(self, key: str) -> None:
        self._times.pop(key, None)
        self._ends.pop(key, None)

    def _tidy(self, now: float) -> None:
        for key in [key for key, end in self._ends.items() if end <= now]:
            self.forget(key)
        self._tidy_at = max(_TIDY_AT, 2 * len(self._times))


class _Shared:
    """Moving windows in Redis. Answers None while Redis does not, and then asks again only after
    some seconds, so that requests are not slowed down by asking."""

    def __init__(self, url: str) -> None:
        pool = redis.asyncio.BlockingConnectionPool.from_url(
            url,
            max_connections=REDIS_CONNECTIONS,
            timeout=REDIS_SECONDS,
            socket_timeout=REDIS_SECONDS,
            socket_connect_timeout=REDIS_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        options: dict[str, Any] = {"connection_pool": pool, "key_prefix": "hubbub.limits"}
        counters = storage.RedisStorage(f"async+{url}", implementation="redispy", **options)
        self._pool = pool
        self._windows = strategies.MovingWindowRateLimiter(counters)
        self._ask_again_at = 0.0

    async def close(self) -> None:
        await self._pool.disconnect()

    async def take(self, rule: Rule, key: str) -> float | None:
        item = _item(rule)
        async with self._patience() as asked:
            if asked:
                if await self._windows.hit(item, key):
                    return 0.0
                return await self._reset(item, key)
        return None

    async def wait(self, rule: Rule, key: str) -> float | None:
        item = _item(rule)
        async with self._patience() as asked:
            if asked:
                if await self._windows.test(item, key):
                    return 0.0
                return await self._reset(item, key)
        return None

    async def forget(self, rule: Rule, key: str) -> None:
        async with self._patience() as asked:
            if asked:
                await self._windows.clear(_item(rule), key)

    async def _reset(self, item: limits.RateLimitItem, key: str) -> float:
        stats = await self._windows.get_window_stats(item, key)
        return max(0.001, stats.reset_time - time.time())

    @contextlib.asynccontextmanager
    async def _patience(self) -> AsyncIterator[bool]:
        if time.monotonic() < self._ask_again_at:
            yield False
            return
        try:
            async with asyncio.timeout(REDIS_SECONDS):
                yield True
        except (redis.asyncio.RedisError, OSError):
            self._ask_again_at = time.monotonic() + REDIS_AWAY_SECONDS


def _item(rule: Rule) -> limits.RateLimitItem:
    return limits.RateLimitItemPerSecond(rule.amount, rule.seconds)
