"""A project's dossier as a row of headings, paragraphs and lines: one content for every file that can be printed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from lifecycle.language import mark, say
from lifecycle.queries.dossiers import Chapter, Question, Report
from lifecycle.queries.elsewhere import Elsewhere
from lifecycle.queries.records import ConditionView, EvidenceView, OutcomeView, SignatureView, WaiverView
from lifecycle.rules.checks.evaluation import CheckState
from lifecycle.rules.signature_block import signature_lines, utc
from lifecycle.vocabulary import CheckResult, Severity

_RESULTS = {CheckResult.FAILS: mark("Fails"), CheckResult.CANNOT_TELL: mark("Cannot tell")}
# Of a condition, behind the sentence that names it.
_STATES = {"open": mark(" · open"), "met": mark(" · met"), "withdrawn": mark(" · withdrawn")}


@dataclass(frozen=True, slots=True)
class Heading:
    """Level 1 is the title, 2 a section, 3 an item."""

    text: str
    level: int


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody wrote, with its line breaks."""

    text: str


@dataclass(frozen=True, slots=True)
class Quiet:
    """What the product says about it."""

    text: str


@dataclass(frozen=True, slots=True)
class Lines:
    """A block with a border: label and text of each line."""

    lines: tuple[tuple[str, str], ...]


Block = Heading | Said | Quiet | Lines


def blocks(report: Report) -> Iterator[Block]:
    """The whole dossier, in the order in which it is read."""
    found = report.dossier
    yield from _title(report)
    yield Heading(say("Sign-offs"), 2)
    if not found.signatures:
        yield Quiet(say("Nobody has signed yet."))
    for record, position in found.signatures:
        log = (
            say("event {event}, hash {hash}", event=position.sequence, hash=position.hash) if position else ""
        )
        yield from _signature(record, log)
    yield from _outcomes(found.outcomes)
    yield from _decided(report)
    yield from _checks(report)
    for chapter in found.chapters:
        yield from _chapter(chapter)
    yield from _documents(report.documents)
    if report.elsewhere:
        yield from _elsewhere(report.elsewhere)
    yield from _history(report)


def _title(report: Report) -> Iterator[Block]:
    project = report.dossier.project
    yield Heading(project.name, 1)
    stage = project.stage.title if project.stage else say("not placed in a stage")
    yield Quiet(" · ".join(word for word in (project.organisation, stage, project.status.word) if word))
    if project.archived_at:
        yield Quiet(say("Archived {moment}.", moment=utc(project.archived_at)))
    if project.purpose:
        yield Said(project.purpose)
    yield Quiet(
        say(
            "Log: event {event}, hash {hash}. Questions as in version {version} of the guide. Times are UTC.",
            event=report.events,
            hash=report.head,
            version=report.dossier.guide_version,
        )
    )


def _signature(record: SignatureView, log: str) -> Iterator[Block]:
    changes = "; ".join(place.title for place in record.changes_on)
    more = (
        (say("Comment"), record.comment),
        (say("Changes asked for on"), changes),
        (say("In the log"), log),
        (say("Since then"), say("Taken back.") if record.withdrawn else " ".join(record.stale)),
    )
    yield Lines((*signature_lines(record), *((label, text) for label, text in more if text)))


def _outcomes(outcomes: tuple[OutcomeView, ...]) -> Iterator[Block]:
    yield Heading(say("Outcomes of gates"), 2)
    if not outcomes:
        yield Quiet(say("No gate was decided yet."))
    for made in outcomes:
        lines = (
            (say("Gate"), made.gate.title),
            (say("Outcome"), outcome_words(made)),
            (say("Reason"), made.reason),
            (say("Risk tier"), str(made.tier) if made.tier else ""),
            (say("Recorded by"), made.printed_name),
            (say("Time"), utc(made.at)),
            (say("Digest of the sign-offs it rests on"), made.digest),
        )
        yield Lines(tuple((label, text) for label, text in lines if text))


def outcome_words(made: OutcomeView) -> str:
    if made.to_stage is None:
        return made.outcome.title
    return say("{outcome} to {stage}", outcome=made.outcome.title, stage=made.to_stage.title)


def _decided(report: Report) -> Iterator[Block]:
    found = report.dossier
    if choice := found.tier_choice:
        yield Heading(say("Risk tier"), 2)
        yield Said(
            say(
                "Tier {tier}, where the points propose {proposed}: {reason}",
                tier=choice.tier,
                proposed=choice.proposed,
                reason=choice.reason,
            )
        )
        yield Quiet(f"{choice.approver}, {utc(choice.at)}")
    yield Heading(say("Conditions, waivers and reasons"), 2)
    if not (found.conditions or found.waivers or found.reasons):
        yield Quiet(say("There are none."))
    for condition in found.conditions:
        yield from _condition(condition)
    for waiver in found.waivers:
        yield from _waiver(waiver)
    for reason in found.reasons:
        yield Heading(f"{reason.check_id} · {reason.title}", 3)
        yield Quiet(
            say(
                "Reason for going on despite the warning · {by}, {moment}",
                by=reason.by,
                moment=utc(reason.at),
            )
        )
        yield Said(reason.reason)


def _condition(condition: ConditionView) -> Iterator[Block]:
    yield Heading(condition.text, 3)
    late = say(", overdue") if condition.is_overdue else ""
    yield Quiet(f"{condition_words(condition)}{late}")
    if condition.proof:
        yield Said(condition.proof)


def condition_words(condition: ConditionView) -> str:
    """Where it was set, who owes it until when, and what became of it."""
    set_at = say(
        "Condition at the {gate} gate · {owner}, by {due_on}",
        gate=condition.gate.title,
        owner=condition.owner,
        due_on=condition.due_on.isoformat(),
    )
    met = (
        say(" {moment} by {who}", moment=utc(condition.met_at), who=condition.met_by)
        if condition.met_at
        else ""
    )
    return f"{set_at}{_STATES[condition.state]}{met}"


def _waiver(waiver: WaiverView) -> Iterator[Block]:
    yield Heading(f"{waiver.check_id} · {waiver.title}", 3)
    yield Quiet(waiver_words(waiver))
    yield Said(waiver.mitigation)


def waiver_words(waiver: WaiverView) -> str:
    revoked = say(" · revoked {moment}", moment=utc(waiver.revoked_at)) if waiver.revoked_at else ""
    return say(
        "Waived at the {gate} gate by {approver}, {moment}, until {expires_on}{revoked}",
        gate=waiver.gate.title,
        approver=waiver.approver,
        moment=utc(waiver.at),
        expires_on=waiver.expires_on.isoformat(),
        revoked=revoked,
    )


def _checks(report: Report) -> Iterator[Block]:
    gate = report.gate
    yield Heading(say("Checks at the {gate} gate", gate=gate.title) if gate else say("Checks"), 2)
    counts = Counter(state.result for state in report.checks)
    yield Quiet(
        say(
            "{passing} pass, {failing} fail, {unknown} cannot tell for want of an answer.",
            passing=counts[CheckResult.PASSES],
            failing=counts[CheckResult.FAILS],
            unknown=counts[CheckResult.CANNOT_TELL],
        )
    )
    for result in (CheckResult.FAILS, CheckResult.CANNOT_TELL):
        for state in report.checks:
            if state.result is result:
                yield from _check(state)
    passing = (
        f"{state.check_id} · {state.title}" for state in report.checks if state.result is CheckResult.PASSES
    )
    for line in dict.fromkeys(passing):
        yield Quiet(say("{check} · Passes", check=line))


def _check(state: CheckState) -> Iterator[Block]:
    yield Heading(f"{state.check_id} · {state.title}", 3)
    weight = _weight(state)
    lacking = say(" Lacks: {missing}.", missing=", ".join(state.missing)) if state.missing else ""
    yield Quiet(f"{_RESULTS[state.result]} · {weight}.{lacking}")
    for message in state.messages:
        yield Said(message)
    if state.waived:
        yield Quiet(
            say(
                "Waived until {expires_on}: {mitigation}",
                expires_on=state.waived.expires_on.isoformat(),
                mitigation=state.waived.mitigation,
            )
        )
    if state.reasoned:
        yield Quiet(say("Accepted, because: {reason}", reason=state.reasoned))


def _weight(state: CheckState) -> str:
    if state.severity is None:
        return say("advice until the {gate} gate", gate=state.first_gate.title)
    return {
        Severity.BLOCK: say("stops the gate"),
        Severity.WARNING: say("needs a reason"),
        Severity.NOTE: say("a note"),
    }[state.severity]


def _chapter(chapter: Chapter) -> Iterator[Block]:
    yield Heading(chapter.title, 2)
    for question in chapter.questions:
        yield from _question(question)


def _question(question: Question) -> Iterator[Block]:
    yield Heading(f"{question.title} ({question.id})", 3)
    yield Quiet(question.question)
    if not question.versions:
        yield Quiet(say("Not answered yet."))
        return
    now, *earlier = question.versions
    yield Said(now.words)
    back = say(", brought back") if now.restored else ""
    yield Quiet(f"{now.who}, {utc(now.at)}{back}")
    for version in earlier:
        yield Quiet(
            say(
                "Before, {who}, {moment}: {words}",
                who=version.who,
                moment=utc(version.at),
                words=version.words,
            )
        )


def _documents(documents: tuple[EvidenceView, ...]) -> Iterator[Block]:
    yield Heading(say("Documents"), 2)
    if not documents:
        yield Quiet(say("There are none."))
    for item in documents:
        yield Heading(item.title, 3)
        kept = (
            say("{file_name}, SHA-256 {digest}", file_name=item.file_name, digest=item.digest)
            if item.is_file
            else item.url
        )
        until = (
            say(", valid until {expires_on}", expires_on=item.expires_on.isoformat())
            if item.expires_on
            else ""
        )
        where = item.place.title if item.place else item.source or (item.gate.title if item.gate else "")
        yield Quiet(f"{kept}{until}")
        yield Quiet(
            say(
                "For {where}. Revision {revision}, {who}, {moment}",
                where=where,
                revision=item.revision,
                who=item.revised_by,
                moment=utc(item.revised_at),
            )
        )


def _elsewhere(found: Elsewhere) -> Iterator[Block]:
    yield Heading(say("Recorded elsewhere"), 2)
    yield Quiet(
        say(
            "Brought in {moment} with a document. None of this satisfies a gate here.",
            moment=utc(found.imported_at),
        )
    )
    for signed in found.signatures:
        comment = ((say("Comment"), signed.comment),) if signed.comment else ()
        yield Lines((*signature_lines(signed), *comment))
    for line in found.lines:
        yield Heading(line.what, 3)
        yield Said(line.text)
        yield Quiet(f"{line.who}, {utc(line.at)}")


def _history(report: Report) -> Iterator[Block]:
    yield Heading(say("History"), 2)
    versions = sum(len(each.versions) for chapter in report.dossier.chapters for each in chapter.questions)
    yield Quiet(
        say(
            "{events:,} events in the log; {versions:,} versions of answers.",
            events=report.events,
            versions=versions,
        )
    )
    if report.events > len(report.newest):
        yield Quiet(say("The newest {number}; the bundle holds all of them.", number=len(report.newest)))
    for event in report.newest:
        yield Quiet(f"{utc(event.at)} · {event.who} · {event.sentence}")
