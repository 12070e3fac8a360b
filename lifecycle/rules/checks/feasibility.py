"""Checks first enforced at Feasibility: evidence, inputs and labels, permission, money, integration."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from lifecycle.guide import ONLY
from lifecycle.language import say
from lifecycle.rules.checks.baseline import baseline_is_within, is_better, unscored
from lifecycle.rules.checks.conditions import both, is_among, is_yes
from lifecycle.rules.checks.cost import bill, times
from lifecycle.rules.checks.grain import grain_unsaid, in_words, is_coarser
from lifecycle.rules.checks.known import goes_on, source_applies, unknown, unsaid
from lifecycle.rules.checks.labels import (
    difference_is_tested,
    difference_is_written,
    label_stands_in,
    labels_unsaid,
)
from lifecycle.rules.checks.reading import (
    PASSES,
    Reading,
    Verdict,
    cannot_tell,
    fails,
    fails_if,
    rule,
)
from lifecycle.rules.checks.stakes import is_hard_to_undo
from lifecycle.vocabulary import Money, plain_number

_MONTHS = Decimal(12)

# ---------------------------------------------------------------- evidence


@rule("C35")
def nothing_beats_today(reading: Reading) -> Verdict:
    """F05 no better than F03 while F18 goes on, with conditions or without. F04 says which way is better."""
    going = goes_on(reading)
    baseline, best = reading.value("F03", "score"), reading.value("F05", "value")
    if going is False or baseline is None or best is None:
        return PASSES  # a missing score is the other branch's finding
    better = is_better(reading, best, baseline)
    if better:
        return PASSES
    if going is None or better is None:
        return cannot_tell(*unknown(("F18", going), ("F04", better)))
    return fails(best=best, baseline=baseline)


@rule("C35", "no_score")
def go_without_scores(reading: Reading) -> Verdict:
    """F18 goes on while F03 or F05 is answered without a score, or held not to apply: no number is no pass.

    An open question cannot tell, which blocks the gate as well but accuses nobody (C85 is the one that does).
    """
    missing = unscored(reading)
    going = goes_on(reading)
    if going is False or not missing:
        return PASSES
    if going is None:
        return cannot_tell("F18")
    settled = tuple(field_id for field_id in missing if reading.is_known(field_id))
    if not settled:
        return cannot_tell(*missing)
    return fails(fields=("F18", *settled), unscored=_titles(reading, settled))


@rule("C85")
def plainest_method_unscored(reading: Reading) -> Verdict:
    """F18 goes on while F03 or F05 has no score for whatever reason; not being able to tell is a failure."""
    missing = unscored(reading)
    going = goes_on(reading)
    if going is False or not missing:
        return PASSES
    if going is None:
        return cannot_tell("F18")
    return fails(fields=("F18", *missing), unscored=_titles(reading, missing))


def _titles(reading: Reading, field_ids: tuple[str, ...]) -> str:
    return say(" and ").join(
        say("“{title}”", title=reading.guide.field(field_id).title) for field_id in field_ids
    )


@rule("C85", "last_value")
def last_value_not_compared(reading: Reading) -> Verdict:
    """A forecast whose outcome keeps coming in (D31) was never compared with the last known value."""
    baseline_known = is_among(reading, "F03", "baseline", ("last_value",))
    recurs = both(reading.applies("D31"), is_yes(reading, "R01", "forecasts_behaviour"))
    if baseline_known or recurs is False:
        return PASSES
    after = reading.need("D31", "after")
    if recurs is None or baseline_known is None:
        return cannot_tell(*unknown(("R01", recurs), ("F03", baseline_known)))
    return fails(after=after)


@rule("C85", "as_good")
def simpler_is_as_good(reading: Reading) -> Verdict:
    """The baseline of a result lies within the result's own interval."""
    return fails_if(
        [
            {
                "baseline": row["baseline"],
                "metric": row.get("metric") or say("The result"),
                "value": row["value"],
            }
            for row in reading.need_rows("M03")
            if baseline_is_within(row)
        ]
    )


@rule("C52")
def value_not_confirmed_again(reading: Reading) -> Verdict:
    changed = is_among(reading, "F17", "outcome", ("narrowed", "reframed"))
    confirmed = is_yes(reading, "F17", "reconfirmed")
    if changed is False or confirmed:
        return PASSES
    if changed is None or confirmed is None:
        return cannot_tell("F17")
    outcome = reading.label("F17", "outcome").lower()
    return fails(outcome=outcome, owner=reading.value("D28", "business") or say("the business owner"))


@rule("C61")
def history_too_short(reading: Reading) -> Verdict:
    """F10 shorter than the set number of horizons (D14)."""
    if not reading.applies("F10", "D14"):
        return PASSES
    history, horizon = reading.need("F10"), reading.need("D14", "horizon")
    if history.days >= horizon.days * reading.number("history_horizons"):
        return PASSES
    return fails(history=history, horizon=horizon)


# ---------------------------------------------------------------- inputs


@rule("C39", "input")
def input_not_there(reading: Reading) -> Verdict:
    return fails_if(
        [{"input": row.get("input") or say("An input")} for row in _inputs_with(reading, "not_available")],
        ["F09"] if any(row.get("problem") is None for row in reading.need_rows("F09")) else [],
    )


@rule("C39", "source")
def source_takes_another_route(reading: Reading) -> Verdict:
    """X06 = no for a source."""
    others = [{"source": source.name} for source, same in reading.each_source("X06") if same is False]
    return fails_if([*others], unsaid(reading, "X06"))


@rule("C86")
def input_after_the_fact(reading: Reading) -> Verdict:
    """An input that F09 or R18 calls after the fact. R18 is missed only once it is due, at Design."""
    missing = unknown(("F09", reading.rows("F09")), ("R18", reading.rows("R18")))
    if not reading.is_due("R18"):
        missing = [key for key in missing if key != "R18"]
    described = [row for row in reading.rows("R18") or () if row.get("after_the_fact")]
    late = [
        row.get("input") or say("An input") for row in (*_inputs_with(reading, "after_the_fact"), *described)
    ]
    return fails_if([{"input": name} for name in dict.fromkeys(late)], missing)


def _inputs_with(reading: Reading, problem: str) -> list[Mapping[str, Any]]:
    return [row for row in reading.rows("F09") or () if row.get("problem") == problem]


@rule("C88")
def inputs_unscorable(reading: Reading) -> Verdict:
    """A place of use in F20 where more than the set share of inputs could not be scored."""
    rows = reading.need_rows("F20")
    limit = reading.number("unscorable_percent")
    return fails_if(
        [
            {"place": row.get("place") or say("a place of use"), "share": row["share"], "limit": limit}
            for row in rows
            if row.get("share") is not None and row["share"] > limit
        ],
        ["F20"] if any(row.get("share") is None for row in rows) else [],
    )


@rule("C88", "untried")
def inputs_tried_nowhere(reading: Reading) -> Verdict:
    return PASSES if reading.need_rows("F20") else fails()


# ---------------------------------------------------------------- labels and grain


@rule("C76", "difference")
def label_difference_unwritten(reading: Reading) -> Verdict:
    """Labels other than the recorded outcome (F08), and no source writes down how they differ (X19)."""
    stands_in = label_stands_in(reading)
    if stands_in is False or difference_is_written(reading):
        return PASSES
    missing = [*unknown(("F08", stands_in)), *labels_unsaid(reading)]
    return cannot_tell(*missing) if missing else fails(label=reading.label("F08"))


@rule("C76", "independent")
def label_not_checked_independently(reading: Reading) -> Verdict:
    """Such labels for an effect that is hard to undo, and no group's result rests on another outcome (M05).

    A written difference that was tested (X19) is as good.
    """
    stands_in, grave = label_stands_in(reading), is_hard_to_undo(reading)
    rows = reading.rows("M05")
    compared = any(row.get("independent") for row in rows or ())
    if both(stands_in, grave) is False or compared or difference_is_tested(reading):
        return PASSES
    missing = [*unknown(("F08", stands_in), ("D13", grave), ("M05", rows)), *labels_unsaid(reading)]
    return cannot_tell(*missing) if missing else fails(label=reading.label("F08"))


@rule("C78")
def source_coarser_than_decision(reading: Reading) -> Verdict:
    """Coarser in unit or period (X22 against D39), and no approved way of spreading it is recorded."""
    if not reading.applies("D39"):
        return PASSES
    findings: list[Mapping[str, object]] = []
    missing: list[str] = []
    for source in reading.sources:
        coarser = is_coarser(reading, source)
        if coarser:
            findings.append(in_words(reading, source))
        elif coarser is None:
            missing += grain_unsaid(reading, source)
    return fails_if(findings, missing)


# ---------------------------------------------------------------- permission


@rule("C32")
def source_not_confirmed(reading: Reading) -> Verdict:
    """X08 of a source is anything but confirmed."""
    findings: list[Mapping[str, object]] = []
    for source, status in reading.each_source("X08", "status"):
        if status not in (None, "confirmed"):
            findings.append({"source": source.name, "status": reading.label("X08", "status", status).lower()})
    return fails_if(findings, unsaid(reading, "X08", "status"))


@rule("C32", "overall")
def purpose_not_confirmed(reading: Reading) -> Verdict:
    if not reading.applies("F12") or reading.need("F12") == "confirmed":
        return PASSES
    return fails(status=reading.label("F12").lower())


@rule("C83")
def authority_not_confirmed(reading: Reading) -> Verdict:
    """D42 yes, and the authority (D40) is in review or was not asked for."""
    adverse = is_yes(reading, "D42")
    unconfirmed = is_among(reading, "D40", ONLY, ("in_review", "not_asked"))
    at_risk = both(adverse, unconfirmed)
    if at_risk is None:
        return cannot_tell(*unknown(("D42", adverse), ("D40", unconfirmed)))
    return fails(authority=reading.label("D40").lower()) if at_risk else PASSES


@rule("C83", "advised_against")
def authority_advised_against(reading: Reading) -> Verdict:
    """Whether or not it leads to an adverse step."""
    if not reading.applies("D40"):
        return PASSES
    return fails() if reading.need("D40") == "advice_against" else PASSES


# ---------------------------------------------------------------- money and capacity


@rule("C42")
def running_cost_exceeds_worth(reading: Reading) -> Verdict:
    """12 x F15 + every X21 above D08."""
    if not reading.applies("F15", "D08"):
        return PASSES
    worth = reading.need("D08")
    items = {"F15": _running_cost(reading, _MONTHS)}
    for source, cost in reading.each_source("X21"):
        if source_applies(source, "X21"):
            items[f"X21@{source.id}"] = cost
    costs = bill(items, worth.currency)
    if costs.known.amount > worth.amount:
        return fails(cost=costs.known, worth=worth)
    return cannot_tell(*costs.unsure) if costs.unsure else PASSES


@rule("C91")
def building_and_running_exceed_return(reading: Reading) -> Verdict:
    """F16 + the set number of years of F15 above the same years of D08."""
    if not reading.applies("F15", "F16", "D08"):
        return PASSES
    years = reading.number("build_years")
    worth = times(reading.need("D08"), years)
    items = {"F16": reading.value("F16", "cost"), "F15": _running_cost(reading, years * _MONTHS)}
    costs = bill(items, worth.currency)
    if costs.known.amount > worth.amount:
        return fails(cost=costs.known, worth=worth, years=years)
    return cannot_tell(*costs.unsure) if costs.unsure else PASSES


def _running_cost(reading: Reading, months: Decimal) -> Money | None:
    monthly = reading.value("F15")
    return None if monthly is None else times(monthly, months)


@rule("C91", "uncosted")
def go_without_build_cost(reading: Reading) -> Verdict:
    """F18 goes on while F16 names no cost."""
    going = goes_on(reading)
    if going is False or reading.value("F16", "cost") is not None:
        return PASSES
    return cannot_tell("F18") if going is None else fails()


@rule("C77", "unsaid")
def capacity_unsaid(reading: Reading) -> Verdict:
    """D38 found not applicable reads as no capacity; unanswered is a question still open."""
    if not reading.applies("D38"):
        return fails()
    reading.need("D38")
    return PASSES


@rule("C77")
def more_cases_than_capacity(reading: Reading) -> Verdict:
    if not reading.applies("R29", "D38"):
        return PASSES
    cases, capacity = reading.value("R29"), reading.value("D38")
    if cases is None or capacity is None:
        return cannot_tell(*unknown(("R29", cases), ("D38", capacity)))
    return fails(cases=plain_number(cases), capacity=plain_number(capacity)) if cases > capacity else PASSES


# ---------------------------------------------------------------- systems and consumers


@rule("C59", "no_record")
def system_without_record(reading: Reading) -> Verdict:
    """A row of D21 that points at no data source, or at one that is gone."""
    known = {f"source/{source.id}" for source in reading.sources}
    return fails_if(
        [
            {"system": row.get("name") or say("A system without a name")}
            for row in reading.need_rows("D21")
            if row.get("source") not in known
        ]
    )


@rule("C59", "not_listed")
def source_not_listed(reading: Reading) -> Verdict:
    """A data source that no row of D21 points at."""
    if not reading.sources:
        return PASSES
    listed = {row.get("source") for row in reading.need_rows("D21")}
    return fails_if(
        [{"source": source.name} for source in reading.sources if f"source/{source.id}" not in listed]
    )


@rule("C67")
def writing_never_tried(reading: Reading) -> Verdict:
    """A system of D22 without a spike in F14."""
    systems = reading.need_rows("D22")
    if not systems:
        return PASSES
    tried = {row.get("system") for row in reading.need_rows("F14") if row.get("done")}
    return fails_if(
        [
            {"system": row.get("name") or say("a system without a name")}
            for row in systems
            if f"D22/{row['id']}" not in tried
        ]
    )


@rule("C67", "successor")
def successor_never_tried(reading: Reading) -> Verdict:
    """A system of D21 that D32 expects to change, without a spike on its successor in F14."""
    changing = dict.fromkeys(
        row["system"] for row in reading.need_rows("D32") if (row.get("system") or "").startswith("D21/")
    )
    if not changing:
        return PASSES
    tried = {row.get("system") for row in reading.need_rows("F14") if row.get("successor")}
    systems = ((key, reading.row(key)) for key in changing if key not in tried)
    return fails_if([{"system": row.get("name") or say("a system")} for _, row in systems if row is not None])


@rule("C98")
def consumer_not_committed(reading: Reading) -> Verdict:
    """A consumer outside the organisation (D16) for whom R02 names nobody who accepted."""
    consumers = reading.need_rows("D16")
    outside = [row for row in consumers if row.get("outside")]
    unsure = ["D16"] if any(row.get("outside") is None for row in consumers) else []
    if not outside:
        return fails_if([], unsure)
    accepted = {row.get("consumer") for row in reading.need_rows("R02") if row.get("accepted_by")}
    return fails_if(
        [
            {"consumer": row.get("name") or say("A consumer without a name")}
            for row in outside
            if f"D16/{row['id']}" not in accepted
        ],
        unsure,
    )
