"""A TCP proxy in front of one server: a network with bad days."""

import asyncio
import random
from typing import Self

from tools.servers import HOST, Web

CHUNK = 65536


class Proxy(Web):
    """Listens on a port of its own and passes bytes on to the port `target`, unless told otherwise.

    `delay` is in seconds for each chunk; `replies_to_cut` so many connections lose the next thing
    the server says to them; `swallow` makes everything vanish without a word until `clear`.
    """

    def __init__(self, target: int) -> None:
        self.delay = 0.0
        self.replies_to_cut = 0
        self.target = target
        self._swallows = False
        self._links: set[_Link] = set()
        self._carrying: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._take, HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *error: object) -> None:
        self._server.close()
        self.cut()
        await asyncio.gather(*self._carrying)

    def cut(self, share: float = 1.0) -> None:
        """Reset this share of the connections."""
        for link in [*self._links]:
            if random.random() < share:
                link.reset()

    def swallow(self) -> None:
        """Take everything and pass on nothing: nobody is told that the network is gone."""
        self._swallows = True

    def clear(self) -> None:
        """Good weather again. Connections that lost bytes meanwhile are of no use any more."""
        self.delay = 0.0
        self.replies_to_cut = 0
        if self._swallows:
            self._swallows = False
            self.cut()

    async def weather(self) -> bool:
        """Wait as long as bytes take now; whether they arrive."""
        if self.delay:
            await asyncio.sleep(self.delay)
        return not self._swallows

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        carrying = asyncio.create_task(self._serve(reader, writer))
        self._carrying.add(carrying)
        carrying.add_done_callback(self._carrying.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            onward = await asyncio.open_connection(HOST, self.target)
        except OSError:
            writer.transport.abort()
            return
        link = _Link(self, (reader, writer), onward)
        self._links.add(link)
        try:
            await link.carry()
        finally:
            self._links.discard(link)


_End = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Link:
    """One connection through the proxy."""

    def __init__(self, proxy: Proxy, client: _End, server: _End) -> None:
        self._proxy = proxy
        self._client = client
        self._server = server
        self._is_doomed = False  # the next reply is lost

    async def carry(self) -> None:
        """Pass bytes on in both directions until either side hangs up."""
        there = asyncio.create_task(self._pass(self._client[0], self._server[1], self._ask))
        back = asyncio.create_task(self._pass(self._server[0], self._client[1], self._reply))
        try:
            await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.reset()
            there.cancel()
            back.cancel()
            await asyncio.wait({there, back})

    def reset(self) -> None:
        """Hang up on both sides at once."""
        for _reader, writer in (self._client, self._server):
            writer.transport.abort()

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, seen) -> None:
        try:
            while data := await source.read(CHUNK):
                if await self._proxy.weather():
                    seen()
                    sink.write(data)
                    await sink.drain()
        except OSError:
            pass

    def _ask(self) -> None:
        if self._proxy.replies_to_cut > 0:
            self._proxy.replies_to_cut -= 1
            self._is_doomed = True

    def _reply(self) -> None:
        if self._is_doomed:
            raise ConnectionAbortedError
