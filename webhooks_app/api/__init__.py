"""The door for programs: JSON under /api/v1. Reads go to the queries, writes to the engine."""

from __future__ import annotations

from flask import Flask


def register(app: Flask) -> None:
    """Mount the API."""
    _ = app
