"""How are the faults run? One database a process, side by side; `ALL=1` and `SOAK=minutes` in the environment."""

from __future__ import annotations

import os
import sys

import pytest


def main() -> int:
    """Run them; pytest's exit status."""
    chosen = ["tests/faults/test_soak.py"] if os.environ.get("SOAK") else ["tests/faults"]
    given = [word for word in sys.argv[1:] if not word.startswith("-")]
    options = [word for word in sys.argv[1:] if word.startswith("-")]
    # Two processes also on two cores: a fault is mostly waiting.
    side_by_side = ["-n", "2", "--dist", "loadgroup"]
    return int(pytest.main(["-m", "fault", *side_by_side, *options, *(given or chosen)]))


if __name__ == "__main__":
    sys.exit(main())
