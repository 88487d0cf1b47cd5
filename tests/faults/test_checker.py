"""Does the checker see what is wrong? A run in which everything holds, and then one thing after the other broken."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.faults.checker import Arrival, AttemptRow, DeliveryRow, Seen, complaints, figures_of

EVENT, LISTENER = "evt_1", "lsn_1"
DELIVERY = DeliveryRow("1", EVENT, LISTENER, "/ok?1", "delivered", most_attempts=3)
ATTEMPT = AttemptRow("1", 1, 200, None)
ARRIVAL = Arrival(EVENT, "/ok?1", is_signed=True, body_hash="hash")
LOST = AttemptRow("1", 1, None, "worker_lost")
GOOD = Seen(
    committed=frozenset({EVENT}),
    stored={EVENT: "hash"},
    wanted={EVENT: frozenset({LISTENER})},
    deliveries=[DELIVERY],
    attempts=[ATTEMPT],
    arrivals=[ARRIVAL],
)


def test_nothing_is_wrong_where_everything_holds():
    assert complaints(GOOD) == []
    found = figures_of(GOOD)
    assert (found.events, found.deliveries, found.lost, found.duplicates) == (1, 1, 0, 0)


@pytest.mark.parametrize(
    ("changes", "invariant"),
    [
        ({"committed": frozenset({EVENT, "evt_2"})}, "I1"),  # a commit that is not stored
        ({"deliveries": [], "attempts": []}, "I1"),  # a listener that was passed over
        ({"deliveries": [DELIVERY, replace(DELIVERY, id="2")]}, "I1"),  # one event twice for a listener
        ({"deliveries": [replace(DELIVERY, status="retrying")]}, "I2"),
        ({"arrivals": []}, "I3"),  # delivered, says the sender
        ({"arrivals": [replace(ARRIVAL, is_signed=False)]}, "I3"),
        ({"arrivals": [replace(ARRIVAL, body_hash="other")]}, "I3"),
        ({"arrivals": [ARRIVAL, replace(ARRIVAL, event_id="evt_9")]}, "I4"),  # of a rolled-back event
        ({"arrivals": [ARRIVAL, ARRIVAL]}, "I5"),  # twice, and nothing that explains it
        ({"attempts": [replace(ATTEMPT, number=number) for number in (1, 2, 3, 4)]}, "I6"),
        ({"attempts": [replace(ATTEMPT, number=2)]}, "I6"),  # evidence of the first is gone
        ({"attempts": [replace(ATTEMPT, status_code=None)]}, "I6"),  # an attempt without an end
        ({"deliveries": [replace(DELIVERY, status="sending")]}, "I7"),
        ({"damage": "row 3 missing from index"}, "I7"),
    ],
)
def test_what_is_broken_is_said(changes, invariant):
    assert invariant in {one[:2] for one in complaints(replace(GOOD, **changes))}


def test_a_second_arrival_is_allowed_for_an_attempt_whose_end_nobody_knows():
    seen = replace(GOOD, attempts=[LOST, replace(ATTEMPT, number=2)], arrivals=[ARRIVAL, ARRIVAL])

    assert complaints(seen) == []
    assert (figures_of(seen).duplicates, figures_of(seen).explained) == (1, 1)


def test_what_the_receiver_refused_is_no_duplicate():
    refused = replace(ATTEMPT, status_code=500, error_class="http_500")
    seen = replace(GOOD, attempts=[refused, replace(ATTEMPT, number=2)], arrivals=[ARRIVAL, ARRIVAL])

    assert complaints(seen) == []
    assert figures_of(seen).duplicates == 0


def test_what_is_shown_with_its_reason_is_not_lost():
    held = replace(GOOD, deliveries=[replace(DELIVERY, status="held")], attempts=[], arrivals=[])

    assert figures_of(held).lost == 0
    assert figures_of(replace(held, deliveries=[replace(DELIVERY, status="pending")])).lost == 1
