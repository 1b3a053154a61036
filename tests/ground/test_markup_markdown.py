"""Messages in Markdown: what has a meaning, what is shown as typed, and where links lead."""

import pytest

from hubbub import markup
from tests import elements

NAMES = frozenset({"ada", "bob_", "c.d", "room", "guest~k3f7"})


def body(text: str) -> str:
    return markup.render_body(text, mentions=NAMES)


def shown(text: str) -> str:
    return elements.parse(body(text)).text


# -- what has a meaning ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("**bold** and __bold__", "<strong>bold</strong> and <strong>bold</strong>"),
        ("*italic* and _italic_", "<em>italic</em> and <em>italic</em>"),
        ("~~struck~~", "<s>struck</s>"),
        ("**bold *and* more**", "<strong>bold <em>and</em> more</strong>"),
        ("`**code**  <b>`", "<code>**code**  &lt;b&gt;</code>"),
        ("``a ` b``", "<code>a ` b</code>"),
        ("*a*\nb\n\n\n\nc", "<em>a</em><br>b<br><br>c"),
        ("> a\n> *b*\nc", "<blockquote>a<br><em>b</em></blockquote>\nc"),
        ("> a\n\nb", "<blockquote>a</blockquote>\nb"),
        (
            "> a\n>> b",
            "<blockquote>a\n<blockquote>b</blockquote></blockquote>",
        ),
        ("- a\n* b\n+ c", "<ul><li>a</li>\n<li>b</li>\n<li>c</li></ul>"),
        ("1. a\n2) b", "<ol><li>a</li>\n<li>b</li></ol>"),
        ("7. a\n8. b", '<ol start="7"><li>a</li>\n<li>b</li></ol>'),
        ("a:\n- b\nc", "a:\n<ul><li>b</li></ul>\nc"),
        ("- a\n  b\n  - c", "<ul><li>a<br>b\n<ul><li>c</li></ul></li></ul>"),
        ("1. a\n   - b\n2. c", "<ol><li>a\n<ul><li>b</li></ul></li>\n<li>c</li></ol>"),
        ("- a\n\n- b", "<ul><li>a</li>\n<li>b</li></ul>"),
        (r"\*a\* \_b\_ \`c\` \> \@ada", "*a* _b_ `c` &gt; @ada"),
        ("\\> a", "&gt; a"),
    ],
)
def test_the_marks_of_markdown_have_their_meaning(text: str, rendered: str) -> None:
    assert body(text) == rendered


def test_a_fence_keeps_its_text_and_scrolls_by_itself() -> None:
    rendered = elements.parse(body("see\n```\n  <b>  \n\n\n\n**x**\n```\nend"))
    assert [box.classes for box in rendered.named("div")] == [["code"]]
    assert rendered.named("pre")[0].attributes == {"tabindex": "0"}
    assert rendered.named("pre")[0].text == "  <b>  \n\n\n\n**x**"
    assert rendered.text.split() == ["see", "<b>", "**x**", "end"]


@pytest.mark.parametrize("language", ["python", "PY", "Py3"])
def test_code_is_coloured_by_any_name_of_its_language(language: str) -> None:
    rendered = elements.parse(body(f"```{language}\ndef f():\n    return 'x'  # 1\n```"))
    colours = {part.text: part.get("class") for part in rendered.named("span")}
    assert colours == {"def": "k", "f": "n", "return": "k", "'x'": "s", "# 1": "c"}
    assert rendered.named("pre")[0].text == "def f():\n    return 'x'  # 1"


@pytest.mark.parametrize("language", ["", "klingon", "../../etc", "pygments.lexers", '"><b>', "__"])
def test_code_in_an_unknown_language_is_plain(language: str) -> None:
    assert "<span" not in body(f"```{language}\nreturn 1\n```")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("```two words\nx\n```", "two words\nx"),
        ("```print(1)\nprint(2)```", "print(1)\nprint(2)"),
        ("```\n``\n", "``"),
        ("~~~\na\n```\n~~~", "a\n```"),
    ],
)
def test_code_beside_the_marks_of_a_fence_is_not_lost(text: str, kept: str) -> None:
    assert elements.parse(body(text)).named("pre")[0].text == kept


def test_more_code_than_a_page_is_plain() -> None:
    assert "<span" in body("```py\n" + "x = 1\n" * 300 + "```")
    assert "<span" not in body("```py\n" + "x = 1\n" * 400 + "```")
    assert (
        body("```py\n" + "x = 1\n" * 200 + "```\n```py\n" + "y = 1\n" * 200 + "```").count("y<")
        == 0
    )


# -- what is shown as it was typed -------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "# a heading",
        "also\n===\none\n---",
        "| a | b |\n|---|---|\n| c | d |",
        "    not code",
        "[ref]: https_//example.org",
        "[ref] and [ref][] and [a][ref]",
        "![a picture](b.png)",
        "[script](javascript:alert(1))",
        "[data](data:text/html,x)",
        "[relative](/rooms) [nothing]() [scheme](//evil.example)",
        "[user](https://bank.example@evil.example/)",
        "<b>*</b> &amp; &lt;b&gt; &#60; &#x3c;script&#x3e;",
        "<hx-partial hx-swap-oob='true'>*",
        "5 * 3 * 2 and snake_case_name and 2*3 and {{ 7*7 }} and 2**10 and 3**4",
        "**** and ___ and ~~~~ and a~b~c",
        "* * *",
        "- - -",
        "***",
        "---",
        "```",
        ">",
        "-",
        "1.",
        "+1",
        ">_< and more",
        ">:( *",
        ">= 5 *",
        "it was\n1984. Then",
        "C:\\Users\\new and \\\\server\\share and \\o/",
        "¯\\_(ツ)_/¯",
        "10:30:45 and a:on:b and :nosuchname: and ::",
        "`unclosed",
        "**unclosed and _more",
        "ada@example.org and @nobody and a@ada and @ada@example.org and @" + "a" * 40,
    ],
)
def test_what_has_no_meaning_is_shown_as_typed(text: str) -> None:
    assert shown(text).strip() == text.strip()
    assert not [part for part in elements.parse(body(text)).every() if part.tag != "br"]


def test_a_picture_is_shown_as_text_and_its_address_as_a_link() -> None:
    rendered = elements.parse(body("![a](https://example.org/b.png)"))
    assert rendered.text == "![a](https://example.org/b.png)"
    assert [part.tag for part in rendered.every()] == ["a"]


def test_a_great_depth_of_marks_stays_as_typed() -> None:
    assert body("> " * 30 + "a").count("<blockquote>") == 6
    assert "&gt; a" in body("> " * 30 + "a")
    assert body("- " * 30 + "a").count("<ul>") == 6
    deep = "*a _b " * 20 + "c" + " d_ e*" * 20
    assert body(deep).count("<em>") == 12
    assert shown(deep).count("*") == shown(deep).count("_") == 28


# -- links -------------------------------------------------------------------------------------


def test_words_can_be_a_link() -> None:
    assert body("[*two* words](https://example.org/a_(b))") == (
        '<a href="https://example.org/a_(b)" rel="noopener noreferrer nofollow ugc"'
        ' target="_blank"><em>two</em> words</a>'
    )
    assert 'href="mailto:a@b.example"' in body("[write](mailto:a@b.example)")
    inside = markup.render_body("[here](https://chat.example/r)", home="https://chat.example")
    assert "_blank" not in inside


def test_an_address_is_no_place_for_marks_and_marks_end_at_one() -> None:
    assert shown("https://example.org/a_b_c*d*e:tada:") == "https://example.org/a_b_c*d*e:tada:"
    rendered = elements.parse(body("**see https://example.org/a** *https://example.org*"))
    assert [link.get("href") for link in rendered.named("a")] == [
        "https://example.org/a",
        "https://example.org",
    ]
    assert rendered.text == "see https://example.org/a https://example.org"


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("[paypal.com](https://evil.example/x)", "evil.example"),
        ("[https://bank.example/login](https://evil.example)", "evil.example"),
        ("[Log in at **bank**.example now](https://evil.example)", "evil.example"),
        ("[bank.example](https://bank.example.evil.example)", "bank.example.evil.example"),
        ("[pay\u200bpal.com](https://evil.example)", "evil.example"),
        ("[ｐａｙｐａｌ．com](https://evil.example)", "evil.example"),
        ("[moc.lapyap\u202e](https://evil.example)", "evil.example"),
        ("[apple.com](https://аррӏе.com)", "xn--80ak6aa92e.com"),
        ("[аррӏе.com](https://apple.com)", "apple.com"),
        ("[127.0.0.1](https://evil.example)", "evil.example"),
        ("[http://localhost](https://evil.example)", "evil.example"),
        ("[ada@bank.example](mailto:eve@evil.example)", "evil.example"),
        ("[" + "long " * 41 + "](https://evil.example)", "evil.example"),
    ],
)
def test_a_link_that_looks_like_another_one_tells_where_it_leads(text: str, host: str) -> None:
    assert shown(text).endswith(f" ({host})")


@pytest.mark.parametrize(
    "text",
    [
        "[the documents](https://example.org)",
        "[example.org](https://example.org/a)",
        "[www.example.org/a](https://EXAMPLE.org)",
        "[https://example.org/a](https://example.org/b)",
        "[ada@example.org](mailto:ada@example.org)",
        "https://example.org",
        "[e.g. this, i.e. that](https://example.org)",
    ],
)
def test_an_honest_link_has_nothing_to_add(text: str) -> None:
    assert not shown(text).endswith(" (example.org)")


def test_a_link_of_words_in_another_alphabet_shows_its_true_name_too() -> None:
    assert 'title="xn--80ak6aa92e.com"' in body("[x](https://аррӏе.com/)")


def test_nobody_gives_a_link_a_title_of_their_own() -> None:
    assert "<a" not in body('[a](b "title")')
    assert " title=" not in body('[a](https://example.org "title")')


# -- mentions ----------------------------------------------------------------------------------


def test_a_member_is_mentioned_and_nobody_else() -> None:
    assert body("Hi @Ada, @eve") == (
        'Hi <a class="mention" href="/people/ada" data-person="ada">@Ada</a>, @eve'
    )
    assert 'href="/p/ada"' in markup.render_body("@ada", mentions=NAMES, people="/p/")
    assert markup.render_body("@ada") == "@ada"
    assert body("@room!") == '<strong class="mention">@room</strong>!'


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@ada.", ["ada"]),
        ("(@ada) @ADA… @ada-", ["ada", "ada", "ada"]),
        ("_@ada_ **@ada**", ["ada", "ada"]),
        ("@bob_ @c.d. @c.d.e", ["bob_", "c.d"]),
        ("こんにちは@adaさん", ["ada"]),
        ("- @ada\n\n1. @ada", ["ada", "ada"]),
        ("@guest~k3f7, ~~@Guest~K3F7~~ @guest~k3f7~~", ["guest~k3f7"] * 3),
        ("@guest~k3f @guest~k3f7x @guest~~k3f7 x@guest~k3f7", []),
        ("`@ada`\n```\n@ada\n```", []),
        ("> @ada\n> - @ada", []),
        ("[@ada](https://example.org) https://example.org/@ada", []),
        ("x@ada me+x@ada a/@ada @@ada \\@ada @ada@host", []),
    ],
)
def test_mentions_are_found_where_they_are_meant(text: str, names: list[str]) -> None:
    found = elements.parse(body(text)).of_class("mention")
    assert [mention.get("data-person") for mention in found] == names
    assert set(names) <= markup.mentioned(text)
    assert not (markup.mentioned(text) & NAMES) - set(names)


def test_who_may_be_meant_is_known_without_knowing_the_members() -> None:
    assert markup.mentioned("@Ada. @bob_, `@c` > @room") == {"ada", "bob", "bob_", "room"}
    assert markup.mentioned("nobody") == frozenset()
    assert len(markup.mentioned(" ".join(f"@person{n}" for n in range(400)))) == 50


# -- words alone -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a **b**\n\n> c\n- d", "a b c d"),
        ("```py\nx = 1\ny\n```", "x = 1 y"),
        ("[words](https://example.org) `code` :tada: @ada", "words code 🎉 @ada"),
        ("\u202eabc\u2066", "abc"),
        ("<b>", "<b>"),
        ("x" * 130, "x" * 119 + "…"),
        ("word " * 40, "word " * 23 + "word…"),
    ],
)
def test_an_excerpt_is_one_line_of_words(text: str, line: str) -> None:
    assert markup.excerpt(text) == line
    assert len(line) <= 120
