"""What is believed of the proxies in front? Who asks, by which scheme, for which host; not where the console stands.

Each proxy of ours adds to those headers, so that counting from the right finds what it saw. To
X-Forwarded-Prefix most add nothing: it would come as the visitor wrote it, and stand in every address of a page.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from werkzeug.middleware.proxy_fix import ProxyFix

from webhooks_app.settings import Settings


def behind_proxies(wsgi_app: Any, settings: Settings, *, url_prefix: str) -> Any:
    """`wsgi_app` as visitors reach it through as many proxies as WEBHOOKS_PROXY_HOPS says.

    Where the console stands alone, the path of PUBLIC_BASE_URL is what the proxy cuts off; inside another
    application (`url_prefix`) that one says where it is.
    """
    hops = settings.proxy_hops
    if not hops:
        return wsgi_app
    folder = urlsplit(settings.public_base_url).path.strip("/")
    inner = wsgi_app if url_prefix or not folder else _in_folder(wsgi_app, f"/{folder}")
    return ProxyFix(inner, x_for=hops, x_proto=hops, x_host=hops, x_prefix=0)


def _in_folder(wsgi_app: Any, folder: str) -> Any:
    def placed(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        answer: Iterable[bytes] = wsgi_app({**environ, "SCRIPT_NAME": folder}, start_response)
        return answer

    return placed
