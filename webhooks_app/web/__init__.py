"""The door for people: pages, one file a noun. Reads go to the queries, writes to the engine."""

from __future__ import annotations

import importlib

from flask import Flask

# Each has a blueprint `bp`; a module is a noun.
NOUNS = (
    "sign_in", "dashboard", "hooks", "event_sending", "listeners", "listener_forms", "demo", "echo",
    "deliveries", "events", "system", "settings", "own_password", "audit", "health",
)  # fmt: skip


def register(app: Flask) -> None:
    """Mount every page and what all pages share."""
    modules = [importlib.import_module(f"webhooks_app.web.{noun}") for noun in NOUNS]
    blueprints = dict.fromkeys(module.bp for module in modules)  # two files may share one
    names = frozenset(blueprint.name for blueprint in blueprints)
    shared = importlib.import_module("webhooks_app.web.shared")
    shared.register(app, doors=lambda: names)
    for blueprint in blueprints:
        app.register_blueprint(blueprint)
