"""E-mail addresses: what one is, and that it is whose mailbox it is."""

import asyncio

import pytest

from hubbub import database, errors
from hubbub.domain import accounts, clock, credentials, emails
from tests import people

pytestmark = pytest.mark.anyio
NOW = people.NOON
ADA = "ada@example.org"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" Ada@Example.ORG ", ADA),
        ("ada.lovelace+chat@mail.example.org", "ada.lovelace+chat@mail.example.org"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("o'neill@example.org", "o'neill@example.org"),
    ],
)
def test_an_address_is_kept_folded(typed: str, kept: str) -> None:
    assert emails.clean(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ada",
        "ada@",
        "@example.org",
        "ada@localhost",
        "ada@@example.org",
        "ada lovelace@example.org",
        "ada@example.org\nBcc: eve@example.org",
        "ada@example.org, eve@example.org",
        "Ada <ada@example.org>",
        '"ada"@example.org',
        "ada@[192.0.2.1]",
        "ada..b@example.org",
        ".ada@example.org",
        "ada@-example.org",
        "ädä@example.org",
        "a" * 65 + "@example.org",
        "ada@" + "a" * 250 + ".org",
        "ada@example.org\0",
        "ada@\ud800.org",
    ],
)
def test_what_no_server_takes_is_no_address(typed: str) -> None:
    with pytest.raises(errors.Invalid) as refused:
        emails.clean(typed)
    assert refused.value.field == "email"


async def test_an_address_counts_once_it_is_confirmed(db: database.Database) -> None:
    ada = await people.person(db, "Ada")
    token = await emails.ask(db, ada, ADA, now=NOW)
    assert await emails.of(db, ada) is None
    assert await emails.waiting(db, ada, now=NOW) == ADA
    assert await credentials.ask(db, ADA, now=NOW) is None
    assert await emails.confirm(db, ada, token, now=NOW) == ADA
    assert await emails.of(db, ada) == ADA
    assert await emails.waiting(db, ada, now=NOW) is None
    with pytest.raises(errors.NotFound):
        await emails.confirm(db, ada, token, now=NOW)


async def test_a_link_is_good_for_a_day_and_for_the_last_address_asked_for(
    db: database.Database,
) -> None:
    ada = await people.person(db, "Ada")
    first = await emails.ask(db, ada, "old@example.org", now=NOW)
    second = await emails.ask(db, ada, ADA, now=NOW)
    for token, now in ((first, NOW), (second, NOW + clock.DAY)):
        with pytest.raises(errors.NotFound):
            await emails.confirm(db, ada, token, now=now)
    assert await emails.confirm(db, ada, second, now=NOW + clock.DAY - 1) == ADA


async def test_a_link_is_good_for_whose_it_is_only(db: database.Database) -> None:
    ada, eve = [await people.person(db, name) for name in ("Ada", "Eve")]
    token = await emails.ask(db, ada, ADA, now=NOW)
    with pytest.raises(errors.NotFound):
        await emails.confirm(db, eve, token, now=NOW)
    assert await emails.of(db, eve) is None
    assert await emails.confirm(db, ada, token, now=NOW) == ADA


async def test_an_address_is_of_one_person_only(db: database.Database) -> None:
    ada, eve = [await people.person(db, name) for name in ("Ada", "Eve")]
    asked = [(who, await emails.ask(db, who, ADA, now=NOW)) for who in (ada, eve)]
    outcomes = await asyncio.gather(
        *[emails.confirm(db, who, token, now=NOW) for who, token in asked], return_exceptions=True
    )
    assert [type(each) for each in outcomes].count(errors.NotFound) == 1
    assert [await emails.of(db, who) for who in (ada, eve)].count(ADA) == 1


async def test_what_was_sent_to_the_address_before_is_good_for_nothing(
    db: database.Database,
) -> None:
    ada = await people.person(db, "Ada")
    await emails.confirm(db, ada, await emails.ask(db, ada, "old@example.org", now=NOW), now=NOW)
    for change in (confirmed, emails.remove):
        asked = await credentials.ask(db, "ada", now=NOW)
        assert asked is not None
        await change(db, ada)
        with pytest.raises(errors.NotFound):
            await credentials.holder(db, asked[2], now=NOW)
    assert await emails.of(db, ada) is None


async def confirmed(db: database.Database, person: accounts.Person) -> None:
    await emails.confirm(db, person, await emails.ask(db, person, ADA, now=NOW), now=NOW)
