"""What can keep an attempt from arriving, and what helps? One row a cause, as data.

A cause is an error class, a status code or a range of them; some classes hold several causes, which our
recorded sentence tells apart. Each row says what happened, what that tells, and the next step.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from webhooks_app.engine import dial, failures, tls


@dataclass(frozen=True, slots=True)
class Row:
    """`title` may hold {code}, and `evidence` {network}: what an answer proves to be fine."""

    title: str
    evidence: str
    steps: str


_ANSWERED = "The receiver answered, so {network} fine."

_BY_CLASS = {
    "ip_not_public": Row(
        "The address was refused",
        "The host leads only to addresses inside a network, and nothing was sent there.",
        "Use a public address, or let an administrator add the network to WEBHOOKS_ALLOWED_NETWORKS.",
    ),
    "dns_failure": Row(
        "The host name was not found",
        "No address is known for this name, so nothing was sent.",
        "Check the spelling of the URL, and that the name still exists in the DNS.",
    ),
    "dns_timeout": Row(
        "The name servers did not answer",
        "Looking up the host name took too long, so nothing was sent.",
        "If other listeners fail alike, our own name servers are slow; else it is the receiver's zone.",
    ),
    "connect_refused": Row(
        "The connection was refused",
        "The host is there, but no program listens on that port, or a firewall turns us away.",
        "Ask whether the receiver is running, and check the port in the URL.",
    ),
    "connect_timeout": Row(
        "No connection within the time allowed",
        "The host did not react at all: it is down, or a firewall drops our packets.",
        "Ask whether the receiver is up and lets our address through.",
    ),
    "tls_error": Row(
        "The secure connection could not be made",
        "The host is reachable; its certificate was not accepted, and nothing was sent.",
        "The receiver has to renew or complete its certificate chain. Checking it cannot be switched off; "
        "if the receiver has an authority of its own, let the listener trust that one.",
    ),
    "read_timeout": Row(
        "The receiver took too long to answer",
        "The request was sent and may have been worked on: the receiver has to recognise its webhook-id.",
        "Answer first and work later, or allow this listener a longer timeout.",
    ),
    "deadline": Row(
        "No complete answer in the time allowed",
        "The request may have been received and worked on: the receiver has to recognise its webhook-id.",
        "Answer first and work later, or allow this listener a longer timeout.",
    ),
    "protocol_error": Row(
        "The answer was not valid HTTP",
        "Something answered on that port, and then broke off or did not speak HTTP.",
        "Check that the URL names the right port and scheme (http or https).",
    ),
    "worker_lost": Row(
        "The worker was lost while sending",
        "A process of ours ended in the middle of the attempt. The receiver may have got it.",
        "Nothing to do at the receiver. If it happens again, look at the worker's log and its memory.",
    ),
    "superseded": Row(
        "A worker came back late",
        "It had been thought lost, and its answer came after another attempt could begin.",
        "Nothing to do at the receiver. If it happens often, the machine is overloaded.",
    ),
    "secret_unavailable": Row(
        "The signing secret could not be read",
        "The encryption keys of this process do not open it, so nothing was sent unsigned.",
        "Put the former key back into WEBHOOKS_ENCRYPTION_KEYS, or rotate the listener's secret.",
    ),
    "internal": Row(
        "The attempt failed inside Webhooks App",
        "The receiver has no part in it.",
        "The worker's log has the details. Retry when the cause is mended.",
    ),
}

_BY_SENTENCE = {
    failures.CLOSED: Row(
        "The connection was closed instead of an answer",
        "The receiver may have worked on the request all the same: it has to recognise its webhook-id.",
        "Its log at the moment of the attempt should tell why: it crashed, restarted, or gave up on the request.",
    ),
    failures.BROKEN: Row(
        "The connection was reset before an answer",
        "Something on the way may have done so too. The request may have been worked on.",
        "Look at the log of the receiver, and of a proxy or firewall in front of it.",
    ),
    failures.LARGE_HEAD: Row(
        "The header of the answer was too large",
        "The receiver speaks HTTP, and most likely took the request.",
        "It has to send fewer or shorter headers, cookies for instance.",
    ),
    dial.OUT_OF_TIME: Row(
        "No connection in the time allowed",
        "Nothing was sent.",
        "Ask whether the receiver is up and lets our address through, or allow this listener a longer timeout.",
    ),
    tls.OUT_OF_TIME: Row(
        "The TLS handshake did not end in the time allowed",
        "The host is reachable, and nothing was sent. Perhaps this port speaks plain http.",
        "Check the scheme (http or https) and the port in the URL.",
    ),
}

# What is known before any certificate is seen; the sentence begins with the host's name.
_PLAIN_PORT = Row(
    "The secure connection could not be made",
    "The host is reachable, but no certificate was seen, and nothing was sent. Perhaps this port speaks plain http.",
    "Check the scheme (http or https) and the port in the URL.",
)
_BY_ENDING = {
    tls.NO_TLS: _PLAIN_PORT,
    tls.CLOSED: _PLAIN_PORT,
    tls.BROKEN_OFF: _PLAIN_PORT,
    tls.TOO_OLD: Row(
        "The secure connection could not be made",
        "The host is reachable, but its TLS is too old to be safe, and nothing was sent.",
        "The receiver has to offer TLS 1.2 or newer. Older versions cannot be allowed.",
    ),
}

_BY_CODE = {
    401: Row(
        "The receiver wants credentials (401)", _ANSWERED, "Add the header it asks for to the listener."
    ),
    403: Row(
        "The receiver refuses us (403)",
        _ANSWERED,
        "Check the listener's headers and secret, and whether the receiver lets our address in.",
    ),
    404: Row("Nothing is at this URL (404)", _ANSWERED, "Check the path in the listener's URL."),
    410: Row(
        "The receiver is gone (410)",
        _ANSWERED + " With 410 Gone it says that it wants nothing more, so the listener was disabled.",
        "If that was a mistake, resume the listener and retry.",
    ),
    408: Row(
        "The receiver waited too long for us (408)",
        _ANSWERED,
        "It is busy or far away; later attempts may do.",
    ),
    413: Row("The body is too large for the receiver (413)", _ANSWERED, "It has to accept larger bodies."),
    425: Row("The receiver asks to come later (425)", _ANSWERED, "Later attempts may do."),
    429: Row(
        "The receiver gets too many requests (429)",
        _ANSWERED,
        "Set a rate limit on the listener so that it is not overrun.",
    ),
}

_BY_HUNDRED = {
    1: Row("The answer {code} is no final one", _ANSWERED, "Check that the URL speaks plain HTTP."),
    3: Row(
        "The receiver answered {code}, a redirect",
        _ANSWERED + " It wants the request elsewhere, and redirects are not followed.",
        "Change the listener's URL to where the request belongs.",
    ),
    4: Row(
        "The receiver refused the request ({code})",
        _ANSWERED,
        "Its answer below should say what it misses. Sending the same again may not help.",
    ),
    5: Row(
        "Server error {code}",
        _ANSWERED,
        "The fault is the receiver's: its log at the moment of the attempt should tell more.",
    ),
}

_CODE = re.compile(r"http_(\d{3})")


def cause_of(error_class: str | None, error: str | None = None) -> Row | None:
    """The row of an attempt: by our sentence, by its class, and for an answer by its code and then its hundred."""
    found = _CODE.fullmatch(error_class or "")
    if found is not None:
        code = int(found[1])
        return _BY_CODE.get(code) or _BY_HUNDRED.get(code // 100, _BY_HUNDRED[5])
    if error in _BY_SENTENCE:
        return _BY_SENTENCE[error]
    for template, row in _BY_ENDING.items():
        if error_class == "tls_error" and (error or "").endswith(template.removeprefix("{host}")):
            return row
    return _BY_CLASS.get(error_class or "")
