"""Addresses in text: where one begins and ends, and where it really leads."""

from __future__ import annotations

import re
import unicodedata
import urllib.parse

from hubbub.markup.door import BIDI, EMPTY_LETTERS

# Within a link, what is not seen, or turns what is seen, would disguise it.
_UNSEEN = f"{BIDI}{EMPTY_LETTERS}\u200b-\u200d\u2060\ufeff\u00ad"

# The punctuation that Chinese and Japanese put right behind a link is no part of it.
_NO_PART = f"{_UNSEEN}、。，！？；：（）「」『』【】《》"
_BARE = re.compile(rf"(?:https?://|mailto:)[^\s<>\"{_NO_PART}]+", re.IGNORECASE)
_TARGET = re.compile(rf"(?:https?://|mailto:)[^\s<>\"{_UNSEEN}]+", re.IGNORECASE)
_ADDRESS = re.compile(r"mailto:[\w.+-]+@[\w-]+(?:\.[\w-]+)*(?:\?[^@]*)?", re.IGNORECASE)
_NETLOC = re.compile(r"(?:\[[0-9a-f:.]+\]|[^\[\]\\%^|@:]+)(?::\d*)?", re.IGNORECASE)
_TRAILING = ".,;:!?'*_~…’”»`"
_BRACKETS = {")": "(", "]": "[", "}": "{"}

_LONGEST_HOST = 253  # RFC 1035, and the codec is slow on longer ones
_ASCII_HOST = re.compile(r"[a-z0-9._-]+", re.IGNORECASE)
_LETTERS = re.compile(r"[\w.-]+")
_KEPT = frozenset("ßς")
_LONG = 200  # characters among which nobody sees a host
_HAS_BIDI = re.compile(f"[{BIDI}]")
_DISGUISE = re.compile(f"[{_UNSEEN}]")
_HOST = re.compile(
    r"(?:https?:/*|@)[^\s/@]+|(?:[\w-]+\.)+(?:[^\W\d_]{2,}|xn--[\w-]+)(?![\w-])"
    r"|(?:\d{1,3}\.){3}\d{1,3}",
    re.IGNORECASE,
)


def found_at(text: str, start: int) -> str | None:
    """The address that stands bare in the text at `start`, without the sentence around it."""
    match = _BARE.match(text, start)
    url = _trimmed(match[0]) if match else ""
    return url if _is_linkable(url) else None


def target(text: str) -> str | None:
    """The text, when it can be linked to from other words."""
    return text if _TARGET.fullmatch(text) and _is_linkable(text) else None


def is_inside(url: str, home: str | None) -> bool:
    """Whether it leads to a page of the site at `home`."""
    return home is not None and (url == home or url.startswith(f"{home}/"))


def is_mail(url: str) -> bool:
    return url[:7].lower() == "mailto:"


def punycode(url: str) -> str | None:
    """The true name of a host in other letters than Latin, which may look like another one."""
    host = urllib.parse.urlsplit(url).hostname or ""
    return None if host.isascii() else _encoded(host)


def truth(label: str, url: str) -> str | None:
    """Where `url` leads, when the words on the link name another host or hide what they name."""
    host = _host(url)
    if len(label) > _LONG or _HAS_BIDI.search(label):
        return host
    plain = unicodedata.normalize("NFKC", label)
    named = {_bare(match[0]) for match in _HOST.finditer(_DISGUISE.sub("", plain))}
    return None if named <= {_bare(host)} else host


def _host(url: str) -> str:
    if is_mail(url):
        url = "//" + url.partition("?")[0].rpartition("@")[2]
    host = urllib.parse.urlsplit(url).hostname or ""
    return host if host.isascii() else _encoded(host) or host


def _bare(host: str) -> str:
    """For comparing: without scheme, user, port and `www`, in ASCII."""
    host = re.sub(r"^https?:/*|^@", "", host.lower()).partition(":")[0].removeprefix("www.")
    return host if host.isascii() else _encoded(host) or host


def _encoded(host: str) -> str | None:
    """The host as the network knows it; None when it can be none."""
    if len(host) > _LONGEST_HOST:
        return None
    try:
        encoded = ".".join(map(_encoded_label, re.split("[.。．｡]", host)))
    except UnicodeError:
        return None
    return encoded if _ASCII_HOST.fullmatch(encoded) else None


def _encoded_label(label: str) -> str:
    # Browsers keep these letters as they are (IDNA 2008), where Python's codec writes others.
    if _KEPT & set(label):
        return "xn--" + label.lower().encode("punycode").decode("ascii")
    return label.encode("idna").decode("ascii")


def _trimmed(url: str) -> str:
    """Without the punctuation of the sentence around it; a closing bracket stays if it opened."""
    surplus = {closing: url.count(closing) - url.count(o) for closing, o in _BRACKETS.items()}
    end = len(url)
    while end:
        last = url[end - 1]
        if surplus.get(last, 0) > 0:
            surplus[last] -= 1
        elif last not in _TRAILING:
            break
        end -= 1
    return url[:end]


def _is_linkable(url: str) -> bool:
    if is_mail(url):
        return _ADDRESS.fullmatch(url) is not None
    try:
        parts = urllib.parse.urlsplit(url)
        _ = parts.port  # Raises for a port that is none.
    except ValueError:
        return False
    host = parts.hostname or ""
    # “https://bank.example@evil.example” leads to the second, and looks like the first.
    if not host or not _NETLOC.fullmatch(parts.netloc):
        return False
    return host.isascii() or (_LETTERS.fullmatch(host) and _encoded(host)) is not None
