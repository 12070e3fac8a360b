"""What a file is by its first bytes, what it may be called, and what is refused."""

from __future__ import annotations

import struct
import unicodedata
import zipfile
import zlib
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.demo.documents import bar_chart, page
from lifecycle.rules.media import (
    HEAD_BYTES,
    LONGEST_FILE_NAME,
    SHOWN_INLINE,
    UNKNOWN,
    clean_file_name,
    first_lines,
    recognise,
    size_words,
)


def archive(*names: str, content: bytes = b"x") -> bytes:
    """The local entries of a ZIP, packed; enough for whoever only reads names."""
    packed = zlib.compress(content)[2:-4]
    return b"".join(
        struct.pack(
            "<4sHHHHHIIIHH",
            b"PK\x03\x04",
            20,
            0,
            8,
            0,
            0,
            zlib.crc32(content),
            len(packed),
            len(content),
            len(name),
            0,
        )
        + name.encode()
        + packed
        for name in names
    )


PDF, PNG = page(["Report"]), bar_chart([1.0, 2.0])
WORD = archive("[Content_Types].xml", "_rels/.rels", "word/document.xml")
OFFICE = "application/vnd.openxmlformats-officedocument."


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("report.pdf", PDF, "application/pdf"),
        ("report", PDF, "application/pdf"),
        ("chart.PNG", PNG, "image/png"),
        ("photo.jpeg", b"\xff\xd8\xff\xe0 and more", "image/jpeg"),
        ("a.gif", b"GIF89a\x01\x00\x01\x00\x80", "image/gif"),
        ("a.webp", b"RIFF\x10\x00\x00\x00WEBPVP8 \x00", "image/webp"),
        ("a.docx", WORD, f"{OFFICE}wordprocessingml.document"),
        ("a.xlsx", archive("[Content_Types].xml", "xl/workbook.xml"), f"{OFFICE}spreadsheetml.sheet"),
        ("a.zip", archive("a.txt"), "application/zip"),
        ("a.zip", archive("bomb", content=bytes(2_000_000)), "application/zip"),
        ("a.csv", "größe,zahl\n1,2\n".encode(), "text/plain"),
        ("a.txt", "Größe".encode("utf-16"), "text/plain"),
        ("notes.md", b"<h1>Title</h1>", "text/plain"),
        ("a.txt", b"MZ is how it begins", "text/plain"),
        ("long.txt", ("ä" * HEAD_BYTES).encode(), "text/plain"),
        ("a.svg", b"<svg xmlns='x'><script>alert(1)</script></svg>", "image/svg+xml"),
        ("a.html", b"<!doctype html><title>x</title>", "text/html"),
        ("scores.parquet", b"PAR1\x00\x01", "application/vnd.apache.parquet"),
        ("weights.bin", b"\x00\x01\x02\x03", UNKNOWN),
    ],
)
def test_type_is_what_the_content_is(name: str, content: bytes, expected: str) -> None:
    found = recognise(name, content[:HEAD_BYTES], len(content))
    assert (found.media_type, found.problem) == (expected, None)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("report.pdf", PNG, "“report.pdf” is called .pdf, but its content is a PNG picture."),
        ("report.pdf", b"#!/bin/sh\n", "but its content is text."),
        ("report.pdf", archive("a"), "but its content is a ZIP archive."),
        ("report.pdf", b"\x00\x01\x02", "but its content is of a type we do not know."),
        ("photo.jpg", b"<svg></svg>", "but its content is an SVG drawing."),
        ("photo.png", b"<html><script>alert(1)</script>", "but its content is a web page."),
        ("data.csv", PDF, "but its content is a PDF."),
        ("tool.exe", b"MZ\x90\x00\x03", "is a program."),
        ("report.pdf", b"\x7fELF\x02\x01\x00", "is a program."),
        ("empty.pdf", b"", "“empty.pdf” is empty."),
    ],
)
def test_what_is_called_otherwise_is_refused_in_a_sentence(name: str, content: bytes, sentence: str) -> None:
    assert sentence in (recognise(name, content, len(content)).problem or "")


def real_archive(*contents: bytes) -> bytes:
    written = BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as opened:
        for number, content in enumerate(contents):
            opened.writestr(f"{number}.txt", content)
    return written.getvalue()


def swollen(times: int) -> bytes:
    """An archive whose list says that its files are so many times as large as they are."""
    made = bytearray(real_archive(*([bytes(2_000_000)] * 3)))
    place = made.find(b"PK\x01\x02")
    while place >= 0:
        made[place + 24 : place + 28] = (2_000_000 * times).to_bytes(4, "little")
        place = made.find(b"PK\x01\x02", place + 4)
    return bytes(made)


@pytest.mark.parametrize(
    ("content", "refused"),
    [
        (real_archive(bytes(2_000_000)), False),  # much smaller packed, and still small
        (real_archive(b"a,b\n1,2\n"), False),
        (swollen(16), False),  # 96 MB
        (swollen(17), True),  # 102 MB from 6 kB
        (swollen(1_000), True),
    ],
)
def test_archive_that_swells_is_refused_without_unpacking_it(content: bytes, refused: bool) -> None:
    for tail in (content, content[-200_000:]):
        problem = recognise("notes.zip", content[:HEAD_BYTES], len(content), tail).problem or ""
        assert ("“notes.zip” unpacks to" in problem) is refused, problem


def test_nothing_that_can_run_is_shown_in_place() -> None:
    assert SHOWN_INLINE.isdisjoint({"image/svg+xml", "text/html", "application/xml", UNKNOWN})


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ann\\Test report.pdf", "Test report.pdf"),
        ("report\u202efdp.exe", "reportfdp.exe"),
        ('a"; filename="b.html\r\nX-Evil: 1', "a_; filename=_b.htmlX-Evil_ 1"),
        (".htaccess", "htaccess"),
        (" .. ", "file"),
        ("", "file"),
        ("a\u200b\x00\x1f.txt", "a.txt"),
        ("cafe\u0301.pdf", "café.pdf"),
        ("x" * 300 + ".pdf", "x" * (LONGEST_FILE_NAME - 4) + ".pdf"),
    ],
)
def test_name_is_cleaned(raw: str, clean: str) -> None:
    assert clean_file_name(raw) == clean


@given(st.text(max_size=400))
def test_clean_name_leads_nowhere_and_hides_nothing(raw: str) -> None:
    name = clean_file_name(raw)
    assert 0 < len(name) <= LONGEST_FILE_NAME
    assert not set('/\\"<>|?*:\r\n') & set(name)
    assert not name.startswith(".")
    assert not any(unicodedata.category(letter) in ("Cc", "Cf", "Cs") for letter in name)


def test_first_lines_of_a_text_are_few_and_never_fail() -> None:
    assert first_lines(b"a\nb\nc", 2) == "a\nb"
    assert first_lines("ä".encode()[:1]) == "\ufffd"


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "0 bytes"), (999, "999 bytes"), (1_234, "1.2 kB"), (999_600, "1.0 MB"), (200_000_000, "200 MB")],
)
def test_size_in_words(size: int, words: str) -> None:
    assert size_words(size) == words
