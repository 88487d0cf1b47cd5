"""The web entry: `gunicorn wsgi:app`, `flask --app wsgi …`."""

from webhooks_app import create_app

app = create_app()
