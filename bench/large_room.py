"""What a room of 100,000 messages costs beside one of 100: queries, rows, work and time.

    .venv/bin/python bench/large_room.py [--messages 100000] [--database-url postgresql://…/empty]

Both rooms are in one database, made by the real migrations. The real application is asked in this
process, by someone who has read nothing yet. A cell holds what the large room took, and behind the
cross how many times as much as the small one: the result.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import datetime
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import counting
import filling
import httpx2
from filling import Place
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hubbub import app, config, logs, migrations
from hubbub.domain import sessions

SMALL = 100
FRAGMENT = {"HX-Request": "true"}


# ---------------------------------------------------------------- questions


@dataclasses.dataclass(frozen=True)
class Question:
    """Something that is asked of a room; `path` gives what comes after the room's own."""

    name: str
    path: Callable[[Place], str]
    headers: dict[str, str] = dataclasses.field(default_factory=dict)


def _date(day: int) -> str:
    return (datetime.date(1970, 1, 1) + datetime.timedelta(day)).isoformat()


def _search(name: str, query: Callable[[Place], str]) -> Question:
    return Question(f"search: {name}", lambda place: f"/search?{query(place)}")


def _on(place: Place, number: int) -> str:
    return f"since={_date(place.day(number))}&until={_date(place.day(number))}"


def _from_middle(place: Place) -> str:
    return f"before={place.room.public_id}.{place.size // 2 + 1}"


QUESTIONS = [
    Question("open the room, jump to the newest", lambda place: ""),
    Question("a page before the middle", lambda p: f"/messages?before={p.size // 2 + 1}", FRAGMENT),
    Question("a page after the middle", lambda p: f"/messages?after={p.size // 2 - 1}", FRAGMENT),
    Question("jump to a message in the middle", lambda place: f"/{place.size // 2}"),
    Question("jump to the first message", lambda place: "/1"),
    Question("the pins", lambda place: "/pins"),
    _search("a rare word", lambda place: f"q={filling.RARE}"),
    _search("a common word", lambda place: f"q={filling.COMMON}"),
    _search("a common word, from the middle on", lambda p: f"q={filling.COMMON}&{_from_middle(p)}"),
    _search("the beginning of many words", lambda place: "q=b"),
    _search("a rare word and a common one", lambda place: f"q={filling.RARE}+{filling.COMMON}"),
    _search("a rare word and such a beginning", lambda place: f"q={filling.RARE}+b"),
    _search("by person", lambda place: f"by={place.authors[1].username}"),
    _search("by person and word", lambda p: f"q={filling.RARE}&by={p.authors[1].username}"),
    _search("by the last day", lambda place: _on(place, place.size)),
    _search("by a day in the middle", lambda place: _on(place, place.size // 2)),
    _search("by word since the first day", lambda p: f"q={filling.RARE}&since={_date(p.day(1))}"),
    Question("the last day, whole", lambda place: f"/day/{_date(filling.YESTERDAY)}"),
    Question("a day in the middle, whole", lambda p: f"/day/{_date(p.day(p.size // 2))}"),
    Question("names for a mention", lambda place: "/names?q=a", FRAGMENT),
]


# ------------------------------------------------------------------- asking


@contextlib.asynccontextmanager
async def running(settings: config.Config) -> AsyncIterator[tuple[ASGIApp, dict[str, Any]]]:
    """The application between the start and the end of its life, and the state it made."""
    site, state = app.create_app(settings), dict[str, Any]()
    told, said = asyncio.Queue[Message](), asyncio.Queue[Message]()
    life = asyncio.create_task(site({"type": "lifespan", "state": state}, told.get, said.put))

    async def asked(scope: Scope, receive: Receive, send: Send) -> None:
        await site({**scope, "state": dict(state)}, receive, send)

    try:
        for word in ("startup", "shutdown"):
            await told.put({"type": f"lifespan.{word}"})
            answer = await said.get()
            if answer["type"] != f"lifespan.{word}.complete":
                raise RuntimeError(answer)
            if word == "startup":
                yield asked, state
    finally:
        life.cancel()


@dataclasses.dataclass(frozen=True)
class Visitor:
    """Somebody signed in, in front of a room."""

    place: Place
    client: httpx2.AsyncClient
    path: str

    async def ask(self, question: Question) -> httpx2.Response:
        path = self.path + question.path(self.place)
        answer = await self.client.get(path, headers=question.headers)
        if answer.status_code != 200:
            raise RuntimeError(f"{answer.status_code} for {path}")
        return answer


async def visit(site: ASGIApp, state: dict[str, Any], place: Place) -> Visitor:
    token, _ = await sessions.start(state["db"], place.reader)
    client = httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=site), base_url=state["links"].origin
    )
    client.cookies.set("session", token)
    return Visitor(place, client, state["links"].room_path(place.room))


# ------------------------------------------------------------------- taking


@dataclasses.dataclass
class Cost:
    """What one answer took; `seconds` has every try."""

    queries: int
    rows: int
    read: int
    pages: int
    size: int
    seconds: list[float]


async def compare(
    visitors: Sequence[Visitor], question: Question, url: str, rounds: int
) -> list[Cost]:
    """The costs for each of the visitors, who take turns."""
    costs = [await count(visitor, question, url) for visitor in visitors]
    for turn in range(rounds):
        pairs = list(zip(visitors, costs, strict=True))
        for visitor, cost in pairs if turn % 2 else pairs[::-1]:
            start = time.perf_counter()
            await visitor.ask(question)
            cost.seconds.append(time.perf_counter() - start)
    return costs


async def count(visitor: Visitor, question: Question, url: str) -> Cost:
    await visitor.ask(question)  # What is remembered after the first time is not the room's.
    with counting.noted() as ledger:
        answer = await visitor.ask(question)
    asked = [statement for statement, _ in ledger if not statement.writes]
    read, pages = await counting.read(url, asked)
    rows = sum(count for _, count in ledger)
    return Cost(len(ledger), rows, read, pages, len(answer.content), [])


# ----------------------------------------------------------------- printing


def line(name: str, small: Cost, large: Cost) -> str:
    pairs = [
        (f"{large.queries:,}", large.queries, small.queries),
        (f"{large.rows:,}", large.rows, small.rows),
        (f"{large.read:,}", large.read, small.read),
        (f"{large.pages:,}", large.pages, small.pages),
        (f"{large.size / 1000:.1f}", large.size, small.size),
    ]
    much, little = (statistics.median(cost.seconds) * 1000 for cost in (large, small))
    cells = [name, *(_cell(*pair) for pair in pairs), _cell(f"{much:.1f}", much, little)]
    return f"| {' | '.join(cells)} |"


def _cell(shown: str, large: float, small: float) -> str:
    return f"{shown} × {large / small:.2f}" if small else shown


async def run(settings: config.Config, size: int, rounds: int) -> None:
    url = settings.database_url
    async with running(settings) as (site, state):
        places = [
            await filling.furnish(state["db"], url, name, count)
            for name, count in (("small", SMALL), ("large", size))
        ]
        await filling.settle(url)
        visitors = [await visit(site, state, place) for place in places]
        read = "steps" if url.startswith("sqlite:") else "rows read"
        print(f"| {size:,} messages × {SMALL} | queries | rows | {read} | pages | KB | ms |")
        print("|---|---|---|---|---|---|---|")
        for question in QUESTIONS:
            costs = await compare(visitors, question, url, rounds)
            print(line(question.name, *costs), flush=True)
        for visitor in visitors:
            await visitor.client.aclose()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--messages", type=int, default=100_000, help=f"a multiple of {SMALL}")
    parser.add_argument("--database-url", help="an empty PostgreSQL database instead of SQLite")
    parser.add_argument("--rounds", type=int, default=40, help="how often each time is taken")
    asked = parser.parse_args()
    if asked.messages < SMALL or asked.messages % SMALL:
        parser.error(f"--messages should be a multiple of {SMALL}")
    with tempfile.TemporaryDirectory(prefix="hubbub-large-room-") as folder:
        settings = _settings(folder, asked.database_url or "")
        migrations.upgrade(settings.database_url)
        counting.keep_books()
        # A line in the log for each request would stand between those of the table.
        logs.request = lambda **_: None
        asyncio.run(run(settings, asked.messages, asked.rounds))


def _settings(folder: str, url: str) -> config.Config:
    environ = {"HUBBUB_DATA_DIR": folder, "HUBBUB_DATABASE_URL": url}
    return dataclasses.replace(config.from_environment(environ), rate_limits=False)


if __name__ == "__main__":
    main()
