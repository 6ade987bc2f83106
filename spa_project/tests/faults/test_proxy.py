"""Tests of the network faults that the proxy injects."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tools.faults.proxy import Proxy
from tools.servers import HOST

pytestmark = pytest.mark.asyncio

SOON = 5.0
heard: list[bytes] = []


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await _read(reader):
        heard.append(data)
        writer.write(data)
    writer.transport.abort()


@asynccontextmanager
async def open_proxy() -> AsyncIterator[Proxy]:
    """Open a proxy in front of an echo server."""
    heard.clear()
    async with await asyncio.start_server(echo, HOST, 0) as server:
        async with Proxy(server.sockets[0].getsockname()[1]) as proxy:
            yield proxy


@asynccontextmanager
async def through(proxy: Proxy) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(HOST, proxy.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def test_it_passes_bytes_on_both_ways():
    async with open_proxy() as proxy, through(proxy) as (reader, writer):
        writer.write(b"hello")
        async with asyncio.timeout(SOON):
            assert await reader.read(100) == b"hello"


async def test_a_cut_reply_is_lost_after_the_request_arrived():
    async with open_proxy() as proxy, through(proxy) as (reader, writer):
        proxy.replies_to_cut = 1
        writer.write(b"pay")
        async with asyncio.timeout(SOON):
            assert await _read(reader) == b""
    assert heard == [b"pay"]


async def test_what_is_swallowed_never_arrives_and_the_line_is_dead_afterwards():
    async with open_proxy() as proxy, through(proxy) as (reader, writer):
        proxy.swallow()
        writer.write(b"pay")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(100), 0.2)
        proxy.clear()
        async with asyncio.timeout(SOON):
            assert await _read(reader) == b""
    assert heard == []


@pytest.mark.parametrize("reads", [True, False])
async def test_a_stalled_connection_is_dead_and_a_new_one_works(reads):
    async with open_proxy() as proxy, through(proxy) as (reader, writer):
        writer.write(b"hello")
        await reader.read(100)
        proxy.stall(reads=reads)
        writer.write(b"pay")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(100), 0.2)
        async with through(proxy) as (other, onward):
            onward.write(b"again")
            async with asyncio.timeout(SOON):
                assert await other.read(100) == b"again"
    assert heard == [b"hello", b"again"]


async def test_nobody_behind_it_is_a_connection_that_ends_at_once():
    async with open_proxy() as proxy:
        pass
    async with Proxy(proxy.port) as lonely, through(lonely) as (reader, _writer):
        async with asyncio.timeout(SOON):
            assert await _read(reader) == b""


async def _read(reader: asyncio.StreamReader) -> bytes:
    """Return the received bytes, none when the other side closed in whatever way."""
    try:
        return await reader.read(100)
    except ConnectionResetError:
        return b""
