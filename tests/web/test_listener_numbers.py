"""Is a number in the listener's form what people write, and nothing that only Python takes for one?"""

from __future__ import annotations

import pytest

from webhooks_app.storage.queries import listeners as queries

NEW = "/hooks/person/listeners/new"
URL = "http://127.0.0.1:9999/receiver"


@pytest.mark.parametrize("text", ["1_0", "\u0661\u0660", "1,5", "inf", "nan", "0x10"])
@pytest.mark.parametrize("field", ["rate_limit_per_second", "sends_in_flight", "timeout_seconds"])
def test_what_only_python_takes_for_a_number_is_none(operator, engine, field, text):
    answer = operator.post(NEW, data={"url": URL, field: text})

    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    with engine.sessions() as session:
        assert not queries.all(session)


@pytest.mark.parametrize("text", ["5", " 5 ", "5.", "5e0", "+5"])
def test_a_number_may_be_written_in_several_ways(operator, engine, text):
    assert operator.post(NEW, data={"url": URL, "rate_limit_per_second": text}).status_code == 303

    with engine.sessions() as session:
        assert [one.rate_limit_per_second for one in queries.all(session)] == [5.0]
