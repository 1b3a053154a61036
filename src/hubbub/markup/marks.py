"""What stands for a person without a picture: two letters and a colour."""

from __future__ import annotations

import functools
import hashlib
import re

HUES = 12


@functools.lru_cache(maxsize=4096)
def initials(name: str) -> str:
    """One or two letters that stand for a person on a generated picture."""
    parts = [part for part in re.split(r"[\W_]+", name) if part]
    letters = [part[0].upper()[:1] for part in parts[:2]]
    return "".join(letters) or name.strip()[:1] or "?"


@functools.lru_cache(maxsize=4096)
def hue(username: str) -> int:
    """0 to 11: the colour that goes with a person, the same on every page and after a restart."""
    return hashlib.sha256(username.casefold().encode("utf-8", "replace")).digest()[0] % HUES
