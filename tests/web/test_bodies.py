"""Is a body shown as what it is, and never as a page?"""

import pytest

from webhooks_app.web.bodies import download, header, hex_dump, shown_body

TURNED = chr(0x202E)


@pytest.mark.parametrize(
    "body, kind",
    [
        (b'{"ok": true}', "json"),
        (b" [1]", "json"),
        (b"<script>alert(1)</script>", "text"),
        ("Grüße".encode(), "text"),
        (b"\x00\x01", "binary"),  # controls are not text
        (b"\xff\xfe", "binary"),  # not UTF-8
        (b"text\x1b[2J", "binary"),  # an escape would reach whoever copies it into a terminal
        ("cut in ü".encode()[:-1], "text"),  # a letter that was cut off with the body's end
        (b"", "text"),
    ],
)
def test_a_body_is_told_by_its_bytes(body, kind):
    assert shown_body(body).kind == kind


def test_an_encoded_body_is_not_decoded():
    body = shown_body(b"plain", [["Content-Encoding", "gzip"]])

    assert (body.kind, body.note) == ("binary", "gzip, not decoded")


def test_text_that_turns_its_direction_is_written_out():
    assert shown_body(f"a{TURNED}b".encode()).text == "a\\u202eb"


def test_bytes_are_shown_with_their_place_and_letters():
    assert hex_dump(b"abc\x00") == f"000000  {'61 62 63 00':<47}  abc."


def test_a_header_is_found_whatever_its_case():
    assert header([["X-A", "1"], ["Retry-After", "5"]], "retry-after") == "5"
    assert header([], "retry-after") == ""


def test_a_download_is_the_very_bytes_and_runs_nowhere():
    response = download(b"<script>\xff", "a.txt")

    assert response.get_data() == b"<script>\xff"
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert response.headers["Content-Disposition"] == 'attachment; filename="a.txt"'
    assert response.headers["Content-Security-Policy"].startswith("sandbox")
