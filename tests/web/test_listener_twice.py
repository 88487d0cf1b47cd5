"""Does a form that is sent twice make one listener?"""

from tests.web.conftest import page
from tests.web.test_listener_form import NEW, URL, typed
from webhooks_app.storage.queries import listeners as queries


def test_a_form_that_is_sent_twice_makes_one_listener(operator, engine):
    data = {**typed(page(operator, NEW)), "url": URL}

    first, second = (operator.post(NEW, data=data) for _ in range(2))

    with engine.sessions() as session:
        (made,) = queries.all(session)
    assert first.location == second.location == f"/listeners/lsn_{made.id}"


def test_a_form_that_is_opened_anew_makes_another(operator, engine):
    for _ in range(2):
        operator.post(NEW, data={**typed(page(operator, NEW)), "url": URL})

    with engine.sessions() as session:
        assert len(queries.all(session)) == 2
