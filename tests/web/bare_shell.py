"""What does the shell look like around no page? A Flask app that has the templates and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from flask import Flask, render_template_string
from flask_wtf import CSRFProtect

from webhooks_app.web import present

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 22, 7, 31, 4, tzinfo=UTC)
ELENA = SimpleNamespace(email="elena@example.com", role="admin", is_authenticated=True)
ENDPOINTS = (
    "dashboard.show",
    "hooks.index",
    "listeners.index",
    "deliveries.index",
    "events.index",
    "demo.index",
)


def bare_app(*, endpoints: tuple[str, ...] = ENDPOINTS) -> Flask:
    """An app with the shell; each endpoint answers, so that links to it can be made."""
    app = Flask(__name__, template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static"))
    app.config.update(SECRET_KEY="not a secret", TESTING=True)
    CSRFProtect(app)
    present.register(app, clock=lambda: NOW)
    for name in endpoints:
        app.add_url_rule(f"/{name}", endpoint=name, view_func=lambda: "")
    app.add_url_rule("/out", endpoint="sign_in.out", view_func=lambda: "", methods=["POST"])
    return app


def rendered(source: str, *, app: Flask | None = None, cookies: str = "", **context: Any) -> str:
    """A template's text, drawn within a request."""
    app = app or bare_app()
    with app.test_request_context("/", headers={"Cookie": cookies} if cookies else {}):
        return render_template_string(source, **context)


def macro(call: str, *, source: str = "ui", cookies: str = "", **context: Any) -> str:
    """What one macro of `_macros/<source>.html` answers, its white space folded."""
    text = rendered(f'{{% import "_macros/{source}.html" as {source} %}}{call}', cookies=cookies, **context)
    return " ".join(text.split())


def page(*, app: Flask | None = None, before: Callable[[], None] | None = None, **context: Any) -> str:
    """A page in the shell, seen by Elena if nobody else is said."""
    app = app or bare_app()
    known = {
        "current_user": ELENA,
        "environment_label": "development",
        "version": "0.1.0",
        "theme": "auto",
        "nav_active": "hooks",
        "demo_loaded": True,
    }
    source = (
        '{% extends "base.html" %}{% block title %}Hooks{% endblock %}{% block heading %}Hooks{% endblock %}'
        "{% block content %}{% endblock %}"
    )
    with app.test_request_context("/"):
        if before:
            before()
        return render_template_string(source, **{**known, **context})
