"""Whose code sends? An application's: with a base, models and sessions of its own, on the engine's database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

from webhooks_app.engine import Engine, outbox, problems, sources
from webhooks_app.engine.port import EnginePort
from webhooks_app.registry import HookRegistry
from webhooks_app.registry import hooks as the_hooks
from webhooks_app.storage.database import make_engine


class Table(DeclarativeBase):
    """The application's own tables, which our migrations know nothing of."""


class Team(Table):
    """A few people; who leaves it is deleted."""

    __tablename__ = "shop_teams"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    people: Mapped[list[Person]] = relationship(back_populates="team", cascade="all, delete-orphan")


class Person(Table):
    """With columns of many kinds; `photo` has no JSON form."""

    __tablename__ = "shop_people"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(20))
    name: Mapped[str]
    address: Mapped[str | None]
    age: Mapped[int | None]
    born: Mapped[date | None]
    photo: Mapped[bytes | None]
    visits: Mapped[int] = mapped_column(server_default="0")
    team_id: Mapped[int | None] = mapped_column(sa.ForeignKey("shop_teams.id"))
    team: Mapped[Team | None] = relationship(back_populates="people")

    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "person"}  # noqa: RUF012


class Employee(Person):
    """A person of a special kind, in the same table."""

    __mapper_args__ = {"polymorphic_identity": "employee"}  # noqa: RUF012


@contextmanager
def session_on(engine: Engine) -> Iterator[Session]:
    """A session of the application, which knows nothing of ours but the database; its tables are empty."""
    sa_engine = make_engine(str(engine.settings.database_url))
    Table.metadata.drop_all(sa_engine)
    Table.metadata.create_all(sa_engine)
    try:
        with Session(sa_engine) as session:
            yield session
    finally:
        sa_engine.dispose()


@contextmanager
def bound_words(engine: Engine) -> Iterator[HookRegistry]:
    """The one registry that `send` and `save` go through, empty and bound; as it was afterwards."""
    known, port = list(the_hooks.values()), the_hooks._port
    for hook in known:
        the_hooks.unregister(hook.name)
    the_hooks.bind(EnginePort(engine))
    for watcher in (outbox, problems, sources):
        watcher.listen()
    try:
        yield the_hooks
    finally:
        for name in the_hooks:
            the_hooks.unregister(name)
        for hook in known:
            the_hooks.register(hook)
        the_hooks._port = port
