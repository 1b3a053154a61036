"""Text from people: what is let in, and what becomes of it on a page."""

import html
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hubbub import markup
from hubbub.errors import Invalid, Malformed

RTL_OVERRIDE = "\u202e"


def body(value: object) -> str:
    return markup.clean_text(value, field="body", limit=4000, max_bytes=16 * 1024)


def name(value: object) -> str:
    return markup.clean_line(value, field="name", limit=50)


# -- the door ----------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [None, 7, b"bytes", ["list"], "NUL \0", "half a pair \ud83d"])
def test_what_is_no_text_is_malformed(value: object) -> None:
    for door in (body, name):
        with pytest.raises(Malformed) as caught:
            door(value)
        assert caught.value.status == 400


@pytest.mark.parametrize("character", ["\x01", "\x08", "\x0b", "\x1b", "\x7f", "\x85", "\x9f"])
def test_control_characters_are_refused_everywhere(character: str) -> None:
    for door in (body, name):
        with pytest.raises(Invalid) as caught:
            door(f"a{character}b")
        assert caught.value.status == 422
        assert caught.value.field in {"body", "name"}


@pytest.mark.parametrize(
    "character", ["\n", "\r", "\t", "\u2028", "\u2029", RTL_OVERRIDE, "\u200f"]
)
def test_a_name_is_one_line_without_marks_that_turn_the_text_around_it(character: str) -> None:
    with pytest.raises(Invalid):
        name(f"Ada{character}Lovelace")
    assert body(f"Ada{character}Lovelace")


def test_lengths_are_counted_in_code_points_before_normalising() -> None:
    assert len(body("😀" * 4000)) == 4000
    with pytest.raises(Invalid, match="4000"):
        body("x" * 4001)
    with pytest.raises(Invalid):
        body("e\u0301" * 2001)  # 2,001 letters once composed, but 4,002 code points as sent.
    with pytest.raises(Invalid, match="space"):
        markup.clean_text("😀" * 11, field="body", limit=40, max_bytes=40)


def test_what_grows_over_the_limit_when_normalised_is_too_long() -> None:
    with pytest.raises(Invalid):
        name("\ufb2c" * 50)  # Becomes three code points each.


def test_a_line_end_of_a_form_counts_as_one_character() -> None:
    assert body("a\r\nb\rc") == "a\nb\nc"
    assert len(body("\r\n" * 4000)) == 4000


def test_text_is_kept_composed() -> None:
    assert name("e\u0301") == "\u00e9"
    assert body("e\u0301") == "\u00e9"


def test_a_name_is_trimmed_and_its_spaces_are_single() -> None:
    assert name("  Ada \u00a0  Lovelace ") == "Ada Lovelace"


@pytest.mark.parametrize("value", ["", "   ", "\u200b", "\u3164", "\u2800 \u2060", "\u0301"])
def test_a_name_that_would_not_be_seen_is_empty(value: str) -> None:
    with pytest.raises(Invalid, match="empty"):
        name(value)
    assert markup.is_blank(value)


def test_a_line_may_be_allowed_to_be_empty_and_required_to_be_longer() -> None:
    assert markup.clean_line("  ", field="topic", limit=250, min=0) == ""
    with pytest.raises(Invalid, match="at least 3"):
        markup.clean_line("ab", field="handle", limit=32, min=3)


@pytest.mark.parametrize(
    "value",
    ["Nguyễn Thị Ánh", "שָׁלוֹם", "สวัสดีค่ะ", "မြန်မာဘာသာစကားမြို့", "हिन्दी", "1️⃣ 👩‍👩‍👧", "ᾧ"],
)
def test_names_of_every_script_are_welcome(value: str) -> None:
    assert name(value)
    assert not markup.is_blank(value)


def test_a_name_with_a_tower_of_accents_is_refused_and_in_a_body_it_is_cut() -> None:
    tower = "o" + "\u0302" * 40
    with pytest.raises(Invalid, match="accents"):
        name(tower)
    assert len(body(tower)) == 1 + markup.BODY_MARKS
    assert body("o\u20dd" + "\u20dd" * 40) == "o" + "\u20dd" * markup.BODY_MARKS


def test_hostile_marks_cost_no_time() -> None:
    started = time.thread_time()
    body("a" + "\u0301\u0327" * 1999)
    assert time.thread_time() - started < 0.5


# -- the page ----------------------------------------------------------------------------------


def links(text: str) -> list[str]:
    found = re.findall(r'<a href="([^"]*)"', markup.render_body(text))
    return [html.unescape(href) for href in found]


def test_everything_is_escaped() -> None:
    rendered = markup.render_body("<script>alert('1')</script> & \"x\"")
    assert rendered == "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &#34;x&#34;"


@settings(deadline=None)
@given(st.text(alphabet=st.sampled_from("<>\"'&=ahrefhttps://mailto:@.)( \n\tjv"), max_size=80))
def test_no_text_makes_another_element(text: str) -> None:
    rendered = markup.render_body(text)
    allowed = r'<br>|</?blockquote>|</a>|<a href="(?:https?|mailto):[^"<>]*"'
    allowed += r' rel="noopener noreferrer nofollow ugc"'
    allowed += r'(?: target="_blank")?(?: title="[^"<>]*")?>'
    assert not set("<>") & set(re.sub(allowed, "", rendered, flags=re.IGNORECASE))


@settings(deadline=None)
@given(
    st.text(st.characters(exclude_characters="\\*_~`[>-+:@"), max_size=200).filter(
        lambda text: not re.search(r"^\n|^\s*\d+[.)]\s", text, re.MULTILINE)
    )
)
def test_nothing_of_a_text_without_marks_is_lost(text: str) -> None:
    rendered = re.sub(r"</?span[^>]*>", "", markup.render_body(text)).replace("<br>", "\n")
    squeezed = re.sub(r"\n\s*\n", "\n", text)
    assert re.sub(r"\n\s*\n", "\n", html.unescape(rendered)).strip() == squeezed.strip()


def test_line_ends_are_breaks_and_many_blank_lines_are_one() -> None:
    assert markup.render_body("a\nb\n\nc\n\n \n\nd\n") == "a<br>b<br><br>c<br><br>d"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see https://example.org.", ["https://example.org"]),
        ("(https://example.org/a_(b))", ["https://example.org/a_(b)"]),
        ("[https://example.org/x]!?", ["https://example.org/x"]),
        ("“https://example.org/x”…", ["https://example.org/x"]),
        ("HTTPS://EXAMPLE.ORG/?a=1&b=2#c", ["HTTPS://EXAMPLE.ORG/?a=1&b=2#c"]),
        ("見てhttps://example.org/あ。良い", ["https://example.org/あ"]),
        ("a http://a.example b http://b.example", ["http://a.example", "http://b.example"]),
        ("mailto:ada@example.org, please", ["mailto:ada@example.org"]),
        ("mailto:nobody mailto:@x", []),
        ("javascript:alert(1) data:text/html,x vbscript:x ftp://x file:///etc", []),
        ("https:// http://?x https://:80", []),
        ("https://bank.example@evil.example/", []),
        ("https://[::1]:8000/x", ["https://[::1]:8000/x"]),
        ("https://[broken", []),
        ("xhttps://example.org", []),
        ('https://example.org/"onmouseover="x', ["https://example.org/"]),
        (f"https://example.org/{RTL_OVERRIDE}gpj.exe", ["https://example.org/"]),
    ],
)
def test_links_are_found_without_the_punctuation_around_them(text: str, found: list[str]) -> None:
    assert links(text) == found


def test_a_link_tells_nobody_where_it_was_found() -> None:
    assert markup.render_body("https://example.org") == (
        '<a href="https://example.org" rel="noopener noreferrer nofollow ugc" target="_blank">'
        "https://example.org</a>"
    )


def test_a_link_into_this_site_opens_in_place() -> None:
    home = "https://chat.example"
    inside = markup.render_body("https://chat.example/r/x", home=home)
    assert "_blank" not in inside
    assert "_blank" in markup.render_body("https://chat.example.evil.example/", home=home)


def test_a_host_in_another_alphabet_shows_its_true_name() -> None:
    assert 'title="xn--80ak6aa92e.com"' in markup.render_body("https://аррӏе.com/")


def test_long_rows_of_brackets_cost_no_time() -> None:
    started = time.thread_time()
    markup.render_body("http://a" + ")" * 3990)
    markup.render_body("http://a.b/" * 360)
    markup.render_body("\n \n" * 1300)
    markup.render_body("mailto:" + "a." * 1990)
    assert time.thread_time() - started < 0.5


# -- pictures ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("person", "letters"),
    [
        ("Ada Lovelace", "AL"),
        ("bob_smith-jones", "BS"),
        ("ada", "A"),
        ("李 小龍", "李小"),
        ("😀", "😀"),
        ("", "?"),
        ("ßtraße", "S"),
    ],
)
def test_initials_stand_for_a_person(person: str, letters: str) -> None:
    assert markup.initials(person) == letters


def test_a_persons_colour_is_always_the_same_and_all_twelve_are_used() -> None:
    assert markup.hue("Ada") == markup.hue("ada")
    assert {markup.hue(f"person{number}") for number in range(200)} == set(range(12))
