"""Which tables should there be, and are they there? The migrations, run without a web application.

`flask db upgrade` does the same through Flask-Migrate; both read `migrations/env.py`, and the revision
stands in a table of our own, beside whatever an embedding application migrates.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

VERSION_TABLE = "webhooks_alembic_version"


def folder() -> Path:
    """Where the migrations lie: inside the installed package, or at the top of a checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "migrations"
    return installed if (installed / "env.py").is_file() else package.parent / "migrations"


def upgrade(engine: sa.Engine, revision: str = "head") -> None:
    """Bring the tables to `revision`, in one transaction; a second process waits and then finds it done."""
    with _connection(engine) as connection:
        command.upgrade(_config(connection), revision)


def downgrade(engine: sa.Engine, revision: str) -> None:
    """Take the tables back to `revision`; "base" drops them all."""
    with _connection(engine) as connection:
        command.downgrade(_config(connection), revision)


def are_behind(engine: sa.Engine) -> bool:
    """Whether the tables are missing or of another version; False where the database does not even answer."""
    try:
        with engine.connect() as connection:
            return current(connection) != head()
    except sa.exc.SQLAlchemyError:
        return False


def command_for(*, is_guest: bool) -> str:
    """What a person types to bring the tables up to date; inside another application it has that one's name."""
    return f"flask --app {'YOUR_APPLICATION' if is_guest else 'wsgi'} webhooks migrate"


def head() -> str:
    """The newest revision that this code knows."""
    found = ScriptDirectory(str(folder())).get_current_head()
    if found is None:
        raise RuntimeError(f"There is no migration in {folder()}.")
    return found


def current(connection: sa.Connection) -> str | None:
    """The database's revision; None where nothing was migrated yet."""
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    return context.get_current_revision()


def _connection(engine: sa.Engine) -> sa.Connection:
    return engine.execution_options(sqlite_begin="IMMEDIATE").connect()


def _config(connection: sa.Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(folder()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
