"""People and how they are known: usernames, and the check of a password."""

# ruff: noqa: S608, SIM905 - SQL is put together from constants only; a list of words is read
# more easily as words.

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy

from hubbub import database, errors, markup, passwords, words
from hubbub.domain import clock
from hubbub.tables import people

USERNAME_LENGTH = range(2, 33)
_USERNAME = re.compile(r"[a-z0-9][a-z0-9_.-]*")
# No account has a tilde in its name, so that nobody can be taken for a guest, nor a guest for them.
GUEST = "guest~"
_GUEST = re.compile(r"guest~[a-z0-9]{4}")

# Names that could pass for the site itself, or mean everyone in a mention.
RESERVED = frozenset(
    "admin administrator all anonymous channel deleted everyone guest here hubbub me moderator"
    " nobody null owner room root security staff support system undefined".split()
)


@dataclass(frozen=True, slots=True)
class Person:
    """Someone with an account, or a guest: then `guest_of` is the id of the one room they are in.

    `username` is shown as it was typed; `picture` is the digest an uploaded picture is stored
    under; `preferences` are words between blanks.
    """

    id: int
    username: str
    name: str
    is_admin: bool
    picture: str | None = None
    guest_of: int | None = None
    preferences: str = ""

    def prefers(self, word: str) -> bool:
        return word in self.preferences.split()


FIELDS = ("username", "display_name", "is_admin", "picture", "guest_of", "preferences")
COLUMNS = "p.id AS person_id, " + ", ".join(f"p.{name}" for name in FIELDS)


def from_row(row: database.Record) -> Person:
    """Reads the columns that `COLUMNS` names."""
    return Person(
        row["person_id"],
        row["username"],
        row["display_name"],
        bool(row["is_admin"]),
        row["picture"],
        row["guest_of"],
        row["preferences"],
    )


def mark(username: str) -> str:
    """The few letters that stand beside a guest's name wherever it is shown; empty for accounts."""
    return username.rpartition("~")[2] if "~" in username else ""


def fold(username: str) -> str:
    """What must be unique: usernames are ASCII, so case and margins are all there is to folding."""
    return username.strip().lower()


def clean_username(value: str) -> str:
    """A username as typed; Invalid with a sentence when it breaks the rules."""
    username = markup.clean_line(value, field="username", limit=USERNAME_LENGTH[-1])
    if len(username) not in USERNAME_LENGTH or not _USERNAME.fullmatch(fold(username)):
        raise errors.Invalid(
            words.gettext(
                "A username has 2 to 32 letters a to z, digits, dots, hyphens or underscores,"
                " and starts with a letter or a digit."
            ),
            field="username",
        )
    return username


async def register(
    db: database.Queries,
    username: str,
    password: str,
    keys: Sequence[str],
    *,
    site_name: str = "Hubbub",
    is_admin: bool = False,
    now: int | None = None,
) -> Person:
    """Makes an account. Raises what `check_new` raises."""
    username = await check_new(db, username, password, site_name=site_name, is_admin=is_admin)
    hashed = await passwords.hash(password, keys)
    return await insert(db, username, hashed, is_admin=is_admin, now=clock.at(now))


async def check_new(
    db: database.Queries,
    username: str,
    password: str,
    *,
    site_name: str = "Hubbub",
    is_admin: bool = False,
) -> str:
    """The username as it would be kept. Invalid when it or the password breaks the rules, Conflict
    when the name is taken; reserved names are for administrators."""
    username = clean_username(username)
    if fold(username) in RESERVED and not is_admin:
        raise taken()
    passwords.check_rules(password, username, site_name)
    if await by_username(db, username):
        raise taken()
    return username


async def insert(
    db: database.Queries, username: str, hashed: str, *, is_admin: bool = False, now: int
) -> Person:
    """Writes the account of somebody whose name was checked, and whose password is hashed."""
    username = clean_username(username)
    insertion = people.insert().values(
        username=username,
        username_key=fold(username),
        display_name=username,
        password=hashed,
        is_admin=int(is_admin),
        created_at=now,
    )
    try:
        person_id = await db.value(insertion.returning(people.c.id))
    except database.UniqueViolation:
        # Two people asked for the same name while their passwords were being hashed.
        raise taken() from None
    return Person(person_id, username, username, is_admin)


def taken() -> errors.Conflict:
    return errors.Conflict(
        words.gettext("This username is taken. Please choose another."), field="username"
    )


async def by_username(db: database.Queries, username: str) -> Person | None:
    row = await _row(db, username)
    return from_row(row) if row else None


async def names(db: database.Queries, person_ids: Iterable[int]) -> dict[int, str]:
    """What several people are called in a sentence, by their ids."""
    query = sqlalchemy.select(people.c.id, people.c.display_name, people.c.username)
    rows = await db.all(query.where(people.c.id.in_(list(person_ids))))
    return {row["id"]: called(row["username"], row["display_name"]) for row in rows}


def called(username: str, name: str) -> str:
    """A name in a sentence; a guest's has its mark with it."""
    if not mark(username):
        return name
    return words.gettext("{name} (guest {mark})").format(name=name, mark=mark(username))


@dataclass(frozen=True, slots=True)
class Proof:
    """Who gave the right password, and `kept`, what it was kept as then: whoever signs them in
    asks that it still is, for a password may be changed while another is being checked."""

    person: Person
    kept: str


async def authenticate(
    db: database.Queries, username: str, password: str, keys: Sequence[str]
) -> Person:
    """The person whose name and password these are; the same Invalid for everything else."""
    return (await prove(db, username, password, keys)).person


async def prove(db: database.Queries, username: str, password: str, keys: Sequence[str]) -> Proof:
    """The same, for signing in.

    An unknown name costs the same work as a wrong password, so neither answer nor time tells
    which names exist.
    """
    row = await _row(db, username)
    verdict = await passwords.verify(password, row["password"] if row else None, keys)
    if row is None or not verdict.ok or row["disabled_at"] is not None:
        raise no_match()
    if not verdict.rehash:
        return Proof(from_row(row), row["password"])
    kept = await _rehash(db, row, password, keys)
    # When it was changed meanwhile, it is the new one that has to be right.
    return Proof(from_row(row), kept) if kept else await prove(db, username, password, keys)


def no_match() -> errors.Invalid:
    return errors.Invalid(
        words.gettext("This username and password do not match."), field="password"
    )


async def _rehash(
    db: database.Queries, row: database.Record, password: str, keys: Sequence[str]
) -> str | None:
    """Keeps the password as one does now; None, and nothing done, when another came meanwhile."""
    hashed = await passwords.hash(password, keys)
    same = (people.c.id == row["person_id"]) & (people.c.password == row["password"])
    update = people.update().where(same).values(password=hashed).returning(people.c.id)
    return hashed if await db.value(update) is not None else None


async def _row(db: database.Queries, username: str) -> database.Record | None:
    key = fold(username)
    if not (_USERNAME.fullmatch(key) or _GUEST.fullmatch(key)):
        return None  # No such name can exist; nothing unreadable reaches the database.
    return await db.one(
        f"SELECT {COLUMNS}, p.password, p.disabled_at FROM people p WHERE p.username_key = :key"
        " AND p.deleted_at IS NULL",
        {"key": key},
    )


async def keep_an_administrator(conn: database.Connection, person_id: int) -> None:
    """Conflict when nobody else administers the site. Whoever asks does so in the transaction in
    which the person stops; others who ask wait for its end, so no two let each other go."""
    lock = " FOR UPDATE" if conn.dialect == "postgresql" else ""
    rows = await conn.all(f"{_ADMINISTRATORS}{lock}")
    if [row["id"] for row in rows] == [person_id]:
        raise errors.Conflict(
            words.gettext(
                "Nobody else administers this site. Make somebody else an administrator first."
            )
        )


_ADMINISTRATORS = (
    "SELECT id FROM people WHERE is_admin <> 0 AND disabled_at IS NULL AND deleted_at IS NULL"
    " ORDER BY id"
)
