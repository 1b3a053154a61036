"""Eight thousand hostile messages: whatever is typed, what reaches the page is inert and quick."""

# ruff: noqa: SIM905 - a list of pieces is read more easily as words.

import random
import time
from collections.abc import Iterator

import pytest

from hubbub import markup
from hubbub.markup import code
from tests import elements

CASES = 8000
LONGEST = 4000  # code points, as the door lets in
SECONDS = 0.05  # of the processor, for the slowest; on a slow one as long as so many plain texts
DEARER = 20
PLAIN = ("two words, and some *more* of them. " * LONGEST)[:LONGEST]

REL = "noopener noreferrer nofollow ugc"
TAGS: dict[str, set[str]] = {
    "a": {"href", "rel", "target", "title", "class", "data-person"},
    "strong": {"class"},
    "span": {"class"},
    "div": {"class"},
    "pre": {"tabindex"},
    "ol": {"start"},
    **{tag: set() for tag in ("em", "s", "code", "br", "blockquote", "ul", "li")},
}
CLASSES = {"mention", "code", "emoji-only", *code.CLASSES}

# Pieces that mean something to Markdown, to HTML, to htmx, or to the eye.
MARKS = """
* ** *** _ __ ~~ ~ ` `` ``` ~~~ > >> - + 1. 2) # === --- | [ ] ( ) ![ ]( [a]( <> \\ \\* \\[ : :: @
@@ ! !! *a _a **a a* a_ a** *_ _* [[ ]] [a] [a][b] [a]: :tada: :+1: :x @ada @room @a. a@b a@ @b_ “
” ( ) {{ }}
""".split()
LINKS = """
https://a.example http://b.example/_x_*y* mailto:a@b.example https:// http:/
https://a.example@b.example https://[::1] https://[ https://xn--80ak6aa92e.com https://аррӏе.com
javascript:alert(1) JaVaScRiPt:alert(1) java&#x09;script:alert(1) java\\tscript:x
&#106;avascript:x data:text/html,<script> vbscript:x file:///etc [x](javascript:alert(1))
[x](JAVASCRIPT:x) [x](java&Tab;script:x) [x](&#106;avascript:x) [x](//evil.example)
[x](data:text/html;base64,x) [x](https://a.example"onclick="x) [x](https://a.example/'x)
[x](<javascript:x>) [paypal.com](https://evil.example) ![x](https://a.example/b.png)
<https://a.example> <javascript:x> [x](https://a.example/<script>)
https://a.example/"onmouseover="x https://a.example/{{7*7}} [x](vbscript:x)
""".split()
HTML = [
    "<script>alert(1)</script>", "<ScRiPt src=//evil.example>", "</script>",
    "<svg onload=alert(1)>", "<svg><script>x</script></svg>", "<img src=x onerror=alert(1)>",
    "<style>*{display:none}</style>", "<b id=m1 class=message style='position:fixed'>",
    '<div hx-get="/logout" hx-trigger="load">', "<a hx-post=/x>", "<p data-hx-get=/x>",
    '<hx-partial hx-target="#messages">', "</hx-partial>", '<p id="m1" hx-swap-oob="delete">',
    "<x-custom ws-connect=/x>", "<i ws-send hx-ws:connect=x>", "</article></div></main>", "<!-- ",
    "-->", "<![CDATA[", "]]>", "<?php", "<template>", "<math>", "<plaintext>", "<textarea>",
    "<title>", "<noscript>", "<iframe srcdoc=x>", "<base href=//evil>", "<form action=/logout>",
    "<input autofocus onfocus=x>", "<a href='javascript:x'>", "<meta http-equiv", "&lt;b&gt;",
    "&#60;", "&#x3c;script&#x3e;", "&amp;lt;", "&nbsp;", "&Tab;", "&colon;", '"', "'", "`",
    "{{ 7*7 }}", "{% raw %}", "${7*7}", "#{7*7}", "%s", "<%= 1 %>", ' onclick="x"', " style=x",
    " id=x",
]  # fmt: skip
EYES = [
    "\u202e", "\u202d", "\u2066", "\u2069", "\u200f", "\u061c", "\u200b", "\u200d", "\ufeff",
    "\u00ad", "e\u0301", "o" + "\u0302" * 8, "\u20dd", "\ufffd", "\uffff", "\U0010ffff", "\u2028",
    "👍", "👩‍👩‍👧‍👦", "🇩🇪", "1️⃣", "ﷺ", "𒐫", "日本", "，", "。", "עב", "ไทย", "\u3164", "ſ", "K", "İ",
]  # fmt: skip
CODE = [
    "```py\n", "```js\n", "```css\n", "```html\n", "```java\n", "```c\n", "```yaml\n", "```\n",
    "\n```\n", "x = 1\n", "/*", "*/", '"\\"', "'''", "// ", "<a b='", "${", "{", "}", "(", "def f(",
    "a.b.c", "a: ",
]  # fmt: skip
SPACES = [
    "\n",
    "\n\n",
    " ",
    "  ",
    "\t",
    "\n> ",
    "\n- ",
    "\n  - ",
    "\n1. ",
    "\n>>> ",
    "\n    ",
    "\n```\n",
]

POOLS = [MARKS, LINKS, HTML, EYES, CODE, SPACES, ["a", "b", " two words ", "0", " "]]


def generated(seed: int) -> Iterator[str]:
    """Texts of few pieces in any order; every tenth repeats its pieces to the greatest length."""
    chance = random.Random(seed)
    for number in range(CASES):
        pools = chance.sample(POOLS, chance.randint(1, 4))
        pieces = [
            chance.choice(chance.choice(pools))
            for _ in range(chance.choice([1, 2, 3, 5, 8, 13, 21]))
        ]
        text = "".join(pieces)
        if number % 10 == 0:
            text = chance.choice(["", "```py\n", "```ts\n", "> ", "- "]) + text
            text = text * (LONGEST // len(text) + 1) if text else "*" * LONGEST
        yield text[:LONGEST]


def rendered(text: str) -> str:
    return markup.render_body(
        text, home="https://chat.example", mentions=frozenset({"ada", "b_", "room"})
    )


def assert_inert(page: elements.Element) -> None:
    for part in page.every():
        assert part.tag in TAGS, part
        assert set(part.attributes) <= TAGS[part.tag], part
        assert set(part.classes) <= CLASSES, part
        assert part.get("rel", REL) == REL
        assert part.get("target", "_blank") == "_blank"
        assert part.get("start", "1").isdigit()
        assert part.get("tabindex", "0") == "0"
        if part.tag == "a":
            assert_leads_outside_or_to_a_person(part)


def assert_leads_outside_or_to_a_person(link: elements.Element) -> None:
    href = link.get("href")
    if "mention" in link.classes:
        assert href == f"/people/{link.get('data-person')}"
        assert link.get("data-person") in {"ada", "b_"}
    else:
        assert href.lower().startswith(("https://", "http://", "mailto:"))
        assert link.get("rel") == REL
        assert not set('\u202e\u202d\u2066\u200b \n"<>') & set(href)


def is_cheap(text: str) -> bool:
    """In one of three times: a processor that others use too is sometimes slow by itself."""
    for turn in range(3):
        spent = seconds(text + " " * turn)
        # Another text each time, since what was rendered a moment ago is still known.
        if spent < SECONDS or spent < DEARER * seconds(f"{time.monotonic_ns()} {PLAIN}"):
            return True
    return False


def seconds(text: str) -> float:
    started = time.thread_time()
    rendered(text)
    return time.thread_time() - started


def depth(page: elements.Element) -> int:
    return 1 + max(map(depth, page.elements), default=0)


@pytest.mark.parametrize("part", range(4))
def test_whatever_is_typed_is_inert_on_the_page_and_quick(part: int) -> None:
    rendered("".join(f"```{name}\na\n```\n" for name in ("py", "js", "ts", "css", "html", "java")))
    rendered("```c\na\n```\n```yaml\na\n```\n*warm* :tada:")
    for text in list(generated(2026))[part::4]:
        assert is_cheap(text), text[:40]
        page = elements.parse(rendered(text))
        assert_inert(page)
        assert depth(page) < 40
        assert "two words" not in text or "two words" in page.text, text
        markup.excerpt(text)
        markup.mentioned(text)


REPEATED = """
* _ ` [ ] ~~ : @ ! \\ ( < > *a *a_ **a** *_ *~~_ [a [[ [a]( [a\\] ![ ]( `a ``a *a*b _*_ :a: :a @a
@a_ @ada_ \\* \\[ https:// https://a.b/ (https://a.b mailto:a @a@ [a](https://b.c)
[é.a](https://é.b) https://é.a) &amp; <b>
""".split()
LINES = [
    "> ",
    "- ",
    "1. ",
    "> - ",
    "- > ",
    ">",
    "- a\n",
    "> a\n",
    "\n>",
    "1. a\n\n",
    "```\n",
    "~~~\n",
    "\t- a\n",
]
TALL = [
    "[a](https://" + "é." * 1990 + ")",
    "[" + "a." * 1900 + "](https://a.b)",
    "[[" + "a." * 1900 + "]](https://a.b)",
    "mailto:" + "a." * 1990,
    "".join("`" * n + " " for n in range(1, 88)),
    "\n".join("> " * 6 + "- a" for _ in range(220)),
    "\n".join("  " * (n % 11) + "- a" for n in range(280)),
    "a" + "\u0301\u0327" * 1999,
    "*" + "\u202e" * 3999,
    " " * 3990 + "*a*",
    "*\n" * 2000,
]  # fmt: skip


def test_what_repeats_costs_little() -> None:
    rendered("*warm* :tada:")
    for text in [*((piece * LONGEST)[:LONGEST] for piece in [*REPEATED, *LINES]), *TALL]:
        assert is_cheap(text), text[:40]


@pytest.mark.parametrize("language", sorted(set(code._LANGUAGES.values())))
def test_hostile_code_costs_little(language: str) -> None:
    rendered(f"```{language}\na\n```")
    pieces = [
        *CODE,
        "a\n",
        "a ",
        '\\"\n',
        "a<",
        "/* a\n",
        "#",
        "@",
        "é",
        "1_",
        "$(",
        "public \n",
        "s{\n",
    ]
    for piece in pieces:
        lines = (piece * 200)[:390] + "\n" if "\n" not in piece else piece
        text = f"```{language}\n" + (lines * code.MOST)[: code.MOST - 1]
        assert is_cheap(text), piece
