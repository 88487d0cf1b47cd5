"""Does a form take only the fields that it has? Row 65 of the security plan."""

from __future__ import annotations

import sqlalchemy as sa

from tests.web.conftest import page
from tests.web.test_listener_form import edit, typed
from webhooks_app.storage.models import Listener
from webhooks_app.storage.people import User

MORE = {
    "id": "0" * 32, "state": "disabled", "state_reason": "x", "disabled_reason": "x", "hook": "order",
    "is_admin": "1", "deleted_at": "2026-01-01", "headers_sealed": "x", "crashes": "9",
}  # fmt: skip


def test_a_listeners_form_changes_what_it_shows_and_nothing_else(operator, engine, make_listener):
    listener = make_listener(url="http://127.0.0.1:9999/receiver")

    operator.post(edit(listener), data={**typed(page(operator, edit(listener))), **MORE, "name": "Renamed"})

    with engine.sessions() as session:
        found = session.get_one(Listener, listener.id)
    assert (found.name, found.hook, found.state, found.state_reason) == ("Renamed", "person", "active", "")
    assert (found.deleted_at, found.headers_sealed) == (None, listener.headers_sealed)


def test_a_new_user_is_what_the_form_says(admin, engine):
    admin.post(
        "/settings/users",
        data={
            **MORE,
            "email": "bo@example.com",
            "role": "viewer",
            "password_hash": "x",
            "session_version": "7",
        },
    )

    with engine.sessions() as session:
        bo = session.scalars(sa.select(User).where(User.email == "bo@example.com")).one()
    assert (bo.role, bo.password_hash, bo.session_version) == ("viewer", None, 1)
