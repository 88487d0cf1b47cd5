"""The door for operators: `flask webhooks …`, one file a noun."""

from __future__ import annotations

from flask import Flask


def register(app: Flask) -> None:
    """Add the commands to the application's command line."""
    _ = app
