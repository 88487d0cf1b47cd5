"""Do the macros say what their values mean, to every reader?"""

import re

import pytest
from wtforms import BooleanField, Form, IntegerField, SelectField, StringField
from wtforms.validators import InputRequired

from tests.web.bare_shell import NOW, macro


class ListenerForm(Form):
    url = StringField("Listener URL", [InputRequired()])
    name = StringField("Name")
    timeout = IntegerField("Timeout")
    format = SelectField("Body format", choices=["payload", "standard"])
    test = BooleanField("Send a test")


class FilterForm(Form):
    total_cond = SelectField("total", choices=["any", "is"])
    total_query = StringField("total")
    total_type = SelectField("total", choices=["text", "number"])


def row(form, **more):
    return {
        "name": "total",
        "type": "number",
        "example": "12.50",
        "cond": form.total_cond,
        "query": form.total_query,
        "type_field": None,
        "suggestions": ["12"],
        "passes": 62,
        **more,
    }


@pytest.mark.parametrize(
    "status",
    [
        "pending",
        "sending",
        "retrying",
        "delivered",
        "failed",
        "held",
        "cancelled",
    ],
)
def test_a_status_is_a_word_an_icon_and_a_colour(status):
    badge = macro("{{ ui.status_badge(s) }}", s=status)

    assert f"badge--{status}" in badge and f"{status.capitalize()}</span>" in badge and "<use" in badge


@pytest.mark.parametrize("state", ["active", "paused", "failing", "disabled"])
def test_each_state_of_a_listener_has_its_own_icon(state):
    others = {"active", "paused", "failing", "disabled"} - {state}

    def icon_of(name):
        return re.search(r"#([a-z-]+)", macro("{{ ui.state_badge(s) }}", s=name))[1]

    assert icon_of(state) not in {icon_of(other) for other in others}


def test_an_icon_is_silent_unless_it_has_a_label():
    assert 'aria-hidden="true"' in macro('{{ ui.icon("x") }}')
    assert 'role="img" aria-label="Close"' in macro('{{ ui.icon("x", "Close") }}')


def test_a_moment_is_readable_by_machines_and_whole_in_its_title():
    assert macro("{{ ui.moment(at) }}", at=NOW, cookies="tz=Asia/Kolkata") == (
        '<time datetime="2026-11-22T07:31:04Z" title="22 Nov 2026, 13:01:04 Asia/Kolkata (UTC+05:30)" '
        "data-relative>just now</time>"
    )


def test_a_moment_that_has_not_come_is_a_dash():
    assert macro("{{ ui.moment(none) }}") == '<span class="muted">–</span>'


def test_a_body_is_shown_as_text_and_never_as_a_page():
    body = "<script>alert(1)</script>"

    shown = macro('{{ ui.code_block(t, "Body") }}{{ ui.json_block(t, "JSON") }}', t=body)

    assert "<script" not in shown
    assert 'role="region" aria-label="Body"' in shown


def test_a_long_body_says_how_much_is_missing():
    shown = macro('{{ ui.code_block(t, "Body", "/whole") }}', t="x" * 100_000)

    assert "The first 64 KB of 97.7 KB are shown." in shown and 'href="/whole"' in shown


def test_a_text_to_copy_is_quoted():
    assert 'data-copy="&#34;&gt;&lt;b&gt;"' in macro("{{ ui.copy_button(t) }}", t='"><b>')


def test_pages_link_only_where_there_are_more():
    shown = macro('{{ ui.pagination(none, "?c=2", "25 of 37") }}')

    assert "Older" in shown and "Newer" not in shown and "25 of 37" in shown


def test_a_field_is_tied_to_its_help_and_its_error():
    form = ListenerForm()
    form.url.errors = ["This address is private."]

    shown = macro('{{ forms.field(f.url, help="By POST.", inputmode="url") }}', source="forms", f=form)

    assert 'aria-describedby="url-help url-error"' in shown and 'aria-invalid="true"' in shown
    assert 'id="url-error"' in shown and 'id="url-help"' in shown and 'inputmode="url"' in shown
    assert '<label class="form-label" for="url">Listener URL</label>' in shown


@pytest.mark.parametrize(
    "name, is_marked",
    [
        ("url", False),
        ("name", True),
        ("format", False),  # a choice always has a value
        ("test", False),
    ],
)
def test_what_may_stay_empty_is_marked_optional(name, is_marked):
    assert ("optional" in macro("{{ forms.field(f) }}", source="forms", f=ListenerForm()[name])) is is_marked


def test_the_summary_links_every_wrong_field_of_every_form():
    form, chosen = ListenerForm(), FilterForm(prefix="match-")
    form.url.errors, chosen.total_query.errors = ["Required."], ["No number."]

    shown = macro("{{ forms.error_summary(a, b) }}", source="forms", a=form, b=chosen)

    assert "2 fields need another look." in shown and 'role="alert"' in shown
    assert 'href="#url"' in shown and 'href="#match-total_query"' in shown


def test_a_form_without_errors_has_no_summary():
    assert macro("{{ forms.error_summary(a) }}", source="forms", a=ListenerForm()) == ""


def test_a_filter_row_names_its_fields_for_every_reader():
    form = FilterForm(prefix="match-")
    rows = [row(form, type_field=form.total_type)]

    shown = macro("{{ forms.filter_rows(rows) }}", source="forms", rows=rows)

    assert 'name="match-total_cond"' in shown and 'name="match-total_type"' in shown
    assert 'aria-label="Value of total"' in shown and "number, e.g. 12.50" in shown and "62 pass" in shown
    assert '<option value="12">' in shown and 'list="match-total_query-list"' in shown


@pytest.mark.parametrize("field", ["total_cond", "total_query", "total_type"])
def test_a_refused_filter_row_says_why(field):
    form = FilterForm(prefix="match-")
    form[field].errors = ["This is wrong."]

    rows = [row(form, type_field=form.total_type)]
    shown = macro("{{ forms.filter_rows(rows) }}", source="forms", rows=rows)

    assert "This is wrong." in shown
    assert 'aria-describedby="match-total_query-error"' in shown and 'id="match-total_query-error"' in shown


def test_what_changes_something_is_a_form_with_a_token():
    shown = macro('{{ forms.post_button("/pause", "Pause", fields={"n": 1}) }}', source="forms")

    assert 'method="post" action="/pause"' in shown
    assert 'name="csrf_token"' in shown and 'name="n" value="1"' in shown


def test_a_loss_is_said_and_cancel_comes_first():
    call = '{{ forms.confirm("/x", "Delete?", ["3 retries are cancelled."], "Delete", "/back") }}'

    shown = macro(call, source="forms")

    assert shown.index("Cancel") < shown.index(">Delete<") and "autofocus" in shown
    assert "3 retries are cancelled." in shown


def test_a_chart_carries_a_sentence_and_a_table():
    series = [{"name": "Failed", "tone": "bad", "values": [1204, None]}]

    shown = macro(
        '{{ charts.bars("Deliveries", ["07:00", "08:00"], series, "1,204 failed.") }}',
        source="charts",
        series=series,
    )

    assert 'aria-label="Deliveries. 1,204 failed."' in shown
    assert '<th scope="row">07:00</th><td class="num">1,204</td>' in shown
    assert '<th scope="row">08:00</th><td class="num">–</td>' in shown


def test_a_timeline_tells_each_attempt_and_the_next():
    attempts = [{"number": 1, "started_at": NOW, "duration_ms": 363, "succeeded": False, "word": "500"}]

    shown = macro("{{ charts.timeline(a, next_at) }}", source="charts", a=attempts, next_at=NOW)

    assert "Attempt 1: 500, 363 ms. The next is planned for 22 Nov 2026, 07:31:04 UTC." in shown
    assert "is-bad" in shown and "is-future" in shown
    assert macro("{{ charts.timeline([]) }}", source="charts") == ""


def test_a_timeline_cuts_no_word():
    attempts = [
        {"number": 1, "started_at": NOW, "duration_ms": 1, "succeeded": False, "word": "Secret unavailable"}
    ]

    assert ">Secret unavailable</text>" in macro("{{ charts.timeline(a) }}", source="charts", a=attempts)


def test_a_long_name_is_cut_and_can_be_read_whole():
    assert macro("{{ ui.name(n) }}", n="Shop") == "Shop"
    assert macro("{{ ui.name(n) }}", n="N" * 41) == f'<span class="name" title="{"N" * 41}">{"N" * 41}</span>'
