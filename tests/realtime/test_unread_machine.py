"""What is unread, driven through every order of posting, reading, coming and going: in the end a
page shows what is so, and it is told nothing that it shows already."""

from __future__ import annotations

import collections
import dataclasses

import hypothesis
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from hubbub.realtime import unread
from hubbub.realtime.standing import EVERYONE, Call, Head, Move, News, Standing, View
from hubbub.realtime.unread import Readers

PEOPLE, ROOMS = range(1, 3), range(11, 13)
people, rooms = st.sampled_from(PEOPLE), st.sampled_from(ROOMS)
Known = tuple[list[Standing], dict[int, int]]
shares = st.sampled_from([0.0, 0.5, 1.0, 1.0])


@dataclasses.dataclass(eq=False)
class Page:
    person: int
    room: int
    shown: tuple[tuple[str, int], ...] | None = None
    read: int = -1


class Unread(RuleBasedStateMachine):
    """The database is the truth; one process follows it, and hears late of what happens."""

    def __init__(self) -> None:
        super().__init__()
        self.readers = Readers()
        self.pages: list[Page] = []
        self.now = 0.0
        self.answers: tuple[dict[int, Known], list[int], News] | None = None
        self.logs: dict[int, list[Move | None]] = {room: [] for room in ROOMS}
        self.numbers = dict.fromkeys(ROOMS, 0)
        self.calls: dict[int, list[Call]] = {room: [] for room in ROOMS}
        self.written: dict[tuple[int, int], int] = {}
        self.unwritten: dict[tuple[int, int], int] = collections.defaultdict(int)
        for room in ROOMS:
            for person in PEOPLE:
                self.comes(room, person)
                self.opens_a_page(room, person)

    # -------------------------------------------------------------- the truth

    def pointer(self, room: int, person: int) -> int:
        return max(self.written[room, person], self.unwritten[room, person])

    def called(self, room: int, person: int, beyond: int) -> frozenset[int]:
        return frozenset(
            call.number
            for call in self.calls[room]
            if call.person in (person, EVERYONE) and call.author != person
            if person not in call.deaf
            if call.number > beyond
        )

    def truth(self, page: Page) -> View:
        read = {room: self.pointer(room, who) for room, who in self.written if who == page.person}
        other = [
            (str(room), len(self.called(room, page.person, number)))
            for room, number in read.items()
            if room != page.room and number < self.numbers[room]
        ]
        return View(read.get(page.room, 0), tuple(sorted(other)))

    def standings(self, person: int) -> list[Standing]:
        return [
            Standing(room, str(room), self.head(room), read, self.called(room, person, read))
            for (room, who), read in self.written.items()
            if who == person
        ]

    def seen_of(self, person: int) -> dict[int, int]:
        return {room: number for (room, who), number in self.unwritten.items() if who == person}

    def head(self, room: int) -> Head:
        return Head(len(self.logs[room]), self.numbers[room])

    # --------------------------------------------------------- what people do

    @rule(
        room=rooms,
        author=people,
        whom=st.sampled_from([None, 0, *PEOPLE]),
        deaf=st.frozensets(people, max_size=1),
    )
    def somebody_posts(
        self, room: int, author: int, whom: int | None, deaf: frozenset[int]
    ) -> None:
        self.numbers[room] += 1
        self.logs[room].append(None)
        if whom is not None:
            self.calls[room].append(Call(room, self.numbers[room], whom, author, deaf))

    @rule(room=rooms, person=people)
    def comes(self, room: int, person: int) -> None:
        """By the link, and so to a page; or added by others, which those in the room learn."""
        if (room, person) in self.written:
            return
        self.written[room, person] = self.numbers[room]
        self.logs[room].append(Move(room, person, is_coming=True))
        if room in self.readers.rooms():
            self.a_hint_arrives(room, 0)
            self.it_learns()
        else:
            self.opens_a_page(room, person)

    @rule(room=rooms, person=people)
    def goes(self, room: int, person: int) -> None:
        if self.written.pop((room, person), None) is None:
            return
        self.unwritten.pop((room, person), None)
        self.logs[room].append(Move(room, person, is_coming=False))
        for page in [p for p in self.pages if (p.room, p.person) == (room, person)]:
            self.leaves(page)

    @rule(room=rooms, person=people)
    def opens_a_page(self, room: int, person: int) -> None:
        if (room, person) not in self.written:
            return
        page = Page(person, room)
        self.pages.append(page)
        self.readers.arrive(person, page, room)

    @rule(data=st.data())
    def closes_a_page(self, data: st.DataObject) -> None:
        if self.pages:
            self.leaves(data.draw(st.sampled_from(self.pages)))

    def leaves(self, page: Page) -> None:
        self.pages.remove(page)
        self.readers.depart(page.person, page)
        self.readers.depart(page.person, page)

    @rule(data=st.data(), share=shares)
    def sees_something(self, data: st.DataObject, share: float) -> None:
        if not self.pages:
            return
        page = data.draw(st.sampled_from(self.pages))
        place, number = (page.room, page.person), round(share * self.numbers[page.room])
        if self.readers.seen(page.person, page.room, number, self.now, page):
            self.unwritten[place] = max(self.unwritten[place], number)
        else:
            assert number <= self.pointer(*place), "what was seen first is never nothing new"
        page.read = max(page.read, number)

    @rule(room=rooms, person=people, share=shares)
    def sees_something_elsewhere(self, room: int, person: int, share: float) -> None:
        if (room, person) in self.written:
            number = round(share * self.numbers[room])
            self.written[room, person] = max(self.written[room, person], number)
            self.readers.seen(person, room, number, self.now)

    @rule(room=rooms, person=people, share=shares)
    def marks_unread(self, room: int, person: int, share: float) -> None:
        if (room, person) in self.written:
            number = round(share * self.numbers[room])
            self.unwritten.pop((room, person), None)
            self.written[room, person] = number
            self.readers.rewind(person, room, number)
            for page in self.pages:
                if (page.room, page.person) == (room, person):
                    page.read = -1

    @rule()
    def what_was_seen_is_written(self) -> None:
        for place, number in self.unwritten.items():
            self.written[place] = max(self.written[place], number)
        self.unwritten.clear()

    # --------------------------------------------------- what the process does

    @rule(room=rooms, ahead=st.integers(-2, 2))
    def a_hint_arrives(self, room: int, ahead: int) -> None:
        self.readers.look(room, len(self.logs[room]) + ahead)

    @rule()
    def it_asks(self) -> None:
        """What is answered now is heard later."""
        if self.answers is not None:
            return
        people, known = self.readers.strangers(100), self.readers.stale(100)
        heads = {room: self.head(room) for room in known}
        moves = [m for room, was in known.items() for m in self.logs[room][was.seq :] if m]
        every = [call for room in known for call in self.calls[room]]
        calls = [call for call in every if call.number > known[call.room].number]
        standings = {person: (self.standings(person), self.seen_of(person)) for person in people}
        self.answers = standings, list(known), News(heads, calls, moves)

    @rule(fails=st.sampled_from([False, False, False, True]))
    def it_hears(self, fails: bool) -> None:
        if self.answers is None:
            return
        (standings, rooms, news), self.answers = self.answers, None
        if fails:
            self.readers.again(standings, rooms)
            return
        for person, (found, unwritten) in standings.items():
            self.readers.know(person, found, unwritten)
        self.readers.hear(rooms, news, self.now)

    def it_learns(self) -> None:
        self.it_asks()
        self.it_hears(fails=False)

    @rule(seconds=st.sampled_from([0.5, 2.0, 70.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        for page in self.readers.due(self.now):
            assert isinstance(page, Page)
            view = self.readers.view(page.person, page)
            assert view is not None
            assert view.rooms != page.shown or view.read > page.read, "it shows that already"
            page.shown, page.read = view.rooms, max(page.read, view.read)

    @rule()
    def all_settles(self) -> None:
        while True:
            for room in self.readers.rooms():
                self.readers.look(room, len(self.logs[room]), exactly=True)
            if self.answers is None and not self.readers.wants():
                break
            self.it_learns()
        self.time_passes(unread.GRACE_SECONDS)
        for page in self.pages:
            truth = self.truth(page)
            assert page.shown == truth.rooms
            assert page.read >= truth.read

    def teardown(self) -> None:
        self.all_settles()
        for page in self.pages:
            self.readers.depart(page.person, page)
        assert self.readers.rooms() == self.readers.due(1e9) == []
        assert not self.readers.wants()


Unread.TestCase.settings = hypothesis.settings(
    max_examples=600, stateful_step_count=50, deadline=None, derandomize=True, print_blob=False
)
TestUnread = Unread.TestCase


def test_who_comes_back_while_it_is_read_where_they_stand_is_not_lost() -> None:
    machine = Unread()
    machine.all_settles()
    for person in PEOPLE:
        machine.goes(person=person, room=11)
    machine.marks_unread(person=2, room=12, share=0.0)
    machine.it_asks()
    for page in [page for page in machine.pages if page.person == 1]:
        machine.leaves(page)
    machine.comes(person=2, room=11)
    machine.somebody_posts(author=1, room=11, whom=None, deaf=frozenset())
    machine.all_settles()
    assert [page.shown for page in machine.pages] == [(("11", 0),)] * 2
