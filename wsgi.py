"""The web entry: `gunicorn wsgi:app`, `flask --app wsgi …`."""

from webhooks_app import create_app
from webhooks_app.start import refused_in_one_line

with refused_in_one_line():
    app = create_app()
