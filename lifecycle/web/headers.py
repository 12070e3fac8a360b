"""Security headers of every answer, and what a request says about where it came from."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import Scope

_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)

EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}


def content_hash(text: str) -> str:
    """A Content-Security-Policy source that allows exactly this inline script or style."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def application_policy(index_page: Path) -> str:
    """The policy for the screens: scripts from this server and the index page's own inline ones only.

    Styles must stay inline (Streamlit writes them from JavaScript); WebAssembly is not allowed.
    """
    inline = (
        content_hash(script) for script in _INLINE_SCRIPT.findall(index_page.read_text(encoding="utf-8"))
    )
    directives = (
        "default-src 'self'",
        " ".join(("script-src 'self'", *inline)),
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "media-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-src 'self'",
        "frame-ancestors 'none'",
    )
    return "; ".join(directives)


def secure(headers: MutableHeaders, *, policy: str, https: bool) -> None:
    """Add what an answer lacks; a route that set a stricter value keeps it."""
    for name, value in EVERYWHERE.items():
        headers.setdefault(name, value)
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Content-Security-Policy", policy)
    if https:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")


def is_https(scope: Scope, *, trust_proxy: bool, public_url: str | None) -> bool:
    """Whether the browser speaks HTTPS; a proxy's word counts only when the settings trust it."""
    if scope["scheme"] in ("https", "wss") or (public_url or "").startswith("https://"):
        return True
    return trust_proxy and _last(Headers(scope=scope).get("x-forwarded-proto", "")) in ("https", "wss")


def client_address(scope: Scope, *, trust_proxy: bool) -> str:
    """The address to throttle by: the peer, or the hop that a trusted proxy itself added."""
    forwarded = _last(Headers(scope=scope).get("x-forwarded-for", "")) if trust_proxy else ""
    client = scope.get("client")
    return forwarded or (client[0] if client else "unknown")


def is_same_origin(scope: Scope, *, public_url: str | None) -> bool:
    """False when a browser says that another site's page sent this. Programs send no Origin and pass."""
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site", "none") in ("none", "same-origin")
    return urlsplit(origin).netloc in _own_hosts(headers, public_url)


def _own_hosts(headers: Headers, public_url: str | None) -> Iterable[str]:
    hosts = {headers.get("host", "")}
    if public_url:
        hosts.add(urlsplit(public_url).netloc)
    return hosts - {""}


def _last(values: str) -> str:
    return values.rsplit(",", 1)[-1].strip()
