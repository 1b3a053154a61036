"""How text is cut into terms, and which parts of it are shown as found."""

from __future__ import annotations

import datetime
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub import terms
from hubbub.terms import Piece, Term

MADE = {"room_id": 17, "author_id": 5, "posted_at": 1_795_176_000_000}  # 20 November 2026


def cut(body: str) -> list[str]:
    """The terms of a text, without those of its room, author and day."""
    return [term.removeprefix("17_") for term in terms.index(body, **MADE).split() if "17_" in term]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("Hello, **World**! hello", "hello world"),
        ("café CAFE\u0301 ｃａｆｅ", "cafe"),
        ("Straße STRASSE ﬁn", "strasse fin"),
        ("İstanbul ısı Øre Łódź Æsir", "istanbul isi ore lodz aesir"),
        ("C++ C# #tag a.b 1+1 x_y", "c++ c# tag a b 1 x y"),
        ("東京大学", "東京 京大 大学 学"),
        ("カフェ、ｶﾌｪ", "カフ フェ ェ"),
        ("Tシャツ2枚", "t シャ ャツ ツ 2 枚"),
        ("한국에서", "한국 국에 에서 서"),
        ("हिन्दी", "हिन्दी"),
        ("مَرْحَبًا שָׁלוֹם", "مرحبا שלום"),
        ("👍🏽👍 ♥\ufe0f 1\ufe0f\u20e3", "👍 ♥ 1"),
        ("soft\u00adhyphen zero\u200bwidth", "softhyphen zero width"),
        ("\0 \ud800 \u202e !?", ""),
    ],
)
def test_text_is_cut_without_regard_to_case_width_and_accents(body: str, expected: str) -> None:
    assert cut(body) == expected.split()


def test_what_is_kept_names_the_room_the_author_and_the_day() -> None:
    kept = terms.index("tide", **MADE)
    assert kept.split() == ["17", "17@5", "~202", "~2026", "~202611", "~20261120", "17_tide"]


@given(st.text(max_size=200))
def test_no_term_holds_anything_that_is_syntax(body: str) -> None:
    for term in terms.index(body, **MADE).split(" "):
        assert re.fullmatch(r"[0-9a-z_@~+#\x80-\U0010ffff]+", term)
        assert term.split() == [term]
    for sought in terms.sought(body):
        assert re.fullmatch(r"[0-9a-z+#\x80-\U0010ffff]+", sought.text)


@given(st.text(max_size=60), st.text(max_size=60))
def test_each_half_of_a_text_is_found_in_the_whole(one: str, other: str) -> None:
    whole = cut(f"{one} {other}")
    for half in (one, other):
        assert all(any(term.finds(kept) for kept in whole) for term in terms.sought(half))


@given(st.text(max_size=80), st.text(max_size=10))
def test_what_is_shown_is_the_text_itself(text: str, q: str) -> None:
    pieces = terms.marked(text, terms.sought(q))
    assert "".join(piece.text for piece in pieces) == text
    for piece in pieces:
        assert piece.text
        if piece.is_marked:
            assert any(t.finds(kept) for t in terms.sought(q) for kept in cut(piece.text))


def test_the_size_of_what_is_kept_is_bounded() -> None:
    for letter in ("\ufdfa", "\u3300", "x ", "漢"):
        assert len(terms.index(letter * 4_000, **MADE).encode()) < 100_000
    distinct = "".join(chr(0x4E00 + place) for place in range(4_000))
    assert len(terms.index(distinct, **MADE).encode()) < 100_000
    assert len(cut(" ".join(chr(0x4E00 + n) + chr(0x4E01 + n) for n in range(6_000)))) == terms.MOST
    assert [len(term) for term in cut("x" * 4_000)] == [terms.LONGEST]


@pytest.mark.parametrize(
    ("text", "q", "expected"),
    [
        ("a Café noir", "caf", "a [Café] noir"),
        ("Große Straße", "strass", "Große [Straße]"),
        ("東京大学に行く", "大学", "東京[大学]に行く"),
        ("東京大学に行く", "東京大学", "[東京大学]に行く"),
        ("東京大学に行く", "大", "東京[大]学に行く"),
        ("ok 👍🏽!", "👍", "ok [👍🏽]!"),
        ("C++ or C", "c++", "[C++] or C"),
        ("to be or", "be or to", "[to] [be] [or]"),
        ("ﬁne œuvre", "fin oeu", "[ﬁne] [œuvre]"),
        ("ab", "a", "[ab]"),
        ("nothing", "other", "nothing"),
        ("", "x", ""),
    ],
)
def test_words_are_marked_as_they_were_written(text: str, q: str, expected: str) -> None:
    shown = [f"[{p.text}]" if p.is_marked else p.text for p in terms.marked(text, terms.sought(q))]
    assert "".join(shown) == expected


def test_of_a_long_text_the_part_around_the_first_word_is_shown() -> None:
    text = "so " * 200 + "needle " + "on " * 200
    pieces = terms.marked(text, terms.sought("needle"))
    assert pieces[0] == pieces[-1] == Piece("…", is_marked=False)
    assert Piece("needle", is_marked=True) in pieces
    assert sum(len(piece.text) for piece in pieces) <= 202
    assert [piece.text for piece in pieces if piece.is_marked] == ["needle"]
    [found, end] = terms.marked("x" * 4_000, terms.sought("xx"))
    assert found == Piece("x" * 200, is_marked=True)
    assert end.text == "…"


def test_a_search_has_so_many_terms_and_no_more() -> None:
    assert len(terms.sought("漢字仮名交文" * 20 + " a b c d e f g h")) == 6 + 6
    assert terms.sought("tide Tide TIDE") == (Term("tide", is_prefix=True),)


# -------------------------------------------------------------------- days

DAYS = st.dates(datetime.date(1970, 1, 1), datetime.date(2099, 12, 31))


@given(DAYS, DAYS, DAYS)
def test_a_day_has_one_label_of_a_time_it_is_in_and_none_of_another(
    day: datetime.date, since: datetime.date, until: datetime.date
) -> None:
    at = (day - datetime.date(1970, 1, 1)).days * 86_400_000
    kept = terms.index("", **{**MADE, "posted_at": at + 86_399_999}).split()
    labels = {term.text for term in terms.during(since, until)}
    assert len(labels & set(kept)) == (since <= day <= until)
    assert len(labels) <= 120


def test_a_time_without_an_end_goes_on_for_ever() -> None:
    for end in (None, datetime.date.max):
        assert Term("~203") in terms.during(datetime.date(2026, 11, 20), end)
    for start in (None, datetime.date.min):
        assert terms.during(start, datetime.date(1970, 1, 1)) == [Term("~19700101")]
    assert terms.during(datetime.date.max, None) == []
