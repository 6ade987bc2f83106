"""TCP proxy in front of one server, which injects network faults."""

import asyncio
import random
from typing import Self

from tools.servers import HOST, Web

CHUNK = 65536


class Proxy(Web):
    """Proxy that listens on a port of its own and forwards to the port `target` of a host.

    `delay` is in seconds for each chunk; that many connections as `replies_to_cut` lose their next
    reply; `swallow` drops every byte until `clear`.
    """

    def __init__(self, target: int, host: str = HOST) -> None:
        self.delay = 0.0
        self.replies_to_cut = 0
        self.target = target
        self._host = host
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
        """Accept everything and forward nothing: no end learns that the network is down."""
        self._swallows = True

    def stall(self, *, reads: bool) -> None:
        """Forward nothing more of the connections there are; new ones work as before.

        So does a firewall that has lost its state. With `reads` the bytes are acknowledged and
        discarded; without, they fill the buffers between. No end learns of it, nor that the other
        one has closed.
        """
        self._swallows = False
        for link in self._links:
            link.stall(reads=reads)

    def clear(self) -> None:
        """End all faults, and reset the connections that lost bytes meanwhile."""
        self.delay = 0.0
        self.replies_to_cut = 0
        if self._swallows:
            self._swallows = False
            self.cut()

    async def transmit(self) -> bool:
        """Wait for the current delay; return whether the bytes are forwarded."""
        if self.delay:
            await asyncio.sleep(self.delay)
        return not self._swallows

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        carrying = asyncio.create_task(self._serve(reader, writer))
        self._carrying.add(carrying)
        carrying.add_done_callback(self._carrying.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            onward = await asyncio.open_connection(self._host, self.target)
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
    """Connection through the proxy."""

    def __init__(self, proxy: Proxy, client: _End, server: _End) -> None:
        self._proxy = proxy
        self._client = client
        self._server = server
        self._loses_reply = False  # whether the next reply is lost
        self._stalled = self._reads = False
        self._was_reset = asyncio.Event()

    async def carry(self) -> None:
        """Forward bytes in both directions until either side closes."""
        there = asyncio.create_task(self._pass(self._client[0], self._server[1], self._ask))
        back = asyncio.create_task(self._pass(self._server[0], self._client[1], self._reply))
        try:
            await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.reset()
            there.cancel()
            back.cancel()
            await asyncio.wait({there, back})

    def stall(self, *, reads: bool) -> None:
        """Forward no more bytes, whether they are read or not."""
        self._stalled, self._reads = True, reads

    def reset(self) -> None:
        """Reset both sides at once."""
        self._was_reset.set()
        for _reader, writer in (self._client, self._server):
            writer.transport.abort()

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, seen) -> None:
        try:
            while data := await source.read(CHUNK):
                if self._stalled:
                    if not self._reads:
                        break
                elif await self._proxy.transmit():
                    seen()
                    sink.write(data)
                    await sink.drain()
        except OSError:
            pass
        if self._stalled:
            await self._was_reset.wait()

    def _ask(self) -> None:
        if self._proxy.replies_to_cut > 0:
            self._proxy.replies_to_cut -= 1
            self._loses_reply = True

    def _reply(self) -> None:
        if self._loses_reply:
            raise ConnectionAbortedError
