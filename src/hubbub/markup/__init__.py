"""Text from people: the door it comes in by, and the one place that turns it into HTML.

Nothing else in the house makes `Markup`, so here alone it is decided what reaches a page unescaped:
`door` lets text in, `syntax` reads it as tokens, `prose` writes them as HTML.
"""

from __future__ import annotations

from hubbub.markup import emoji
from hubbub.markup.door import BODY_MARKS, clean_line, clean_text, is_blank
from hubbub.markup.marks import hue, initials
from hubbub.markup.plain import excerpt, mentioned
from hubbub.markup.prose import render_body

__all__ = [
    "BODY_MARKS",
    "clean_line",
    "clean_text",
    "emoji",
    "excerpt",
    "hue",
    "initials",
    "is_blank",
    "mentioned",
    "render_body",
]
