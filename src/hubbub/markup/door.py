"""The door that text from people comes in by: what is refused, and what is stored of the rest."""

from __future__ import annotations

import re
import unicodedata

from hubbub import words
from hubbub.errors import Invalid, Malformed

NAME_MARKS = 2  # combining marks on a letter of a name: Vietnamese and pointed Hebrew need two
BODY_MARKS = 8

# Bidirectional controls turn the text around them.
BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
# Letters, by their category, that nevertheless show nothing.
EMPTY_LETTERS = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"

_HAS_BIDI = re.compile(f"[{BIDI}]")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_LINE_ENDS = re.compile("[\t\n\r\u2028\u2029]")


def clean_line(value: object, *, field: str, limit: int, min: int = 1) -> str:
    """A name or title as it is stored: one line of `min` to `limit` code points, in NFC.

    Raises Malformed for what cannot be read, Invalid for what may not be.
    """
    text = _readable(value, field)
    _check_length(text, field, limit, 4 * limit)
    if _CONTROLS.search(text) or _LINE_ENDS.search(text) or _HAS_BIDI.search(text):
        sentence = words.gettext("Leave out line breaks and invisible control characters.")
        raise Invalid(sentence, field=field)
    text = " ".join(unicodedata.normalize("NFC", text).split())
    _check_length(text, field, limit, 4 * limit)
    if _stacked(text, NAME_MARKS) != text:
        raise Invalid(words.gettext("Put fewer accents on a letter."), field=field)
    if min and (len(text) < min or is_blank(text)):
        raise _too_short(field, min)
    return text


def clean_text(value: object, *, field: str, limit: int, max_bytes: int) -> str:
    """Text of several lines as it is stored: at most `limit` code points and `max_bytes`, in NFC.

    Line ends become `\\n`; more marks on a letter than any language has are cut off.
    Raises Malformed for what cannot be read, Invalid for what may not be.
    """
    # Browsers send a line end as two characters, and count it as one.
    text = _readable(value, field).replace("\r\n", "\n").replace("\r", "\n")
    _check_length(text, field, limit, max_bytes)
    if _CONTROLS.search(text):
        raise Invalid(words.gettext("Leave out invisible control characters."), field=field)
    text = _stacked(unicodedata.normalize("NFC", text), BODY_MARKS)
    _check_length(text, field, limit, max_bytes)
    return text


def is_blank(text: str) -> bool:
    """Whether nothing of it would be seen."""
    return not any(
        character not in EMPTY_LETTERS and unicodedata.category(character)[0] not in "ZCM"
        for character in text
    )


def _readable(value: object, field: str) -> str:
    """Refuse what is not text at all, before anything is done with it."""
    if not isinstance(value, str):
        raise Malformed(words.gettext("This should be text."), field=field)
    if "\0" in value or not _is_encodable(value):
        raise Malformed(words.gettext("This has characters that cannot be read."), field=field)
    return value


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # Half of a surrogate pair.
        return False
    return True


def _check_length(text: str, field: str, limit: int, max_bytes: int) -> None:
    """Before normalising, which is quadratic, and after it, since it may lengthen the text."""
    if len(text) > limit:
        sentence = words.ngettext(
            "Use at most {number} character.", "Use at most {number} characters.", limit
        )
        raise Invalid(sentence.format(number=limit), field=field)
    if len(text.encode()) > max_bytes:
        raise Invalid(words.gettext("This takes too much space. Shorten it."), field=field)


def _too_short(field: str, least: int) -> Invalid:
    if least == 1:
        return Invalid(words.gettext("This cannot be empty."), field=field)
    sentence = words.gettext("Use at least {number} characters.")
    return Invalid(sentence.format(number=least), field=field)


def _stacked(text: str, most: int) -> str:
    """The text with no more than `most` combining marks on any letter.

    Only marks that stack above, below or around count (a combining class, or enclosing): vowel
    signs of Thai, Burmese and their neighbours have none, and stand in longer rows.
    """
    if text.isascii():
        return text
    kept, row = [], 0
    for character in text:
        stacks = unicodedata.combining(character) or unicodedata.category(character) == "Me"
        row = row + 1 if stacks else 0
        if row <= most:
            kept.append(character)
    return "".join(kept)
