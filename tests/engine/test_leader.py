"""Is one of several processes the leader, and another one when it is gone?"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from webhooks_app.engine.leader import LEASE, is_leader, resign
from webhooks_app.storage.models import Lease


@pytest.fixture
def ann(any_engine):
    return replace(any_engine, worker_name="ann")


@pytest.fixture
def bea(any_engine):
    return replace(any_engine, worker_name="bea")


def test_the_first_one_leads_until_its_lease_ends(ann, bea, clock):
    assert is_leader(ann, "clock")
    assert not is_leader(bea, "clock")

    clock.tick(LEASE.total_seconds() - 0.001)
    assert not is_leader(bea, "clock")
    clock.tick(0.001)
    assert is_leader(bea, "clock")
    assert not is_leader(ann, "clock")


def test_who_comes_back_in_time_stays_the_leader(ann, bea, clock):
    for _ in range(10):
        assert is_leader(ann, "clock")
        assert not is_leader(bea, "clock")
        clock.tick(1)


def test_the_lease_is_written_only_when_it_becomes_short(ann, clock):
    is_leader(ann, "clock")
    clock.tick(1)
    is_leader(ann, "clock")

    with ann.sessions() as session:
        assert session.scalars(sa.select(Lease.until)).one() == clock() - timedelta(seconds=1) + LEASE


def test_who_resigns_is_followed_at_once(ann, bea):
    is_leader(ann, "clock")
    resign(bea, "clock")
    assert not is_leader(bea, "clock")

    resign(ann, "clock")
    assert is_leader(bea, "clock")


def test_leases_of_other_names_are_apart(ann, bea):
    assert is_leader(ann, "clock")
    assert is_leader(bea, "prune")


def test_a_lease_from_a_clock_that_was_ahead_binds_nobody(ann, bea, clock):
    clock.tick(3600)
    is_leader(ann, "clock")
    clock.tick(-3600)

    assert is_leader(bea, "clock")


def test_of_many_that_start_at_once_exactly_one_leads(any_engine):
    """Two that find no lease both write one; the slower one is no leader, and says nothing."""
    engines = [replace(any_engine, worker_name=f"clock {number}") for number in range(8)]
    with ThreadPoolExecutor(8) as threads:
        leads = list(threads.map(lambda engine: is_leader(engine, "clock"), engines))

    assert leads.count(True) == 1
