"""What waits for people, through the streams: what their pages are told, and what is asked."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hubbub.realtime import streams
from tests.realtime.test_streams import ALICE, BOB, Ledger, Site, Socket, until

pytestmark = pytest.mark.anyio


def told(socket: Socket) -> list[str]:
    """What the page was told of the inbox, one after the other."""
    return [frame[: frame.index(">") + 1] for frame in socket.frames if "<inbox" in frame[:6]]


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    made = Site()
    # What was before this process came is of no interest.
    made.ledger.wait(BOB, 9)
    await made.streams.start()
    yield made
    await made.streams.stop()


async def test_every_page_is_told_once_when_it_comes_what_is_so_now(site: Site) -> None:
    site.ledger.wait(ALICE, 0)
    sockets = {person: (await site.enter(person))[1] for person in (ALICE, BOB)}
    await until(lambda: told(sockets[BOB]))
    await until(lambda: told(sockets[ALICE]))
    assert (told(sockets[ALICE]), told(sockets[BOB])) == (["<inbox 0>"], ["<inbox 9>"])


async def test_all_pages_of_a_person_and_no_others_are_told_of_a_change(site: Site) -> None:
    mine = [(await site.enter(BOB))[1] for _ in range(2)]
    _, other, _ = await site.enter(ALICE)
    await until(lambda: all(told(socket) for socket in (*mine, other)))
    site.ledger.wait(BOB, 10)
    site.streams.inbox_changed()
    await until(lambda: all(told(socket)[-1] == "<inbox 10>" for socket in mine))
    assert site.hints[-1] == "inbox"
    site.ledger.wait(ALICE, 1)
    site.streams.inbox_changed()
    await until(lambda: told(other)[-1] == "<inbox 1>")
    assert told(other) == ["<inbox 0>", "<inbox 1>"]
    assert [told(socket).count("<inbox 10>") for socket in mine] == [1, 1]


async def test_a_change_in_another_process_is_heard(site: Site) -> None:
    _, socket, _ = await site.enter(BOB)
    await until(lambda: told(socket))
    site.ledger.wait(BOB, 10)
    site.streams.heard("inbox")
    await until(lambda: told(socket)[-1] == "<inbox 10>")


async def test_what_no_hint_told_is_found_by_the_poll(site: Site) -> None:
    _, socket, _ = await site.enter(BOB)
    await until(lambda: told(socket))
    site.ledger.wait(BOB, 10)
    await until(lambda: told(socket)[-1] == "<inbox 10>", seconds=4)


async def test_a_change_that_shows_nothing_else_is_not_told_again(site: Site) -> None:
    _, socket, _ = await site.enter(BOB)
    await until(lambda: told(socket))
    for waiting in (9, 9, 8):
        site.ledger.wait(BOB, waiting)
        site.streams.inbox_changed()
    await until(lambda: told(socket)[-1] == "<inbox 8>")
    assert told(socket) == ["<inbox 9>", "<inbox 8>"]


async def test_many_changes_at_once_are_asked_about_once(site: Site) -> None:
    sockets = [(await site.enter(person))[1] for person in (ALICE, BOB, BOB)]
    await until(lambda: all(told(socket) for socket in sockets))
    before = len(site.ledger.inbox_reads)
    for waiting in range(100):
        for person in (ALICE, BOB):
            site.ledger.wait(person, waiting)
        site.streams.inbox_changed()
    await until(lambda: all(told(socket)[-1] == "<inbox 99>" for socket in sockets))
    assert site.ledger.inbox_reads[before:] == [[ALICE, BOB]]


async def test_whose_pages_are_closed_is_not_asked_about(site: Site) -> None:
    client, socket, _ = await site.enter(BOB)
    _, other, _ = await site.enter(ALICE)
    await until(lambda: told(socket) and told(other))
    site.streams.disconnect(client)
    before = len(site.ledger.inbox_reads)
    site.ledger.wait(BOB, 10)
    site.ledger.wait(ALICE, 10)
    site.streams.inbox_changed()
    await until(lambda: told(other)[-1] == "<inbox 10>")
    assert site.ledger.inbox_reads[before:] == [[ALICE]]
    assert told(socket) == ["<inbox 9>"]


async def test_what_could_not_be_read_is_read_later(site: Site) -> None:
    _, socket, _ = await site.enter(BOB)
    await until(lambda: told(socket))
    site.ledger.fails = True
    site.ledger.wait(BOB, 10)
    reads = site.ledger.failed
    site.streams.inbox_changed()
    await until(lambda: site.ledger.failed > reads)
    site.ledger.fails = False
    await until(lambda: told(socket)[-1] == "<inbox 10>")


async def test_a_page_that_does_not_keep_up_is_told_the_newest_when_it_does(site: Site) -> None:
    _, socket, _ = await site.enter(BOB)
    _, fence, _ = await site.enter(BOB)
    await until(lambda: told(socket) and told(fence))
    socket.block()
    for waiting in (10, 11):
        site.ledger.wait(BOB, waiting)
        site.streams.inbox_changed()
        await until(lambda: told(fence)[-1] == f"<inbox {waiting}>")  # noqa: B023 - awaited here
    assert told(socket) == ["<inbox 9>"]
    socket.unblock()
    await until(lambda: told(socket) == ["<inbox 9>", "<inbox 11>"])


async def test_who_has_no_inbox_is_told_nothing_of_one(site: Site) -> None:
    site.ledger.without_inbox.add(ALICE)
    _, socket, _ = await site.enter(ALICE)
    _, fence, _ = await site.enter(BOB)
    await until(lambda: told(fence))
    site.ledger.wait(ALICE, 1)
    site.ledger.wait(BOB, 1)
    site.streams.inbox_changed()
    await until(lambda: told(fence)[-1] == "<inbox 1>")
    assert told(socket) == []


async def test_who_may_be_in_another_room_now_is_asked_where_they_stand(site: Site) -> None:
    _, socket, _ = await site.enter(BOB)
    await until(lambda: told(socket))
    before = site.ledger.stood
    site.ledger.wait(BOB, 10)
    site.streams.inbox_changed()
    await until(lambda: site.ledger.stood > before)


async def test_that_somebody_looks_is_told_here_and_to_the_other_processes() -> None:
    looked: list[int] = []
    hints: list[tuple[str, str]] = []
    made = streams.Streams(
        Ledger(),
        lambda hint, key: hints.append((hint, key)),
        shared=True,
        on_looked=looked.append,
    )
    made.looked(BOB)
    assert (looked, hints) == ([BOB], [("looked 2", "looked 2")])
    for hint in ("looked 1", "looked", "looked x", "looked 1 2"):
        made.heard(hint)
    assert (looked, len(hints)) == ([BOB, ALICE], 1)
