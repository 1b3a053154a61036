"""Markdown, as much of it as a talk needs, read into the tokens of markdown-it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

from hubbub.markup import blocks, inlines

# Without any of these a text is only text. Most messages are, and need no parser.
_MARKS = re.compile(
    r"[*_`\[\\]|~~|https?:/|mailto:|:[a-z0-9_+-]{1,50}:|^[ \t]*(?:>|[-+][ \t]|\d{1,9}[.)][ \t])",
    re.IGNORECASE | re.MULTILINE,
)


def is_plain(text: str) -> bool:
    """Whether it has no mark of any meaning, mentions aside."""
    return _MARKS.search(text) is None


def tokens(text: str, names: Callable[[str], str | None]) -> Iterator[Token]:
    """All tokens in their order, those inside of lines too.

    `names` says how much of a possible name behind an @ is one.
    """
    for token in _PARSER.parse(text, {"names": names, "depth": 0}):
        if token.type == "inline":
            yield from token.children or []
        else:
            yield token


def _parser() -> MarkdownIt:
    parser = MarkdownIt("zero").enable(
        ["fence", "newline", "backticks", "strikethrough", "emphasis"]
    )
    parser.block.ruler.before("paragraph", "quote", blocks.quote, {"alt": ["paragraph"]})
    parser.block.ruler.before("paragraph", "list_", blocks.list_, {"alt": ["paragraph"]})
    rules = parser.inline.ruler
    rules.before("strikethrough", "no_mark", inlines.no_mark)
    rules.after("emphasis", "labelled", inlines.link)
    rules.after("labelled", "bare_link", inlines.bare_link)
    rules.after("bare_link", "shortcode", inlines.shortcode)
    rules.after("shortcode", "mention", inlines.mention)
    rules.after("newline", "escaped", inlines.escape)
    return parser


_PARSER = _parser()
