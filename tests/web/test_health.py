"""What do load balancers and scrapers hear?"""

import pytest
import sqlalchemy as sa

from webhooks_app.storage import migrations


@pytest.fixture
def migrated(app):
    """The database says that it is of this version."""
    with app.extensions["webhooks"].sa_engine.begin() as connection:
        connection.execute(sa.text(f"CREATE TABLE {migrations.VERSION_TABLE} (version_num VARCHAR(32))"))
        connection.execute(sa.text(f"INSERT INTO {migrations.VERSION_TABLE} VALUES ('{migrations.head()}')"))


def test_a_process_that_answers_says_one_word(client):
    assert client.get("/healthz").text == "ok"


def test_it_does_so_without_its_database(app, client):
    with app.extensions["webhooks"].sa_engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE webhooks_users"))

    assert client.get("/healthz").status_code == 200


def test_a_server_that_can_work_is_ready_and_says_no_more(client, migrated):
    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json == {"ready": True, "reasons": []}


def test_a_queue_that_is_away_is_a_reason(client, migrated, queue):
    queue.is_down = True

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json["reasons"] == ["Redis does not answer."]


def test_tables_of_another_version_are_a_reason(client):
    [reason] = client.get("/readyz").json["reasons"]

    assert "Run `flask --app wsgi webhooks migrate`" in reason


def test_a_scraper_is_not_sent_to_sign_in(client):
    for host in ("localhost", "10.0.0.7"):
        answer = client.get("/metrics", base_url=f"http://{host}")
        assert (answer.status_code, answer.mimetype) == (404, "text/plain")
