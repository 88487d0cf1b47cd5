"""Which headers may a listener add?"""

from __future__ import annotations

import pytest

from webhooks_app.engine.headers import RESERVED, RESERVED_PREFIXES, checked_headers
from webhooks_app.errors import Refused


def codes(headers: dict[str, str]) -> list[str]:
    try:
        checked_headers(headers)
    except Refused as refused:
        assert {error.field for error in refused.errors} == {"headers"}
        return [error.code for error in refused.errors]
    return []


def test_headers_keep_their_order_and_lose_their_capitals() -> None:
    given = {"X-Team": "red", "Authorization": "Bearer a b", "x-tab": "a\tb", "x-empty": ""}

    assert checked_headers(given) == (
        ("x-team", "red"),
        ("authorization", "Bearer a b"),
        ("x-tab", "a\tb"),
        ("x-empty", ""),
    )


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("x-a", "a\r\nx-b: c", "header_value"),
        ("x-a", "a\nb", "header_value"),
        ("x-a", "a\rb", "header_value"),
        ("x-a", "a\x00b", "header_value"),
        ("x-a", "caf\xe9", "header_value"),
        ("x-a", "\u65e5", "header_value"),
        ("x-a", "a\x7f", "header_value"),
        ("x-a", " a", "header_value"),
        ("x-a", "a\t", "header_value"),
        ("x-a", "a" * 4097, "header_length"),
        ("X A", "a", "header_name"),
        ("x:a", "a", "header_name"),
        ("", "a", "header_name"),
        ("x-\xe9", "a", "header_name"),
        ("x-a\n", "a", "header_name"),
    ],
)
def test_a_header_that_could_start_another_is_refused(name: str, value: str, code: str) -> None:
    assert codes({name: value}) == [code]


# Written out, so that none of them can be forgotten in the code unnoticed. Row 31 of the security plan.
OURS = (
    "host", "content-length", "content-type", "content-type-x", "transfer-encoding", "connection", "te", "trailer",
    "upgrade", "expect", "keep-alive", "proxy-authorization", "proxy-connection", "accept-encoding", "user-agent",
    "cookie", "webhook-id", "webhook-signature", "x-amz-security-token", "x-goog-user-project", "x-azure-ref",
    "forwarded", "x-forwarded-for", "x-forwarded-host",
)  # fmt: skip


@pytest.mark.parametrize("name", sorted({*OURS, *RESERVED, *(prefix + "x" for prefix in RESERVED_PREFIXES)}))
def test_a_header_of_ours_cannot_be_replaced(name: str) -> None:
    for written in (name, name.upper(), name.title()):
        assert codes({written: "a"}) == ["header_reserved"]


def test_their_number_and_size_are_bounded() -> None:
    assert codes({f"x-{n}": "a" for n in range(32)}) == []
    assert codes({f"x-{n}": "a" for n in range(33)}) == ["header_count"]
    assert codes({f"x-{n}": "a" * 4000 for n in range(4)}) == []
    assert codes({f"x-{n}": "a" * 4000 for n in range(5)}) == ["header_size"]


def test_every_fault_is_told_at_once() -> None:
    assert codes({"host": "a", "x-a": "\u65e5", "x-b": "1", "X-B": "2"}) == [
        "header_reserved",
        "header_value",
        "header_twice",
    ]
