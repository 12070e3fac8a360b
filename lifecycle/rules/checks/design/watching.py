"""Design checks on the monitoring plan and on retraining."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lifecycle.guide import ONLY
from lifecycle.language import say
from lifecycle.rules.checks.conditions import applies, fails_when, holds, is_yes, lacks, need_all
from lifecycle.rules.checks.naming import reference_to, row_name
from lifecycle.rules.checks.reading import PASSES, Reading, Verdict, cannot_tell, fails, fails_if, rule
from lifecycle.rules.checks.scores import is_worse, on_agreed_metric
from lifecycle.vocabulary import plain_number

Row = Mapping[str, Any]


def watching(rows: Iterable[Row], *what: str) -> list[Row]:
    """The monitoring rows that watch one of these."""
    return [row for row in rows if row.get("watches") in what]


def _rows_without(reading: Reading, column: str) -> Verdict:
    rows = [row for row in reading.need_rows("R13") if row.get(column) is None]
    return fails_if([{"metric": row_name(reading, "R13", row)} for row in rows])


@rule("C16")
def monitor_has_threshold(reading: Reading) -> Verdict:
    return _rows_without(reading, "threshold")


@rule("C17")
def monitor_has_owner(reading: Reading) -> Verdict:
    return _rows_without(reading, "owner")


@rule("C18")
def monitor_has_action(reading: Reading) -> Verdict:
    return _rows_without(reading, "action")


@rule("C19")
def business_metric_is_watched(reading: Reading) -> Verdict:
    """Nothing planned fails at once; otherwise the sentence needs the metric's name (D04)."""
    rows = reading.need_rows("R13")
    if watching(rows, "business", "proxy"):
        return PASSES
    metric = reading.value("D04")
    if rows and metric is None:
        return PASSES if reading.is_not_applicable("D04") else cannot_tell("D04")
    return fails(metric=metric or say("the business metric"))


@rule("C20")
@applies("F04", "R13")
def alarm_comes_before_the_minimum(reading: Reading) -> Verdict:
    rows = watching(reading.need_rows("R13"), "quality")
    if not rows:
        return PASSES
    _, minimum, direction = need_all(reading, ("F04", "metric"), ("F04", "value"), ("F04", "direction"))
    worse = "below" if direction == "higher" else "above"
    rows = [row for row in on_agreed_metric(reading, rows) if row.get("direction") in (None, worse)]
    findings = [
        {
            "metric": row_name(reading, "R13", row),
            "threshold": plain_number(row["threshold"]),
            "minimum": plain_number(minimum),
        }
        for row in rows
        if row.get("threshold") is not None and is_worse(row["threshold"], minimum, direction)
    ]
    return fails_if(findings, ["R13"] if any(row.get("threshold") is None for row in rows) else [])


@rule("C21")
@applies("D31", "R13")
def quality_is_seen_in_time(reading: Reading) -> Verdict:
    """A row on inputs or on a stand-in bridges the time until outcomes arrive."""
    rows = reading.need_rows("R13")
    quality = watching(rows, "quality")
    if not quality or watching(rows, "input", "proxy"):
        return PASSES
    after = reading.need("D31", "after")
    findings = [
        {"metric": row_name(reading, "R13", row), "after": after, "window": row["window"]}
        for row in quality
        if row.get("window") and after.days > row["window"].days
    ]
    return fails_if(findings, [] if all(row.get("window") for row in quality) else ["R13"])


@rule("C22")
@applies("D31", "R14")
def outcomes_exist_before_retraining(reading: Reading) -> Verdict:
    """Without an interval only a calendar can be too fast; the other triggers wait for an event."""
    if reading.value("R14", "interval") is None and reading.value("R14", "trigger") not in (None, "calendar"):
        return PASSES
    after, interval = need_all(reading, ("D31", "after"), ("R14", "interval"))
    return fails(after=after, interval=interval) if interval.days < after.days else PASSES


@rule("C62")
@applies("D32")
def expected_change_is_watched(reading: Reading) -> Verdict:
    changes = reading.need_rows("D32")
    if not changes:
        return PASSES
    covered = {reference for row in reading.need_rows("R13") for reference in row.get("covers") or ()}
    unseen = [row for row in changes if reference_to("D32", row) not in covered]
    return fails_if([{"change": row_name(reading, "D32", row)} for row in unseen])


@rule("C84", "row")
def overturned_outcomes_are_watched(reading: Reading) -> Verdict:
    rows = reading.rows("R13")
    unwatched = None if rows is None else not watching(rows, "overturned")
    return fails_when({"R23": holds(reading, "R23", "route", bool), "R13": unwatched})


@rule("C84", "live")
def few_outcomes_are_overturned(reading: Reading) -> Verdict:
    limit = reading.number("overturned_percent")
    share = reading.value("P20")
    above = holds(reading, "P20", ONLY, lambda percent: percent > limit)
    return fails_when(
        {"P20": above}, share=plain_number(share) if share is not None else "", limit=plain_number(limit)
    )


# ---------------------------------------------------------------- a sudden shift


def _follows_behaviour(reading: Reading) -> dict[str, bool | None]:
    return {"R01": is_yes(reading, "R01", "forecasts_behaviour")}


@rule("C90", "notice")
def shift_is_noticed(reading: Reading) -> Verdict:
    rows = reading.rows("R13")
    alarmed = [row for row in watching(rows or (), "input") if row.get("threshold") is not None]
    return fails_when({**_follows_behaviour(reading), "R13": None if rows is None else not alarmed})


@rule("C90", "adapt")
def shift_can_be_learned_fast(reading: Reading) -> Verdict:
    return fails_when({**_follows_behaviour(reading), "R14": lacks(reading, "R14", "emergency_time")})


@rule("C90", "meanwhile")
def shift_has_a_fallback(reading: Reading) -> Verdict:
    return fails_when({**_follows_behaviour(reading), "R12": lacks(reading, "R12", "kind")})
