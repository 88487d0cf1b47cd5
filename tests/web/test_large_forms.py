"""Is a form that is too large refused, with a page? Row 72 of the security plan; the API's are in its own tests."""

from __future__ import annotations

import pytest

from webhooks_app.application import MAX_REQUEST_BYTES


@pytest.mark.parametrize("address", ["/listeners/preview", "/hooks/person/events/new", "/login"])
def test_a_form_over_one_mebibyte_is_refused(operator, address):
    answer = operator.post(address, data={"url": "x" * MAX_REQUEST_BYTES})

    assert MAX_REQUEST_BYTES == 1024 * 1024
    assert answer.status_code == 413
    assert "That is too large" in answer.text


@pytest.mark.parametrize(("parts", "status"), [(1000, 200), (1001, 413)])
def test_a_form_has_a_thousand_parts_at_most(operator, parts, status):
    fields = {f"a{number}": "x" for number in range(parts - 1)}

    answer = operator.post(
        "/listeners/preview", data={"hook": "person", **fields}, content_type="multipart/form-data"
    )

    assert answer.status_code == status
