"""Can an authority be given in the form, and is it told on the listener's page? Row 20."""

from datetime import UTC, datetime

import pytest

from tests.engine.certificates import Authority
from tests.web.conftest import page, text_of
from webhooks_app.engine.authorities import read_authorities

NEW = "/hooks/person/listeners/new"
URL = "https://hooks.example.com/"


@pytest.fixture
def authority(tmp_path, clock):
    clock.now = datetime.now(UTC)
    return Authority(tmp_path)


@pytest.fixture
def old(tmp_path, clock):
    clock.now = datetime.now(UTC)
    return Authority(tmp_path, expired=True).pem


def test_it_is_told_with_subject_expiry_and_fingerprint(authority, operator):
    made = operator.post(NEW, data={"url": URL, "trusted_ca": authority.pem})

    (told,) = read_authorities(authority.pem)
    text = page(operator, made.location)
    assert "CN=Test authority" in text and told.fingerprint in text
    assert text.count(f"expires on {told.expires_at:%Y-%m-%d}") == 2  # it has a day left, which is warned of
    assert authority.pem.splitlines()[1] in page(operator, f"{made.location}/edit")


def test_once_it_has_expired_the_form_can_still_be_saved(old, operator, make_listener):
    listener = make_listener(url=URL, trusted_ca=old)
    path = f"/listeners/lsn_{listener.id}"
    sent = {"url": URL, "name": "Till", "trusted_ca": old, "version": listener.version}

    saved = operator.post(f"{path}/edit", data=sent)

    assert saved.status_code == 303
    assert "Till" in page(operator, path)


def test_without_one_the_public_ones_count(viewer, make_listener):
    listener = make_listener(url=URL)

    assert "<dt>Trusted authorities</dt><dd>the public ones</dd>" in page(
        viewer, f"/listeners/lsn_{listener.id}"
    )


def test_what_is_none_is_refused_at_its_field_and_stays_typed(operator):
    answer = operator.post(NEW, data={"url": URL, "trusted_ca": "-----BEGIN NONSENSE-----"})

    assert answer.status_code == 422 and 'id="trusted_ca-error"' in answer.text
    assert "-----BEGIN NONSENSE-----</textarea>" in text_of(answer)


def test_a_row_that_cannot_be_read_still_has_its_page(viewer, make_listener):
    listener = make_listener(url=URL, trusted_ca="nonsense")

    text = page(viewer, f"/listeners/lsn_{listener.id}")

    assert "given, and cannot be read" in text and "Edit it to give them anew." in text
