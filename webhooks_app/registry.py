"""Which hooks are there? `hooks` maps each name to its hook, and leads them to the engine.

The words of this package reach the engine only through a `Port`, which `create_app` or `Webhooks` binds:
one process, one binding.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, overload

from webhooks_app.attributes import check_attributes
from webhooks_app.errors import AlreadyRegistered, NotBound, NotRegistered

if TYPE_CHECKING:
    from webhooks_app.draft import ListenerDraft
    from webhooks_app.event import Hook
    from webhooks_app.recording import Recording

H = TypeVar("H", bound="Hook")
HookClass = TypeVar("HookClass", bound="type[Hook]")


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One `send`, before it is stored: JSON-ready payload, and for model hooks what changed."""

    hook: Hook
    payload: dict[str, Any]
    sender: str
    changes: dict[str, Any] | None = None


class Port(Protocol):
    """What an engine offers to the words."""

    def publish(self, occurrence: Occurrence, *, session: Any | None) -> str:
        """Store the occurrence in `session`'s transaction, or in one of its own; gives the event's id."""

    def save_listener(self, draft: ListenerDraft) -> Any:
        """Store the listener once, however often it is asked; gives the Listener."""

    def report_problem(self, hook: Hook, error: Exception, *, session: Any | None) -> None:
        """Log, count and show what kept `hook` from sending, without raising into its caller."""


class HookRegistry(Mapping[str, "Hook"]):
    """The hooks by name, in the order of their registration."""

    def __init__(self) -> None:
        self._hooks: dict[str, Hook] = {}
        self._port: Port | None = None

    @overload
    def register(self, hook: HookClass) -> HookClass: ...
    @overload
    def register(self, hook: H) -> H: ...
    def register(self, hook: Any) -> Any:
        """Make a Hook class or instance known; returns what it was given, so that it decorates a class.

        Raises AlreadyRegistered when another hook has this name, BadHook for what it cannot be.
        """
        instance = hook() if isinstance(hook, type) else hook
        check_attributes(instance)  # once more: they may have been set since it was made
        if instance.name in self._hooks:
            raise AlreadyRegistered(
                f"A hook named {instance.name!r} is already registered. Give one of them another name."
            )
        instance.watch()  # first, because a hook that cannot watch is not registered
        self._hooks[instance.name] = instance
        return hook

    def unregister(self, hook: Any) -> None:
        """Forget a hook, given as class, instance or name. Raises NotRegistered if it is not known."""
        name = hook if isinstance(hook, str) else (hook() if isinstance(hook, type) else hook).name
        found = self._hooks.pop(name, None)
        if found is None:
            raise NotRegistered(f"No hook named {name!r} is registered.")
        found.unwatch()

    def bind(self, port: Port) -> None:
        """Lead every hook to this engine."""
        self._port = port

    @property
    def port(self) -> Port:
        """The engine's side. Raises NotBound before create_app() or Webhooks(app, …)."""
        if self._port is None:
            raise NotBound
        return self._port

    @contextmanager
    def recording(self) -> Iterator[Recording]:
        """Collect what is sent inside the block instead of storing it; for an application's tests."""
        from webhooks_app.recording import (
            Recording,
        )  # here, because it needs match, which words may do without

        before = self._port
        self._port = recording = Recording(before)
        try:
            yield recording
        finally:
            self._port = before

    def __getitem__(self, name: str) -> Hook:
        try:
            return self._hooks[name]
        except KeyError:
            raise NotRegistered(f"No hook named {name!r} is registered.") from None

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._hooks))

    def __len__(self) -> int:
        return len(self._hooks)

    def __contains__(self, name: object) -> bool:
        return name in self._hooks


hooks = HookRegistry()
