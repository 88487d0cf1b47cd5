"""Does any test dial out? An audit hook refuses every address but loopback, and the run fails for it."""

from __future__ import annotations

import sys
from ipaddress import ip_address
from typing import Any

dialled: list[str] = []


class DialledOut(Exception):
    """A test tried to reach the network."""


def install() -> None:
    """Watch every connection and datagram of this process; an audit hook stays until its end."""
    sys.addaudithook(_watch)


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in ("socket.connect", "socket.sendto"):
        return
    address = arguments[1]
    if is_local(address):
        return
    dialled.append(str(address))
    raise DialledOut(f"The tests dial nothing but loopback, and one dialled {address}.")


def is_local(address: Any) -> bool:
    """Whether this is a unix socket, or an IP address of loopback."""
    if not isinstance(address, tuple):
        return True
    host = str(address[0]).partition("%")[0]
    if host in ("localhost", ""):
        return True
    try:
        found = ip_address(host)
    except ValueError:
        return False
    return (getattr(found, "ipv4_mapped", None) or found).is_loopback
