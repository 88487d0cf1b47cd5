"""How does everything that is sealed come to the newest encryption key, so that the older ones can go?

Read in windows along the ids, decrypted outside any transaction, and written back in transactions so small that
nobody waits long for their locks. A value is replaced only if it is still the one that was read: what somebody
changed meanwhile is read again. Whatever an interrupted run has done stays done, and the next one passes over it.
A listener keeps its version: what its secrets open to is the same.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from webhooks_app.engine import Engine
from webhooks_app.engine.audit import Actor, note
from webhooks_app.engine.busy import tried_again
from webhooks_app.engine.failpoints import reach
from webhooks_app.engine.retention import Pace
from webhooks_app.errors import SecretUnavailable
from webhooks_app.storage.queries import sealed as queries
from webhooks_app.storage.queries.sealed import Place, Value

WINDOW = 500  # values read in one transaction


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A value that its listener needs and no key opens."""

    listener_id: str
    listener: str  # its name
    what: str


@dataclass(frozen=True, slots=True)
class Rotated:
    """How many values were encrypted anew, or would be; how many had the newest key; what could not be read."""

    reencrypted: int
    already_new: int
    unreadable: tuple[Unreadable, ...]


class _Tally:
    """What a run has met so far."""

    def __init__(self) -> None:
        self.reencrypted = self.already_new = 0
        self.unreadable: list[Unreadable] = []

    def total(self) -> Rotated:
        return Rotated(self.reencrypted, self.already_new, tuple(self.unreadable))


def rotate_keys(engine: Engine, *, by: Actor, pace: Pace | None = None) -> Rotated:
    """Seal with the newest key what an older one has sealed; gives what was done.

    That it began is in the audit log before anything changes: a run that is killed says nothing at its end.
    """
    _note(engine, by, "begin-rotate-keys")
    tally, pace = _Tally(), pace or Pace()
    for place, window in _windows(engine):
        values = window
        while values:  # a further round is for what somebody has changed since it was read
            missed = _write(engine, place, _anew(engine, place, values, tally), tally, pace)
            values = _again(engine, place, missed)
    done = tally.total()
    counts = {"reencrypted": done.reencrypted, "unreadable": len(done.unreadable)}
    _note(engine, by, "rotate-keys", counts)
    return done


def _note(engine: Engine, by: Actor, act: str, counts: dict[str, int] | None = None) -> None:
    with engine.sessions.begin() as session:
        note(session, by, act, "keys", "encryption", after=counts, at=engine.clock())


def would_rotate(engine: Engine) -> Rotated:
    """What `rotate_keys` would do just now."""
    tally = _Tally()
    for place, window in _windows(engine):
        tally.reencrypted += len(_anew(engine, place, window, tally))
    return tally.total()


def _windows(engine: Engine) -> Iterator[tuple[Place, list[Value]]]:
    for place in queries.PLACES:
        last, is_more = "", True
        while is_more:
            with engine.readings() as session:
                window = queries.window(session, place, after=last, limit=WINDOW, now=engine.clock())
            yield place, window
            is_more = len(window) == WINDOW
            last = window[-1].row_id if window else last


def _anew(engine: Engine, place: Place, values: Sequence[Value], tally: _Tally) -> list[tuple[Value, str]]:
    """Those that an older key has sealed, each with what is to be kept instead."""
    found = []
    for value in values:
        owner, field = value.listener_id, place.field
        try:
            text = engine.seal.open(value.sealed, owner=owner, field=field)
        except SecretUnavailable:
            if value.is_needed:
                tally.unreadable.append(Unreadable(value.listener_id, value.listener, place.what))
            continue
        if engine.seal.is_newest(value.sealed):
            tally.already_new += 1
        else:
            found.append((value, engine.seal.seal(text, owner=owner, field=field)))
    return found


def _write(
    engine: Engine, place: Place, anew: Sequence[tuple[Value, str]], tally: _Tally, pace: Pace
) -> list[str]:
    """Write these back, a few at a time; gives the rows that hold something else by now."""
    missed: list[str] = []
    start = 0
    while start < len(anew):
        piece = anew[start : start + pace.at_once]
        start += len(piece)
        began = time.monotonic()
        lost = tried_again(lambda piece=piece: _replace(engine, place, piece))  # type: ignore[misc]  # mypy cannot infer a lambda with a default
        pace.took(time.monotonic() - began)
        tally.reencrypted += len(piece) - len(lost)
        missed += lost
    return missed


def _replace(engine: Engine, place: Place, piece: Sequence[tuple[Value, str]]) -> list[str]:
    with engine.sessions.begin() as session:
        lost = [one.row_id for one, kept in piece if not queries.replace(session, place, one, kept)]
        reach("rotate.mid")
    return lost


def _again(engine: Engine, place: Place, row_ids: Sequence[str]) -> list[Value]:
    if not row_ids:
        return []
    with engine.readings() as session:
        return queries.among(session, place, row_ids, now=engine.clock())
