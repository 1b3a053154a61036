"""What stands inside a line besides emphasis and code: links, emoji, mentions, escapes."""

from __future__ import annotations

import re

from markdown_it.rules_inline import StateInline

from hubbub.markup import door, emoji, links

# A backslash before anything else, as in the paths of Windows, is a backslash.
_ESCAPE = re.compile(r"\\([*_~`\[\]>:@+-])")
_NO_MARK = re.compile(r"\*{4,}|_{4,}|~{3,}|(?<=\d)\*\*?(?=\d)")
_LABELLED = re.compile(
    r"\[((?:[^\[\]\\\n]|\\.|\[[^\[\]\n]*\]){1,300}+)\]\(<?((?:[^\s()<>]|\([^\s()<>]*\))+)>?\)"
)
_SCHEME = re.compile(r"(?<![A-Za-z0-9_.+-])(?:https?|mailto)$", re.IGNORECASE)
_SHORTCODE = re.compile(r":([a-z0-9_+-]{1,50}):(?![A-Za-z0-9])")
_NAME = re.compile(
    r"(?<![A-Za-z0-9.+@/-])(?<![A-Za-z0-9]_)"
    r"@((?i:guest)~[A-Za-z0-9]{4}|[A-Za-z0-9][A-Za-z0-9_.-]{0,31})(?![A-Za-z0-9_@])"
)


def escape(state: StateInline, silent: bool) -> bool:
    """A backslash that takes the meaning from the mark behind it."""
    match = _ESCAPE.match(state.src, state.pos)
    if match is None:
        return False
    # The shrug ¯\_(ツ)_/¯ keeps its arm.
    shrug = state.src[state.pos - 1 : state.pos] == "¯"
    return _take(state, match[0] if shrug else match[1], len(match[0]))


def no_mark(state: StateInline, silent: bool) -> bool:
    """More in a row than mean anything, as in a censored word; and 7*7, which is a product."""
    match = _NO_MARK.match(state.src, state.pos)
    return match is not None and _take(state, match[0], len(match[0]))


def link(state: StateInline, silent: bool) -> bool:
    """`[words](address)`; behind an exclamation mark it would be an image, and stays text."""
    if state.src[state.pos] != "[" or state.linkLevel:
        return False
    match = _LABELLED.match(state.src, state.pos)
    if match is None or state.src[state.pos - 1 : state.pos] == "!":
        return False
    url = links.target(match[2])
    if url is None or door.is_blank(match[1]):
        return False
    state.push("link_open", "a", 1).attrs = {"href": url}
    state.pos, end = match.start(1), state.posMax
    state.posMax = match.end(1)
    state.linkLevel += 1
    state.md.inline.tokenize(state)
    state.linkLevel -= 1
    state.push("link_close", "a", -1)
    state.pos, state.posMax = match.end(), end
    return True


def bare_link(state: StateInline, silent: bool) -> bool:
    """An address as it is; the scheme before its colon has been read as text already."""
    if state.src[state.pos] != ":" or state.linkLevel:
        return False
    scheme = _SCHEME.search(state.src[max(0, state.pos - 7) : state.pos])
    if scheme is None:
        return False
    start = state.pos - len(scheme[0])
    url = links.found_at(state.src, start)
    if url is None:
        return False
    state.pending = state.pending[: -len(scheme[0])]
    state.push("link_open", "a", 1).attrs = {"href": url}
    state.push("text", "", 0).content = url
    state.push("link_close", "a", -1)
    state.pos = start + len(url)
    return True


def shortcode(state: StateInline, silent: bool) -> bool:
    """`:name:` of an emoji."""
    match = _SHORTCODE.match(state.src, state.pos)
    character = emoji.named(match[1]) if match else None
    if match is None or character is None or state.src[state.pos - 1 : state.pos].isalnum():
        return False
    return _take(state, character, len(match[0]))


def mention(state: StateInline, silent: bool) -> bool:
    """`@name`, when `names` of the environment says that someone is called so."""
    if state.src[state.pos] != "@" or state.linkLevel:
        return False
    match = _NAME.match(state.src, state.pos)
    if match is None:
        return False
    name = state.env["names"](match[1].rstrip(".-"))
    if not name:
        return False
    token = state.push("mention", "", 0)
    token.content = state.src[state.pos : state.pos + 1 + len(name)]
    token.info = name.lower()
    state.pos += len(token.content)
    return True


def _take(state: StateInline, text: str, length: int) -> bool:
    state.append_pending(text)
    state.pos += length
    return True
