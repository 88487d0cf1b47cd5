"""How does a start that is refused read? As one line, whoever starts: flask, gunicorn, or plain Python.

flask loads the application before the command, and gunicorn in each web process, so what `create_app` or
`Webhooks` raise meets their loaders first; both would show a traceback.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from webhooks_app.errors import WebhooksError

# As for any wrong usage: whoever supervises can tell a wrong setting, which no further start mends.
REFUSED = 2
# With this status of a web process gunicorn ends; with any other it would start the next one for ever. A wrong
# setting has ended it before (`gunicorn_settings`), with REFUSED.
GUNICORN_APP_LOAD_ERROR = 4


@contextmanager
def refused_in_one_line() -> Iterator[None]:
    """Around what makes the application: an error that we know by name becomes its line on stderr.

    Under flask and gunicorn it raises SystemExit, the one thing that both let through; whoever imports the
    application in any other way gets the error itself.
    """
    try:
        yield
    except WebhooksError as error:
        status = _status()
        if status is None:
            raise
        sys.stderr.write(f"Error: {one_line(error)}\n")
        raise SystemExit(status) from error


def is_command() -> bool:
    """Whether a command of flask starts, whose standard output belongs to its answer, and no web process."""
    return _status() == REFUSED


def _status() -> int | None:
    # gunicorn first: where `webhooks up` started it, it inherits flask's mark.
    if os.environ.get("SERVER_SOFTWARE", "").startswith("gunicorn"):
        return GUNICORN_APP_LOAD_ERROR
    return REFUSED if os.environ.get("FLASK_RUN_FROM_CLI") == "true" else None


def one_line(error: BaseException) -> str:
    """What the error says, on one line; its class's name where it says nothing."""
    return " ".join(str(error).split()) or type(error).__name__
