"""How does a start that is refused read? As one line, whoever starts: flask, gunicorn, or plain Python.

flask loads the application before the command, and gunicorn in each web process, so what `create_app` or
`Webhooks` raise meets their loaders first; both would show a traceback.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from webhooks_app.errors import WebhooksError

# With this status of a web process gunicorn ends instead of starting the next one.
GUNICORN_APP_LOAD_ERROR = 4


@contextmanager
def refused_in_one_line() -> Iterator[None]:
    """Around what makes the application: an error that we know by name becomes its line.

    Raises click's exception under `flask` (exit status 1) and SystemExit in a web process of gunicorn;
    whoever imports the application in any other way gets the error itself.
    """
    try:
        yield
    except WebhooksError as error:
        # First, because gunicorn inherits flask's mark where `webhooks up` started it.
        if os.environ.get("SERVER_SOFTWARE", "").startswith("gunicorn"):
            sys.stderr.write(f"Error: {one_line(error)}\n")
            raise SystemExit(GUNICORN_APP_LOAD_ERROR) from error
        if os.environ.get("FLASK_RUN_FROM_CLI") == "true":
            raise click.ClickException(one_line(error)) from error
        raise


def one_line(error: BaseException) -> str:
    """What the error says, on one line; its class's name where it says nothing."""
    return " ".join(str(error).split()) or type(error).__name__
