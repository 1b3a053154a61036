"""Text from people: the door it comes in by, and the one place that turns it into HTML.

Nothing else in the house makes `Markup`, so here alone it is decided what reaches a page unescaped.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
import urllib.parse

from markupsafe import Markup

from hubbub import words
from hubbub.errors import Invalid, Malformed

HUES = 12
NAME_MARKS = 2  # combining marks on a letter of a name: Vietnamese and pointed Hebrew need two
BODY_MARKS = 8

_REL = "noopener noreferrer nofollow ugc"

# Bidirectional controls turn the text around them; within a link they would disguise it.
_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_HAS_BIDI = re.compile(f"[{_BIDI}]")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_LINE_ENDS = re.compile("[\t\n\r\u2028\u2029]")
_BLANK_LINES = re.compile(r"\n(?:[^\S\n]*\n){2,}")
# Invisible characters, and the punctuation that Chinese and Japanese put right behind a link.
_NO_PART = f"{_BIDI}\u200b-\u200d\u2060\ufeff、。，！？；：（）「」『』【】《》"
_LINK = re.compile(rf"(?<![A-Za-z0-9_.+-])(?:https?://|mailto:)[^\s<>\"{_NO_PART}]+", re.IGNORECASE)
_ADDRESS = re.compile(r"mailto:[\w.+-]+@[\w-]+(?:\.[\w-]+)*(?:\?[^@]*)?", re.IGNORECASE)
_TRAILING = ".,;:!?'*_~…’”»"
_BRACKETS = {")": "(", "]": "[", "}": "{"}

# Letters, by their category, that nevertheless show nothing.
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")


def render_body(text: str, *, home: str | None = None) -> Markup:
    """A message as HTML: escaped, with links and line breaks, at most one blank line in a row.

    Links open in a new tab, except those below `home`, the site's own address.
    """
    text = _BLANK_LINES.sub("\n\n", text.strip("\n"))
    pieces, position = [], 0
    for match in _LINK.finditer(text):
        url = _trimmed(match[0])
        if not _is_linkable(url):
            continue
        pieces += [_lines(text[position : match.start()]), _link(url, home)]
        position = match.start() + len(url)
    pieces.append(_lines(text[position:]))
    return Markup("").join(pieces)


def initials(name: str) -> str:
    """One or two letters that stand for a person on a generated picture."""
    parts = [part for part in re.split(r"[\W_]+", name) if part]
    letters = [part[0].upper()[:1] for part in parts[:2]]
    return "".join(letters) or name.strip()[:1] or "?"


def hue(username: str) -> int:
    """0 to 11: the colour that goes with a person, the same on every page and after a restart."""
    return hashlib.sha256(username.casefold().encode("utf-8", "replace")).digest()[0] % HUES


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
        character not in _INVISIBLE and unicodedata.category(character)[0] not in "ZCM"
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


def _lines(text: str) -> Markup:
    return Markup("<br>").join(text.split("\n"))


def _link(url: str, home: str | None) -> Markup:
    if url[:7].lower() == "mailto:":
        return Markup('<a href="{}" rel="{}">{}</a>').format(url, _REL, url)
    inside = home is not None and (url == home or url.startswith(f"{home}/"))
    target = Markup("") if inside else Markup(' target="_blank"')
    # A host in other letters than Latin may look like another one: the title shows its true name.
    host = _punycode(url)
    title = Markup(' title="{}"').format(host) if host else Markup("")
    return Markup('<a href="{}" rel="{}"{}{}>{}</a>').format(url, _REL, target, title, url)


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
    if url[:7].lower() == "mailto:":
        return _ADDRESS.fullmatch(url) is not None
    try:
        parts = urllib.parse.urlsplit(url)
        _ = parts.port  # Raises for a port that is none.
    except ValueError:
        return False
    # “https://bank.example@evil.example” leads to the second, and looks like the first.
    return bool(parts.hostname) and "@" not in parts.netloc and "\\" not in parts.netloc


def _punycode(url: str) -> str | None:
    host = urllib.parse.urlsplit(url).hostname or ""
    if host.isascii():
        return None
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return None
