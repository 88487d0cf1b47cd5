"""Which hooks do the faults publish? One a trial, so that nothing of one trial is taken for another's."""

from __future__ import annotations

from webhooks_app import Hook, hooks

NAMES = [f"fault.{number}" for number in range(400)]

for name in NAMES:
    hooks.register(Hook(name=name, provides_args={"n": int, "text": str}))
