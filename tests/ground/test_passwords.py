"""Passwords: refused ones, kept ones, and the queue in front of the work."""

import asyncio

import bcrypt
import pytest

from hubbub import passwords
from hubbub.errors import Invalid, Malformed, Unavailable

pytestmark = pytest.mark.anyio

KEYS = ("the only secret",)
GOOD = "a long walk by the sea"


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "COST", 4)


@pytest.mark.parametrize(
    "password",
    [
        "",
        "seven77",
        "x" * 257,
        "password1",
        "PassWord1",
        "iloveyou",
        "aaaaaaaaaaaa",
        "alice.liddell",
        "Alice.Liddell",
        "hubbubhubbub",
    ],
)
def test_a_short_a_common_a_name_like_and_an_endless_password_are_refused(password: str) -> None:
    with pytest.raises(Invalid) as caught:
        passwords.check_rules(password, "Alice.Liddell", "HubbubHubbub")
    assert caught.value.field == "password"
    assert caught.value.status == 422


@pytest.mark.parametrize("password", ["NUL\0 in the middle", "half a pair \ud800"])
def test_a_password_that_cannot_be_read_is_malformed(password: str) -> None:
    with pytest.raises(Malformed):
        passwords.check_rules(password, "alice", "Hubbub")


@pytest.mark.parametrize(
    "password", [GOOD, "x1" * 128, "пароль-длинный", "七文字以上の合言葉", "mmmm mmmn"]
)
def test_a_long_password_in_any_script_is_welcome(password: str) -> None:
    passwords.check_rules(password, "alice", "Hubbub")


def test_the_list_of_common_passwords_has_more_than_20_000_that_are_long_enough() -> None:
    assert sum(len(word) >= passwords.MIN_LENGTH for word in passwords._common()) >= 20_000


async def test_a_password_is_recognised_and_another_is_not(cheap: None) -> None:
    stored = await passwords.hash(GOOD, KEYS)
    assert await passwords.verify(GOOD, stored, KEYS) == (True, False)
    assert await passwords.verify(GOOD + ".", stored, KEYS) == (False, False)
    assert not await passwords.verify(GOOD + ".", stored, KEYS)


async def test_what_is_kept_says_its_scheme_and_is_different_each_time(cheap: None) -> None:
    one, other = await passwords.hash(GOOD, KEYS), await passwords.hash(GOOD, KEYS)
    assert one.startswith("hmac384$2b$04$")
    assert one != other


async def test_passwords_that_agree_in_the_first_72_bytes_are_different(cheap: None) -> None:
    stored = await passwords.hash("x" * 100 + "1", KEYS)
    assert not (await passwords.verify("x" * 100 + "2", stored, KEYS)).ok


async def test_letters_composed_by_another_keyboard_are_the_same_password(cheap: None) -> None:
    stored = await passwords.hash("caf\u00e9 au lait", KEYS)
    assert (await passwords.verify("cafe\u0301 au lait", stored, KEYS)).ok


async def test_a_stolen_table_is_worthless_without_the_secret(cheap: None) -> None:
    stored = await passwords.hash(GOOD, KEYS)
    assert not (await passwords.verify(GOOD, stored, ("another secret",))).ok


async def test_after_a_rotation_the_password_still_fits_and_wants_to_be_kept_anew(
    cheap: None,
) -> None:
    stored = await passwords.hash(GOOD, KEYS)
    assert await passwords.verify(GOOD, stored, (*KEYS, "the new secret")) == (True, True)


async def test_a_password_kept_at_a_lower_cost_wants_to_be_kept_anew(
    cheap: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = await passwords.hash(GOOD, KEYS)
    monkeypatch.setattr(passwords, "COST", 5)
    assert await passwords.verify(GOOD, stored, KEYS) == (True, True)


@pytest.mark.parametrize("stored", [None, "", "plain", "$2b$04$abc"])
async def test_nobody_has_a_password(cheap: None, stored: str | None) -> None:
    assert await passwords.verify(GOOD, stored, KEYS) == (False, False)


@pytest.mark.parametrize("password", ["\0", "\ud800", "x" * 60_000])
async def test_checking_an_unreadable_password_is_a_plain_no(cheap: None, password: str) -> None:
    stored = await passwords.hash(GOOD, KEYS)
    assert await passwords.verify(password, stored, KEYS) == (False, False)


async def test_an_unknown_name_costs_as_much_as_a_wrong_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(passwords, "COST", 5)
    costs: list[bytes] = []
    check = bcrypt.checkpw

    def counted(password: bytes, kept: bytes) -> bool:
        costs.append(kept[:7])
        return check(password, kept)

    monkeypatch.setattr(bcrypt, "checkpw", counted)
    keys = ("the key before", *KEYS)
    for stored in (await passwords.hash(GOOD, keys), None):
        assert not (await passwords.verify("wrong password", stored, keys)).ok
    assert costs == [b"$2b$05$"] * 2 * len(keys)


async def test_a_crowd_at_the_door_is_told_to_come_back_and_the_loop_stays_free(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(passwords, "COST", 8)
    crowd = passwords.THREADS + passwords.QUEUE + 3
    answers = await asyncio.gather(
        *(passwords.verify(GOOD, None, KEYS) for _ in range(crowd)), return_exceptions=True
    )
    refused = [answer for answer in answers if isinstance(answer, Unavailable)]
    assert len(refused) == 3
    assert all(answer.retry_after == passwords.RETRY_AFTER for answer in refused)
    assert await passwords.verify(GOOD, None, KEYS) == (False, False)


async def test_a_login_that_was_given_up_frees_its_place_in_the_queue(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(passwords, "COST", 8)
    for _ in range(3):
        tasks = [
            asyncio.create_task(passwords.verify(GOOD, None, KEYS))
            for _ in range(passwords.THREADS + passwords.QUEUE)
        ]
        await asyncio.sleep(0)  # They stand in the queue now.
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        while True:
            try:
                await passwords.verify(GOOD, None, KEYS)
                break
            except Unavailable:  # What was begun is still being finished.
                await asyncio.sleep(0.01)
