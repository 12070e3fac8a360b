"""The table of messages: it knows every event that is told of, and its templates name only what is filled in."""

from __future__ import annotations

from string import Formatter

import pytest

from lifecycle.events import TOLD
from lifecycle.facts.standing import GONE_STALE
from lifecycle.rules.messages import TELLINGS, TITLES, tellings
from lifecycle.vocabulary import Decision

FILLED_IN = {
    "project",
    "gate",
    "role",
    "who",
    "person",
    "former",
    "act",
    "decision",
    "outcome",
    "proposed",
    "what",
    "due",
    "when",
}


def test_every_event_that_is_told_of_has_words_and_the_other_way_round() -> None:
    brought_by_monitors = {
        *("trigger.fired", "trigger.silent", "retraining.called", "incident.waits", "incident.waits_long")
    }
    brought_by_dates = {
        kind for kind in TELLINGS if kind.partition(".")[2].startswith(("due_", "over", "late_"))
    }
    assert set(TELLINGS) == {action.value for action in TOLD} | brought_by_dates | brought_by_monitors | {
        GONE_STALE,
        "waiver.near_expiry",
        "agreement.ends",
        "change.expected",
        "operate_review.due",
    }


@pytest.mark.parametrize("kind", TELLINGS)
def test_templates_name_only_what_is_filled_in_and_each_kind_once(kind: str) -> None:
    told = TELLINGS[kind]
    assert len({telling.kind for telling in told}) == len(told), "a notice is found again by its kind"
    for telling in told:
        assert telling.kind in TITLES
        for template in (telling.title, telling.lead):
            assert {name for _, name, _, _ in Formatter().parse(template) if name} <= FILLED_IN, template


@pytest.mark.parametrize(
    ("decision", "expected"),
    [
        (Decision.APPROVED, ["sign_off.recorded"]),
        (Decision.APPROVED_WITH_CONDITIONS, ["sign_off.recorded", "condition.given"]),
        (Decision.OPINION, ["sign_off.recorded"]),
        (Decision.CHANGES_REQUESTED, ["changes.requested"]),
        (Decision.REJECTED, ["sign_off.rejected"]),
    ],
)
def test_a_decision_is_told_in_its_own_words(decision: Decision, expected: list[str]) -> None:
    assert [told.kind for told in tellings("sign_off.recorded", {"decision": decision.value})] == expected


def test_nobody_is_told_of_what_is_not_in_the_table() -> None:
    assert tellings("answer.saved", {}) == ()
