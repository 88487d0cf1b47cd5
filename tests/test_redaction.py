"""Are the logs of others kept clean too: a host application's, and those whose formatter is not ours?

What is a secret is tried in test_logs.py.
"""

from __future__ import annotations

import io
import logging
import sys

import pytest

from tests.build import settings_for
from tests.test_logs import LINK, SECRET
from webhooks_app.logs import PACKAGE, clean_for_others
from webhooks_app.redaction import CleanFormatter, CleaningHandler, Redaction

FORGED = f"sent {SECRET}\nINFO forged \x1b[2J"
CLEAN = "sent whsec_***\\u000aINFO forged \\u001b[2J"


@pytest.fixture
def hosts_log():
    """What the log of an application around us shows: its own format at the root, and nothing of ours."""
    root, shown = logging.getLogger(), io.StringIO()
    before, level = list(root.handlers), root.level
    handler = logging.StreamHandler(shown)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    root.handlers[:], root.level = [handler], logging.INFO
    yield shown
    root.handlers[:], root.level = before, level


@pytest.fixture
def guest(tmp_path):
    """The package's records are cleaned, as `Webhooks` has it."""
    ours = logging.getLogger(PACKAGE)
    before = list(ours.handlers)
    settings = settings_for(tmp_path, REDIS_URL="redis://:hunter22@redis/0")
    clean_for_others(settings)
    yield settings
    ours.handlers[:] = before


def test_our_records_come_to_the_hosts_log_clean(hosts_log, guest):
    logging.getLogger("webhooks_app.some.module").warning("%s with %s", FORGED, "hunter22")

    assert hosts_log.getvalue() == f"WARNING {CLEAN} with ***\n"


def test_their_tracebacks_do_too(hosts_log, guest):
    try:
        raise ValueError(f"bad secret {SECRET} \x1b[2J")
    except ValueError:
        logging.getLogger("webhooks_app.web").exception("Oh.")

    assert "ValueError: bad secret whsec_*** \\u001b[2J" in hosts_log.getvalue()
    assert SECRET not in hosts_log.getvalue()
    assert hosts_log.getvalue().count("\n") > 2  # lines of its own


def test_what_the_host_itself_logs_is_its_own(hosts_log, guest):
    logging.getLogger("shop").warning("%s", SECRET)

    assert SECRET in hosts_log.getvalue()


def test_setting_it_up_twice_cleans_once(guest):
    clean_for_others(guest)

    assert len([one for one in logging.getLogger(PACKAGE).handlers if isinstance(one, CleaningHandler)]) == 1


def test_without_any_log_warnings_are_still_told(hosts_log, guest, capsys, monkeypatch):
    monkeypatch.setattr(logging.getLogger(), "handlers", [])

    logging.getLogger("webhooks_app.web").info("not this")
    logging.getLogger("webhooks_app.web").warning("%s", SECRET)

    assert capsys.readouterr().err == "whsec_***\n"


def test_any_formatter_can_be_kept_clean_and_leaves_the_record_alone():
    form = CleanFormatter(
        logging.Formatter("[%(levelname)s] %(message)s"), Redaction(["the key of this process"])
    )
    try:
        raise ValueError(SECRET)
    except ValueError:
        info = sys.exc_info()
    record = logging.LogRecord(
        "x", logging.INFO, "x.py", 1, "GET /login/%s by the key of this process", (LINK,), info
    )

    first, *rest = form.format(record).splitlines()

    assert first == "[INFO] GET /login/*** by ***"
    assert rest[-1] == "ValueError: whsec_***"
    assert record.args == (LINK,)
