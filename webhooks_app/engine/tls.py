"""Why did the TLS handshake fail, in words that say what to repair?

The codes are OpenSSL's X509_V_ERR_* (its manual page X509_STORE_CTX_get_error).
"""

from __future__ import annotations

import ssl

NO_TLS = "{host} does not speak TLS on this port."
TOO_OLD = "{host} does not offer TLS 1.2 or newer."
CLOSED = "{host} closed the connection during the TLS handshake."
OUT_OF_TIME = "The time was over before the TLS handshake was."
BROKEN_OFF = "{host} broke off the TLS handshake."

_CERTIFICATE = {
    9: "The certificate of {host} is not valid yet.",
    10: "The certificate of {host} has expired.",
    18: "The certificate of {host} is self-signed.",
    19: "The certificate of {host} comes from an authority that is not trusted.",
    20: "The certificate of {host} comes from an authority that is not known, or its chain is not complete.",
    21: "The chain of the certificate of {host} is not complete.",
    23: "The certificate of {host} is revoked.",
    62: "The certificate is for another name than {host}.",
    64: "The certificate is not for the address {host}.",
}
_HANDSHAKE = {
    "UNSUPPORTED_PROTOCOL": TOO_OLD,
    "TLSV1_ALERT_PROTOCOL_VERSION": TOO_OLD,
    "WRONG_VERSION_NUMBER": NO_TLS,
    "RECORD_LAYER_FAILURE": NO_TLS,
    "HTTP_REQUEST": NO_TLS,
    "UNEXPECTED_EOF_WHILE_READING": CLOSED,
}
# The same end of the connection: older versions of Python 3.11 with newer ones of OpenSSL name it the second way.
_CLOSED = (ssl.SSLEOFError, ssl.SSLZeroReturnError)


def tls_sentence(error: ssl.SSLError, *, host: str) -> str:
    """Say what is wrong with the receiver's TLS."""
    if isinstance(error, ssl.SSLCertVerificationError):
        code = getattr(error, "verify_code", 0)
        sentence = _CERTIFICATE.get(code, "The certificate of {host} cannot be verified.")
    elif isinstance(error, _CLOSED):
        sentence = CLOSED
    else:
        # Only what OpenSSL itself raises has a reason.
        reason = getattr(error, "reason", None) or ""
        sentence = _HANDSHAKE.get(reason, "The TLS handshake with {host} failed.")
    return sentence.format(host=host)
