"""How does code ask for a listener? `hook.listener(url=…).match(name="Joe").save()`, step by step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from webhooks_app.match import Filter
from webhooks_app.registry import hooks

if TYPE_CHECKING:
    from webhooks_app.event import Hook


@dataclass
class ListenerDraft:
    """A listener being built in code. Nothing is stored before `.save()`."""

    hook: Hook
    url: str
    settings: dict[str, Any]
    filter: Filter = field(default_factory=lambda: Filter({}))

    def match(self, **conditions: Any) -> ListenerDraft:
        """Ask for these conditions too; a plain value means Is. Raises BadFilter."""
        wanted = Filter({**self.filter.conditions, **conditions})
        self.hook.check_filter(wanted)
        self.filter = wanted
        return self

    def save(self) -> Any:
        """Store the listener and return it; the same hook, URL and filter are stored once.

        The result's `secret` can be read only if the listener was just made, or was given by `secret=`.
        While the tables are missing or out of date it is stored as soon as they are there; the result then
        describes it, without an `id`.
        Raises Refused with the fields that cannot be accepted, NotBound without an engine.
        """
        return hooks.port.save_listener(self)
