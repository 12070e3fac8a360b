"""The little files of the example, made here so that nothing needs to be shipped: a chart, a page of text, notes."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

_WIDTH, _HEIGHT, _EDGE = 640, 320, 24
_PAPER, _LINE, _BAR = b"\xff\xff\xff", b"\xcb\xd3\xdd", b"\x1f\x5f\xbf"
_LARGEST_ON_PAGE = 40  # lines


def document(name: str, lines: Sequence[str], bars: Sequence[float]) -> bytes:
    """The content of a file called so: .png draws the bars, .pdf sets the lines on a page, anything else is text."""
    if name.endswith(".png"):
        return bar_chart(bars)
    if name.endswith(".pdf"):
        return page(lines)
    return ("\n".join(lines) + "\n").encode()


def bar_chart(bars: Sequence[float]) -> bytes:
    """A PNG with one bar per number, the tallest as high as the picture."""
    room = (_WIDTH - 2 * _EDGE) / len(bars)
    tops = [_HEIGHT - _EDGE - round(bar / max(bars) * (_HEIGHT - 2 * _EDGE)) for bar in bars]
    rows = bytearray()
    for y in range(_HEIGHT):
        rows.append(0)
        for x in range(_WIDTH):
            rows += _colour(x, y, room, tops)
    size = struct.pack(">IIBBBBB", _WIDTH, _HEIGHT, 8, 2, 0, 0, 0)
    parts = _chunk(b"IHDR", size), _chunk(b"IDAT", zlib.compress(bytes(rows), 9)), _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _colour(x: int, y: int, room: float, tops: Sequence[int]) -> bytes:
    if y == _HEIGHT - _EDGE and _EDGE <= x < _WIDTH - _EDGE:
        return _LINE
    place, within = divmod(x - _EDGE, room)
    is_bar = 0 <= place < len(tops) and room * 0.2 < within < room * 0.8
    return _BAR if is_bar and tops[int(place)] <= y < _HEIGHT - _EDGE else _PAPER


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def page(lines: Sequence[str]) -> bytes:
    """A PDF of one A4 page; the first line is its heading."""
    heading, *rest = lines[:_LARGEST_ON_PAGE]
    text = [f"BT /F1 18 Tf 56 780 Td ({_escaped(heading)}) Tj ET"]
    text += [
        f"BT /F1 11 Tf 56 {750 - 17 * number} Td ({_escaped(line)}) Tj ET" for number, line in enumerate(rest)
    ]
    stream = "\n".join(text).encode("latin-1", "replace")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R"
        b" /Resources << /Font << /F1 4 0 R >> >> >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
    )
    return _assembled(objects)


def _assembled(objects: Sequence[bytes]) -> bytes:
    """The objects in order, and the table that says at which byte each begins."""
    written, starts = bytearray(b"%PDF-1.4\n"), []
    for number, content in enumerate(objects, start=1):
        starts.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = len(written)
    written += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    for start in starts:
        written += b"%010d 00000 n \n" % start
    written += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(written)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
