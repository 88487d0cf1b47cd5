"""Outgoing webhooks for Flask applications: hooks in code, listeners in the browser, deliveries by workers.

The map of the house:

    event, registry, match, signals, arguments, payload   the words a hook's author imports
    pattern, pattern_size, literal                        which regular expressions a filter may hold
    settings, setting_pairs, errors                       what can be set, what does not go together, what goes wrong
    logs, redaction                                       how the log reads, and what of it nobody must
    storage/                                              what is kept
    engine/                                               what happens, in the order it happens
    web/  api/  cli/  jobs.py                             four doors into the engine
    runtime/                                              what runs: workers, clock, Redis, `webhooks up`
    application, embedding                                the places that see everything

Reads go from a door to `storage.queries`, writes from a door to an `engine` verb; a test enforces who may
import whom.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from webhooks_app.event import Hook, ModelHook, SignalHook
from webhooks_app.filter import Filter
from webhooks_app.registry import hooks
from webhooks_app.signals import post_delete, post_save
from webhooks_app.version import __version__

if TYPE_CHECKING:
    from webhooks_app.application import create_app
    from webhooks_app.embedding import Webhooks

__all__ = [
    "Filter",
    "Hook",
    "ModelHook",
    "SignalHook",
    "Webhooks",
    "__version__",
    "create_app",
    "hooks",
    "post_delete",
    "post_save",
]


def __getattr__(name: str) -> Any:
    # These bring Flask and the engine along, which whoever only defines hooks does not need.
    if name == "create_app":
        from webhooks_app.application import create_app

        return create_app
    if name == "Webhooks":
        from webhooks_app.embedding import Webhooks

        return Webhooks
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
