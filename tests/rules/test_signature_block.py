"""The lines of a signature: complete, in order, and silent about what an older record never kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from lifecycle.rules.signature_block import signature_line, signature_lines
from lifecycle.vocabulary import Decision, Gate, Meaning, Role, Verification


@dataclass(frozen=True)
class Record:
    printed_name: str = "Ann"
    role: Role = Role.APPROVER
    gate: Gate = Gate.LAUNCH
    on_behalf_of: str = "The board"
    decision: Decision = Decision.APPROVED
    stated: Meaning | None = Meaning.ACCEPTS_RISK
    statement: str = "At the Launch gate of “Orders”, Ann, Approver, approves this use."
    at: datetime = datetime(2030, 6, 15, 9, 5, 7, tzinfo=UTC)
    verified: Verification | None = Verification.PASSWORD
    digest: str = "0123456789abcdef" * 4


def test_lines_say_who_what_for_whom_when_and_how_it_is_known() -> None:
    assert signature_lines(Record()) == (
        ("Sentence signed", "At the Launch gate of “Orders”, Ann, Approver, approves this use."),
        ("Signed by", "Ann"),
        ("Role", "Approver, Launch gate"),
        ("On behalf of", "The board"),
        ("Decision", "Approved"),
        ("Meaning", "Accepts residual risk"),
        ("Time", "2030-06-15 09:05:07 UTC"),
        ("Signer known by", "Signed in, and entered the password again to sign"),
        ("Digest of what it covers", "0123456789abcdef" * 4),
    )


def test_one_line_shortens_the_digest_and_tells_a_later_name() -> None:
    assert signature_line(Record(), present_name="Anna") == (
        "Ann (now Anna), Approver · on behalf of The board · meaning: accepts residual risk · "
        "2030-06-15 09:05:07 UTC · password entered to sign · digest 0123456789abcdef…"
    )
    assert "now" not in signature_line(Record(), present_name="Ann")


def test_what_an_older_record_did_not_keep_is_left_out() -> None:
    older = replace(Record(), stated=None, verified=None, on_behalf_of="")
    labels = [label for label, _ in signature_lines(older)]
    assert labels == [
        "Sentence signed",
        "Signed by",
        "Role",
        "Decision",
        "Time",
        "Digest of what it covers",
    ]
