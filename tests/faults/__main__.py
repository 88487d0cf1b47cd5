"""How are the faults run? One database a process, side by side; `ALL=1` and `SOAK=minutes` in the environment."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest


def main() -> int:
    """Run them; pytest's exit status."""
    chosen = ["tests/faults/test_soak.py"] if os.environ.get("SOAK") else ["tests/faults"]
    given = sys.argv[1:]
    # Not by its dash: the word after -k is none of the files.
    if any(Path(word.partition("::")[0]).exists() for word in given):
        chosen = []
    # Two processes also on two cores: a fault is mostly waiting.
    side_by_side = ["-n", "2", "--dist", "loadgroup"]
    return int(pytest.main(["-m", "fault", *side_by_side, *given, *chosen]))


if __name__ == "__main__":
    sys.exit(main())
