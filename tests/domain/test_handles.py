"""Handles: folded, checked, and made from titles."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub import errors
from hubbub.domain import handles

HANDLE = re.compile(r"[a-z0-9][a-z0-9_.-]{1,30}[a-z0-9]")


@pytest.mark.parametrize(
    ("typed", "handle"),
    [
        ("design", "design"),
        (" Design ", "design"),
        ("#DESIGN", "design"),
        ("ｄｅｓｉｇｎ", "design"),
        ("Café", "cafe"),
        ("Straße", "strasse"),
        ("𝐃𝐞𝐬𝐢𝐠𝐧", "design"),
        ("a.b-c_d", "a.b-c_d"),
    ],
)
def test_case_width_and_accents_make_no_difference(typed: str, handle: str) -> None:
    assert handles.find(typed) == handle
    assert handles.clean(typed.removeprefix("#")) == handle


@pytest.mark.parametrize(
    "typed", ["", "ab", "a" * 33, "-ab", "ab-", "a b c", "комната", "a/b", "a\0b"]
)
def test_what_cannot_be_a_handle_finds_nothing(typed: str) -> None:
    assert handles.find(typed) is None


@pytest.mark.parametrize(
    "typed", ["ab", "a" * 33, "-ab", "ab-", "a b c", "комната", "a/b", "a\u202eb"]
)
def test_what_cannot_be_a_handle_is_refused_beside_its_field(typed: str) -> None:
    with pytest.raises(errors.Invalid) as refusal:
        handles.clean(typed)
    assert refusal.value.field == "handle"


@pytest.mark.parametrize("typed", sorted(handles.RESERVED - {"me"}))
def test_a_reserved_word_is_nobodys_handle(typed: str) -> None:
    if handles.find(typed) is None:
        pytest.fail(f"{typed} could not be a handle anyway")
    with pytest.raises(errors.Conflict):
        handles.clean(typed)


@pytest.mark.parametrize(
    ("title", "handle"),
    [
        ("Design talk", "design-talk"),
        ("  Ünïcödé & friends!  ", "unicode-friends"),
        ("Q3 2026: plans", "q3-2026-plans"),
        ("a" * 80, "a" * 32),
    ],
)
def test_a_title_gives_a_handle_one_would_have_chosen(title: str, handle: str) -> None:
    assert handles.from_title(title) == handle


@given(st.text(min_size=1, max_size=80), st.integers(0, 3))
def test_every_title_gives_a_handle_that_keeps_the_rules(title: str, attempt: int) -> None:
    handle = handles.from_title(title, attempt)
    assert HANDLE.fullmatch(handle)
    assert handle not in handles.RESERVED


@given(st.text(max_size=200))
def test_what_is_found_is_found_again(text: str) -> None:
    handle = handles.find(text)
    if handle is not None:
        assert HANDLE.fullmatch(handle)
        assert handles.find(handle) == handle


def test_later_attempts_differ_from_each_other() -> None:
    assert len({handles.from_title("Design", attempt) for attempt in range(1, 20)}) > 15


@given(st.text(max_size=80))
def test_what_is_folded_folds_to_itself(text: str) -> None:
    assert handles.fold(handles.fold(text)) == handles.fold(text)
