"""One attempt of one delivery, on its way through the sender: may it begin, what is sent, what came of it?"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from webhooks_app.engine import Engine
from webhooks_app.engine.beginning import A_MOMENT, begin
from webhooks_app.engine.claim import Claimed
from webhooks_app.engine.failpoints import reach
from webhooks_app.engine.message import Message, Occasion, body_bytes, headers_for
from webhooks_app.engine.outcome import Outcome
from webhooks_app.engine.record import Finished
from webhooks_app.engine.retry import TIMED_OUT
from webhooks_app.storage import ids

log = logging.getLogger("webhooks_app.deliver")


class Sending:
    """One delivery's attempt on its way through the sender."""

    __slots__ = (
        "claimed", "claimed_at", "engine", "is_begun", "lane", "message", "most_in_flight", "outcome", "started_at",
        "was_refused",
    )  # fmt: skip

    def __init__(
        self, engine: Engine, claimed: Claimed, *, claimed_at: datetime, is_begun: bool = True
    ) -> None:
        self.engine = engine
        self.claimed = claimed
        self.claimed_at = claimed_at
        self.is_begun = is_begun  # its claim says so already
        self.was_refused = False  # it did not begin after all
        self.lane = claimed.listener.listener_id
        self.most_in_flight = claimed.listener.sends_in_flight
        self.message: Message | None = None
        self.outcome = Outcome(error_class="internal", error="The attempt did not begin.")
        self.started_at: datetime | None = None

    def may_begin(self) -> bool:
        """Whether its lease outlasts it: else another worker could send the same meanwhile."""
        longest = timedelta(seconds=self.claimed.listener.timeout_seconds)
        return self.engine.clock() + longest <= self.claimed.lease_until

    def send(self) -> bool | None:
        """Make the message and send it; whatever goes wrong becomes the outcome."""
        try:
            self.started_at = self.engine.clock()
            if self._must_ask(self.started_at) and not self._begins(self.started_at):
                self.was_refused = True
                return None
            reach("send.before")
            self.message = message_for(
                self.claimed, now=self.started_at, source=self.engine.settings.public_base_url
            )
            self.outcome = self.engine.transport.send(self.message)
            reach("send.after_response")
        except Exception as error:  # a runner thread must survive anything
            log.exception(
                "The attempt %d of the delivery %s failed inside.",
                self.claimed.attempt,
                self.claimed.id,
                extra=self.claimed.in_log,
            )
            self.outcome = Outcome(
                error_class="internal", error=f"Sending failed inside Webhooks App: {type(error).__name__}."
            )
        return self.outcome.error_class in TIMED_OUT

    def _begins(self, now: datetime) -> bool:
        # Its lease is looked at again after the commit, for which a database may take its time.
        return begin(self.engine, self.claimed, now=now) and self.may_begin()

    def _must_ask(self, now: datetime) -> bool:
        return not self.is_begun or now - self.claimed_at > A_MOMENT

    def finished(self) -> Finished:
        """What is to be recorded."""
        return Finished(
            claimed=self.claimed,
            message=self.message,
            outcome=self.outcome,
            started_at=self.started_at or self.engine.clock(),
        )


def message_for(claimed: Claimed, *, now: datetime, source: str) -> Message:
    """The request of this attempt. Pure."""
    listener = claimed.listener
    occasion = Occasion(
        webhook_id=ids.shown(ids.EVENT, claimed.event_id),
        hook=claimed.hook,
        attempt=claimed.attempt,
        replay=claimed.replay,
        test=claimed.test,
    )
    body = body_bytes(
        claimed.body,
        body_format=listener.body_format,
        occasion=occasion,
        created_at=claimed.event_created_at,
        source=source,
    )
    headers = headers_for(
        body,
        occasion=occasion,
        body_format=listener.body_format,
        timestamp=int(now.timestamp()),
        keys=listener.live_keys(now),
        own=listener.headers,
    )
    return Message(listener.url, headers, body, listener.timeout_seconds, listener.trusted_ca)
