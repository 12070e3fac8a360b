"""A project's dossier as a row of headings, paragraphs and lines: one content for every file that can be printed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from lifecycle.queries.dossiers import Chapter, Question, Report
from lifecycle.queries.elsewhere import Elsewhere
from lifecycle.queries.records import ConditionView, EvidenceView, OutcomeView, SignatureView, WaiverView
from lifecycle.rules.checks.evaluation import CheckState
from lifecycle.rules.signature_block import signature_lines, utc
from lifecycle.vocabulary import CheckResult, Severity

_RESULTS = {CheckResult.FAILS: "Fails", CheckResult.CANNOT_TELL: "Cannot tell"}


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
    yield Heading("Sign-offs", 2)
    if not found.signatures:
        yield Quiet("Nobody has signed yet.")
    for record, position in found.signatures:
        log = f"event {position.sequence}, hash {position.hash}" if position else ""
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
    stage = project.stage.title if project.stage else "not placed in a stage"
    yield Quiet(" · ".join(word for word in (project.organisation, stage, project.status.value) if word))
    if project.archived_at:
        yield Quiet(f"Archived {utc(project.archived_at)}.")
    if project.purpose:
        yield Said(project.purpose)
    yield Quiet(
        f"Log: event {report.events}, hash {report.head}. Questions as in version {report.dossier.guide_version}"
        " of the guide. Times are UTC."
    )


def _signature(record: SignatureView, log: str) -> Iterator[Block]:
    changes = "; ".join(place.title for place in record.changes_on)
    more = (
        ("Comment", record.comment),
        ("Changes asked for on", changes),
        ("In the log", log),
        ("Since then", "Taken back." if record.withdrawn else " ".join(record.stale)),
    )
    yield Lines((*signature_lines(record), *((label, text) for label, text in more if text)))


def _outcomes(outcomes: tuple[OutcomeView, ...]) -> Iterator[Block]:
    yield Heading("Outcomes of gates", 2)
    if not outcomes:
        yield Quiet("No gate was decided yet.")
    for made in outcomes:
        back = f" to {made.to_stage.title}" if made.to_stage else ""
        lines = (
            ("Gate", made.gate.title),
            ("Outcome", f"{made.outcome.title}{back}"),
            ("Reason", made.reason),
            ("Risk tier", str(made.tier) if made.tier else ""),
            ("Recorded by", made.printed_name),
            ("Time", utc(made.at)),
            ("Digest of the sign-offs it rests on", made.digest),
        )
        yield Lines(tuple((label, text) for label, text in lines if text))


def _decided(report: Report) -> Iterator[Block]:
    found = report.dossier
    if choice := found.tier_choice:
        yield Heading("Risk tier", 2)
        yield Said(f"Tier {choice.tier}, where the points propose {choice.proposed}: {choice.reason}")
        yield Quiet(f"{choice.approver}, {utc(choice.at)}")
    yield Heading("Conditions, waivers and reasons", 2)
    if not (found.conditions or found.waivers or found.reasons):
        yield Quiet("There are none.")
    for condition in found.conditions:
        yield from _condition(condition)
    for waiver in found.waivers:
        yield from _waiver(waiver)
    for reason in found.reasons:
        yield Heading(f"{reason.check_id} · {reason.title}", 3)
        yield Quiet(f"Reason for going on despite the warning · {reason.by}, {utc(reason.at)}")
        yield Said(reason.reason)


def _condition(condition: ConditionView) -> Iterator[Block]:
    yield Heading(condition.text, 3)
    met = f" {utc(condition.met_at)} by {condition.met_by}" if condition.met_at else ""
    late = ", overdue" if condition.is_overdue else ""
    yield Quiet(
        f"Condition at the {condition.gate.title} gate · {condition.owner}, by {condition.due_on.isoformat()}"
        f" · {condition.state}{met}{late}"
    )
    if condition.proof:
        yield Said(condition.proof)


def _waiver(waiver: WaiverView) -> Iterator[Block]:
    yield Heading(f"{waiver.check_id} · {waiver.title}", 3)
    revoked = f" · revoked {utc(waiver.revoked_at)}" if waiver.revoked_at else ""
    yield Quiet(
        f"Waived at the {waiver.gate.title} gate by {waiver.approver}, {utc(waiver.at)},"
        f" until {waiver.expires_on.isoformat()}{revoked}"
    )
    yield Said(waiver.mitigation)


def _checks(report: Report) -> Iterator[Block]:
    gate = report.gate
    yield Heading(f"Checks at the {gate.title} gate" if gate else "Checks", 2)
    counts = Counter(state.result for state in report.checks)
    yield Quiet(
        f"{counts[CheckResult.PASSES]} pass, {counts[CheckResult.FAILS]} fail,"
        f" {counts[CheckResult.CANNOT_TELL]} cannot tell for want of an answer."
    )
    for result in (CheckResult.FAILS, CheckResult.CANNOT_TELL):
        for state in report.checks:
            if state.result is result:
                yield from _check(state)
    passing = (
        f"{state.check_id} · {state.title}" for state in report.checks if state.result is CheckResult.PASSES
    )
    for line in dict.fromkeys(passing):
        yield Quiet(f"{line} · Passes")


def _check(state: CheckState) -> Iterator[Block]:
    yield Heading(f"{state.check_id} · {state.title}", 3)
    weight = _weight(state)
    lacking = f" Lacks: {', '.join(state.missing)}." if state.missing else ""
    yield Quiet(f"{_RESULTS[state.result]} · {weight}.{lacking}")
    for message in state.messages:
        yield Said(message)
    if state.waived:
        yield Quiet(f"Waived until {state.waived.expires_on.isoformat()}: {state.waived.mitigation}")
    if state.reasoned:
        yield Quiet(f"Accepted, because: {state.reasoned}")


def _weight(state: CheckState) -> str:
    if state.severity is None:
        return f"advice until the {state.first_gate.title} gate"
    return {Severity.BLOCK: "stops the gate", Severity.WARNING: "needs a reason", Severity.NOTE: "a note"}[
        state.severity
    ]


def _chapter(chapter: Chapter) -> Iterator[Block]:
    yield Heading(chapter.title, 2)
    for question in chapter.questions:
        yield from _question(question)


def _question(question: Question) -> Iterator[Block]:
    yield Heading(f"{question.title} ({question.id})", 3)
    yield Quiet(question.question)
    now, *earlier = question.versions
    yield Said(now.words)
    back = ", brought back" if now.restored else ""
    yield Quiet(f"{now.who}, {utc(now.at)}{back}")
    for version in earlier:
        yield Quiet(f"Before, {version.who}, {utc(version.at)}: {version.words}")


def _documents(documents: tuple[EvidenceView, ...]) -> Iterator[Block]:
    yield Heading("Documents", 2)
    if not documents:
        yield Quiet("There are none.")
    for item in documents:
        yield Heading(item.title, 3)
        kept = f"{item.file_name}, SHA-256 {item.digest}" if item.is_file else item.url
        until = f", valid until {item.expires_on.isoformat()}" if item.expires_on else ""
        where = item.place.title if item.place else item.source or (item.gate.title if item.gate else "")
        yield Quiet(f"{kept}{until}")
        yield Quiet(f"For {where}. Revision {item.revision}, {item.revised_by}, {utc(item.revised_at)}")


def _elsewhere(found: Elsewhere) -> Iterator[Block]:
    yield Heading("Recorded elsewhere", 2)
    yield Quiet(f"Brought in {utc(found.imported_at)} with a document. None of this satisfies a gate here.")
    for signed in found.signatures:
        comment = (("Comment", signed.comment),) if signed.comment else ()
        yield Lines((*signature_lines(signed), *comment))
    for line in found.lines:
        yield Heading(line.what, 3)
        yield Said(line.text)
        yield Quiet(f"{line.who}, {utc(line.at)}")


def _history(report: Report) -> Iterator[Block]:
    yield Heading("History", 2)
    versions = sum(len(each.versions) for chapter in report.dossier.chapters for each in chapter.questions)
    yield Quiet(f"{report.events:,} events in the log; {versions:,} versions of answers.")
    if report.events > len(report.newest):
        yield Quiet(f"The newest {len(report.newest)}; the bundle holds all of them.")
    for event in report.newest:
        yield Quiet(f"{utc(event.at)} · {event.who} · {event.sentence}")
