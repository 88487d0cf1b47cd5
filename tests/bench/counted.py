"""What does publishing ask of the database and of Redis? Statements, commands and round trips, counted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from redis import Redis
from redis.connection import Connection, ConnectionPool, UnixDomainSocketConnection, parse_url


@dataclass
class Asked:
    """What was asked while it was counted."""

    statements: list[str] = field(default_factory=list)
    round_trips: int = 0

    @property
    def inserts(self) -> int:
        """INSERT statements, each of one row or of many."""
        return sum(statement.startswith("INSERT") for statement in self.statements)


@contextmanager
def counting(sa_engine: sa.Engine, redis: Redis) -> Iterator[Asked]:
    """Count what this engine and this client, made by `counted_client`, ask inside the block."""
    asked = Asked()

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.statements.append(statement)

    sa.event.listen(sa_engine, "before_cursor_execute", note)
    before = packets_of(redis)
    try:
        yield asked
    finally:
        asked.round_trips = packets_of(redis) - before
        sa.event.remove(sa_engine, "before_cursor_execute", note)


def counted_client(url: str) -> Redis:
    """A client that counts what it sends; a pipeline goes out in one packet."""
    options = dict(parse_url(url))
    kind = _CountedFile if url.startswith("unix:") else _CountedSocket
    options.pop("connection_class", None)
    return Redis(connection_pool=ConnectionPool(connection_class=kind, counter=_Counter(), **options))


def packets_of(client: Redis) -> int:
    """How many packets a counted client has sent."""
    counter: _Counter = client.connection_pool.connection_kwargs["counter"]
    return counter.packets


class _Counter:
    packets = 0


class _Counted:
    def __init__(self, *, counter: _Counter, **options: Any) -> None:
        self._counter = counter
        super().__init__(**options)

    def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        self._counter.packets += 1
        super().send_packed_command(command, check_health)  # type: ignore[misc]


class _CountedFile(_Counted, UnixDomainSocketConnection):
    pass


class _CountedSocket(_Counted, Connection):
    pass
