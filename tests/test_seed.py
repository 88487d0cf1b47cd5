"""Do the words still work that this package began with? Its first examples, in one program each.

The names and paths are those that people's code imports; only the package's own name may change.
"""

from __future__ import annotations

import importlib
import json

import pytest
import sqlalchemy as sa
from flask import Flask, request
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from webhooks_app import Hook, ModelHook, SignalHook, post_delete, post_save
from webhooks_app import hooks as the_hooks
from webhooks_app.engine import outbox, sources
from webhooks_app.engine.deliver import deliver_batch
from webhooks_app.engine.dispatch import dispatch
from webhooks_app.engine.patience import ENDLESS
from webhooks_app.engine.port import EnginePort
from webhooks_app.errors import AlreadyRegistered, NotBound, NotRegistered, SecretUnavailable
from webhooks_app.match import Any, Contains, Endswith, Is, Like, Startswith

WHERE = "http://where.joe/is/listening"


class Table(DeclarativeBase):
    pass


class Person(Table):
    __tablename__ = "seed_people"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    address: Mapped[str]


class PersonHook(ModelHook):
    """A person was added or changed."""

    name = "person"
    model = Person
    signal = post_save
    provides_args = ["name", "address"]  # noqa: RUF012 (as people write it)


@pytest.fixture
def hooks():
    """The one registry that the words speak of, empty and unbound; as it was when the test is over."""
    known, port = list(the_hooks.values()), the_hooks._port
    for hook in known:
        the_hooks.unregister(hook.name)
    the_hooks._port = None
    yield the_hooks
    for name in the_hooks:
        the_hooks.unregister(name)
    for hook in known:
        the_hooks.register(hook)
    the_hooks._port = port


@pytest.fixture
def bound(engine, hooks):
    """The registry, bound to an engine as `create_app` and `Webhooks` do."""
    hooks.bind(EnginePort(engine))
    outbox.listen()
    sources.listen()
    return hooks


@pytest.fixture
def session(engine):
    """The application's own session."""
    sa_engine = sa.create_engine(engine.settings.database_url)
    Table.metadata.create_all(sa_engine)
    with Session(sa_engine) as session:
        yield session
    sa_engine.dispose()


@pytest.fixture
def delivered(engine, queue, transport):
    """What the receivers got of all that happened: URL and payload, each."""

    def deliver():
        dispatch(engine)
        deliver_batch(engine, queue.pushed_ids, patience=ENDLESS)
        return sorted((message.url, json.loads(message.body)["name"]) for message in transport.sent)

    return deliver


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("webhooks_app", "Hook ModelHook SignalHook hooks post_save post_delete create_app Webhooks"),
        ("webhooks_app.event", "Hook ModelHook SignalHook"),
        ("webhooks_app.registry", "hooks"),
        ("webhooks_app.match", "Any Contains Endswith Is Like Startswith"),
        ("webhooks_app.signals", "post_save post_delete"),
    ],
)
def test_the_paths_that_people_import(module, names):
    found = importlib.import_module(module)

    assert [name for name in names.split() if not hasattr(found, name)] == []


def test_a_model_hook_and_its_listeners(bound, session, delivered):
    assert bound.register(PersonHook) is PersonHook  # so that it decorates
    PersonHook().listener(url=f"{WHERE}/joe").match(name="Joe").save()
    PersonHook().listener(url=f"{WHERE}/j").match(name=Startswith("J")).save()
    PersonHook().listener(url=WHERE).save()

    for name in ("Joe", "Jim", "Ann"):
        session.add(Person(name=name, address="New York City"))
    session.commit()

    assert delivered() == [
        (WHERE, "Ann"),
        (WHERE, "Jim"),
        (WHERE, "Joe"),
        (f"{WHERE}/j", "Jim"),
        (f"{WHERE}/j", "Joe"),
        (f"{WHERE}/joe", "Joe"),
    ]


@pytest.mark.parametrize(
    ("condition", "fits"),
    [
        ("George Constanza", True),  # a plain value means Is
        (Is("George"), False),
        (Any(), True),
        (Startswith("George"), True),
        (Endswith("Constanza"), True),
        (Contains("Const"), True),
        (Like("^G.*a$"), True),
        (Like("^const"), False),
    ],
)
def test_a_custom_hook_and_every_matcher(bound, delivered, condition, fits):
    bound.register(Hook(name="myhook", provides_args=["name", "address"]))
    bound["myhook"].listener(url=WHERE).match(name=condition).save()

    event_id = bound["myhook"].send(sender=None, name="George Constanza", address="New York City")

    assert event_id.startswith("evt_")
    assert delivered() == ([(WHERE, "George Constanza")] if fits else [])


def test_saving_the_same_listener_again_keeps_one(bound, delivered):
    bound.register(PersonHook)
    first, second = (PersonHook().listener(url=WHERE).match(name="Joe").save() for _ in range(2))

    assert first.id == second.id
    assert first.secret.startswith("whsec_")  # readable only when just made
    with pytest.raises(SecretUnavailable):
        _ = second.secret


def test_the_listening_view_in_flask(bound, engine, queue, transport):
    bound.register(Hook(name="person", provides_args=["name", "address"]))
    bound["person"].listener(url=WHERE).save()
    heard = []
    app = Flask("listening")

    @app.post("/is/listening")
    def listening():
        payload = request.get_json()
        heard.append(f"{payload['name']} lives in {payload['address']}.")
        return "", 204

    bound["person"].send(name="Joe", address="New York City")
    dispatch(engine)
    deliver_batch(engine, queue.pushed_ids, patience=ENDLESS)
    (message,) = transport.sent
    answer = app.test_client().post("/is/listening", data=message.body, headers=list(message.headers))

    assert answer.status_code == 204
    assert heard == ["Joe lives in New York City."]
    assert list(json.loads(message.body)) == ["name", "address"]  # in the order sent


def test_a_deletion_is_a_hook_too(bound, session, delivered):
    @bound.register
    class PersonGone(ModelHook):
        name = "person.deleted"
        model = Person
        signal = post_delete
        provides_args = ["name"]  # noqa: RUF012

    PersonGone().listener(url=WHERE).save()
    joe = Person(name="Joe", address="New York City")
    session.add(joe)
    session.commit()

    session.delete(joe)
    session.commit()

    assert delivered() == [(WHERE, "Joe")]


def test_a_signal_hook_hears_its_signal(bound, delivered):
    from blinker import Signal

    arrived = Signal()
    bound.register(SignalHook(name="arrived", signal=arrived, provides_args=["name"]))
    bound["arrived"].listener(url=WHERE).save()

    arrived.send("the door", name="Joe", umbrella=object())  # what is not provided is not sent

    assert delivered() == [(WHERE, "Joe")]


def test_two_hooks_of_one_name(hooks):
    hooks.register(Hook(name="person"))

    with pytest.raises(AlreadyRegistered, match="'person'"):
        hooks.register(PersonHook)
    with pytest.raises(NotRegistered, match="'nobody'"):
        hooks.unregister("nobody")
    with pytest.raises(NotRegistered, match="'nobody'"):
        hooks["nobody"]
    assert list(hooks) == ["person"]


def test_unbound_words_say_what_to_call(hooks):
    hooks.register(Hook(name="myhook", provides_args=["name"]))

    for act in (lambda: hooks["myhook"].send(name="Joe"), hooks["myhook"].listener(url=WHERE).save):
        with pytest.raises(NotBound, match=r"create_app\(\) or Webhooks\(app, …\)"):
            act()
