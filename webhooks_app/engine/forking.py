"""What must a forked child not take over from its parent? Threads: they are not copied, only what they held.

gunicorn forks its workers, and an application may have sent something before.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable


def after_fork(start_afresh: Callable[[], None]) -> None:
    """Call this bound method in every forked child, for as long as its object lives."""
    known = weakref.WeakMethod(start_afresh)

    def call() -> None:
        found = known()
        if found is not None:
            found()

    os.register_at_fork(after_in_child=call)
