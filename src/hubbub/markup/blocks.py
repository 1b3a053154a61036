"""Quotes and lists as people type them in a talk: a line that is no part of one ends it.

CommonMark would draw the next line in (“lazy continuation”), so that an answer below a quote would
become part of the quote. What is inside is parsed as a text of its own, to a bounded depth.
"""

from __future__ import annotations

import re

from markdown_it.rules_block import StateBlock

DEPTH = 6

# A space or a letter has to follow, or `>_<`, `>:(` and `>= 5` would be quotes.
_QUOTE = re.compile(r"[ \t]*>(?=>*(?:[ \t]+\S|[^\W\d_]))")
_QUOTED = re.compile(r"[ \t]*> ?")
_ITEM = re.compile(r"([ \t]*)(?:[-*+]|(\d{1,9})[.)])[ \t]+(?![-*+\s]*$)")


def quote(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Lines that begin with `>`."""
    if state.env["depth"] >= DEPTH or not _QUOTE.match(_line(state, start)):
        return False
    if silent:
        return True
    lines = []
    while start < end and (match := _QUOTED.match(line := _line(state, start))):
        lines.append(line[match.end() :])
        start += 1
    state.push("blockquote_open", "blockquote", 1)
    _parse(state, lines)
    state.push("blockquote_close", "blockquote", -1)
    state.line = start
    return True


def list_(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Lines that begin with a bullet or a number, and what is indented below them."""
    first = _ITEM.match(_line(state, start))
    if first is None or state.env["depth"] >= DEPTH:
        return False
    if silent:
        # “… was born in\n1984. It …” is no list.
        return first[2] in (None, "1")
    items, state.line = _items(state, start, end, first)
    tag = "ul" if first[2] is None else "ol"
    opened = state.push("list_open", tag, 1)
    if first[2] not in (None, "1"):
        opened.attrs = {"start": int(first[2])}
    for lines in items:
        state.push("item_open", "li", 1)
        _parse(state, lines)
        state.push("item_close", "li", -1)
    state.push("list_close", tag, -1)
    return True


def _items(
    state: StateBlock, start: int, end: int, first: re.Match[str]
) -> tuple[list[list[str]], int]:
    """The lines of each item, and the number of the line behind the list."""
    items: list[list[str]] = []
    width, blanks, behind = 0, 0, start
    for number in range(start, end):
        line = _line(state, number)
        if not line.strip():
            blanks += 1
            continue
        indented = len(line) - len(line.lstrip()) - len(first[1]) >= 2
        match = None if indented else _ITEM.match(line)
        if match and (match[2] is None) == (first[2] is None):
            items.append([line[match.end() :]])
            width = match.end()
        elif indented:
            items[-1] += [""] * blanks + [line[min(width, len(line) - len(line.lstrip())) :]]
        else:
            break
        blanks, behind = 0, number + 1
    return items, behind


def _line(state: StateBlock, number: int) -> str:
    return state.src[state.bMarks[number] : state.eMarks[number]].expandtabs(4)


def _parse(state: StateBlock, lines: list[str]) -> None:
    state.env["depth"] += 1
    state.md.block.parse("\n".join(lines), state.md, state.env, state.tokens)
    state.env["depth"] -= 1
