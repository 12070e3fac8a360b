"""The dossier as a file, in the format that its name asks for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from importlib import import_module

from lifecycle.errors import Invalid
from lifecycle.language import say
from lifecycle.queries.dossiers import Report

DOCX_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PDF_TYPE = "application/pdf"
# Imported when the first file is asked for: their libraries take a fifth of a server's start.
_WRITERS = {"docx": "dossier_docx", "pdf": "dossier_pdf"}


def refuse_ending(name: str) -> None:
    """Raises Invalid unless a dossier can have this name."""
    if _ending(name) not in _WRITERS:
        raise Invalid({"file": say("“{name}” has to end in .docx or .pdf.", name=name)})


def dossier_file(report: Report, name: str, at: datetime) -> bytes:
    """The bytes of a file with this name. Raises Invalid unless it ends in .docx or .pdf."""
    refuse_ending(name)
    writer = _WRITERS[_ending(name)]
    write: Callable[[Report, datetime], bytes]
    write = getattr(import_module(f"lifecycle.interchange.{writer}"), writer)
    return write(report, at)


def _ending(name: str) -> str:
    return name.lower().rpartition(".")[2]
