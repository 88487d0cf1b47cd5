"""Does the audit log say who did what, to admins?"""

import csv
import io
import re

import pytest

from tests.web.conftest import page
from webhooks_app.engine.audit import Actor, note
from webhooks_app.storage.people import AuditEntry
from webhooks_app.web.audit import ROWS_A_READING, act_done, changes_of

ANN = Actor("ann@example.com", "127.0.0.1")
ID = "01a2051ac402700bacefbcacb43256da"


@pytest.fixture
def noted(engine):
    def write(act="change", actor=ANN, object_type="listener", object_id=ID, **states):
        with engine.sessions.begin() as session:
            note(session, actor, act, object_type, object_id, at=engine.clock(), **states)

    return write


def test_the_log_is_for_admins(viewer, operator, admin):
    assert [one.get("/audit").status_code for one in (viewer, operator, admin)] == [403, 403, 200]


def test_an_entry_says_who_what_and_the_difference(admin, noted):
    noted(before={"name": "Shop", "url": "same"}, after={"name": "<b>CRM</b>", "url": "same"})

    text = page(admin, "/audit")

    assert "ann@example.com" in text and "127.0.0.1" in text and f'href="/listeners/lsn_{ID}"' in text
    assert "<del>&#34;Shop&#34;</del>" in text and "<ins>&#34;&lt;b&gt;CRM&lt;/b&gt;&#34;</ins>" in text
    assert "same" not in text


@pytest.mark.parametrize(
    "object_type, object_id, link",
    [
        ("delivery", ID, f"/deliveries/dlv_{ID}"),
        ("event", f"evt_{ID}", f"/events/evt_{ID}"),
        ("user", ID, "/settings/users"),
        ("token", ID, "/settings/tokens"),
        ("echo", "box", None),  # something without a page
        ("listener", "not an id", None),
    ],
)
def test_an_object_is_linked_where_it_has_a_page(admin, noted, object_type, object_id, link):
    noted(object_type=object_type, object_id=object_id)

    assert (f'<th scope="row" class="main"><a href="{link}"' in page(admin, "/audit")) == (link is not None)


def test_a_listener_is_named_even_where_its_name_did_not_change(admin, noted, make_listener, clock):
    listener = make_listener(name="Old ERP", deleted_at=clock())
    noted("disable", object_id=listener.id, after={"state": "disabled"})

    assert f'<a href="/listeners/lsn_{listener.id}">listener Old ERP</a>' in page(admin, "/audit")


def test_the_log_is_narrowed_by_who_and_what(admin, noted):
    noted("pause")
    noted("resume", actor=Actor("code"))

    by_act, by_actor = page(admin, "/audit?act=pause"), page(admin, "/audit?actor=code")

    assert "1 entry on this page" in by_act and "1 entry on this page" in by_actor
    assert "Nothing matches" in page(admin, "/audit?actor=nobody")


@pytest.mark.parametrize(
    "before, after, was, is_now",
    [
        (None, {"a": 1}, False, True),
        ({"a": 1}, None, True, False),
        ({"a": ""}, {"a": "x"}, False, True),  # nothing was said before
        ({"a": 0}, {"a": False}, True, True),
    ],
)
def test_a_side_that_held_nothing_is_not_drawn(before, after, was, is_now):
    entry = AuditEntry(before=before, after=after)

    assert [(one.was, one.is_now) for one in changes_of(entry)] in ([(was, is_now)], [])


def test_what_held_nothing_is_left_out(admin, noted):
    noted(
        "create", after={"url": "http://a.example.com", "headers": {}, "config": {}, "filter": [], "rate": 0}
    )

    text = page(admin, "/audit")

    assert "<dt>url</dt>" in text and "<dt>rate</dt>" in text
    assert "header" not in re.search("<tbody>.*</tbody>", text)[0] and "<dt>config</dt>" not in text


def test_a_long_entry_is_folded_after_three_lines(admin, noted):
    noted("create", after={f"field_{number}": number for number in range(1, 6)})

    shown, rest = re.search("<tbody>.*</tbody>", page(admin, "/audit"))[0].split("<summary>2 more</summary>")

    assert shown.count("<dt>") == 3 and rest.count("<dt>") == 2


@pytest.mark.parametrize("field, told", [
    ("secret", "secret fingerprint"),
    ("headers", "header fingerprints"),
    ("trusted_ca", "authority fingerprints"),
])  # fmt: skip
def test_a_fingerprint_is_called_one(admin, noted, field, told):
    noted("change", before={field: "e47aa"}, after={field: "09bcd"})

    assert f"<dt>{told}</dt>" in page(admin, "/audit")


@pytest.mark.parametrize("act, words", [
    ("create", "Created"), ("disable", "Disabled"), ("rotate-secret", "Secret rotated"), ("sign-in", "Signed in"),
    ("void-password", "Password voided"), ("some-thing", "Some thing"),
])  # fmt: skip
def test_an_act_is_told_as_done(act, words):
    assert act_done(act) == words


def exported(browser, query=""):
    with browser.get(f"/audit/export{query}") as answer:
        assert (answer.status_code, answer.mimetype) == (200, "text/csv")
        return list(csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"), newline="")))


def test_the_log_can_be_taken_along_as_a_file(admin, noted, engine):
    noted("change", before={"name": "é"}, after={"name": "CRM"})

    (row,) = exported(admin)

    assert row == {
        "at": engine.clock().isoformat(timespec="seconds").replace("+00:00", "Z"), "actor": "ann@example.com",
        "act": "change", "object_type": "listener", "object_id": f"lsn_{ID}", "before": '{"name": "é"}',
        "after": '{"name": "CRM"}', "ip": "127.0.0.1", "request_id": "",
    }  # fmt: skip


def test_the_file_holds_what_the_filter_finds_and_all_of_it(admin, engine):
    with engine.sessions.begin() as session:
        for act in ("pause", "resume") * (ROWS_A_READING + 1):
            note(session, ANN, act, "listener", ID, at=engine.clock())

    assert [row["act"] for row in exported(admin, "?act=pause&actor=")] == ["pause"] * (ROWS_A_READING + 1)
    assert len(exported(admin)) == 2 * (ROWS_A_READING + 1)
    assert 'href="/audit/export?act=pause" download' in page(admin, "/audit?act=pause")


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", " ＝1"])
def test_no_cell_of_the_file_is_a_formula(admin, noted, name):
    noted(actor=Actor(name), object_type="echo box", object_id=name)

    (row,) = exported(admin)

    assert (row["actor"], row["object_id"]) == (f"'{name}", f"'{name}")


def test_the_file_is_for_admins_too(viewer, operator):
    assert [one.get("/audit/export").status_code for one in (viewer, operator)] == [403, 403]
