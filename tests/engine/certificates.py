"""Certificates of an authority of our own, made for one test run."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)


class Authority:
    """A certificate authority in a folder; `file` is what a client has to trust, `pem` its text."""

    def __init__(
        self,
        folder: Path,
        *,
        name: str = "Test authority",
        above: Authority | None = None,
        expired: bool = False,
        signs: bool = True,
    ) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.file = folder / "authority.pem"
        certificate = self._built(
            self._name,
            self._key,
            x509.BasicConstraints(ca=signs, path_length=None),
            signer=(above._name, above._key) if above else None,
            expired=expired,
        )
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        self.pem = self.file.read_text("ascii")

    def server(self, host: str, *, expired: bool = False, self_signed: bool = False) -> ssl.SSLContext:
        """A server's side of TLS with a certificate for that name or address."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A receiver")])
        signer = (subject, key) if self_signed else (self._name, self._key)
        certificate = self._built(
            subject, key, x509.SubjectAlternativeName([_name(host)]), signer=signer, expired=expired
        )
        file = self._folder / f"{certificate.serial_number}.pem"
        file.write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _built(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        extension: x509.ExtensionType,
        *,
        signer: tuple[x509.Name, ec.EllipticCurvePrivateKey] | None = None,
        expired: bool = False,
    ) -> x509.Certificate:
        issuer, signing_key = signer or (self._name, self._key)
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 3 * DAY)
            .not_valid_after(now - DAY if expired else now + DAY)
            .add_extension(extension, critical=False)
            .sign(signing_key, hashes.SHA256())
        )


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)
