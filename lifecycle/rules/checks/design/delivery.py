"""Design checks on the output, how it is served, and how it reaches the people and systems that use it."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from lifecycle.guide import ONLY
from lifecycle.language import say
from lifecycle.rules.checks.conditions import applies, fails_when, holds, is_among, lacks, need_all
from lifecycle.rules.checks.naming import listed, name_of, reference_to, row_name
from lifecycle.rules.checks.reading import (
    PASSES,
    Missing,
    Reading,
    Verdict,
    cannot_tell,
    fails,
    fails_if,
    rule,
)
from lifecycle.vocabulary import Duration, plain_number

PROMPT_NEEDS: Final = ("on_the_spot", "minutes")
PATIENT_NEEDS: Final = ("weekly", "monthly")


@rule("C03")
@applies("D19", "R03")
def answer_is_there_when_asked(reading: Reading) -> Verdict:
    need, mode = reading.value("D19", "need"), reading.value("R03", "mode")
    if need not in (None, *PROMPT_NEEDS) or mode not in (None, "batch"):
        return PASSES
    need, _, interval = need_all(reading, ("D19", "need"), ("R03", "mode"), ("R03", "interval"))
    limit = reading.value("D19", "within") or _longest_wait(reading, need)
    if interval.days <= limit.days:
        return PASSES
    return fails(need=reading.label("D19", "need").lower(), limit=limit, interval=interval)


def _longest_wait(reading: Reading, need: str) -> Duration:
    """What a need means where nobody said "at the latest within"; the figures are ours."""
    return Duration(reading.number(f"longest_wait_{need}"), "minutes")


@rule("C04")
def live_service_is_needed(reading: Reading) -> Verdict:
    patient = is_among(reading, "D19", "need", PATIENT_NEEDS)
    live = is_among(reading, "R03", "mode", ("service",))
    return fails_when({"D19": patient, "R03": live}, need=reading.label("D19", "need").lower())


@rule("C06")
@applies("R01", "D17")
def consumers_take_the_form(reading: Reading) -> Verdict:
    form = reading.need("R01", "form")
    rows = reading.need_rows("D17")
    findings = [
        {
            "consumer": name_of(reading, row.get("consumer")),
            "accepted": listed(reading.label("D17", "forms", taken).lower() for taken in row["forms"]),
            "form": reading.label("R01", "form").lower(),
        }
        for row in rows
        if row.get("forms") and form not in row["forms"]
    ]
    told = {row.get("consumer") for row in rows if row.get("forms")}
    untold = [row for row in reading.rows("D16") or () if reference_to("D16", row) not in told]
    return fails_if(findings, ["D17"] if untold or not all(row.get("forms") for row in rows) else [])


@rule("C08")
def score_has_operating_point(reading: Reading) -> Verdict:
    return fails_when(
        {
            "R01": is_among(reading, "R01", "kind", ("probability", "number")),
            "D03": holds(reading, "D03", ONLY, bool),
            "R08": lacks(reading, "R08", "point"),
        },
        kind=reading.label("R01", "kind").lower(),
    )


@rule("C09", "owner")
@applies("D22")
def target_has_interface_owner(reading: Reading) -> Verdict:
    owned = {row.get("consumer") for row in reading.rows("R02") or () if row.get("owner")}
    orphans = [row for row in reading.need_rows("D22") if reference_to("D22", row) not in owned]
    if orphans and reading.rows("R02") is None:
        return cannot_tell("R02")
    return fails_if([{"system": row_name(reading, "D22", row)} for row in orphans])


@rule("C09", "window")
@applies("D22", "D37")
def target_can_change_in_time(reading: Reading) -> Verdict:
    rows = reading.need_rows("D22")
    if not rows:
        return PASSES
    go_live = reading.need("D37")
    late = [row for row in rows if row.get("change_window") and row["change_window"] > go_live]
    findings = [
        {"system": row_name(reading, "D22", row), "window": row["change_window"], "go_live": go_live}
        for row in late
    ]
    return fails_if(findings, [] if all(row.get("change_window") for row in rows) else ["D22"])


@rule("C10", "volume")
def promised_api_has_volume(reading: Reading) -> Verdict:
    return fails_when(
        {"D23": is_among(reading, "D23", ONLY, ("yes",)), "R06": lacks(reading, "R06", "per_hour")}
    )


@rule("C10", "response")
def promised_api_has_response_limit(reading: Reading) -> Verdict:
    return fails_when({"D23": is_among(reading, "D23", ONLY, ("yes",)), "R04": lacks(reading, "R04")})


@rule("C11")
@applies("R06", "D02", "D19")
def volume_covers_the_users(reading: Reading) -> Verdict:
    """A month's least uses of all users, spread over its working hours, against the planned volume."""
    planned, need = need_all(reading, ("R06", "per_hour"), ("D19", "need"))
    rows = [row for row in reading.need_rows("D02") if row.get("relation") != "affected"]
    users = sum((row["count"] for row in rows if row.get("count") is not None), Decimal(0))
    implied = users * reading.number(f"monthly_uses_{need}") / reading.number("working_hours_month")
    if planned < implied:
        shown = plain_number(implied.quantize(Decimal("0.1")))
        return fails(planned=plain_number(planned), users=plain_number(users), implied=shown)
    return fails_if([], ["D02"] if any(row.get("count") is None for row in rows) else [])


# ---------------------------------------------------------------- which mistake costs more


@rule("C40", "misses")
@applies("D10", "D11", "R08")
def dear_misses_are_avoided(reading: Reading) -> Verdict:
    if reading.value("R08", "prefer") not in (None, "precision"):
        return PASSES
    false_alarm, miss = _costs(reading)
    if miss <= 0 or miss < false_alarm * reading.number("cost_ratio"):
        return PASSES
    reading.need("R08", "prefer")
    return fails(_shown_costs(reading))


@rule("C40", "false_alarms")
@applies("D10", "D11", "R08")
def dear_false_alarms_are_avoided(reading: Reading) -> Verdict:
    if reading.value("R08", "prefer") not in (None, "recall"):
        return PASSES
    false_alarm, miss = _costs(reading)
    if false_alarm <= 0 or false_alarm < miss * reading.number("cost_ratio"):
        return PASSES
    reading.need("R08", "prefer")
    return fails(_shown_costs(reading))


def _costs(reading: Reading) -> tuple[Decimal, Decimal]:
    """False alarm and miss on one measure: money of one currency, else the scale from 1 to 5."""
    part = _common_measure(reading)
    values = (reading.value("D10", part), reading.value("D11", part))
    return values if part == "scale" else (values[0].amount, values[1].amount)


def _shown_costs(reading: Reading) -> dict[str, object]:
    part = _common_measure(reading)
    costs = {"false_alarm": reading.value("D10", part), "miss": reading.value("D11", part)}
    if part != "scale":
        return costs
    return {name: say("{points} of 5", points=points) for name, points in costs.items()}


def _common_measure(reading: Reading) -> str:
    false_alarm, miss = reading.value("D10", "amount"), reading.value("D11", "amount")
    if false_alarm and miss and false_alarm.currency == miss.currency:
        return "amount"
    scales = {field_id: reading.value(field_id, "scale") for field_id in ("D10", "D11")}
    lacking = [field_id for field_id, scale in scales.items() if scale is None]
    if lacking:
        raise Missing(*lacking)
    return "scale"
