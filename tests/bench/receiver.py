"""What receives in the bench? A process of its own, on as many loopback hosts as asked.

`python -m tests.bench.receiver HOSTS` prints its port, then answers until its standard input closes. It reads no
more of a request than it must, so that it costs the sender's machine little.

    POST /hook           answered at once
    POST /seen/<name>    the same, and remembered: when it came, and the number of its event
    POST /wait/<ms>      answered so many milliseconds later, and remembered
    POST /hang           never answered
    GET  /arrivals       what was remembered since it was last asked for, as JSON: [name, number, moment] each
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from typing import Any

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-type: text/plain\r\n\r\nok"

_NUMBER = re.compile(rb'"number":(\d+)')
_arrivals: list[tuple[str, int, float]] = []


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
                (
                    int(line[15:])
                    for line in head.lower().split(b"\r\n")
                    if line.startswith(b"content-length:")
                ),
                0,
            )
            if len(rest) < length:
                return
            self.buffer = rest[length:]
            if head.startswith(b"POST /hook "):
                self.transport.write(ANSWER)
            else:
                self._act(head.split(b" ", 2)[1].decode(), rest[:length])

    def _act(self, path: str, body: bytes) -> None:
        kind, _, name = path.strip("/").partition("/")
        if kind == "arrivals":
            self.transport.write(_told())
            return
        if kind == "hang":
            return
        number = _NUMBER.search(body)
        _arrivals.append((path, int(number[1]) if number else -1, time.monotonic()))
        if kind == "wait":
            asyncio.get_running_loop().call_later(int(name) / 1000, self.transport.write, ANSWER)
        else:
            self.transport.write(ANSWER)


def _told() -> bytes:
    text = json.dumps(_arrivals).encode()
    _arrivals.clear()
    return (
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(text) + text
    )


def hosts(count: int) -> list[str]:
    """Loopback addresses; all of 127/8 is ours on Linux, only the first elsewhere."""
    return (
        [f"127.0.0.{number}" for number in range(1, count + 1)] if sys.platform == "linux" else ["127.0.0.1"]
    )


async def serve(count: int) -> None:
    """Listen on every host at one port, say which, and stay until standard input closes."""
    loop = asyncio.get_running_loop()
    options: dict[str, Any] = {"backlog": 1000}  # ten thousand listeners may come at once
    first = await loop.create_server(Answering, hosts(1)[0], 0, **options)
    port = first.sockets[0].getsockname()[1]
    for host in hosts(count)[1:]:
        await loop.create_server(Answering, host, port, **options)
    print(port, flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
