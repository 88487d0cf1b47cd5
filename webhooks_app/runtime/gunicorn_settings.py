"""What does gunicorn do with our settings?

gunicorn reads the names in this module as its own settings; the names are its vocabulary. A bad setting of
ours ends the start with its one line.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from webhooks_app.errors import SettingError
from webhooks_app.setting_pairs import asks_for_debugger, refuse_debugger
from webhooks_app.settings import Settings


def _read(name: str) -> Any:
    # One by one: inside another application a secret may come from that application instead.
    try:
        return Settings.read_one(name, instance=Path.cwd() / "instance")
    except SettingError as exc:
        raise _refused(exc) from exc


def refuse_wrong_settings(root: Path) -> None:
    """End here where any setting is wrong: later each web process would, and gunicorn would tell nine lines of it.

    Only for `gunicorn.conf.py`, where no other application hands some of them over.
    """
    try:
        settings = Settings.read(root=root, instance=root / "instance")
        refuse_debugger(is_production=settings.is_production, is_on=asks_for_debugger(os.environ))
    except SettingError as exc:
        raise _refused(exc) from exc


def _refused(error: SettingError) -> SystemExit:
    sys.stderr.write(f"Error: {error}\n")
    return SystemExit(2)


_is_production = _read("WEBHOOKS_ENV") == "production"

# In production a proxy stands in front, often on another machine or in another container.
bind = f"{'0.0.0.0' if _is_production else '127.0.0.1'}:{_read('PORT')}"  # nosec B104 # behind that proxy
workers = _read("WEB_CONCURRENCY")
worker_class = "gthread"
threads = 8
timeout = 60
# Ctrl-C on `webhooks up` has ten seconds for everything; a server behind a proxy has time to finish.
graceful_timeout = 30 if _is_production else 2
keepalive = 5
loglevel = _read("LOG_LEVEL").lower()
errorlog = "-"
logger_class = (
    "webhooks_app.runtime.gunicorn_log.CleanLogger"  # whichever logs are asked for on the command line
)
# Headers of a proxy count only where WEBHOOKS_PROXY_HOPS says so, and then in the application.
forwarded_allow_ips = ""
# A second way in, in a folder of gunicorn's choice, that nobody here uses.
control_socket_disable = True
