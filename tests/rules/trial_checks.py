"""Checks made for a test, with rules that say what the test wants: evaluation seen apart from the 99."""

from __future__ import annotations

import pytest

from lifecycle.guide import BranchSpec, CheckSpec, Guide
from lifecycle.rules.checks.reading import PASSES, RULES, Verdict, cannot_tell, fails
from lifecycle.vocabulary import Gate, Role, Severity
from tests.rules.worksheets import guide_with

FAILS = fails(what="two reasons")
UNKNOWN = cannot_tell("D14", "X05@1")
NAMES = {"passes": PASSES, "fails": FAILS, "unknown": UNKNOWN}


def trial_check(
    enforced: dict[Gate, Severity],
    *,
    check_id: str = "T01",
    reads: tuple[str, ...] = ("D14", "X05"),
    message: str = "There are {what}.",
) -> CheckSpec:
    branch = BranchSpec(enforced=enforced, message=message)
    return CheckSpec(id=check_id, title="A trial", reads=reads, waived_by=Role.BUSINESS, branches=(branch,))


def trial(
    patch: pytest.MonkeyPatch,
    verdict: Verdict,
    severity: Severity = Severity.BLOCK,
    gate: Gate = Gate.DESIGN,
    check_id: str = "T01",
) -> Guide:
    """A guide whose only check gives this verdict, at this severity from this gate on."""
    patch.setitem(RULES, (check_id, "main"), lambda reading: verdict)
    return guide_with(trial_check({gate: severity}, check_id=check_id))
