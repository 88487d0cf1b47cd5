"""Which version is this? Said once; the footer, `/readyz` and the user-agent read it here."""

__version__ = "0.1.0"
