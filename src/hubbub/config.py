"""The settings, read once from the environment into one frozen value.

Each setting is an environment variable, may stand in `.env` in the working directory, and may be
given as a file by adding `_FILE` to its name. A value the program cannot start with is answered
with the setting's name and what it should be.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import os
import re
import secrets
import tempfile
import urllib.parse
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any, Literal, cast

from hubbub.environment import SETTINGS, Environment
from hubbub.errors import BadSetting

SITE_NAME_LENGTH = 50
ACCENTS = ("teal", "blue", "green", "amber", "red", "pink", "violet", "grey")  # teal: as it comes
# What an administrator can decide on the page too, unless the environment has.
ON_THE_PAGE = {
    "site_name": "HUBBUB_SITE_NAME",
    "registration": "HUBBUB_REGISTRATION",
    "guests": "HUBBUB_GUESTS",
    "lobby": "HUBBUB_LOBBY",
    "indexing": "HUBBUB_INDEXING",
    "accent": "HUBBUB_ACCENT",
    "keep_days": "HUBBUB_KEEP_DAYS",
    "upload_mb": "HUBBUB_UPLOAD_MB",
}

SECRET_FILE = "secret-key"  # noqa: S105 - the file's name, not what is in it.
SECRET_LENGTH = 32
MAX_WORKERS = 128
MAX_UPLOAD_MB = 1_000
MAX_UPLOAD_DAY_MB = 999_999
MAX_KEEP_DAYS = 36_500
MAX_EDIT_HOURS = 87_600  # ten years: as good as always

_PLACEHOLDER = re.compile(
    r"change.?(me|it|this)|placeholder|insecure|your.?secret|(.)\2{15}",
    re.IGNORECASE,
)

# A machine's own address is for trying it out, and goes with its port.
_PUSH_HOST = re.compile(
    r"(?:\*\.)?(?:[a-z0-9][a-z0-9-]*\.)+[a-z][a-z0-9-]*|(?:127\.0\.0\.1|localhost):[0-9]{1,5}"
)


@dataclasses.dataclass(frozen=True, slots=True)
class Config:
    """What is in force. Secrets stay out of its representation, and so out of logs."""

    data_dir: Path
    database_url: str = dataclasses.field(repr=False)
    broadcast_url: str = dataclasses.field(repr=False)
    public_url: str | None
    secret_keys: tuple[str, ...] = dataclasses.field(repr=False)  # newest last
    admin_username: str
    admin_password: str = dataclasses.field(repr=False)
    site_name: str
    registration: Literal["open", "closed"]
    guests: Literal["off", "by-room", "on"]
    lobby: bool
    indexing: bool  # whether search engines may list the public pages
    accent: str
    keep_days: int  # how long messages are kept; 0: for ever
    fixed: frozenset[str]  # which of these the environment decided, so that no page changes them
    edit_hours: int
    rate_limits: bool
    upload_mb: int  # of the largest file; 0: no attachments
    upload_day_mb: int  # of one person in a day
    smtp_url: str = dataclasses.field(repr=False)  # empty: no mail is sent
    mail_from: str
    push_hosts: tuple[str, ...]  # the push services this site speaks to; none: no Web Push
    trusted_proxies: tuple[str, ...]
    log_format: Literal["text", "json"]
    host: str
    port: int
    workers: int


def from_environment(environ: Mapping[str, str] | None = None, **overrides: Any) -> Config:
    """Read all settings; `overrides` (names of `Config`'s fields, None counts as absent) win.

    Makes the data folder, and in it the secret on first run. Raises BadSetting.
    """
    source = Environment(os.environ if environ is None else environ)
    source.warn_of_unknown_names()
    values = _read(source) | {name: v for name, v in overrides.items() if v is not None}
    data_dir = _data_dir(values["data_dir"])
    values["data_dir"] = data_dir
    values["database_url"] = database_url(values["database_url"], data_dir)
    values["secret_keys"] = values["secret_keys"] or _kept_secret(data_dir)
    _check_together(values)
    return Config(**values)


def pass_on(config: Config, environ: MutableMapping[str, str]) -> None:
    """Write what the command line decided where worker processes will read it.

    Everything else they find where this process found it; so no secret is copied.
    """
    decided = {
        "HUBBUB_DATA_DIR": str(config.data_dir),
        "HUBBUB_HOST": config.host,
        "HUBBUB_PORT": str(config.port),
        "HUBBUB_WORKERS": str(config.workers),
    }
    for name, value in decided.items():
        environ.pop(f"{name}_FILE", None)
        environ[name] = value


def describe(config: Config) -> list[tuple[str, str]]:
    """Setting and value of everything in force, passwords and secrets hidden."""
    values = {
        "HUBBUB_DATA_DIR": str(config.data_dir),
        "HUBBUB_DATABASE_URL": _without_password(config.database_url),
        "HUBBUB_BROADCAST_URL": _without_password(config.broadcast_url),
        "HUBBUB_PUBLIC_URL": config.public_url or "",
        "HUBBUB_SECRET_KEY": " ".join("(hidden)" for _ in config.secret_keys),
        "HUBBUB_ADMIN_USERNAME": config.admin_username,
        "HUBBUB_ADMIN_PASSWORD": "(hidden)" if config.admin_password else "",
        "HUBBUB_SITE_NAME": config.site_name,
        "HUBBUB_REGISTRATION": config.registration,
        "HUBBUB_GUESTS": config.guests,
        "HUBBUB_LOBBY": "on" if config.lobby else "off",
        "HUBBUB_INDEXING": "on" if config.indexing else "off",
        "HUBBUB_ACCENT": config.accent,
        "HUBBUB_KEEP_DAYS": str(config.keep_days),
        "HUBBUB_EDIT_HOURS": str(config.edit_hours),
        "HUBBUB_RATE_LIMITS": "on" if config.rate_limits else "off",
        "HUBBUB_UPLOAD_MB": str(config.upload_mb),
        "HUBBUB_UPLOAD_DAY_MB": str(config.upload_day_mb),
        "HUBBUB_SMTP_URL": _without_password(config.smtp_url),
        "HUBBUB_MAIL_FROM": config.mail_from,
        "HUBBUB_PUSH_HOSTS": ",".join(config.push_hosts),
        "HUBBUB_TRUSTED_PROXIES": ",".join(config.trusted_proxies),
        "HUBBUB_LOG_FORMAT": config.log_format,
        "HUBBUB_HOST": config.host,
        "HUBBUB_PORT": str(config.port),
        "HUBBUB_WORKERS": str(config.workers),
    }
    return [(name, values[name]) for name in SETTINGS]


def database_url(url: str | None, data_dir: Path) -> str:
    """The one spelling the rest of the house sees: an absolute SQLite path, or asyncpg."""
    if not url:
        return f"sqlite:///{data_dir / 'hubbub.db'}"
    scheme, _, rest = url.partition("://")
    if scheme in {"postgres", "postgresql", "postgresql+asyncpg"} and rest and _split(url):
        return f"postgresql+asyncpg://{rest}"
    if scheme in {"sqlite", "sqlite+aiosqlite"}:
        return _sqlite_url(rest)
    raise _bad("HUBBUB_DATABASE_URL", "sqlite:///path/to/file.db or postgresql://…", None)


def _read(source: Environment) -> dict[str, Any]:
    return {
        "data_dir": source.get("HUBBUB_DATA_DIR") or "data",
        "database_url": source.get("HUBBUB_DATABASE_URL"),
        "broadcast_url": _broadcast_url(source.get("HUBBUB_BROADCAST_URL")),
        "public_url": _public_url(source.get("HUBBUB_PUBLIC_URL")),
        "secret_keys": _secret_keys(source.get("HUBBUB_SECRET_KEY") or "", "HUBBUB_SECRET_KEY"),
        "admin_username": source.get("HUBBUB_ADMIN_USERNAME") or "",
        "admin_password": source.get("HUBBUB_ADMIN_PASSWORD") or "",
        "site_name": _site_name(source.get("HUBBUB_SITE_NAME")),
        "registration": _choice(source, "HUBBUB_REGISTRATION", "open", "closed"),
        "guests": _choice(source, "HUBBUB_GUESTS", "by-room", "off", "on"),
        "lobby": _choice(source, "HUBBUB_LOBBY", "on", "off") == "on",
        "indexing": _choice(source, "HUBBUB_INDEXING", "off", "on") == "on",
        "accent": _choice(source, "HUBBUB_ACCENT", *ACCENTS),
        "keep_days": _number(source, "HUBBUB_KEEP_DAYS", 0, 0, MAX_KEEP_DAYS),
        "fixed": frozenset(
            field for field, name in ON_THE_PAGE.items() if source.get(name) is not None
        ),
        "edit_hours": _number(source, "HUBBUB_EDIT_HOURS", 24, 0, MAX_EDIT_HOURS),
        "rate_limits": _choice(source, "HUBBUB_RATE_LIMITS", "on", "off") == "on",
        "upload_mb": _number(source, "HUBBUB_UPLOAD_MB", 25, 0, MAX_UPLOAD_MB),
        "upload_day_mb": _number(source, "HUBBUB_UPLOAD_DAY_MB", 500, 0, MAX_UPLOAD_DAY_MB),
        "smtp_url": _smtp_url(source.get("HUBBUB_SMTP_URL")),
        "mail_from": _mail_from(source.get("HUBBUB_MAIL_FROM")),
        "push_hosts": _push_hosts(source.get("HUBBUB_PUSH_HOSTS") or ""),
        "trusted_proxies": _networks(source.get("HUBBUB_TRUSTED_PROXIES") or ""),
        "log_format": _choice(source, "HUBBUB_LOG_FORMAT", "text", "json"),
        "host": source.get("HUBBUB_HOST") or "127.0.0.1",
        "port": _number(source, "HUBBUB_PORT", 8000, 0, 65535),
        "workers": _number(source, "HUBBUB_WORKERS", 1, 1, MAX_WORKERS),
    }


def _bad(name: str, wanted: str, value: str | None) -> BadSetting:
    """`value` is shown unless it may hold a password."""
    return BadSetting(f"{name} should be {wanted}" + (f", not “{value}”." if value else "."))


def _choice(source: Environment, name: str, default: str, *others: str) -> str:
    value = source.get(name)
    if value is None:
        return default
    if value.lower() not in {default, *others}:
        raise _bad(name, " or ".join(f"“{choice}”" for choice in (default, *others)), value)
    return value.lower()


def _site_name(value: str | None) -> str:
    name = " ".join((value or "Hubbub").split())
    if len(name) > SITE_NAME_LENGTH:
        raise _bad("HUBBUB_SITE_NAME", f"a name of at most {SITE_NAME_LENGTH} characters", value)
    return name


def _number(source: Environment, name: str, default: int, least: int, most: int) -> int:
    value = source.get(name)
    if value is None:
        return default
    if not re.fullmatch(r"[0-9]{1,6}", value) or not least <= int(value) <= most:
        raise _bad(name, f"a number from {least} to {most}", value)
    return int(value)


def _data_dir(value: str | Path) -> Path:
    path = Path(value).expanduser().absolute()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _bad("HUBBUB_DATA_DIR", "a folder that can be made and written to", str(path)) from (
            error
        )
    return path


def _sqlite_url(rest: str) -> str:
    wanted = "sqlite:///relative/file.db or sqlite:////absolute/file.db, without options"
    path = rest.removeprefix("/")
    # The driver would make a file whose name holds the question mark; and a database in memory
    # is a new one for every connection.
    if not rest.startswith("/") or not path or "?" in path or path.startswith(":"):
        raise _bad("HUBBUB_DATABASE_URL", wanted, f"sqlite://{rest}")
    return f"sqlite:///{Path(path).expanduser().absolute()}"


def _broadcast_url(value: str | None) -> str:
    if value is None or value in {"memory:", "memory://"}:
        return "memory://"
    parts = _split(value)
    if parts is None or parts.scheme not in {"redis", "rediss"} or not parts.hostname:
        raise _bad("HUBBUB_BROADCAST_URL", "memory:// or redis://host:port/number", None)
    return value


def _smtp_url(value: str | None) -> str:
    """Whole, since `mail` reads it; here it is only seen to be readable."""
    if value is None:
        return ""
    parts = _split(value)
    if parts is None or parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        wanted = "smtp://user:password@host:587 or smtps://user:password@host:465"
        raise _bad("HUBBUB_SMTP_URL", wanted, None)
    if parts.path.strip("/") or parts.fragment or parts.query not in {"", "tls=off", "tls=on"}:
        raise _bad("HUBBUB_SMTP_URL", "an address that ends after the port, or in ?tls=off", None)
    return value


def _mail_from(value: str | None) -> str:
    if value is not None and not re.fullmatch(r"[!-?A-~]+@[A-Za-z0-9.-]+", value, re.ASCII):
        raise _bad("HUBBUB_MAIL_FROM", "an address like hubbub@example.org", value)
    return value or ""


def _public_url(value: str | None) -> str | None:
    """Scheme, host and port as a browser writes them in `Origin`, which it is compared with."""
    if value is None:
        return None
    wanted = "the address people open, like https://chat.example.org, without a path"
    parts = _split(value)
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        raise _bad("HUBBUB_PUBLIC_URL", wanted, value)
    if parts.path.strip("/") or parts.query or parts.fragment or parts.username is not None:
        raise _bad("HUBBUB_PUBLIC_URL", wanted, value)
    try:
        host = parts.hostname.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise _bad("HUBBUB_PUBLIC_URL", wanted, value) from error
    host = f"[{host}]" if ":" in host else host
    standard = {"http": 80, "https": 443}[parts.scheme]
    port = "" if parts.port in {None, standard} else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


def _split(url: str) -> urllib.parse.SplitResult | None:
    try:
        parts = urllib.parse.urlsplit(url)
        _ = parts.port  # Raises for a port that is none.
    except ValueError:
        return None
    return parts


def _networks(value: str) -> tuple[str, ...]:
    wanted = "addresses or networks, separated by commas, like 127.0.0.1,10.0.0.0/8"
    found = []
    for part in re.split(r"[\s,]+", value.strip(" ,")) if value else []:
        try:
            ipaddress.ip_network(part, strict=False)
        except ValueError as error:
            # “*” too: trusting everyone lets anyone claim any address.
            raise _bad("HUBBUB_TRUSTED_PROXIES", wanted, part) from error
        found.append(part)
    return tuple(found)


def _push_hosts(value: str) -> tuple[str, ...]:
    """Names of hosts, `*.` before one standing for what lies below it; `off` is none."""
    wanted = "names of hosts, separated by commas, like fcm.googleapis.com,*.notify.windows.com"
    names = [name.lower() for name in re.split(r"[\s,]+", value) if name]
    if names == ["off"]:
        return ()
    for name in names:
        if not _PUSH_HOST.fullmatch(name):
            raise _bad("HUBBUB_PUSH_HOSTS", wanted, name)
    return tuple(names)


def _secret_keys(value: str, where: str) -> tuple[str, ...]:
    """The rotation list, oldest first: separated by commas, spaces or lines."""
    keys = tuple(key for key in re.split(r"[\s,]+", value) if key)
    for key in keys:
        if len(key) < SECRET_LENGTH or _PLACEHOLDER.search(key):
            wanted = f"{SECRET_LENGTH} or more random characters, and no placeholder"
            raise BadSetting(f"{where} should be {wanted}; make one with: openssl rand -base64 48")
    return keys


def _kept_secret(data_dir: Path) -> tuple[str, ...]:
    """The secret kept in the data folder, made on first run."""
    path = data_dir / SECRET_FILE
    try:
        if not path.exists():
            _write_once(path, secrets.token_urlsafe(48) + "\n")
        keys = _secret_keys(path.read_text(encoding="utf-8"), str(path))
    except (OSError, ValueError) as error:
        raise BadSetting(f"{path} should be a readable secret: {error}") from error
    if not keys:
        raise BadSetting(f"{path} is empty; put the secret back, or remove the file for a new one.")
    return keys


def _write_once(path: Path, text: str) -> None:
    """Write a file that only its owner reads, whole or not at all; the first writer wins."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # mode 0600
    draft = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.link(draft, path)
    except FileExistsError:
        pass  # Another process was first, and its secret is as good.
    finally:
        draft.unlink()


def _check_together(values: Mapping[str, Any]) -> None:
    if bool(values["admin_username"]) != bool(values["admin_password"]):
        raise BadSetting(
            "HUBBUB_ADMIN_USERNAME and HUBBUB_ADMIN_PASSWORD should be set together, or neither."
        )
    if bool(values["smtp_url"]) != bool(values["mail_from"]):
        raise BadSetting("HUBBUB_SMTP_URL and HUBBUB_MAIL_FROM should be set together, or neither.")
    workers = cast("int", values["workers"])
    if workers > 1 and values["broadcast_url"] == "memory://":
        raise BadSetting(
            "HUBBUB_BROADCAST_URL should be redis://… with more than one worker, because memory:// "
            f"does not reach the other processes. Set it, or start 1 worker instead of {workers}."
        )


def _without_password(url: str) -> str:
    url = re.sub(r"(?<=://)([^/@:]*):.*@", r"\1:…@", url)
    return re.sub(r"(password=)[^&]*", r"\1…", url)
