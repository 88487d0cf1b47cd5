"""Does the document describe the calls that there are, and only those?"""

from __future__ import annotations

import json
import re

import pytest
from gunicorn.config import LimitRequestLine


@pytest.fixture
def document(app):
    answer = app.test_client().get("/api/v1/openapi.json")
    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    return answer.json


def operations(document):
    return {
        (method.upper(), path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in ("get", "post", "put", "patch", "delete")
    }


def test_every_route_is_described_and_nothing_else(app, document):
    routes = {
        (method, re.sub(r"<(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("api.")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }

    assert set(operations(document)) == routes
    assert len(routes) == 20


def test_every_call_names_its_token_its_noun_and_its_problems(app, document):
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    nouns = {tag["name"] for tag in document["tags"]}
    ids = [operation["operationId"] for operation in operations(document).values()]
    assert len(ids) == len(set(ids))
    for (method, path), operation in operations(document).items():
        assert operation["security"] in ([{"bearer": [scope]}] for scope in ("read", "publish", "write"))
        assert set(operation["tags"]) <= nouns
        assert operation["summary"], path
        assert {"401", "403", "503"} <= set(operation["responses"])
        assert ("404" in operation["responses"]) == ("{" in path), (method, path)
        assert any(code.startswith("2") for code in operation["responses"])


def test_every_reference_leads_somewhere(document):
    def references(node):
        if isinstance(node, dict):
            yield from ([node["$ref"]] if isinstance(node.get("$ref"), str) else [])
            node = list(node.values())
        for below in node if isinstance(node, list) else []:
            yield from references(below)

    found = set(references(document))
    assert found
    for reference in found:
        place = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def test_every_schema_is_used(document):
    text = json.dumps(document)

    for name in document["components"]["schemas"]:
        assert f'"#/components/schemas/{name}"' in text, name


def test_what_is_read_may_be_unchanged(document):
    for (method, path), operation in operations(document).items():
        assert ("304" in operation["responses"]) == (method == "GET"), (method, path)


def test_the_longest_address_is_the_servers(document):
    assert f"more than {LimitRequestLine.default} bytes" in document["info"]["description"]


def test_problems_are_described_in_their_own_media_type(document):
    for response in document["components"]["responses"].values():
        assert list(response["content"]) == ["application/problem+json"]


def test_what_a_call_answers_is_what_the_document_promises(document, write, make_delivery):
    delivery = make_delivery(status="delivered")
    places = {
        "/api/v1/hooks/{name}": "/hooks/person",
        "/api/v1/events/{event_id}": f"/events/evt_{delivery.event_id}",
        "/api/v1/listeners/{listener_id}": f"/listeners/lsn_{delivery.listener_id}",
        "/api/v1/deliveries/{delivery_id}": f"/deliveries/dlv_{delivery.id}",
    }
    for described, path in places.items():
        schema = document["paths"][described]["get"]["responses"]["200"]["content"]["application/json"][
            "schema"
        ]
        promised = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        assert set(write("GET", path).json) == set(promised["properties"]) == set(promised["required"])


def test_bodies_have_examples_that_are_taken(document, write):
    described = document["paths"]["/api/v1/listeners"]["post"]["requestBody"]["content"]["application/json"]

    # The example's name does not resolve in a test, and its URL is only checked for its form.
    assert write("POST", "/listeners", json=described["example"]).status_code == 201


def test_it_says_where_the_calls_are_below_an_applications_prefix(app):
    answer = app.test_client().get("/api/v1/openapi.json", base_url="http://localhost/webhooks")

    assert answer.json["servers"] == [{"url": "/webhooks"}]


def test_nothing_is_loaded_from_elsewhere(app):
    rules = [rule.rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("api-docs")]

    assert rules == ["/api/v1/openapi.json"]
