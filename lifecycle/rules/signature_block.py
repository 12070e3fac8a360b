"""The lines of a signature, composed in one place: on the screen, in the printed dossier and in the bundle."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from lifecycle.language import mark, say
from lifecycle.vocabulary import Decision, Gate, Meaning, Role, Verification

DIGEST_SHOWN = 16
_KNOWN_BY = {
    Verification.PASSWORD: mark("password entered to sign"),
    Verification.PROVIDER: mark("signed in anew to sign"),
}


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
    def stated(self) -> Meaning | None: ...
    @property
    def statement(self) -> str: ...
    @property
    def at(self) -> datetime: ...
    @property
    def verified(self) -> Verification | None: ...
    @property
    def digest(self) -> str: ...


def signature_lines(signed: Signed) -> tuple[tuple[str, str], ...]:
    """Label and text of each line, in order; a line without content is left out, the digest is whole.

    What older records did not keep (kind of meaning, how the signer was known) is left out, never guessed.
    """
    lines = (
        (say("Sentence signed"), signed.statement),
        (say("Signed by"), signed.printed_name),
        (say("Role"), say("{role}, {gate} gate", role=signed.role.title, gate=signed.gate.title)),
        (say("On behalf of"), signed.on_behalf_of),
        (say("Decision"), signed.decision.title),
        (say("Meaning"), signed.stated.title if signed.stated else ""),
        (say("Time"), utc(signed.at)),
        (say("Signer known by"), signed.verified.title if signed.verified else ""),
        (say("Digest of what it covers"), signed.digest),
    )
    return tuple((label, text) for label, text in lines if text)


def signature_line(signed: Signed, *, present_name: str = "") -> str:
    """The same on one line, with the digest shortened. `present_name`: what the signer is called now."""
    name = signed.printed_name
    if present_name not in (name, ""):
        name = say("{name} (now {present})", name=name, present=present_name)
    parts: Sequence[str] = (
        f"{name}, {signed.role.title}",
        say("on behalf of {name}", name=signed.on_behalf_of) if signed.on_behalf_of else "",
        say("meaning: {meaning}", meaning=signed.stated.title.lower()) if signed.stated else "",
        utc(signed.at),
        say(_KNOWN_BY.get(signed.verified, "")) if signed.verified else "",
        say("digest {digest}", digest=short_digest(signed.digest)) if signed.digest else "",
    )
    return " · ".join(part for part in parts if part)


def utc(moment: datetime) -> str:
    """To the second, as a signature is dated: "2026-11-25 03:12:45 UTC"."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def short_digest(whole: str) -> str:
    return f"{whole[:DIGEST_SHOWN]}…" if len(whole) > DIGEST_SHOWN else whole
