"""Malformed, oversized, binary and broken frames: they close their own socket, and no other."""

import asyncio
import contextlib
import json
from collections.abc import Callable

import pytest
import websockets
from websockets.asyncio.client import ClientConnection

from tests import servers, visitors
from tests.faults import oracles

pytestmark = pytest.mark.anyio


def nested(depth: int) -> str:
    return '{"op":"beat","x":' + "[" * depth + "]" * depth + "}"


MALFORMED: dict[str, tuple[str | bytes, set[int]]] = {
    "binary": (b'{"op":"beat"}', {1003, 1007, 1008}),
    "empty binary": (b"", {1003, 1007, 1008}),
    "oversized": ('{"op":"beat","x":"' + "x" * 5000 + '"}', {1009}),
    "far oversized": ("x" * 200_000, {1009}),
    "not JSON": ("hello", {1007, 1008}),
    "empty": ("", {1007, 1008}),
    "half JSON": ('{"op":"beat"', {1007, 1008}),
    "a list": ('["beat"]', {1007, 1008}),
    "a number": ("1", {1007, 1008}),
    "null": ("null", {1007, 1008}),
    "duplicate keys": ('{"op":"beat","op":"typing"}', {1007, 1008}),
    "not a number": ('{"op":"beat","x":NaN}', {1007, 1008}),
    "infinity": ('{"op":"beat","x":-Infinity}', {1007, 1008}),
    "lone surrogate": ('{"op":"beat","x":"\\ud800"}', {1007, 1008}),
    "NUL": ('{"op":"beat","x":"a\\u0000b"}', {1007, 1008}),
    "nested": (nested(1500), {1007, 1008}),
}


@pytest.mark.parametrize("what", MALFORMED)
async def test_a_malformed_frame_closes_its_own_socket_and_no_other(
    shared: servers.Server, what: str
) -> None:
    frame, codes = MALFORMED[what]
    async with oracles.neighbours(shared) as (alice, room, _):
        async with alice.bare_socket(room) as socket:
            await socket.send('{"op":"hello","after":""}')
            await send_even_if_closing(socket, lambda: socket.send(frame))
            assert await visitors.raises_close(socket) in codes
        # Before the hello it is no different.
        async with alice.bare_socket(room) as socket:
            await send_even_if_closing(socket, lambda: socket.send(frame))
            assert await visitors.raises_close(socket) in codes


async def send_even_if_closing(socket: ClientConnection, send: Callable[[], object]) -> None:
    """A server that has had enough may close while a long frame is still on its way."""
    with contextlib.suppress(websockets.ConnectionClosed):
        result = send()
        if asyncio.iscoroutine(result):
            await result


BYTES = {
    "bad UTF-8": (b"\x81\x84\x00\x00\x00\x00\xff\xfe\xfd\xfc", {1007}),
    "an unmasked frame": (b"\x81\x02{}", {1002}),
    "a reserved opcode": (b"\x83\x80\x00\x00\x00\x00", {1002}),
    "reserved bits": (b"\xf1\x80\x00\x00\x00\x00", {1002}),
    "a continuation of nothing": (b"\x80\x80\x00\x00\x00\x00", {1002}),
    "a fragmented ping": (b"\x09\x80\x00\x00\x00\x00", {1002}),
    "a long ping": (b"\x89\xfe\x00\x80" + b"\0" * 132, {1002}),
    "a length of 2^63": (b"\x81\xff" + b"\xff" * 8 + b"\0" * 4, {1002, 1009}),
    "a huge length": (b"\x81\xff" + b"\x00\x00\x7f\xff\xff\xff\xff\xff" + b"\0" * 4, {1009}),
    "HTTP": (b"GET / HTTP/1.1\r\n\r\n" * 20, {1002, 1007, 1009}),
}


@pytest.mark.parametrize("what", BYTES)
async def test_broken_bytes_close_their_own_socket_and_no_other(
    shared: servers.Server, what: str
) -> None:
    raw, codes = BYTES[what]
    async with oracles.neighbours(shared) as (alice, room, _), alice.bare_socket(room) as socket:
        await socket.send('{"op":"hello","after":""}')
        socket.transport.write(raw)
        assert await visitors.raises_close(socket) in codes | {1006}


async def test_a_fragmented_frame_is_one_frame(shared: servers.Server) -> None:
    async with oracles.neighbours(shared) as (alice, room, _), alice.bare_socket(room) as socket:
        await socket.send(iter(['{"op":', '"hello",', '"after":""}']))
        await socket.send(iter(['{"op"', ':"beat"}']))
        frame = await asyncio.wait_for(socket.recv(), 5)
        assert 'id="cursor"' in str(frame)


async def test_frames_of_endless_fragments_are_cut_off(shared: servers.Server) -> None:
    async with oracles.neighbours(shared) as (alice, room, _), alice.bare_socket(room) as socket:
        with contextlib.suppress(websockets.ConnectionClosed):
            await socket.send(iter(["x" * 100] * 1000))
        assert await visitors.raises_close(socket) in (1009, 1006)


async def test_what_comes_after_the_close_is_ignored(shared: servers.Server) -> None:
    async with oracles.neighbours(shared) as (alice, room, _), alice.bare_socket(room) as socket:
        await socket.send('{"op":"hello","after":""}')
        # A close frame, and then a beat that must not be answered or crash anything.
        beat = json.dumps({"op": "beat"}).encode()
        socket.transport.write(b"\x88\x82\0\0\0\0\x03\xe8")
        socket.transport.write(bytes([0x81, 0x80 | len(beat)]) + b"\0" * 4 + beat)
        assert await visitors.raises_close(socket) in (1000, 1002, 1006)


async def test_a_flood_of_frames_closes_only_the_flooder(shared: servers.Server) -> None:
    async with oracles.neighbours(shared) as (alice, room, page), alice.bare_socket(room) as socket:
        await socket.send('{"op":"hello","after":""}')
        with contextlib.suppress(websockets.ConnectionClosed):
            for _ in range(3000):
                await socket.send('{"op":"typing"}')
        await alice.say(room, "still quick")
        await page.shows("still quick", within=3)


@pytest.mark.parametrize("frame", ["{}", '{"op":"fly"}', '{"op":["beat"]}', '{"op":{"beat":1}}'])
async def test_an_op_nobody_knows_is_ignored(shared: servers.Server, frame: str) -> None:
    async with oracles.neighbours(shared) as (alice, room, _), alice.bare_socket(room) as socket:
        await socket.send('{"op":"hello","after":""}')
        await socket.send(frame)
        await socket.send('{"op":"beat"}')
        assert 'id="cursor"' in str(await asyncio.wait_for(socket.recv(), 5))


async def test_a_second_hello_doubles_nothing(shared: servers.Server) -> None:
    async with oracles.neighbours(shared) as (alice, room, page):
        await alice.say(room, "once")
        await page.shows("once")
        await page.send(op="hello", after="")
        await alice.say(room, "and once")
        await page.meets(lambda: "and once" in page.texts, "shows it")
        assert page.texts == ["once", "and once"]
