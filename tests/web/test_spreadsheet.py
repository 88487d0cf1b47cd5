"""Does a file for a spreadsheet hold no formula? Row 69 of the security plan."""

from __future__ import annotations

import csv

import pytest

from webhooks_app.web.spreadsheet import csv_lines, download, safe_cell


@pytest.mark.parametrize(
    "text",
    [
        '=HYPERLINK("http://evil.example")',
        "+1+cmd",
        "-1+cmd",
        "@SUM(A1)",
        "\t=1+1",  # a tab, a return and a new line may be dropped before it is read
        "\r=1+1",
        "\n=1+1",
        "|cmd",
        "  =1+1",
        '"=1+1',
        "'=1+1",  # its own apostrophe would be taken for ours
        "＝1+1",  # fullwidth signs are read as plain ones
        "＋1",
        "－1",
        "＠SUM(A1)",
        "\u00a0=1+1",  # spaces of other kinds
        "\u200b=1+1",
        "\ufeff=1+1",
        "' \"\t=1+1",
    ],
)
def test_what_begins_like_a_formula_is_marked_as_text(text):
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "ann@example.com", "a=b", '{"=1": 2}', "1-2", "lsn_01", "'quoted'"])
def test_any_other_text_stays_as_it_is(text):
    assert safe_cell(text) == text


def test_every_cell_is_quoted_and_every_line_ends_as_it_should():
    written = "".join(csv_lines(("a", "b"), [("x", "=1"), ('say "hi", then\nleave', "")]))

    assert written == '"a","b"\r\n"x","\'=1"\r\n"say ""hi"", then\nleave",""\r\n'


def test_a_long_list_is_written_in_parts():
    parts = list(csv_lines(("n",), ((str(number),) for number in range(1000))))

    assert len(parts) > 4
    assert [row[0] for row in csv.reader("".join(parts).splitlines())] == ["n", *map(str, range(1000))]


def test_it_is_a_file_that_no_browser_shows(app):
    with app.test_request_context():
        answer = download(("a",), [("é \ud800",)], "list.csv")

    assert answer.content_type == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="list.csv"'
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.get_data().startswith(b"\xef\xbb\xbf")  # by which a spreadsheet knows UTF-8
    assert answer.get_data().endswith('"é \\ud800"\r\n'.encode())
