"""Can listeners be told apart in a menu?"""

from tests.web.conftest import page
from webhooks_app.storage.queries.listeners import Named
from webhooks_app.web.listener_labels import labels


def test_a_name_of_its_own_is_enough():
    assert labels([Named("1", "Shop", "person", "https://a.example/x")]) == {"1": "Shop"}


def test_the_same_name_comes_with_hook_and_path():
    found = labels(
        [
            Named("1", "127.0.0.1", "person", "http://127.0.0.1:9/one"),
            Named("2", "127.0.0.1", "order", "http://127.0.0.1:9"),
        ]
    )

    assert found == {"1": "127.0.0.1 (person, /one)", "2": "127.0.0.1 (order, /)"}


def test_what_is_the_same_all_the_same_is_told_apart_by_the_id():
    rows = [Named(f"{number:032}", "Shop", "person", "https://a.example/x") for number in (1, 2)]

    assert list(labels(rows).values()) == ["Shop (person, /x) 000001", "Shop (person, /x) 000002"]


def test_a_url_that_cannot_be_read_and_a_long_path_are_no_harm():
    rows = [Named(url[-3:], "Shop", "person", url) for url in ("http://[", "https://a.example/" + "x" * 99)]

    assert list(labels(rows).values()) == ["Shop (person, http://[)", f"Shop (person, /{'x' * 39}…)"]


def test_the_logs_filter_offers_them_so(viewer, make_listener):
    for path in ("one", "two"):
        make_listener(name="127.0.0.1", url=f"http://127.0.0.1:9/{path}")

    text = page(viewer, "/deliveries")

    assert "127.0.0.1 (person, /one)</option>" in text and "127.0.0.1 (person, /two)</option>" in text
