"""What do receivers of our own two signals get?"""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.caller import Employee, Person
from webhooks_app import post_delete, post_save, signals
from webhooks_app.engine import sources


@pytest.fixture
def heard(caller):
    """What both signals said, as they said it."""
    said = []

    def hear_save(sender, **arguments):
        said.append(("save", sender, arguments))

    def hear_delete(sender, **arguments):
        said.append(("delete", sender, arguments))

    sources.listen()
    with post_save.connected_to(hear_save), post_delete.connected_to(hear_delete):
        yield said


def test_the_package_shows_the_signals_of_the_module():
    assert post_save is signals.post_save
    assert post_delete is signals.post_delete


def test_a_save_says_what_was_saved_and_in_which_session(caller, heard):
    joe = Employee(name="Joe")
    caller.add(joe)
    caller.flush()

    [(kind, sender, said)] = heard
    assert (kind, sender) == ("save", Employee)
    assert said["instance"] is joe
    assert said["session"] is caller
    assert said["created"] is True
    assert said["changes"]["name"] == {"old": None, "new": "Joe"}


def test_a_deletion_says_what_was_deleted(caller, heard):
    joe = Person(name="Joe")
    caller.add(joe)
    caller.commit()
    heard.clear()
    caller.delete(joe)
    caller.commit()

    assert heard == [("delete", Person, {"instance": joe, "session": caller})]


def test_a_receiver_may_write_with_core_in_the_same_transaction(caller, heard):
    def write(sender, *, instance, session, **_):
        session.connection().execute(sa.update(Person).where(Person.id == instance.id).values(address="x"))

    with post_save.connected_to(write):
        caller.add(Person(name="Joe"))
        caller.commit()

    assert caller.scalar(sa.select(Person.address)) == "x"
