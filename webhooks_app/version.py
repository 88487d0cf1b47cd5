"""Which version is this? Said once; the pages, the OpenAPI document and the user-agent read it here."""

__version__ = "0.1.0"
