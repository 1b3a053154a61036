"""Requests to other hosts: which are made, and which are not."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from hubbub import outgoing

pytestmark = pytest.mark.anyio

ALLOWED = ("push.example", "*.notify.example", "127.0.0.1:9999")


@pytest.mark.parametrize(
    "url",
    [
        "https://push.example/send/1?a=b",
        "https://push.example:443/x",
        "https://a.notify.example/",
        "http://127.0.0.1:9999/x",
    ],
)
def test_hosts_on_the_list_are_spoken_to(url: str) -> None:
    assert outgoing.target(url, ALLOWED)


@pytest.mark.parametrize(
    "url",
    [
        "http://push.example/x",
        "https://push.example:8443/x",
        "https://push.example.evil/x",
        "https://evilpush.example/x",
        "https://notify.example/x",
        "https://evil-notify.example/x",
        "https://push.example@evil.example/x",
        "https://evil.example#push.example",
        "https://push.example/a b",
        "https://push.example/\r\nX: y",
        "https://push.example/" + "a" * 1_000,
        "http://127.0.0.1:9998/x",
        "https://127.0.0.1:9999/x",
        "http://127.0.0.1/x",
        "ftp://push.example/x",
        "//push.example/x",
        "https://push.example:x/",
        "https://.notify.example/x",
        "https://a..notify.example/x",
        f"https://{'a' * 64}.notify.example/x",
        "https://[::1/",
        "",
    ],
)
def test_nothing_else_is(url: str) -> None:
    with pytest.raises(outgoing.Refused):
        outgoing.target(url, ALLOWED)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.169.254", "100.64.0.1",
        "0.0.0.0", "224.0.0.1", "::1", "::", "fe80::1%eth0", "fc00::1", "::ffff:10.0.0.1",
        "2002:0a00:0001::", "64:ff9b:1::1", "64:ff9b::a00:1", "::7f00:1", "::ffff:0:127.0.0.1",
        "fec0::1", "5f00::1", "3fff::1", "2001:db8::1", "100::1",
    ],
)  # fmt: skip
def test_addresses_of_the_own_network_are_not_public(address: str) -> None:
    assert outgoing.is_public("9.9.9.9") and outgoing.is_public("2620:fe::fe")
    assert not outgoing.is_public(address)


async def test_a_listed_name_that_leads_into_the_own_network_is_not_followed() -> None:
    for name in ("localhost", "127.0.0.1"):
        with pytest.raises(outgoing.Refused):
            await outgoing.post(outgoing.Target(name, 443, "/", tls=True), {}, b"")


@contextlib.asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[tuple[outgoing.Target, list[bytes]]]:
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        with contextlib.suppress(ConnectionError):
            await writer.drain()
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield outgoing.target(f"http://127.0.0.1:{port}/x?y", [f"127.0.0.1:{port}"]), heard


async def test_a_redirect_is_an_answer_and_leads_nowhere() -> None:
    async with answering(b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n\r\n") as (where, heard):
        assert await outgoing.post(where, {"TTL": "1"}, b"abc") == 302
    assert len(heard) == 1
    assert heard[0].startswith(b"POST /x?y HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"\r\nTTL: 1\r\n" in heard[0] and b"Content-Length: 3" in heard[0]


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n", b"x" * 20_000, b"HTTP/1.1 99 \r\n"])
async def test_what_is_no_answer_is_not_read_to_its_end(answer: bytes) -> None:
    async with answering(answer) as (where, _):
        with pytest.raises(OSError, match="no answer"):
            await outgoing.post(where, {}, b"")
