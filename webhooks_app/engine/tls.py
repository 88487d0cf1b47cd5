"""Why did the TLS handshake fail, in words that say what to repair?

The codes are OpenSSL's X509_V_ERR_* (its manual page X509_STORE_CTX_get_error).
"""

from __future__ import annotations

import ssl

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
    "UNSUPPORTED_PROTOCOL": "{host} does not offer TLS 1.2 or newer.",
    "TLSV1_ALERT_PROTOCOL_VERSION": "{host} does not offer TLS 1.2 or newer.",
    "WRONG_VERSION_NUMBER": "{host} does not speak TLS on this port.",
    "RECORD_LAYER_FAILURE": "{host} does not speak TLS on this port.",
    "HTTP_REQUEST": "{host} does not speak TLS on this port.",
    "UNEXPECTED_EOF_WHILE_READING": "{host} closed the connection during the TLS handshake.",
}


def tls_sentence(error: ssl.SSLError, *, host: str) -> str:
    """Say what is wrong with the receiver's TLS."""
    if isinstance(error, ssl.SSLCertVerificationError):
        code = getattr(error, "verify_code", 0)
        sentence = _CERTIFICATE.get(code, "The certificate of {host} cannot be verified.")
    elif isinstance(error, ssl.SSLEOFError):
        sentence = _HANDSHAKE["UNEXPECTED_EOF_WHILE_READING"]
    else:
        # Only what OpenSSL itself raises has a reason.
        reason = getattr(error, "reason", None) or ""
        sentence = _HANDSHAKE.get(reason, "The TLS handshake with {host} failed.")
    return sentence.format(host=host)
