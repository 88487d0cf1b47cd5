"""Does the log say who did what, from where, and only what changed?"""

from __future__ import annotations

import re
from pathlib import Path

import sqlalchemy as sa

from webhooks_app.engine.audit import Actor, changed, note
from webhooks_app.storage.people import AuditEntry

PACKAGE = Path(__file__).resolve().parent.parent.parent / "webhooks_app"


def test_an_entry_names_the_actor_and_where_they_were(any_engine, clock):
    actor = Actor("anna@example.com", ip="2001:db8::1", request_id="r" * 60)
    with any_engine.sessions.begin() as session:
        note(session, actor, "pause", "listener", "1" * 32, before={"a": 1}, after={"a": 2}, at=clock())

    with any_engine.sessions() as session:
        entry = session.scalar(sa.select(AuditEntry))
    assert (entry.actor, entry.ip, entry.request_id) == ("anna@example.com", "2001:db8::1", "r" * 40)
    assert (entry.at, entry.before, entry.after) == (clock(), {"a": 1}, {"a": 2})


def test_an_entry_goes_with_its_change(any_engine, clock):
    with any_engine.sessions() as session:
        note(session, Actor("anna@example.com"), "pause", "listener", "1" * 32, at=clock())
        session.flush()
        session.rollback()

    with any_engine.sessions() as session:
        assert session.scalar(sa.select(AuditEntry)) is None


def test_only_what_differs_counts_as_changed():
    assert changed({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": None}) == ({"b": 2}, {"b": 3})
    assert changed({"a": 1}, {"a": 1}) == ({}, {})


def test_nothing_alters_or_deletes_an_entry():
    """Rows are read by the queries, written by one function, and never touched again."""
    writers, sinners = set(), set()
    for path in PACKAGE.rglob("*.py"):
        text, name = path.read_text("utf-8"), str(path.relative_to(PACKAGE))
        if re.search(r"(?<!class )\bAuditEntry\(", text):
            writers.add(name)
        if re.search(r"(update|delete|merge)\(\s*AuditEntry|(UPDATE|DELETE FROM)\s+webhooks_audit", text):
            sinners.add(name)

    assert (writers, sinners) == ({"engine/audit.py"}, set())
