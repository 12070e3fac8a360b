"""Which sign-offs rest on an answer: held, lost, seen again at a later gate, and those that never did."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from lifecycle.rules.coverage import Covering, covering
from lifecycle.rules.project_facts import SignOffFact
from lifecycle.vocabulary import Act, Decision, Gate, Role
from tests.rules.building import guide

D, F = Gate.DISCOVERY, Gate.FEASIBILITY
PRIVACY, BUSINESS = Role.PRIVACY, Role.BUSINESS


def signed(
    number: int,
    gate: Gate,
    role: Role,
    covered: Mapping[str, str],
    decision: Decision = Decision.APPROVED,
    act: Act = Act.APPROVE,
) -> SignOffFact:
    at = datetime(2030, 1, number, tzinfo=UTC)
    return SignOffFact(number, number, gate, role, act, "someone", "Someone", decision, at, covered)


@pytest.mark.parametrize(
    ("made", "key", "content", "expected"),
    [
        ([signed(1, D, PRIVACY, {"D25": "now"})], "D25", "now", [(D, PRIVACY, True)]),
        ([signed(1, D, PRIVACY, {"D25": "then"})], "D25", "now", [(D, PRIVACY, False)]),
        # nobody had answered it when it was signed: answering it now changes what was signed
        ([signed(1, D, PRIVACY, {"D25": ""})], "D25", "now", [(D, PRIVACY, False)]),
        ([signed(1, D, PRIVACY, {})], "D25", "", [(D, PRIVACY, True)]),
        # not of this role's business
        ([signed(1, D, PRIVACY, {"D25": "now"})], "D01", "now", []),
        ([signed(1, D, PRIVACY, {"X07@2": "now"})], "X07@2", "now", [(D, PRIVACY, True)]),
        # unfavourable and mere opinions hold nothing
        ([signed(1, D, PRIVACY, {"D25": "now"}, Decision.REJECTED)], "D25", "now", []),
        ([signed(1, D, PRIVACY, {"D25": "now"}, Decision.OPINION, Act.CONSULT)], "D25", "now", []),
        # only the newest decision of a role at a gate counts
        (
            [signed(1, D, PRIVACY, {"D25": "then"}), signed(2, D, PRIVACY, {"D25": "now"})],
            "D25",
            "now",
            [(D, PRIVACY, True)],
        ),
        (
            [signed(1, D, PRIVACY, {"D25": "now"}), signed(2, D, PRIVACY, {}, Decision.REJECTED)],
            "D25",
            "now",
            [],
        ),
        # a later gate of the same role has seen the new answer; another role's has not
        (
            [
                signed(1, D, PRIVACY, {"D25": "then"}),
                signed(2, D, BUSINESS, {"D25": "then"}),
                signed(3, F, PRIVACY, {"D25": "now"}),
            ],
            "D25",
            "now",
            [(D, BUSINESS, False), (F, PRIVACY, True)],
        ),
        (
            [signed(1, D, PRIVACY, {"D25": "now"}), signed(2, F, PRIVACY, {"D25": "now"})],
            "D25",
            "other",
            [(D, PRIVACY, False), (F, PRIVACY, False)],
        ),
    ],
)
def test_sign_offs_that_rest_on_an_answer(
    made: list[SignOffFact], key: str, content: str, expected: list[tuple[Gate, Role, bool]]
) -> None:
    assert covering(made, guide(), key, content) == tuple(Covering(*one) for one in expected)
