"""Emoji: by name, by search, and whether a text is one."""

from __future__ import annotations

import functools
import gzip
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from hubbub import places

COMMON = ("👍", "❤️", "😂", "🎉", "😮", "🙏")

# What people mostly look for comes before what fits as well.
_OFTEN = frozenset(
    COMMON
    + tuple("😀😄😁😅🤣😊😍🥰😘😎🤔😉😭😢😱😡🥳🤩🙄😴🤯🤗👏🙌👋💪🤝👌✅❌⭐🔥💯🚀👀💩🎂🍕🍺🤷🤦")
)

_STYLE = "\ufe0f"  # Asks for the coloured look; some keyboards leave it out.
_TONE = "[\U0001f3fb-\U0001f3ff]"
_ONE = rf"[^\x00-\xa8\s]{_STYLE}?{_TONE}?"
# What may be one emoji, in the shape Unicode gives it (UTS 51): whether it is, the list says.
_CLUSTER = re.compile(
    rf"[\U0001f1e6-\U0001f1ff]{{2}}|[0-9#*]{_STYLE}?\u20e3"
    rf"|{_ONE}(?:[\U000e0020-\U000e007f]{{1,9}}|(?:\u200d{_ONE}){{0,9}})|\S"
)


@dataclass(frozen=True, slots=True)
class _Emoji:
    character: str
    names: tuple[str, ...]
    words: tuple[str, ...]
    tones: tuple[str, ...]


def named(name: str) -> str | None:
    """The emoji written as `:name:`."""
    return _by_name().get(name)


def find(query: str, limit: int) -> list[tuple[str, str]]:
    """At most `limit` pairs of an emoji and its name, the likeliest first."""
    query = re.sub(r"[\s-]+", "_", query.strip(": \t\n").lower())
    if not query:
        return [(one, _names()[one]) for one in COMMON][:limit]
    ranked = sorted(
        (rank, entry.character not in _OFTEN, place, entry.character, name)
        for place, entry in enumerate(_all())
        for rank, name in [_best(query, entry)]
        if rank < _NO_MATCH
    )
    return [(character, name) for *_, character, name in ranked[:limit]]


def whole(text: str) -> str | None:
    """The one emoji that `text` is, as Unicode wants it written; None when it is anything else."""
    return _whole().get(text)


def is_emoji(text: str) -> bool:
    """Whether it is exactly one emoji and nothing else."""
    return text in _whole()


def count(text: str, most: int) -> int:
    """How many emoji it consists of; 0 when there are more than `most`, or anything else."""
    found = itertools.islice(_CLUSTER.finditer(text), most + 1)
    clusters = [match[0] for match in found]
    return len(clusters) if len(clusters) <= most and all(map(is_emoji, clusters)) else 0


_NO_MATCH = 9


def _best(query: str, entry: _Emoji) -> tuple[int, str]:
    """How well it fits, 0 best, and the name to show for it."""
    ranks = [(_rank(query, name), name) for name in entry.names]
    rank, name = min(ranks, key=lambda found: found[0])
    by_word = min((_rank(query, word) for word in entry.words), default=_NO_MATCH)
    return (rank, name) if rank <= by_word + 1 else (by_word + 1, entry.names[0])


def _rank(query: str, name: str) -> int:
    name = name.replace("-", "_")
    if query not in name:
        return _NO_MATCH
    if name == query:
        return 0
    if name.startswith(query):
        return 2
    return 4 if f"_{query}" in name else 6


def _parsed() -> Iterator[_Emoji]:
    with gzip.open(places.data() / "emoji.txt.gz", "rt", encoding="utf-8") as file:
        for line in file:
            character, names, words, tones = [*line.rstrip("\n").split("\t"), "", ""][:4]
            yield _Emoji(
                character, tuple(names.split()), tuple(words.split()), tuple(tones.split())
            )


@functools.cache
def _all() -> tuple[_Emoji, ...]:
    return tuple(_parsed())


@functools.cache
def _by_name() -> dict[str, str]:
    return {name: entry.character for entry in _all() for name in entry.names}


@functools.cache
def _names() -> dict[str, str]:
    return {entry.character: entry.names[0] for entry in _all()}


@functools.cache
def _whole() -> dict[str, str]:
    every = [one for entry in _all() for one in (entry.character, *entry.tones)]
    bare = {one.replace(_STYLE, ""): one for one in every}
    # Without that wish © and the arrows are letters, and hearts are still hearts.
    return {one: at for one, at in bare.items() if one >= "\u2600"} | {one: one for one in every}
