"""gunicorn's settings for `gunicorn wsgi:app`: it looks for a file of this name in the working directory."""

from webhooks_app.runtime.gunicorn_settings import *  # noqa: F403 (gunicorn reads the names of this module)
