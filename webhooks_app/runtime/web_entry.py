"""What does gunicorn serve inside another application?

Whatever `flask --app …` finds, found in the same way: `webhooks up` hands the name over in FLASK_APP.
"""

from __future__ import annotations

import os

from flask import Flask
from flask.cli import ScriptInfo


def load() -> Flask:
    """The application that FLASK_APP names: a module, a factory or a file."""
    return ScriptInfo(app_import_path=os.environ["FLASK_APP"]).load_app()
