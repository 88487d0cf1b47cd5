"""Does the shell show each reader what is theirs, and keep the Content Security Policy?"""

import re

import pytest
from flask import flash, render_template

from tests.web.bare_shell import ENDPOINTS, ROOT, bare_app, page

TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
ERRORS = [400, 403, 404, 405, 413, 422, 429, 500, 503]


def test_only_places_that_exist_are_linked():
    before = page(app=bare_app(endpoints=ENDPOINTS))
    after = page(app=bare_app(endpoints=(*ENDPOINTS, "replays.index")))

    assert 'href="/hooks.index"' in before and "Replays" not in before and "Replays" in after


def test_the_demo_is_linked_only_while_its_hooks_are_loaded():
    assert 'href="/demo.index"' in page()
    assert 'href="/demo.index"' not in page(demo_loaded=False)


def test_the_current_place_is_marked_once_in_each_navigation():
    assert len(re.findall(r'href="/hooks.index"[^>]*aria-current="page"', page())) == 2
    assert page().count('aria-current="page"') == 2


def test_signing_out_is_a_form_with_a_token():
    form = re.search(r'<form method="post" action="/out">.*?</form>', page(), re.DOTALL)

    assert form and 'name="csrf_token"' in form[0]


@pytest.mark.parametrize("user", [None, type("Nobody", (), {"is_authenticated": False})()])
def test_a_stranger_sees_no_navigation(user):
    shown = page(current_user=user)

    assert "<nav" not in shown and "user-menu" not in shown and "Webhooks" in shown


@pytest.mark.parametrize(
    "theme, opening",
    [
        ("light", '<html lang="en" data-bs-theme="light">'),
        ("dark", '<html lang="en" data-bs-theme="dark">'),
        ("auto", '<html lang="en">'),
        ('"><script>', '<html lang="en">'),  # a cookie may hold anything
    ],
)
def test_the_chosen_theme_is_drawn_from_the_start(theme, opening):
    assert opening in page(theme=theme)


def test_a_message_of_failure_is_an_alert_and_any_other_a_status():
    def both():
        flash("Paused <b>Shop</b>.", "success")
        flash("Could not pause.", "danger")

    shown = page(before=both)

    assert re.search(r'notice--ok" role="status".*?Paused &lt;b&gt;Shop', shown, re.DOTALL)
    assert re.search(r'notice--bad" role="alert".*?Could not pause', shown, re.DOTALL)


def test_banners_and_the_environment_are_shown():
    shown = page(banners=[("warn", "No worker is running.")], environment_label="staging")

    assert "No worker is running." in shown and ">staging<" in shown
    assert "environment" not in page(environment_label="")


def test_the_icon_of_the_tab_turns_red_with_an_alarm():
    assert "favicon.svg" in page() and "favicon-bad.svg" in page(alarm=True)


def test_live_requests_carry_the_token():
    assert re.search(r"<body hx-headers:inherited='\{\"X-CSRFToken\": \"[^\"]+\"\}'>", page())


@pytest.mark.parametrize("code", ERRORS)
def test_an_error_says_what_to_do_and_its_id(code):
    with bare_app().test_request_context("/"):
        shown = render_template(f"errors/{code}.html", request_id="req_1")

    assert f">{code}<" in shown and "req_1" in shown and "<h1>" in shown


def test_an_error_is_drawn_without_any_of_the_doors_values():
    with bare_app(endpoints=()).test_request_context("/"):
        assert "<h1>" in render_template("errors/500.html")


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: "/".join(path.parts[-2:]))
def test_no_template_holds_what_the_policy_forbids(template):
    text = template.read_text()

    assert not re.search(r"\sstyle=", text, re.I), "style attributes are blocked"
    assert not re.search(r"\son[a-z]+=|hx-on|hx-vals=.js:", text, re.I), "inline handlers are blocked"
    assert not re.search(r"<script(?![^>]*(src=|application/json))|<style", text, re.I), (
        "so is what stands inline"
    )
    assert not re.search(r"(javascript|vbscript):", text, re.I), "and what an address would run"
    assert not re.search(r'(src|href)="https?://', text), "nothing comes from another host"


@pytest.mark.parametrize("script", sorted(ROOT.glob("static/js/*.js")), ids=lambda path: path.name)
def test_no_script_of_ours_makes_markup_or_code_of_text(script):
    text = script.read_text()

    assert not re.search(r"(inner|outer)HTML\s*\+?=|insertAdjacentHTML|document\.write", text)
    assert not re.search(r"\beval\(|new Function|setTimeout\(\s*['\"`]", text)
