"""How does somebody call our commands in a terminal of the host that embeds us?"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.patience import PATIENCE

HERE = Path(__file__).parent


def run(folder: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """A command in a terminal of the host's; `flask --app shop` finds its factory."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path]),
        "LANG": "C.UTF-8",
        **environ,
    }
    command = [sys.executable, "-m", "flask", "--app", "shop", *words]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=PATIENCE
    )
