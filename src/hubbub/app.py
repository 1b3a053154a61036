"""Where the house is wired together, and nowhere else."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import random
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, TypedDict

from starlette.applications import Starlette
from starlette.types import ASGIApp

from hubbub import config, database, logs, mail, storage
from hubbub.domain import limits, retention, site
from hubbub.realtime import broker, streams
from hubbub.web import failures, links, live, middleware, push, routes, templating

log = logging.getLogger(__name__)

TIDY_SECONDS = 3600.0
SITE_SECONDS = 1.0
SWITCH_SECONDS = 0.0005
"""A tenth of Python's own: with a loop that is never idle, SQLite writes three times as much."""


class State(TypedDict):
    """What handlers find as `request.state.…`."""

    config: config.Config
    db: database.Database
    files: storage.Store
    limits: limits.Limits
    mail: mail.Mail
    streams: streams.Streams
    templates: templating.Templates
    links: links.Links
    push: push.Pusher
    site: site.Current
    broker: broker.Broker
    started_at: float  # in seconds since the epoch


def create_app(settings: config.Config) -> ASGIApp:
    """The site as an ASGI application. Nothing is connected before its lifespan starts."""
    doors = routes.routes(settings)
    templates = templating.Templates(settings, doors)
    inner = Starlette(
        routes=doors,
        middleware=middleware.stack(settings),
        exception_handlers=failures.handlers(),
        lifespan=_lifespan(settings, templates),
    )
    return middleware.outermost(inner, settings)


def from_environment() -> ASGIApp:
    """What a server process imports."""
    settings = config.from_environment()
    logs.set_up(settings.log_format)
    return create_app(settings)


def _lifespan(
    settings: config.Config, templates: templating.Templates
) -> Callable[[Starlette], contextlib.AbstractAsyncContextManager[State]]:
    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[State]:
        async with contextlib.AsyncExitStack() as closing:
            db = database.Database(settings.database_url)
            await db.connect()
            closing.push_async_callback(db.disconnect)
            files = storage.Store(settings.data_dir / "files")
            current = site.Current(settings)
            await _refresh(current, db, templates)
            limiter = limits.Limits(settings)
            closing.push_async_callback(limiter.close)
            post = mail.Mail(settings)
            await post.start()
            closing.push_async_callback(post.stop)
            pusher = push.Pusher(db, templates, settings.push_hosts)
            closing.callback(pusher.stop)
            rooms, bus = await _live(closing, settings, db, templates, pusher)
            _keep_doing(
                closing,
                _tidy_now_and_then(db, files, current),
                _follow(current, db, templates),
                pusher.run(),
            )
            _settle()
            yield State(
                config=settings,
                db=db,
                files=files,
                limits=limiter,
                mail=post,
                streams=rooms,
                templates=templates,
                links=templates.links,
                push=pusher,
                site=current,
                broker=bus,
                started_at=time.time(),
            )

    return lifespan


async def _live(
    closing: contextlib.AsyncExitStack,
    settings: config.Config,
    db: database.Database,
    templates: templating.Templates,
    pusher: push.Pusher,
) -> tuple[streams.Streams, broker.Broker]:
    """The live rooms, and what tells them to look; both run until `closing`."""
    shared = settings.workers > 1 or not settings.broadcast_url.startswith("memory")
    source = live.Log(db, templates)
    rooms = streams.Streams(
        source,
        lambda hint, key: bus.publish(hint, key=key),
        shared=shared,
        on_looked=pusher.looked,
    )
    bus = broker.Broker(settings.broadcast_url, on_hint=rooms.heard, on_resync=rooms.resync)
    await bus.start()
    closing.push_async_callback(bus.stop)
    await rooms.start()
    if shared:
        closing.push_async_callback(source.leave)
    closing.push_async_callback(rooms.stop)
    return rooms, bus


def _keep_doing(closing: contextlib.AsyncExitStack, *works: Coroutine[Any, Any, None]) -> None:
    for work in works:
        closing.callback(asyncio.create_task(work).cancel)


def _settle() -> None:
    """Everything is there: make this process one that serves."""
    # A thread that has fetched rows waits for a busy loop no longer than this.
    sys.setswitchinterval(SWITCH_SECONDS)
    # What is here now stays: keep the collector from walking it again and again.
    gc.collect()
    gc.freeze()


async def _tidy_now_and_then(
    db: database.Database, files: storage.Store, current: site.Current
) -> None:
    """Forget what is past its time, about once an hour; jitter keeps processes apart."""
    while True:
        await asyncio.sleep(TIDY_SECONDS * random.uniform(0.5, 1.0))  # noqa: S311
        try:
            await retention.enforce(db, files, keep_days=current.now.keep_days)
        except Exception as error:
            log.warning("cannot forget what is past its time: %r", error)


async def _refresh(
    current: site.Current, db: database.Database, templates: templating.Templates
) -> None:
    await current.refresh(db)
    templates.show(current.now)


async def _follow(
    current: site.Current, db: database.Database, templates: templating.Templates
) -> None:
    """What an administrator decided in another process counts here a second later."""
    while True:
        await asyncio.sleep(SITE_SECONDS)
        try:
            await _refresh(current, db, templates)
        except Exception as error:
            log.warning("cannot read what is decided for the site: %r", error)
