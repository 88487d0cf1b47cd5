"""What does a fresh install have to show? A few people and orders, with one hook of each kind.

This is what an application's own module of hooks looks like. The demo's table is its own: it stands on a
base of its own, is made here when it is first needed, and is in no migration.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from blinker import Namespace
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

from webhooks_app.event import Hook, ModelHook, SignalHook
from webhooks_app.registry import hooks
from webhooks_app.signals import post_delete, post_save

greeted = Namespace().signal("demo-greeted")

LONGEST = 200
_FIRST_PEOPLE = (
    ("Joe Davola", "New York City"),
    ("Elaine Benes", "New York City"),
    ("Susan Ross", "Boston"),
)


class DemoBase(DeclarativeBase):
    """The base of the demo's tables."""


class Person(DemoBase):
    """Someone to add, change and delete on the demo page."""

    __tablename__ = "demo_people"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(LONGEST))
    address: Mapped[str] = mapped_column(sa.String(LONGEST))


@hooks.register
class PersonHook(ModelHook):
    """A person was added or changed."""

    name = "person"
    verbose_name = "Person saved"
    model = Person
    signal = post_save
    provides_args = ("name", "address")


@hooks.register
class PersonDeletedHook(ModelHook):
    """A person was deleted."""

    name = "person.deleted"
    verbose_name = "Person deleted"
    model = Person
    signal = post_delete
    provides_args = ("name", "address")


@hooks.register
class GreetedHook(SignalHook):
    """Somebody pressed Greet beside a person."""

    name = "person.greeted"
    verbose_name = "Person greeted"
    signal = greeted
    provides_args = ("name", "greeting")


order_placed = hooks.register(
    Hook(
        name="order.placed",
        verbose_name="Order placed",
        description="An order was placed.",
        provides_args={"customer": str, "total": float, "country": str, "paid": bool},
    )
)


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person, apart from any session."""

    id: int
    name: str
    address: str


def has_table(session: Session) -> bool:
    """Whether the demo's table is there."""
    return sa.inspect(session.connection()).has_table(Person.__tablename__)


def make_table(sessions: sessionmaker[Session]) -> None:
    """Make the demo's table with three people, unless another process has just done so. Nothing is sent."""
    with sessions.begin() as session:
        if has_table(session):
            return
        connection = session.connection()
        DemoBase.metadata.create_all(connection)
        rows = [{"name": name, "address": address} for name, address in _FIRST_PEOPLE]
        connection.execute(sa.insert(Person), rows)


def people(session: Session) -> Sequence[PersonRow]:
    """Everyone, in the order they came."""
    query = sa.select(Person.id, Person.name, Person.address).order_by(Person.id)
    return [PersonRow(*row) for row in session.execute(query)]


def add_person(sessions: sessionmaker[Session], *, name: str, address: str) -> None:
    """Add someone; the hook `person` sends it with the commit."""
    with sessions.begin() as session:
        session.add(Person(name=name, address=address))


def change_person(sessions: sessionmaker[Session], person_id: int, *, name: str, address: str) -> bool:
    """Change someone; False if they are gone. Nothing is sent if nothing changed."""
    with sessions.begin() as session:
        person = session.get(Person, person_id)
        if person is None:
            return False
        person.name, person.address = name, address
    return True


def delete_person(sessions: sessionmaker[Session], person_id: int) -> bool:
    """Delete someone; False if they are gone."""
    with sessions.begin() as session:
        person = session.get(Person, person_id)
        if person is None:
            return False
        session.delete(person)
    return True


def greet(sessions: sessionmaker[Session], person_id: int) -> bool:
    """Send the signal that the hook `person.greeted` listens to; False if they are gone."""
    with sessions.begin() as session:
        person = session.get(Person, person_id)
        if person is None:
            return False
        # The hook stores its event in the session that the signal carries, so both commit together.
        greeted.send("demo", name=person.name, greeting=f"Hello, {person.name}!", session=session)
    return True


def place_order(
    sessions: sessionmaker[Session], *, customer: str, total: float, country: str, paid: bool
) -> str:
    """Send the hook `order.placed`; gives the event's id."""
    with sessions.begin() as session:
        return order_placed.send(
            "demo", session=session, customer=customer, total=total, country=country, paid=paid
        )
