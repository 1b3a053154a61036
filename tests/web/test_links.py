"""Where links lead: own paths, pasted links, and the address everything is made of."""

from __future__ import annotations

import dataclasses
import pathlib
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hubbub import config, errors, signing
from hubbub.web import links, templating

BASE = "https://chat.example.org"


@pytest.fixture
def settings(tmp_path: pathlib.Path) -> config.Config:
    return config.from_environment({"HUBBUB_DATA_DIR": str(tmp_path)}, port=8000)


@given(st.text(alphabet="/\\.:@?#%ehvilx \t\n\r\0\u3000", max_size=12))
@example("//evil")
@example("/\\evil")
@example("/\t/evil")
@example("/%2f/evil")
@example("http:/evil")
def test_no_next_leads_off_the_site(value: str) -> None:
    path = links.own_path(value)
    # A browser takes a backslash for a slash, and drops tabs and line ends.
    seen = path.replace("\\", "/").translate({9: None, 10: None, 13: None})
    assert urlsplit(urljoin(f"{BASE}/login", seen)).netloc == "chat.example.org"
    assert path.startswith("/")
    assert path == "/" or unquote(path) == unquote(value)
    assert path.isascii(), "no header holds anything else"


@pytest.mark.parametrize("path", ["/", "/r/abc?before=3", "/rooms?q=a%20b", "/r/x/12"])
def test_a_path_of_ours_is_kept(path: str) -> None:
    assert links.own_path(path) == path


def test_without_a_public_address_links_lead_to_this_machine(settings: config.Config) -> None:
    where = links.Links(settings)
    assert where.origin == "http://127.0.0.1:8000"
    assert where.origins == {
        "http://127.0.0.1:8000",
        "http://localhost:8000",
        "http://[::1]:8000",
    }
    assert not where.secure
    standard = links.Links(dataclasses.replace(settings, port=80))
    assert "http://localhost" in standard.origins


def test_the_public_address_is_the_only_one(settings: config.Config) -> None:
    where = links.Links(dataclasses.replace(settings, public_url=BASE))
    assert where.origins == {BASE}
    assert where.hosts == {"chat.example.org"}
    assert where.secure


@pytest.mark.parametrize(
    ("pasted", "key"),
    [
        (f"{BASE}/r/abc", "abc"),
        ("https://chat.example.org:443/r/abc/share", "abc"),
        ("http://chat.example.org/r/abc", "abc"),
        ("chat.example.org/r/abc?x#y", "abc"),
        ("/r/abc", "abc"),
        ("a" * 36, "a" * 36),
        ("lobby", None),
        ("#lobby", None),
        ("r/abc-not-a-link", None),
    ],
)
def test_a_pasted_link_is_read(settings: config.Config, pasted: str, key: str | None) -> None:
    where = links.Links(dataclasses.replace(settings, public_url=BASE))
    assert where.key_in(pasted) == key


@pytest.mark.parametrize(
    "pasted",
    [
        "https://evil.example/r/abc",
        "https://chat.example.org.evil.example/r/abc",
        "https://chat.example.org:8443/r/abc",
        "https://chat.example.org@evil.example/r/abc",
        "https://chat.example.org/rooms",
        "ftp://chat.example.org/r/abc",
    ],
)
def test_a_link_elsewhere_is_refused(settings: config.Config, pasted: str) -> None:
    where = links.Links(dataclasses.replace(settings, public_url=BASE))
    with pytest.raises(errors.Invalid):
        where.key_in(pasted)


def test_a_pasted_invitation_link_is_read_and_is_no_rooms_key(settings: config.Config) -> None:
    where = links.Links(dataclasses.replace(settings, public_url=BASE))
    token = signing.invitation_token(where.secrets, "abcdefghij")
    for pasted in (token, f"/i/{token}", f"{BASE}/i/{token}", f"chat.example.org/i/{token}?x#y"):
        assert where.invitation_in(pasted) == token
    for pasted in ("a" * 36, f"{BASE}/r/{token}", "lobby", "/i/"):
        assert where.invitation_in(pasted) is None
    assert where.key_in(f"{BASE}/i/{token}") is None
    assert where.invited_by(token) == "abcdefghij"
    assert where.invited_by("a" * 36) is None
    with pytest.raises(errors.Invalid):
        where.invitation_in(f"https://evil.example/i/{token}")


def test_times_are_written_for_machines_and_for_people() -> None:
    at = 1_795_176_000_000
    assert templating.iso(at) == "2026-11-20T12:00:00Z"
    assert templating.clock(at) == "12:00"
    assert templating.day(at) == "Friday 20 November 2026"


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ("", "Friday 20 November 2026, 12:00 UTC"),
        ("('short')", "2026-11-20 12:00 UTC"),
        ("('day')", "Friday 20 November 2026"),
    ],
)
def test_a_moment_says_when_it_is_to_machines_and_to_people(
    settings: config.Config, form: str, words: str
) -> None:
    pages = templating.Templates(settings, [])._environment
    template = (
        "{% trans name='<', when=at|when" + form + " %}{{ name }} until {{ when }}.{% endtrans %}"
    )
    kind = form.strip("(')") or "full"
    assert pages.from_string(template).render(at=1_795_176_000_000) == (
        f'&lt; until <time datetime="2026-11-20T12:00:00Z" data-when="{kind}">{words}</time>.'
    )
