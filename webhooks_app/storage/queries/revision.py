"""Do the tables fit this code? The database's revision beside the newest one that the code knows."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from webhooks_app.storage import migrations


@dataclass(frozen=True, slots=True)
class Tables:
    """`current` is None where nothing was migrated yet."""

    current: str | None
    newest: str

    @property
    def are_current(self) -> bool:
        """Whether there is nothing to migrate."""
        return self.current == self.newest


def tables(session: Session) -> Tables:
    """The revision of the tables."""
    return Tables(migrations.current(session.connection()), migrations.head())


def advice(engine: sa.Engine, *, is_guest: bool) -> str:
    """What to do while the tables are missing or of another version; "" where they are right, or no answer comes."""
    if not migrations.are_behind(engine):
        return ""
    command = migrations.command_for(is_guest=is_guest)
    return f"The database does not have the tables of this version. Run `{command}`, or start with `webhooks up`."


def backend(session: Session) -> str:
    """The database's name and version, as people write them: SQLite 3.46.1, PostgreSQL 17.2."""
    dialect = session.get_bind().dialect
    if dialect.name == "sqlite":
        return f"SQLite {session.scalar(sa.text('SELECT sqlite_version()'))}"
    return f"PostgreSQL {str(session.scalar(sa.text('SHOW server_version'))).split()[0]}"
