"""Does each call answer as openapi.json says it does, whatever is asked of it? The document itself makes the calls.

From each call's description Schemathesis makes requests that fit it and requests that do not, and compares the
answers: no 500, no status or content type that is not described, no body of another form, nothing bad accepted.
It is imported where it is used: `make test` leaves these tests out, and does not pay for it.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.api.test_tokens import ASKED
from webhooks_app.engine.accounts import create_token
from webhooks_app.engine.audit import CODE

BOUNDED = settings(
    max_examples=20, deadline=None, database=None, derandomize=True,
    phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
)  # fmt: skip
# What these take depends on what no document can say: a cursor was given before, a hook exists, a URL is open.
SAYS_LESS = {
    ("GET", "/hooks"), ("GET", "/events"), ("GET", "/listeners"), ("GET", "/deliveries"), ("POST", "/listeners"),
    ("PATCH", "/listeners/<listener_id>"),
}  # fmt: skip


@pytest.fixture
def document(app, make_listener, make_delivery):
    """What the application says of itself; there is a row of each kind."""
    from schemathesis import openapi

    make_delivery(listener=make_listener())
    app.config["PROPAGATE_EXCEPTIONS"] = False  # a crash is an answer: 500
    return openapi.from_wsgi("/api/v1/openapi.json", app)


@pytest.mark.deep
@pytest.mark.parametrize("kind", ["positive", "negative"])
@pytest.mark.parametrize(("method", "rule"), ASKED)
def test_a_call_answers_as_the_document_says(document, engine, method, rule, kind):
    from schemathesis import GenerationMode
    from schemathesis.specs.openapi.checks import positive_data_acceptance

    path = "/api/v1" + rule.replace("<", "{").replace(">", "}")
    token = create_token(engine, "document", "write", by=CODE).token
    excluded = [positive_data_acceptance] if (method, rule) in SAYS_LESS else []

    @BOUNDED
    @given(case=document[path][method].as_strategy(generation_mode=GenerationMode(kind)))
    def answers(case):
        case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, excluded_checks=excluded)

    answers()
