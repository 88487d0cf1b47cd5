"""How does a browser test make rows? By the API, where a command would cost a start of Python for each."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import requests

from tests.patience import PATIENCE


class Api:
    """The HTTP API of an installation, with a token that may do everything."""

    def __init__(self, url: str, token: str) -> None:
        self._root = f"{url}/api/v1"
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["authorization"] = f"Bearer {token}"

    def add_listener(self, hook: str, url: str, name: str, **match: object) -> str:
        """One that wants these arguments to be just this; gives its id."""
        wanted = {argument: {"is": value} for argument, value in match.items()}
        made = self.call("POST", "/listeners", {"hook": hook, "url": url, "name": name, "filter": wanted})
        return str(made["id"])

    def remove_listener(self, listener_id: str) -> None:
        self.call("DELETE", f"/listeners/{listener_id}")

    def send(self, hook: str, **arguments: object) -> str:
        """Gives the event's id."""
        return str(self.call("POST", f"/hooks/{hook}/events", {"payload": arguments})["id"])

    def send_all(self, hook: str, payloads: list[dict[str, object]]) -> None:
        """Many events in one call."""
        self.call("POST", f"/hooks/{hook}/events/batch", {"events": [{"payload": one} for one in payloads]})

    def deliveries(self, **asked: str) -> list[dict[str, Any]]:
        """The newest of those asked for."""
        found: list[dict[str, Any]] = self.call("GET", f"/deliveries?{urlencode(asked)}")["data"]
        return found

    def call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """What it answers, which is no refusal."""
        answer = self._session.request(method, self._root + path, json=body, timeout=PATIENCE)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return dict(answer.json()) if answer.content else {}
