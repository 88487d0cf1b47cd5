"""Which certificate authorities may a listener trust in place of the public ones, and what is known of them?

They come as PEM and are kept as that: certificates alone, each once, without whatever stood between them. They
are no secret. What of them decides a connection is OpenSSL's business (trust.py); here they are read for people.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from webhooks_app.engine.trust import trusting_only
from webhooks_app.errors import FieldError, Refused
from webhooks_app.redaction import escaped

MOST_BYTES = 32 * 1024
MOST_AUTHORITIES = 16
SOON = timedelta(days=30)

_UNREADABLE = (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)

NOT_PEM = "Write certificates as PEM: from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----."


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate as people compare it; the fingerprint is of SHA-256, as `openssl x509 -fingerprint` writes it."""

    subject: str
    begins_at: datetime
    expires_at: datetime
    fingerprint: str


def checked_authorities(pem: str, *, now: datetime, kept: str | None = None) -> str | None:
    """The certificates as they are kept; None for none.

    One that is among the `kept` may have expired since: that is only warned of (see `warnings`).

    Raises `Refused` on the field `trusted_ca`. Its codes: ca_length, ca_private_key, ca_format, ca_not_authority,
    ca_expired.
    """
    if not pem.strip():
        return None
    if len(pem.encode(errors="replace")) > MOST_BYTES:
        raise _refused("ca_length", f"At most {MOST_BYTES // 1024} KiB of certificates are taken.")
    if "PRIVATE KEY-----" in pem:
        sentence = "There is a private key in it, which nobody needs here. Give the certificates alone."
        raise _refused("ca_private_key", sentence)
    found = _read(pem)
    if len(found) > MOST_AUTHORITIES:
        raise _refused("ca_length", f"At most {MOST_AUTHORITIES} certificates are taken.")
    known = set(prints_of(kept))
    errors = [error for one in found for error in _faults(one, now=now, is_known=_print(one) in known)]
    if errors:
        raise Refused(*errors)
    accepted = "".join(dict.fromkeys(one.public_bytes(Encoding.PEM).decode() for one in found))
    try:
        trusting_only(accepted)
    except ValueError as error:
        raise _refused("ca_format", str(error)) from error
    return accepted


def read_authorities(pem: str | None) -> list[Authority]:
    """What is kept, to be shown. Raises ValueError for what cannot be read any more."""
    if pem is None:
        return []
    return [
        Authority(
            subject=_subject(one),
            begins_at=one.not_valid_before_utc,
            expires_at=one.not_valid_after_utc,
            fingerprint=_print(one),
        )
        for one in x509.load_pem_x509_certificates(pem.encode())
    ]


def prints_of(pem: str | None) -> list[str]:
    """The fingerprints, as the audit log keeps them."""
    try:
        return [one.fingerprint for one in read_authorities(pem)]
    except ValueError:
        return ["unreadable"]


def warnings(pem: str | None, *, now: datetime) -> list[str]:
    """What a person should know about authorities that were accepted once."""
    try:
        found = read_authorities(pem)
    except ValueError:
        return [
            "The authorities that this listener trusts cannot be read any more. Edit it to give them anew."
        ]
    return [sentence for one in found for sentence in _about(one, now=now)]


def _about(one: Authority, *, now: datetime) -> Iterator[str]:
    if one.expires_at <= now:
        yield f"The authority {one.subject}, which this listener trusts, expired on {one.expires_at:%Y-%m-%d}."
    elif one.expires_at <= now + SOON:
        yield f"The authority {one.subject}, which this listener trusts, expires on {one.expires_at:%Y-%m-%d}."
    if one.begins_at > now:
        yield f"The authority {one.subject}, which this listener trusts, is valid from {one.begins_at:%Y-%m-%d} on."


def _read(pem: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem.encode())
    except ValueError as error:
        raise _refused("ca_format", NOT_PEM) from error


def _faults(one: x509.Certificate, *, now: datetime, is_known: bool) -> Iterator[FieldError]:
    try:
        subject, is_authority, expires_at = _subject(one), _may_sign(one), one.not_valid_after_utc
    except _UNREADABLE:
        yield FieldError("trusted_ca", "ca_format", "There is a certificate in it that cannot be read.")
        return
    if not is_authority:
        sentence = (
            f"{subject} is no certificate authority. Give the certificate of whoever signed the receiver's."
        )
        yield FieldError("trusted_ca", "ca_not_authority", sentence)
    if expires_at <= now and not is_known:
        sentence = f"The certificate of {subject} expired on {expires_at:%Y-%m-%d}."
        yield FieldError("trusted_ca", "ca_expired", sentence)


def _may_sign(one: x509.Certificate) -> bool:
    """Whether OpenSSL would take what it signed."""
    usage = [each.value for each in one.extensions if isinstance(each.value, x509.KeyUsage)]
    constraints = [each.value for each in one.extensions if isinstance(each.value, x509.BasicConstraints)]
    return any(each.ca for each in constraints) and all(each.key_cert_sign for each in usage)


def _print(one: x509.Certificate) -> str:
    return one.fingerprint(hashes.SHA256()).hex(":").upper()


def _subject(one: x509.Certificate) -> str:
    return escaped(one.subject.rfc4514_string()) or "(no name)"


def _refused(code: str, sentence: str) -> Refused:
    return Refused(FieldError("trusted_ca", code, sentence))
