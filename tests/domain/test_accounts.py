"""Usernames and the check of a password."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub import database, errors, passwords
from hubbub.domain import accounts, sessions
from tests import people

pytestmark = pytest.mark.anyio


async def test_a_person_is_shown_as_typed_and_found_in_any_case(db: database.Database) -> None:
    made = await people.person(db, "Ada.Lovelace")
    assert (made.username, made.name, made.is_admin) == ("Ada.Lovelace", "Ada.Lovelace", False)
    assert await accounts.by_username(db, " ADA.lovelace ") == made


async def test_a_username_that_differs_only_in_case_is_taken(db: database.Database) -> None:
    await people.person(db, "ada")
    with pytest.raises(errors.Conflict) as refusal:
        await people.person(db, "ADA")
    assert refusal.value.field == "username"


async def test_of_many_who_want_the_same_name_at_once_one_gets_it(db: database.Database) -> None:
    tries = [people.person(db, "ada") for _ in range(6)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(result, accounts.Person) for result in results) == 1
    assert sum(isinstance(result, errors.Conflict) for result in results) == 5


@pytest.mark.parametrize("name", ["ab", "a" * 32, "0x", "a.b-c_d", "Z9"])
def test_a_username_that_keeps_the_rules_is_kept_as_it_is(name: str) -> None:
    assert accounts.clean_username(name) == name


@pytest.mark.parametrize(
    "name", ["a", "a" * 33, "", " ", ".ab", "-ab", "_ab", "a b", "ädä", "аdа", "a\u202eb", "a\nb"]
)
def test_a_username_that_breaks_the_rules_is_refused_beside_its_field(name: str) -> None:
    with pytest.raises(errors.Invalid) as refusal:
        accounts.clean_username(name)
    assert refusal.value.field == "username"


@pytest.mark.parametrize("name", ["a\0b", "a\ud800b"])
def test_a_username_that_cannot_be_read_is_malformed(name: str) -> None:
    with pytest.raises(errors.Malformed):
        accounts.clean_username(name)


@given(st.text(max_size=40))
def test_whatever_is_typed_a_username_comes_out_clean_or_not_at_all(text: str) -> None:
    try:
        username = accounts.clean_username(text)
    except errors.Invalid:
        return
    assert 2 <= len(username) <= 32
    assert username.isascii()
    assert accounts.clean_username(username) == username


async def test_a_reserved_name_is_for_administrators_only(db: database.Database) -> None:
    with pytest.raises(errors.Conflict):
        await people.person(db, "Admin")
    assert (await people.person(db, "Admin", is_admin=True)).is_admin


async def test_a_common_password_is_refused_and_makes_no_account(db: database.Database) -> None:
    with pytest.raises(errors.Invalid) as refusal:
        await accounts.register(db, "ada", "password", people.KEYS)
    assert refusal.value.field == "password"
    assert await accounts.by_username(db, "ada") is None


async def test_the_right_password_tells_who_it_is(db: database.Database) -> None:
    ada = await people.person(db, "Ada")
    assert await accounts.authenticate(db, "ada", people.PASSWORD, people.KEYS) == ada


@pytest.mark.parametrize(
    ("username", "password"),
    [("ada", "something else"), ("eve", people.PASSWORD), ("a\0", "x"), ("\ud800", "x"), ("", "")],
)
async def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(
    db: database.Database, username: str, password: str
) -> None:
    await people.person(db, "ada")
    with pytest.raises(errors.Invalid) as refusal:
        await accounts.authenticate(db, username, password, people.KEYS)
    assert refusal.value.message == "This username and password do not match."


async def test_a_password_kept_with_an_older_secret_is_kept_anew_at_login(
    db: database.Database,
) -> None:
    await people.person(db, "ada")
    rotated = (*people.KEYS, "the secret that came after it, and is as long")
    await accounts.authenticate(db, "ada", people.PASSWORD, rotated)
    await accounts.authenticate(db, "ada", people.PASSWORD, rotated[1:])
    with pytest.raises(errors.Invalid):
        await accounts.authenticate(db, "ada", people.PASSWORD, people.KEYS)


async def test_two_logins_at_once_both_keep_the_password_anew(db: database.Database) -> None:
    await people.person(db, "ada")
    rotated = (*people.KEYS, "the secret that came after it, and is as long")
    for proof in await asyncio.gather(
        *(accounts.prove(db, "ada", people.PASSWORD, rotated) for _ in range(3))
    ):
        await sessions.start(db, proof.person, kept=proof.kept)


async def test_keeping_a_password_anew_never_brings_back_one_that_was_changed(
    db: database.Database,
) -> None:
    ada = await people.person(db, "ada")
    rotated = (*people.KEYS, "the secret that came after it, and is as long")
    newer = await passwords.hash("twelve herons on a weir", rotated)
    async with db.transaction() as conn:
        change = {"password": newer, "id": ada.id}
        await conn.run("UPDATE people SET password = :password WHERE id = :id", change)
        late = asyncio.create_task(accounts.prove(db, "ada", people.PASSWORD, rotated))
        # It reads what was there before, and has all the time to hash that anew.
        for _ in range(4):
            await passwords.hash("something to wait for", rotated)
    with pytest.raises(errors.Invalid):
        await late
    assert await accounts.authenticate(db, "ada", "twelve herons on a weir", rotated) == ada


async def test_names_of_several_people_come_in_one_query(db: database.Database) -> None:
    ada, bo = await people.person(db, "ada"), await people.person(db, "bo")
    assert await accounts.names(db, [ada.id, bo.id, 999]) == {ada.id: "ada", bo.id: "bo"}
    assert await accounts.names(db, []) == {}
