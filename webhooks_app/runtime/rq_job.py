"""What may a job do? Call one of our own two functions, and nothing else.

Whoever can write to Redis could otherwise name any function there is (`os.system`), even with JSON jobs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rq.job import Job

DISPATCH = "webhooks_app.jobs.dispatch"
DELIVER = "webhooks_app.jobs.deliver"
ALLOWED = frozenset({DISPATCH, DELIVER})


class ForbiddenJob(Exception):
    """The job names a function that is not ours, or carries callbacks or webhooks of RQ's."""


class WebhooksJob(Job):
    """A job that runs only what is allowed."""

    @property
    def func(self) -> Callable[..., Any]:
        """The function to call. Raises ForbiddenJob for any that is not ours."""
        if self.func_name not in ALLOWED or self.instance is not None:
            raise ForbiddenJob(f"{self.func_name!r} is not a function of Webhooks App.")
        found: Callable[..., Any] = super().func
        return found

    @property
    def success_callback(self) -> None:
        """None: our jobs have no callbacks, and a forged one is not called."""
        return

    @property
    def failure_callback(self) -> None:
        """None, as for success."""
        return

    @property
    def stopped_callback(self) -> None:
        """None, as for success."""
        return

    def send_webhooks(self, *_: Any, **__: Any) -> None:
        """Nothing: RQ's own webhooks would pass our address guard by."""
