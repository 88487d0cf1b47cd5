"""What is a failure called on the pages? One table, for lists, badges, filters and verdicts. Pure.

One error class can hold things that a reader tells apart; the sentence that was recorded with the attempt
tells which it was.
"""

from __future__ import annotations

from webhooks_app.engine import failures

ERROR_CLASSES = {
    "ip_not_public": "Address not public",
    "dns_failure": "DNS failure",
    "dns_timeout": "DNS timeout",
    "connect_refused": "Connection refused",
    "connect_timeout": "Connect timeout",
    "tls_error": "TLS error",
    "read_timeout": "Read timeout",
    "deadline": "Out of time",
    "protocol_error": "Not valid HTTP",
    "worker_lost": "Worker lost",
    "secret_unavailable": "Secret unavailable",  # nosec B105 # a sentence
    "superseded": "Answered too late",
    "internal": "Internal error",
}

_BY_SENTENCE = {
    failures.CLOSED: "Connection closed",
    failures.BROKEN: "Connection broken",
    failures.LARGE_HEAD: "Header too large",
}


def error_word(error_class: str | None, error: str | None = None) -> str:
    """An error class in a few words; `error` is the sentence of the attempt, where it is known."""
    if not error_class:
        return ""
    if error in _BY_SENTENCE:
        return _BY_SENTENCE[error]
    if error_class.startswith("http_"):
        return f"Answered {error_class.removeprefix('http_')}"
    return ERROR_CLASSES.get(error_class, error_class.replace("_", " ").capitalize())
