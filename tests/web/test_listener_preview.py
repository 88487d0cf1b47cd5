"""What does the form show of its filter while it is being written?"""

from webhooks_app.storage.queries import listeners as queries


def test_the_preview_is_what_the_matcher_says(operator, make_event):
    for name in ("Joe", "Jane", "George"):
        make_event(payload={"name": name})

    data = {"hook": "person", "match-name_cond": "startswith", "match-name_query": "J"}
    answer = operator.post("/listeners/preview", data=data)

    assert "<strong>2 of 3</strong> recent events match" in answer.text
    assert 'id="match-name_query-passes" hx-swap-oob="true">2 pass' in answer.text
    assert "name is &#34;George&#34;" in answer.text
    assert "<html" not in answer.text


def test_the_preview_tells_what_is_not_yet_a_filter(operator):
    data = {"hook": "person", "match-name_cond": "like", "match-name_query": "("}

    assert "is missing. Position 1." in operator.post("/listeners/preview", data=data).text


def test_without_events_the_preview_says_that_it_made_one_up(operator):
    assert "No events yet" in operator.post("/listeners/preview", data={"hook": "person"}).text


def test_without_javascript_a_button_shows_the_preview(operator, engine, make_event):
    make_event(payload={"name": "Joe"})

    answer = operator.post(
        "/hooks/person/listeners/new",
        data={"act": "preview", "match-name_cond": "is", "match-name_query": "Joe"},
    )

    assert answer.status_code == 200
    assert "<strong>1 of 1</strong>" in answer.text
    with engine.sessions() as session:
        assert queries.all(session) == []


def test_a_single_event_is_told_as_one(operator, make_event):
    make_event()

    assert "There is 1 event so far." in operator.post("/listeners/preview", data={"hook": "person"}).text
