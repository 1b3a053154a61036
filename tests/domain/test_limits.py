"""Rate limits: in one process, shared through Redis, and when Redis is gone."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from hubbub import config, errors
from hubbub.domain import limits
from tests import services

pytestmark = pytest.mark.anyio


def settings(tmp_path: Path, url: str = "memory://", rate_limits: str = "on") -> config.Config:
    return config.from_environment(
        {
            "HUBBUB_DATA_DIR": str(tmp_path),
            "HUBBUB_BROADCAST_URL": url,
            "HUBBUB_RATE_LIMITS": rate_limits,
        }
    )


@pytest.fixture(params=["memory", "redis"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "memory":
        yield "memory://"
    else:
        server = request.getfixturevalue("redis")
        server.call("FLUSHALL")
        yield server.url


@pytest.fixture
async def counters(url: str, tmp_path: Path, anyio_backend: str) -> AsyncIterator[limits.Limits]:
    made = limits.Limits(settings(tmp_path, url))
    yield made
    await made.close()


async def allowed(counters: limits.Limits, name: str, *keys: str, tries: int = 200) -> int:
    """How many get through until one is refused."""
    for number in range(tries):
        try:
            await counters.hit(name, *keys)
        except errors.TooMany:
            return number
    return tries


@pytest.mark.parametrize(
    ("name", "keys", "amount"),
    [
        ("login", ("ada", "192.0.2.1"), 5),
        ("register", ("192.0.2.1",), 5),
        ("resets", ("192.0.2.1",), 10),
        ("mails", ("7",), 5),
        ("exports", ("7",), 5),
        ("links", ("192.0.2.1",), 20),
        ("guests", ("192.0.2.1",), 40),
        ("messages", ("7",), 10),
        ("rooms", ("7",), 20),
        ("reports", ("7",), 20),
        ("invitations", ("7",), 30),
        ("asked", ("7", "charlie"), 3),
        ("joins", ("7",), 60),
        ("uploads", ("7",), 60),
        ("search", ("7",), 30),
        ("writes", ("7",), 60),
        ("lookups", ("7",), 120),
    ],
)
async def test_every_rule_allows_what_it_says_and_no_more(
    counters: limits.Limits, name: str, keys: tuple[str, ...], amount: int
) -> None:
    assert await allowed(counters, name, *keys) == amount


async def test_every_rule_has_been_counted_out_above() -> None:
    counted = {"login", "register", "links", "messages", "rooms", "joins", "uploads", "search"}
    counted |= {"asked", "guests", "invitations", "reports", "resets", "mails", "exports"}
    assert set(limits.RULES) == counted | {"writes", "lookups"}


async def test_a_refusal_says_how_long_to_wait(counters: limits.Limits) -> None:
    await allowed(counters, "messages", "7")
    with pytest.raises(errors.TooMany) as refusal:
        await counters.hit("messages", "7")
    assert refusal.value.retry_after is not None
    assert 1 <= refusal.value.retry_after <= 10
    assert str(refusal.value.retry_after) in refusal.value.message


async def test_one_person_does_not_use_up_what_is_anothers(counters: limits.Limits) -> None:
    assert await allowed(counters, "messages", "7") == 10
    assert await allowed(counters, "messages", "8") == 10
    assert await allowed(counters, "writes", "7") == 60


async def test_checking_counts_nothing_and_refuses_when_a_hit_would(
    counters: limits.Limits,
) -> None:
    for _ in range(30):
        await counters.check("links", "192.0.2.1")
    assert await allowed(counters, "links", "192.0.2.1") == 20
    with pytest.raises(errors.TooMany):
        await counters.check("links", "192.0.2.1")
    await counters.check("links", "192.0.2.2")


async def guess(counters: limits.Limits, account: str, address: str, *, right: bool) -> None:
    async with counters.attempt("login", account, address):
        if not right:
            raise errors.Invalid("wrong")


async def test_five_wrong_passwords_close_an_account_for_one_address_only(
    counters: limits.Limits,
) -> None:
    for _ in range(5):
        with pytest.raises(errors.Invalid):
            await guess(counters, "ada", "192.0.2.1", right=False)
    with pytest.raises(errors.TooMany):
        await guess(counters, "ada", "192.0.2.1", right=True)
    await guess(counters, "ada", "192.0.2.2", right=True)
    await guess(counters, "bo", "192.0.2.1", right=True)


async def test_whoever_gets_in_may_log_in_again_and_again(counters: limits.Limits) -> None:
    for _ in range(12):
        await guess(counters, "ada", "192.0.2.1", right=True)


async def test_a_school_logs_in_from_one_address(counters: limits.Limits) -> None:
    for number in range(40):
        await guess(counters, f"pupil{number}", "192.0.2.1", right=True)


async def test_thirty_wrong_passwords_close_an_address(counters: limits.Limits) -> None:
    for number in range(30):
        with pytest.raises(errors.Invalid):
            await guess(counters, f"name{number}", "192.0.2.1", right=False)
    with pytest.raises(errors.TooMany):
        await guess(counters, "ada", "192.0.2.1", right=True)
    await guess(counters, "ada", "192.0.2.2", right=True)


async def test_many_guesses_at_once_are_no_more_than_one_after_the_other(
    counters: limits.Limits,
) -> None:
    guesses = [guess(counters, "ada", "192.0.2.1", right=False) for _ in range(20)]
    results = await asyncio.gather(*guesses, return_exceptions=True)
    assert sum(type(result) is errors.Invalid for result in results) == 5
    assert sum(type(result) is errors.TooMany for result in results) == 15


async def test_an_overloaded_server_is_not_a_wrong_guess(counters: limits.Limits) -> None:
    for number in range(40):
        with pytest.raises(errors.Unavailable):
            async with counters.attempt("login", f"name{number}", "192.0.2.1"):
                raise errors.Unavailable("busy")
    await guess(counters, "ada", "192.0.2.1", right=True)


@pytest.mark.parametrize("key", ["", "\0", "\ud800", "x" * 100_000, "a b\r\n", "{*}"])
async def test_any_text_is_a_key(counters: limits.Limits, key: str) -> None:
    assert await allowed(counters, "register", key) == 5


async def test_switched_off_nothing_is_counted(url: str, tmp_path: Path) -> None:
    counters = limits.Limits(settings(tmp_path, url, "off"))
    assert await allowed(counters, "register", "192.0.2.1") == 200
    await guess(counters, "ada", "192.0.2.1", right=True)
    await counters.check("register", "192.0.2.1")
    await counters.close()


async def test_processes_with_a_redis_count_together(redis: services.Redis, tmp_path: Path) -> None:
    redis.call("FLUSHALL")
    one, other = [limits.Limits(settings(tmp_path, redis.url)) for _ in range(2)]
    for _ in range(5):
        await one.hit("messages", "7")
        await other.hit("messages", "7")
    for counters in (one, other):
        with pytest.raises(errors.TooMany):
            await counters.hit("messages", "7")
        await counters.close()


async def test_without_its_redis_a_process_counts_alone_and_allows_half(tmp_path: Path) -> None:
    with services.Redis() as redis:
        counters = limits.Limits(settings(tmp_path, redis.url))
        await counters.hit("messages", "7")
        redis.kill()
        assert await allowed(counters, "messages", "7") == 5
        assert await allowed(counters, "register", "192.0.2.1") == 2
        with pytest.raises(errors.TooMany):
            await counters.check("messages", "7")
        await counters.close()


async def test_a_redis_that_hangs_slows_one_request_and_not_the_next(tmp_path: Path) -> None:
    with services.Redis() as redis:
        counters = limits.Limits(settings(tmp_path, redis.url))
        await counters.hit("messages", "7")
        redis.pause()
        loop = asyncio.get_running_loop()
        started = loop.time()
        for _ in range(5):
            await counters.hit("messages", "7")
        assert loop.time() - started < 4 * limits.REDIS_SECONDS
        await counters.close()
        redis.resume()


async def test_a_redis_that_comes_back_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "REDIS_AWAY_SECONDS", 0.0)
    with services.Redis() as redis:
        counters = limits.Limits(settings(tmp_path, redis.url))
        redis.stop()
        assert await allowed(counters, "messages", "7") == 5
        redis.start()
        assert await allowed(counters, "messages", "7") == 10
        await counters.close()


async def test_counters_that_have_run_out_are_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "RULES", {"writes": (limits.Rule(2, 0),)})
    monkeypatch.setattr(limits, "_TIDY_AT", 50)
    counters = limits.Limits(settings(tmp_path))
    for number in range(500):
        await counters.hit("writes", str(number))
    assert len(counters._local._times) <= 51
