"""gunicorn's settings for `gunicorn wsgi:app`: it looks for a file of this name in the working directory."""

from pathlib import Path

from webhooks_app.runtime.gunicorn_settings import *  # noqa: F403 (gunicorn reads the names of this module)
from webhooks_app.runtime.gunicorn_settings import refuse_wrong_settings

refuse_wrong_settings(Path.cwd())
