"""Is it told once that the queue is away, and once that it is back?"""

from __future__ import annotations

import logging

import pytest

from webhooks_app.engine import QueueRefuses, QueueUnreachable
from webhooks_app.engine.sweep import sweep


@pytest.fixture
def told(caplog):
    """What was told since it was last asked."""

    def told() -> list[str]:
        said = [record.getMessage() for record in caplog.records if record.name == "webhooks_app.queue"]
        caplog.clear()
        return said

    with caplog.at_level(logging.INFO):
        yield told


def test_a_queue_that_is_away_is_told_once_however_often_it_is_asked(engine, make_event, queue, told):
    queue.is_down = True
    make_event()
    for _ in range(3):
        sweep(engine)

    assert told() == [
        "The queue is unreachable (The fake queue is down.). The sweep delivers meanwhile, more slowly."
    ]

    queue.is_down = False
    sweep(engine)
    sweep(engine)
    assert told() == ["The queue is there again."]

    queue.is_down = True
    sweep(engine)
    assert len(told()) == 1


def test_a_queue_that_refuses_is_not_said_to_be_away(engine, told):
    engine.queue_is_away(QueueUnreachable("no answer"))
    engine.queue_is_away(QueueRefuses("NOPERM"))

    assert told() == [
        "The queue is unreachable (no answer). The sweep delivers meanwhile, more slowly.",
        "The queue refuses what it is asked (NOPERM). The sweep delivers meanwhile, more slowly.",
    ]


def test_a_queue_that_answers_and_takes_nothing_is_not_told_to_be_there_again(engine, queue, told):
    engine.queue_is_away(QueueRefuses("OOM"))
    told()
    queue.refuses = "OOM"

    assert sweep(engine).inline
    assert told() == []


def test_a_queue_that_works_is_not_spoken_of(engine, told):
    sweep(engine)

    assert told() == []
