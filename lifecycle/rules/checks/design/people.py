"""Design checks on people: who decides, who checks, who is affected and treated how, and who must learn."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from lifecycle.guide import ONLY
from lifecycle.language import say
from lifecycle.rules.checks.amounts import exceeds
from lifecycle.rules.checks.conditions import (
    applies,
    both,
    either,
    fails_when,
    holds,
    is_among,
    is_no,
    is_yes,
    lacks,
    lacks_rows,
)
from lifecycle.rules.checks.naming import reference_to, row_name
from lifecycle.rules.checks.reading import PASSES, Reading, Verdict, cannot_tell, fails_if, rule
from lifecycle.rules.checks.stakes import (
    affects_outsiders,
    decides,
    decides_alone,
    has_tier_from,
    is_hard_to_undo,
)
from lifecycle.vocabulary import plain_number

TIER_WITH_A_PERSON_DECIDING: Final = 3
TIER_WITH_GROUPS: Final = 2
# D30: what a missing or wrong output leads to where it commits neither money nor a physical act
HARMLESS_EFFECTS: Final = ("none", "delay", "by_hand")


# ---------------------------------------------------------------- who decides, who checks


@rule("C23")
def automatic_decision_has_fallback(reading: Reading) -> Verdict:
    return fails_when({"D12": decides_alone(reading), "R12": lacks(reading, "R12", "kind")})


@rule("C24")
def person_decides_at_high_tier(reading: Reading) -> Verdict:
    high = has_tier_from(reading, TIER_WITH_A_PERSON_DECIDING)
    return fails_when({"D12": decides_alone(reading), "R21": high}, tier=reading.facts.tier)


@rule("C26")
def override_leaves_a_trace(reading: Reading) -> Verdict:
    """Once live, what was observed (P13) goes before what was planned (R09)."""
    observed = reading.value("P13", "logged")
    unlogged = is_no(reading, "R09", "logged") if observed is None else not observed
    happened = (reading.value("P13", "override") or 0) > 0
    allowed = True if happened else is_yes(reading, "R09", "override")
    return fails_when({"R09": both(allowed, unlogged)})


@rule("C80", "time")
def reviewer_has_time(reading: Reading) -> Verdict:
    available, needed = reading.value("R28", "available"), reading.value("R28", "needed")
    hurried = available.days < needed.days if available and needed else _unless_not_applicable(reading, "R28")
    return fails_when(
        {"R09": is_yes(reading, "R09", "override"), "R28": hurried}, available=available, needed=needed
    )


@rule("C80", "reasons")
def reviewer_sees_reasons(reading: Reading) -> Verdict:
    blind = is_no(reading, "R28", "reasons_shown")
    if blind is None and reading.value("R10", "method") == "none":
        blind = True
    return fails_when({"R09": is_yes(reading, "R09", "override"), "R28": blind})


@rule("C80", "targets")
def reviewer_may_disagree(reading: Reading) -> Verdict:
    pressed = is_yes(reading, "R28", "targets_reward_agreeing")
    return fails_when({"R09": is_yes(reading, "R09", "override"), "R28": pressed})


def _unless_not_applicable(reading: Reading, field_id: str) -> bool | None:
    return False if reading.is_not_applicable(field_id) else None


# ---------------------------------------------------------------- who is affected


@rule("C27")
def owed_reasons_can_be_given(reading: Reading) -> Verdict:
    return fails_when(
        {
            "D27": is_among(reading, "D27", ONLY, ("reasons_to_affected", "reasons_to_staff")),
            "M01": is_among(reading, "M01", "transparency", ("opaque",)),
            "R10": lacks(reading, "R10", "method"),
        },
        owed=reading.label("D27").lower(),
    )


@rule("C41", "unnamed")
def groups_are_named_where_it_matters(reading: Reading) -> Verdict:
    matters = either(is_hard_to_undo(reading), has_tier_from(reading, TIER_WITH_GROUPS))
    return fails_when(
        {"D13": affects_outsiders(reading), "R11": lacks_rows(reading, "R11"), "R21": matters},
        affected=reading.label("D13", "affected").lower(),
    )


@rule("C41", "unnamed_minor")
def groups_are_worth_naming(reading: Reading) -> Verdict:
    """The same where little is at stake; an unknown tier is no reason to keep the note back."""
    grave = True if has_tier_from(reading, TIER_WITH_GROUPS) else is_hard_to_undo(reading)
    minor = None if grave is None else not grave
    return fails_when(
        {"D13": both(affects_outsiders(reading), minor), "R11": lacks_rows(reading, "R11")},
        affected=reading.label("D13", "affected").lower(),
    )


@rule("C41", "gap")
@applies("R11", "M07")
def group_gap_is_allowed(reading: Reading) -> Verdict:
    """The largest gap measured must keep within every limit set, so the narrowest one decides."""
    rows = reading.need_rows("R11")
    limited = [row for row in rows if row.get("largest_gap") is not None]
    if not rows:
        return PASSES
    gap = reading.need("M07")
    narrowest = min(limited, key=lambda row: row["largest_gap"], default=None)
    if narrowest is None or gap <= narrowest["largest_gap"]:
        return fails_if([], ["R11"] if len(limited) < len(rows) else [])
    values = {"gap": plain_number(gap), "allowed": plain_number(narrowest["largest_gap"])}
    return fails_if([{**values, "group": row_name(reading, "R11", narrowest)}])


def _adverse_and_lasting(reading: Reading) -> dict[str, bool | None]:
    return {"D42": is_yes(reading, "D42"), "D13": is_hard_to_undo(reading)}


@rule("C73", "route")
def recourse_exists(reading: Reading) -> Verdict:
    return fails_when({**_adverse_and_lasting(reading), "R23": lacks(reading, "R23", "route")})


@rule("C73", "result")
def recourse_can_change_the_result(reading: Reading) -> Verdict:
    return fails_when({**_adverse_and_lasting(reading), "R23": is_no(reading, "R23", "can_change")})


@rule("C73", "effect")
def effect_waits_for_recourse(reading: Reading) -> Verdict:
    return fails_when({**_adverse_and_lasting(reading), "R23": is_no(reading, "R23", "effect_waits")})


@rule("C73", "silence")
def silence_does_not_count_against_anyone(reading: Reading) -> Verdict:
    return fails_when({**_adverse_and_lasting(reading), "R23": is_yes(reading, "R23", "silence_counts")})


# ---------------------------------------------------------------- what could go wrong


def _could_harm(reading: Reading) -> bool | None:
    return either(affects_outsiders(reading), is_hard_to_undo(reading))


@rule("C74", "unforeseen")
def hazards_are_foreseen(reading: Reading) -> Verdict:
    return fails_when({"D13": _could_harm(reading), "R26": lacks_rows(reading, "R26")})


@rule("C74", "untested")
@applies("R26")
def hazards_are_tried(reading: Reading) -> Verdict:
    scenarios, tests = reading.rows("R26"), reading.rows("M06")
    tried = {row.get("scenario") for row in tests or () if row.get("result")}
    untried = [row for row in scenarios or () if reference_to("R26", row) not in tried]
    harmful = _could_harm(reading)
    if harmful is False or (scenarios is not None and not untried):
        return PASSES
    known = {"D13": harmful, "R26": scenarios, "M06": tests}
    missing = [field_id for field_id, value in known.items() if value is None]
    if missing:
        return cannot_tell(*missing)
    return fails_if([{"scenario": row_name(reading, "R26", row)} for row in untried])


@rule("C79", "limit")
def exposure_has_a_limit(reading: Reading) -> Verdict:
    """A deciding output is taken to commit something, unless D30 says that nothing is lost or harmed."""
    commits = reading.value("D30", "effect") not in HARMLESS_EFFECTS
    return fails_when({"D12": decides(reading), "D30": commits, "R27": lacks(reading, "R27", "amount")})


@rule("C79", "live")
@applies("R27", "P15")
def exposure_keeps_its_limit(reading: Reading) -> Verdict:
    limit, reached = reading.value("R27", "amount"), reading.value("P15", "exposure")
    above = exceeds(reached, limit) if limit and reached else None
    unknown = "R27" if limit is None else "P15"
    return fails_when({"D12": decides(reading), unknown: above}, limit=limit, reached=reached)


@rule("C95")
@applies("D41")
def removed_control_is_replaced(reading: Reading) -> Verdict:
    removed = [row for row in reading.need_rows("D41") if row.get("change") == "switched_off"]
    gaps = [row for row in removed if not row.get("replacement") or not row.get("tried")]
    return fails_if([{"control": row_name(reading, "D41", row)} for row in gaps])


# ---------------------------------------------------------------- who must learn


def _has_people_to_train(reading: Reading) -> bool | None:
    return holds(reading, "D24", "people", lambda people: people > 0)


@rule("C44", "plan")
def training_is_planned(reading: Reading) -> Verdict:
    people = reading.value("D24", "people")
    return fails_when(
        {"D24": _has_people_to_train(reading), "R16": lacks_rows(reading, "R16")},
        people=plain_number(people) if people is not None else "",
    )


@rule("C44", "trained")
def people_are_trained(reading: Reading) -> Verdict:
    people = reading.value("D24", "people")
    trained = Decimal(0) if reading.is_not_applicable("P06") else reading.value("P06", "people")
    known = people is not None and trained is not None
    too_few = trained < people * reading.number("trained_share") if known else None
    return fails_when(
        {"D24": _has_people_to_train(reading), "P06": too_few},
        people=plain_number(people) if people is not None else "",
        trained=plain_number(trained) if trained else say("none"),
    )


@rule("C96")
@applies("R16")
def training_is_tested(reading: Reading) -> Verdict:
    rows = [
        row for row in reading.need_rows("R16") if row.get("people") != 0 and not row.get("pass_criterion")
    ]
    return fails_if([{"audience": row_name(reading, "R16", row)} for row in rows])
