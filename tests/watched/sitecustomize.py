"""Who watches a process that a test has started? Python imports this before anything else, if it is on the path."""

import importlib.util
import sys
from pathlib import Path

NAME = "tests.network_guard"  # so that a process of the tests themselves finds it here, and watches once

_found = importlib.util.spec_from_file_location(
    NAME, Path(__file__).resolve().parent.parent / "network_guard.py"
)
sys.modules[NAME] = importlib.util.module_from_spec(_found)
_found.loader.exec_module(sys.modules[NAME])
sys.modules[NAME].install()
