"""Checks first enforced at Model: results, the test they come from, and who validated."""

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
    need_all,
)
from lifecycle.rules.checks.naming import listed, row_name
from lifecycle.rules.checks.origin import model_is_bought
from lifecycle.rules.checks.reading import PASSES, Reading, Verdict, cannot_tell, fails, fails_if, rule
from lifecycle.rules.checks.scores import best, is_worse, on_agreed_metric
from lifecycle.vocabulary import Person, plain_number

# The tier whose light track asks model validation for nothing.
TIER_WITHOUT_VALIDATION: Final = 1
# M16: the first half of a test's slug is its section.
TEST_SECTIONS: Final = ("data", "model", "infrastructure", "monitoring")


def section_word(section: str) -> str:
    """A section of the production test as it stands in a sentence."""
    return {
        "data": say("data"),
        "model": say("model"),
        "infrastructure": say("infrastructure"),
        "monitoring": say("monitoring"),
    }[section]


# ---------------------------------------------------------------- results against the agreed mark


@rule("C36", "below")
@applies("F04")
def result_reaches_the_minimum(reading: Reading) -> Verdict:
    rows = reading.need_rows("M03")
    if not rows:
        return PASSES  # the branch for a number that is not there speaks
    metric, minimum, direction = need_all(reading, ("F04", "metric"), ("F04", "value"), ("F04", "direction"))
    values = [row["value"] for row in on_agreed_metric(reading, rows) if row.get("value") is not None]
    if not values:
        return cannot_tell("M03")
    value = best(values, direction)
    if not is_worse(value, minimum, direction):
        return PASSES
    return fails(metric=metric, value=plain_number(value), minimum=plain_number(minimum))


@rule("C36", "no_minimum")
def minimum_is_a_number(reading: Reading) -> Verdict:
    return fails_when({"F04": lacks(reading, "F04", "value")})


@rule("C36", "no_result")
def result_is_a_number(reading: Reading) -> Verdict:
    """A row whose value is not filled in yet is an open question, not a missing result."""
    rows = reading.need_rows("M03")
    if not rows:
        return fails()
    return PASSES if any(row.get("value") is not None for row in rows) else cannot_tell("M03")


@rule("C37", "metric")
@applies("F04", "M03")
def reported_metric_is_the_agreed_one(reading: Reading) -> Verdict:
    rows = reading.need_rows("M03")
    if not rows:
        return PASSES
    agreed = reading.need("F04", "metric")
    if on_agreed_metric(reading, rows):
        return PASSES
    return fails(agreed=agreed, reported=listed(dict.fromkeys(row_name(reading, "M03", row) for row in rows)))


@rule("C37", "why")
def metric_should_move_the_business(reading: Reading) -> Verdict:
    return fails_when({"M09": lacks(reading, "M09", "why")})


@rule("C43", "response")
@applies("M08", "R04")
def measured_response_keeps_its_limit(reading: Reading) -> Verdict:
    measured, limit = need_all(reading, ("M08", "response"), ("R04", ONLY))
    return fails(measured=plain_number(measured), limit=plain_number(limit)) if measured > limit else PASSES


@rule("C43", "cost")
@applies("M08", "R07")
def measured_cost_keeps_its_limit(reading: Reading) -> Verdict:
    measured, limit = need_all(reading, ("M08", "cost"), ("R07", ONLY))
    above = exceeds(measured, limit)
    if above is None:
        return cannot_tell("M08", "R07")
    return fails(measured=measured, limit=limit) if above else PASSES


# ---------------------------------------------------------------- is the test a fair one


@rule("C38", "random")
def forecast_is_not_split_at_random(reading: Reading) -> Verdict:
    return fails_when({"M04": is_among(reading, "M04", "split", ("random",)), "R01": _looks_ahead(reading)})


@rule("C38", "backward")
@applies("M04")
def test_comes_after_training(reading: Reading) -> Verdict:
    """Asked of every split by time, and of any split where the model forecasts or follows behaviour."""
    start, end = reading.value("M04", "test_start"), reading.value("M04", "training_end")
    backward = start <= end if start and end else None
    by_time = either(is_among(reading, "M04", "split", ("time",)), _looks_ahead(reading))
    return fails_when({"M04": backward, "R01": by_time}, start=start, end=end)


def _looks_ahead(reading: Reading) -> bool | None:
    ahead = holds(reading, "D14", "horizon", lambda horizon: horizon.days > 0)
    return either(is_yes(reading, "R01", "forecasts_behaviour"), ahead)


@rule("C68")
def training_and_live_inputs_agree(reading: Reading) -> Verdict:
    different = is_no(reading, "M18", "same_code")
    return fails_when({"M18": both(different, is_no(reading, "M18", "sample_compared"))})


@rule("C75", "own_model")
@applies("M03")
def result_comes_from_the_place_of_use(reading: Reading) -> Verdict:
    """A bought model is the other branch's, which is graver."""
    if model_is_bought(reading):
        return PASSES
    return fails_when({"M03": _is_measured_elsewhere(reading)})


@rule("C75", "bought_model")
@applies("M03")
def bought_model_is_measured_here(reading: Reading) -> Verdict:
    return fails_when({"M03": _is_measured_elsewhere(reading), "M11": model_is_bought(reading)})


def _is_measured_elsewhere(reading: Reading) -> bool | None:
    rows = reading.rows("M03")
    if rows is None:
        return None
    return both(*(_negated(row.get("own_population")) for row in rows))


def _negated(answer: bool | None) -> bool | None:
    return None if answer is None else not answer


# ---------------------------------------------------------------- who validated, and what is still open


def _people(reading: Reading, part: str) -> list[Person]:
    rows = reading.need_rows("M15")
    return [row["person"] for row in rows if row.get("part") == part and row.get("person")]


@rule("C45", "developer")
@applies("M15")
def validator_did_not_build_it(reading: Reading) -> Verdict:
    developers = _people(reading, "developer")
    validators = _people(reading, "validator")
    judges = [validator for validator in validators if any(validator.is_same(each) for each in developers)]
    return fails_if([{"validator": str(validator)} for validator in judges])


@rule("C45", "nobody")
def somebody_validates(reading: Reading) -> Verdict:
    if reading.facts.tier == TIER_WITHOUT_VALIDATION:
        return PASSES
    rows = reading.rows("M15")
    nobody = None if rows is None else not any(row.get("part") == "validator" for row in rows)
    return fails_when({"M15": nobody})


@rule("C45", "dependent")
@applies("M15")
def a_validator_is_outside(reading: Reading) -> Verdict:
    validators = [row for row in reading.need_rows("M15") if row.get("part") == "validator"]
    lines = [row.get("reports_to") for row in validators]
    if not lines or "independent" in lines:
        return PASSES
    if None in lines:
        return cannot_tell("M15")
    return fails(validators=listed(str(row.get("person") or say("the validator")) for row in validators))


@rule("C63")
def grave_findings_are_dealt_with(reading: Reading) -> Verdict:
    rows = reading.need_rows("M14")
    grave = [row for row in rows if row.get("severity") == "high" and row.get("status") == "open"]
    return fails_if([{"finding": row_name(reading, "M14", row)} for row in grave])


# ---------------------------------------------------------------- the production test score


@rule("C60")
@applies("M16")
def weakest_tests_suffice(reading: Reading) -> Verdict:
    """Each of the four sections must reach what the tier asks; a test without an entry counts nothing."""
    scores = _section_scores(reading)
    weakest = min(scores, key=lambda section: scores[section])
    tier = reading.facts.tier
    asked = [reading.number(f"test_score_tier_{each}") for each in ([tier] if tier else [1, 2, 3, 4])]
    if scores[weakest] >= max(asked):
        return PASSES
    if scores[weakest] >= min(asked):
        return cannot_tell("R21")
    score, least = plain_number(scores[weakest]), plain_number(min(asked))
    return fails(section=section_word(weakest).capitalize(), score=score, asked=least)


def _section_scores(reading: Reading) -> dict[str, Decimal]:
    scores = dict.fromkeys(TEST_SECTIONS, Decimal(0))
    for row in reading.need_rows("M16"):
        section = str(row.get("test") or "").rsplit("_", 1)[0]
        if section in scores:
            scores[section] += Decimal(row.get("score") or 0)
    return scores
