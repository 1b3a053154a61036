"""A frame says of each message once what it is now, and then where the page stands."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from hubbub.realtime import frames
from hubbub.realtime.room import Cursor, Entry
from tests import elements


def posted(seq: int, number: int, text: str) -> Entry:
    return Entry(Cursor(seq, "aaaaaa"), fragment=article(number, text), number=number)


def changed(seq: int, *changes: tuple[int, str], aside: str = "") -> Entry:
    drawn = tuple((number, article(number, text)) for number, text in changes)
    return Entry(Cursor(seq, "aaaaaa"), changes=drawn, aside=aside.encode())


def article(number: int, text: str) -> bytes:
    return f'<article id="m{number}">{text}</article>'.encode()


def aside(target: str, text: str = "") -> str:
    return f'<hx-partial hx-target="#{target}" hx-swap="innerHTML">{text}</hx-partial>'


def said(entries: Sequence[Entry], *, fresh: bool = False) -> list[str]:
    """The parts of the frame in short: `+m1 text` appends, `=m1 text` replaces, `-m1` clears."""
    frame, upto = frames.of(entries, fresh=fresh)
    parts = elements.parse(frame.payload.decode()).elements
    assert (parts[-1].id, parts[-1].get("value")) == ("cursor", str(upto))
    return [_short(part) for part in parts[:-1]]


def _short(part: elements.Element) -> str:
    if part.tag == "article":
        return f"+{part.id} {part.text}"
    target = part.get("hx-target").removeprefix("#")
    if part.get("hx-swap") == "delete":
        assert not part.content
        return f"-{target}"
    if part.get("hx-swap") == "outerHTML":
        assert [inner.id for inner in part.elements] == [target], "it replaces its like"
        return f"={target} {part.text}"
    return f"{target}: {part.text}"


def test_what_was_posted_is_appended_in_order() -> None:
    assert said([posted(4, 1, "a"), posted(5, 2, "b")]) == ["+m1 a", "+m2 b"]


def test_what_was_changed_is_replaced_before_anything_is_appended() -> None:
    entries = [posted(4, 7, "new"), changed(5, (3, "edited")), posted(6, 8, "newer")]
    assert said(entries) == ["=m3 edited", "+m7 new", "+m8 newer"]


def test_what_was_posted_and_edited_in_one_frame_stands_once_as_it_is_last() -> None:
    entries = [posted(4, 7, "first"), changed(5, (7, "second")), changed(6, (7, "third"))]
    assert said(entries) == ["+m7 third"]
    assert said(entries[1:]) == ["=m7 third"]


def test_many_changes_of_a_message_are_one() -> None:
    entries = [changed(seq, (3, f"{seq} reactions")) for seq in range(4, 90)]
    assert said(entries) == ["=m3 89 reactions"]


def test_an_edit_reaches_the_answers_in_the_same_frame() -> None:
    entries = [
        posted(4, 7, "an answer to 3"),
        changed(5, (3, "edited"), (5, "an old answer"), (7, "an answer to the edited 3")),
    ]
    assert said(entries) == ["=m3 edited", "=m5 an old answer", "+m7 an answer to the edited 3"]


def test_a_fresh_page_clears_the_place_of_what_it_may_show_already() -> None:
    entries = [posted(4, 7, "a"), changed(5, (3, "edited")), posted(6, 8, "b")]
    assert said(entries, fresh=True) == ["-m7", "-m8", "=m3 edited", "+m7 a", "+m8 b"]


def test_what_stands_elsewhere_keeps_its_order_and_is_never_left_out() -> None:
    entries = [
        changed(4, (1, "pinned"), aside=aside("pins", "1 pinned")),
        changed(5, aside=aside("room-title", "Title")),
        changed(6, (1, "not pinned"), aside=aside("pins", "")),
    ]
    found = said(entries)
    assert found == ["=m1 not pinned", "pins: 1 pinned", "room-title: Title", "pins: "]


def test_an_event_that_changes_nothing_to_see_moves_the_cursor() -> None:
    assert said([changed(4)]) == []
    _, upto = frames.of([changed(4), changed(5)], fresh=False)
    assert upto == Cursor(5, "aaaaaa")


def test_a_frame_holds_what_fits_and_says_how_far_it_leads() -> None:
    entries = [posted(seq, seq, "x" * 50_000) for seq in range(1, 12)]
    frame, upto = frames.of(entries, fresh=False)
    assert upto == Cursor(5, "aaaaaa")
    assert len(frame.payload) < frames.FRAME_BYTES + 1_000
    assert [part[:3] for part in said(entries)] == [f"+m{number}" for number in range(1, 6)]


def test_changes_and_asides_count_as_much_as_new_messages() -> None:
    long = "x" * 100_000
    entries = [
        changed(4, (1, long), (2, long)),
        changed(5, aside=aside("people", long)),
        posted(6, 9, "c"),
    ]
    _, upto = frames.of(entries, fresh=False)
    assert upto == Cursor(4, "aaaaaa")


def test_what_is_too_large_for_any_frame_is_sent_alone() -> None:
    entries = [posted(1, 1, "x" * (frames.FRAME_BYTES + 1)), posted(2, 2, "b")]
    _, upto = frames.of(entries, fresh=False)
    assert upto == Cursor(1, "aaaaaa")


# ---------------------------------------------------------------- all of it

acts = st.lists(st.tuples(st.booleans(), st.integers(0, 12)), max_size=40)


@given(acts, st.lists(st.integers(1, 9), max_size=12), st.booleans())
def test_however_a_log_is_cut_into_frames_the_page_ends_the_same(
    drawn: list[tuple[bool, int]], cuts: list[int], fresh: bool
) -> None:
    """New messages and changes of any message, shown by a browser that replaces what is there,
    ignores what is not, and only then appends."""
    truth: dict[int, str] = {}
    entries: list[Entry] = []
    for seq, (is_new, which) in enumerate(drawn, 1):
        if is_new or not truth:
            number = len(truth) + 1
            truth[number] = f"v{seq}"
            entries.append(posted(seq, number, truth[number]))
        else:
            number = which % len(truth) + 1
            truth[number] = f"v{seq}"
            entries.append(changed(seq, (number, truth[number])))
    page: dict[str, str] = {}
    while entries:
        size = cuts.pop() if cuts else len(entries)
        for part in said(entries[:size], fresh=fresh):
            show(page, part)
        entries = entries[size:]
    assert list(page.items()) == [(f"m{number}", text) for number, text in truth.items()]


def show(page: dict[str, str], part: str) -> None:
    match = re.fullmatch(r"([-+=])(m\d+) ?(.*)", part)
    assert match, part
    act, place, text = match.groups()
    if act == "-":
        page.pop(place, None)
    elif act == "=":
        page.update({place: text} if place in page else {})
    else:
        assert place not in page, "it is there already"
        page[place] = text
