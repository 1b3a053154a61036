"""A new password for who forgot it, and the address it goes to: real mail, to a real server."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from email.message import EmailMessage
from urllib.parse import unquote

import httpx2
import pytest

from hubbub.domain import accounts, credentials, emails, sessions
from tests import elements, people
from tests.mailbox import Mailbox
from tests.web import conftest

pytestmark = pytest.mark.anyio

NEW = "twelve herons on a weir"
ADA = "ada@example.org"


@pytest.fixture
async def box() -> AsyncIterator[Mailbox]:
    async with Mailbox() as box:
        yield box


@pytest.fixture
async def mailing(opened: conftest.Open, box: Mailbox) -> AsyncIterator[conftest.House]:
    """The application where a mail server is set."""
    url = f"smtp://127.0.0.1:{box.port}"
    async with opened(smtp_url=url, mail_from="hubbub@example.org") as house:
        yield house


async def ada(house: conftest.House, address: str = ADA) -> accounts.Person:
    person = await people.person(house.db, "Ada")
    if address:
        await emails.confirm(house.db, person, await emails.ask(house.db, person, address))
    return person


def link(mail: EmailMessage) -> str:
    """The one address in a mail, as a path of this site."""
    [found] = re.findall(r"http://127\.0\.0\.1:8000(/\S+)", mail.get_content())
    return str(found)


async def fence(house: conftest.House, box: Mailbox) -> None:
    """Whatever was to be sent before this is there, or never comes."""
    house.state["mail"].post("fence@example.org", "The fence", "")
    assert (await box.next())["To"] == "fence@example.org"


async def kinds(house: conftest.House) -> list[str]:
    rows = await house.db.all("SELECT kind FROM security_events ORDER BY id")
    return [row["kind"] for row in rows]


def bare(answer: httpx2.Response) -> tuple[int, str, list[tuple[str, str]]]:
    """An answer without what differs between any two."""
    volatile = {"x-request-id", "date"}
    kept = [(name, value) for name, value in answer.headers.items() if name not in volatile]
    return answer.status_code, answer.text, kept


# ------------------------------------------------------------ new passwords


async def test_who_forgot_the_password_gets_in_again_by_mail(
    mailing: conftest.House, box: Mailbox
) -> None:
    person = await ada(mailing)
    token, _ = await sessions.start(mailing.db, person)
    client = mailing.browser()
    assert (await client.post("/password", data={"name": " ADA "})).status_code == 202
    mail = await box.next()
    assert (mail["To"], mail["From"]) == (ADA, "Hubbub <hubbub@example.org>")
    path = link(mail)
    page = await client.get(path)
    assert page.status_code == 200
    assert "Ada" in elements.parse(page.text).named("b")[0].text
    answer = await client.post(path, data={"password": NEW})
    assert "renewed=Ada" in answer.headers["location"]
    assert "Your password is changed." in (await client.get(answer.headers["location"])).text
    assert await accounts.authenticate(mailing.db, "ada", NEW, people.KEYS)
    assert await sessions.find(mailing.db, token) is None
    assert await kinds(mailing) == ["password reset"]
    assert (await box.next())["Subject"] == "Your password was changed – Hubbub"


async def test_by_the_address_too(mailing: conftest.House, box: Mailbox) -> None:
    await ada(mailing)
    await mailing.browser().post("/password", data={"name": "Ada@Example.org"})
    assert (await box.next())["To"] == ADA


async def test_the_answer_is_the_same_whoever_is_asked_for(
    mailing: conftest.House, box: Mailbox
) -> None:
    await ada(mailing)
    await people.person(mailing.db, "Bob")
    names = ("ada", ADA, "bob", "nobody", "nobody@example.org", "", "\0", "x" * 5_000, "%")
    answers = [await mailing.browser().post("/password", data={"name": name}) for name in names]
    assert len({repr(bare(answer)) for answer in answers}) == 1
    assert {(await box.next())["To"] for _ in range(2)} == {ADA}
    await fence(mailing, box)


async def test_the_answer_does_not_wait_for_the_mail_server(opened: conftest.Open) -> None:
    """Nothing listens there; who asks learns nothing of it."""
    settings = {"smtp_url": "smtp://127.0.0.1:1", "mail_from": "hubbub@example.org"}
    async with opened(**settings) as house:
        await ada(house)
        assert (await house.browser().post("/password", data={"name": "ada"})).status_code == 202


async def test_asking_is_limited_by_address_and_by_account(
    opened: conftest.Open, box: Mailbox
) -> None:
    url = f"smtp://127.0.0.1:{box.port}"
    async with opened(smtp_url=url, mail_from="h@example.org", rate_limits=True) as house:
        await ada(house)
        for _ in range(10):
            answer = await house.browser().post("/password", data={"name": "ada"})
            assert answer.status_code == 202
        assert (await house.browser().post("/password", data={"name": "bob"})).status_code == 429
        elsewhere = house.browser("192.0.2.9")
        assert (await elsewhere.post("/password", data={"name": "ada"})).status_code == 202
        for _ in range(credentials.MOST_MAILED):
            assert (await box.next())["To"] == ADA
        await fence(house, box)


async def test_a_link_that_is_not_good_is_one_answer_whatever_the_reason(
    mailing: conftest.House,
) -> None:
    person = await ada(mailing)
    used = await credentials.link(mailing.db, "ada")
    await mailing.browser().post(f"/password/{used}", data={"password": NEW})
    expired = await credentials.link(mailing.db, "ada", now=0)
    shut = await credentials.link(mailing.db, "ada")
    await mailing.db.run("UPDATE people SET disabled_at = 1 WHERE id = :id", {"id": person.id})
    for method in ("GET", "POST"):
        answers = [
            await mailing.browser().request(method, f"/password/{token}", data={"password": NEW})
            for token in (used, expired, shut, "x" * 43, "%00", "%F0%9F%8E%89")
        ]
        assert {answer.status_code for answer in answers} == {404}
        assert len({repr(bare(answer)) for answer in answers}) == 1
        assert "Ada" not in answers[0].text


async def test_opening_a_link_does_not_use_it_up_nor_does_a_password_that_is_refused(
    mailing: conftest.House,
) -> None:
    await ada(mailing)
    path = f"/password/{await credentials.link(mailing.db, 'ada')}"
    client = mailing.browser()
    for _ in range(2):
        assert (await client.get(path)).status_code == 200
    for password in ("short", "Ada", "password123", ""):
        answer = await client.post(path, data={"password": password})
        assert answer.status_code == 422
        assert elements.parse(answer.text).find("password-error")
    assert (await client.post(path, data={"password": NEW})).is_redirect


async def test_whoever_guesses_at_links_is_stopped(opened: conftest.Open) -> None:
    async with opened(rate_limits=True) as house:
        await ada(house, "")
        path = f"/password/{await credentials.link(house.db, 'ada')}"
        client = house.browser()
        guesses = [(await client.get(f"/password/guess{n}")).status_code for n in range(21)]
        assert guesses == [404] * 20 + [429]
        assert (await client.get(path)).status_code == 429
        assert (await client.post(path, data={"password": NEW})).status_code == 429
        assert (await house.browser("192.0.2.9").get(path)).status_code == 200


async def test_who_opens_a_link_as_somebody_else_is_signed_out_by_using_it(
    mailing: conftest.House,
) -> None:
    await ada(mailing)
    bob = await mailing.sign_in(await people.person(mailing.db, "Bob"))
    path = f"/password/{await credentials.link(mailing.db, 'ada')}"
    answer = await bob.post(path, data={"password": NEW})
    assert 'session="";' in answer.headers["set-cookie"]
    assert (await bob.get("/profile", headers=conftest.JSON)).status_code == 401


async def test_without_a_mail_server_one_is_told_whom_to_ask(house: conftest.House) -> None:
    await ada(house)
    client = house.browser()
    assert 'href="/password"' in (await client.get("/login")).text
    page = await client.get("/password")
    assert "This site sends no mail." in page.text
    assert not elements.parse(page.text).find("name")
    assert "This site sends no mail." in (await client.post("/password", data={"name": "ada"})).text
    assert await house.db.value("SELECT count(*) FROM tokens") == 0


# -------------------------------------------------------------- the address


def form(address: str, password: str = people.PASSWORD) -> dict[str, str]:
    return {"email": address, "current": password}


async def test_an_address_is_confirmed_by_the_link_sent_there(
    mailing: conftest.House, box: Mailbox
) -> None:
    person = await ada(mailing, "")
    client = await mailing.sign_in(person)
    answer = await client.post("/profile/email", data=form(" Ada@Example.org "))
    assert (answer.status_code, answer.headers["location"]) == (303, "/profile")
    assert f"A link was sent to {ADA}." in (await client.get("/profile")).text
    mail = await box.next()
    assert mail["To"] == ADA
    path = link(mail)
    assert (await client.get(path)).status_code == 200
    assert await emails.of(mailing.db, person) is None
    assert (await client.post(path)).headers["location"] == "/profile"
    assert await emails.of(mailing.db, person) == ADA
    assert (await client.post(path)).status_code == 404
    page = elements.parse((await client.get("/profile")).text)
    assert page.one("email").get("value") == ADA
    assert await kinds(mailing) == ["e-mail address asked for", "e-mail address confirmed"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (form("nonsense"), "email"),
        (form("ada@example.org\r\nBcc: eve@example.org"), "email"),
        (form(ADA, "not mine at all"), "current"),
        ({"email": ADA}, "current"),
        (form("", "not mine at all"), "current"),
    ],
)
async def test_what_is_refused_sends_nothing_and_comes_back_filled_in(
    mailing: conftest.House, box: Mailbox, given: dict[str, str], field: str
) -> None:
    person = await ada(mailing, "kept@example.org")
    client = await mailing.sign_in(person)
    answer = await client.post("/profile/email", data=given)
    assert answer.status_code == 422
    assert elements.parse(answer.text).find(f"{field}-error")
    assert people.PASSWORD not in answer.text
    assert await emails.of(mailing.db, person) == "kept@example.org"
    await fence(mailing, box)


async def test_nobody_learns_whose_address_it_is_but_who_reads_it(
    mailing: conftest.House, box: Mailbox
) -> None:
    await ada(mailing)
    eve = await people.person(mailing.db, "Eve")
    client = await mailing.sign_in(eve)
    seen = []
    for address in (ADA, "new@example.org"):
        answer = await client.post("/profile/email", data=form(address))
        page = (await client.get("/profile")).text
        seen.append((bare(answer), page.replace(address, "…")))
        mail = await box.next()
        assert mail["To"] == address
        assert ("another account has it" in mail.get_content()) == (address == ADA)
        assert ("http" in mail.get_content()) == (address != ADA)
    assert seen[0] == seen[1]
    assert await emails.of(mailing.db, eve) is None


async def test_another_ones_link_confirms_nothing(mailing: conftest.House, box: Mailbox) -> None:
    person = await ada(mailing, "")
    await (await mailing.sign_in(person)).post("/profile/email", data=form(ADA))
    path = link(await box.next())
    eve = await mailing.sign_in(await people.person(mailing.db, "Eve"))
    guess = await eve.post("/profile/email/guess")
    assert bare(await eve.post(path)) == bare(guess)
    assert guess.status_code == 404
    led = await mailing.browser().get(path)
    assert unquote(led.headers["location"]) == f"/login?next={path}"


async def test_an_address_is_taken_away(mailing: conftest.House, box: Mailbox) -> None:
    person = await ada(mailing)
    client = await mailing.sign_in(person)
    assert (await client.post("/profile/email", data=form(""))).is_redirect
    assert await emails.of(mailing.db, person) is None
    assert "does not use this e-mail address" in (await box.next()).get_content()
    await fence(mailing, box)


async def test_the_address_before_is_told_of_another_one(
    mailing: conftest.House, box: Mailbox
) -> None:
    client = await mailing.sign_in(await ada(mailing, "old@example.org"))
    await client.post("/profile/email", data=form(ADA))
    await client.post(link(await box.next()))
    told = await box.next()
    assert told["To"] == "old@example.org"
    assert "does not use this e-mail address" in told.get_content()


async def test_who_changes_the_password_is_told_by_mail(
    mailing: conftest.House, box: Mailbox
) -> None:
    client = await mailing.sign_in(await ada(mailing))
    given = {"current": people.PASSWORD, "password": NEW}
    assert (await client.post("/profile/password", data=given)).is_redirect
    assert (await box.next())["Subject"] == "Your password was changed – Hubbub"


async def test_a_strangers_mailbox_is_not_filled(opened: conftest.Open, box: Mailbox) -> None:
    url = f"smtp://127.0.0.1:{box.port}"
    async with opened(smtp_url=url, mail_from="h@example.org", rate_limits=True) as house:
        client = await house.sign_in(await ada(house, ""))
        answers = [await client.post("/profile/email", data=form(ADA)) for _ in range(6)]
        assert [answer.status_code for answer in answers] == [303] * 5 + [429]


async def test_where_no_mail_is_sent_there_are_no_addresses(house: conftest.House) -> None:
    client = await house.sign_in(await ada(house, ""))
    assert elements.parse((await client.get("/profile")).text).find("email") is None
    assert (await client.post("/profile/email", data=form(ADA))).status_code == 404
