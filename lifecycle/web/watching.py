"""Around everything: an id for each request, a line when it is done, and the figures under `/metrics`."""

from __future__ import annotations

import logging
import re
import secrets
import time
from ipaddress import ip_address

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lifecycle.settings import Settings
from lifecycle.store.tokens import is_same
from lifecycle.web import logs

LOG = logging.getLogger(__name__)
METRICS = "/metrics"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
# The kinds of address, few and fixed: an address itself would make a new figure for every visitor's typing error.
_KINDS = (
    ("/api", "api"),
    ("/static", "frontend"),
    ("/_stcore", "screen"),
    ("/component", "frontend"),
    ("/media", "screen"),
    ("/evidence", "evidence"),
    ("/sign-in", "sign_in"),
    ("/healthz", "health"),
    ("/readyz", "health"),
)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Figures:
    """What one server counts. Each has its own registry, so that two in one process do not meet."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self.requests = Counter(
            "lifecycle_requests", "Requests answered", ("kind", "method", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "lifecycle_request_seconds",
            "Seconds until a request was answered",
            ("kind",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.tabs = Gauge("lifecycle_open_tabs", "Screens that are open now", registry=self.registry)

    def text(self) -> bytes:
        return generate_latest(self.registry)


class Watching:
    """ASGI middleware outside of the guard: what is refused counts too."""

    def __init__(self, app: ASGIApp, *, figures: Figures, settings: Settings) -> None:
        self._app, self._figures, self._settings = app, figures, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            logs.begin(_request_id(scope))
            self._figures.tabs.inc()
            try:
                await self._app(scope, receive, send)
            finally:
                self._figures.tabs.dec()
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["request_id"] = request_id = _request_id(scope)
        about = logs.begin(request_id)
        started, status = time.perf_counter(), 500

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(raw=message["headers"]).setdefault("X-Request-Id", request_id)
            await send(message)

        try:
            if scope["path"] == METRICS:
                await self._answer_metrics(scope)(scope, receive, send_named)
            else:
                await self._app(scope, receive, send_named)
        finally:
            self._note(scope, status, time.perf_counter() - started, about)

    def _note(self, scope: Scope, status: int, seconds: float, about: logs.About) -> None:
        kind = _kind(scope["path"])
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._figures.requests.labels(kind, method, str(status)).inc()
        self._figures.seconds.labels(kind).observe(seconds)
        if self._settings.logs_requests and kind not in ("health", "frontend"):
            # The kind and not the address: links in it open accounts.
            told = {"method": method, "kind": kind, "status": status, "milliseconds": round(seconds * 1000)}
            about_it = {"request_id": about.request_id, "person_key": about.person_key, "told": told}
            LOG.info("%s %s answered %s", method, kind, status, extra=about_it)

    def _answer_metrics(self, scope: Scope) -> Response:
        """For whoever has the token; without one set, for programs on this machine that came by no proxy."""
        headers = Headers(scope=scope)
        token = self._settings.metrics_token
        if token:
            may = is_same(headers.get("authorization", ""), f"Bearer {token}")
        else:
            may = _is_loopback(scope) and not {"x-forwarded-for", "forwarded", "via"} & set(headers.keys())
        if scope["method"] not in ("GET", "HEAD") or not may:
            return PlainTextResponse("Not found", 404, _HEADERS)
        return Response(self._figures.text(), headers=_HEADERS, media_type=CONTENT_TYPE_LATEST)


_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
}


def _request_id(scope: Scope) -> str:
    """The caller's own when it is one, so that a line can be found from both sides."""
    asked = Headers(scope=scope).get("x-request-id", "")
    return asked if _REQUEST_ID.fullmatch(asked) else secrets.token_hex(8)


def _kind(path: str) -> str:
    return next((kind for start, kind in _KINDS if path == start or path.startswith(f"{start}/")), "page")


def _is_loopback(scope: Scope) -> bool:
    client = scope.get("client")
    try:
        return client is not None and ip_address(client[0]).is_loopback
    except ValueError:
        return False
