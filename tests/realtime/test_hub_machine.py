"""The promise, driven through the pure hub: whatever happens to hints, sockets and readers, a page
holds exactly what its person may see, once and in order."""

from __future__ import annotations

import dataclasses

import hypothesis
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hubbub.realtime import hub as hubs
from hubbub.realtime import room as rooms
from hubbub.realtime.hub import Attached, Hub
from hubbub.realtime.room import Cursor, Entry, Seat

ROOM = 1
PEOPLE = range(1, 5)


@dataclasses.dataclass(eq=False)
class Page:
    """A browser: what it shows, the cursor it would come back with, its seat if it has one."""

    person: int
    shown: list[int]
    cursor: Cursor
    seat: Seat | None = None
    catching_up: Cursor | None = None
    top: int = 0  # what it shows reaches this far, even when its cursor does not

    def take(self, entries: list[Entry], fresh: bool) -> None:
        for entry in entries:
            if entry.fragment:
                seq = int(entry.fragment)
                if fresh and seq in self.shown:
                    self.shown.remove(seq)
                self.shown.append(seq)
            self.cursor = entry.cursor
        self.top = max(self.top, self.cursor.seq)


class Rooms(RuleBasedStateMachine):
    """The log is the truth; one process follows it, with pages that come, stall, die and return."""

    def __init__(self) -> None:
        super().__init__()
        # Small enough for pages to fall out of the ring, and too far behind to be replayed.
        rooms.RING_ENTRIES, hubs.REPLAY_LIMIT, rooms.COHORT_SEATS = 6, 12, 2
        self.generation = "a"
        self.log: list[Entry] = []
        self.members: set[int] = set()
        self.hub = Hub()
        self.pages: list[Page] = []
        for person in PEOPLE:
            self.write(joined=person)

    # -------------------------------------------------------------- the log

    def write(self, *, joined: int | None = None, left: int | None = None) -> None:
        seq = len(self.log) + 1
        said = b"" if joined or left else str(seq).encode()
        cursor = Cursor(seq, f"{self.generation}{seq}")
        self.log.append(Entry(cursor, said, joined=joined, left=left))
        if joined:
            self.members.add(joined)
        if left:
            self.members.discard(left)

    def members_at(self, seq: int) -> set[int]:
        members: set[int] = set()
        for entry in self.log[:seq]:
            members |= {entry.joined} if entry.joined else set()
            members -= {entry.left} if entry.left else set()
        return members

    @rule(count=st.integers(1, 6))
    def somebody_posts(self, count: int) -> None:
        for _ in range(count):
            self.write()

    @rule(person=st.sampled_from(PEOPLE))
    def somebody_leaves_or_joins(self, person: int) -> None:
        if person in self.members:
            self.write(left=person)
        else:
            self.write(joined=person)

    # ------------------------------------------------------------ the reader

    def is_followed(self) -> bool:
        return self.hub.head(ROOM) is not None

    @precondition(lambda self: self.is_followed())
    @rule(limit=st.integers(1, 8))
    def a_hint_or_the_poll_makes_the_reader_read(self, limit: int) -> None:
        head = self.hub.head(ROOM)
        assert head is not None
        for eviction in self.hub.advance(ROOM, self.log[head.seq : head.seq + limit]):
            page = self.page_of(eviction.seat)
            page.take(list(eviction.owed), eviction.seat.fresh)
            page.seat = page.catching_up = None
            removal = next(e for e in self.log[head.seq :] if e.left == page.person)
            assert all(entry.cursor.seq < removal.cursor.seq for entry in eviction.owed)

    @precondition(lambda self: self.is_followed())
    @rule(skip=st.integers(1, 3))
    def entries_that_do_not_follow_change_nothing(self, skip: int) -> None:
        head = self.hub.head(ROOM)
        assert head is not None
        late = self.log[head.seq + skip : head.seq + skip + 2]
        if late:
            try:
                self.hub.advance(ROOM, late)
            except hubs.Discontinuity:
                assert self.hub.head(ROOM) == head
            else:
                raise AssertionError("a gap was taken over")

    @rule()
    def the_process_dies(self) -> None:
        self.hub = Hub()
        for page in self.pages:
            page.seat = page.catching_up = None

    # ------------------------------------------------------------- the pages

    def page_of(self, seat: Seat) -> Page:
        return next(page for page in self.pages if page.seat is seat)

    @rule(person=st.sampled_from(PEOPLE))
    def a_page_is_opened(self, person: int) -> None:
        if person in self.members and len(self.pages) < 8:
            shown = [int(e.fragment) for e in self.log if e.fragment]
            self.pages.append(Page(person, shown, self.log[-1].cursor, top=len(self.log)))

    @precondition(lambda self: self.pages)
    @rule(data=st.data(), stale=st.integers(0, 3))
    def a_page_connects(self, data: st.DataObject, stale: int) -> None:
        page = data.draw(st.sampled_from(self.pages))
        if page.seat is not None:
            return
        if not self.is_followed():
            head = self.log[-1].cursor
            self.hub.open(ROOM, head, self.members_at(head.seq))
        # A page that was restored by the browser may come with a cursor older than what it shows.
        after = page.cursor
        if stale and after.seq - stale >= 1:
            after = self.log[after.seq - stale - 1].cursor
        attached = self.hub.attach(ROOM, page.person, page, after)
        if attached in (Attached.AHEAD, Attached.REFUSED):
            return
        page.cursor = after
        page.seat = self.hub.rooms[ROOM].seats[page]
        if attached is not Attached.LIVE:
            page.catching_up = after if attached is Attached.BACKLOG else Cursor(0, "")

    @precondition(lambda self: any(page.catching_up for page in self.pages))
    @rule(data=st.data())
    def a_held_page_gets_what_it_missed(self, data: st.DataObject) -> None:
        self.catch_up(data.draw(st.sampled_from([p for p in self.pages if p.catching_up])))

    @precondition(lambda self: self.is_followed())
    @rule(data=st.data(), few=st.integers(1, 4))
    def a_pass_serves_some_of_those_who_are_due(self, data: st.DataObject, few: int) -> None:
        for seat in self.hub.due(ROOM):
            if data.draw(st.booleans()):
                continue
            after = seat.cursor
            entries = self.hub.pending(seat, ROOM)
            page = self.page_of(seat)
            if entries is None:
                self.hub.hold(seat)
                page.catching_up = after
            else:
                page.take(entries[:few], seat.fresh)
                self.hub.sent(seat, entries[:few][-1].cursor)

    @precondition(lambda self: self.is_followed())
    @rule(data=st.data(), few=st.integers(1, 4))
    def a_pass_leads_the_cohorts(self, data: st.DataObject, few: int) -> None:
        for cohort in self.hub.cohorts(ROOM):
            entries = self.hub.pending(cohort, ROOM)
            if entries is None:
                self.hub.disband(ROOM, cohort)
                continue
            entries = entries[:few]
            stragglers = [seat for seat in cohort.seats if data.draw(st.booleans())]
            for seat in cohort.seats:
                if seat not in stragglers:
                    self.page_of(seat).take(entries, fresh=False)
            self.hub.march(ROOM, cohort, entries[-1].cursor, stragglers)

    @precondition(lambda self: any(page.seat for page in self.pages))
    @rule(data=st.data())
    def a_socket_blocks_or_takes_frames_again(self, data: st.DataObject) -> None:
        seat = data.draw(st.sampled_from([p for p in self.pages if p.seat])).seat
        assert seat is not None
        (self.hub.unblock if seat.blocked else self.hub.block)(seat)

    @rule()
    def time_passes_and_the_poll_has_caught_up(self) -> None:
        for page in self.pages:
            head = self.hub.head(ROOM)
            if page.seat is not None and head is not None and head.seq >= page.top:
                self.hub.settle(page.seat)

    @precondition(lambda self: any(page.seat for page in self.pages))
    @rule(data=st.data())
    def a_socket_is_lost(self, data: st.DataObject) -> None:
        page = data.draw(st.sampled_from([p for p in self.pages if p.seat]))
        assert page.seat is not None
        self.hub.detach(page.seat)
        page.seat = page.catching_up = None

    @precondition(lambda self: self.pages)
    @rule(data=st.data())
    def a_page_is_closed(self, data: st.DataObject) -> None:
        page = data.draw(st.sampled_from(self.pages))
        if page.seat is not None:
            self.hub.detach(page.seat)
        self.pages.remove(page)

    # ---------------------------------------------------------- what must hold

    @invariant()
    def every_page_shows_a_prefix_of_the_log_once_and_in_order(self) -> None:
        for page in self.pages:
            expected = [int(e.fragment) for e in self.log[: page.top] if e.fragment]
            # A page whose cursor was stale is given again what it has: whole, then in order.
            assert sorted(page.shown) == expected
            assert page.cursor.seq < page.top or page.shown == expected

    @invariant()
    def every_seat_is_in_one_cohort_or_alone(self) -> None:
        for room in self.hub.rooms.values():
            marching = [seat for cohort in room.cohorts for seat in cohort.seats]
            assert len(marching) + len(room.alone) == len(room.seats)
            assert {*marching, *room.alone} == set(room.seats.values())
            assert all(0 < len(cohort.seats) <= rooms.COHORT_SEATS for cohort in room.cohorts)

    @invariant()
    def nobody_is_seated_who_is_no_member_as_of_the_head(self) -> None:
        here = self.hub.rooms.get(ROOM)
        for seat in here.seats.values() if here else ():
            assert seat.person in self.members_at(here.head.seq)  # type: ignore[union-attr]

    def teardown(self) -> None:
        try:
            self.check_convergence()
        finally:
            rooms.RING_ENTRIES, hubs.REPLAY_LIMIT, rooms.COHORT_SEATS = 512, 300, 2048

    def check_convergence(self) -> None:
        """Once the reader and the sockets have had their turn, all pages agree."""
        if self.is_followed():
            self.a_hint_or_the_poll_makes_the_reader_read(limit=len(self.log))
        for page in self.pages:
            self.catch_up(page)
            if page.seat is not None:
                self.hub.unblock(page.seat)
        self.lead_cohorts()
        for seat in self.hub.due(ROOM):
            self.serve(seat)
        everything = [int(e.fragment) for e in self.log if e.fragment]
        for page in self.pages:
            if page.seat is not None:
                assert page.person in self.members
                assert page.shown == everything

    def catch_up(self, page: Page) -> None:
        """What the log, or a snapshot, gives to a held page."""
        after, seat = page.catching_up, page.seat
        if after is None or seat is None:
            return
        page.catching_up = None
        if after.seq == 0:
            page.shown = [int(e.fragment) for e in self.log[: seat.cursor.seq] if e.fragment]
            page.cursor, page.top = seat.cursor, seat.cursor.seq
        else:
            page.take(self.log[after.seq : seat.cursor.seq], fresh=True)
        self.hub.release(seat)

    def lead_cohorts(self) -> None:
        for cohort in self.hub.cohorts(ROOM):
            entries = self.hub.pending(cohort, ROOM)
            if entries is None:
                self.hub.disband(ROOM, cohort)
                continue
            for seat in cohort.seats:
                self.page_of(seat).take(entries, fresh=False)
            self.hub.march(ROOM, cohort, entries[-1].cursor, [])

    def serve(self, seat: Seat) -> None:
        page, after = self.page_of(seat), seat.cursor
        entries = self.hub.pending(seat, ROOM)
        if entries is None:
            self.hub.hold(seat)
            page.catching_up = after
            self.catch_up(page)
        else:
            page.take(entries, seat.fresh)
            self.hub.sent(seat, entries[-1].cursor)


TestRooms = Rooms.TestCase
TestRooms.settings = hypothesis.settings(
    max_examples=2000, stateful_step_count=25, deadline=None, derandomize=True, print_blob=False
)
