"""Checks first enforced at Discovery: the window to act in, consumers, tier, people, questions, dates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from textwrap import shorten

from lifecycle.language import say
from lifecycle.rules.checks.conditions import both, is_yes
from lifecycle.rules.checks.known import unknown, unsaid
from lifecycle.rules.checks.reading import (
    PASSES,
    Reading,
    Verdict,
    cannot_tell,
    fails,
    fails_if,
    rule,
)
from lifecycle.rules.checks.stakes import affects_outsiders, decides_alone, is_hard_to_undo
from lifecycle.rules.checks.timing import Window, percent, window
from lifecycle.rules.evidence import EVIDENCE
from lifecycle.rules.project_facts import AnswerFact, SignOffFact
from lifecycle.rules.signoffs import SOURCE, key_title, unseen_keys
from lifecycle.vocabulary import REVIEWERS, Act, AnswerState, Gate, Outcome, ProjectStatus, Role

_GOES = (Outcome.GO, Outcome.GO_WITH_CONDITIONS)
_EXPLANATIONS = ("none", "overall", "reasons_to_staff", "reasons_to_affected")  # weakest first
_MOST_NAMED = 3
_LONGEST_QUOTE = 160


# ---------------------------------------------------------------- the window to act in


@rule("C01")
def acting_outlasts_the_window(reading: Reading) -> Verdict:
    """D15 at least as long as D14's horizon."""
    if not reading.applies("D14", "D15"):
        return PASSES
    horizon, action = reading.need("D14", "horizon"), reading.need("D15")
    return fails(horizon=horizon, action=action) if action.days >= horizon.days else PASSES


@rule("C02", "none_left")
def nothing_of_the_window_is_left(reading: Reading) -> Verdict:
    """Lead at least as long as the horizon: too late for either kind of horizon, whatever else is unknown."""
    if not reading.applies("D14", "D15"):
        return PASSES
    span = window(reading)
    if span.acts_too_late:  # C01 says so
        return PASSES
    if span.nothing_is_left:
        return fails(lead=span.lead, horizon=span.horizon)
    return PASSES if span.refresh_is_known else cannot_tell("D20")


@rule("C02")
def little_of_the_window_is_left(reading: Reading) -> Verdict:
    return _thin_window(reading, delay_is_known=True)


@rule("C02", "optimistic")
def little_of_the_window_is_left_even_without_delay(reading: Reading) -> Verdict:
    """The same while X05 of some source is unknown: computed without it, and labelled as optimistic."""
    return _thin_window(reading, delay_is_known=False)


def _thin_window(reading: Reading, *, delay_is_known: bool) -> Verdict:
    if not reading.applies("D14", "D15"):
        return PASSES
    span = window(reading)
    if span.delay_is_known is not delay_is_known or span.acts_too_late or span.nothing_is_left:
        return PASSES  # another branch speaks
    return _share_verdict(reading, span)


def _share_verdict(reading: Reading, span: Window) -> Verdict:
    """At a point in time it is all or nothing, so only "any time within" has a share."""
    kind = reading.value("D14", "kind")
    if kind == "at":
        return PASSES if span.refresh_is_known else cannot_tell("D20")
    if span.share_left >= reading.number("actionable_share"):
        return PASSES if span.refresh_is_known else cannot_tell("D20")
    if kind is None:
        return cannot_tell("D14")
    return fails(share=percent(span.share_left), lead=span.lead, horizon=span.horizon)


# ---------------------------------------------------------------- consumers, tier, personal data


@rule("C07")
def consumer_without_channel(reading: Reading) -> Verdict:
    consumers = reading.need_rows("D16")
    if not consumers:
        return PASSES
    reached = {
        row.get("consumer") for row in reading.need_rows("D18") if row.get("channel") not in (None, "none")
    }
    return fails_if(
        [
            {"consumer": row.get("name") or say("A consumer without a name")}
            for row in consumers
            if f"D16/{row['id']}" not in reached
        ]
    )


@rule("C25")
def tier_low_for_the_effect(reading: Reading) -> Verdict:
    """Tier 1 while customers or the public bear an effect that is hard to undo or never undone."""
    return _low_tier(reading, both(affects_outsiders(reading), is_hard_to_undo(reading)), "D13")


@rule("C25", "decides_alone")
def tier_low_for_deciding_alone(reading: Reading) -> Verdict:
    return _low_tier(reading, decides_alone(reading), "D12")


def _low_tier(reading: Reading, grave: bool | None, field_id: str) -> Verdict:
    tier = reading.facts.tier
    if grave is False or tier not in (None, 1):
        return PASSES
    if grave is None or tier is None:
        return cannot_tell(*unknown((field_id, grave), ("D33", tier)))
    return fails(affected=_lower(reading, "affected"), undo=_lower(reading, "undo"))


def _lower(reading: Reading, part: str) -> str:
    return reading.label("D13", part).lower()


@rule("C29")
def personal_source_denied(reading: Reading) -> Verdict:
    """A source is personal (X07) while D25 says no; D25 found not applicable says no as well."""
    declared = is_yes(reading, "D25", "personal")
    if declared:
        return PASSES
    personal = [source for source, value in reading.each_source("X07", "personal") if value]
    unclear = unsaid(reading, "X07", "personal")
    if declared is None:
        return cannot_tell("D25", *unclear) if personal or unclear else PASSES
    return fails_if([{"source": source.name} for source in personal], unclear)


# ---------------------------------------------------------------- people


@rule("C49", "unnamed")
def reviewer_unnamed(reading: Reading) -> Verdict:
    """A reviewer without a name in D28; unanswered names nobody. The light track asks for its own roles."""
    return fails_if(
        [{"role": role.title} for role in _reviewers(reading) if reading.value("D28", role.value) is None]
    )


@rule("C49", "not_contacted")
def reviewer_not_contacted(reading: Reading) -> Verdict:
    """A named reviewer with no date of a first talk, or one still to come."""
    findings: list[Mapping[str, object]] = []
    for role in _reviewers(reading):
        person, spoken_on = reading.value("D28", role.value), reading.value("D28", f"{role.value}_on")
        if person is not None and (spoken_on is None or spoken_on > reading.today):
            findings.append({"role": role.title, "person": person})
    return fails_if(findings)


def _reviewers(reading: Reading) -> tuple[Role, ...]:
    light = reading.guide.policy.light_roles
    return tuple(role for role in REVIEWERS if reading.facts.tier != 1 or role in light)


# ---------------------------------------------------------------- open questions


@rule("C50")
def production_questions_open(reading: Reading) -> Verdict:
    """A production question that is neither answered nor found not applicable.

    "Don't know yet" is tolerated with an owner and a due date that has not passed.
    """
    questions = reading.guide.production_questions
    still_open = [field for field in questions if _is_open(reading.facts.answer(field.id), reading.today)]
    if not still_open:
        return PASSES
    return fails(
        fields=tuple(field.id for field in still_open),
        count=len(still_open),
        all=len(questions),
        questions=_and_more(
            [say("“{title}”", title=field.title) for field in still_open[:_MOST_NAMED]], len(still_open)
        ),
    )


def _is_open(fact: AnswerFact | None, today: date) -> bool:
    if fact is None:
        return True
    if fact.state is AnswerState.DONT_KNOW:
        return fact.owner is None or fact.due_on is None or fact.due_on < today
    return fact.state is AnswerState.ANSWERED and not fact.complete


@rule("C97", "unsaid")
def stop_rule_unsaid(reading: Reading) -> Verdict:
    """D34 found not applicable; unanswered is a question still open, not a project without a stop rule."""
    if not reading.applies("D34"):
        return fails()
    reading.need("D34")
    return PASSES


@rule("C97", "met")
def stop_rule_met(reading: Reading) -> Verdict:
    if not reading.applies("P12") or not reading.need("P12", "stop_met"):
        return PASSES
    finding = shorten(reading.value("D34") or say("the finding you named"), _LONGEST_QUOTE, placeholder=" …")
    return fails(fields=("D34", "P12"), finding=finding)


@rule("C97", "incident_open")
def stop_incident_lasts(reading: Reading) -> Verdict:
    """Live, and an incident of the kind named in D34 is open for longer than the threshold."""
    if reading.facts.status not in (ProjectStatus.ROLLOUT, ProjectStatus.LIVE):
        return PASSES
    findings: list[Mapping[str, object]] = []
    undated = False
    for row in reading.need_rows("P09"):
        if row.get("named_in_stop") and row.get("closed_on") is None:
            opened = row.get("opened_on")
            undated = undated or opened is None
            if opened is not None and (reading.today - opened).days > reading.number("incident_open_days"):
                findings.append({"incident": row.get("incident") or say("An incident"), "opened": opened})
    return fails_if(findings, ["P09"] if undated else [])


# ---------------------------------------------------------------- dates


@rule("C51", "study")
def study_overran(reading: Reading) -> Verdict:
    """The study's time-box ended with nothing recommended or decided. Without a date none was missed."""
    decision = reading.value("F01", "decision")
    if decision is None or decision >= reading.today or reading.is_answered("F18"):
        return PASSES
    return _undecided(reading, decision, Gate.FEASIBILITY)


@rule("C51", "build")
def build_overran(reading: Reading) -> Verdict:
    """The next stop-or-go date of the build passed; going on openly means setting a newer one."""
    decision = reading.value("M13", "next_decision")
    if decision is None or decision >= reading.today:
        return PASSES
    return _undecided(reading, decision, Gate.MODEL)


def _undecided(reading: Reading, since: date, gate: Gate) -> Verdict:
    facts = reading.facts
    settled = (
        facts.status is ProjectStatus.STOPPED
        or gate in facts.passed_gates
        or any(decision.at.date() >= since for decision in facts.decisions)
    )
    return PASSES if settled else fails(ended=since)


@rule("C71")
def go_live_moved(reading: Reading) -> Verdict:
    """Moved by more than the threshold, either way, from the first date given to the newest (P01, D37)."""
    if not reading.applies("D37"):
        return PASSES
    now = reading.value("P01", "live_on") or reading.need("D37")
    first = next(_earlier_dates(reading), reading.value("D37") or now)
    moved = (now - first).days
    if abs(moved) <= reading.number("go_live_moved_days"):
        return PASSES
    return fails(
        first=first, now=now, days=abs(moved), direction=say("later") if moved > 0 else say("earlier")
    )


def _earlier_dates(reading: Reading) -> Iterator[date]:
    for past in reading.facts.history.get("D37", ()):
        if past.state is AnswerState.ANSWERED and past.value is not None:
            yield past.value


@rule("C28")
def explanation_raised(reading: Reading) -> Verdict:
    """D27 asks for more than it did when Feasibility was passed; going back to Feasibility settles it."""
    passed_at = _feasibility_passed_at(reading)
    if passed_at is None or not reading.applies("D27"):
        return PASSES
    before = _explanation_at(reading, passed_at)
    if before is None:
        return PASSES
    now = reading.need("D27")
    if _EXPLANATIONS.index(now) <= _EXPLANATIONS.index(before):
        return PASSES
    return fails(old=reading.label("D27", value=before).lower(), new=reading.label("D27").lower())


def _feasibility_passed_at(reading: Reading) -> datetime | None:
    """When Feasibility was last passed; None while it is not."""
    if Gate.FEASIBILITY not in reading.facts.passed_gates:
        return None
    return max(
        decision.at
        for decision in reading.facts.decisions
        if decision.gate is Gate.FEASIBILITY and decision.outcome in _GOES
    )


def _explanation_at(reading: Reading, moment: datetime) -> str | None:
    """D27 as it stood then: "none" where it did not apply, None where open or unchanged since."""
    current = reading.facts.answer("D27")
    if current is not None and current.at is not None and current.at <= moment:
        return None
    stood = [past for past in reading.facts.history.get("D27", ()) if past.at <= moment]
    if not stood or stood[-1].state in (None, AnswerState.DONT_KNOW):
        return None
    return "none" if stood[-1].state is AnswerState.NOT_APPLICABLE else str(stood[-1].value)


# ---------------------------------------------------------------- sign-offs


@rule("C47")
def sign_off_outdated(reading: Reading) -> Verdict:
    """Content that a decision relied on has changed, and the same role has not decided on it again since."""
    findings: list[Mapping[str, object]] = []
    keys: list[str] = []
    for sign_off in _standing(reading):
        changed = unseen_keys(reading.facts, reading.guide, sign_off)
        if changed:
            findings.append(
                {"role": sign_off.role.title, "gate": sign_off.gate.title, "fields": _named(reading, changed)}
            )
            keys.extend(key for key in changed if not key.startswith(f"{SOURCE}@"))
    return fails(*findings, fields=tuple(dict.fromkeys(keys))) if findings else PASSES


@rule("C47", "cause")
def sign_off_invalidated(reading: Reading) -> Verdict:
    """Something other than an answer took the ground from a decision: a trigger, a file, a lapsed date."""
    return fails_if(
        [
            {"role": sign_off.role.title, "gate": sign_off.gate.title, "cause": cause}
            for sign_off in _standing(reading)
            for cause in sign_off.invalidations
        ]
    )


def _standing(reading: Reading) -> list[SignOffFact]:
    """The newest decision of each role at each gate where it is favourable; opinions bind nobody."""
    newest = {(sign_off.gate, sign_off.role): sign_off for sign_off in reading.facts.sign_offs}
    return [
        sign_off
        for sign_off in newest.values()
        if sign_off.decision.is_favourable and sign_off.act is not Act.CONSULT
    ]


def _named(reading: Reading, keys: Sequence[str]) -> str:
    """The first few of the changed fields by title; data sources that came, went or were renamed by name."""
    return _and_more([_title(reading, key) for key in keys[:_MOST_NAMED]], len(keys))


def _title(reading: Reading, key: str) -> str:
    field_id, _, source_id = key.partition("@")
    if field_id == EVIDENCE:
        return key_title(reading.facts, reading.guide, key)
    if field_id != SOURCE:
        return say("“{title}”", title=key_title(reading.facts, reading.guide, key))
    names = {str(source.id): source.name for source in reading.sources}
    return (
        say("the data source “{source}”", source=names[source_id])
        if source_id in names
        else say("a data source, now removed,")
    )


def _and_more(titles: list[str], count: int) -> str:
    named = ", ".join(titles)
    more = count - len(titles)
    return say("{named} and {more} more", named=named, more=more) if more > 0 else named
