"""What does a person type for `flask` in another terminal? What was run here, in a form that works there.

The environment that `make` makes is not on the PATH: plain `flask` would not be found, or be another project's.
"""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path


def flask_command(run: str, *, python: str, root: Path, path: str | None = None) -> str:
    """The command, to be typed in `root`; `run` is what this process was started as, `python` its interpreter.

    `path` is in place of the environment's PATH.
    """
    own = Path(python).with_name("flask")
    script = root / run if Path(run).name == "flask" else own
    if script.is_relative_to(root):
        return shlex.quote(str(script.relative_to(root)))
    if shutil.which("flask", path=path) == str(script):
        return "flask"
    return shlex.quote(str(script)) if script.exists() else f"{shlex.quote(python)} -m flask"
