"""Can an operator delete what is old by hand, and see beforehand what that would be?"""

import json

import pytest
import sqlalchemy as sa

from webhooks_app.storage.models import Delivery


@pytest.fixture
def old(clock, make_delivery):
    make_delivery(status="delivered")
    make_delivery(status="held")
    clock.tick(31 * 24 * 3600)


def left(engine) -> list[str]:
    with engine.sessions() as session:
        return list(session.scalars(sa.select(Delivery.status)))


def test_a_dry_run_only_tells(engine, run, old):
    result = run("prune", "--dry-run")

    assert result.stdout.startswith("Would delete 1 deliveries and 1 events")
    assert "older than 30 days, failed ones 90; bodies 7" in result.stdout
    assert sorted(left(engine)) == ["delivered", "held"]


def test_it_deletes_and_says_how_much(engine, run, old):
    result = run("prune", "--json")

    assert json.loads(result.stdout) == {"dry_run": False, "deliveries": 1, "events": 1, "bodies": 0}
    assert left(engine) == ["held"]
