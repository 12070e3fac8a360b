"""A form with one file of any size, taken in as it arrives: fields in memory, the file straight to where files are.

The core of every upload: what is done with the file, and who may, is the caller's.

    async with receiving(request, files, largest=…, is_own=…) as upload:
        …look at upload.fields, upload.file_name, upload.arriving.head; then settle and keep it, or leave it
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from lifecycle.language import mark, say
from lifecycle.rules.media import HEAD_BYTES, size_words
from lifecycle.store.files import Arriving, Files

AT_ONCE = 1_000_000  # bytes that one visit to the disk takes
_LARGEST_FIELD = 20_000
_MOST_FIELDS = 40
_AROUND = 100_000  # what the fields and the boundaries may add to the file


class UploadRefused(Exception):
    """Nothing was kept. `sentence` is for the person, `status` for the program."""

    def __init__(self, sentence: str, status: int) -> None:
        self.sentence, self.status = sentence, status
        super().__init__(sentence)


@dataclass
class Upload:
    """What a form brought. Without a file `arriving` is None; what is not kept is thrown away at the end."""

    fields: dict[str, str] = field(default_factory=dict)
    file_name: str = ""
    arriving: Arriving | None = None


@asynccontextmanager
async def receiving(
    request: Request, files: Files, *, largest: int, is_own: Callable[[Mapping[str, str]], bool]
) -> AsyncIterator[Upload]:
    """Read the whole form. `largest` is in bytes; `is_own` is asked before the first byte of a file is written.

    Raises UploadRefused for what is too large (without reading on), comes from elsewhere or is no form, and
    starlette's ClientDisconnect when the other end goes away. In every case nothing stays behind.
    """
    _refuse_announced(request, largest)
    reading = _Reading(_boundary(request), files, largest, is_own)
    try:
        async for piece in request.stream():
            reading.take(piece)
            if reading.waiting >= AT_ONCE:
                await run_in_threadpool(reading.write)
        await run_in_threadpool(reading.write)
        reading.finish()
        yield reading.upload
    except FormParserError as error:
        raise UploadRefused(say(_BROKEN), 400) from error
    finally:
        if reading.upload.arriving is not None:
            await run_in_threadpool(reading.upload.arriving.discard)


def too_large(largest: int) -> UploadRefused:
    sentence = say(
        "This file is larger than {size}. Nothing was stored: make it smaller, or keep "
        "it elsewhere and add a link.",
        size=size_words(largest),
    )
    return UploadRefused(sentence, 413)


_BROKEN = mark("The form did not arrive whole. Nothing was stored; send it again.")
_FOREIGN = mark(
    "This form was open too long or came from elsewhere. Nothing was stored; please send it again."
)


def _refuse_announced(request: Request, largest: int) -> None:
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > largest + _AROUND:
        raise too_large(largest)


def _boundary(request: Request) -> bytes:
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise UploadRefused(say(_BROKEN), 400)
    return options[b"boundary"]


def _as_typed(name: str) -> str:
    """Browsers write these three letters so, and no others."""
    for code, letter in (("%22", '"'), ("%0D", "\r"), ("%0A", "\n")):
        name = name.replace(code, letter)
    return name


class _Reading:
    """The state of one form while it arrives. The parser calls back; what it finds waits until `write`."""

    def __init__(
        self, boundary: bytes, files: Files, largest: int, is_own: Callable[[Mapping[str, str]], bool]
    ) -> None:
        self.upload = Upload()
        self.waiting = 0
        self._files, self._largest, self._is_own = files, largest, is_own
        self._pieces: list[bytes] = []
        self._size = 0
        self._header, self._header_value, self._disposition = b"", b"", b""
        self._name = ""
        self._field = bytearray()
        self._in_file = False
        self._has_ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin_part,
                "on_header_field": self._take_header,
                "on_header_value": self._take_header_value,
                "on_header_end": self._end_header,
                "on_headers_finished": self._end_headers,
                "on_part_data": self._take_data,
                "on_part_end": self._end_part,
                "on_end": self._end,
            },
        )

    def take(self, piece: bytes) -> None:
        self._parser.write(piece)

    def write(self) -> None:
        """What waits, to the disk; slow."""
        pieces, self._pieces, self.waiting = self._pieces, [], 0
        if pieces and self.upload.arriving is None:
            self.upload.arriving = self._files.receive(HEAD_BYTES)
        if self.upload.arriving is not None:
            for piece in pieces:
                self.upload.arriving.write(piece)

    def finish(self) -> None:
        if not self._has_ended:
            raise UploadRefused(say(_BROKEN), 400)
        if not self._is_own(self.upload.fields):
            raise UploadRefused(say(_FOREIGN), 403)

    # ------------------------------------------------------------ called by the parser

    def _begin_part(self) -> None:
        self._disposition, self._name, self._in_file = b"", "", False
        self._field.clear()

    def _take_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _take_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._header_value
        self._header, self._header_value = b"", b""

    def _end_headers(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        if b"filename" not in options:
            return
        if self.upload.file_name or self._size:
            raise UploadRefused(say("Send one file at a time. Nothing was stored."), 400)
        if not self._is_own(self.upload.fields):
            raise UploadRefused(say(_FOREIGN), 403)
        self._in_file = True
        self.upload.file_name = _as_typed(options[b"filename"].decode("utf-8", "replace"))

    def _take_data(self, data: bytes, start: int, end: int) -> None:
        if not self._in_file:
            self._field += data[start:end]
            if len(self._field) > _LARGEST_FIELD:
                raise UploadRefused(say("A field of this form is too long. Nothing was stored."), 413)
            return
        self._size += end - start
        if self._size > self._largest:
            raise too_large(self._largest)
        self._pieces.append(data[start:end])
        self.waiting += end - start

    def _end_part(self) -> None:
        if self._in_file:
            return
        if len(self.upload.fields) >= _MOST_FIELDS:
            raise UploadRefused(say(_BROKEN), 400)
        self.upload.fields[self._name] = self._field.decode("utf-8", "replace")

    def _end(self) -> None:
        self._has_ended = True
