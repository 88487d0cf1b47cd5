"""The door for programs: JSON under /api/v1. Reads go to the queries, writes to the engine.

One file a noun (hooks, events, listeners, deliveries), made of: `noun` (what is the same for all calls),
`taken`, `given` and `fields` (what calls take and give), `answers` (rows as JSON), `bodies` (how a request is
read), `tokens` (who calls), `problems` (how it says no), `etags`, and `document` (openapi.json).
"""

from __future__ import annotations

from typing import Any, cast

from flask import Flask

from webhooks_app.api import deliveries, document, etags, events, hooks, listeners, problems, tokens
from webhooks_app.api.noun import Noun
from webhooks_app.extensions import csrf

NOUNS = (hooks, events, listeners, deliveries)


def register(app: Flask) -> None:
    """Mount the API."""
    # The keys of a payload stay in the order in which they were sent.
    cast("Any", app.json).sort_keys = False
    described = document.make(app)
    calls = Noun("api", __name__, url_prefix=document.PREFIX)
    for noun in NOUNS:
        calls.register_blueprint(noun.bp)
        # A token in a header cannot be sent by another site's form, and no cookie is looked at.
        csrf.exempt(noun.bp)
    calls.before_request(tokens.check)
    calls.after_request(etags.add)
    problems.register(app, calls)
    described.register_blueprint(calls)
    described.nouns = [{"name": noun.bp.name, "description": noun.bp.description} for noun in NOUNS]
