"""What is one trial? A hook of its own with its listeners, events, one fault or several, and the checker's word."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa

from tests.factories import make_listener
from tests.faults import HOOK_NAMES, slowness
from tests.faults.checker import (
    ENDED,
    Arrival,
    AttemptRow,
    DeliveryRow,
    Figures,
    Seen,
    complaints,
    figures_of,
)
from tests.faults.generator import Generator
from tests.faults.installation import (
    LEASE_SECONDS,
    STARTED_SECONDS,
    SWEEP_SECONDS,
    TIMEOUT_SECONDS,
    Installation,
)
from tests.faults.oracle import SECRETS
from tests.patience import wait_until
from webhooks_app.match import Filter
from webhooks_app.storage import ids
from webhooks_app.storage.models import Attempt, Delivery, Event, Listener

DRAINED_SECONDS = 2 * (LEASE_SECONDS + SWEEP_SECONDS)  # I8, on a machine of one's own
PATIENCE = 6  # where timing is a figure, and not what decides
LONG_SCHEDULE = ",".join(["1s"] * 12)

_tags = itertools.count(1)


class Trial:
    """One trial on an installation. `keep` takes what is to be printed of it."""

    def __init__(self, installation: Installation, keep: Callable[[str, Any], None]) -> None:
        self.installation = installation
        self.engine = installation.engine
        self.hook = HOOK_NAMES[installation.next_trial()]
        self.generator = Generator(installation, self.hook)
        self.kills = 0
        self._keep = keep
        self._filters: dict[str, Filter] = {}
        self._known: dict[str, set[int]] = defaultdict(set)

    def listen(self, path: str = "/ok", *, wants: dict[str, Any] | None = None, **columns: Any) -> Listener:
        """A listener at the oracle, which answers as the path says."""
        given = {"timeout_seconds": TIMEOUT_SECONDS, "retry_schedule": LONG_SCHEDULE, "secret": SECRETS[0]}
        url = f"{self.installation.oracle_url}{path}?{next(_tags)}"
        wanted = Filter(wants or {})
        made = make_listener(self.engine, hook=self.hook, url=url, filter=wanted, **{**given, **columns})
        self._filters[made.id] = wanted
        return made

    def arm(self, point: str, action: str) -> None:
        """Let whoever comes to this point first do that, once."""
        waiting = self.installation.armed / f"{point}.armed"
        waiting.write_text(action)
        waiting.rename(self.installation.armed / point)

    def taken_by(self, point: str) -> set[int]:
        """Which processes have acted at this point and are not known yet."""
        paths = self.installation.armed.glob(f"{point}.*[0-9]")
        return {int(path.suffix[1:]) for path in paths} - self._known[point]

    def wait_for_point(self, point: str, *, seconds: float = STARTED_SECONDS) -> int:
        """Until a process has come to it; gives which."""
        wait_until(lambda: self.taken_by(point), seconds=seconds, what=f"somebody at {point}")
        [pid] = self.taken_by(point)
        self._known[point].add(pid)
        return pid

    def wait_for_kill(self, point: str) -> None:
        """Until a process has died at it."""
        pid = self.wait_for_point(point)
        self.kills += 1
        wait_until(lambda: self._is_over(pid), seconds=30, what="its end")

    def arrivals(self) -> list[dict[str, Any]]:
        """What the oracle has noted of this trial."""
        log = self.installation.log
        lines = log.read_text("utf-8").splitlines() if log.exists() else []
        return [one for one in map(json.loads, lines) if one["hook"] == self.hook]

    def wait_for_arrivals(self, count: int = 1, *, seconds: float = STARTED_SECONDS) -> None:
        """Until so many requests have come."""
        wait_until(lambda: len(self.arrivals()) >= count, seconds=seconds, what=f"{count} arrivals")

    def statuses(self) -> list[str]:
        """How this trial's deliveries stand."""
        with self.engine.readings() as session:
            return list(session.scalars(sa.select(Delivery.status).where(Delivery.hook == self.hook)))

    def leased_by(self, pid: int) -> list[str]:
        """Which deliveries that process has still claimed."""
        query = sa.select(Delivery.id).where(
            Delivery.status == "sending", Delivery.lease_owner.endswith(f"-{pid}")
        )
        with self.engine.readings() as session:
            return list(session.scalars(query))

    def attempts(self) -> list[Attempt]:
        """This trial's attempts, in their deliveries' order."""
        query = sa.select(Attempt).join(Delivery, Delivery.id == Attempt.delivery_id)
        with self.engine.readings() as session:
            return list(
                session.scalars(query.where(Delivery.hook == self.hook).order_by(Delivery.id, Attempt.number))
            )

    def is_drained(self) -> bool:
        """Whether every event is dispatched and every delivery has its end."""
        undispatched = sa.select(Event.id).where(Event.hook == self.hook, Event.dispatched_at.is_(None))
        unended = sa.select(Delivery.id).where(
            Delivery.hook == self.hook, Delivery.status.not_in(sorted(ENDED))
        )
        with self.engine.readings() as session:
            return not any(session.execute(query.limit(1)).first() for query in (undispatched, unended))

    def holds(
        self, *, duplicates: int = 0, ends: tuple[str, ...] = ("delivered",), seconds: float = 0.0
    ) -> Figures:
        """Wait for the end of everything (I8), then check all eight; no more duplicates than that.

        `seconds` comes on top of what the drain may take, where the fault itself lasts that long.
        """
        began = time.monotonic()
        wait_until(
            self._drains,
            seconds=(DRAINED_SECONDS * PATIENCE + seconds) * slowness() ** 0.5,
            what="the drain (I8)",
        )
        drained = time.monotonic() - began
        seen = self._seen(frozenset(ends))
        figures = figures_of(seen)
        told = {"kills": self.kills, "most": duplicates, "drained": round(drained, 1)}
        self._keep("figures", asdict(figures) | told)
        wrong = complaints(seen)
        if figures.duplicates > duplicates:
            wrong.append(f"I5: {figures.duplicates} duplicates, and at most {duplicates} were to be.")
        assert not wrong, "\n".join(wrong[:20])
        return figures

    def _drains(self) -> bool:
        self.installation.supervise()
        return self.is_drained()

    def _seen(self, ends: frozenset[str]) -> Seen:
        with self.engine.readings() as session:
            events = session.scalars(sa.select(Event).where(Event.hook == self.hook)).all()
            listeners = {
                one.id: one for one in session.scalars(sa.select(Listener).where(Listener.hook == self.hook))
            }
            deliveries = session.scalars(sa.select(Delivery).where(Delivery.hook == self.hook)).all()
            damage = ""
            if self.installation.is_sqlite:
                damage = session.execute(sa.text("PRAGMA integrity_check")).scalar_one()
        return Seen(
            committed=frozenset(self.generator.committed),
            stored={_shown(one.id): _hash(one.body) for one in events},
            wanted={_shown(one.id): self._wanted(one) for one in events},
            deliveries=[_row(one, listeners[one.listener_id]) for one in deliveries],
            attempts=[
                AttemptRow(one.delivery_id, one.number, one.status_code, one.error_class)
                for one in self.attempts()
            ],
            arrivals=[
                Arrival(one["id"], one["path"], bool(one["signed_by"]), one["sha256"], one["ambiguous"])
                for one in self.arrivals()
            ],
            damage="" if damage == "ok" else damage,
            ends=ends,
        )

    def _wanted(self, event: Event) -> frozenset[str]:
        payload = json.loads(event.body)
        return frozenset(listener_id for listener_id, one in self._filters.items() if one.accepts(payload))

    def _is_over(self, pid: int) -> bool:
        for process in self.installation.stack.processes.values():
            if process.pid == pid:
                return process.poll() is not None
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        return False


def _row(delivery: Delivery, listener: Listener) -> DeliveryRow:
    parts = urlsplit(listener.url)
    schedule = listener.retry_schedule or ""
    return DeliveryRow(
        id=delivery.id,
        event_id=_shown(delivery.event_id),
        listener_id=delivery.listener_id,
        path=f"{parts.path}?{parts.query}",
        status=delivery.status,
        most_attempts=1 + len([wait for wait in schedule.split(",") if wait]),
    )


def _shown(event_id: str) -> str:
    return ids.shown(ids.EVENT, event_id)


def _hash(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()
