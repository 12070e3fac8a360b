"""What a file is, by its first bytes and never by its name; and which name it may have. Nothing is ever unpacked."""

from __future__ import annotations

import re
import struct
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from lifecycle.language import mark, say, written_number

HEAD_BYTES = 65_536  # as much of the beginning as `recognise` wants to see
LONGEST_FILE_NAME = 150
UNKNOWN = "application/octet-stream"
TEXT = "text/plain"
PDF = "application/pdf"
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
SHOWN_INLINE = PICTURES | {PDF, TEXT}

_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
_ZIP = "application/zip"
_OLE = "application/x-ole-storage"
_HTML, _SVG, _XML = "text/html", "image/svg+xml", "application/xml"
_PROGRAM = "application/x-executable"

# First bytes, at an offset, and the type they tell.
_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"BZh", "application/x-bzip2"),
    (0, b"\xfd7zXZ\x00", "application/x-xz"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _OLE),
    (0, b"PAR1", "application/vnd.apache.parquet"),
    (0, b"OggS", "application/ogg"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftyp", "video/mp4"),
    (257, b"ustar", "application/x-tar"),
    (0, b"MZ", _PROGRAM),
    (0, b"\x7fELF", _PROGRAM),
    (0, b"\xcf\xfa\xed\xfe", _PROGRAM),
    (0, b"\xce\xfa\xed\xfe", _PROGRAM),
    (0, b"\xca\xfe\xba\xbe", _PROGRAM),
)
# What the names of the first entries in an archive tell; the entries stay packed.
_INSIDE_ZIP: tuple[tuple[bytes, str], ...] = (
    (b"word/", f"{_OFFICE}wordprocessingml.document"),
    (b"xl/", f"{_OFFICE}spreadsheetml.sheet"),
    (b"ppt/", f"{_OFFICE}presentationml.presentation"),
)
_WORDS: Mapping[str, str] = {
    PDF: mark("a PDF"),
    "image/png": mark("a PNG picture"),
    "image/jpeg": mark("a JPEG picture"),
    "image/gif": mark("a GIF picture"),
    "image/webp": mark("a WebP picture"),
    "image/tiff": mark("a TIFF picture"),
    "image/heic": mark("a HEIC picture"),
    "image/avif": mark("an AVIF picture"),
    "image/bmp": mark("a BMP picture"),
    _SVG: mark("an SVG drawing"),
    TEXT: mark("text"),
    _HTML: mark("a web page"),
    _XML: "XML",
    _ZIP: mark("a ZIP archive"),
    "application/gzip": mark("a gzip archive"),
    "application/x-bzip2": mark("a bzip2 archive"),
    "application/x-xz": mark("an xz archive"),
    "application/x-7z-compressed": mark("a 7z archive"),
    "application/vnd.rar": mark("a RAR archive"),
    "application/x-tar": mark("a tar archive"),
    f"{_OFFICE}wordprocessingml.document": mark("a Word document"),
    f"{_OFFICE}spreadsheetml.sheet": mark("an Excel workbook"),
    f"{_OFFICE}presentationml.presentation": mark("a PowerPoint presentation"),
    f"{_OPEN_DOCUMENT}text": mark("an OpenDocument text"),
    f"{_OPEN_DOCUMENT}spreadsheet": mark("an OpenDocument spreadsheet"),
    f"{_OPEN_DOCUMENT}presentation": mark("an OpenDocument presentation"),
    _OLE: mark("an older Office document"),
    "application/rtf": mark("a rich text document"),
    "application/vnd.apache.parquet": mark("a Parquet table"),
    "audio/mpeg": mark("a sound file"),
    "application/ogg": mark("a sound file"),
    "audio/wav": mark("a sound file"),
    "video/mp4": mark("a video"),
    "video/webm": mark("a video"),
    _PROGRAM: mark("a program"),
}
_TEXTS = frozenset({TEXT, _HTML, _SVG, _XML})
# What a name's ending promises: the types that keep the promise.
_ENDINGS: Mapping[str, frozenset[str]] = {
    "pdf": frozenset({PDF}),
    "png": frozenset({"image/png"}),
    "jpg": frozenset({"image/jpeg"}),
    "jpeg": frozenset({"image/jpeg"}),
    "gif": frozenset({"image/gif"}),
    "webp": frozenset({"image/webp"}),
    "tif": frozenset({"image/tiff"}),
    "tiff": frozenset({"image/tiff"}),
    "heic": frozenset({"image/heic"}),
    "bmp": frozenset({"image/bmp"}),
    "svg": frozenset({_SVG}),
    "html": frozenset({_HTML}),
    "htm": frozenset({_HTML}),
    "docx": frozenset({f"{_OFFICE}wordprocessingml.document", _ZIP}),
    "xlsx": frozenset({f"{_OFFICE}spreadsheetml.sheet", _ZIP}),
    "pptx": frozenset({f"{_OFFICE}presentationml.presentation", _ZIP}),
    "odt": frozenset({f"{_OPEN_DOCUMENT}text"}),
    "ods": frozenset({f"{_OPEN_DOCUMENT}spreadsheet"}),
    "odp": frozenset({f"{_OPEN_DOCUMENT}presentation"}),
    "doc": frozenset({_OLE, "application/rtf"}),
    "xls": frozenset({_OLE}),
    "ppt": frozenset({_OLE}),
    "msg": frozenset({_OLE}),
    "rtf": frozenset({"application/rtf"}),
    "zip": frozenset({_ZIP}),
    "gz": frozenset({"application/gzip"}),
    "7z": frozenset({"application/x-7z-compressed"}),
    "mp4": frozenset({"video/mp4"}),
    **dict.fromkeys(
        ("txt", "md", "csv", "tsv", "log", "json", "jsonl", "yaml", "yml", "eml", "ipynb"), _TEXTS
    ),
    "xml": frozenset({_XML, TEXT, _SVG, _HTML}),
}
# Their content is text whatever it begins with: a Markdown file may well begin with a tag.
_PLAIN_ENDINGS = frozenset({"txt", "md", "csv", "tsv", "log", "json", "jsonl", "yaml", "yml", "eml", "ipynb"})
_TAG = re.compile(
    r"^\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)*(?:<!doctype\s+)?<?([a-z]+)", re.IGNORECASE | re.DOTALL
)
_FORBIDDEN = re.compile(r'[<>:"|?*\x00-\x1f\x7f]')
_SPACES = re.compile(r"\s+")


# An archive that unpacks to more than this and to more than so many times its size is no document.
MOST_UNPACKED, MOST_TIMES = 100_000_000, 100
_ARCHIVE, _LISTED = b"PK\x03\x04", b"PK\x01\x02"
_LISTED_BYTES = 46  # of an entry in the list at its end, before the name


@dataclass(frozen=True, slots=True)
class Recognised:
    """A file's cleaned name and true type, or the sentence why it is not taken."""

    name: str
    media_type: str
    problem: str | None = None


def recognise(raw_name: str, head: bytes, size: int, tail: bytes = b"") -> Recognised:
    """What a file is, from its first HEAD_BYTES, its end and whole size.

    Refused: nothing in it, a program, a name that promises another type than the content is, and an archive that
    says of itself that it unpacks to far more than any document does.
    """
    name = clean_file_name(raw_name)
    ending = ending_of(name)
    found = _type_of(head)
    if found in _TEXTS and ending in _PLAIN_ENDINGS:
        found = TEXT
    problem = _problem(name, ending, found, size)
    if problem is None and head[:4] == _ARCHIVE:
        problem = _swells(name, unpacked_size(tail), size)
    return Recognised(name, found, problem)


def _problem(name: str, ending: str, found: str, size: int) -> str | None:
    if size == 0:
        return say("“{name}” is empty. Choose the file again.", name=name)
    if found == _PROGRAM:
        return say(
            "“{name}” is a program. Programs are not kept as evidence; add what it produced.", name=name
        )
    promised = _ENDINGS.get(ending)
    if promised is None or found in promised:
        return None
    return say(
        "“{name}” is called .{ending}, but its content is {kind}. Save it as what it is, then add it again.",
        name=name,
        ending=ending,
        kind=type_words(found),
    )


def unpacked_size(tail: bytes) -> int:
    """What the list at the end of an archive says of the size of its files; at least, where it begins before `tail`.

    Nothing is unpacked for it.
    """
    place, total = tail.find(_LISTED), 0
    while place >= 0 and tail[place : place + 4] == _LISTED and len(tail) >= place + _LISTED_BYTES:
        size, name, extra, comment = struct.unpack_from("<L3H", tail, place + 24)
        total += size
        place += _LISTED_BYTES + name + extra + comment
    return int(total)


def _swells(name: str, unpacked: int, size: int) -> str | None:
    if unpacked <= MOST_UNPACKED or unpacked <= size * MOST_TIMES:
        return None
    return say(
        "“{name}” unpacks to {size}, {times:,} times its size, as an archive does "
        "that is meant to do harm. Add the document that is in it.",
        name=name,
        size=size_words(unpacked),
        times=unpacked // max(size, 1),
    )


def type_words(media_type: str) -> str:
    """ "a PDF", "a PNG picture"; what is not known is "of a type we do not know"."""
    return say(_WORDS.get(media_type, mark("of a type we do not know")))


def type_name(media_type: str) -> str:
    """ "PDF", "PNG picture": as in a list of facts."""
    if media_type not in _WORDS:
        return say("Unknown type")
    name = type_words(media_type)
    if _WORDS[media_type].startswith(("a ", "an ")):
        name = name.partition(" ")[2]  # without the article, which every language puts first
    return name[0].upper() + name[1:]


# ---------------------------------------------------------------- content


def _type_of(head: bytes) -> str:
    text = _text_of(head)
    if head.lstrip().startswith(b"%PDF-") or (text is None and b"%PDF-" in head[:1024]):
        return PDF
    if text is not None:
        return "application/rtf" if head.startswith(b"{\\rtf") else _markup(text)
    if head[:4] == b"RIFF" and head[8:12] in (b"WEBP", b"WAVE"):
        return "image/webp" if head[8:12] == b"WEBP" else "audio/wav"
    if head[:2] == b"BM" and head[6:10] == b"\x00\x00\x00\x00":
        return "image/bmp"
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return _in_archive(head)
    for offset, magic, media_type in _MAGIC:
        if head[offset : offset + len(magic)] == magic:
            return media_type
    return UNKNOWN


def _in_archive(head: bytes) -> str:
    if head[30:38] == b"mimetype":
        for kind in ("text", "spreadsheet", "presentation"):
            if head[38:].startswith(f"{_OPEN_DOCUMENT}{kind}".encode()):
                return f"{_OPEN_DOCUMENT}{kind}"
    if b"[Content_Types].xml" in head or b"_rels/.rels" in head:
        for name, media_type in _INSIDE_ZIP:
            if name in head:
                return media_type
    return _ZIP


def _text_of(head: bytes) -> str | None:
    """The beginning as text, None when it is none; a letter cut in two at the end does not count against it."""
    encoding = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    for cut in range(4 if len(head) >= HEAD_BYTES else 1):
        try:
            text = head[: len(head) - cut].decode(encoding)
        except UnicodeDecodeError:
            continue
        return None if any(_is_binary(letter) for letter in text) else text
    return None


def _is_binary(letter: str) -> bool:
    return letter < " " and letter not in "\t\n\r\f\x1b"


def _markup(text: str) -> str:
    if not text.lstrip().startswith("<"):
        return TEXT
    found = _TAG.match(text)
    tag = found[1].lower() if found else ""
    beginning = text[:4_096].lower()
    if tag == "svg" or "<svg" in beginning:
        return _SVG
    if tag in ("html", "head", "body", "script", "iframe") or "<html" in beginning or "<script" in beginning:
        return _HTML
    return _XML if beginning.lstrip().startswith("<?xml") else TEXT


def first_lines(head: bytes, most: int = 40) -> str:
    """The beginning of a text file, for showing; bytes that are no letters show as a mark."""
    encoding = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return "\n".join(head.decode(encoding, errors="replace").splitlines()[:most])


# ---------------------------------------------------------------- names


def clean_file_name(raw: str) -> str:
    """The last part of a path without control, direction and forbidden characters; never empty, never hidden.

    The ending survives a name that is too long.
    """
    name = unicodedata.normalize("NFC", raw.encode("utf-8", "ignore").decode())
    name = name.replace("\\", "/").rsplit("/", 1)[-1]
    # Cf: marks that turn the direction of writing, so that "report\u202efdp.exe" reads as something else.
    name = "".join(
        letter for letter in name if unicodedata.category(letter) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
    )
    name = _SPACES.sub(" ", _FORBIDDEN.sub("_", name)).strip(" .")
    if not name:
        return "file"
    if len(name) <= LONGEST_FILE_NAME:
        return name
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > 20:
        return name[:LONGEST_FILE_NAME]
    return f"{stem[: LONGEST_FILE_NAME - len(ending) - 1].rstrip()}.{ending}"


def ending_of(name: str) -> str:
    """The letters behind the last dot, small; none without one."""
    return name.rpartition(".")[2].lower() if "." in name else ""


def size_words(size: int) -> str:
    """ "12 bytes", "3.4 kB", "118 MB"."""
    if size < 1_000:
        return say("{size} bytes", size=size)
    if size < 999_500:
        return say("{amount} kB", amount=_three_digits(size / 1_000))
    if size < 999_500_000:
        return say("{amount} MB", amount=_three_digits(size / 1_000_000))
    return say("{amount} GB", amount=_three_digits(size / 1_000_000_000))


def _three_digits(amount: float) -> str:
    return written_number(f"{amount:.1f}" if amount < 9.95 else f"{amount:.0f}")
