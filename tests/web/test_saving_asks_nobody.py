"""Does saving a listener wait for a name server? Row 5 of the security plan: names are looked up when sending."""

from __future__ import annotations

import socket

import pytest

from webhooks_app.engine.accounts import create_token
from webhooks_app.engine.audit import CODE
from webhooks_app.storage.models import Listener

NAME = "receiver.example.com"


@pytest.fixture
def asked(monkeypatch):
    """The names that somebody looked up; a look-up here would hang for as long as the name server likes."""
    names = []

    def look_up(name, *_, **__):
        names.append(name)
        raise socket.gaierror(socket.EAI_AGAIN, "nobody answers")

    for function in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
        monkeypatch.setattr(socket, function, look_up)
    return names


def test_no_form_looks_a_name_up(operator, engine, make_listener, asked):
    listener = make_listener(url=f"https://{NAME}/old")
    form, edit = {"url": f"https://{NAME}/new", "name": "A"}, f"/listeners/lsn_{listener.id}/edit"

    previewed = operator.post("/listeners/preview", data={**form, "hook": "person"})
    made = operator.post("/hooks/person/listeners/new", data=form)
    changed = operator.post(
        edit, data={**form, "url": f"https://{NAME}/changed", "version": listener.version}
    )

    assert (previewed.status_code, made.status_code, changed.status_code) == (200, 303, 303)
    with engine.sessions() as session:
        assert session.get_one(Listener, listener.id).url == f"https://{NAME}/changed"
    assert asked == []


def test_no_call_looks_a_name_up(app, engine, asked):
    headers = {"Authorization": f"Bearer {create_token(engine, 'a', 'write', by=CODE).token}"}
    program = app.test_client()

    made = program.post(
        "/api/v1/listeners", headers=headers, json={"hook": "person", "url": f"https://{NAME}/a"}
    )
    changed = program.patch(
        f"/api/v1/listeners/{made.json['id']}", headers=headers, json={"url": f"https://{NAME}/b"}
    )

    assert (made.status_code, changed.status_code) == (201, 200)
    assert asked == []
