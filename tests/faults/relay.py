"""What stands between the processes and a server? A relay that can be told to be a bad line.

It listens on a port of loopback and leads to a unix socket; how it behaves may change while connections are open:
`let_pass`, `refuse` (as if nobody listened), `go_silent` (bytes are kept until it passes again), `slow_down`,
`cut_after` so many bytes, `reset` (what is open breaks, once).
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_PIECE = 65536
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Relay:
    """One relay, in a thread of its own; every method may be called from any other."""

    def __init__(self, server_socket: str) -> None:
        self._server_socket = server_socket
        self._loop = asyncio.new_event_loop()
        self._flows = asyncio.Event()
        self._flows.set()
        self._delay_seconds = 0.0
        self._most_bytes: int | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, name="relay", daemon=True)
        self._thread.start()
        self.port = 0
        self._do(self._listen)

    def let_pass(self) -> None:
        """Be a good line again."""
        self._delay_seconds, self._most_bytes = 0.0, None
        self._do(self._listen)
        self._loop.call_soon_threadsafe(self._flows.set)

    def refuse(self) -> None:
        """Break what is open, and be there for nobody."""
        self._do(self._leave)

    def go_silent(self) -> None:
        """Take connections and bytes, and hand nothing on."""
        self._loop.call_soon_threadsafe(self._flows.clear)

    def slow_down(self, seconds: float) -> None:
        """Hold every piece up for so long."""
        self._delay_seconds = seconds

    def cut_after(self, most_bytes: int) -> None:
        """Break each connection after so many more bytes in one direction."""
        self._most_bytes = most_bytes

    def reset(self) -> None:
        """Break what is open with a reset."""
        self._do(self._break_all)

    def close(self) -> None:
        """Be gone for good."""
        self.refuse()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def _do(self, act: Callable[[], object]) -> None:
        async def acted() -> None:
            result = act()
            if asyncio.iscoroutine(result):
                await result

        asyncio.run_coroutine_threadsafe(acted(), self._loop).result(10)

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def _leave(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        self._break_all()

    def _break_all(self) -> None:
        for writer in list(self._writers):
            reset(writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            onward = await asyncio.open_unix_connection(self._server_socket)
        except OSError:
            return reset(writer)
        ours = {writer, onward[1]}
        self._writers |= ours
        try:
            await asyncio.gather(self._pump(reader, onward[1]), self._pump(onward[0], writer))
        except OSError:
            pass  # one side broke it; both are closed below
        finally:
            self._writers -= ours
            for each in ours:
                each.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handed_on = 0
        while piece := await reader.read(_PIECE):
            await self._flows.wait()
            if self._delay_seconds:
                await asyncio.sleep(self._delay_seconds)
            handed_on += len(piece)
            if self._most_bytes is not None and handed_on > self._most_bytes:
                raise ConnectionResetError
            writer.write(piece)
            await writer.drain()
        raise ConnectionResetError  # one side has ended it: end the other


def reset(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    writer.transport.abort()


@contextmanager
def relay_to(server_socket: str) -> Iterator[Relay]:
    """A relay for as long as the block lasts."""
    relay = Relay(server_socket)
    try:
        yield relay
    finally:
        relay.close()
