"""Finding what was said: in every language, only where one may, and as quickly in a large room."""

from __future__ import annotations

import json
import pathlib
import sqlite3
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies

from hubbub import database, errors, terms
from hubbub.domain import (
    accounts,
    clock,
    matching,
    memberships,
    messages,
    revisions,
    rooms,
    search,
    settings,
)
from tests import people
from tests.domain.conftest import Counting

pytestmark = pytest.mark.anyio

NOON = people.NOON
_COLUMNS = "room_id, number, seq, author_id, body, run, posted_at, words"


async def say(
    db: database.Database,
    room: rooms.Room,
    author: accounts.Person,
    *bodies: str,
    at: int = NOON,
    pause: int = 0,
) -> None:
    """Messages as they are stored, straight into the table."""
    values = {"room_id": room.id, "author_id": author.id}
    last = await db.value("SELECT max(number) FROM messages WHERE room_id = :room_id", values)
    async with db.transaction() as conn:
        for place, body in enumerate(bodies):
            posted_at, number = at + place * pause, (last or 0) + place + 1
            kept = terms.index(body, room_id=room.id, author_id=author.id, posted_at=posted_at)
            names = ", ".join(f":{name}" for name in _COLUMNS.split(", "))
            await conn.run(
                f"INSERT INTO messages ({_COLUMNS}) VALUES ({names})",
                {
                    **values,
                    "number": number,
                    "seq": number + 1,
                    "body": body,
                    "run": 0,
                    "posted_at": posted_at,
                    "words": kept,
                },
            )


async def found(
    db: database.Database,
    person: accounts.Person,
    q: str = "",
    *,
    room: rooms.Room | None = None,
    **fields: str,
) -> list[str]:
    results = await search.find(db, person, search.parse({"q": q, **fields}), room=room)
    return [hit.body for hit in results.hits]


# ------------------------------------------------------------------- words


@pytest.mark.parametrize(
    ("body", "q"),
    [
        ("See you at the harbour", "harbour"),
        ("See you at the harbour", "HARB"),
        ("See you at the harbour", "you harb"),
        ("See you at the harbour", "harbour see"),
        ("un café crème", "cafe creme"),
        ("a cafe with cream", "café"),
        ("Übermut tut selten gut", "ubermut"),
        ("Rødgrød med fløde", "rodgrod flode"),
        ("Łódź", "lodz"),
        ("die Straße", "STRASSE"),
        ("İstanbul", "istanbul"),
        ("ISPARTA", "ısparta"),
        ("Ελλάς", "ελλασ"),
        ("Ёлка", "елка"),
        ("ｆｕｌｌ ｗｉｄｔｈ １２", "full 12"),
        ("東京大学に行きました", "大学"),
        ("東京大学に行きました", "行き"),
        ("東京大学に行きました", "東京大学"),
        ("東京大学に行きました", "学"),
        ("今日はカフェへ", "カフェ"),
        ("ｶﾞﾗｽの靴", "ガラス"),
        ("我们明天去北京", "北京"),
        ("我们明天去北京", "明天 北京"),
        ("对外汉语", "汉语"),
        ("서울대학교에서 만나요", "대학교"),
        ("ผมชอบกินข้าวผัด", "ข้าว"),
        ("ขอบคุณครับ", "คุณ"),
        ("مَرْحَبًا بالعالم", "مرحبا"),
        ("שָׁלוֹם לכולם", "שלום"),
        ("हिन्दी में लिखो", "हिन्दी"),
        ("tiếng Việt", "tieng viet"),
        ("order 66 shipped", "66"),
        ("order ٦٦ shipped", "66"),
        ("written in C++, not in C#", "c++"),
        ("written in C++, not in C#", "C#"),
        ("see #launch and a.b", "#launch"),
        ("see #launch and a.b", "a.b"),
        ("a **bold** `claim`", "bold claim"),
        ("well done 👍🏽 all", "👍"),
        ("we ♥️ this", "♥"),
        ("x" * 200, "x" * 150),
        ("don't panic", "don't"),
        ("snake_case here", "snake_case"),
    ],
)
async def test_a_word_is_found_as_people_write_it(
    db: database.Database, cast: people.Cast, body: str, q: str
) -> None:
    await say(db, cast.room, cast.alice, body, "something else altogether")
    assert await found(db, cast.bob, q, room=cast.room) == [body]
    assert await found(db, cast.bob, q) == [body]


@pytest.mark.parametrize(
    ("body", "q"),
    [
        ("See you at the harbour", "arbour"),
        ("See you at the harbour", "harbours"),
        ("See you at the harbour", "harbour boat"),
        ("written in C", "c++"),
        ("東京大学に行きました", "京東"),
        ("かき", "かぎ"),
        ("well done 👍", "👎"),
        ("see you", "_"),
        ("17", "@"),
    ],
)
async def test_what_was_not_said_is_not_found(
    db: database.Database, cast: people.Cast, body: str, q: str
) -> None:
    await say(db, cast.room, cast.alice, body)
    assert await found(db, cast.bob, q, room=cast.room) == []
    assert await found(db, cast.bob, q) == []


SPECIAL = [
    '"', "*", ":", "(", ")", "-", "^", "NEAR", "OR", "AND NOT", "\\", "'", "%", "_", "\0", "a\0b",
    '"a" OR "b"', "words:a", "NEAR(a b, 3)", "a*b", "{a b}:c", "a & !b", "a <-> b", "a:*A", "''",
    "\\'", "1_a", "~2026", "1@1", "<mark>", "\u202e", "\ufffe", "\U0010ffff", "e\u0301", "\u0301",
]  # fmt: skip


@pytest.mark.parametrize("q", SPECIAL)
async def test_special_characters_are_never_an_error(
    db: database.Database, cast: people.Cast, q: str
) -> None:
    await say(db, cast.room, cast.alice, "nothing of the kind 7", q.replace("\0", ""))
    for by in ("", q):
        for room in (cast.room, None):
            bodies = await found(db, cast.bob, q, room=room, by=by)
            assert "nothing of the kind 7" not in bodies


@hypothesis.settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)
@hypothesis.given(
    body=strategies.text(max_size=60),
    words=strategies.lists(strategies.sampled_from([*SPECIAL, "a", "東京", "ก", "é"]), max_size=5),
    any_text=strategies.text(max_size=20),
)
async def test_whatever_is_typed_or_said_can_be_searched(
    db: database.Database, cast: people.Cast, body: str, words: list[str], any_text: str
) -> None:
    body = body.replace("\0", "")
    await say(db, cast.room, cast.alice, body)
    for q in (any_text, " ".join(words), body):
        bodies = await found(db, cast.bob, q, room=cast.room, by=any_text[:1], before=any_text)
        assert isinstance(bodies, list)
    if terms.sought(body):
        assert body in await found(db, cast.bob, body, room=cast.room)


# --------------------------------------------------------- who, when, order


async def test_the_newest_comes_first_and_pages_have_no_gaps_and_no_doubles(
    db: database.Database, cast: people.Cast
) -> None:
    other = await rooms.create(db, cast.alice, "Another")
    for number in range(1, 31):
        await say(db, cast.room, cast.bob, f"tide {number} here", "ebb")
        await say(db, other, cast.alice, f"tide {number} there")
    for room, expected in (
        (cast.room, [f"tide {n} here" for n in range(30, 0, -1)]),
        (None, [f"tide {n} {place}" for n in range(30, 0, -1) for place in ("there", "here")]),
    ):
        bodies, before, pages = [], "", 0
        while True:
            query = search.parse({"q": "tide", "before": before})
            results = await search.find(db, cast.alice, query, room=room)
            bodies += [hit.body for hit in results.hits]
            pages += 1
            if results.next is None:
                break
            assert len(results.hits) == search.PAGE
            before = results.next
        assert bodies == expected
        assert pages == -(-len(expected) // search.PAGE)


@pytest.mark.parametrize("before", ["x", "1", ".", "x.1", "17.9" * 9, "a.99999999999999999999"])
async def test_a_cursor_that_means_nothing_begins_anew(
    db: database.Database, cast: people.Cast, before: str
) -> None:
    await say(db, cast.room, cast.alice, "tide")
    assert await found(db, cast.bob, "tide", room=cast.room, before=before) == ["tide"]


async def test_a_cursor_into_a_room_one_is_not_in_tells_nothing(
    db: database.Database, cast: people.Cast
) -> None:
    await say(db, cast.room, cast.alice, "tide")
    mine = await rooms.create(db, cast.charlie, "Mine")
    await say(db, mine, cast.charlie, "tide of mine")
    for number in (1, 2):
        before = f"{cast.room.public_id}.{number}"
        assert await found(db, cast.charlie, "tide", before=before) == ["tide of mine"]


async def test_messages_are_found_by_who_wrote_them(
    db: database.Database, cast: people.Cast
) -> None:
    await say(db, cast.room, cast.alice, "tide of Alice")
    await say(db, cast.room, cast.bob, "tide of Bob", "and Bob again")
    for room in (cast.room, None):
        assert await found(db, cast.alice, "tide", room=room, by="bob") == ["tide of Bob"]
        assert await found(db, cast.alice, "tide", room=room, by=" @ALICE ") == ["tide of Alice"]
        assert len(await found(db, cast.alice, room=room, by="bob")) == 2
        assert await found(db, cast.alice, "tide", room=room, by="charlie") == []
        assert await found(db, cast.alice, "tide", room=room, by="nobody") == []
        assert await found(db, cast.alice, room=room, by="nobody") == []


async def test_days_begin_and_end_at_midnight(db: database.Database, cast: people.Cast) -> None:
    midnight = NOON // clock.DAY * clock.DAY  # of 20 November 2026
    for at, body in (
        (midnight - 1, "tide on the 19th"),
        (midnight, "tide on the 20th"),
        (midnight + clock.DAY - 1, "tide late on the 20th"),
        (midnight + clock.DAY, "tide on the 21st"),
    ):
        await say(db, cast.room, cast.alice, body, at=at)
    the_20th = ["tide late on the 20th", "tide on the 20th"]
    for room in (cast.room, None):
        for q in ("tide", ""):
            one = {"since": "2026-11-20", "until": "2026-11-20"}
            assert await found(db, cast.bob, q, room=room, **one) == the_20th
            since = await found(db, cast.bob, q, room=room, since="2026-11-20")
            assert since == ["tide on the 21st", *the_20th]
            until = await found(db, cast.bob, q, room=room, until="2026-11-20")
            assert until == [*the_20th, "tide on the 19th"]
            turned = {"since": "2026-11-21", "until": "2026-11-20"}
            assert await found(db, cast.bob, q, room=room, **turned) == []
            assert await found(db, cast.bob, q, room=room, since="9999-12-31") == []
            assert len(await found(db, cast.bob, q, room=room, since="0001-01-01")) == 4


async def test_messages_of_a_clock_gone_wrong_are_found_all_the_same(
    db: database.Database, cast: people.Cast
) -> None:
    for at in (-(10**15), 0, 10**17):
        await say(db, cast.room, cast.alice, "tide", at=at)
    assert len(await found(db, cast.bob, "tide", room=cast.room)) == 3


@pytest.mark.parametrize("day", ["2026-13-01", "yesterday", "20.11.2026", "2026-11-20T00", "'"])
async def test_what_is_no_day_is_refused_with_its_field(day: str) -> None:
    for field in ("since", "until"):
        with pytest.raises(errors.Invalid) as refusal:
            search.parse({"q": "tide", field: day})
        assert refusal.value.field == field


async def test_words_that_are_too_many_are_refused() -> None:
    assert search.parse({"q": "x" * search.LENGTH}).q
    with pytest.raises(errors.Invalid) as refusal:
        search.parse({"q": "x" * (search.LENGTH + 1)})
    assert refusal.value.field == "q"


@pytest.mark.parametrize("q", ["", "  ", "?!…", '"*"', "\u200b"])
async def test_nothing_is_found_by_no_word(
    db: database.Database, cast: people.Cast, q: str, counting: Counting
) -> None:
    await say(db, cast.room, cast.alice, "tide ?!…")
    with counting() as queries:
        assert await found(db, cast.bob, q, room=cast.room) == []
    assert queries == []


# ------------------------------------------------------------------ changes


async def test_the_database_keeps_the_index_itself(
    db: database.Database, cast: people.Cast
) -> None:
    await say(db, cast.room, cast.alice, "the old words", "others")
    given = {"room_id": cast.room.id, "author_id": cast.alice.id, "posted_at": NOON}
    kept = terms.index("a newer text", **given)
    change = "UPDATE messages SET body = :body, words = :words WHERE number = 1"
    await db.run(change, {"body": "a newer text", "words": kept})
    assert await found(db, cast.bob, "old", room=cast.room) == []
    assert await found(db, cast.bob, "newer", room=cast.room) == ["a newer text"]
    await db.run("UPDATE messages SET run = 1")
    assert await found(db, cast.bob, "newer", room=cast.room) == ["a newer text"]
    await db.run(change, {"body": "", "words": ""})
    assert await found(db, cast.bob, "newer", room=cast.room) == []
    assert await found(db, cast.bob, "others", room=cast.room) == ["others"]
    await db.run("DELETE FROM messages WHERE number = 2")
    assert await found(db, cast.bob, "others", room=cast.room) == []
    if db.dialect == "sqlite":
        # https://www.sqlite.org/fts5.html#the_integrity_check_command raises if they differ.
        await db.run(
            "INSERT INTO message_words (message_words, rank) VALUES ('integrity-check', 1)"
        )


async def test_what_was_erased_is_not_found_even_by_words_that_stayed(
    db: database.Database, cast: people.Cast
) -> None:
    await say(db, cast.room, cast.alice, "tide")
    assert await found(db, cast.bob, "tide") == ["tide"]
    await db.run("UPDATE messages SET deleted_at = 1")
    assert await found(db, cast.bob, "tide") == []
    assert await found(db, cast.bob, "tide", room=cast.room) == []


# ------------------------------------------------------------------ may not


async def test_nobody_finds_what_is_said_where_they_are_not(
    db: database.Database, cast: people.Cast
) -> None:
    root = await people.person(db, "Root", is_admin=True)
    for access in rooms.ACCESS:
        room = await rooms.create(db, cast.alice, f"By {access}", access)
        await say(db, room, cast.alice, "tide")
        for outsider in (cast.charlie, root):
            for where in (room, None):
                assert await found(db, outsider, "tide", room=where) == []
                assert await found(db, outsider, room=where, by="alice") == []
                assert await found(db, outsider, room=where, since="2026-11-20") == []
        assert await found(db, cast.alice, "tide", room=room) == ["tide"], "the test can fail"


async def test_who_left_finds_nothing_there_any_more(
    db: database.Database, cast: people.Cast
) -> None:
    await say(db, cast.room, cast.alice, "tide")
    assert await found(db, cast.bob, "tide", room=cast.room) == ["tide"]
    await memberships.leave(db, cast.room, cast.bob)
    assert await found(db, cast.bob, "tide", room=cast.room) == []
    assert await found(db, cast.bob, "tide") == []


async def test_a_membership_that_ends_between_the_two_queries_counts(
    db: database.Database, cast: people.Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    await say(db, cast.room, cast.alice, "tide")
    looked = search._scope

    async def look_and_leave(*asked: Any) -> Any:
        scope = await looked(*asked)
        await memberships.leave(db, cast.room, cast.bob)
        return scope

    monkeypatch.setattr(search, "_scope", look_and_leave)
    assert await found(db, cast.bob, "tide") == []


async def test_archived_rooms_are_searched_and_deleted_ones_are_not(
    db: database.Database, cast: people.Cast
) -> None:
    await say(db, cast.room, cast.alice, "tide")
    await settings.archive(db, cast.room, cast.alice)
    assert await found(db, cast.bob, "tide") == ["tide"]
    assert await found(db, cast.bob, "tide", room=cast.room) == ["tide"]
    await settings.delete(db, cast.room, cast.alice)
    assert await found(db, cast.bob, "tide") == []
    assert await found(db, cast.bob, "tide", room=cast.room) == []


async def test_rooms_whose_numbers_begin_alike_do_not_mix(
    db: database.Database, cast: people.Cast
) -> None:
    """Room 1 and room 11, author 1 and author 11: terms carry numbers."""
    made = [await rooms.create(db, cast.charlie, f"Room {letter}") for letter in "abcdefghijkl"]
    for room in made:
        await say(db, room, cast.charlie, f"tide of {room.title}", "11 1_tide 1@1")
    for room in made:
        assert await found(db, cast.charlie, "tide of", room=room) == [f"tide of {room.title}"]
        assert await found(db, cast.charlie, "1_tide", room=room) == ["11 1_tide 1@1"]
    assert len(await found(db, cast.charlie, "tide of")) == 12
    assert await found(db, cast.alice, "tide") == []


# -------------------------------------------------------------------- work

SMALL, LARGE = 100, 3 * max(matching.NEAR.values())
STEPS = 60  # of SQLite's machine, at most, for a message that is looked through


def statement(
    dialect: str, person: accounts.Person, room: rooms.Room, q: str, **fields: str
) -> tuple[str, dict[str, Any]]:
    query = search.parse({"q": q, **fields})
    sql, values = matching.asked(dialect, query, None, [room.id], everywhere=False)
    values |= {"person_id": person.id, "room_id": 0, "number": 0}
    return sql, values


async def rows_read(
    db: database.Database, url: str, person: accounts.Person, room: rooms.Room, q: str
) -> int:
    """How much of the table of messages a search looks at; on SQLite, in steps of its machine."""
    sql, values = statement(db.dialect, person, room, q)
    if db.dialect == "sqlite":
        return steps(url, sql, values)
    plan = await db.value(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", values)
    return sum(
        (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        for node in nodes(json.loads(plan)[0]["Plan"])
        if node.get("Relation Name") == "messages"
    )


def steps(url: str, sql: str, values: dict[str, Any]) -> int:
    counted = 0

    def count() -> None:
        nonlocal counted
        counted += 1

    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    connection.set_progress_handler(count, 1)
    connection.execute(sql, values).fetchall()
    connection.close()
    return counted


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from nodes(part)


@pytest.mark.parametrize("everywhere", [False, True])
async def test_a_search_takes_two_queries_whatever_it_asks_for(
    db: database.Database, cast: people.Cast, counting: Counting, everywhere: bool
) -> None:
    await say(db, cast.room, cast.alice, *["tide"] * 30)
    asked = {"q": "tide", "by": "alice", "since": "2026-01-01", "until": "2026-12-31"}
    room = None if everywhere else cast.room
    with counting() as queries:
        results = await search.find(db, cast.bob, search.parse(asked), room=room)
    assert len(results.hits) == search.PAGE
    assert len(queries) == 2


async def test_a_large_room_is_searched_with_as_little_work_as_a_small_one(
    db: database.Database, database_url: str, cast: people.Cast
) -> None:
    small = await rooms.create(db, cast.alice, "Small")
    for room, size in ((small, SMALL), (cast.room, LARGE)):
        bodies = [f"tide {'rare' if n == size // 2 else n}" for n in range(size)]
        await say(db, room, cast.alice, *bodies)
    if db.dialect == "postgresql":
        await db.run("ANALYZE messages")
    for q in ("tide", "rare", "tide rare"):
        least, most = [
            await rows_read(db, database_url, cast.alice, room, q) for room in (small, cast.room)
        ]
        # The newest are looked through, however many there are, before the index is asked.
        spared = matching.NEAR[db.dialect] * (STEPS if db.dialect == "sqlite" else 1)
        assert most <= least + spared + 10, q


async def test_pages_go_on_where_the_index_is_asked_for_the_rest(
    db: database.Database, cast: people.Cast
) -> None:
    bodies = [f"tide {n}" if n % 60 == 0 else "ebb" for n in range(1_500)]
    await say(db, cast.room, cast.alice, *bodies)
    expected = [body for body in bodies[::-1] if body != "ebb"]
    for room in (cast.room, None):
        first = await search.find(db, cast.bob, search.parse({"q": "tid"}), room=room)
        assert [hit.body for hit in first.hits] == expected[: search.PAGE]
        before = first.next or ""
        assert await found(db, cast.bob, "tid", room=room, before=before) == expected[search.PAGE :]
        assert await found(db, cast.bob, "tide 60", room=room) == ["tide 600", "tide 60"]


async def test_sqlite_asks_its_index_for_nothing_where_the_newest_fill_a_page(
    sqlite_url: str,
) -> None:
    db = database.Database(sqlite_url)
    await db.connect()
    try:
        cast = await people.cast(db)
        bodies = ["one tide" if n == 0 else f"ebb {n}" for n in range(2 * matching.NEAR["sqlite"])]
        await say(db, cast.room, cast.alice, *bodies)
        await db.run("INSERT INTO message_words (message_words) VALUES ('delete-all')")
        for room in (cast.room, None):
            newest = bodies[::-1][: search.PAGE]
            for asked in ({"q": "eb"}, {"q": "ebb", "by": "alice"}, {"since": "2026-11-20"}):
                assert await found(db, cast.bob, room=room, **asked) == newest
            assert await found(db, cast.bob, "tide", room=room) == [], "only the index knows it"
    finally:
        await db.disconnect()


@pytest.mark.parametrize("fields", [{}, {"by": "alice"}, {"since": "2026-01-01"}])
@pytest.mark.parametrize("everywhere", [False, True])
async def test_sqlite_reads_its_index_from_the_newest_on_and_scans_no_table(
    sqlite_url: str, fields: dict[str, str], everywhere: bool
) -> None:
    query = search.parse({"q": "tide", **fields})
    sql, asked = matching.asked("sqlite", query, 1, [1, 2], everywhere=everywhere)
    values = {**asked, "person_id": 1, "room_id": 0, "number": 0}
    connection = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
    plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
    connection.close()
    scans = {line.partition(":")[0] for line in plan if line.startswith("SCAN")}
    # What the statement makes itself has one row for each term, or for each message it found.
    made = {f"SCAN {name}" for name in ("sought", "s", "m", "near", "far")}
    assert scans - made == {
        "SCAN json_each VIRTUAL TABLE INDEX 1",
        "SCAN message_words VIRTUAL TABLE INDEX 192",
    }
    assert [line for line in plan if "TEMP B-TREE" in line] == ["UNION USING TEMP B-TREE"]


async def test_words_that_were_erased_leave_the_file_with_the_tidying(sqlite_url: str) -> None:
    path = pathlib.Path(sqlite_url.removeprefix("sqlite:///"))
    db = database.Database(sqlite_url)
    await db.connect()
    try:
        cast = await people.cast(db)
        posted = await messages.post(db, cast.room, cast.bob, messages.Draft("a xylophonequartz"))
        room = await rooms.by_id(db, cast.room.id)
        assert room
        assert b"xylophonequartz" in written(path)
        await revisions.erase(db, room, cast.bob, posted.number)
        await matching.tidy(db)
        assert b"xylophonequartz" not in written(path)
    finally:
        await db.disconnect()


def written(path: pathlib.Path) -> bytes:
    """What stands in the file itself, once everything is there."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path.read_bytes()
