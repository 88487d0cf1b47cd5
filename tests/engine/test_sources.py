"""Which changes of a session become events, and what do they say of them?"""

from __future__ import annotations

import json
from datetime import date

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from tests.caller import Employee, Person, Team
from webhooks_app import ModelHook, post_delete, post_save
from webhooks_app.storage.models import Event


class PersonSaved(ModelHook):
    name = "person.saved"
    model = Person
    signal = post_save
    provides_args = ("name", "address", "age", "born")


class PersonDeleted(ModelHook):
    name = "person.deleted"
    model = Person
    signal = post_delete
    provides_args = ("name",)


@pytest.fixture
def happened(engine, words):
    """Every stored event: hook, payload, what changed."""
    words.register(PersonSaved)
    words.register(PersonDeleted)

    def read():
        with engine.sessions() as session:
            rows = session.scalars(sa.select(Event).order_by(Event.id)).all()
        return [(row.hook, json.loads(row.body), row.changes) for row in rows]

    return read


@pytest.fixture
def joe(caller, happened):
    """Joe as he stands in the database; his attributes have expired with the commit."""
    joe = Person(name="Joe", address="Bronx", age=30)
    caller.add(joe)
    caller.commit()
    return joe


def test_an_insert_is_an_event_with_everything_new(joe, happened):
    assert happened() == [
        (
            "person.saved",
            {"name": "Joe", "address": "Bronx", "age": 30, "born": None, "created": True},
            {
                "name": {"old": None, "new": "Joe"},
                "address": {"old": None, "new": "Bronx"},
                "age": {"old": None, "new": 30},
            },
        )
    ]


def test_an_update_says_what_was_and_what_is_though_the_attribute_had_expired(caller, joe, happened):
    joe.name = "Jim"
    joe.born = date(2000, 1, 31)
    caller.commit()

    hook, payload, changes = happened()[1]
    assert (hook, payload["name"], payload["created"]) == ("person.saved", "Jim", False)
    assert payload["address"] == "Bronx"  # it had expired too
    assert changes == {"name": {"old": "Joe", "new": "Jim"}, "born": {"old": None, "new": "2000-01-31"}}


@pytest.mark.parametrize("kind", [Person, Employee])
def test_a_subclass_of_the_model_keeps_its_old_values_too(caller, happened, kind):
    somebody = kind(name="Ann")
    caller.add(somebody)
    caller.commit()
    somebody.name = "Bea"
    caller.commit()

    assert [changes["name"] for _, _, changes in happened()] == [
        {"old": None, "new": "Ann"},
        {"old": "Ann", "new": "Bea"},
    ]


def test_nothing_happens_where_nothing_changed(caller, joe, happened):
    joe.name = "Joe"  # dirty, and the same
    caller.commit()
    joe.name = "Jim"
    joe.name = "Joe"
    caller.commit()

    assert len(happened()) == 1


def test_a_column_that_is_not_provided_is_an_event_without_named_changes(caller, joe, happened):
    joe.photo = b"jpeg"
    caller.commit()

    assert happened()[1][2] is None


def test_one_event_for_each_flush_and_object(caller, happened):
    ann, bea = Person(name="Ann"), Person(name="Bea")
    caller.add_all([ann, bea])
    caller.flush()
    ann.age = 1
    caller.flush()
    ann.age, ann.address = 2, "Queens"
    caller.flush()
    caller.commit()

    assert [(payload["name"], payload["age"]) for _, payload, _ in happened()] == [
        ("Ann", None), ("Bea", None), ("Ann", 1), ("Ann", 2),
    ]  # fmt: skip


def test_a_deletion_sends_what_there_was(caller, joe, happened):
    caller.delete(joe)
    caller.commit()

    assert [(hook, payload) for hook, payload, _ in happened()[1:]] == [("person.deleted", {"name": "Joe"})]


@pytest.mark.parametrize(
    "option", [orm.defer(Person.name), orm.load_only(Person.id)], ids=["deferred", "not among the loaded"]
)
def test_a_deletion_sends_what_was_not_loaded_too(caller, joe, happened, option):
    caller.expunge_all()
    caller.delete(caller.scalars(sa.select(Person).options(option)).one())
    caller.commit()

    assert [(hook, payload) for hook, payload, _ in happened()[1:]] == [("person.deleted", {"name": "Joe"})]


def test_an_orphan_sends_what_was_not_loaded_too(caller, happened):
    caller.add(Team(title="A", people=[Person(name="Ann")]))
    caller.commit()
    caller.expunge_all()
    team = caller.scalars(sa.select(Team)).one()
    caller.scalars(sa.select(Person).options(orm.load_only(Person.id, Person.team_id))).all()
    team.people.clear()
    caller.commit()

    assert [(hook, payload["name"]) for hook, payload, _ in happened()[1:]] == [("person.deleted", "Ann")]


def test_a_deletion_goes_through_although_an_attribute_cannot_be_read(caller, joe, caplog):
    caller.expunge_all()
    forbidden = orm.defer(Person.name, raiseload=True)
    caller.delete(caller.scalars(sa.select(Person).options(forbidden)).one())
    caller.commit()

    assert caller.scalars(sa.select(Person)).all() == []
    assert "The hook person.deleted could not send" in caplog.text


def test_a_hook_that_is_unregistered_loads_nothing_before_a_deletion(caller, words, joe):
    words.unregister("person.deleted")
    caller.expunge_all()
    bare = caller.scalars(sa.select(Person).options(orm.load_only(Person.id))).one()
    caller.delete(bare)
    caller.flush()

    assert "name" not in bare.__dict__


def test_an_orphan_is_deleted_and_not_saved(caller, happened):
    team = Team(title="A", people=[Person(name="Ann"), Person(name="Bea")])
    caller.add(team)
    caller.commit()
    team.people.pop()
    caller.commit()

    assert [(hook, payload["name"]) for hook, payload, _ in happened()[2:]] == [("person.deleted", "Bea")]


def test_a_delete_that_cascades_tells_of_each_object(caller, happened):
    team = Team(title="A", people=[Person(name="Ann"), Person(name="Bea")])
    caller.add(team)
    caller.commit()
    caller.delete(team)
    caller.commit()

    assert sorted((hook, payload["name"]) for hook, payload, _ in happened()[2:]) == [
        ("person.deleted", "Ann"), ("person.deleted", "Bea"),
    ]  # fmt: skip


def test_a_collection_that_changed_is_no_update_of_its_owner(caller, words, happened):
    words.register(ModelHook(name="team", model=Team, provides_args=["title"]))
    team, joe = Team(title="A"), Person(name="Joe")
    caller.add_all([team, joe])
    caller.commit()
    team.people.append(joe)
    caller.commit()

    assert [hook for hook, _, _ in happened()[2:]] == ["person.saved"]  # whose foreign key did change


def test_a_value_that_the_database_computes_is_sent_as_it_came_out(caller, words, happened):
    words.register(ModelHook(name="visits", model=Person, provides_args=["visits"]))
    joe = Person(name="Joe")
    caller.add(joe)
    caller.commit()
    joe.visits = Person.visits + 1
    caller.commit()

    assert [one[1:] for one in happened() if one[0] == "visits"] == [
        ({"visits": 0, "created": True}, None),
        ({"visits": 1, "created": False}, {"visits": {"old": 0, "new": 1}}),
    ]


def test_objects_of_other_models_are_not_looked_at(caller, happened):
    caller.add(Team(title="A"))
    caller.commit()

    assert happened() == []


def test_without_a_hook_nobody_asks_for_old_values(caller, words):
    assert not post_save.receivers
    caller.add(Person(name="Joe"))
    caller.commit()

    assert caller.scalar(sa.select(sa.func.count()).select_from(Event)) == 0


def test_a_partial_flush_tells_only_of_what_it_wrote(caller, happened):
    ann, bea = Person(name="Ann"), Person(name="Bea")
    caller.add_all([ann, bea])
    with pytest.warns(DeprecationWarning):
        caller.flush([ann])
    caller.commit()

    assert [payload["name"] for _, payload, _ in happened()] == ["Ann", "Bea"]
