"""Handles: the unique public names of listed rooms.

Only listed rooms have one, so a clash can never tell of a private room.
"""

# ruff: noqa: SIM905 - a list of words is read more easily as words.

from __future__ import annotations

import re
import secrets
import unicodedata

from hubbub import errors, markup, words

LONGEST = 32
_HANDLE = re.compile(r"[a-z0-9][a-z0-9_.-]{1,30}[a-z0-9]")
_NOT_IN_A_HANDLE = re.compile(r"[^a-z0-9_.]+")
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"

# Words that are addresses of the site, or could pass for its voice.
RESERVED = frozenset(
    "about accounts admin administrator all api everyone healthz help here hubbub join lobby login"
    " logout me new official readyz register room rooms root search security settings staff static"
    " support system theme".split()
)


def fold(text: str) -> str:
    """Case, width and accents make no difference: `Café` is `cafe`. Titles are searched so too."""
    # Decomposing may bring out capitals, and folding what can be decomposed further.
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(letter for letter in text if not unicodedata.combining(letter)).strip()


def find(name: str) -> str | None:
    """The handle a person may have meant, or None when it cannot be one."""
    # Folding is not linear in time, so what is far too long is cut before it.
    handle = fold(name.strip().removeprefix("#")[: 4 * LONGEST])
    return handle if _HANDLE.fullmatch(handle) else None


def clean(value: str) -> str:
    """A handle someone chose; Invalid when it breaks the rules, Conflict when it is reserved."""
    typed = markup.clean_line(value, field="handle", limit=2 * LONGEST)
    handle = find(typed)
    if handle is None:
        raise errors.Invalid(
            words.gettext(
                "A handle has 3 to 32 letters a to z, digits, dots, hyphens or underscores,"
                " and starts and ends with a letter or a digit."
            ),
            field="handle",
        )
    if handle in RESERVED:
        raise taken()
    return handle


def from_title(title: str, attempt: int = 0) -> str:
    """A handle made from a title; later attempts end in random characters, never in a count,
    so that a crowd of equal titles does not try them one after the other."""
    slug = _NOT_IN_A_HANDLE.sub("-", fold(title)).strip("-_.")[:LONGEST].strip("-_.")
    if attempt == 0 and _HANDLE.fullmatch(slug) and slug not in RESERVED:
        return slug
    suffix = "".join(secrets.choice(_LETTERS) for _ in range(4))
    return f"{slug[: LONGEST - 5].strip('-_.') or 'room'}-{suffix}"


def taken() -> errors.Conflict:
    return errors.Conflict(
        words.gettext("This handle is taken. Please choose another."), field="handle"
    )
