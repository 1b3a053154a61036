"""Requests to other hosts: only to those a setting names, never into the own network, nowhere on.

An address that a stranger hands in could lead to the machine's own network, so the host must be
on the list, its addresses public, and the connection goes to the very address that was looked at.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
import ssl
import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SECONDS = 10.0
MOST_READ = 8 * 1024
"""Of an answer no more than its first line is read, and that must come within so many bytes."""

LOOPBACK = frozenset({"127.0.0.1", "localhost"})
_HOST = re.compile(r"(?!.{254})[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})*", re.ASCII)
_UNICAST = ipaddress.IPv6Network("2000::/3")
"""All of the new kind that was ever given out for the open internet (RFC 4291, section 2.4)."""

_EXAMPLES = ipaddress.IPv6Network("3fff::/20")  # RFC 9637; Python knows it from 3.13 on.
_LONGEST = 1_000
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: |\r)")
_PATH = re.compile(r"[!-~]*")

_tls = ssl.create_default_context()


class Refused(Exception):
    """This address is not one that may be asked."""


@dataclass(frozen=True, slots=True)
class Target:
    """A checked address. `path` includes the query; without `tls` it is this machine itself."""

    host: str
    port: int
    path: str
    tls: bool

    @property
    def origin(self) -> str:
        """Scheme, host and port as other programs write them."""
        standard = self.port == (443 if self.tls else 80)
        return f"http{'s' if self.tls else ''}://{self.host}{'' if standard else f':{self.port}'}"


def target(url: str, allowed: Sequence[str]) -> Target:
    """What `url` leads to. Refused unless it is https on a listed host, or a listed loopback."""
    if len(url) > _LONGEST or not _PATH.fullmatch(url):
        raise Refused
    try:
        parts = urllib.parse.urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise Refused from None
    if "@" in parts.netloc or not _HOST.fullmatch(host):
        raise Refused
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if host in LOOPBACK and f"{host}:{port}" in allowed and parts.scheme == "http":
        return Target(host, port or 80, path, tls=False)
    if parts.scheme != "https" or port not in {None, 443} or not _is_listed(host, allowed):
        raise Refused
    return Target(host, 443, path, tls=True)


def _is_listed(host: str, allowed: Sequence[str]) -> bool:
    return any(
        host.endswith(name[1:]) if name.startswith("*.") else host == name for name in allowed
    )


async def post(where: Target, headers: Mapping[str, str], body: bytes) -> int:
    """Posts, and returns the status of the answer; a redirect is one like any other.

    Raises Refused for a host whose addresses are not public, OSError and TimeoutError.
    """
    async with asyncio.timeout(SECONDS):
        address = await _address(where)
        reader, writer = await asyncio.open_connection(
            address,
            where.port,
            limit=MOST_READ,
            ssl=_tls if where.tls else None,
            server_hostname=where.host if where.tls else None,
        )
        try:
            writer.write(_request(where, headers, body))
            await writer.drain()
            return await _status(reader)
        finally:
            writer.transport.abort()


async def _status(reader: asyncio.StreamReader) -> int:
    try:
        line = await reader.readuntil(b"\r\n")
    except (asyncio.LimitOverrunError, asyncio.IncompleteReadError) as error:
        raise ConnectionError("no answer of HTTP") from error
    found = _STATUS.match(line)
    if found is None:
        raise ConnectionError("no answer of HTTP")
    return int(found[1])


async def _address(where: Target) -> str:
    """The address to connect to. One that is not public makes the whole name suspect."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(where.host, where.port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    if where.tls and not all(is_public(address) for address in addresses):
        raise Refused
    return addresses[0]


def is_public(address: str) -> bool:
    """Whether an address lies in the open internet, also where it is written inside another."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is not None:
            return is_public(str(inner))
        # Elsewhere lie own networks, and ways of writing any address of the old kind.
        if ip not in _UNICAST or ip in _EXAMPLES:
            return False
    return ip.is_global and not ip.is_multicast


def _request(where: Target, headers: Mapping[str, str], body: bytes) -> bytes:
    host = where.origin.partition("://")[2]
    lines = [f"POST {where.path} HTTP/1.1", f"Host: {host}", "Connection: close"]
    lines += [f"Content-Length: {len(body)}", *(f"{name}: {v}" for name, v in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body
