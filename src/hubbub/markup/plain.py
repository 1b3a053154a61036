"""A message as words alone: whom it mentions, and its beginning in one line."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from hubbub.markup import door, syntax

MENTIONS = 50

_BIDI = re.compile(f"[{door.BIDI}]")
_WORDS = frozenset({"text", "code_inline", "fence", "mention"})
_GAPS = frozenset({"softbreak", "hardbreak", "paragraph_open", "fence"})


def mentioned(text: str) -> frozenset[str]:
    """Whom a text may mean with an @, outside of code and quotes: folded, at most 50 names."""
    if "@" not in text:
        return frozenset()
    names: dict[str, None] = {}
    for name in _names(text):
        names[name] = None
        names[name.rstrip("_")] = None  # `_@ada_` is Ada in italics, unless she is called so.
    return frozenset(list(names)[:MENTIONS])


def excerpt(text: str, limit: int = 120) -> str:
    """The beginning of a message in one line of at most `limit` characters, without its marks."""
    line = _line(text)
    if len(line) <= limit:
        return line
    cut = line[:limit]
    words = cut.rpartition(" ")[0]
    # A word that fills the line, or a language without spaces, is cut anywhere.
    return (words if len(words) > limit // 2 else cut[:-1]).rstrip() + "…"


def _names(text: str) -> Iterator[str]:
    quotes = 0
    for token in syntax.tokens(text, str):
        if token.type in {"blockquote_open", "blockquote_close"}:
            quotes += token.nesting
        elif token.type == "mention" and not quotes:
            yield token.info


@functools.lru_cache(maxsize=512)
def _line(text: str) -> str:
    pieces = []
    for token in syntax.tokens(text, str):
        if token.type in _GAPS:
            pieces.append(" ")
        if token.type in _WORDS:
            pieces.append(token.content)
    return " ".join(_BIDI.sub("", "".join(pieces)).split())
