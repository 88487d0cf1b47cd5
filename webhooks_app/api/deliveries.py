"""Calls about deliveries: the log, one with its attempts, try again, give up."""

from __future__ import annotations

from typing import Any

from flask import url_for

from webhooks_app.api import given, taken
from webhooks_app.api.noun import Noun, check_hook, found, id_or_404, page_json, session
from webhooks_app.api.tokens import caller
from webhooks_app.console import console
from webhooks_app.engine import intervene
from webhooks_app.engine.documents import delivery_json, delivery_with_attempts
from webhooks_app.storage.ids import DELIVERY
from webhooks_app.storage.models import Delivery
from webhooks_app.storage.queries import deliveries as queries

bp = Noun("deliveries", __name__, description="One event for one listener, from pending to its end.")


@bp.call("GET", "/deliveries", scope="read", problems=(422,))
@bp.arguments(taken.DeliveriesWanted, location="query")
@bp.response(200, given.page_of(given.Delivery))
def list_deliveries(wanted: dict[str, Any]) -> dict[str, Any]:
    """Deliveries, newest first"""
    check_hook(wanted["hook"])
    chosen = queries.DeliveryFilter(
        hook=wanted["hook"],
        listener_id=wanted["listener"],
        event_id=wanted["event"],
        status=wanted["status"],
        code=wanted["code"],
        error_class=wanted["error_class"],
        since=wanted["since"],
        until=wanted["until"],
        test=wanted["test"],
    )
    page = queries.newest(session(), chosen, cursor=wanted["cursor"], limit=wanted["limit"])
    return page_json(page, delivery_json)


@bp.call("GET", "/deliveries/<delivery_id>", scope="read", problems=(404,))
@bp.response(200, given.DeliveryWithAttempts)
def get_delivery(delivery_id: str) -> dict[str, Any]:
    """One delivery with its attempts"""
    return delivery_with_attempts(
        console().engine, found(queries.one(session(), id_or_404(DELIVERY, delivery_id)))
    )


@bp.call("POST", "/deliveries/<delivery_id>/retry", scope="write", problems=(404, 409))
@bp.response(202, given.Delivery)
def retry(delivery_id: str) -> Any:
    """Try again now; a delivered one cannot be retried"""
    delivery = intervene.retry(console().engine, id_or_404(DELIVERY, delivery_id), by=caller())
    return _accepted(delivery, delivery_id)


@bp.call("POST", "/deliveries/<delivery_id>/cancel", scope="write", problems=(404, 409))
@bp.response(202, given.Delivery)
def cancel(delivery_id: str) -> Any:
    """Give up what waits or is held"""
    delivery = intervene.cancel(console().engine, id_or_404(DELIVERY, delivery_id), by=caller())
    return _accepted(delivery, delivery_id)


def _accepted(delivery: Delivery, delivery_id: str) -> Any:
    return (
        delivery_json(delivery),
        202,
        {"Location": url_for("api.deliveries.get_delivery", delivery_id=delivery_id)},
    )
