"""Checks first enforced at Launch or Operate: is it ready, run as planned, still worth it?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from lifecycle.guide import ONLY
from lifecycle.rules.checks.amounts import exceeds
from lifecycle.rules.checks.conditions import (
    applies,
    either,
    fails_when,
    holds,
    is_among,
    lacks,
    lacks_rows,
    need_all,
)
from lifecycle.rules.checks.naming import listed, name_of, reference_to, row_name
from lifecycle.rules.checks.reading import PASSES, Reading, Verdict, cannot_tell, fails, fails_if, rule
from lifecycle.rules.checks.signed import valid_sign_offs
from lifecycle.rules.checks.stakes import decides, has_tier_from
from lifecycle.rules.dates import months_after
from lifecycle.vocabulary import Gate, Role, plain_number

TIER_WITH_RELEASE_CONTROL: Final = 3
TIERS: Final = (1, 2, 3, 4)


# ---------------------------------------------------------------- approval and conditions


@rule("C46")
def approver_may_approve(reading: Reading) -> Verdict:
    """The lowest level among those who signed and count, else the highest among the approvers named."""
    signed = [made.approval_level for made in valid_sign_offs(reading, Gate.LAUNCH, Role.APPROVER)]
    named = [member.approval_level for member in reading.facts.members if member.role is Role.APPROVER]
    level = min(signed) if signed else max(named, default=None)
    tier = reading.facts.tier
    missing = [field for field, known in (("R21", tier), ("P01", level)) if known is None]
    if tier is None or level is None:
        return cannot_tell(*missing)
    return fails(tier=tier, level=level) if level < tier else PASSES


@rule("C48")
def conditions_are_met_in_time(reading: Reading) -> Verdict:
    overdue = [
        {"condition": condition.text, "due": condition.due_on}
        for condition in reading.facts.conditions
        if condition.state == "open" and condition.due_on < reading.today
    ]
    noted = [
        {"condition": row_name(reading, "P16", row), "due": row["due"]}
        for row in reading.rows("P16") or ()
        if row.get("status") != "met" and row.get("due") and row["due"] < reading.today
    ]
    return fails_if([*overdue, *noted])


@rule("C15")
@applies("P10")
def change_is_assessed(reading: Reading) -> Verdict:
    days = int(reading.number("change_assessed_days"))
    latest = reading.today - timedelta(days=days)
    findings: list[Mapping[str, object]] = []
    missing = []
    for row in reading.need_rows("P10"):
        assessed, changed_on = row.get("impact_assessed"), row.get("changed_on")
        if assessed is False and changed_on and changed_on < latest:
            findings.append({"change": row_name(reading, "P10", row), "changed_on": changed_on, "days": days})
        elif assessed is None or (assessed is False and not changed_on):
            missing.append("P10")
    return fails_if(findings, missing)


# ---------------------------------------------------------------- who and what stands ready


@rule("C54", "owner")
def somebody_runs_it(reading: Reading) -> Verdict:
    return fails_when({"D29": lacks(reading, "D29", "person")})


@rule("C54", "on_call")
def somebody_is_on_call(reading: Reading) -> Verdict:
    return fails_when({"P05": lacks(reading, "P05", "on_call")})


@rule("C54", "monitor")
@applies("P02")
def monitor_still_has_an_owner(reading: Reading) -> Verdict:
    """A monitor that names nobody keeps the owner planned for it in R13."""
    rows = [row for row in reading.need_rows("P02") if row.get("running") is not False]
    monitors = [row.get("monitor") for row in rows if not row.get("owner")]
    blank = [monitor for monitor in monitors if not (reading.row(monitor) or {}).get("owner")]
    return fails_if([{"metric": name_of(reading, monitor)} for monitor in blank])


@rule("C55")
def way_back_is_tried(reading: Reading) -> Verdict:
    """A date still to come is a plan, not a trial."""
    tried_on = reading.value("P04", "tried_on")
    return fails_when({"P04": tried_on > reading.today if tried_on else lacks(reading, "P04", "tried_on")})


@rule("C56")
@applies("R13")
def planned_monitors_run(reading: Reading) -> Verdict:
    planned = reading.need_rows("R13")
    if not planned:
        return PASSES
    running = {row.get("monitor") for row in reading.need_rows("P02") if row.get("running")}
    idle = [row for row in planned if reference_to("R13", row) not in running]
    return fails_if([{"metric": row_name(reading, "R13", row)} for row in idle])


@rule("C69")
@applies("R05", "P04")
def restoring_is_fast_enough(reading: Reading) -> Verdict:
    restore, longest = need_all(reading, ("P04", "restore"), ("R05", "longest_outage"))
    return fails(restore=restore, longest=longest) if restore.days > longest.days else PASSES


def _needs_release_control(reading: Reading) -> bool | None:
    return either(decides(reading), has_tier_from(reading, TIER_WITH_RELEASE_CONTROL))


@rule("C92", "second_person")
def second_person_releases(reading: Reading) -> Verdict:
    signer, second = reading.value("R22", "signer"), reading.value("R22", "second_person")
    alone = second.is_same(signer) if signer and second else lacks(reading, "R22", "second_person")
    return fails_when({"D12": _needs_release_control(reading), "R22": alone})


@rule("C92", "instances")
def every_instance_is_checked(reading: Reading) -> Verdict:
    unchecked = not reading.value("R22", "instances_checked") if reading.is_known("R22") else None
    return fails_when({"D12": _needs_release_control(reading), "R22": unchecked})


@rule("C94")
def reports_owed_are_written_down(reading: Reading) -> Verdict:
    regimes = reading.guide.words("incident_reporting_regimes")
    owed = either(
        holds(reading, "D26", "regimes", lambda chosen: any(regime in regimes for regime in chosen)),
        is_among(reading, "D13", "undo", ("never",)),
    )
    return fails_when({"D26": owed, "P19": lacks_rows(reading, "P19")})


# ---------------------------------------------------------------- used as approved


@rule("C72", "consumer")
@applies("D16")
def consumers_have_an_approved_use(reading: Reading) -> Verdict:
    """An approved use that names no consumer is open to all of them, but not to one that a row rules out."""
    consumers = reading.need_rows("D16")
    if not consumers:
        return PASSES
    uses = reading.need_rows("R20")
    approved = [row for row in uses if row.get("approved") == "approved"]
    open_to_all = any(not row.get("consumer") for row in approved)
    admitted = {row.get("consumer") for row in approved}
    ruled_out = {row.get("consumer") for row in uses if row.get("approved") == "not_for"}
    outside = [
        row
        for row in consumers
        if (consumer := reference_to("D16", row)) not in admitted
        and (not open_to_all or consumer in ruled_out)
    ]
    return fails_if([{"consumer": row_name(reading, "D16", row)} for row in outside])


@rule("C72", "use")
@applies("P10")
def changed_use_is_approved(reading: Reading) -> Verdict:
    used = [row for row in reading.need_rows("P10") if row.get("kind") == "usage" or row.get("use")]
    unclear = [row for row in used if not row.get("use")]
    outside = [row for row in used if row.get("use") and _is_unapproved(reading, row["use"])]
    findings = [
        {"change": row_name(reading, "P10", row), "use": name_of(reading, row["use"])} for row in outside
    ]
    return fails_if(findings, ["P10"] if unclear else [])


def _is_unapproved(reading: Reading, reference: str) -> bool:
    return (reading.row(reference) or {}).get("approved") != "approved"


@rule("C81")
@applies("R01")
def subject_owner_accepts_the_text(reading: Reading) -> Verdict:
    tests = reading.rows("R17")
    owned = [row for row in tests or () if row.get("subject_owner") and row.get("pass_mark")]
    readers = [row for row in reading.rows("D16") or () if _reads_from_outside(row)]
    return fails_when(
        {
            "R01": is_among(reading, "R01", "kind", ("text",)),
            "D16": _outside_readers(reading),
            "R17": None if tests is None else not owned,
        },
        readers=listed(row_name(reading, "D16", row) for row in readers),
    )


def _outside_readers(reading: Reading) -> bool | None:
    rows = reading.rows("D16")
    return None if rows is None else either(*(_reads_from_outside(row) for row in rows))


def _reads_from_outside(row: Mapping[str, Any]) -> bool | None:
    answer: bool | None = row.get("customer_facing")
    return True if row.get("kind") == "public" else answer


@rule("C87")
def known_limits_are_controlled(reading: Reading) -> Verdict:
    missing = [field_id for field_id in ("M10", "M19") if reading.rows(field_id) is None]
    findings = [
        {"limit": row_name(reading, field_id, row), "use": name_of(reading, row["use"])}
        for field_id, row in _limits(reading)
        if row.get("use") and not row.get("control") and not _is_unapproved(reading, row["use"])
    ]
    return fails_if(findings, missing)


def _limits(reading: Reading) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Limits and restrictions of the model record, and the limits proposed; assumptions forbid nothing."""
    for row in reading.rows("M10") or ():
        if row.get("kind") in ("limit", "restriction", None):
            yield "M10", row
    for row in reading.rows("M19") or ():
        yield "M19", row


# ---------------------------------------------------------------- how it is doing


@rule("C57", "missing")
def next_review_is_set(reading: Reading) -> Verdict:
    return fails_when({"P08": lacks(reading, "P08", "next")})


@rule("C57", "overdue")
def review_is_not_overdue(reading: Reading) -> Verdict:
    due = reading.value("P08", "next")
    return fails_when({"P08": holds(reading, "P08", "next", lambda day: day < reading.today)}, due=due)


@rule("C57", "late")
@applies("P08")
def next_review_is_soon_enough(reading: Reading) -> Verdict:
    due = reading.need("P08", "next")
    start = reading.value("P08", "last") or _live_on(reading) or reading.today
    months, tier = reading.guide.policy.review_months, reading.facts.tier
    latest = [months_after(start, months[each]) for each in ([tier] if tier else TIERS)]
    if due <= min(latest):
        return PASSES
    if due <= max(latest):
        return cannot_tell("R21")
    return fails(due=due, latest=max(latest))


@rule("C58")
@applies("P11", "R14")
def model_is_young_enough(reading: Reading) -> Verdict:
    """Without an interval only a calendar sets an age."""
    if reading.value("R14", "interval") is None and reading.value("R14", "trigger") not in (None, "calendar"):
        return PASSES
    dates = [row["trained_on"] for row in reading.rows("P11") or () if row.get("trained_on")]
    missing = [] if dates else ["P11"]
    interval = reading.value("R14", "interval")
    if interval is None or missing:
        return cannot_tell(*missing, *(["R14"] if interval is None else []))
    age = (reading.today - max(dates)).days
    return fails(age=age, interval=interval, trained_on=max(dates)) if age > interval.days else PASSES


@rule("C64", "response")
@applies("P15", "R04")
def live_response_keeps_its_limit(reading: Reading) -> Verdict:
    now, limit = need_all(reading, ("P15", "response"), ("R04", ONLY))
    return fails(now=plain_number(now), limit=plain_number(limit)) if now > limit else PASSES


@rule("C64", "cost")
@applies("P15", "R07")
def live_cost_keeps_its_limit(reading: Reading) -> Verdict:
    now, limit = need_all(reading, ("P15", "cost"), ("R07", ONLY))
    above = exceeds(now, limit)
    if above is None:
        return cannot_tell("P15", "R07")
    return fails(now=now, limit=limit) if above else PASSES


@rule("C64", "volume")
@applies("P15", "R06")
def live_volume_keeps_its_limit(reading: Reading) -> Verdict:
    now, limit = need_all(reading, ("P15", "volume"), ("R06", "peak"))
    return fails(now=plain_number(now), limit=plain_number(limit)) if now > limit else PASSES


@rule("C65")
@applies("P12", "D05", "D06", "P01")
def value_is_being_reached(reading: Reading) -> Verdict:
    live_on = _live_on(reading)
    if live_on is None:
        return cannot_tell("P01")
    if reading.today < months_after(live_on, int(reading.number("value_after_months"))):
        return PASSES
    start, target, now = need_all(reading, ("D05", "value"), ("D06", ONLY), ("P12", "value"))
    if len({quantity.unit.casefold().strip() for quantity in (start, target, now)}) > 1:
        return cannot_tell("D05", "D06", "P12")
    if _share_reached(start.amount, target.amount, now.amount) >= reading.number("value_share"):
        return PASSES
    return fails(start=start, target=target, now=now, live_on=live_on)


def _share_reached(start: Decimal, target: Decimal, now: Decimal) -> Decimal:
    """How much of the way from start to target is done; nothing to improve counts as reached."""
    return (now - start) / (target - start) if target != start else Decimal(1)


def _live_on(reading: Reading) -> date | None:
    live_on: date | None = reading.value("P01", "live_on") or reading.facts.live_since
    return live_on
