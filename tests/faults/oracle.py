"""Who says what arrived? A receiver in a process of its own that trusts nobody: `python -m tests.faults.oracle LOG`.

It prints its port, and writes a line for each request, synced to the disk before it answers. Its own few lines
check the signature, so that a mistake in ours would not be made twice. The path says how it answers:

    /ok · /status/500 · /takes/700 (ms) · /hang · /drip · /reset (after reading) · /half (200, then a reset)
    /flood (a body without end) · /later/<Retry-After> (429)
    /first/<any of these>   only the first time that an id comes; then 200
    /sometimes/<percent>/<any of these>
    /until/<name>/<any of these>   while a file of this name stands beside the log
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import os
import random
import sys
import time
from collections import Counter
from pathlib import Path
from urllib.parse import unquote

from tests.faults.relay import reset

SECRETS = tuple("whsec_" + base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2))
AMBIGUOUS = {"reset", "half"}  # broken off: the sender may not learn that it arrived

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Oracle:
    """What was seen, and where it is written."""

    def __init__(self, log: Path) -> None:
        self._folder = log.parent
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._seen: Counter[tuple[str, str]] = Counter()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until somebody ends it."""
        try:
            while True:
                path, headers, body = await _request(reader)
                behaviour = self._behaviour(path, headers["webhook-id"])
                self._note(path, headers, body, behaviour=behaviour[0])
                await _answer((reader, writer), *behaviour)
        except (OSError, EOFError, asyncio.IncompleteReadError):
            pass  # they hung up, or we did
        finally:
            writer.close()

    def _behaviour(self, path: str, webhook_id: str) -> list[str]:
        kind, *words = [unquote(word) for word in path.partition("?")[0].strip("/").split("/")]
        self._seen[path, webhook_id] += 1
        if kind == "first":
            return words if self._seen[path, webhook_id] == 1 else ["ok"]
        if kind == "sometimes":
            return words[1:] if random.random() * 100 < float(words[0]) else ["ok"]
        if kind == "until":
            return words[1:] if (self._folder / words[0]).exists() else ["ok"]
        return [kind, *words]

    def _note(self, path: str, headers: dict[str, str], body: bytes, *, behaviour: str) -> None:
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        given = headers.get("webhook-signature", "").split()
        entry = {
            "id": headers["webhook-id"],
            "hook": headers["webhook-hook"],
            "path": path,
            "at": time.time(),
            "signed_by": [n for n, secret in enumerate(SECRETS) if _signature(secret, signed) in given],
            "sha256": hashlib.sha256(body).hexdigest(),
            "attempt": int(headers["webhook-attempt"]),
            "ambiguous": behaviour in AMBIGUOUS,
        }
        os.write(self._log, json.dumps(entry).encode() + b"\n")
        os.fsync(self._log)


async def _request(reader: asyncio.StreamReader) -> tuple[str, dict[str, str], bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    pairs = (line.split(":", 1) for line in head[1:] if line)
    headers = {name.lower(): value.strip() for name, value in pairs}
    return head[0].split()[1], headers, await reader.readexactly(int(headers["content-length"]))


async def _answer(stream: Stream, kind: str, word: str = "") -> None:
    reader, writer = stream
    if kind == "hang":
        await reader.read()  # until they have had enough
    elif kind == "takes":
        await asyncio.sleep(int(word) / 1000)
    elif kind in ("drip", "flood"):
        await _trickle(writer, kind)
    elif kind == "half":
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")
        await writer.drain()
    if kind in ("reset", "half"):
        reset(writer)
        return
    status = int(word) if kind == "status" else 429 if kind == "later" else 200
    writer.write(_head(status, f"retry-after: {word}\r\n" if kind == "later" else ""))
    await writer.drain()


async def _trickle(writer: asyncio.StreamWriter, kind: str) -> None:
    """An answer that comes byte by byte, or does not end."""
    if kind == "drip":
        for byte in b"HTTP/1.1 200 OK\r\nx-slow: " + b"x" * 1000:
            writer.write(bytes([byte]))
            await asyncio.sleep(0.2)
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


def _head(status: int, more: str = "") -> bytes:
    return f"HTTP/1.1 {status} Whatever\r\ncontent-length: 0\r\n{more}\r\n".encode()


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()


async def main(log: Path) -> None:
    """Serve until ended."""
    server = await asyncio.start_server(Oracle(log).serve, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
