"""What does Webhooks App itself tell of? Four built-in hooks, about listeners in trouble.

They are hooks like any other: an admin gives them listeners. Nothing is sent about a listener of one of them, or
one that fails would be told of itself for ever.
"""

from __future__ import annotations

from datetime import datetime

from webhooks_app.event import Hook
from webhooks_app.registry import HookRegistry

_ARGUMENTS = {
    "listener": str,  # its id, lsn_…
    "name": str,
    "url": str,
    "hook": str,
    "state": str,
    "reason": str,
    "since": datetime,
    "failures": int,
    "next_moment": datetime,
}

LISTENER_FAILING = Hook(
    name="listener.failing",
    provides_args=_ARGUMENTS,
    description="A listener's attempts fail one after the other. Its deliveries are held, and one is tried "
    "now and then (next_moment).",
)
LISTENER_RECOVERED = Hook(
    name="listener.recovered",
    provides_args=_ARGUMENTS,
    description="A failing listener took a delivery again. What was held for it is sent.",
)
LISTENER_WARNED = Hook(
    name="listener.warned",
    provides_args=_ARGUMENTS,
    description="A listener had no success for three days, and will be disabled (next_moment).",
)
LISTENER_DISABLED = Hook(
    name="listener.disabled",
    provides_args=_ARGUMENTS,
    description="A listener was disabled: it had no success for five days, or its receiver answered 410 Gone.",
)

BUILT_IN = (LISTENER_FAILING, LISTENER_RECOVERED, LISTENER_WARNED, LISTENER_DISABLED)
_NAMES = frozenset(hook.name for hook in BUILT_IN)


def is_built_in(name: str) -> bool:
    """Whether the hook of this name is one of these."""
    return name in _NAMES


def first_own(registry: HookRegistry) -> str | None:
    """The name of the first hook that is not one of these."""
    return next((name for name in registry if name not in _NAMES), None)


def register_built_in(registry: HookRegistry) -> None:
    """Make them known, once. Raises AlreadyRegistered where an application has taken one of their names."""
    for hook in BUILT_IN:
        if registry.get(hook.name) is not hook:
            registry.register(hook)
