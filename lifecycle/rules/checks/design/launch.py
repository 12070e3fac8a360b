"""Design checks on the way to launch: privacy assessment, reviews, risk tier, staging and money."""

from __future__ import annotations

from typing import Final

from lifecycle.guide import ONLY
from lifecycle.rules.checks.conditions import (
    applies,
    both,
    either,
    fails_when,
    holds,
    is_among,
    is_yes,
    lacks,
    need_all,
)
from lifecycle.rules.checks.naming import listed
from lifecycle.rules.checks.reading import PASSES, Reading, Verdict, fails, rule
from lifecycle.rules.checks.signed import roles_still_to_sign, valid_sign_offs
from lifecycle.rules.checks.stakes import (
    affects_outsiders,
    decides,
    decides_alone,
    has_tier_from,
    is_hard_to_undo,
)
from lifecycle.rules.dates import months_after
from lifecycle.vocabulary import Gate, Role

TIER_THAT_MUST_STAGE: Final = 3


@rule("C30")
def privacy_assessment_is_under_way(reading: Reading) -> Verdict:
    """A start or an end date is a plan; "not needed" is none and stands only with privacy's own sign-off."""
    if _privacy_has_signed(reading):
        return PASSES
    return fails_when({"D25": is_yes(reading, "D25", "personal"), "R24": _has_no_dated_plan(reading)})


def _has_no_dated_plan(reading: Reading) -> bool | None:
    if not reading.is_known("R24"):
        return None
    dated = reading.value("R24", "started") or reading.value("R24", "expected_end")
    return reading.value("R24", "needed") is False or not dated


def _privacy_has_signed(reading: Reading) -> bool:
    """At Design; an assessment that is not needed was already a matter of the earlier gates."""
    gates = [Gate.DESIGN]
    if reading.value("R24", "needed") is False:
        gates = [Gate.DISCOVERY, Gate.FEASIBILITY, Gate.DESIGN]
    return any(valid_sign_offs(reading, gate, Role.PRIVACY) for gate in gates)


@rule("C31")
@applies("R24", "D37")
def privacy_assessment_ends_before_go_live(reading: Reading) -> Verdict:
    if reading.value("R24", "needed") is False:
        return PASSES
    end, go_live = need_all(reading, ("R24", "expected_end"), ("D37", ONLY))
    return fails(end=end, go_live=go_live) if end > go_live else PASSES


@rule("C53")
@applies("D37")
def reviews_fit_before_go_live(reading: Reading) -> Verdict:
    """Each role that has still to sign counts once, with its lead time in the sign-off policy."""
    roles = () if reading.facts.live_since else roles_still_to_sign(reading)
    if not roles:
        return PASSES
    needed = sum(reading.guide.policy.lead_days.get(role, 0) for role in roles)
    left = (reading.need("D37") - reading.today).days
    if needed <= left:
        return PASSES
    return fails(roles=listed(role.title for role in roles), needed=needed, left=max(left, 0))


@rule("C66")
@applies("R21", "D33")
def lower_tier_is_explained(reading: Reading) -> Verdict:
    confirmed, provisional = reading.value("R21", "tier"), reading.value("D33")
    if reading.value("R21", "why"):
        return PASSES
    confirmed, provisional = need_all(reading, ("R21", "tier"), ("D33", ONLY))
    fell = int(confirmed) < int(provisional)
    return fails(provisional=provisional, confirmed=confirmed) if fell else PASSES


# ---------------------------------------------------------------- the first day


@rule("C93", "everyone")
def first_test_is_not_on_everyone(reading: Reading) -> Verdict:
    return fails_when(_hits_everyone(reading))


@rule("C93", "high_tier")
def high_tier_is_launched_in_steps(reading: Reading) -> Verdict:
    high = has_tier_from(reading, TIER_THAT_MUST_STAGE)
    return fails_when({**_hits_everyone(reading), "R21": high}, tier=reading.facts.tier)


def _hits_everyone(reading: Reading) -> dict[str, bool | None]:
    unguarded = both(affects_outsiders(reading), _is_seen_unreviewed(reading))
    return {
        "R19": is_among(reading, "R19", "way", ("all_at_once",)),
        "D13": either(is_hard_to_undo(reading), unguarded),
    }


def _is_seen_unreviewed(reading: Reading) -> bool | None:
    """The output reaches customers or the public, or takes effect, before a named person has looked at it."""
    if reading.value("R09", "reviewer") and decides_alone(reading) is False:
        return False
    return either(decides(reading), _is_shown_to_outsiders(reading))


def _is_shown_to_outsiders(reading: Reading) -> bool | None:
    rows = reading.rows("D16")
    if rows is None:
        return None
    shown = [True if row.get("kind") == "public" else row.get("customer_facing") for row in rows]
    return either(*shown)


# ---------------------------------------------------------------- money after go-live


@rule("C99", "ends")
@applies("P17", "D37")
def funding_outlasts_go_live(reading: Reading) -> Verdict:
    if _costs_to_run(reading) is False:
        return PASSES
    end, go_live = need_all(reading, ("P17", "funding_end"), ("D37", ONLY))
    least = months_after(go_live, int(reading.number("funding_months_after_live")))
    return fails(end=end, go_live=go_live) if end < least else PASSES


@rule("C99", "payer")
def running_has_a_budget(reading: Reading) -> Verdict:
    return fails_when(
        {"F15": _costs_to_run(reading), "P17": lacks(reading, "P17", "budget_owner")},
        cost=reading.value("F15"),
    )


def _costs_to_run(reading: Reading) -> bool | None:
    return holds(reading, "F15", ONLY, lambda cost: cost.amount > 0)
