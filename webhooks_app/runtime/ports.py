"""Is the port free, and which other one is?"""

from __future__ import annotations

import errno
import socket

from webhooks_app.errors import CannotStart

HOST = "127.0.0.1"
_TRIES = 100


def require_free(port: int) -> None:
    """Nothing if the web server can have the port; CannotStart, with another one, if not."""
    problem = _problem(port)
    if problem is None:
        return
    other = another(port)
    advice = f" Try PORT={other}." if other else ""
    raise CannotStart(f"Port {port} {problem}.{advice}")


def another(port: int) -> int | None:
    """The next free port that needs no rights, None if there is none nearby."""
    first = max(port, 1023) + 1
    return next((each for each in range(first, min(first + _TRIES, 65536)) if _problem(each) is None), None)


def _problem(port: int) -> str | None:
    # Asked by connecting too: on macOS a second, more exact address can be bound beside a wildcard one.
    with socket.socket() as client:
        client.settimeout(0.5)
        if client.connect_ex((HOST, port)) == 0:
            return "is already in use"
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the web server will
        try:
            server.bind((HOST, port))
        except PermissionError:
            return "needs the rights of root"
        except OSError as exc:
            return "is already in use" if exc.errno == errno.EADDRINUSE else f"cannot be used: {exc.strerror}"
    return None
