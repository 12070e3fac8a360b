"""Sentences above the charts: what they show today, in the right number."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from lifecycle.queries.portfolio_overview import Overview, RoleWait, StageCount, Stuck
from lifecycle.ui.views import portfolio_words as words
from lifecycle.vocabulary import Level, ProjectStatus, Role, Stage
from tests.clock import START


def stages(**counts: int) -> tuple[StageCount, ...]:
    def count(stage: Stage | None) -> StageCount:
        number = counts.get(stage.value if stage else "unmapped", 0)
        kinds = dict.fromkeys(ProjectStatus, 0) | {ProjectStatus.ACTIVE: number}
        return StageCount(stage, kinds, 0)

    return tuple(count(stage) for stage in (*Stage, None))


NOTHING = Overview(
    as_of=START.date(), total=0, organisations=0, stages=stages(), levels=dict.fromkeys(Level, 0),
    waits=(), causes={}, stuck=None, not_assessed=0, over=0,
)  # fmt: skip
STUCK = Stuck("basket", "Basket", START - timedelta(days=41), "The answer comes too late.")
ONE = replace(NOTHING, total=1, levels=NOTHING.levels | {Level.BLOCKED: 1}, stuck=STUCK)
MANY = replace(
    NOTHING,
    total=14,
    levels=NOTHING.levels | {Level.BLOCKED: 3, Level.WAITING: 2, Level.READY: 1, Level.PASSED: 1},
    stuck=STUCK,
    not_assessed=6,
    over=1,
    waits=(
        RoleWait(Role.LEGAL, 1, START - timedelta(days=50), "churn", "Churn"),
        RoleWait(Role.BUSINESS, 3, START - timedelta(days=2), "basket", "Basket"),
    ),
    causes={"privacy": 4, "answers": 2},
)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (NOTHING, "No project matches."),
        (
            replace(NOTHING, total=1, not_assessed=1),
            "1 project comes from a register and is not assessed here yet.",
        ),
        (replace(NOTHING, total=2, over=2), "2 projects, all of them stopped or retired."),
        (
            ONE,
            "Of 1 running project, 1 is blocked, 0 wait for nothing but sign-offs and 0 are ready for the gate "
            "ahead. Stuck longest: Basket, blocked for 41 days.",
        ),
        (
            MANY,
            "Of 7 running projects, 3 are blocked, 2 wait for nothing but sign-offs and 2 are ready for the gate "
            "ahead. Stuck longest: Basket, blocked for 41 days. 6 more come from registers, not assessed here.",
        ),
    ],
)
def test_headline_says_what_is_ready_and_what_is_stuck(found: Overview, said: str) -> None:
    assert words.headline(found, START) == said


def test_roles_sentence_names_the_most_wanted_and_the_longest_wait() -> None:
    assert words.roles_sentence(MANY, START) == (
        "3 of 7 running projects wait for the business owner; the longest wait is Churn’s for legal, for 50 days."
    )
    only = replace(MANY, waits=MANY.waits[1:])
    assert words.roles_sentence(only, START) == (
        "3 of 7 running projects wait for the business owner, Basket the longest, for 2 days."
    )
    assert words.roles_sentence(replace(MANY, waits=()), START).startswith("Nobody is being waited for")


def test_causes_sentence_names_the_first_cause() -> None:
    assert words.causes_sentence(MANY) == (
        "4 of 7 running projects lack a sign-off by privacy: more than are held up by anything else."
    )
    assert words.causes_sentence(NOTHING) == "Nothing stands in the way of any running project."


def test_funnel_sentence_counts_every_stage_and_what_nobody_has_placed() -> None:
    found = replace(
        NOTHING, stages=stages(discovery=29, feasibility=370, model=404, production=1321, unmapped=9)
    )
    assert words.funnel_sentence(found) == (
        "29 in Discovery, 370 in Feasibility, 0 in Design & Requirements, 404 in Model & Development and 1,321 in "
        "Production. 9 projects with a stage word that nobody has placed yet."
    )


def test_wait_that_began_today_is_told_as_such() -> None:
    assert words.waited(START, START + timedelta(hours=3)) == "since today"
    assert words.waited(START - timedelta(days=1), START) == "for 1 day"
