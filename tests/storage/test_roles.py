"""Do the two roles of `deploy/postgresql-roles.sql` suffice to migrate and to run, and for nothing more?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests import factories
from tests.build import build_engine
from tests.databases import database_in
from webhooks_app.engine.dispatch import dispatch
from webhooks_app.engine.retention import prune
from webhooks_app.engine.sweep import sweep
from webhooks_app.storage import migrations
from webhooks_app.storage.models import Delivery

SCRIPT = Path(__file__).resolve().parents[2] / "deploy" / "postgresql-roles.sql"
OWNER, RUNS = "webhooks_owner", "webhooks"
# Roles belong to the whole server, which others may use too.
OURS = {OWNER: "webhooks_test_owner", RUNS: "webhooks_test_runs"}

pytestmark = [pytest.mark.postgresql, pytest.mark.deep]


def statements() -> list[str]:
    """What the script tells to run, its last hint included, with the roles of these tests."""
    text = SCRIPT.read_text("utf-8").replace("-- REVOKE", "REVOKE")
    text = re.sub(r"^--.*\n", "", text, flags=re.MULTILINE)
    text = text.replace(OWNER, OURS[OWNER]).replace(f"TO {RUNS};", f"TO {OURS[RUNS]};")
    text = text.replace(f"ROLE {RUNS} ", f"ROLE {OURS[RUNS]} ").replace(
        f"FROM {RUNS};", f"FROM {OURS[RUNS]};"
    )
    return [one.strip() for one in text.split(";") if one.strip()]


def execute(url: sa.URL, *commands: str) -> None:
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        for command in commands:
            connection.exec_driver_sql(command)


@pytest.fixture
def as_role(postgresql_address: sa.URL) -> Iterator:
    """The address of a migrated database as one of the roles."""

    def address(role: str) -> sa.URL:
        return url.update_query_dict({"options": f"-c role={OURS[role]}"})

    with database_in(postgresql_address, "webhooks_test_roles") as url:
        *before, after = statements()
        try:
            execute(url, *before)
            owner = sa.create_engine(address(OWNER), poolclass=sa.NullPool)
            migrations.upgrade(owner)
            execute(url, after)
            yield address
        finally:
            for role in OURS.values():
                execute(url, f"DROP OWNED BY {role} CASCADE", f"DROP ROLE {role}")


def test_the_role_that_runs_can_do_all_that_deliveries_need(
    as_role, tmp_path, hooks, transport, clock, queue
):
    url = as_role(RUNS).render_as_string(hide_password=False)
    parts = {"clock": clock, "transport": transport, "hooks": hooks, "queue": queue}
    with build_engine(url, folder=tmp_path, **parts) as engine:
        factories.make_listener(engine)
        factories.make_event(engine)
        dispatch(engine)
        sweep(engine)
        prune(engine)

        with engine.sessions() as session:
            assert session.scalar(sa.select(sa.func.count()).select_from(Delivery)) == 1


@pytest.mark.parametrize(
    "command",
    [
        "CREATE TABLE another (id int)",
        "ALTER TABLE webhooks_events ADD COLUMN another int",
        "DROP TABLE webhooks_events",
        "TRUNCATE webhooks_events",
        "UPDATE webhooks_audit SET actor = 'somebody else'",
        "DELETE FROM webhooks_audit",
        "CREATE ROLE another",
    ],
)
def test_it_can_do_nothing_to_the_tables_and_to_what_was_written_in_the_audit_log(as_role, command):
    with pytest.raises(sa.exc.ProgrammingError, match=r"permission denied|must be owner"):
        execute(as_role(RUNS), command)
