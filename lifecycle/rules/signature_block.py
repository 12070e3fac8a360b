"""The lines of a signature, composed in one place: on the screen, in the printed dossier and in the bundle."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from lifecycle.vocabulary import Decision, Gate, Role


class Signed(Protocol):
    """What a signature record holds, whoever reads it from where."""

    @property
    def printed_name(self) -> str: ...
    @property
    def role(self) -> Role: ...
    @property
    def gate(self) -> Gate: ...
    @property
    def on_behalf_of(self) -> str: ...
    @property
    def decision(self) -> Decision: ...
    @property
    def statement(self) -> str: ...
    @property
    def at(self) -> datetime: ...
    @property
    def digest(self) -> str: ...


def signature_lines(signed: Signed) -> tuple[tuple[str, str], ...]:
    """Label and text of each line, in order; a line without content is left out, the digest is whole."""
    lines = (
        ("Sentence signed", signed.statement),
        ("Signed by", signed.printed_name),
        ("Role", f"{signed.role.title}, {signed.gate.title} gate"),
        ("On behalf of", signed.on_behalf_of),
        ("Decision", signed.decision.title),
        ("Time", utc(signed.at)),
        ("Digest of what it covers", signed.digest),
    )
    return tuple((label, text) for label, text in lines if text)


def utc(moment: datetime) -> str:
    """To the second, as a signature is dated: "2026-11-25 03:12:45 UTC"."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
