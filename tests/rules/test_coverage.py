"""Which sign-offs rest on an answer: held, lost, seen again at a later gate, and those that never did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from lifecycle.rules.coverage import Covering, covering
from lifecycle.rules.project_facts import SignOffFact
from lifecycle.rules.signoffs import counting_sign_offs
from lifecycle.vocabulary import Act, Decision, Gate, Role
from tests.rules.building import facts, guide, sign_off

D, F = Gate.DISCOVERY, Gate.FEASIBILITY
PRIVACY, BUSINESS = Role.PRIVACY, Role.BUSINESS
JUNE = date(2030, 6, 1)


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


@pytest.mark.parametrize(
    ("tier", "expected"),
    [
        ("3", [(False, "")]),  # one person approves: their newest decision counts
        ("4", [(True, "Una"), (False, "Vic")]),
    ],
)
def test_each_of_several_approvers_counts_and_is_named(tier: str, expected: list[tuple[bool, str]]) -> None:
    model, validation = Gate.MODEL, Role.VALIDATION
    made = [
        sign_off(model, validation, {"M03": content}, id=number, person_key=name, printed_name=name, on=on)
        for number, (name, content, on) in enumerate(
            (("Vic", "first", JUNE), ("Una", "now", JUNE), ("Vic", "then", JUNE + timedelta(days=1))), start=1
        )
    ]
    project = replace(facts(D33=tier), sign_offs=tuple(made))
    found = covering(counting_sign_offs(project, guide()), guide(), "M03", "now")
    assert sorted((one.holds, one.person) for one in found) == sorted(expected)
