"""What do the pages of hooks show?"""

from datetime import timedelta

import pytest

from tests.web.conftest import page
from webhooks_app.builtin import register_built_in
from webhooks_app.match import Startswith
from webhooks_app.storage.models import HookProblem


def test_the_list_names_every_hook_with_its_arguments(viewer):
    text = page(viewer, "/hooks")

    assert 'href="/hooks/person"' in text
    assert "A person was changed." in text
    assert "name, address" in text


def test_it_counts_the_listeners_by_what_they_do(viewer, make_listener):
    make_listener()
    make_listener(state="paused")
    make_listener(state="failing")

    assert "1 active, 1 paused, 1 failing" in page(viewer, "/hooks")


def test_names_that_nobody_registers_any_more_are_told_apart(viewer, make_event):
    make_event(hook="long.gone")

    assert "<code>long.gone</code>" in page(viewer, "/hooks")


def test_the_built_in_hooks_are_marked_and_do_not_pass_for_the_applications_own(viewer, operator, engine):
    for name in tuple(engine.hooks):
        engine.hooks.unregister(name)
    register_built_in(engine.hooks)

    text = page(viewer, "/hooks")
    assert "No hook is registered" in text
    assert text.count("Built in</span>") == 4

    one = page(operator, "/hooks/listener.failing")
    assert "Built in, sent when a listener takes this step" in one
    assert "Send it in Python" not in one
    assert "New listener" in one


def test_without_hooks_the_page_shows_how_to_write_one(viewer, engine):
    for name in tuple(engine.hooks):
        engine.hooks.unregister(name)

    assert "hooks.register" in page(viewer, "/hooks")


def test_a_hook_without_events_says_so(operator):
    text = page(operator, "/hooks/person")

    assert "It has not happened yet" in text
    assert "Nobody listens yet" in text
    assert "A made-up payload" in text


def test_a_hook_shows_what_its_arguments_held(operator, make_event):
    make_event(payload={"name": "Joe", "address": "York"})
    make_event(payload={"name": "Joe"})

    text = page(operator, "/hooks/person")

    assert "as the last 2 events had them" in text
    assert "50 %" in text
    assert 'Joe <span class="muted">× 2</span>' in text


def test_its_listeners_are_shown_with_what_they_want(viewer, make_listener):
    listener = make_listener(name="Mailer", filter={"name": {"startswith": "J"}})
    make_listener(name="Audit")

    text = page(viewer, "/hooks/person")

    assert f'href="/listeners/lsn_{listener.id}"' in text
    assert str(Startswith("J").sentence("name")).replace('"', "&#34;") in text
    assert "All events" in text


def test_what_kept_it_from_sending_is_shown(viewer, engine, clock):
    with engine.sessions.begin() as session:
        session.add(HookProblem(hook="person", count=3, message="name is not JSON", last_at=clock()))

    text = page(viewer, "/hooks/person")

    assert "This hook could not send 3 times" in text
    assert "name is not JSON" in text


def test_the_snippets_are_those_of_the_last_event(operator, make_event, clock):
    make_event(payload={"name": "Ann", "address": "it's here"}, created_at=clock() - timedelta(hours=1))

    text = page(operator, "/hooks/person")

    assert "name=&#39;Ann&#39;" in text
    assert "/api/v1/hooks/person/events" in text
    assert "&#39;&#34;&#39;&#34;&#39;" in text  # the apostrophe, quoted for a shell


def test_a_viewer_sees_no_payload(viewer, make_event):
    make_event(payload={"name": "Secretive", "address": "York"})

    assert "Secretive" not in page(viewer, "/hooks/person")


@pytest.mark.parametrize(("role", "is_offered"), [("viewer", False), ("operator", True)])
def test_only_an_operator_is_offered_a_new_listener(signed_in, role, is_offered):
    assert ("New listener" in page(signed_in(role), "/hooks/person")) is is_offered


def test_a_hostile_value_stays_text(operator, make_event):
    make_event(payload={"name": "<script>alert(1)</script>", "address": "</code>"})

    assert "<script>alert" not in page(operator, "/hooks/person")


def test_a_hook_that_never_fired_is_said_so(viewer, make_event):
    assert "no event so far." in page(viewer, "/hooks/person")

    make_event()

    assert "1 event in 24 h, the last" in page(viewer, "/hooks/person")
