"""Does the console live inside another application, and leave what is the host's to the host?"""

from __future__ import annotations

import logging
import re
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from tests import shop, shop_commands
from tests.stack import Stack
from webhooks_app import Webhooks, hooks
from webhooks_app.engine import listeners
from webhooks_app.engine.audit import COMMAND_LINE
from webhooks_app.engine.deliver import deliver_batch
from webhooks_app.engine.dispatch import dispatch
from webhooks_app.engine.listeners import Wanted
from webhooks_app.engine.patience import ENDLESS
from webhooks_app.storage import migrations
from webhooks_app.storage.models import Delivery, Event, Status

ORDER = {"customer": "Joe", "total": "12.5"}


@pytest.fixture
def registry():
    """The hooks' binding and the package's logger as they were, and no hook of the shop's, whatever a test left."""
    port, ours = hooks._port, logging.getLogger("webhooks_app")
    handlers = list(ours.handlers)
    yield
    ours.handlers[:] = handlers
    if "shop.order" in hooks:
        hooks.unregister("shop.order")
    hooks._port = port


@pytest.fixture
def embedded(tmp_path, registry):
    """The shop with its tables and ours."""
    app = shop.create_app(str(tmp_path))
    found = app.extensions["webhooks"]
    migrations.upgrade(found.sa_engine)
    yield app
    found.sa_engine.dispose()
    with app.app_context():
        shop.db.engine.dispose()


@pytest.fixture
def engine(embedded):
    return embedded.extensions["webhooks"].engine


@pytest.fixture
def staff(embedded):
    browser = embedded.test_client()
    browser.set_cookie("staff", "yes")
    return browser


@pytest.fixture
def receiver():
    """A server on loopback; gives its URL and the bodies that it received."""
    bodies = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self):
            bodies.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/orders", bodies
        server.shutdown()
        thread.join()


@pytest.fixture
def redis(tmp_path):
    """The URL of a Redis of its own."""
    stack = Stack(tmp_path / "stack")
    stack.start_redis()
    yield stack.redis.url
    stack.stop()


def events(engine):
    with engine.sessions() as session:
        return session.scalars(sa.select(Event)).all()


def status(browser, url):
    with browser.get(url) as answer:  # closed: a static file is streamed
        return answer.status_code


def test_an_order_of_the_hosts_page_is_delivered(embedded, engine, receiver):
    url, bodies = receiver
    listeners.create(engine, "shop.order", Wanted(url=url), by=COMMAND_LINE)

    assert embedded.test_client().post("/orders", data=ORDER).text == "Thank you."

    (event,) = events(engine)
    dispatch(engine)
    with engine.sessions() as session:
        waiting = session.scalars(sa.select(Delivery.id)).all()
    deliver_batch(engine, waiting, patience=ENDLESS)
    assert bodies == [b'{"customer":"Joe","total":12.5,"created":true}']
    assert bodies == [event.body.encode()]
    with engine.sessions() as session:
        assert session.scalars(sa.select(Delivery.status)).all() == [Status.DELIVERED]


def test_an_order_that_is_not_committed_is_no_event_and_is_told(embedded, engine, caplog):
    with caplog.at_level(logging.WARNING, "webhooks_app"):
        embedded.test_client().post("/orders", data={**ORDER, "forget": "yes"})

    assert events(engine) == []
    (warning,) = [record.getMessage() for record in caplog.records if "shop.order" in record.getMessage()]
    assert re.fullmatch(
        r"The event evt_\w+ of the hook shop.order was dropped with its transaction; "
        r"was db.session.commit\(\) forgotten\?",
        warning,
    )


def test_the_host_keeps_its_own_pages(embedded, staff):
    assert staff.get("/").text == "Welcome to the shop."
    assert staff.get("/login").status_code == 404
    assert staff.get("/webhooksome").status_code == 404


def test_the_address_of_a_call_names_the_place_of_the_console(staff):
    log, hook = staff.get("/webhooks/deliveries").text, staff.get("/webhooks/hooks/shop.order").text

    assert "/webhooks/api/v1/deliveries" in log
    assert "/webhooks/api/v1/hooks/shop.order/events" in hook


def test_the_pages_stand_below_the_prefix_with_all_their_links(staff):
    page = staff.get("/webhooks/hooks")

    assert page.status_code == 200
    assert "shop.order" in page.text
    links = re.findall(r"(?:href|src|action)=\"(/[^\"]*)\"", page.text)
    assert links
    assert [link for link in links if not link.startswith("/webhooks/")] == []
    static = [link for link in links if "/static/" in link]
    assert static
    assert {link: status(staff, link) for link in static} == dict.fromkeys(static, 200)


def test_the_host_says_who_may_use_it(embedded, staff):
    stranger = embedded.test_client()
    stranger.set_cookie("staff", "no")

    assert staff.get("/webhooks/listeners").status_code == 200
    assert stranger.get("/webhooks/listeners").status_code in (302, 303, 401, 403)
    assert stranger.get("/webhooks/healthz").status_code == 200


def test_the_host_keeps_its_tables_and_we_keep_ours(embedded, engine):
    with embedded.app_context():
        tables = set(sa.inspect(shop.db.engine).get_table_names())

    assert {name for name in tables if not name.startswith("webhooks_")} == {"order"}
    assert migrations.VERSION_TABLE in tables
    assert set(shop.db.metadata.tables) == {"order"}
    migrations.downgrade(embedded.extensions["webhooks"].sa_engine, "base")
    with embedded.app_context():
        left = set(sa.inspect(shop.db.engine).get_table_names())
    assert left - {migrations.VERSION_TABLE} == {"order"}


def test_a_secret_comes_to_no_log_of_the_host(embedded, engine, caplog):
    """Row 42 of the security plan, for what we log ourselves."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    logging.getLogger("webhooks_app.any").warning("made %s with %s", secret, embedded.secret_key)

    assert [record.getMessage() for record in caplog.records] == ["made whsec_*** with ***"]


def test_a_handler_of_the_host_can_be_kept_clean(tmp_path, registry):
    app = Flask("host", instance_path=str(tmp_path))
    app.config.update(SECRET_KEY="a host's own key", SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path}/host.db")
    db, handler = SQLAlchemy(app), logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    webhooks = Webhooks(app, db=db)

    webhooks.redact(handler)

    record = logging.LogRecord(
        "host", logging.INFO, "x.py", 1, "by %s at /login/%s", ("a host's own key", "x" * 30), None
    )
    assert handler.format(record) == "INFO by *** at /login/***"
    webhooks.console.extensions["webhooks"].sa_engine.dispose()
    with app.app_context():
        db.engine.dispose()


def test_the_demo_is_not_loaded(embedded):
    assert embedded.extensions["webhooks"].settings.hooks == ()


def test_the_hosts_worker_delivers_what_its_page_made(tmp_path, embedded, engine, receiver, redis):
    url, bodies = receiver
    listeners.create(engine, "shop.order", Wanted(url=url), by=COMMAND_LINE)
    embedded.test_client().post("/orders", data=ORDER)

    worked = shop_commands.run(tmp_path, "webhooks", "worker", "--burst", REDIS_URL=redis)

    assert (worked.returncode, bodies) == (0, [b'{"customer":"Joe","total":12.5,"created":true}']), (
        worked.stderr
    )
