"""Are the bodies of answers left out where a listener has them discarded? Row 32 of the security plan."""

from __future__ import annotations

import logging

import pytest
import sqlalchemy as sa

from tests import factories
from webhooks_app.engine.deliver import deliver_batch
from webhooks_app.engine.patience import ENDLESS
from webhooks_app.storage.base import Base
from webhooks_app.storage.models import DISCARD, Attempt

ANSWER = b"card 4000-1234 of Ann"


@pytest.fixture
def delivered(any_engine, transport):
    """The attempt of a delivery to a listener with these settings."""

    def deliver(*, status=200, body=ANSWER, **listener):
        transport.will_answer(status, body=body, headers={"server": "till"})
        delivery = factories.make_delivery(
            any_engine, listener=factories.make_listener(any_engine, **listener)
        )
        deliver_batch(any_engine, [delivery.id], patience=ENDLESS)
        with any_engine.sessions() as session:
            return session.scalars(sa.select(Attempt).where(Attempt.delivery_id == delivery.id)).one()

    return deliver


@pytest.mark.parametrize("status", [200, 500])
def test_the_body_of_an_answer_is_in_no_table_and_in_no_log(any_engine, delivered, caplog, status):
    with caplog.at_level(logging.DEBUG):
        attempt = delivered(status=status, answer_bodies="discard")

    assert (attempt.response_body, attempt.truncated) == (None, DISCARD)
    assert (attempt.status_code, attempt.response_headers) == (status, [["server", "till"]])
    with any_engine.sessions() as session:
        dump = [repr(session.execute(sa.select(table)).all()) for table in Base.metadata.sorted_tables]
    assert ANSWER.decode() not in "\n".join([*dump, caplog.text])


def test_an_answer_without_a_body_is_kept_as_that(delivered):
    attempt = delivered(body=b"", answer_bodies="discard")

    assert (attempt.response_body, attempt.truncated) == (b"", "")


def test_others_have_theirs_kept(delivered):
    attempt = delivered()

    assert (attempt.response_body, attempt.truncated) == (ANSWER, "")
