"""How does supervisor learn of our programs?

Pure: programs become the text of one configuration file.
"""

from __future__ import annotations

import getpass
import os
import re
import shlex
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path

from webhooks_app.errors import CannotStart
from webhooks_app.runtime.instance import Instance
from webhooks_app.runtime.programs import Program

# A start counts once it has lasted this long; tried again after 1 and 2 seconds, then given up.
START_SECONDS = 1
START_RETRIES = 2
LOG_BYTES = "10MB"
LOG_BACKUPS = 3


def config_text(programs: Iterable[Program], *, instance: Instance, root: Path) -> str:
    """The configuration that runs `programs` in `root`, their logs in `instance`."""
    ordered = sorted(programs, key=lambda program: program.order)
    sections = [_section("supervisord", _daemon(instance))]
    for order, together in groupby(ordered, key=lambda program: program.order):
        group = list(together)
        sections += [_section(f"program:{each.name}", _program(each, instance, root)) for each in group]
        names = ",".join(each.name for each in group)
        sections.append(_section(f"group:order-{order}", {"programs": names, "priority": str(order)}))
    return "\n".join(sections)


def log_of(name: str, *, instance: Instance) -> Path:
    """Where the program of that name writes."""
    return instance.logs / f"{name}.log"


def _daemon(instance: Instance) -> dict[str, str]:
    return {
        "nodaemon": "true",
        "silent": "true",  # its own story goes to its log alone
        "logfile": str(instance.logs / "supervisord.log"),
        "logfile_maxbytes": LOG_BYTES,
        "logfile_backups": "1",
        "pidfile": str(instance.run / "supervisord.pid"),
        "childlogdir": str(instance.logs),
        # Said only to keep it from warning that it runs as root, as it does in a container.
        **({"user": getpass.getuser()} if os.getuid() == 0 else {}),
    }


def _program(program: Program, instance: Instance, root: Path) -> dict[str, str]:
    return {
        "command": shlex.join(program.command),
        "directory": str(root),
        "autorestart": "true",
        "startsecs": str(START_SECONDS),
        "startretries": str(START_RETRIES),
        "stopsignal": "TERM",
        "stopwaitsecs": str(program.stop_seconds),
        # A worker's children must not outlive it.
        "killasgroup": "true",
        "redirect_stderr": "true",
        # supervisor expands this one value twice.
        "stdout_logfile": str(log_of(program.name, instance=instance)).replace("%", "%%"),
        "stdout_logfile_maxbytes": LOG_BYTES,
        "stdout_logfile_backups": str(LOG_BACKUPS),
        "environment": _environment({"PYTHONUNBUFFERED": "1", **program.environment}),
    }


def _environment(values: Mapping[str, str]) -> str:
    return ",".join(f'{name}="{text}"' for name, text in values.items())


def _section(name: str, values: Mapping[str, str]) -> str:
    lines = [f"{key} = {_escaped(text)}" for key, text in values.items()]
    return "\n".join([f"[{name}]", *lines, ""])


def _escaped(text: str) -> str:
    # supervisor takes a blank before ; or # for a comment and knows no way to write one that is not.
    if re.search(r"\s[;#]|[\r\n]", text):
        raise CannotStart(f'supervisor cannot read " ;", " #" or a line break in {text!r}: move the folder.')
    return text.replace("%", "%%")
