"""Streamlit's index page with our name and one script of ours; everything else passes untouched."""

from __future__ import annotations

from pathlib import Path

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SCRIPT = Path(__file__).with_name("screen.js")
SCRIPT_PATH = "/screen.js"
_ROOT = b'<div id="root">'
_CHANGES = (
    (b"<title>Streamlit</title>", b"<title>Lifecycle</title>"),
    (b"</head>", f'<script src="{SCRIPT_PATH}" defer></script></head>'.encode()),
)


class IndexPage:
    """ASGI middleware. Holds back HTML answers, which are small, to change the one that is the index page."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "GET" and _wants_a_page(scope):
            await self._app(_uncompressed(scope), receive, _Rewriting(send))
        else:
            await self._app(scope, receive, send)


class _Rewriting:
    """Sends on what it is given; an HTML answer in one piece, changed when it is the index page."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._held: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_page(message):
            self._held = message
        elif self._held is not None and message["type"] == "http.response.body":
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._finish(self._held)
        else:
            await self._send(message)

    async def _finish(self, start: Message) -> None:
        body = self._body
        if _ROOT in body:
            for old, new in _CHANGES:
                body = body.replace(old, new, 1)
            headers = MutableHeaders(raw=start["headers"])
            headers["content-length"] = str(len(body))
            # Both describe the file as it was.
            del headers["etag"], headers["last-modified"]
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})


def _wants_a_page(scope: Scope) -> bool:
    return "text/html" in Headers(scope=scope).get("accept", "")


def _uncompressed(scope: Scope) -> Scope:
    """The same request from a browser that reads plain text only: Streamlit compresses inside of us."""
    return {**scope, "headers": [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]}


def _is_page(start: Message) -> bool:
    headers = MutableHeaders(raw=start["headers"])
    is_html = headers.get("content-type", "").startswith("text/html")
    return start["status"] == 200 and is_html and "content-encoding" not in headers
