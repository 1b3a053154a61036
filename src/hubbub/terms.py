"""How text is cut into terms that can be searched, and which parts of a text a search has found.

Case, width and accents make no difference. A word is found by its beginning. Where a script puts
no spaces between words, any two characters that stand side by side are a term, and so is the last
one alone: whatever is sought there, its terms are found. A symbol is a term by itself.

Terms hold letters, digits, `+`, `#`, and symbols beyond ASCII: nothing that is syntax for FTS5 or
a `tsquery`, whatever was typed.
"""

from __future__ import annotations

import bisect
import datetime
import functools
import itertools
import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

LONGEST = 64  # characters of a word that count
MOST = 4_000  # terms of a message; only a text made for the purpose has more
SOUGHT = 12  # terms a search looks for; who types more finds what has the first of them

_DAY = 24 * 3600 * 1000
_EPOCH = datetime.date(1970, 1, 1)
_LAST = datetime.date(2099, 12, 31)


class Term(NamedTuple):
    """What a search looks for: a term, or with `is_prefix` all that begin so."""

    text: str
    is_prefix: bool = False

    def within(self, room_id: int) -> Term:
        """The same among what is said in one room."""
        return Term(f"{room_id}_{self.text}", self.is_prefix)

    def finds(self, text: str) -> bool:
        return text.startswith(self.text) if self.is_prefix else text == self.text


class Piece(NamedTuple):
    """A part of a text that is shown, marked or not."""

    text: str
    is_marked: bool


# --------------------------------------------------------------- a message


def index(body: str, *, room_id: int, author_id: int, posted_at: int) -> str:
    """What the column `messages.words` holds for a message; nothing, once it is erased.

    Every term carries its room, so that searching a room reads nothing of the others, however
    much is said there. The author carries it too; the time is told in labels for all rooms.
    """
    found = dict.fromkeys(Term(part.text) for part in _cut(_folded(body)[0]))
    held = [
        anything(room_id),
        by(room_id, author_id),
        *(Term(label) for label, _ in _around(_day_of(posted_at))),
        *(term.within(room_id) for term in itertools.islice(found, MOST)),
    ]
    return " ".join(term.text for term in held)


def by(room_id: int, author_id: int) -> Term:
    """What every message of this author has in this room, and no other message."""
    return Term(f"{room_id}@{author_id}")


def anything(room_id: int) -> Term:
    """What every message of this room has."""
    return Term(str(room_id))


def during(since: datetime.date | None, until: datetime.date | None) -> list[Term]:
    """Of these a message has one when it is of these days (UTC, both included), and else none.

    There are never more than some hundred, since whole decades, years and months count as one.
    """
    day, last = max(since or _EPOCH, _EPOCH), min(until or _LAST, _LAST)
    labels = []
    while day <= last:
        label, end = next(
            (label, end) for label, (start, end) in _around(day) if start == day and end <= last
        )
        labels.append(Term(label))
        day = end + datetime.timedelta(1)
    return labels


def _around(day: datetime.date) -> Iterator[tuple[str, tuple[datetime.date, datetime.date]]]:
    """The decade, year, month and day that this day is in: the label, the first and last day."""
    decade, new_year, first = day.year // 10 * 10, day.replace(month=1, day=1), day.replace(day=1)
    next_month = (first + datetime.timedelta(31)).replace(day=1)
    yield f"~{decade // 10}", (datetime.date(decade, 1, 1), datetime.date(decade + 9, 12, 31))
    yield f"~{day.year}", (new_year, datetime.date(day.year, 12, 31))
    yield f"~{day:%Y%m}", (first, next_month - datetime.timedelta(1))
    yield f"~{day:%Y%m%d}", (day, day)


def _day_of(posted_at: int) -> datetime.date:
    """What a broken clock said is not worth an error, so the day is one of those we know."""
    days = min(max(posted_at // _DAY, 0), (_LAST - _EPOCH).days)
    return _EPOCH + datetime.timedelta(days)


# ---------------------------------------------------------------- a search


def sought(text: str) -> tuple[Term, ...]:
    """What someone means who types this: all of these terms, in any order. None when it holds
    neither a word nor a symbol."""
    folded, _ = _folded(unicodedata.normalize("NFC", text))
    found = dict.fromkeys(
        Term(part.text, is_prefix=part.kind in {"word", "one"})
        for part in _cut(folded)
        if part.kind != "last"
    )
    return tuple(itertools.islice(found, SOUGHT))


def marked(text: str, terms: Sequence[Term], length: int = 200) -> list[Piece]:
    """About `length` characters around the first term found, with every term in them marked."""
    spans = list(_spans(text, terms))
    position, end = _window(text, spans[0][0] if spans else 0, length)
    pieces = [Piece("…", is_marked=False)] if position else []
    for first, last in spans:
        if first < end:
            pieces.append(Piece(text[position:first], is_marked=False))
            position = min(last, end)
            pieces.append(Piece(text[first:position], is_marked=True))
    pieces.append(Piece(text[position:end], is_marked=False))
    if end < len(text):
        pieces.append(Piece("…", is_marked=False))
    return [piece for piece in pieces if piece.text]


def _spans(text: str, terms: Sequence[Term]) -> Iterator[tuple[int, int]]:
    """From where to where terms are found in the text, in order; what touches is one."""
    folded, origins = _folded(text)
    first = last = 0
    for part in _cut(folded):
        lengths = [len(term.text) for term in terms if term.finds(part.text)]
        if not lengths:
            continue
        # Of a word all is marked, of a pair only what was sought.
        there = part.end if part.kind == "word" else part.start + max(lengths)
        start, end = origins[part.start], _end(text, origins, there)
        if start > last:
            if last:
                yield first, last
            first = start
        last = max(last, end)
    if last:
        yield first, last


def _end(text: str, origins: Sequence[int], end: int) -> int:
    """Where the character before `end` ended in the text, with the accents it had."""
    following = bisect.bisect_right(origins, origins[end - 1])
    return origins[following] if following < len(origins) else len(text)


def _window(text: str, first: int, length: int) -> tuple[int, int]:
    """What is shown of a text; between words, where it has any."""
    start = max(0, first - length // 4)
    start = text.find(" ", start, first) + 1 or start if start else 0
    end = start + length
    if end >= len(text):
        return start, len(text)
    return start, max(text.rfind(" ", start + length // 2, end), first) or end


# ----------------------------------------------------------------- cutting


class _Part(NamedTuple):
    """A term in a folded text. Of a run it is a `pair` or the `last` character, which the pair
    before it has said already, unless the whole run is `one`."""

    start: int
    end: int
    text: str
    kind: Literal["word", "pair", "last", "one", "symbol"]


# A word, C++ and C# among them; a run in a script without spaces; a symbol.
_PARTS = re.compile(r"(?P<word>w+(?:p+(?![wd]))?)|(?P<run>d+)|s")


def _cut(folded: str) -> Iterator[_Part]:
    for match in _PARTS.finditer("".join(map(_shape, folded))):
        start, end = match.span()
        if match["run"]:
            for at in range(start, end - 1):
                yield _Part(at, at + 2, folded[at : at + 2], "pair")
            yield _Part(end - 1, end, folded[end - 1], "last" if end - start > 1 else "one")
        elif match["word"]:
            yield _Part(start, end, folded[start:end][:LONGEST], "word")
        else:
            yield _Part(start, end, folded[start], "symbol")


# Han, Japanese and Korean, Thai, Lao, Tibetan, Burmese and Khmer. Korean has spaces, but what
# follows a noun is written with it.
_RUNS = re.compile(
    "[\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3038-\u303b\u3040-\u312f\u31a0-\u31bf"
    "\u31f0-\u31ff\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00016fe0-\U00018dff"
    "\U0001aff0-\U0001b2ff\U00020000-\U0003ffff\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff]"
)


@functools.lru_cache(maxsize=16_384)
def _shape(character: str) -> str:
    """What a folded character is: in a w(or)d, `d` in a run, a p(lus) behind a word, a s(ymbol)."""
    category = unicodedata.category(character)
    if category[0] in "LMN":
        return "d" if _RUNS.match(character) else "w"
    if character in "+#":
        return "p"
    # What Unicode knows only since yesterday is most likely an emoji.
    return "s" if character > "\x7f" and (category[0] == "S" or category in {"Cn", "Co"}) else " "


# ----------------------------------------------------------------- folding

# What decomposing leaves as it is, though keyboards without it write it so.
_LETTERS = str.maketrans(
    {
        **dict(zip("øðđłħŧıɨƶىیکة", "oddlhtiizييكه", strict=True)),
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
    }
)
_UNSEEN = frozenset("\u0640\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff")
# A halfwidth syllable and its voicing are two characters that are one when they are full.
_CHARACTER = re.compile("[\uff66-\uff9d][\uff9e\uff9f]|.", re.DOTALL)


def _folded(text: str) -> tuple[str, Sequence[int]]:
    """The text as it is compared, and for each character of that the place where it came from."""
    if text.isascii():
        return text.lower(), range(len(text))
    folded, origins = [], []
    for match in _CHARACTER.finditer(text):
        becomes = _fold(match[0])
        folded.append(becomes)
        origins += [match.start()] * len(becomes)
    return "".join(folded), origins


@functools.lru_cache(maxsize=16_384)
def _fold(character: str) -> str:
    # Decomposing may bring out capitals, and folding what can be decomposed further.
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    text = "".join(_digit(letter) for letter in text if not _is_accent(letter))
    return unicodedata.normalize("NFC", text).translate(_LETTERS)


def _digit(letter: str) -> str:
    return str(unicodedata.decimal(letter, letter))


def _is_accent(letter: str) -> bool:
    """Accents, Hebrew and Arabic vowel points, and what is not seen. Marks that make another
    syllable stay: the voicing of kana, vowels and tones from India to Cambodia."""
    above = unicodedata.combining(letter)
    if above:
        return above == 1 or 10 <= above <= 36 or above >= 200
    # A space of no width still parts words.
    unseen = letter in _UNSEEN or unicodedata.category(letter) in {"Cf", "Me"}
    return (unseen and letter != "\u200b") or "\ufe00" <= letter <= "\ufe0f"
