"""What receives in the bench? A process of its own that answers at once, on as many loopback hosts as asked.

`python -m tests.bench.receiver HOSTS` prints its port, then answers every POST with 200 until its standard
input closes. It reads no more of a request than it must, so that it costs the sender's machine little.
"""

from __future__ import annotations

import asyncio
import sys

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-type: text/plain\r\n\r\nok"


class Answering(asyncio.Protocol):
    """Answers each whole request on a kept connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while True:
            head, found, rest = self.buffer.partition(b"\r\n\r\n")
            if not found:
                return
            length = next(
                int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")
            )
            if len(rest) < length:
                return
            self.buffer = rest[length:]
            self.transport.write(ANSWER)


def hosts(count: int) -> list[str]:
    """Loopback addresses; all of 127/8 is ours on Linux, only the first elsewhere."""
    return (
        [f"127.0.0.{number}" for number in range(1, count + 1)] if sys.platform == "linux" else ["127.0.0.1"]
    )


async def serve(count: int) -> None:
    """Listen on every host at one port, say which, and stay until standard input closes."""
    loop = asyncio.get_running_loop()
    first = await loop.create_server(Answering, hosts(1)[0], 0)
    port = first.sockets[0].getsockname()[1]
    for host in hosts(count)[1:]:
        await loop.create_server(Answering, host, port)
    print(port, flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
