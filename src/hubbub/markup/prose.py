"""A message as HTML: the tokens of its text, written by hand and sanitised again."""

from __future__ import annotations

import functools
import html
import re
from collections.abc import Callable, Iterable

import nh3
from markdown_it.token import Token
from markupsafe import Markup, escape

from hubbub.markup import code, emoji, links, syntax

LARGE = 3  # as many emoji, and nothing else, are shown large
_NESTING = 12  # bold in italic in bold … deeper than this stays as typed

_REL = "noopener noreferrer nofollow ugc"
_BLANK_LINES = re.compile(r"\n(?:[^\S\n]*\n){2,}")

_LANGUAGE = re.compile(r"[\w+#.-]{0,20}")

_CLEANER = nh3.Cleaner(
    tags={
        *("a", "strong", "em", "s", "code", "br", "span"),
        *("blockquote", "ul", "ol", "li", "div", "pre"),
    },
    attributes={
        "a": {"href", "title", "data-person"},
        "ol": {"start"},
    },
    tag_attribute_values={
        "a": {"rel": {_REL}, "target": {"_blank"}},
        "pre": {"tabindex": {"0"}},
    },
    allowed_classes={
        "a": {"mention"},
        "strong": {"mention"},
        "div": {"code"},
        "span": {"emoji-only", *code.CLASSES},
    },
    url_schemes={"http", "https", "mailto"},
    link_rel=None,
)


def render_body(
    text: str,
    *,
    home: str | None = None,
    mentions: frozenset[str] = frozenset(),
    people: str = "/people/",
) -> Markup:
    """A message as HTML.

    Links open in a new tab, except those below `home`, the site's own address. `@name` leads to
    `people` + name for those in `mentions`, folded; `room` among them is everyone.
    """
    text = text.strip("\n")
    plain = syntax.is_plain(text) and not (mentions and "@" in text)
    rendered = _plain(text) if plain else _rich(text, home, mentions, people)
    return Markup(rendered)  # noqa: S704 - this is the place that makes it safe.


def _plain(text: str) -> str:
    lines = str(escape(_BLANK_LINES.sub("\n\n", text))).replace("\n", "<br>")
    return _enlarged(text, lines)


@functools.lru_cache(maxsize=512)
def _rich(text: str, home: str | None, mentions: frozenset[str], people: str) -> str:
    page = _Page(home, people)
    page.write(syntax.tokens(text, functools.partial(_known, mentions)))
    return _enlarged(html.unescape(page.html), _CLEANER.clean(page.html))


def _enlarged(text: str, rendered: str) -> str:
    """Large, when it is nothing but a few emoji; those of ASCII begin as keycaps do."""
    if text[:1] <= "~" and text[:1] not in "#*0123456789":
        return rendered
    large = emoji.count(text, LARGE) > 0
    return f'<span class="emoji-only">{rendered}</span>' if large else rendered


def _known(mentions: frozenset[str], typed: str) -> str | None:
    """The longest beginning of what was typed that is a name: `_@ada_` is Ada in italics."""
    while typed and typed.lower() not in mentions:
        if typed[-1] not in "_.-":
            return None
        typed = typed[:-1]
    return typed


class _Page:
    """Writes token after token."""

    def __init__(self, home: str | None, people: str) -> None:
        self._home = home
        self._people = people
        self._pieces: list[str] = []
        self._depth = 0
        self._quotes = 0
        self._code = 0  # characters in fences so far
        self._before = ""  # what stands before in the same block: nothing, a "p", another "block"
        self._link: tuple[str, int] = ("", 0)

    @property
    def html(self) -> str:
        return "".join(self._pieces)

    def write(self, tokens: Iterable[Token]) -> None:
        for token in tokens:
            _WRITERS[token.type](self, token)

    def text(self, token: Token) -> None:
        self._pieces.append(html.escape(token.content))

    def line_break(self, token: Token) -> None:
        self._pieces.append("<br>")

    def code(self, token: Token) -> None:
        self._pieces.append(f"<code>{html.escape(token.content)}</code>")

    def mark(self, token: Token) -> None:
        """Bold, italic, struck; a browser would give up on hundreds of them in each other."""
        self._depth += min(token.nesting, 0)
        if self._depth >= _NESTING:
            self._pieces.append(html.escape(token.markup))
        else:
            self._pieces.append(_tag(token))
        self._depth += max(token.nesting, 0)

    def paragraph(self, token: Token) -> None:
        if token.nesting > 0:
            self._pieces.append({"": "", "p": "<br><br>", "block": "\n"}[self._before])
        self._before = "p"

    def block(self, token: Token) -> None:
        """A new line around blocks is for who reads the text alone."""
        if token.nesting > 0:
            self._pieces.append("\n" if self._before else "")
        self._pieces.append(_tag(token))
        self._before = "" if token.nesting > 0 else "block"

    def quote(self, token: Token) -> None:
        self._quotes += token.nesting
        self.block(token)

    def fence(self, token: Token) -> None:
        self._pieces.append("\n" if self._before else "")
        language, text = _code(token)
        if text.strip():
            self._pieces.append('<div class="code"><pre tabindex="0"><code>')
            self._pieces.append(self._coloured(text, language))
            self._pieces.append("</code></pre></div>")
        else:
            self._pieces.append(html.escape(token.markup + token.info))
        self._before = "block"

    def _coloured(self, text: str, language: str) -> str:
        self._code += len(text)
        return code.highlighted(text, language if self._code <= code.MOST else "")

    def mention(self, token: Token) -> None:
        """In a quote it is not said to that person again."""
        typed = html.escape(token.content)
        if self._quotes:
            self._pieces.append(typed)
        elif token.info == "room":
            self._pieces.append(f'<strong class="mention">{typed}</strong>')
        else:
            name = html.escape(token.info)
            href = html.escape(self._people) + name
            self._pieces.append(
                f'<a class="mention" href="{href}" data-person="{name}">{typed}</a>'
            )

    def link_open(self, token: Token) -> None:
        url = str(token.attrs["href"])
        self._pieces.append(f'<a href="{html.escape(url)}" rel="{_REL}"')
        if not links.is_mail(url):
            if not links.is_inside(url, self._home):
                self._pieces.append(' target="_blank"')
            if host := links.punycode(url):
                self._pieces.append(f' title="{html.escape(host)}"')
        self._pieces.append(">")
        self._link = (url, len(self._pieces))

    def link_close(self, token: Token) -> None:
        url, start = self._link
        label = html.unescape(re.sub("<[^>]*>", "", "".join(self._pieces[start:])))
        self._pieces.append("</a>")
        if label != url and (host := links.truth(label, url)):
            self._pieces.append(f" ({html.escape(host)})")


def _code(token: Token) -> tuple[str, str]:
    """The language of a fence and its text, which some begin and end beside the marks."""
    info = token.info.strip()
    text = token.content.rstrip("\n").removesuffix(token.markup)
    return (info, text) if _LANGUAGE.fullmatch(info) else ("", f"{info}\n{text}")


def _tag(token: Token) -> str:
    if token.nesting < 0:
        return f"</{token.tag}>"
    start = f' start="{token.attrs["start"]}"' if token.attrs else ""
    return f"<{token.tag}{start}>"


_WRITERS: dict[str, Callable[[_Page, Token], None]] = {
    "text": _Page.text,
    "softbreak": _Page.line_break,
    "hardbreak": _Page.line_break,
    "code_inline": _Page.code,
    "fence": _Page.fence,
    "mention": _Page.mention,
    "link_open": _Page.link_open,
    "link_close": _Page.link_close,
    "paragraph_open": _Page.paragraph,
    "paragraph_close": _Page.paragraph,
    "blockquote_open": _Page.quote,
    "blockquote_close": _Page.quote,
    **{
        f"{name}_{side}": writer
        for name, writer in [
            ("strong", _Page.mark),
            ("em", _Page.mark),
            ("s", _Page.mark),
            ("list", _Page.block),
            ("item", _Page.block),
        ]
        for side in ("open", "close")
    },
}
