"""Whose certificates count? Those of the public authorities, or for one listener those of the ones that it names.

A context is made by hand, because the usual ways read the environment. Each verifies the chain and the name, with
TLS of at least 1.2: there is no way to ask for less.
"""

from __future__ import annotations

import ssl

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from webhooks_app.engine.exchange import NotConnected

UNREADABLE = "The authorities that the listener trusts cannot be read."
_MOST_KEPT = 512


class Trust:
    """The TLS contexts of one process. `ca_file` is a PEM file of authorities trusted besides the public ones."""

    def __init__(self, ca_file: str | None = None) -> None:
        self.public = _verifying()
        self.public.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
        if ca_file is not None:
            self.public.load_verify_locations(ca_file)
        self._own: dict[str, ssl.SSLContext] = {}

    def in_only(self, authorities: str) -> ssl.SSLContext:
        """The context that trusts these authorities (PEM) and no other. Raises NotConnected if none can be read."""
        context = self._own.get(authorities)
        if context is not None:
            return context
        try:
            context = trusting_only(authorities)
        except ValueError as error:
            raise NotConnected("tls_error", UNREADABLE) from error
        if len(self._own) >= _MOST_KEPT:
            self._own.clear()
        return self._own.setdefault(authorities, context)


def trusting_only(authorities: str) -> ssl.SSLContext:
    """A context that trusts these authorities (PEM) and no other. Raises ValueError for what OpenSSL does not take."""
    context = _verifying()
    # Else an authority below another would count only with that other one.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        context.load_verify_locations(cadata=authorities)
    except ssl.SSLError as error:
        raise ValueError("OpenSSL does not take these certificates.") from error
    return context


def _verifying() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.hostname_checks_common_name = False
    return context
