"""Alerts: who is told of a message while they look elsewhere, when, and when not any more."""

from __future__ import annotations

from hubbub.realtime import unread
from hubbub.realtime.standing import Alert, Call, Head, Move, News, Standing
from hubbub.realtime.unread import Readers

HERE, THERE = 1, 2
ADA = 7
FIRST = Alert(THERE, 1, ADA, "Ben in There", "hello", "/r/there/1")


def readers(*, alerted: bool = True, quiet: bool = False) -> Readers:
    """Ada has a page of Here open and is in There, where nothing was said yet."""
    made = Readers()
    made.arrive(ADA, "page", HERE, alerted=alerted)
    assert made.strangers(9) == [ADA]
    stands = [Standing(HERE, "here", Head(1, 0), 0), Standing(THERE, "there", Head(1, 0), 0)]
    stands[1] = Standing(THERE, "there", Head(1, 0), 0, quiet=quiet)
    made.know(ADA, stands, {})
    made.due(0)
    return made


def said(made: Readers, number: int, now: float, calls: list[Call] | None = None) -> None:
    made.hear([THERE], News({THERE: Head(number + 1, number)}, calls or []), now)


def shown(made: Readers, now: float) -> Alert | None:
    """What the page is told, if it is told anything."""
    due = made.due(now)
    view = made.view(ADA, "page")
    return view.alert if due and view else None


def test_who_asked_for_it_is_told_once() -> None:
    made = readers()
    said(made, 1, 10)
    assert made.grown({THERE: Head(1, 0)}) == {THERE: 0}
    assert made.grown({THERE: Head(2, 1)}) == {}
    assert made.alerted([THERE]) == [ADA]
    made.alert([FIRST], 10)
    assert shown(made, 10) == FIRST
    assert shown(made, 11) is None


def test_who_did_not_ask_is_not_told() -> None:
    made = readers(alerted=False)
    said(made, 1, 10)
    assert made.alerted([THERE]) == []
    made.alert([FIRST], 10)
    assert shown(made, 10) is None


def test_who_reads_there_is_given_a_moment_to_see_it() -> None:
    made = readers()
    made.seen(ADA, THERE, 0, 9)
    said(made, 1, 10)
    made.alert([FIRST], 10)
    assert shown(made, 10) is None
    made.seen(ADA, THERE, 1, 11)
    assert shown(made, 20) is None, "seen"
    second = Alert(THERE, 2, ADA, "Ben in There", "again", "/r/there/2")
    said(made, 2, 20)
    made.alert([second], 20)
    assert shown(made, 20) is None
    assert shown(made, 20 + unread.GRACE_SECONDS) == second, "not seen"


def test_what_was_read_meanwhile_is_not_told() -> None:
    made = readers()
    said(made, 1, 10)
    made.seen(ADA, THERE, 1, 10)
    made.alert([FIRST], 10)
    assert shown(made, 10) is None


def test_who_left_is_not_told() -> None:
    made = readers()
    made.seen(ADA, THERE, 0, 9)
    said(made, 1, 10)
    made.alert([FIRST], 10)
    made.hear([THERE], News({THERE: Head(3, 1)}, [], [Move(THERE, ADA, is_coming=False)]), 11)
    assert shown(made, 20) is None
    made.alert([FIRST], 20)
    assert shown(made, 30) is None


def test_a_quiet_room_is_shown_only_for_a_call() -> None:
    made = readers(quiet=True)
    said(made, 1, 10)
    assert made.due(20) == []
    said(made, 2, 20, [Call(THERE, 2, ADA, 8)])
    assert made.due(30) == ["page"]
    view = made.view(ADA, "page")
    assert view is not None and view.rooms == (("there", 1),)
