"""Do Flask-Migrate's own commands work on our migrations, also inside another application?"""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy

from webhooks_app.storage import database, migrations
from webhooks_app.storage.models import Base


@pytest.fixture
def app(tmp_path):
    """An application with a table of its own beside ours, in one database."""
    app = Flask("shop")
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{tmp_path}/shop.db"
    db = SQLAlchemy(app)
    sa.Table("orders", db.metadata, sa.Column("id", sa.Integer, primary_key=True))
    Migrate(app, db, directory=str(migrations.folder()))
    with app.app_context():
        database.settle(db.engine)
        db.create_all()
        yield app
        db.engine.dispose()


def flask_db(app, *arguments):
    result = app.test_cli_runner().invoke(args=["db", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def tables(app):
    return set(sa.inspect(app.extensions["migrate"].db.engine).get_table_names())


def test_upgrade_makes_our_tables_beside_the_applications(app):
    flask_db(app, "upgrade")

    assert tables(app) == {"orders", migrations.VERSION_TABLE, *Base.metadata.tables}


def test_check_finds_nothing_to_migrate_and_overlooks_the_applications_table(app):
    flask_db(app, "upgrade")

    flask_db(app, "check")


def test_the_revision_stands_in_a_table_of_our_own(app):
    flask_db(app, "upgrade")

    with app.extensions["migrate"].db.engine.connect() as connection:
        assert migrations.current(connection) == migrations.head()


def test_downgrade_leaves_the_applications_table(app):
    flask_db(app, "upgrade")

    flask_db(app, "downgrade", "base")

    assert tables(app) == {"orders", migrations.VERSION_TABLE}


def test_the_sql_can_be_read_instead_of_run(app):
    written = flask_db(app, "upgrade", "--sql")

    assert "CREATE TABLE webhooks_deliveries" in written
    assert tables(app) == {"orders"}
