"""A stored file on its way out: whole or in part, never under a type or name that a browser would act on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from lifecycle.queries.evidence import StoredFile
from lifecycle.rules.media import PDF, PICTURES, SHOWN_INLINE, TEXT, UNKNOWN
from lifecycle.store.files import Files

_ONE_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_NOT_ASCII = re.compile(r"[^ !#$&'()+,\-.0-9=@A-Z\[\]^_`a-z{}~]")
_SANDBOX = "sandbox; default-src 'none'; frame-ancestors 'self'"
# A picture that is opened by itself is an element of a page that the browser makes.
_SANDBOX_OF_PICTURE = f"{_SANDBOX}; img-src 'self'; style-src 'unsafe-inline'"


@dataclass(frozen=True, slots=True)
class _Span:
    """The bytes from `start` to before `end`."""

    start: int
    end: int

    @property
    def length(self) -> int:
        return self.end - self.start


def download(request: Request, files: Files, stored: StoredFile, *, inline: bool) -> Response:
    """The answer with the file, or the part of it that was asked for. Only pictures, PDF and plain text show inline."""
    inline = inline and stored.media_type in SHOWN_INLINE
    headers = _headers(stored, inline)
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    span = _span(request, stored, headers["ETag"])
    if span is None:
        unmet = {**headers, "Content-Range": f"bytes */{stored.size}"}
        return PlainTextResponse("This part is not in the file.", 416, unmet)
    headers["Content-Length"] = str(span.length)
    is_part = span.length != stored.size
    if is_part:
        headers["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{stored.size}"
    pieces: Iterator[bytes] = iter(())
    if request.method != "HEAD":
        pieces = files.read(stored.digest, span.start, span.length)
    return StreamingResponse(pieces, 206 if is_part else 200, headers, media_type=_served_type(stored))


def _headers(stored: StoredFile, inline: bool) -> dict[str, str]:
    return {
        "ETag": f'"{stored.digest}"',
        "Accept-Ranges": "bytes",
        # Asked again each time, so that who may no longer read it is told so; nobody else's cache keeps it.
        "Cache-Control": "private, no-cache",
        # The server would compress it on the fly, whatever its size.
        "Content-Encoding": "identity",
        "Content-Disposition": content_disposition(stored.file_name, inline=inline),
        "Content-Security-Policy": _SANDBOX_OF_PICTURE if stored.media_type in PICTURES else _SANDBOX,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "SAMEORIGIN",
    }


def content_disposition(name: str, *, inline: bool) -> str:
    """RFC 6266: the name twice, in letters that every program reads and whole in UTF-8; nothing can end the header."""
    plain = _NOT_ASCII.sub("_", name)
    kind = "inline" if inline else "attachment"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _served_type(stored: StoredFile) -> str:
    if stored.media_type == TEXT:
        return "text/plain; charset=utf-8"
    if stored.media_type in PICTURES or stored.media_type == PDF:
        return stored.media_type
    # Web pages, drawings and everything else: to be kept, not to be shown.
    return stored.media_type if stored.media_type.startswith("application/vnd.") else UNKNOWN


def _span(request: Request, stored: StoredFile, etag: str) -> _Span | None:
    """The part asked for; the whole file for several parts or another version; None when there is no such part."""
    whole = _Span(0, stored.size)
    found = _ONE_RANGE.fullmatch(request.headers.get("range", ""))
    if found is None or request.headers.get("if-range", etag) != etag or found[1] == found[2] == "":
        return whole
    if not found[1]:  # the last so many bytes
        length = min(int(found[2]), stored.size)
        return _Span(stored.size - length, stored.size) if length else None
    start = int(found[1])
    end = min(int(found[2]) + 1, stored.size) if found[2] else stored.size
    return _Span(start, end) if start < end else None
