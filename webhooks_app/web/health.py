"""Does this server run, and can it work? For machines; they ask by address, so any Host will do."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, Response, jsonify

from webhooks_app.console import console
from webhooks_app.engine import QueueUnreachable
from webhooks_app.storage import migrations
from webhooks_app.storage.queries import revision
from webhooks_app.web.shared import any_host, engine, open_to_all

bp = Blueprint("health", __name__)


@bp.get("/healthz")
@any_host
@open_to_all
def alive() -> Response:
    """This process answers; nothing else is asked, so that a broken database restarts nobody."""
    return Response("ok", mimetype="text/plain")


@bp.get("/readyz")
@any_host
@open_to_all
def ready() -> tuple[Response, int]:
    """Database, tables and Redis; 503 with the reasons where one of them is not ready.

    No more than that, for a balancer's reader is anybody: no version, no address, nothing that an error said.
    """
    reasons = [reason for reason in (_database_problem(), _queue_problem()) if reason]
    answer = {"ready": not reasons, "reasons": reasons}
    return jsonify(answer), 503 if reasons else 200


@bp.get("/metrics")
@any_host
@open_to_all
def metrics() -> tuple[Response, int]:
    """None in this version, in plain text: a scraper must not take the sign-in page for an answer."""
    return Response("There are no metrics in this version.\n", mimetype="text/plain"), 404


def _database_problem() -> str | None:
    try:
        with console().sa_engine.connect() as connection:
            current = migrations.current(connection)
    except sa.exc.SQLAlchemyError:
        return "The database does not answer."
    if current != migrations.head():
        return revision.advice(console().sa_engine, is_guest=console().is_guest)
    return None


def _queue_problem() -> str | None:
    try:
        engine().queue.length()
    except QueueUnreachable:
        return "Redis does not answer."
    return None
