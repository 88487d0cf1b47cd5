"""What does a receiver on loopback do to those who send to it? One function for each way to misbehave."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from typing import Any

from tests.patience import PATIENCE

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
DRIP_SECONDS = 0.02


class Conversation:
    """One accepted connection, as a behaviour sees it."""

    def __init__(self, sock: socket.socket, stopped: threading.Event) -> None:
        self.sock = sock
        self.requests: list[bytes] = []
        self.sent = 0  # bytes
        self.ended = threading.Event()  # our end of it is closed
        self._stopped = stopped
        self._rest = b""

    def request(self) -> bytes:
        """Read one request with its body; b"" when the sender has gone."""
        data = self._rest
        while b"\r\n\r\n" not in data:
            piece = self.sock.recv(65536)
            if not piece:
                return b""
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
        )
        while len(body) < length:
            body += self.sock.recv(65536)
        self._rest = body[length:]
        self.requests.append(head + b"\r\n\r\n" + body[:length])
        return self.requests[-1]

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)
        self.sent += len(data)

    def drip(self, data: bytes) -> None:
        """Send the same again and again, slowly, until the sender or the test has had enough."""
        while not self._stopped.wait(DRIP_SECONDS):
            self.send(data)

    def flood(self, data: bytes) -> None:
        """Send the same as fast as the sender takes it."""
        while not self._stopped.is_set():
            self.send(data)

    def wait(self) -> None:
        """Do nothing until the test is over."""
        self._stopped.wait(PATIENCE)


Behaviour = Callable[[Conversation], None]


class Receiver:
    """A listening socket on loopback, each connection served by a thread with one behaviour."""

    def __init__(self, behaviour: Behaviour, tls: ssl.SSLContext | None) -> None:
        self._behaviour = behaviour
        self._tls = tls
        self._stopped = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._threads = [threading.Thread(target=self._accept)]
        self.port: int = self._listening.getsockname()[1]
        self.conversations: list[Conversation] = []
        self._threads[0].start()

    def url(self, host: str = "127.0.0.1", path: str = "/hook") -> str:
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}{path}"

    @property
    def requests(self) -> list[bytes]:
        return [request for conversation in self.conversations for request in conversation.requests]

    def stop(self) -> None:
        self._stopped.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        self._listening.close()
        for conversation in self.conversations:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(conversation.sock, socket.SHUT_RDWR)
        for thread in self._threads[1:]:
            thread.join()

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                sock, _ = self._listening.accept()
            except OSError:
                return
            conversation = Conversation(sock, self._stopped)
            self.conversations.append(conversation)
            self._threads.append(threading.Thread(target=self._serve, args=(conversation,)))
            self._threads[-1].start()

    def _serve(self, conversation: Conversation) -> None:
        try:
            if self._tls is not None:
                conversation.sock = self._tls.wrap_socket(conversation.sock, server_side=True)
            self._behaviour(conversation)
        except OSError:
            pass  # The sender went away, which is what these tests want of it.
        finally:
            conversation.sock.close()
            conversation.ended.set()


@contextlib.contextmanager
def receiving(behaviour: Behaviour, *, tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A receiver that behaves like that until the block ends."""
    receiver = Receiver(behaviour, tls)
    try:
        yield receiver
    finally:
        receiver.stop()


def well_behaved(to: Conversation) -> None:
    """Answer every request of a connection."""
    while to.request():
        to.send(OK)


def answering(*answers: bytes) -> Behaviour:
    """Answer with these bytes, one after the other, and close."""

    def behave(to: Conversation) -> None:
        for answer in answers:
            to.request()
            to.send(answer)

    return behave


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """Behave like the first to the first connection, like the second to the second, and so on."""
    left = iter(behaviours)

    def behave(to: Conversation) -> None:
        next(left)(to)

    return behave


def keeping(*answers: bytes) -> Behaviour:
    """Answer with these bytes and keep the connection open."""

    def behave(to: Conversation) -> None:
        answering(*answers)(to)
        to.wait()

    return behave


def dripping(start: bytes, again: bytes) -> Behaviour:
    """Answer with `start`, then `again` slowly and without end."""

    def behave(to: Conversation) -> None:
        to.request()
        to.send(start)
        to.drip(again)

    return behave


def flooding(start: bytes, again: bytes) -> Behaviour:
    """Answer with `start`, then `again` fast and without end."""

    def behave(to: Conversation) -> None:
        to.request()
        to.send(start)
        to.flood(again)

    return behave


def silent(to: Conversation) -> None:
    to.request()
    to.wait()


def never_reading(to: Conversation) -> None:
    to.wait()


def reset(to: Conversation) -> None:
    to.request()
    to.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def once_and_then_reset(to: Conversation) -> None:
    answering(OK)(to)
    reset(to)


def records(*addresses: str) -> Any:
    """What getaddrinfo returns for a name with these addresses."""
    family = {True: socket.AF_INET6, False: socket.AF_INET}
    return [
        (family[":" in ip], socket.SOCK_STREAM, 6, "", (ip, 0, 0, 0) if ":" in ip else (ip, 0))
        for ip in addresses
    ]
