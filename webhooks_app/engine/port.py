"""How do the words reach the engine? Through this: what `hooks.bind` is given."""

from __future__ import annotations

from typing import Any

from webhooks_app.draft import ListenerDraft
from webhooks_app.engine import Engine, problems
from webhooks_app.engine.declared import save_or_postpone
from webhooks_app.engine.publish import publish
from webhooks_app.event import Hook
from webhooks_app.registry import Occurrence
from webhooks_app.storage.models import Listener


class EnginePort:
    """The engine, as the words of this package see it (see registry.Port)."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def publish(self, occurrence: Occurrence, *, session: Any | None) -> str:
        """Store the occurrence; see engine.publish."""
        return publish(self.engine, occurrence, session=session)

    def save_listener(self, draft: ListenerDraft) -> Listener:
        """Store the listener once, and before there are tables later; see engine.declared."""
        return save_or_postpone(self.engine, draft)

    def report_problem(self, hook: Hook, error: Exception, *, session: Any | None) -> None:
        """Log, count and show it; see engine.problems.report."""
        problems.report(self.engine, hook, error, session=session)
