"""Which programs make up a running installation, and in which order do they stop?

Each is started without a shell, with the Python that runs this one: `-m` finds the same packages even where
the environment's bin folder has been moved.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

GUNICORN_SETTINGS = "python:webhooks_app.runtime.gunicorn_settings"
OUR_NAMES = ("wsgi", "wsgi.py", "wsgi:app")
# Any other application may be a module, a factory or a file.
FOUND_AS_FLASK_DOES = "webhooks_app.runtime.web_entry:load()"

# What stops first has the highest number: no new requests, then no new rounds, then the work in flight,
# and Redis when nobody needs it any more.
REDIS, WORKERS, CLOCK, WEB = 10, 20, 30, 40


@dataclass(frozen=True, slots=True)
class Program:
    """One process to keep running."""

    name: str
    command: tuple[str, ...]
    order: int  # programs of one order start and stop together; the highest stops first
    # Together the four orders stay under the ten seconds that Ctrl-C may take.
    stop_seconds: int = 2
    environment: Mapping[str, str] = field(default_factory=dict)


def own_programs(*, app_import: str, root: Path, workers: int, is_guest: bool = False) -> tuple[Program, ...]:
    """The web server, the workers and the clock of the application that `flask --app` was told.

    `root` is where they run; a guest lives inside another application.
    """
    flask = (sys.executable, "-m", "flask", "--app", app_import, "webhooks")
    worker = (*flask, "worker")
    return (
        Program(
            "web",
            _guest_web() if is_guest else _own_web(app_import, root=root),
            WEB,
            3,
            {"FLASK_APP": app_import},
        ),
        Program("clock", (*flask, "clock"), CLOCK, 1),
        *(Program(f"worker-{number}", worker, WORKERS, 4) for number in range(1, workers + 1)),
        Program("worker-slow", (*worker, "--queue", "slow"), WORKERS, 4),
    )


def _own_web(app_import: str, *, root: Path) -> tuple[str, ...]:
    own_file = root / "gunicorn.conf.py"
    config = str(own_file) if own_file.exists() else GUNICORN_SETTINGS
    return _gunicorn(config, "wsgi:app" if app_import in OUR_NAMES else FOUND_AS_FLASK_DOES)


def _guest_web() -> tuple[str, ...]:
    # The host may have settings for gunicorn that are not about us.
    return _gunicorn(GUNICORN_SETTINGS, FOUND_AS_FLASK_DOES)


def _gunicorn(config: str, target: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "gunicorn", "-c", config, target)
