"""The same few words do the same on SQLite and on PostgreSQL."""

import asyncio
import random
from typing import Any

import pytest
import sqlalchemy

from hubbub import database, tables

pytestmark = pytest.mark.anyio

people = tables.people

ADD = """
    INSERT INTO people (username, username_key, display_name, password, created_at)
    VALUES (:name, :name, :name, 'x', :at) RETURNING id
"""
COUNT = "SELECT count(*) FROM people"
NEXT = "UPDATE counters SET value = value + 1 WHERE name = 'session_endings' RETURNING value"


async def add(db: database.Queries, name: str, at: int = 1) -> int:
    return int(await db.value(ADD, {"name": name, "at": at}))


async def test_a_record_gives_its_columns_by_name_by_attribute_and_in_order(
    db: database.Database,
) -> None:
    await add(db, "alice", at=2**41)
    text = await db.one(
        "SELECT username, created_at AS at FROM people WHERE username = :n", {"n": "alice"}
    )
    core = await db.one(sqlalchemy.select(people.c.username, people.c.created_at.label("at")))
    for row in (text, core):
        assert row is not None
        assert row["username"] == row.username == row[0] == "alice"
        assert row["at"] == row.at == 2**41
        assert tuple(row) == ("alice", 2**41)
        assert list(row.keys()) == ["username", "at"]
        assert not hasattr(row, "password")
        with pytest.raises((KeyError, IndexError)):
            row["password"]


async def test_what_is_not_there_is_none_or_empty(db: database.Database) -> None:
    nobody = "SELECT id FROM people WHERE username = :name"
    assert await db.one(nobody, {"name": "nobody"}) is None
    assert await db.value(nobody, {"name": "nobody"}) is None
    assert await db.all(nobody, {"name": "nobody"}) == []


async def test_core_and_text_take_values_of_the_same_kinds(db: database.Database) -> None:
    values = {"username": "b", "username_key": "b", "display_name": "B", "password": "x"}
    insert = sqlalchemy.insert(people)
    one = await db.value(insert.values(**values, created_at=1).returning(people.c.id))
    two = await db.value(
        insert.returning(people.c.id), {**values, "username_key": "c", "created_at": 2}
    )
    wanted = sqlalchemy.select(people.c.id).where(
        people.c.created_at == sqlalchemy.bindparam("at"), people.c.is_admin == 0
    )
    assert [await db.value(wanted, {"at": at}) for at in (1, 2)] == [one, two]


async def test_a_query_of_one_shape_takes_lists_of_any_length(db: database.Database) -> None:
    ids = [await add(db, name) for name in ("a", "b", "c", "d")]
    for length in (1, 4, 0, 2, 3, 2):
        query = sqlalchemy.select(people.c.id).where(people.c.id.in_(ids[:length]))
        rows = await db.all(query.order_by(people.c.id).limit(10))
        assert [row.id for row in rows] == ids[:length]


async def test_signs_of_the_placeholders_are_only_text_in_values(db: database.Database) -> None:
    tricky = "100 % :name $1 ? %(x)s '; --"
    await add(db, tricky)
    found = sqlalchemy.select(people.c.username).where(
        people.c.username.like("100 \\% :%", escape="\\")
    )
    assert await db.value(found) == tricky
    assert (
        await db.value("SELECT username FROM people WHERE username LIKE :p", {"p": "1%"}) == tricky
    )


async def test_a_cast_and_a_time_in_text_are_no_names(postgres_url: str) -> None:
    db = database.Database(postgres_url)
    await db.connect()
    try:
        text = "SELECT :number::bigint AS number, '12:30'::text AS at"
        row = await db.one(text, {"number": 2**40})
        assert row is not None
        assert tuple(row) == (2**40, "12:30")
    finally:
        await db.disconnect()


async def test_a_transaction_is_there_as_a_whole_or_not_at_all(db: database.Database) -> None:
    async def fail_halfway() -> None:
        async with db.transaction() as connection:
            await add(connection, "half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_halfway()
    assert await db.value(COUNT) == 0
    async with db.transaction() as connection:
        await add(connection, "one")
        await add(connection, "two")
        assert await connection.value(COUNT) == 2
    assert await db.value(COUNT) == 2


async def test_a_transaction_inside_a_transaction_is_the_same_one(db: database.Database) -> None:
    async def fail_outside() -> None:
        async with db.transaction() as outer:
            async with outer.transaction() as inner:
                await add(inner, "inner")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_outside()
    assert await db.value(COUNT) == 0


async def test_asking_the_database_inside_a_transaction_is_refused_at_once(
    db: database.Database,
) -> None:
    async with db.transaction() as connection:
        await add(connection, "a")
        with pytest.raises(RuntimeError, match="its connection"):
            await db.value(COUNT)
        with pytest.raises(RuntimeError, match="its connection"):
            await add(db, "b")
    assert await add(db, "c")


async def test_a_snapshot_sees_one_moment(db: database.Database) -> None:
    await add(db, "before")
    async with db.snapshot() as moment:
        assert await moment.value(COUNT) == 1
        await asyncio.create_task(add(db, "meanwhile"))
        assert await moment.value(COUNT) == 1
    assert await db.value(COUNT) == 2


async def test_a_snapshot_cannot_write(db: database.Database) -> None:
    with pytest.raises(Exception, match=r"readonly|read-only|Hubbub is busy"):
        async with db.snapshot() as moment:
            await add(moment, "nobody")
    assert await db.value(COUNT) == 0


async def test_what_must_be_unique_is_told_in_one_word(db: database.Database) -> None:
    await add(db, "alice")
    with pytest.raises(database.UniqueViolation):
        await add(db, "alice")

    async def add_both() -> None:
        async with db.transaction() as connection:
            await add(connection, "bob")
            await add(connection, "alice")

    with pytest.raises(database.UniqueViolation):
        await add_both()
    assert await db.value(COUNT) == 1


async def test_what_does_not_belong_to_anybody_is_refused(db: database.Database) -> None:
    """Foreign keys hold on SQLite too, where `databases` leaves them off."""
    orphan = (
        "INSERT INTO sessions (token_hash, person_id, created_at, seen_at) VALUES ('h', 7, 1, 1)"
    )
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        await db.run(orphan)


async def test_a_failed_statement_that_is_swallowed_does_not_commit_in_silence(
    db: database.Database,
) -> None:
    await add(db, "alice")

    async def careless() -> None:
        async with db.transaction() as connection:
            await add(connection, "bob")
            with pytest.raises(database.UniqueViolation):
                await add(connection, "alice")

    if db.dialect == "postgresql":
        with pytest.raises(RuntimeError, match="nothing was committed"):
            await careless()
        assert await db.value(COUNT) == 1
    else:
        await careless()
        assert await db.value(COUNT) == 2


async def test_concurrent_transactions_leave_no_hole(db: database.Database) -> None:
    """Half of them roll back, some are cancelled; the numbers given out are 1, 2, 3 …"""
    kept: list[int] = []

    async def count(doomed: bool) -> None:
        async with db.transaction() as connection:
            number = int(await connection.value(NEXT))
            await add(connection, f"person {number}")
            if doomed:
                raise ZeroDivisionError
        kept.append(number)

    chance = random.Random(7)
    tasks = [asyncio.create_task(count(chance.random() < 0.5)) for _ in range(120)]
    for task in chance.sample(tasks, 30):
        asyncio.get_running_loop().call_later(chance.random() * 0.05, task.cancel)
    await asyncio.gather(*tasks, return_exceptions=True)
    stored = [row[0] for row in await db.all("SELECT username FROM people ORDER BY id")]
    last = int(await db.value("SELECT value FROM counters WHERE name = 'session_endings'"))
    assert stored == [f"person {number}" for number in range(1, last + 1)]
    assert set(kept) <= set(range(1, last + 1))
    assert len(kept) == len(set(kept)) > 0


async def test_the_clock_is_in_milliseconds_and_runs(db: database.Database) -> None:
    earlier: Any = await db.now_ms()
    async with db.transaction() as connection:
        later = await connection.now_ms()
    assert 1_700_000_000_000 < earlier <= later < earlier + 60_000
