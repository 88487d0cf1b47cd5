"""Where does a URL lead, and what do the request's first two lines say of it?"""

from __future__ import annotations

import pytest

from webhooks_app.engine.address_guard import Place, place_of


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("http://example.com/", Place("http", "example.com", 80, "example.com", "/")),
        ("https://example.com", Place("https", "example.com", 443, "example.com", "/")),
        ("https://example.com:443/a", Place("https", "example.com", 443, "example.com", "/a")),
        ("https://example.com:8443/a?b=1", Place("https", "example.com", 8443, "example.com:8443", "/a?b=1")),
        ("http://example.com:443/", Place("http", "example.com", 443, "example.com:443", "/")),
        ("http://[::1]:8080/x", Place("http", "::1", 8080, "[::1]:8080", "/x")),
        ("http://[::1]/", Place("http", "::1", 80, "[::1]", "/")),
        ("http://example.com./", Place("http", "example.com.", 80, "example.com", "/")),
        ("http://joe:pw@example.com/", Place("http", "example.com", 80, "example.com", "/")),
    ],
)
def test_a_url_is_read_once_for_all_that_is_asked_of_it(url: str, place: Place) -> None:
    assert place_of(url) == place


def test_a_port_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="Port"):
        place_of("http://example.com:99999/")
