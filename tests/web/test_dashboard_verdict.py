"""Does one sentence tell whether everything is in order?"""

import pytest

from webhooks_app.storage.models import State
from webhooks_app.storage.queries.figures import Slot
from webhooks_app.web.verdict import verdict

SAID = "in the last 24 hours"
QUIET, BUSY, WRONG = Slot(), Slot(made=5), Slot(made=5, failed=1)


def said(counts, total=BUSY, **more):
    """The verdict on (active, paused, failing, disabled) listeners."""
    states = dict(zip((State.ACTIVE, State.PAUSED, State.FAILING, State.DISABLED), counts, strict=True))
    return verdict(states, total, **{"stoppages": [], "said": SAID, **more})


@pytest.mark.parametrize("counts, total, sentence", [
    ((12, 0, 2, 0), BUSY, "2 of 14 listeners are failing. Everything else is delivering."),
    ((1, 0, 0, 1), BUSY, "1 of 2 listeners is disabled. Everything else is delivering."),
    ((1, 0, 1, 1), WRONG, "2 of 3 listeners are failing or disabled. Everything else is delivering."),
    ((0, 1, 1, 0), BUSY, "1 of 2 listeners is failing."),  # nothing else delivers: the other one is paused
    ((0, 0, 1, 0), BUSY, "The only listener is failing."),
    ((0, 0, 3, 0), BUSY, "All 3 listeners are failing."),
    ((3, 0, 0, 0), WRONG, f"No listener is failing, but 1 delivery failed {SAID}."),
    ((3, 0, 0, 0), BUSY, "All 3 active listeners are delivering."),
    ((3, 1, 0, 0), BUSY, "All 3 active listeners are delivering. 1 is paused."),
    ((1, 2, 0, 0), BUSY, "The active listener is delivering. 2 are paused."),
    ((1, 0, 0, 0), BUSY, "The only listener is delivering."),
    ((0, 1, 0, 0), BUSY, "The only listener is paused."),
    ((0, 2, 0, 0), BUSY, "All 2 listeners are paused."),
    ((2, 0, 0, 0), QUIET, f"All is well. Nothing was sent {SAID}."),
    ((0, 0, 0, 0), QUIET, "Nobody listens yet."),
])  # fmt: skip
def test_the_sentence_says_what_is_so(counts, total, sentence):
    assert said(counts, total).sentence == sentence


@pytest.mark.parametrize("counts, total, retrying, sentence", [
    ((19, 0, 0, 1), WRONG, 15, "1 of 20 listeners is disabled, and 15 are retrying. Everything else is delivering."),
    ((1, 0, 1, 0), BUSY, 1, "1 of 2 listeners is failing, and 1 is retrying."),
    ((20, 0, 0, 0), BUSY, 15, "15 of 20 listeners are retrying after a send that failed."),
    ((1, 1, 0, 0), WRONG, 1,
     f"1 of 2 listeners is retrying after a send that failed, and 1 delivery failed {SAID}."),
    ((1, 0, 0, 0), BUSY, 1, "The only listener is retrying after a send that failed."),
    ((3, 0, 0, 0), BUSY, 3, "All 3 listeners are retrying after a send that failed."),
    ((0, 0, 1, 0), BUSY, 1, "The only listener is failing."),  # it was active when the retrying were counted
])  # fmt: skip
def test_who_is_tried_again_is_not_said_to_be_delivering(counts, total, retrying, sentence):
    assert said(counts, total, retrying=retrying).sentence == sentence


@pytest.mark.parametrize("found, tone", [
    (said((2, 0, 0, 0), retrying=1), "warn"), (said((1, 0, 0, 0), retrying=1, is_new=True), "warn"),
    (said((1, 0, 1, 0)), "bad"), (said((1, 0, 0, 0), WRONG), "warn"), (said((1, 0, 0, 0)), "ok"),
    (said((0, 0, 0, 0)), "info"), (said((1, 0, 0, 0), stoppages=["Redis is away."]), "bad"),
    (said((0, 0, 0, 0), is_new=True), "info"),
])  # fmt: skip
def test_the_tone_goes_with_it(found, tone):
    assert found.tone == tone


@pytest.mark.parametrize("counts, short", [
    ((1, 0, 2, 0), "2 failing"), ((1, 0, 0, 1), "1 disabled"), ((1, 0, 1, 1), "2 failing or disabled"),
])  # fmt: skip
def test_the_title_has_the_state_that_the_sentence_has(counts, short):
    assert said(counts).short == short


def test_what_stops_everything_comes_before_what_stops_one():
    assert said((1, 0, 1, 0), stoppages=["Redis is away.", "No clock."]).sentence == "Redis is away."


def test_a_welcome_hides_no_trouble():
    assert (
        said((0, 0, 1, 0), is_new=True).tone == "bad"
        and said((1, 0, 0, 0), WRONG, is_new=True).tone == "warn"
    )
