"""Is the address of a list free of what was not asked?"""

import pytest

LISTS = ("/deliveries", "/events", "/listeners", "/audit")


@pytest.mark.parametrize("url", LISTS)
def test_empty_fields_lead_on_to_an_address_without_them(admin, url):
    narrowed = admin.get(f"{url}?hook=&status=failed&actor=a%26b&last=")
    whole = admin.get(f"{url}?hook=&last=")

    assert (narrowed.status_code, narrowed.location) == (302, f"{url}?status=failed&actor=a%26b")
    assert (whole.status_code, whole.location) == (302, url)


@pytest.mark.parametrize("url", LISTS)
def test_an_address_without_empty_fields_is_answered(admin, url):
    assert admin.get(f"{url}?hook=person").status_code == 200
    assert admin.get(f"{url}?").status_code == 200


def test_the_way_on_stays_below_the_consoles_prefix(admin):
    answer = admin.get("/deliveries?hook=", environ_overrides={"SCRIPT_NAME": "/webhooks"})

    assert answer.location == "/webhooks/deliveries"
