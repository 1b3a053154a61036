"""The addresses among the settings: where things are kept and told, and who may speak for whom.

Each is answered in the one spelling the rest of the house sees.
"""

from __future__ import annotations

import ipaddress
import re
import urllib.parse
from pathlib import Path

from hubbub.environment import should_be

# A machine's own address is for trying it out, and goes with its port.
_PUSH_HOST = re.compile(
    r"(?:\*\.)?(?:[a-z0-9][a-z0-9-]*\.)+[a-z][a-z0-9-]*|(?:127\.0\.0\.1|localhost):[0-9]{1,5}"
)


def database(url: str | None, data_dir: Path) -> str:
    """The one spelling the rest of the house sees: an absolute SQLite path, or asyncpg."""
    if not url:
        return f"sqlite:///{data_dir / 'hubbub.db'}"
    scheme, _, rest = url.partition("://")
    if scheme in {"postgres", "postgresql", "postgresql+asyncpg"} and rest and _split(url):
        return f"postgresql+asyncpg://{rest}"
    if scheme in {"sqlite", "sqlite+aiosqlite"}:
        return _sqlite(rest)
    raise should_be("HUBBUB_DATABASE_URL", "sqlite:///path/to/file.db or postgresql://…", None)


def _sqlite(rest: str) -> str:
    wanted = "sqlite:///relative/file.db or sqlite:////absolute/file.db, without options"
    path = rest.removeprefix("/")
    # The driver would make a file whose name holds the question mark; and a database in memory
    # is a new one for every connection.
    if not rest.startswith("/") or not path or "?" in path or path.startswith(":"):
        raise should_be("HUBBUB_DATABASE_URL", wanted, f"sqlite://{rest}")
    return f"sqlite:///{Path(path).expanduser().absolute()}"


def broadcast(value: str | None) -> str:
    if value is None or value in {"memory:", "memory://"}:
        return "memory://"
    parts = _split(value)
    if parts is None or parts.scheme not in {"redis", "rediss"} or not parts.hostname:
        raise should_be("HUBBUB_BROADCAST_URL", "memory:// or redis://host:port/number", None)
    return value


def smtp(value: str | None) -> str:
    """Whole, since `mail` reads it; here it is only seen to be readable."""
    if value is None:
        return ""
    parts = _split(value)
    if parts is None or parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        wanted = "smtp://user:password@host:587 or smtps://user:password@host:465"
        raise should_be("HUBBUB_SMTP_URL", wanted, None)
    if parts.path.strip("/") or parts.fragment or parts.query not in {"", "tls=off", "tls=on"}:
        raise should_be(
            "HUBBUB_SMTP_URL", "an address that ends after the port, or in ?tls=off", None
        )
    return value


def sender(value: str | None) -> str:
    if value is not None and not re.fullmatch(r"[!-?A-~]+@[A-Za-z0-9.-]+", value, re.ASCII):
        raise should_be("HUBBUB_MAIL_FROM", "an address like hubbub@example.org", value)
    return value or ""


def public(value: str | None) -> str | None:
    """Scheme, host and port as a browser writes them in `Origin`, which it is compared with."""
    if value is None:
        return None
    wanted = "the address people open, like https://chat.example.org, without a path"
    parts = _split(value)
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        raise should_be("HUBBUB_PUBLIC_URL", wanted, value)
    if parts.path.strip("/") or parts.query or parts.fragment or parts.username is not None:
        raise should_be("HUBBUB_PUBLIC_URL", wanted, value)
    try:
        host = parts.hostname.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise should_be("HUBBUB_PUBLIC_URL", wanted, value) from error
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


def proxies(value: str) -> tuple[str, ...]:
    wanted = "addresses or networks, separated by commas, like 127.0.0.1,10.0.0.0/8"
    found = []
    for part in re.split(r"[\s,]+", value.strip(" ,")) if value else []:
        try:
            ipaddress.ip_network(part, strict=False)
        except ValueError as error:
            # “*” too: trusting everyone lets anyone claim any address.
            raise should_be("HUBBUB_TRUSTED_PROXIES", wanted, part) from error
        found.append(part)
    return tuple(found)


def push_hosts(value: str) -> tuple[str, ...]:
    """Names of hosts, `*.` before one standing for what lies below it; `off` is none."""
    wanted = "names of hosts, separated by commas, like fcm.googleapis.com,*.notify.windows.com"
    names = [name.lower() for name in re.split(r"[\s,]+", value) if name]
    if names == ["off"]:
        return ()
    for name in names:
        if not _PUSH_HOST.fullmatch(name):
            raise should_be("HUBBUB_PUSH_HOSTS", wanted, name)
    return tuple(names)


def without_password(url: str) -> str:
    url = re.sub(r"(?<=://)([^/@:]*):.*@", r"\1:…@", url)
    return re.sub(r"(password=)[^&]*", r"\1…", url)
