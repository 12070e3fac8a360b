"""Streamlit's index page with our name, one script of ours and a rule for its arrival; all else passes untouched.

The page stays hidden until its first drawing is whole (`screen.js` says when, or four seconds have passed):
Streamlit draws piece by piece, and what is drawn would jump aside for each piece that follows.
"""

from __future__ import annotations

from html import escape
from pathlib import Path

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lifecycle.language import LANGUAGES, language, say, speaking

SCRIPT = Path(__file__).with_name("screen.js")
SCRIPT_PATH = "/screen.js"
Changes = tuple[tuple[bytes, bytes], ...]
_ROOT = b'<div id="root">'
_ARRIVAL = (
    "html:not(.arrived) #root { visibility: hidden; animation: arrive 0s 4s forwards; }"
    " @keyframes arrive { to { visibility: visible; } }"
)


class IndexPage:
    """ASGI middleware. Holds back HTML answers, which are small, to change the one that is the index page.

    `index_page` is the file that Streamlit serves; beside it are the fonts.
    """

    def __init__(self, app: ASGIApp, *, index_page: Path) -> None:
        self._app = app
        self._changes = {code: _changes(index_page, code) for code in LANGUAGES}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "GET" and _wants_a_page(scope):
            await self._app(_uncompressed(scope), receive, _Rewriting(send, self._changes[language()]))
        else:
            await self._app(scope, receive, send)


class _Rewriting:
    """Sends on what it is given; an HTML answer in one piece, changed when it is the index page."""

    def __init__(self, send: Send, changes: Changes) -> None:
        self._send, self._changes = send, changes
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
            for old, new in self._changes:
                body = body.replace(old, new, 1)
            headers = MutableHeaders(raw=start["headers"])
            headers["content-length"] = str(len(body))
            # Both describe the file as it was.
            del headers["etag"], headers["last-modified"]
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})


def _changes(index_page: Path, code: str) -> Changes:
    # Without its font an icon is drawn as a word first, and the line breaks elsewhere.
    icons = sorted(index_page.parent.glob("static/media/MaterialSymbols-*.woff2"))
    head = [
        f'<link rel="preload" href="./{font.relative_to(index_page.parent).as_posix()}" as="font"'
        ' type="font/woff2" crossorigin />'
        for font in icons
    ]
    head += [
        f"<style>{_ARRIVAL}</style>",
        f'<script src="{SCRIPT_PATH}" defer{_words(code)}></script>',
        "</head>",
    ]
    return (
        (b'<html lang="en">', f'<html lang="{code}">'.encode()),
        (b"<title>Streamlit</title>", b"<title>Lifecycle</title>"),
        (b"</head>", "".join(head).encode()),
    )


def _words(code: str) -> str:
    """What the script says when nothing can be asked for any more: it is handed over beforehand."""
    with speaking(code):
        words = {
            "away": say("Not connected just now"),
            "server": say(
                "The server cannot be reached just now. This page tries again by itself: leave it open, "
                "what you typed is still here."
            ),
            "database": say(
                "The database cannot be reached just now. This page tries again by itself: leave it open, "
                "what you typed is still here."
            ),
        }
    return "".join(f' data-{name}="{escape(text)}"' for name, text in words.items())


def _wants_a_page(scope: Scope) -> bool:
    return "text/html" in Headers(scope=scope).get("accept", "")


def _uncompressed(scope: Scope) -> Scope:
    """The same request from a browser that reads plain text only: Streamlit compresses inside of us."""
    return {**scope, "headers": [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]}


def _is_page(start: Message) -> bool:
    headers = MutableHeaders(raw=start["headers"])
    is_html = headers.get("content-type", "").startswith("text/html")
    return start["status"] == 200 and is_html and "content-encoding" not in headers
