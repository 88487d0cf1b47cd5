"""A receiver in a process of its own: `python -m tests.flow_receiver LOG` prints its port and notes every request.

The path says how it answers: `/answers/500/200` one after the other (the last one stays), `/takes/800` after
800 ms. A line of the log is one request: path, headers, body, and which of its path it was.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

LOG = Path(sys.argv[1])
_seen: Counter[str] = Counter()
_lock = threading.Lock()


class Receiver(BaseHTTPRequestHandler):
    """Notes, then answers."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        with _lock, LOG.open("a", encoding="utf-8") as log:
            _seen[self.path] += 1
            number = _seen[self.path]
            headers = {name.lower(): value for name, value in self.headers.items()}
            entry = {"path": self.path, "headers": headers, "body": body, "number": number}
            log.write(json.dumps(entry) + "\n")
        self.send_response(self._status(number))
        self.send_header("content-length", "0")
        self.end_headers()

    def _status(self, number: int) -> int:
        kind, *words = self.path.strip("/").split("/")
        if kind == "takes":
            time.sleep(int(words[0]) / 1000)
        if kind == "answers":
            return int(words[min(number, len(words)) - 1])
        return 200

    def log_message(self, *_: object) -> None:
        """Nothing: the log is ours."""


if __name__ == "__main__":
    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        print(server.server_port, flush=True)
        server.serve_forever()
