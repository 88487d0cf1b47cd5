"""What becomes of an error that kept a Model- or SignalHook from sending? It is logged, counted and shown.

Never raised into the caller, who only saved a row of their own. Counted once the caller's transaction is
over: on SQLite the caller may hold the only write lock there is.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, SessionTransaction

from webhooks_app.engine import Engine
from webhooks_app.engine.joining import begun_session
from webhooks_app.event import Hook
from webhooks_app.storage.models import HookProblem

log = logging.getLogger("webhooks_app.hooks")

_KEY = "webhooks_problems"


@dataclass(frozen=True, slots=True)
class _Problem:
    engine: Engine
    hook_name: str
    message: str


def report(engine: Engine, hook: Hook, error: Exception, *, session: Any | None) -> None:
    """Log what kept `hook` from sending, and have it counted for the hook's page."""
    log.error("The hook %s could not send: %s", hook.name, error, exc_info=error)
    problem = _Problem(engine, hook.name, (str(error) or type(error).__name__)[:2000])
    begun = begun_session(engine, session)
    if begun is not None:
        begun.info.setdefault(_KEY, []).append(problem)
    else:
        _count(problem)


def listen() -> None:
    """Watch for the end of the transactions in which something was reported; safe to call again."""
    if not sa.event.contains(Session, "after_transaction_end", _after_end):
        sa.event.listen(Session, "after_transaction_end", _after_end)


def _after_end(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        for problem in session.info.pop(_KEY, ()):
            _count(problem)


def _count(problem: _Problem) -> None:
    engine = problem.engine
    try:
        with engine.sessions.begin() as session:
            row = session.get(HookProblem, problem.hook_name, with_for_update=True)
            if row is None:
                row = HookProblem(hook=problem.hook_name, count=0)
                session.add(row)
            row.count += 1
            row.message = problem.message
            row.last_at = engine.clock()
    except sa.exc.SQLAlchemyError:
        # The log line above has said it; the caller must not fail because it cannot be counted.
        log.warning("The problem of the hook %s could not be counted.", problem.hook_name, exc_info=True)
