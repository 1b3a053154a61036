"""The command `hubbub`: serve, migrate, create-admin, password-link, config.

What a person did wrong is answered with a sentence on standard error and an exit code (2 for
usage and settings, 1 for the rest), never with a traceback.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import os
import resource
import socket
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, NoReturn, TypeVar

import segno
import typer
import uvicorn
from uvicorn.supervisors import Multiprocess

import hubbub
from hubbub import config, database, logs, migrations, words
from hubbub.domain import accounts, credentials, first_run, rooms, security, site
from hubbub.errors import BadSetting, Refusal
from hubbub.realtime import protocol
from hubbub.web import routes, templating

MAX_FRAME = 4096  # bytes; what browsers send is far smaller
PING_EVERY = 20.0  # seconds
PONG_WITHIN = 15.0
BACKLOG = 4096  # connections not yet accepted; a restart brings everyone back at once
DRAIN_WITHIN = 22  # seconds; a deploy waits 25

_T = TypeVar("_T")

warn = logging.getLogger(__name__).warning

app = typer.Typer(
    name="hubbub",
    help="Chat rooms that are links. Settings are environment variables: see `hubbub config`.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,  # They would print local variables, passwords among them.
)


def main() -> None:
    """The entry point of the installed command."""
    try:
        app()
    except BadSetting as error:
        _fail(str(error), 2)
    except Refusal as error:
        _fail(error.message, 1)
    except KeyboardInterrupt:
        sys.exit(130)


def _fail(sentence: str, code: int) -> NoReturn:
    typer.echo(f"hubbub: {sentence}", err=True)
    sys.exit(code)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"hubbub {hubbub.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Say which.")
    ] = False,
) -> None:
    pass


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on [127.0.0.1].")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port [8000]; 0 takes a free one.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=config.MAX_WORKERS, help="Processes that serve [1].")
    ] = None,
) -> None:
    """Migrate the database, then serve."""
    settings = config.from_environment(host=host, port=port, workers=workers)
    _allow_many_sockets()
    logs.set_up(settings.log_format, supervisor=settings.workers > 1)
    listening = _listen(settings)
    settings = dataclasses.replace(settings, port=listening.getsockname()[1])
    # Here and once: workers that migrated at their start would be killed for not being ready.
    _migrate(settings)
    _warn_of_risks(settings)
    set_up = _first_run(settings)
    config.pass_on(settings, os.environ)
    # Whoever follows the address at once waits a moment in the queue instead of being refused.
    listening.listen(BACKLOG)
    typer.echo(f"Hubbub is at {_address(settings)}")
    if set_up:
        _show_set_up(settings, set_up)
    sys.stdout.flush()
    _run(settings, listening)


@app.command()
def migrate() -> None:
    """Bring the database to the schema of this version; does nothing when it is there."""
    _migrate(config.from_environment())
    typer.echo("The database is up to date.")


@app.command("create-admin")
@app.command("createsuperuser", hidden=True)
def create_admin(
    username: Annotated[str | None, typer.Argument(help="Asked for when left out.")] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
) -> None:
    """Make an account that administers the site."""
    settings = config.from_environment()
    _migrate(settings)
    name = username or typer.prompt("Username")
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)

    async def create(db: database.Database) -> accounts.Person:
        person = await accounts.register(db, name, password, settings.secret_keys, is_admin=True)
        await security.record(db, "admin_created", person_id=person.id)
        return person

    person = _with_database(settings, create)
    typer.echo(f"{person.username} can log in now and administers this site.")


@app.command("password-link")
def password_link(username: Annotated[str, typer.Argument(help="Whose password.")]) -> None:
    """Print an address where somebody chooses a new password: good once, for a day."""
    settings = config.from_environment()
    _migrate(settings)

    async def make(db: database.Database) -> str:
        token, person = (
            await credentials.link(db, username),
            await accounts.by_username(db, username),
        )
        person_id = person.id if person else None
        await security.record(db, "password link made", person_id=person_id, detail="by command")
        return token

    typer.echo(f"{_address(settings)}/password/{_with_database(settings, make)}")


@app.command("config")
def show_config() -> None:
    """Print the settings in force, secrets hidden."""
    for name, value in config.describe(config.from_environment()):
        typer.echo(f"{name}={value}")


def _migrate(settings: config.Config) -> None:
    migrations.upgrade(settings.database_url)

    async def prepare(db: database.Database) -> None:
        if (await site.load(db, settings)).lobby:
            await rooms.ensure_lobby(db)

    _with_database(settings, prepare)


def _first_run(settings: config.Config) -> str | None:
    """The token of an address to set the site up by, where nobody administers it yet."""

    async def appoint(db: database.Database) -> str | None:
        if settings.admin_username:
            await first_run.appoint(
                db,
                settings.admin_username,
                settings.admin_password,
                settings.secret_keys,
                site_name=settings.site_name,
            )
        return await first_run.start(db) if await first_run.is_due(db) else None

    return _with_database(settings, appoint)


def _show_set_up(settings: config.Config, token: str) -> None:
    """Printed where only whoever runs the site reads it: never into the log of requests."""
    path = templating.paths(routes.routes(settings))("setup:show", token=token)
    address = _address(settings) + path
    typer.echo(f"Nobody administers it yet. To set it up, open within a day:\n{address}")
    if settings.log_format == "text":
        segno.make(address, error="l", micro=False).terminal(sys.stdout, border=2, compact=True)


def _with_database(
    settings: config.Config, work: Callable[[database.Database], Awaitable[_T]]
) -> _T:
    async def run() -> _T:
        db = database.Database(settings.database_url)
        await db.connect()
        try:
            return await work(db)
        finally:
            await db.disconnect()

    return asyncio.run(run())


def _allow_many_sockets() -> None:
    """Raise the soft limit of descriptors to the hard one, here and in the workers.

    A page that is open takes two of them, and shells and systemd give a process 1,024.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):  # Some systems name no number and take none.
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _listen(settings: config.Config) -> socket.socket:
    try:
        return protocol.listen(settings.host, settings.port)
    except OSError as error:
        sentence = words.gettext("{host}, port {port}, cannot be listened on: {reason}.")
        reason = (error.strerror or str(error)).lower()
        raise BadSetting(
            sentence.format(host=settings.host, port=settings.port, reason=reason)
        ) from error


def _address(settings: config.Config) -> str:
    if settings.public_url:
        return settings.public_url
    # Listening everywhere is no address; this machine at least is reached like this.
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


def _warn_of_risks(settings: config.Config) -> None:
    local = settings.host in {"127.0.0.1", "::1", "localhost"}
    if not settings.rate_limits:
        warn("Rate limits are off: for measurements only, never where strangers come.")
    if not settings.public_url and not local:
        warn("HUBBUB_PUBLIC_URL is not set, so only this machine is answered. Set it.")
    if (settings.public_url or "").startswith("http://"):
        warn("HUBBUB_PUBLIC_URL is not https: passwords and messages travel in the clear.")


def _run(settings: config.Config, listening: socket.socket) -> None:
    server = uvicorn.Config(
        app="hubbub.app:from_environment",
        factory=True,
        workers=settings.workers,
        loop="uvloop",
        http="httptools",
        ws=protocol.LiveProtocol,
        ws_max_size=MAX_FRAME,
        # Deflate would double the CPU and the memory of every socket.
        ws_per_message_deflate=False,
        ws_ping_interval=PING_EVERY,
        ws_ping_timeout=PONG_WITHIN,
        backlog=BACKLOG,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        server_header=False,
        access_log=False,  # It would hold paths, and so the keys of rooms.
        timeout_graceful_shutdown=DRAIN_WITHIN,
        log_config=None,
    )
    if settings.workers > 1:
        Multiprocess(server, sockets=[listening]).run()
    else:
        uvicorn.Server(server).run(sockets=[listening])
