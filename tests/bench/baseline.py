"""The other side: the way one would write it first, and write it well. One RQ job for each delivery.

The publisher stores an event with its deliveries in one transaction and queues a job for each of them. The
job reads its delivery, signs the body, calls `requests.post`, and records the attempt by the ORM in a
commit of its own. The database is set up as ours is, and the application is imported before work starts.
"""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime
from typing import Any

import requests
import sqlalchemy as sa
from redis import Redis
from rq import Queue, SimpleWorker, Worker
from sqlalchemy.orm import DeclarativeBase, Mapped, joinedload, mapped_column, relationship, sessionmaker

from tests.bench.ground import FAN_OUT, LISTENERS, Place, payload
from webhooks_app.engine.signing import key_of, new_secret, sign
from webhooks_app.storage.database import make_engine, sessions_for
from webhooks_app.storage.ids import new_id

TIMEOUT_SECONDS = 15
# How a job finds the database: a forked one inherits it, as it would a Flask application.
_made: dict[str, Any] = {}


class Base(DeclarativeBase):
    """Tables of its own; they keep what ours keep, as far as a first version would."""


class Listener(Base):
    __tablename__ = "listeners"
    id: Mapped[str] = mapped_column(sa.String(32), primary_key=True, default=new_id)
    url: Mapped[str]
    secret: Mapped[str]
    group: Mapped[int] = mapped_column(index=True)


class Event(Base):
    __tablename__ = "events"
    id: Mapped[str] = mapped_column(sa.String(32), primary_key=True, default=new_id)
    body: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class Delivery(Base):
    __tablename__ = "deliveries"
    id: Mapped[str] = mapped_column(sa.String(32), primary_key=True, default=new_id)
    event_id: Mapped[str] = mapped_column(sa.ForeignKey("events.id"), index=True)
    listener_id: Mapped[str] = mapped_column(sa.ForeignKey("listeners.id"), index=True)
    status: Mapped[str] = mapped_column(default="pending", index=True)
    attempt_count: Mapped[int] = mapped_column(default=0)
    event: Mapped[Event] = relationship()
    listener: Mapped[Listener] = relationship()


class Attempt(Base):
    __tablename__ = "attempts"
    id: Mapped[str] = mapped_column(sa.String(32), primary_key=True, default=new_id)
    delivery_id: Mapped[str] = mapped_column(sa.ForeignKey("deliveries.id"), index=True)
    started_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    duration_ms: Mapped[float]
    status_code: Mapped[int | None]
    error: Mapped[str | None]
    request_headers: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    response_headers: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON)
    response_body: Mapped[str | None]


def deliver(delivery_id: str) -> None:
    """The job: one attempt of one delivery. No transaction is open while it sends."""
    with _made["reading"]() as session:
        paths = joinedload(Delivery.event), joinedload(Delivery.listener)
        delivery = session.get_one(Delivery, delivery_id, options=paths)
    body = delivery.event.body.encode()
    headers = _headers(delivery, body)
    started_at, began = datetime.now(UTC), time.monotonic()
    answer, error = None, None
    try:
        answer = requests.post(delivery.listener.url, data=body, headers=headers, timeout=TIMEOUT_SECONDS)
    except requests.RequestException as failure:
        error = str(failure)
    attempt = Attempt(
        delivery_id=delivery_id,
        started_at=started_at,
        duration_ms=(time.monotonic() - began) * 1000,
        status_code=answer.status_code if answer is not None else None,
        error=error,
        request_headers=headers,
        response_headers=dict(answer.headers) if answer is not None else None,
        response_body=answer.text if answer is not None else None,
    )
    with _made["writing"].begin() as session:
        session.add(attempt)
        delivery.status = "delivered" if answer is not None and answer.ok else "failed"
        delivery.attempt_count += 1
        session.add(delivery)


def _headers(delivery: Delivery, body: bytes) -> dict[str, str]:
    moment = int(time.time())
    keys = [key_of(delivery.listener.secret)]
    return {
        "content-type": "application/json",
        "webhook-id": delivery.event_id,
        "webhook-timestamp": str(moment),
        "webhook-signature": sign(body, webhook_id=delivery.event_id, timestamp=moment, keys=keys),
    }


class OneJobEach:
    """Publishes with an ORM commit an event; a worker of RQ's does the rest."""

    worker_class: type[Worker | SimpleWorker] = Worker

    def __init__(self, place: Place) -> None:
        self._place = place
        self._sa_engine = make_engine(place.database_url)
        _made["reading"] = sessionmaker(self._sa_engine, expire_on_commit=False)
        _made["writing"] = sessions_for(self._sa_engine)
        self._redis = Redis.from_url(place.redis_url)
        self._queue = Queue("naive", connection=self._redis)
        self.working = {"worker": self._work}
        sa.orm.configure_mappers()

    def prepare(self) -> None:
        Base.metadata.create_all(self._sa_engine)
        with _made["writing"].begin() as session:
            session.add_all(
                Listener(url=self._place.url(number), secret=new_secret(), group=number // FAN_OUT)
                for number in range(LISTENERS)
            )

    def publish(self, events: int) -> None:
        for number in range(events):
            given = payload(number)
            body = json.dumps(given, separators=(",", ":"))
            with _made["writing"].begin() as session:
                event = Event(body=body, created_at=datetime.now(UTC))
                wanting = session.scalars(sa.select(Listener).where(Listener.group == given["group"]))
                deliveries = [Delivery(event=event, listener=listener) for listener in wanting]
                session.add_all(deliveries)
            for delivery in deliveries:
                self._queue.enqueue(deliver, delivery.id, result_ttl=0)

    def _work(self) -> None:
        name = f"naive-{os.getpid()}"
        self.worker_class([self._queue], name=name, connection=self._redis).work(logging_level="WARNING")


class Forking(OneJobEach):
    """RQ's default: a child process for each job."""


class Simple(OneJobEach):
    """Every job in the worker's own process."""

    worker_class = SimpleWorker


SIDES = {"forking": Forking, "simple": Simple}
