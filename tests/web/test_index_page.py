"""The one page of Streamlit's that we change, and that nothing else is."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from lifecycle.web.index_page import IndexPage

INDEX = b'<html><head><title>Streamlit</title></head><body><div id="root"></div></body></html>'
HTML = {"accept": "text/html,*/*", "accept-encoding": "gzip"}


def answer(
    body: bytes, kind: str, status: int = 200, request: dict[str, str] = HTML
) -> tuple[Any, bytes, Any]:
    """What a browser gets when Streamlit answers in two pieces; and the request that Streamlit saw."""
    seen: list[Any] = []
    sent: list[Any] = []

    async def streamlit(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope)
        headers = [
            (b"content-type", kind.encode()),
            (b"content-length", b"%d" % len(body)),
            (b"etag", b'"x"'),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body[:10], "more_body": True})
        await send({"type": "http.response.body", "body": body[10:]})

    async def receive() -> Any:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(name.encode(), value.encode()) for name, value in request.items()]
    scope = {"type": "http", "method": "GET", "path": "/worksheet", "headers": headers}
    asyncio.run(IndexPage(streamlit)(scope, receive, send))
    start, *bodies = sent
    return start, b"".join(message["body"] for message in bodies), seen[0]


def test_index_page_gets_our_name_and_script_and_says_its_new_length() -> None:
    start, body, seen = answer(INDEX, "text/html; charset=utf-8")

    headers = dict(start["headers"])
    assert b"<title>Lifecycle</title>" in body
    assert body.count(b'<script src="/screen.js" defer></script>') == 1
    assert headers[b"content-length"] == b"%d" % len(body)
    assert b"etag" not in headers
    assert b"accept-encoding" not in dict(seen["headers"])


@pytest.mark.parametrize(
    ("body", "kind", "status", "sent"),
    [
        (b"<html><head></head>another page of ours</html>", "text/html", 200, HTML),
        (INDEX, "application/json", 200, HTML),
        (INDEX, "text/html", 404, HTML),
        (INDEX, "text/html", 200, {"accept": "image/*"}),
    ],
)
def test_everything_else_passes_untouched(body: bytes, kind: str, status: int, sent: dict[str, str]) -> None:
    start, received, _ = answer(body, kind, status, sent)

    assert received == body
    assert dict(start["headers"])[b"etag"] == b'"x"'
