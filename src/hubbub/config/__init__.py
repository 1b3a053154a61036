"""The settings, read once from the environment into one frozen value.

Each setting is an environment variable, may stand in `.env` in the working directory, and may be
given as a file by adding `_FILE` to its name. A value the program cannot start with is answered
with the setting's name and what it should be.
"""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any, Literal, cast

from hubbub.config import addresses, secret
from hubbub.environment import SETTINGS, Environment, should_be
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

MAX_WORKERS = 128
MAX_UPLOAD_MB = 1_000
MAX_UPLOAD_DAY_MB = 999_999
MAX_KEEP_DAYS = 36_500
MAX_EDIT_HOURS = 87_600  # ten years: as good as always


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
    values["database_url"] = addresses.database(values["database_url"], data_dir)
    values["secret_keys"] = values["secret_keys"] or secret.kept(data_dir)
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
        "HUBBUB_DATABASE_URL": addresses.without_password(config.database_url),
        "HUBBUB_BROADCAST_URL": addresses.without_password(config.broadcast_url),
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
        "HUBBUB_SMTP_URL": addresses.without_password(config.smtp_url),
        "HUBBUB_MAIL_FROM": config.mail_from,
        "HUBBUB_PUSH_HOSTS": ",".join(config.push_hosts),
        "HUBBUB_TRUSTED_PROXIES": ",".join(config.trusted_proxies),
        "HUBBUB_LOG_FORMAT": config.log_format,
        "HUBBUB_HOST": config.host,
        "HUBBUB_PORT": str(config.port),
        "HUBBUB_WORKERS": str(config.workers),
    }
    return [(name, values[name]) for name in SETTINGS]


def _read(source: Environment) -> dict[str, Any]:
    return {
        "data_dir": source.get("HUBBUB_DATA_DIR") or "data",
        "database_url": source.get("HUBBUB_DATABASE_URL"),
        "broadcast_url": addresses.broadcast(source.get("HUBBUB_BROADCAST_URL")),
        "public_url": addresses.public(source.get("HUBBUB_PUBLIC_URL")),
        "secret_keys": secret.keys(source.get("HUBBUB_SECRET_KEY") or "", "HUBBUB_SECRET_KEY"),
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
        "smtp_url": addresses.smtp(source.get("HUBBUB_SMTP_URL")),
        "mail_from": addresses.sender(source.get("HUBBUB_MAIL_FROM")),
        "push_hosts": addresses.push_hosts(source.get("HUBBUB_PUSH_HOSTS") or ""),
        "trusted_proxies": addresses.proxies(source.get("HUBBUB_TRUSTED_PROXIES") or ""),
        "log_format": _choice(source, "HUBBUB_LOG_FORMAT", "text", "json"),
        "host": source.get("HUBBUB_HOST") or "127.0.0.1",
        "port": _number(source, "HUBBUB_PORT", 8000, 0, 65535),
        "workers": _number(source, "HUBBUB_WORKERS", 1, 1, MAX_WORKERS),
    }


def _choice(source: Environment, name: str, default: str, *others: str) -> str:
    value = source.get(name)
    if value is None:
        return default
    if value.lower() not in {default, *others}:
        raise should_be(name, " or ".join(f"“{choice}”" for choice in (default, *others)), value)
    return value.lower()


def _site_name(value: str | None) -> str:
    name = " ".join((value or "Hubbub").split())
    if len(name) > SITE_NAME_LENGTH:
        raise should_be(
            "HUBBUB_SITE_NAME", f"a name of at most {SITE_NAME_LENGTH} characters", value
        )
    return name


def _number(source: Environment, name: str, default: int, least: int, most: int) -> int:
    value = source.get(name)
    if value is None:
        return default
    if not re.fullmatch(r"[0-9]{1,6}", value) or not least <= int(value) <= most:
        raise should_be(name, f"a number from {least} to {most}", value)
    return int(value)


def _data_dir(value: str | Path) -> Path:
    path = Path(value).expanduser().absolute()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise should_be(
            "HUBBUB_DATA_DIR", "a folder that can be made and written to", str(path)
        ) from (error)
    return path


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
