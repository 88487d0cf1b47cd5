"""Can a person do what the product is for? A listener by the generated form, a change, and the delivery arrives."""

import re

from playwright.sync_api import Page, expect

from tests.e2e.api import Api


def echo_address(page: Page) -> str:
    """Open a box of the built-in receiver; gives its URL."""
    page.goto("/echo")
    page.get_by_role("button", name=re.compile("box|receiver", re.IGNORECASE)).first.click()
    page.wait_for_url(re.compile("/echo/.+"))
    return page.url


def test_a_person_changed_on_the_demo_page_is_seen_delivered(page: Page):
    echo = echo_address(page)

    page.goto("/hooks/person/listeners/new")
    page.fill("[name=url]", echo)
    page.fill("[name=name]", "My first listener")
    page.select_option("[name=match-name_cond]", "startswith")
    page.fill("[name=match-name_query]", "J")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("body")).to_contain_text("whsec_")
    expect(page.locator("body")).to_contain_text('name starts with "J"')

    page.goto("/demo")
    page.get_by_role("link", name=re.compile("Edit")).first.click()
    page.locator("[name$=name]").first.fill("Jane Doe")
    page.get_by_role("button", name="Save").first.click()
    page.get_by_role("link", name=re.compile("event")).first.click()

    expect(page.get_by_text("Jane Doe").first).to_be_visible()
    page.goto("/deliveries")
    row = page.get_by_role("row").filter(has_text="My first listener").first
    expect(row).to_contain_text("Delivered")

    page.goto(echo)
    expect(page.locator("body")).to_contain_text("Jane Doe")
    expect(page.locator("body")).to_contain_text(re.compile("verified", re.IGNORECASE))


def test_a_delivery_turns_delivered_while_the_log_is_open(page: Page, api: Api):
    api.add_listener("order.placed", echo_address(page), "Watched")
    page.goto("/deliveries")

    api.send("order.placed", customer="acme", total=12.5, country="NO", paid=True)

    row = page.get_by_role("row").filter(has_text="Watched").first
    expect(row).to_contain_text("Delivered")  # without a reload


def test_a_refused_url_is_told_beside_its_field_and_nothing_typed_is_lost(page: Page):
    page.goto("/hooks/person/listeners/new")
    page.fill("[name=url]", "http://10.0.0.1/inside")
    page.select_option("[name=match-address_cond]", "like")
    page.fill("[name=match-address_query]", "(York")
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.locator("body")).to_contain_text("10.0.0.1 is not a public address.")
    expect(page.locator("[name=url]")).to_have_value("http://10.0.0.1/inside")
    expect(page.locator("[name=match-address_query]")).to_have_value("(York")
    expect(page.locator("[name=match-address_query]")).to_have_attribute("aria-invalid", "true")
