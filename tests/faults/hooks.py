"""Which hooks do the faults publish? One a trial, so that nothing of one trial is taken for another's.

Imported by the processes of an installation alone (WEBHOOKS_HOOKS): tests share one registry.
"""

from __future__ import annotations

from tests.faults import HOOK_NAMES
from webhooks_app import Hook, hooks

for name in HOOK_NAMES:
    hooks.register(Hook(name=name, provides_args={"n": int, "text": str}))
