"""What does a step on the failure ladder change? The listener's state, its deliveries, the audit, and who is told.

All of it in the transaction of `steps`, which holds the listener and its row of health.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from webhooks_app.builtin import LISTENER_DISABLED, LISTENER_FAILING, LISTENER_RECOVERED, LISTENER_WARNED
from webhooks_app.engine import Engine
from webhooks_app.engine.announce import announce
from webhooks_app.engine.audit import SYSTEM, note
from webhooks_app.engine.holding import hold_waiting, release_held
from webhooks_app.engine.ladder import PROBE_LOST, Disable, Fail, Health, Probe, Recover, Step, Wait, Warn
from webhooks_app.engine.listener_rows import touch
from webhooks_app.engine.probe import let_one_go
from webhooks_app.event import Hook
from webhooks_app.payload import json_value
from webhooks_app.storage.models import Listener, State


@dataclass(slots=True)
class Climb:
    """One listener on the ladder: `health` is what is to be kept of it after the step."""

    engine: Engine
    session: Session
    listener: Listener
    health: Health
    now: datetime
    has_told: bool = False  # an event was written: ring once it is committed
    probe_id: str | None = None  # to be queued once it is committed
    found_nothing: bool = False  # there was no delivery to probe with

    def take(self, step: Step | None) -> None:
        """Take this step."""
        match step:
            case Fail(reason, probe_at):
                self._fail(reason, probe_at)
            case Wait(reason, probe_at):
                self._wait(reason, probe_at)
            case Probe():
                self._probe()
            case Recover(reason):
                self._recover(reason)
            case Warn(reason, disabled_at):
                self._warn(reason, disabled_at)
            case Disable(reason):
                self._disable(reason)
        if self.health.backlog_at is not None and self.health.backlog_at <= self.now:
            self._hold_or_let_go()

    def _fail(self, reason: str, probe_at: datetime) -> None:
        self._become(State.FAILING, reason, act="mark-failing")
        self._tell(LISTENER_FAILING, reason, next_moment=probe_at)
        self.health = replace(
            self.health, is_failing=True, probes=0, probe_id=None, probe_at=probe_at, backlog_at=self.now
        )

    def _wait(self, reason: str, probe_at: datetime) -> None:
        # Not by the row, which would become a new version of the listener: nothing that people set has changed.
        chosen = sa.update(Listener).where(Listener.id == self.listener.id)
        self.session.execute(
            chosen.values(state_reason=reason), execution_options={"synchronize_session": False}
        )
        # The probe's next attempt waits among the held ones, and so does what came through between two locks.
        self.health = replace(self.health, probe_at=probe_at, backlog_at=self.now)

    def _probe(self) -> None:
        probe_id = let_one_go(self.session, self.listener.id, now=self.now)
        if probe_id is None:
            self.found_nothing = True
            self.health = replace(self.health, probe_id=None)
            return
        self.probe_id = probe_id
        self.health = replace(self.health, probe_id=probe_id, probe_at=self.now + PROBE_LOST)

    def _recover(self, reason: str) -> None:
        since = self.listener.state_since
        self._become(State.ACTIVE, "", act="recover", said=reason)
        self._tell(LISTENER_RECOVERED, reason, since=since)
        self.health = replace(
            self.health,
            is_failing=False,
            has_succeeded=False,
            probes=0,
            probe_id=None,
            probe_at=None,
            backlog_at=self.now,
        )

    def _warn(self, reason: str, disabled_at: datetime) -> None:
        after = {"reason": reason, "disabled_at": json_value(disabled_at)}
        note(self.session, SYSTEM, "warn", "listener", self.listener.id, after=after, at=self.now)
        self._tell(LISTENER_WARNED, reason, next_moment=disabled_at)
        self.health = replace(self.health, warned_at=self.now)

    def _disable(self, reason: str) -> None:
        self._become(State.DISABLED, reason, act="disable")
        self._tell(LISTENER_DISABLED, reason)
        self.health = replace(
            self.health, is_failing=False, probe_id=None, probe_at=None, backlog_at=self.now
        )

    def _hold_or_let_go(self) -> None:
        session, listener = self.session, self.listener
        if listener.state == State.ACTIVE:
            more_at = release_held(session, listener.id, now=self.now)
        else:
            state, but = State(listener.state), self.health.probe_id
            more_at = hold_waiting(session, listener.id, state, now=self.now, but=but)
        self.health = replace(self.health, backlog_at=more_at)

    def _become(self, state: State, reason: str, *, act: str, said: str = "") -> None:
        listener = self.listener
        before = {"state": listener.state, "state_reason": listener.state_reason}
        listener.state, listener.state_reason, listener.state_since = state, reason, self.now
        touch(listener, now=self.now)
        after: dict[str, Any] = {"state": state, "state_reason": reason}
        if said:
            after["reason"] = said
        note(self.session, SYSTEM, act, "listener", listener.id, before=before, after=after, at=self.now)

    def _tell(
        self, hook: Hook, reason: str, *, since: datetime | None = None, next_moment: datetime | None = None
    ) -> None:
        self.has_told = announce(
            self.engine,
            self.session,
            hook,
            self.listener,
            reason=reason,
            since=since or self.health.first_failure_at,
            failures=self.health.failures,
            next_moment=next_moment,
        )
