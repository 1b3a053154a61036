"""Mail that leaves: what it looks like, over what it goes, and what happens when it cannot go."""

import dataclasses
import logging
import pathlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from hubbub import config, errors, mail
from tests.mailbox import Mailbox, certify

pytestmark = pytest.mark.anyio

Opening = Callable[..., AbstractAsyncContextManager[mail.Mail]]


@pytest.fixture
def office(tmp_path: pathlib.Path) -> Opening:
    plain = config.from_environment({"HUBBUB_DATA_DIR": str(tmp_path)})

    @asynccontextmanager
    async def opened(url: str, **more: Any) -> AsyncIterator[mail.Mail]:
        settings = dataclasses.replace(plain, smtp_url=url, mail_from="hubbub@example.org")
        office = mail.Mail(settings, **more)
        await office.start()
        try:
            yield office
        finally:
            await office.stop()

    return opened


async def test_a_mail_arrives_as_it_was_written(office: Opening) -> None:
    text = "Grüße, Ada!\n\nhttps://chat.example.org/password/" + "x" * 80 + "\n"
    async with Mailbox() as box, office(f"smtp://127.0.0.1:{box.port}") as out:
        out.post("ada@example.org", "Ein neues Passwort – für dich", text, sender="Café, Chat")
        came = await box.next()
    assert came["To"] == "ada@example.org"
    assert came["From"] == '"Café, Chat" <hubbub@example.org>'
    assert came["Subject"] == "Ein neues Passwort – für dich"
    assert came["Auto-Submitted"] == "auto-generated"
    assert came["Message-ID"].endswith("@example.org>")
    assert came["Date"]
    assert came.get_content().replace("\r\n", "\n") == text


@pytest.mark.parametrize("evil", ["a\nBcc: eve@example.org", "a\r\n\r\nanother text", "a\rb"])
async def test_nobody_writes_headers_from_outside(office: Opening, evil: str) -> None:
    async with office("smtp://127.0.0.1:1") as out:
        for given in (
            {"to": f"{evil}@example.org", "subject": "s"},
            {"to": "ada@example.org", "subject": evil},
            {"to": "ada@example.org", "subject": "s", "sender": evil},
        ):
            with pytest.raises(ValueError):  # noqa: PT011 - each header says it in its own words.
                out.post(**given, text="")


@pytest.mark.parametrize("scheme", ["smtps://localhost:{}", "smtp://localhost:{}?tls=on"])
async def test_mail_goes_over_tls_with_a_login(
    office: Opening,
    scheme: str,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    certificate = certify(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    login = ("ada", "pass:word@7")
    wraps = scheme.startswith("smtps")
    async with Mailbox(certificate=certificate, wraps=wraps, login=login) as box:
        url = scheme.format(box.port).replace("//", "//ada:pass%3Aword%407@")
        async with office(url) as out:
            out.post("ada@example.org", "Hello", "")
            await box.next()
    assert box.was_encrypted == [True]


@pytest.mark.parametrize("scheme", ["smtps://localhost:{}", "smtp://localhost:{}?tls=on"])
async def test_nothing_is_said_to_a_server_nobody_vouches_for(
    office: Opening, scheme: str, tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    wraps = scheme.startswith("smtps")
    async with Mailbox(certificate=certify(tmp_path), wraps=wraps) as box:
        async with office(scheme.format(box.port), again_after=()) as out:
            out.post("ada@example.org", "Hello", "")
        assert box.came.empty()
    assert "SSLCertVerificationError" in caplog.text


async def test_elsewhere_a_server_without_tls_is_told_nothing() -> None:
    assert mail._wants_tls("", "mail.example.org")
    assert mail._wants_tls("tls=on", "127.0.0.1")
    for query, host in (("", "127.0.0.1"), ("", "localhost"), ("", "::1"), ("tls=off", "mail")):
        assert not mail._wants_tls(query, host)


async def test_a_server_that_is_busy_is_asked_again(
    office: Opening, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        Mailbox(refusals={"ada@example.org": ["451 later", "451 later"]}) as box,
        office(f"smtp://127.0.0.1:{box.port}", again_after=(0.01, 0.01)) as out,
    ):
        out.post("ada@example.org", "Hello", "")
        assert (await box.next())["To"] == "ada@example.org"
    assert "ada@example.org" not in caplog.text


async def test_what_a_server_refuses_for_good_is_given_up(
    office: Opening, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        Mailbox(refusals={"eve@example.org": ["550 nobody here by this name"]}) as box,
        office(f"smtp://127.0.0.1:{box.port}", again_after=(0.01,)) as out,
    ):
        out.post("eve@example.org", "Refused", "")
        out.post("ada@example.org", "Taken", "")
        came = await box.next()
        out.post("ada@example.org", "The fence", "")
        last = await box.next()
    assert {came["Subject"], last["Subject"]} == {"Taken", "The fence"}
    assert "a mail could not be sent" in caplog.text
    assert "eve@example.org" not in caplog.text


async def test_more_mail_than_can_wait_is_thrown_away(
    office: Opening, caplog: pytest.LogCaptureFixture
) -> None:
    async with office("smtp://127.0.0.1:1", again_after=()) as out:
        for _ in range(mail.WAITING):
            out.post("ada@example.org", "Hello", "")
        assert "too much mail" not in caplog.text
        out.post("ada@example.org", "One more", "")
        assert "too much mail" in caplog.text


async def test_without_a_mail_server_the_office_is_closed(office: Opening) -> None:
    async with office("") as out:
        assert not out.is_on


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HUBBUB_SMTP_URL", "http://example.org"),
        ("HUBBUB_SMTP_URL", "smtp://"),
        ("HUBBUB_SMTP_URL", "smtp://host:x"),
        ("HUBBUB_SMTP_URL", "smtp://host?tls=maybe"),
        ("HUBBUB_MAIL_FROM", "nobody"),
        ("HUBBUB_MAIL_FROM", "Ada <ada@example.org>"),
    ],
)
def test_a_setting_that_cannot_be_is_named(tmp_path: pathlib.Path, name: str, value: str) -> None:
    right = {"HUBBUB_SMTP_URL": "smtp://localhost", "HUBBUB_MAIL_FROM": "hubbub@example.org"}
    environ = {"HUBBUB_DATA_DIR": str(tmp_path), **right}
    assert config.from_environment(environ).mail_from == "hubbub@example.org"
    with pytest.raises(errors.BadSetting, match=name):
        config.from_environment({**environ, name: value})
    with pytest.raises(errors.BadSetting, match="together"):
        config.from_environment({key: text for key, text in environ.items() if key != name})


def test_the_password_of_the_mail_server_is_shown_nowhere(
    tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    environ = {
        "HUBBUB_DATA_DIR": str(tmp_path),
        "HUBBUB_SMTP_URL": "smtp://ada:secret@mail.example.org",
        "HUBBUB_MAIL_FROM": "hubbub@example.org",
    }
    settings = config.from_environment(environ)
    assert "secret" not in f"{settings!r} {config.describe(settings)} {caplog.text}"
    assert "smtp://ada:…@mail.example.org" in dict(config.describe(settings)).values()
