"""Does anything that the tests run dial where it must not? An audit hook judges every address, and the run fails.

Refused are: whatever is not loopback; a connection that our own code opens past the guard of engine/dial.py; and
one that the guard opens although the policy of its transport forbids the address. The processes that tests start
are watched too: tests/watched is on their path, and what they find goes to the same file.
"""

from __future__ import annotations

import atexit
import os
import sys
import tempfile
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from itertools import takewhile
from pathlib import Path
from types import FrameType
from typing import Any

FILE = "WEBHOOKS_TESTS_DIALLED"
PACKAGE = "webhooks_app."
GUARD = f"{PACKAGE}engine.dial"
# Its own processes, its Redis and its own web server are what this room connects to.
INSIDE = (f"{PACKAGE}runtime.",)
REDIS = ("redis.connection",)

CONNECTS = ("socket.connect", "socket.sendto", "socket.sendmsg")
LOOKS_UP = ("socket.getaddrinfo", "socket.gethostbyname")  # by the C library, whose datagrams no hook sees

_watching: list[int] = []  # a hook cannot be taken off, and one is enough


class DialledOut(Exception):
    """Something tried to reach where it must not."""


def install() -> None:
    """Watch this process until its end, and every Python that it starts."""
    if not _watching:
        _watching.append(os.getpid())
        sys.addaudithook(_watch)
    if FILE not in os.environ:
        handle, os.environ[FILE] = tempfile.mkstemp(prefix="webhooks-dialled-")
        os.close(handle)
        atexit.register(_forget, os.getpid())
        paths = (str(Path(__file__).parent / "watched"), os.environ.get("PYTHONPATH", ""))
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))


def dialled() -> list[str]:
    """What was refused so far, in every process of the run."""
    return Path(os.environ[FILE]).read_text("utf-8").splitlines()


def _forget(pid: int) -> None:
    if os.getpid() == pid:  # a fork of ours may end by itself
        Path(os.environ[FILE]).unlink(missing_ok=True)


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event in CONNECTS:
        complaint = about_connection(arguments[1], callers(sys._getframe(1)))
    elif event in LOOKS_UP:
        complaint = about_name(arguments[0])
    else:
        return
    if complaint is None:
        return
    with Path(os.environ[FILE]).open("a", encoding="utf-8") as file:
        file.write(f"{complaint}\n")
    raise DialledOut(complaint)


def about_connection(address: Any, frames: list[FrameType]) -> str | None:
    """What is wrong with connecting to this address from there; `frames` are the callers, the nearest first."""
    if not isinstance(address, tuple):
        return None  # a unix socket
    if not is_local(address[0]):
        return f"{address} is not loopback"
    ours = [
        frame for frame in takewhile(_is_no_test, frames) if _module(frame).startswith(PACKAGE)
    ]  # what the nearest test has called
    guard = next((frame for frame in ours if _is_dial(frame)), None)
    if guard is not None:
        policy, is_proxy = guard.f_locals["exchange"].policy, guard.f_locals["is_proxy"]
        return None if is_proxy or policy.allows(address[0]) else f"{address} is refused by its policy"
    is_redis = any(_module(frame).startswith(REDIS) for frame in frames)
    if not ours or is_redis or _module(ours[0]).startswith(INSIDE):
        return None
    return f"{address} was dialled past the guard by {_module(ours[0])}"


def about_name(host: Any) -> str | None:
    """What is wrong with asking the system for this name's addresses; an address has only itself."""
    if host is None or is_local(host) or _address(host) is not None:
        return None
    return f"the system was asked for the addresses of {host!r}"


def is_local(host: Any) -> bool:
    """Whether this is loopback, by address or by name."""
    found = _address(host)
    if found is None:
        return host in ("localhost", "", b"localhost", b"")
    return found.is_unspecified or (getattr(found, "ipv4_mapped", None) or found).is_loopback


def _address(host: Any) -> IPv4Address | IPv6Address | None:
    text = host.decode(errors="replace") if isinstance(host, bytes) else str(host)
    try:
        return ip_address(text.partition("%")[0])
    except ValueError:
        return None


def callers(frame: FrameType | None) -> list[FrameType]:
    """The frames that led here, the nearest first."""
    return list(_outwards(frame))


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


def _is_no_test(frame: FrameType) -> bool:
    return not _module(frame).startswith("tests.")


def _is_dial(frame: FrameType) -> bool:
    return _module(frame) == GUARD and frame.f_code.co_name == "dial"
